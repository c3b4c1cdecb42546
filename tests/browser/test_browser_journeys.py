"""What people come for, from beginning to end, in the browser."""

import json
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from payee_facts import pays

reason = "no Playwright here: make setup-browser"
expect = pytest.importorskip("playwright.sync_api", reason=reason).expect

GULLS = (
    "The gulls of Varnholm keep no ledger, yet each of them knows what the others owe in herring. "
    "On Sundays they settle on the harbour wall and argue about the interest until the tide turns. "
    "Nobody has ever seen a gull repay, and nobody has ever seen a gull forget a single fish."
)
APRIL = datetime(2026, 4, 10, 12, 0, tzinfo=UTC)


def reports(site, *sales):
    """Report sales as the vendor's program does, over HTTP with its key; return the outcomes."""
    asked = Request(
        f"{site.address}/v1/sales",
        json.dumps(sales).encode(),
        {"Authorization": f"Bearer {site.scene.key}", "Content-Type": "application/json"},
    )
    try:
        with urlopen(asked) as answer:
            return [one["outcome"] for one in json.load(answer)["items"]]
    except HTTPError as refused:
        return refused.read().decode()


def closes(site, login, period):
    page = site.visitor(login)
    page.goto(f"/operator/periods/{period}/close")
    page.get_by_role("button", name=f"Close {period}").click()
    expect(page.get_by_role("status")).to_contain_text("Closing has begun.")
    page.context.close()


def test_a_text_earns_is_shared_stated_disputed_and_answered(played):
    ada = played.visitor("ada")
    ada.goto("/works/new")
    ada.get_by_label("Title").fill("The Gulls")
    ada.get_by_label("Or its text").fill(GULLS)
    ada.get_by_role("button", name="Add a holder").click()
    ada.get_by_label("Your share, %").fill("60")
    ada.get_by_label("Holder 2").fill("Cleo")
    ada.get_by_label("Share, %", exact=True).fill("40")
    ada.get_by_role("button", name="Register", exact=True).click()
    expect(ada.get_by_role("status")).to_contain_text("Registered.")
    work = ada.url.partition("?")[0]

    # 50 million tokens at 6 dollars a million: of 300, 10 % are the pool, less 10 % fee: 27.
    sold = {"tier": "premium", "output_tokens": 50_000_000, "sold_at": "2026-03-10T12:00:00Z"}
    assert reports(played, {"id": "gulls", "text": GULLS} | sold) == ["created"]
    ada.goto(work)
    main = ada.locator("main")
    expect(main.get_by_role("region", name="Outputs that drew on this work")).to_contain_text("100")
    expect(main.get_by_text("16.20").first).to_be_visible()

    cleo = played.visitor("cleo")
    cleo.goto("/proposals")
    section = cleo.locator("section").filter(has=cleo.get_by_role("heading", name="The Gulls"))
    section.get_by_role("button", name="Accept").click()
    expect(cleo.get_by_role("status")).to_contain_text("Answered.")
    cleo.goto(work)
    expect(cleo.locator("main").get_by_text("10.80").first).to_be_visible()

    pays(played.town, 60_000_000_000)
    played.later(APRIL)
    closes(played, "olga", "2026-02")
    closes(played, "olga", "2026-03")
    ada = played.visitor("ada")
    ada.goto("/statements")
    ada.get_by_role("link", name="2026-03").first.click()
    expect(ada.get_by_role("heading", level=1)).to_contain_text("2026-03")
    ada.goto(ada.url + "/lines")
    row = ada.get_by_role("row").filter(has_text="The Gulls")
    expect(row).to_contain_text("16.20")
    row.get_by_role("link").first.click()
    ada.get_by_label("Amount the line should say").fill("17.00")
    ada.get_by_label("What is wrong").fill("I hold two thirds.")
    ada.get_by_role("button", name="Dispute line").click()
    expect(ada.locator("main")).to_contain_text("You expected")
    expect(ada.locator("main")).to_contain_text("17.00")
    assert ada.observed.faults == []
