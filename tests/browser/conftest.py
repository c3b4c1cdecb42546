"""A browser, a running server and the scene it serves: one of each a test process.

They end with the last test of this folder: while Playwright runs, no other loop of asyncio can.
"""

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from service.store import people

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "worker"))

from fitness import USUAL, Observed
from scene import LOGINS, NOW, PASSWORD, play
from stage import Databases, Stage, town_over

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
PATIENCE_MS = 30_000


class _NotLedOn(HTTPRedirectHandler):
    """Takes a redirect for a refusal."""

    def redirect_request(self, *_facts):
        return None


_NOT_LED_ON = build_opener(ProxyHandler({}), _NotLedOn)


@pytest.fixture(scope="module")
def chromium():
    """One Chromium of the system; nothing is downloaded.

    It ends with its module: while Playwright runs, its event loop is everybody's in this process.
    """
    reason = "no Playwright here: make setup-browser"
    playwright = pytest.importorskip("playwright.sync_api", reason=reason)
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium here: make setup-browser")
    playwright.expect.set_options(timeout=PATIENCE_MS)
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def quick_passwords():
    """Hash with argon2 as ever, but in a millisecond."""
    with pytest.MonkeyPatch.context() as patch:
        quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(people, "_hasher", PasswordHash((quick,)))
        yield


@pytest.fixture(scope="module")
def stage(chromium, quick_passwords, tmp_path_factory):
    """A server that serves nothing yet."""
    made = Stage(tmp_path_factory.mktemp("browser"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def databases(stage, postgres):
    """Databases of this folder's tests; they go with it."""
    made = Databases(postgres.superuser, postgres.app)
    yield made
    for name in ("browser_read", "browser_played", "browser_scene"):
        made.drop(name)


@pytest.fixture(scope="module")
def scene(stage, databases):
    """The scene, played once, in a database that is only copied."""
    database = databases.copy("browser_scene", of="pristine")
    try:
        return play(town_over(database, stage.home, now=NOW))
    finally:
        database.close()


@dataclass
class Site:
    """What is served, and browsers of people who look at it."""

    stage: Stage
    chromium: object
    town: object
    scene: object
    known: dict[str, object] = field(default_factory=dict)

    @property
    def address(self):
        return self.stage.address

    def visitor(self, login=None, **options):
        """Open a window of its own, logged in if a login is named."""
        options = {"viewport": USUAL, "base_url": self.address} | options
        context = self.chromium.new_context(storage_state=self._known(login), **options)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.observed = Observed(page, self.address)
        return page

    def later(self, now):
        """Let time pass; everybody logs in anew."""
        self.town.clock.now = now
        self.known.clear()

    def answer(self, login, address):
        """Say what somebody gets: a page and its text, a file, led on to where, or a refusal."""
        cookies = self._known(login)["cookies"] if login else []
        sent = "; ".join(f"{one['name']}={one['value']}" for one in cookies)
        asked = Request(self.address + address, headers={"Cookie": sent, "Accept": "text/html"})
        try:
            with _NOT_LED_ON.open(asked) as answer:
                is_page = answer.headers.get_content_type() == "text/html"
                read = answer.read()  # a file that nobody reads stays open where it is sent
                if is_page and not answer.headers["content-disposition"]:
                    return "page", read.decode()
                return "file", ""
        except HTTPError as refused:
            with refused:
                to = refused.headers.get("location", "/login")
                return ("refused", "") if to.startswith("/login") else ("led on", to)

    def _known(self, login):
        if login and login not in self.known:
            self.known[login] = self._logged_in(login)
        return self.known.get(login)

    def _logged_in(self, login):
        assert login in LOGINS
        context = self.chromium.new_context(base_url=self.address)
        answer = context.request.post("/login", form={"login": login, "password": PASSWORD})
        assert answer.ok, answer.text()
        state = context.storage_state()
        context.close()
        return state

    def close_windows(self):
        for context in self.chromium.contexts:
            context.close()


@pytest.fixture(scope="module")
def opened(stage, chromium, databases, scene):
    """The scene for tests that read."""
    database = databases.copy("browser_read", of="browser_scene")
    town = town_over(database, stage.home, now=NOW)
    with stage.open(town):
        yield Site(stage, chromium, town, scene)
    database.close()


@pytest.fixture
def site(opened):
    """The scene for a test that only reads; its windows close with it."""
    yield opened
    opened.close_windows()


@pytest.fixture
def played(opened, databases):
    """A copy of the scene for a test that changes it."""
    database = databases.copy("browser_played", of="browser_scene")
    town = town_over(database, opened.stage.home, now=NOW)
    with opened.stage.open(town):
        made = Site(opened.stage, opened.chromium, town, opened.scene)
        yield made
        made.close_windows()
    database.close()
