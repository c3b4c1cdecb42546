"""Pictures of the main pages for README.md and docs/, and how long the guide takes.

`make screenshots`: the sample catalogue after its month, by a clock that stands still, so that the
pictures change only where pages do. Prints what the guide took on a server of its own, in seconds.
"""

import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from time import monotonic
from urllib.error import URLError
from urllib.request import urlopen

import uvicorn
from guide import log_in, new_key, register, see_earned, sell, try_it, until
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from service.api.formats.native import SaleDefaults, parse_sale
from service.settings import Settings
from service.store import api_keys, parties, terms
from service.store.database import unit_of_work
from worker import demo, drain, sale_import, sample_job
from worker.fingerprints import EngineFingerprints
from worker.web import create_app
from worker.workplace import open_workplace

IMAGES = Path(__file__).parents[2] / "docs" / "images"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
MOST_BYTES = 150_000
COLOURS = 96
SIZE = {"width": 1_120, "height": 800}
NARROW = {"width": 360, "height": 740}
TALLEST = 1_500
CREATOR = "mara-lindqvist"


class Clock:
    """Stands still; a long work is not embedded longer than it takes."""

    now = datetime(2025, 2, 20, 9, 30, tzinfo=UTC)

    def __call__(self):
        return self.now


class Worker:
    def __init__(self, place):
        self._place = place

    def ring(self):
        drain.drain(self._place)


def logins(home):
    """Return the passwords of logins.txt by login."""
    told = (home / "logins.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"login (\S+)\s+password (\S+)", told))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def answers(address):
    try:
        with urlopen(f"{address}/healthz", timeout=2) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


def wait_for(page, address):
    while not answers(address):
        page.wait_for_timeout(200)


def timed(browser):
    """Do what the guide says on a server started for it; return seconds by step."""
    seconds, home = {}, Path(tempfile.mkdtemp())
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {"WELLSPRING_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    program = [str(Path(sys.executable).with_name("wellspring"))]
    page = browser.new_context(viewport=SIZE, base_url=address).new_page()
    started = monotonic()
    options = ["up", "--sample", "--port", str(port)]
    server = subprocess.Popen(program + options, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(page, address)
        seconds["started"] = monotonic() - started
        log_in(page, CREATOR, logins(home)[CREATOR])
        work = register(page, expect)
        until(page, expect, "earning")
        seconds["registered and earning"] = monotonic() - started
        try_it(page, expect)
        seconds["tried"] = monotonic() - started
        key = new_key(environment | {"WELLSPRING": program[0]})
        assert '"created"' in sell(address, key)
        seconds["sold"] = monotonic() - started
        see_earned(page, expect, work)
        seconds["seen to have earned"] = monotonic() - started
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
        shutil.rmtree(home, ignore_errors=True)
        page.context.close()
    return {step: round(one) for step, one in seconds.items()}


@contextmanager
def served(place):
    """Serve a workplace in a thread; yields its address."""
    port = free_port()
    app = create_app(place, Worker(place))
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_config=None, access_log=False, lifespan="off")
    )
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def sell_some(place):
    """Report a few sales of the month that runs, of Acme."""
    with unit_of_work(place.database) as session:
        vendor = parties.vendor_named(session, "Acme")
        of_vendor = terms.of_vendors(session, [vendor.party_id])[vendor.party_id]
    sales = []
    for number, output in enumerate(sample_job._lines("outputs.jsonl")):
        sold = sample_job._sale(number, 2, output)
        at = datetime(2025, 2, 1, 8, tzinfo=UTC) + timedelta(hours=number * 7 % 440)
        sold |= {"id": f"{output['id']}-feb", "sold_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        checks = {"terms": of_vendor, "now": place.clock(), "defaults": SaleDefaults()}
        fingerprints = EngineFingerprints(place.room.encoder)
        sales.append(parse_sale(sold, "sample", fingerprints=fingerprints, **checks))
    sale_import.store(place.database, vendor, sales, now=place.clock(), retention_days=400)
    drain.drain(place)


class Album:
    """Takes pictures with few colours, so that they stay small."""

    def __init__(self, browser, address, passwords):
        self._browser, self._address, self._passwords = browser, address, passwords

    def page(self, login, size=SIZE, **options):
        context = self._browser.new_context(viewport=size, base_url=self._address, **options)
        page = context.new_page()
        log_in(page, login, self._passwords[login])
        return page

    def take(self, page, name, tallest=TALLEST):
        """Take the whole page, cut where it is too tall."""
        size = page.viewport_size
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size(size | {"height": min(height, tallest)})
        page.mouse.move(0, 0)
        shot = page.screenshot(animations="disabled", caret="hide")
        page.set_viewport_size(size)
        image = Image.open(io.BytesIO(shot)).convert("RGB")
        path = IMAGES / f"{name}.png"
        image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        assert path.stat().st_size <= MOST_BYTES, f"{path} has {path.stat().st_size} bytes"

    def guide(self, key):
        """Take those of the guide while it is followed."""
        page = self.page(CREATOR)
        work = register(page, expect)
        until(page, expect, "earning")
        self.take(page, "guide-registered", 700)
        try_it(page, expect)
        self.take(page, "guide-try", 1_100)
        sell(self._address, key)
        see_earned(page, expect, work)
        self.take(page, "guide-earned", 1_200)

    def creator(self):
        page = self.page(CREATOR)
        self.take(page, "home")
        page.goto("/works")
        page.get_by_role("link", name="The Long Cold Proof").first.click()
        self.take(page, "work")
        page.goto("/statements")
        page.get_by_role("link", name="2025-01").first.click()
        self.take(page, "statement")
        page.emulate_media(color_scheme="dark")
        page.goto("/home")
        self.take(page, "home-dark")
        self.take(self.page(CREATOR, NARROW), "home-narrow", 1_000)

    def others(self):
        operator = self.page("operator")
        self.take(operator, "operator-health")
        operator.goto("/operator/periods/2025-02/close")
        self.take(operator, "period-close")
        vendor = self.page("acme")
        vendor.goto("/vendor?month=2025-01")
        self.take(vendor, "vendor-usage")


def pictures(browser):
    home = Path(tempfile.mkdtemp())
    clock = Clock()
    place = open_workplace(Settings(home=home), clock=clock, pool_size=10)
    try:
        demo.run(place, drain.silent)
        sell_some(place)
        with unit_of_work(place.database) as session:
            acme = parties.vendor_named(session, "Acme").party_id
            key, _ = api_keys.make(session, acme, "guide", now=clock())
        with served(place) as address:
            album = Album(browser, address, logins(home))
            album.creator()
            album.others()
            album.guide(key)
            clock.now = datetime(2025, 3, 3, 9, 30, tzinfo=UTC)
    finally:
        place.close()
        shutil.rmtree(home, ignore_errors=True)


def main():
    IMAGES.mkdir(exist_ok=True)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=FLAGS)
        pictures(browser)
        sys.stdout.write(json.dumps({"guide_seconds": timed(browser)}) + "\n")
        browser.close()


if __name__ == "__main__":
    main()
