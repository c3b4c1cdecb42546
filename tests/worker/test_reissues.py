"""A statement issued again: other names, the same money, and what was issued stays as it was."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from service.api.statement_documents import load
from service.documents.statement_forms import Form, written
from service.documents.statement_json import statement_json
from service.ledger.tiers import Tier
from service.store import reissues, statements
from service.store.database import unit_of_work
from service.store.printed_names import HOLDER, VENDOR, WORK, Subject
from service.store.reissues import DocumentNumber, NothingReissued, NotOnStatement
from service.store.statements import StatementNotFound
from service.store.text_rules import BadText

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)


@pytest.fixture
def stated(village, texts):
    """Close January, in which Ada earns from one work."""
    village.registers("Ode", texts.ode, {"Ada": 1_000_000})
    village.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    village.works()
    village.closes("2026-01")
    return village


def the_number(town) -> str:
    return town.tells("SELECT number FROM statement")[0][0]


def document(town, number):
    with unit_of_work(town.database) as session:
        return load(session, number)


def reissue(town, names, *, reason="The name was misspelt."):
    with unit_of_work(town.database) as session:
        issued = statements.get(session, the_number(town))
        return reissues.insert(
            session,
            issued.statement_id,
            issued.number,
            names,
            reason=reason,
            by="command line",
            now=town.clock(),
        )


def holder(town) -> Subject:
    return Subject(HOLDER, town.tells("SELECT holder_id FROM statement")[0][0])


def test_a_document_of_a_new_number_names_what_it_replaces_and_why(stated):
    made = reissue(stated, {holder(stated): "Ada Lovelace"})

    first = statement_json(document(stated, the_number(stated)))
    again = statement_json(document(stated, str(made)))
    assert str(made) == f"{the_number(stated)}-R1"
    assert again["replaces"] == {
        "number": the_number(stated),
        "reason": "The name was misspelt.",
        "first_issued_at": "2026-03-10T12:00:00Z",
    }
    assert (first["holder"]["name"], again["holder"]["name"]) == ("Ada", "Ada Lovelace")
    differs = {key for key in again if again[key] != first.get(key)}
    assert differs == {"number", "holder", "replaces", "how_to_ask"}
    assert str(made) in again["how_to_ask"]


def test_every_form_says_it_and_no_amount_is_another(stated):
    made = document(stated, str(reissue(stated, {holder(stated): "Ada Lovelace"})))
    page = written(made, Form.HTML, locale=None, fonts=None).content.decode()
    table = written(made, Form.CSV, locale=None, fonts=None).content.decode()
    assert "takes the place of" in page
    assert "The name was misspelt." in page
    assert ",issued again,,,,,,,,,,,,,,takes the place of " in table
    first = written(document(stated, the_number(stated)), Form.CSV, locale=None, fonts=None)
    amounts = [line.split(",")[16] for line in table.splitlines()[2:]]
    assert amounts == [line.split(",")[16] for line in first.content.decode().splitlines()[1:]]


def test_what_was_issued_keeps_its_bytes_whatever_is_renamed_later(stated):
    before = [
        written(document(stated, the_number(stated)), form, locale=None, fonts=None)
        for form in Form
    ]
    with unit_of_work(stated.database) as session:
        session.execute(text("UPDATE party SET name = name || ' (renamed)'"))
        session.execute(text("UPDATE work SET title = 'Ode, revised'"))
    reissue(stated, {holder(stated): "Ada Lovelace"})
    assert before == [
        written(document(stated, the_number(stated)), form, locale=None, fonts=None)
        for form in Form
    ]


def test_a_second_one_replaces_the_first_and_keeps_what_it_said(stated):
    work = stated.tells("SELECT work_id FROM statement_line")[0][0]
    reissue(stated, {holder(stated): "Ada Lovelace"})
    second = reissue(stated, {Subject(WORK, work): "Ode to Tides"}, reason="Its title, too.")

    told = document(stated, str(second))
    assert second == DocumentNumber(the_number(stated), 2)
    assert told.holder_name == "Ada Lovelace"
    assert told.work_titles == {work: "Ode to Tides"}
    assert told.replacement.replaces == f"{the_number(stated)}-R1"
    assert document(stated, f"{the_number(stated)}-R1").work_titles == {work: "Ode"}


def test_nothing_is_issued_again_without_another_name_or_a_reason(stated):
    vendor = stated.tells("SELECT vendor_id FROM statement_line")[0][0]
    with pytest.raises(NothingReissued, match="already has these names"):
        reissue(stated, {holder(stated): "Ada"})
    with pytest.raises(NothingReissued):
        reissue(stated, {})
    with pytest.raises(NotOnStatement, match="does not name holder 999"):
        reissue(stated, {Subject(HOLDER, 999): "Eve"})
    with pytest.raises(BadText, match="reason: must not be empty"):
        reissue(stated, {Subject(VENDOR, vendor): "Acme Ltd"}, reason=" ")
    with pytest.raises(BadText, match="holder name: must not be empty"):
        reissue(stated, {holder(stated): ""})
    assert stated.tells("SELECT count(*) FROM statement_reissue") == [(0,)]


@pytest.mark.parametrize("ending", ["-R2", "-R0", "-R01", "-R1000", "-r1", "-R1-R1", "-R\uff11"])
def test_a_document_that_was_never_issued_is_not_found(stated, ending):
    reissue(stated, {holder(stated): "Ada Lovelace"})
    with pytest.raises(StatementNotFound):
        document(stated, the_number(stated) + ending)


def test_the_command_issues_again_and_exports_both(stated, wellspring):
    number = the_number(stated)
    code, _, err = wellspring(
        *("statements", "reissue", number, "--reason", "Misspelt."),
        *("--holder-name", "Ada Lovelace", "--work-title", "x=Ode"),
    )
    assert (code, "--work-title: write the number of a work" in err) == (1, True)
    reason = ("--reason", "Misspelt.")
    code, _, err = wellspring(
        "statements", "reissue", number, *reason, "--holder-name", "Ada Lovelace"
    )
    assert (code, f"issued {number}-R1" in err) == (0, True)
    code, out, _ = wellspring("statements", "show", f"{number}-R1", "--json")
    assert (code, '"name": "Ada Lovelace"' in out) == (0, True)
    code, out, _ = wellspring("statements", "show", number, "--json")
    assert (code, '"name": "Ada"' in out) == (0, True)


def test_no_money_moves_by_it(stated):
    before = stated.balances()
    reissue(stated, {holder(stated): "Ada Lovelace"})
    assert stated.balances() == before
    assert stated.broken() == []
