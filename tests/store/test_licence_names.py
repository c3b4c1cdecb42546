"""A vendor's name for a work finds it, however an identifier is written."""

from datetime import UTC, datetime

import psycopg
import pytest

from service.store import identifiers, licence_names, works
from service.store.database import unit_of_work
from service.store.works import NewWork

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
ISCC = "ISCC:KACYPXW445FTYNJ3CYSXHAFJMA2HUWULUNRFE3BLHRSCXYH2M5AEGQY"
GIVEN = [
    ("isbn", "978-3-16-148410-0"),
    ("doi", "10.1000/ODE.1"),
    ("isrc", "USRC17607839"),
    ("url", "https://Ada.example/poems/ode?v=2"),
]


@pytest.fixture
def ode(database):
    with unit_of_work(database) as session:
        known = tuple(identifiers.parse(scheme, value) for scheme, value in GIVEN)
        new = NewWork("Ode", "The tide keeps no ledger.", "en", "ode 1", identifiers=known)
        row = works.register(session, new, registered_at=NOW, now=NOW)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("UPDATE work SET iscc = %s WHERE work_id = %s", (ISCC, row.work_id))
    return row.work_id


@pytest.mark.parametrize(
    "name",
    [
        *("9783161484100", "978-3-16-148410-0", "urn:isbn:9783161484100", "ISBN: 3-16-148410-X"),
        *("10.1000/ode.1", "doi:10.1000/Ode.1", "https://doi.org/10.1000/ODE.1"),
        *("urn:isrc:US-RC1-76-07839", "isrc:USRC17607839"),
        *("https://ada.example/poems/ode?v=2", "http://ADA.example/poems/ode?v=2#top"),
        *("https://ada.example:443/poems/ode?v=2", ISCC, ISCC.lower(), "ode 1"),
    ],
)
def test_a_work_is_found_by_any_of_its_names(database, ode, name):
    with unit_of_work(database) as session:
        assert licence_names.meant(session, name) == [ode]


@pytest.mark.parametrize(
    "name",
    [
        *("9783161484101", "isbn:1", "10.1000/ode", "doi:10.1000", "isrc:USRC17607830"),
        *("https://ada.example/poems/ode", "ftp://ada.example", "http://", "http://[", "://"),
        *(ISCC[:-1], "ISCC:", "ode", "", " ", "\0", "ode \ud800", "https://ada.example/\u2028"),
        *("urn:wellspring:work:0", "urn:wellspring:work:01", "urn:wellspring:work:9" + "9" * 18),
    ],
)
def test_what_is_no_name_of_a_work_finds_none(database, ode, name):
    with unit_of_work(database) as session:
        assert licence_names.meant(session, name) == []


def test_our_own_number_is_a_name(database, ode):
    with unit_of_work(database) as session:
        assert licence_names.meant(session, f"urn:wellspring:work:{ode}") == [ode]
