"""The steps of docs/guide.md in a browser: what is typed and sent is read from the guide itself."""

import os
import re
import subprocess
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"
ADDRESS = "http://127.0.0.1:8000"
MOST_LOOKS, LOOK_MS = 60, 1_000
USES = "Outputs that drew on this work"


def written(kind):
    """Return all that the guide has in fences of a kind, in its order."""
    told = GUIDE.read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", told, re.DOTALL | re.MULTILINE)


def log_in(page, login, password):
    page.goto("/login")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(lambda url: "/login" not in url)


def register(page, expect):
    """Step 2; return the address of the work."""
    page.get_by_role("link", name="Works", exact=True).click()
    page.get_by_role("link", name="Register a work").first.click()
    page.get_by_label("Title").fill("The Salt Road")
    page.get_by_label("Or its text").fill(written("text")[0])
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Registered.")
    return page.url.partition("?")[0]


def until(page, expect, said):
    """Look at a page again and again, as people do, until it says something."""
    for _ in range(MOST_LOOKS):
        try:
            expect(page.locator("main")).to_contain_text(said, timeout=LOOK_MS)
        except AssertionError:
            page.reload()
        else:
            return
    raise AssertionError(f"{page.url} does not say {said!r}")


def try_it(page, expect):
    """Step 3."""
    page.get_by_role("link", name="Try it", exact=True).click()
    page.locator("#text").fill(written("text")[1])
    page.get_by_role("button", name="Find its sources").click()
    expect(page.locator("mark").first).to_be_visible()
    expect(page.locator("article").first).to_contain_text("The Salt Road")


def new_key(environment):
    """Step 4: make a key with the guide's own command."""
    command = next(one for one in written("sh") if "vendors key" in one)
    command = command.replace(".venv/bin/wellspring", environment["WELLSPRING"])
    shown = ["bash", "-c", f'{command}\nprintf "%s" "$KEY"']
    return subprocess.run(shown, env=environment, check=True, capture_output=True, text=True).stdout


def sell(address, key):
    """Step 4: run the guide's own command; return what it answers."""
    command = next(one for one in written("sh") if "curl" in one).replace(ADDRESS, address)
    environment = os.environ | {"KEY": key, "NO_PROXY": "127.0.0.1"}
    ended = subprocess.run(
        ["bash", "-c", command], env=environment, check=True, capture_output=True, text=True
    )
    return ended.stdout


def see_earned(page, expect, work):
    """Step 5."""
    page.goto(work)
    until(page, expect, USES)
    return page.get_by_role("region", name=USES)
