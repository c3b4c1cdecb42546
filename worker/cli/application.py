"""The command line ``wellspring``: exit 0 done, 1 refused or broken, 2 wrong usage, 70 our bug."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from attribution.fingerprint_layout import FingerprintRefused
from attribution.sentence_model import DeviceMissing, ModelRefused
from service.ledger.errors import LedgerError
from service.settings import Settings
from worker.cli import screen
from worker.workplace import Workplace, open_workplace

OUR_FAULT = 70


@contextmanager
def workplace() -> Iterator[Workplace]:
    """Open the workplace of the settings for one command."""
    from service.api.logs import configure

    settings = Settings()
    configure("WARNING")
    opened = open_workplace(settings, threads=os.cpu_count())
    try:
        yield opened
    finally:
        opened.close()


_COMMANDS = (
    "serve",
    "catalogue",
    "creators",
    "receipts_of_works",
    "licences",
    "offers",
    "commons",
    "findings",
    "claims",
    "line_disputes",
    "late",
    "books",
    "checks",
    "test_book",
    "encoder",
    "backups",
    "fingerprints",
    "preview",
    "approvals",
    "corrections",
    "rights",
    "proposals",
    "balances",
    "receivables",
    "vendor_statements",
    "money",
    "statements",
    "outbox",
    "webhooks",
    "people",
    "payouts",
    "advances",
    "pools",
    "proofs",
    "exports",
)
"""Modules of this package with commands, in the order that help lists them."""


def command_line() -> typer.Typer:
    """Put all commands together."""
    app = typer.Typer(
        name="wellspring",
        help="A royalty ledger for original content in AI tokens.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name in _COMMANDS:
        import_module(f"worker.cli.{name}").add_to(app)
    return app


def main() -> None:
    """Run the command line; a refusal is a sentence, never a traceback."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        command_line()()
    except LedgerError as error:
        screen.say(f"error: {error.sentence}")
        sys.exit(1)
    except (ModelRefused, DeviceMissing, FingerprintRefused) as error:
        screen.say(f"error: {error}")
        sys.exit(1)
    except ValidationError as error:
        for one in error.errors():
            name = "_".join(str(part) for part in one["loc"]).upper()
            screen.say(f"error: WELLSPRING_{name}: {one['msg']}")
        sys.exit(1)
    except OperationalError as error:
        screen.say(f"error: the database cannot be used: {' '.join(str(error.orig).split())}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the outermost edge: said in a line, kept in a file
        screen.say(f"error: {type(error).__name__}: {str(error)[:500]}")
        screen.say(f"details are in {_keep_traceback()}")
        sys.exit(OUR_FAULT)


def _keep_traceback() -> Path:
    home = Settings().home
    home.mkdir(parents=True, exist_ok=True)
    path = home / "error.log"
    path.write_text(traceback.format_exc(), encoding="utf-8")
    return path
