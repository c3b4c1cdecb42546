"""Statements in the portal: one's own only, as page, CSV, JSON and a file."""

from service.ledger.tiers import Tier
from service.store import reissues, statements
from service.store.database import unit_of_work
from service.store.printed_names import HOLDER, Subject


def one_statement(world, catalogue):
    drew_on = {catalogue.ode: 600_000, catalogue.essay: 100_000}
    world.sale("s1", tier=Tier.ELITE, tokens=1_000_000, drew_on=drew_on)
    world.close("2026-01")
    return f"2026-01-H{catalogue.ada}-USD"


def test_an_empty_list_says_when_the_first_one_comes(world, catalogue):
    assert "A statement is written when the operator closes" in world.browser("ada").text(
        "/statements"
    )


def test_the_list_shows_what_was_earned_paid_held_and_payable(world, catalogue):
    number = one_statement(world, catalogue)
    said = world.browser("ada").text("/statements")
    assert f"{number} 2026-01 9.315 USD 0.00 USD 9.315 USD 0.00 USD 0.00 USD PDF CSV JSON" in said


def test_the_page_shows_lines_and_reasons(world, catalogue):
    number = one_statement(world, catalogue)
    said = world.browser("ada").text(f"/statements/{number}")
    for sentence in (
        "For Ada Period 2026-01 Currency USD Issued 2026-02-10 12:00 UTC",
        "Opening balance 0.00 USD",
        "Ode to Tides Acme elite 2026-01 1 1,000,000 12.15 60 % 7.29",
        "Essay on Salt Acme elite 2026-01 1 1,000,000 2.025 100 % 2.025",
        "Earned in all 9.315",
        "Not yet backed by the vendor's receipts: payable once the vendor has paid. 9.315",
    ):
        assert sentence in said


def test_the_files_are_named_after_the_statement(world, catalogue):
    number = one_statement(world, catalogue)
    browser = world.browser("ada")
    for ending, kind in (
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json"),
        ("html", "text/html; charset=utf-8"),
        ("pdf", "application/pdf"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ):
        answer = browser.get(f"/statements/{number}.{ending}")
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"] == (
            f'attachment; filename="statement-{number}.{ending}"'
        )
    assert browser.get(f"/statements/{number}.json").json()["closing_balance"] == "9.315"
    assert ",closing,,,,,,,,,,,,,9.315,\r\n" in browser.get(f"/statements/{number}.csv").text


def test_somebody_elses_statement_is_not_there(world, catalogue):
    number = one_statement(world, catalogue)
    browser = world.browser("bo")
    assert number not in browser.text("/statements")
    for ending in ("", ".csv", ".json", ".html", ".pdf", ".xlsx"):
        assert browser.get(f"/statements/{number}{ending}").status_code == 404


def test_a_statement_issued_again_leads_from_the_old_to_the_new(world, catalogue):
    number = one_statement(world, catalogue)
    with unit_of_work(world.database) as session:
        issued = statements.get(session, number)
        reissues.insert(
            session,
            issued.statement_id,
            number,
            {Subject(HOLDER, catalogue.ada): "Ada Lovelace"},
            reason="Misspelt.",
            by="operator",
            now=world.now,
        )
    browser = world.browser("ada")
    old, new = browser.text(f"/statements/{number}"), browser.text(f"/statements/{number}-R1")
    assert f"issued again with other names as {number}-R1" in old
    assert "For Ada Period" in old
    assert "For Ada Lovelace Period" in new
    assert f"{number}-R1 takes the place of {number}. Reason: Misspelt." in new
    assert browser.get(f"/statements/{number}-R1.pdf").content.startswith(b"%PDF")
    assert world.browser("bo").get(f"/statements/{number}-R1").status_code == 404
