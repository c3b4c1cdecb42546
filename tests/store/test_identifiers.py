"""Identifiers: check digits, normal forms, and which name one work only."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import isni
from stdnum.iso7064 import mod_11_2

from service.store import identifiers, works
from service.store.database import unit_of_work
from service.store.identifiers import BadIdentifier, Identifier, IdentifierTaken, Scheme, parse
from service.store.works import NewWork

NORMAL = [
    ("isbn", "978-0-306-40615-7", "9780306406157"),
    ("isbn", "0-306-40615-2", "9780306406157"),
    ("isbn", " 0 8044 2957 X ", "9780804429573"),
    ("doi", "https://doi.org/10.1000/ABC.(x)", "10.1000/abc.(x)"),
    ("doi", "doi: 10.1000.10/123456", "10.1000.10/123456"),
    ("orcid", "https://orcid.org/0000-0002-1825-0097", "0000-0002-1825-0097"),
    ("orcid", "000000021694233x", "0000-0002-1694-233X"),
    ("isni", "0000 0001 2281 955X", "000000012281955X"),
    ("isni", "https://isni.org/isni/000000012281955X", "000000012281955X"),
    ("isrc", "us-s1z-99-00001", "USS1Z9900001"),
    ("url", "HTTPS://Example.ORG:443", "https://example.org/"),
    ("url", "http://example.org:8080/A?b=C#part", "http://example.org:8080/A?b=C"),
    ("url", "https://bücher.example/Ode", "https://xn--bcher-kva.example/Ode"),
    ("url", "https://[2001:DB8::1]/x", "https://[2001:db8::1]/x"),
]
REFUSED = [
    ("isbn", "978-0-306-40615-8", "the check digit does not fit"),
    ("isbn", "97803064061", "has the wrong number of characters"),
    ("isbn", "978030640615X", "has a character that does not belong there"),
    ("isbn", "\uff19780306406157", "must be written in ASCII"),
    ("doi", "11.1000/182", "must be like 10.1000/182"),
    ("doi", "10.1000/", "must be like 10.1000/182"),
    ("doi", "10.1000/a b", "must be like 10.1000/182"),
    ("orcid", "0000-0002-1825-0098", "the check digit does not fit"),
    ("orcid", "0000-0002-1825", "must be like 0000-0002-1825-0097"),
    ("orcid", "0000-0000-0000-0001", "lies outside what ORCID gives out"),
    ("isni", "0000 0001 2281 9551", "the check digit does not fit"),
    ("isrc", "XX-S1Z-99-00001", "has a part that is never given out"),
    ("isrc", "USS1Z990000", "has the wrong number of characters"),
    ("url", "ftp://example.org/", "must begin with http:// or https:// and a host"),
    ("url", "javascript:alert(1)", "must begin with http:// or https:// and a host"),
    ("url", "https://ada:secret@example.org/", "must not name a user or password"),
    ("url", "https://example.org/a b", "has a blank or a character that is not printed"),
    ("url", "https://example.org:99999/", "is not an address"),
    ("url", "https://", "must begin with http:// or https:// and a host"),
    ("iscc", "ISCC:KACT", "is computed from the text and cannot be given"),
    ("ean", "4006381333931", "is no scheme; known are isbn, doi, isrc, orcid, isni, url"),
]


@pytest.mark.parametrize(("scheme", "given", "kept"), NORMAL)
def test_an_identifier_is_kept_in_one_normal_form(scheme, given, kept):
    assert parse(scheme, given) == Identifier(Scheme(scheme), kept)
    assert parse(scheme, kept).value == kept


@pytest.mark.parametrize(("scheme", "given", "rule"), REFUSED)
def test_what_breaks_the_rule_of_its_scheme_is_refused_by_name(scheme, given, rule):
    with pytest.raises(BadIdentifier) as refused:
        parse(scheme, given)
    assert refused.value.facts["rule"] == rule


@given(st.from_regex(r"\A[0-9]{15}\Z"))
def test_our_check_digit_is_that_of_the_standard_library_of_numbers(digits):
    check = identifiers.mod_11_2(digits)
    assert check == mod_11_2.calc_check_digit(digits)
    assert isni.is_valid(digits + check)


@given(
    st.integers(15_000_001, 34_999_999),
    st.integers(0, 15),
    st.sampled_from("0123456789"),
)
def test_a_wrong_digit_in_an_orcid_is_always_found(number, at, other):
    digits = f"{number:015d}"
    whole = digits + identifiers.mod_11_2(digits)
    assert parse("orcid", whole).value.replace("-", "") == whole
    wrong = whole[:at] + other + whole[at + 1 :]
    if wrong != whole:
        with pytest.raises(BadIdentifier):
            parse("orcid", wrong)


@given(st.from_regex(r"\A[0-9]{12}\Z"), st.integers(0, 12), st.sampled_from("0123456789"))
def test_a_wrong_digit_in_an_isbn_is_always_found(nine, at, other):
    first = "978" + nine[:9]
    check = (10 - sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(first))) % 10
    whole = f"{first}{check}"
    assert parse("isbn", whole).value == whole
    wrong = whole[:at] + other + whole[at + 1 :]
    if wrong != whole:
        with pytest.raises(BadIdentifier):
            parse("isbn", wrong)


@given(st.sampled_from(list(Scheme)), st.text(max_size=60))
def test_any_text_is_an_identifier_or_refused_by_name(scheme, given):
    try:
        kept = parse(scheme, given)
    except (BadIdentifier, works.BadText):
        return
    assert parse(scheme, kept.value) == kept


def a_work(name, *given):
    return NewWork(name, f"{name} and the tide", "en", identifiers=tuple(given))


def register(database, work, now):
    with unit_of_work(database) as session:
        return works.register(session, work, registered_at=now, now=now).work_id


ISBN = parse("isbn", "9780306406157")
ORCID = parse("orcid", "0000-0002-1825-0097")
PAGE = parse("url", "https://example.org/poems")


def test_an_isbn_names_one_work_and_an_author_has_many(database, now):
    ode = register(database, a_work("Ode", ISBN, ORCID, PAGE), now)
    elegy = register(database, a_work("Elegy", ORCID, PAGE), now)
    with pytest.raises(IdentifierTaken, match=f"9780306406157 names work {ode} already"):
        register(database, a_work("Copy", ISBN), now)
    with unit_of_work(database) as session:
        found = identifiers.of_works(session, [ode, elegy])
        assert [one.scheme for one in found[ode]] == ["isbn", "orcid", "url"]
        assert identifiers.works_with(session, ORCID) == [ode, elegy]
        assert works.page(session, holder_id=None, before=None, limit=9)[0].work_id == elegy


def test_a_withdrawn_work_gives_its_isbn_back(database, now):
    ode = register(database, a_work("Ode", ISBN), now)
    with unit_of_work(database) as session:
        works.withdraw(session, ode, now=now)
    copy = register(database, a_work("Copy", ISBN), now)
    with unit_of_work(database) as session:
        assert identifiers.works_with(session, ISBN) == [copy]
        assert [one.value for one in identifiers.of_works(session, [ode])[ode]] == [ISBN.value]


def test_the_database_refuses_a_second_work_too(database, now):
    register(database, a_work("Ode", ISBN), now)
    other = register(database, a_work("Other"), now)
    insert = (
        "INSERT INTO identifier (work_id, scheme, value, edition_no, given_at) "
        "VALUES (%s, 'isbn', '9780306406157', 1, now())"
    )
    with (
        psycopg.connect(database.url) as connection,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        connection.execute(insert, (other,))


CREATED_ON = [
    ("1984-13", "1984-13 is not in the calendar"),
    ("2023-02-29", "2023-02-29 is not in the calendar"),
    ("84", "must be a date like 1984, 1984-06 or 1984-06-30"),
    ("1984-6", "must be a date like 1984, 1984-06 or 1984-06-30"),
    ("१९८४", "must be a date like 1984, 1984-06 or 1984-06-30"),
    ("0000", "0000 is not in the calendar"),
    ("2026-02-11", "lies after today, 2026-02-10"),
]


@pytest.mark.parametrize(("created_on", "rule"), CREATED_ON)
def test_a_date_of_creation_is_a_day_month_or_year_that_was(database, now, created_on, rule):
    work = NewWork("Ode", "the tide", "en", created_on=created_on)
    with pytest.raises(works.BadText) as refused:
        register(database, work, now)
    assert refused.value.facts == {"place": "created_on", "rule": rule}


@pytest.mark.parametrize("created_on", ["1984", "1984-06", "2026-02-10"])
def test_a_date_of_creation_is_kept_as_exactly_as_it_was_given(database, now, created_on):
    register(database, NewWork("Ode", "the tide", "en", kind="poem", created_on=created_on), now)
    with unit_of_work(database) as session:
        (row,) = works.page(session, holder_id=None, before=None, limit=9)
    assert (row.kind, row.created_on) == ("poem", created_on)


def test_a_kind_is_one_of_ours(database, now):
    with pytest.raises(works.BadText, match="must be one of book, chapter, story"):
        register(database, NewWork("Ode", "the tide", "en", kind="ode"), now)
