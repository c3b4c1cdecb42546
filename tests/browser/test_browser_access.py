"""The portal without a mouse and without scripts; no link leads nowhere."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from keyboard import press, tab_to, type_into
from scene import PASSWORD

reason = "no Playwright here: make setup-browser"
expect = pytest.importorskip("playwright.sync_api", reason=reason).expect

GULLS = "Gulls keep no ledger, and yet each of them knows what the others owe it in herring."
_LINK = re.compile(r'<a [^>]*?href="([^"#]+)"')


def test_a_work_is_registered_and_opened_by_keyboard_alone(played):
    page = played.visitor()
    page.goto("/login")
    tab_to(page, "Skip to the content")
    type_into(page, "Login", "ada")
    type_into(page, "Password", PASSWORD)
    press(page, "Log in")
    expect(page).to_have_url(re.compile("/home$"))
    press(page, "Works")
    press(page, "Register a work")
    type_into(page, "Title", "The Gulls")
    tab_to(page, "Language")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("en")
    type_into(page, "Or its text", GULLS)
    press(page, "Register")
    expect(page.get_by_role("status")).to_contain_text("Registered.")
    press(page, "Works")
    press(page, "The Gulls")
    expect(page.get_by_role("heading", level=1)).to_have_text("The Gulls")
    assert page.observed.faults == []


def test_skipping_to_the_content_goes_there(site):
    page = site.visitor("ada")
    page.goto("/works")
    press(page, "Skip to the content")
    expect(page.locator("main")).to_be_focused()


def test_works_and_statements_are_read_and_made_without_scripts(played):
    page = played.visitor("ada", java_script_enabled=False)
    page.goto("/works/new")
    page.get_by_label("Title").fill("The Gulls")
    page.get_by_label("Or its text").fill(GULLS)
    page.get_by_role("button", name="Add a holder").click()
    page.get_by_label("Your share, %").fill("75")
    page.get_by_label("Holder 2").fill("Bo")
    page.get_by_label("Share, %", exact=True).fill("25")
    page.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Registered.")
    expect(page.locator("main")).to_contain_text("Bo")
    page.goto(f"/works/{played.scene.work_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ode to the Tides")
    page.goto("/try")
    page.locator("#text").fill(GULLS)
    page.get_by_role("button", name="Find its sources").click()
    expect(page.locator("main")).to_contain_text("The Gulls")
    page.goto(f"/statements/{played.scene.statement}")
    expect(page.locator("main")).to_contain_text("Payable")


@pytest.mark.parametrize("login", ["ada", "cleo", "olga", "acme"])
def test_no_link_leads_nowhere(site, login):
    to_see, seen, dead = ["/"], {"/"}, []
    while to_see:
        at = to_see.pop()
        kind, text = site.answer(login, at)
        if kind == "refused":
            dead.append(at)
        links = {"page": _LINK.findall(text), "led on": [text]}.get(kind, [])
        for link in links:
            found = urlsplit(urljoin(at, link.replace("&amp;", "&")))
            address = found.path + (f"?{found.query}" if found.query else "")
            if not found.netloc and address not in seen:
                seen.add(address)
                to_see.append(address)
    assert dead == []
    assert len(seen) > 2
