"""Towns over fresh databases, texts and commands; the modules beside this file can be imported."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from worker.cli.application import main

sys.path.insert(0, str(Path(__file__).parent))

from town import Town, town_in
from word_room import WordRoom

ODE = (
    "The lighthouse at Varnholm turned its lamp once every eleven seconds through the winter. "
    "Its keeper wrote the height of every tide in violet ink on the back of old invoices. "
    "When the herring failed he counted gulls instead, and the counting kept him sane. "
    "Nobody ever collected the invoices, so the tides of nine years stayed in a biscuit tin."
)
ESSAY = (
    "Sourdough rewards the baker who watches the dough rather than the clock on the wall. "
    "A starter fed twice with coarse rye wakes faster than one fed once with white flour. "
    "Fold the dough gently until the surface shines and the bowl comes away almost clean. "
    "Bake on a stone that was hot an hour before anybody thought of breakfast."
)
NOTHING = (
    "Quarterly freight volumes declined across inland ports while rail operators reported gains. "
    "Analysts attribute the shift to diesel surcharges and a shortage of certified drivers. "
    "Container throughput is expected to recover once the new terminal receives its licence."
)


@pytest.fixture
def new_town(emptied, tmp_path_factory):
    """Found a town as often as a property wants one."""
    return lambda: town_in(emptied(), tmp_path_factory.mktemp("home"))


@pytest.fixture
def new_village(emptied, tmp_path_factory):
    """Found a village as often as a property wants one."""

    def found_one() -> Town:
        database = emptied()
        return town_in(database, tmp_path_factory.mktemp("home"), WordRoom(database))

    return found_one


@pytest.fixture
def village(database, tmp_path) -> Town:
    """The same with an engine room whose figures a reader can foresee."""
    return town_in(database, tmp_path, WordRoom(database))


@pytest.fixture
def town(database, tmp_path) -> Town:
    """A founded installation with vendors Acme and Borealis, on 10 March 2026."""
    return town_in(database, tmp_path)


@dataclass(frozen=True)
class Texts:
    """Three texts that have nothing to do with one another; only two get registered."""

    ode: str = ODE
    essay: str = ESSAY
    nothing: str = NOTHING


@pytest.fixture
def texts() -> Texts:
    return Texts()


@pytest.fixture
def wellspring(urls, tmp_path, monkeypatch, capsys):
    """Run a command; return exit code, stdout and stderr."""
    monkeypatch.setenv("WELLSPRING_DATABASE_URL", urls.app)
    monkeypatch.setenv("WELLSPRING_DATABASE_OWNER_URL", urls.owner)
    monkeypatch.setenv("WELLSPRING_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["wellspring", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return ended.value.code or 0, said.out, said.err

    return run
