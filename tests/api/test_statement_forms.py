"""One statement in five forms: by ending, by the header Accept, and not again where it is known."""

import io
from decimal import Decimal

import openpyxl
import pypdf
import pytest
from jsonschema import Draft202012Validator

from service.api.negotiation import NoFormTaken, has_already, preferred
from service.ledger.period import Period
from service.ledger.statement import LineKind, StatementLine, make
from service.ledger.tiers import Tier
from service.store import parties, statements, works
from service.store.database import unit_of_work

JANUARY = Period(202601)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": XLSX,
}


@pytest.fixture
def issued(site):
    """Issue a statement of 1,234.5 USD to Ada; return her client and its address."""
    ada = site.holder("Ada")
    with unit_of_work(site.database) as session:
        new = works.NewWork("Ode & <Co>", "Text of an ode.", "en")
        row = works.register(session, new, registered_at=site.clock.now, now=site.clock.now)
        tokens, nanos = 9_000_000, 1_234_500_000_000
        line = StatementLine(
            *(LineKind.EARNED, 1, row.work_id, "acme", Tier.ELITE, JANUARY),
            *(3, tokens, 2 * nanos, 500_000, nanos),
        )
        made = make(
            ada, "USD", JANUARY, opening_nanos=0, lines=[line], held_nanos=nanos, threshold=0
        )
        statements.insert(session, made, parties.vendor_ids(session), now=site.clock.now)
    return site.person("creator", ada), f"/v1/statements/{statements.number_of(made)}"


@pytest.mark.parametrize(("form", "media_type"), FORMS.items())
def test_a_statement_is_had_by_ending_and_by_accept_with_the_same_bytes(issued, form, media_type):
    ada, url = issued

    by_ending = ada.get(f"{url}.{form}")
    by_accept = ada.get(url, headers={"Accept": media_type.partition(";")[0]})

    assert (by_ending.status_code, by_accept.status_code) == (200, 200)
    assert by_ending.headers["content-type"] == by_accept.headers["content-type"] == media_type
    assert by_ending.content == by_accept.content
    number = url.rpartition("/")[2]
    disposition = f'attachment; filename="{number}.{form}"'
    assert by_ending.headers["content-disposition"] == disposition
    assert by_accept.headers["vary"] == "Accept"


def test_all_forms_say_the_same_total(issued):
    ada, url = issued

    told = ada.get(f"{url}.json").json()
    sheet = openpyxl.load_workbook(io.BytesIO(ada.get(f"{url}.xlsx").content))["Lines"]
    closing = next(row for row in sheet.iter_rows(values_only=True) if row[3] == "closing")
    page = pypdf.PdfReader(io.BytesIO(ada.get(f"{url}.pdf").content)).pages[0].extract_text()

    assert told["closing_balance"] == "1234.50"
    assert Decimal(closing[16]) == Decimal("1234.50")
    assert ",closing,,,,,,,,,,,,,1234.50," in ada.get(f"{url}.csv").text
    assert "Closing balance 1234.50" in page
    assert "<dt>Closing balance</dt><dd>1234.50 <abbr" in ada.get(f"{url}.html").text


def test_pages_and_pdf_are_in_the_locale_that_is_asked_for_programs_get_plain_figures(issued):
    ada, url = issued

    german = {form: ada.get(f"{url}.{form}", params={"locale": "de"}) for form in FORMS}

    assert "<dd>1.234,50 <abbr" in german["html"].text
    page = pypdf.PdfReader(io.BytesIO(german["pdf"].content)).pages[0].extract_text()
    assert "Closing balance 1.234,50" in page
    for form in ("json", "csv", "xlsx"):
        assert german[form].content == ada.get(f"{url}.{form}").content
    refused = ada.get(f"{url}.html", params={"locale": "xx"})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad-locale")
    assert refused.json()["errors"][0]["place"] == "locale"


@pytest.mark.parametrize("form", FORMS)
def test_what_a_client_has_is_not_sent_again(issued, form):
    ada, url = issued
    first = ada.get(f"{url}.{form}")

    again = ada.get(f"{url}.{form}", headers={"If-None-Match": first.headers["etag"]})
    other = ada.get(f"{url}.{form}", headers={"If-None-Match": '"another"'})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"] == other.headers["etag"]
    assert other.status_code == 200


def test_a_page_keeps_its_style_and_loads_nothing(issued):
    ada, url = issued

    answer = ada.get(f"{url}.html")

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "Ode &amp; &lt;Co&gt;" in answer.text


def test_a_form_that_is_none_is_refused(issued):
    ada, url = issued

    by_ending = ada.get(f"{url}.docx")
    by_accept = ada.get(url, headers={"Accept": "image/png"})

    assert by_ending.status_code == 422
    assert (by_accept.status_code, by_accept.json()["code"]) == (406, "no-form-taken")


def test_what_is_sent_is_what_the_published_schema_says(site, issued):
    ada, url = issued

    answer = site.anonymous().get("/v1/schemas/statement-1.json")

    assert answer.headers["content-type"] == "application/schema+json"
    told = ada.get(url).json()
    Draft202012Validator(answer.json()).validate(told)
    assert told["schema"] == answer.json()["$id"]


OFFERED = ["application/json", "text/html", "application/pdf"]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/pdf;q=0.9, text/*;q=0.5", "application/pdf"),
        ("application/*;q=0.2, application/json;q=0.1, text/html;q=0", "application/pdf"),
        ("TEXT/HTML; charset=utf-8", "text/html"),
        ("application/json;q=0.5,application/pdf;q=0.50", "application/json"),
        ("nonsense, text/html", "text/html"),
    ],
)
def test_the_form_that_is_liked_best_is_sent(accept, form):
    assert preferred(accept, OFFERED) == form


@pytest.mark.parametrize("accept", ["image/png", "text/html;q=0", "*/*;q=0", "nonsense", ";,;"])
def test_where_none_is_liked_all_are_named(accept):
    with pytest.raises(NoFormTaken, match="there is only application/json, text/html"):
        preferred(accept, OFFERED)


@pytest.mark.parametrize(
    ("header", "known"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("", False)],
)
def test_a_tag_is_known_where_the_header_names_it(header, known):
    assert has_already(header, '"a"') is known
