"""Test books of vendors: books of their own, a clock that moves, and nothing of the live ones."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

import psycopg
import pytest
import sqlalchemy
from fastapi.testclient import TestClient
from pypdf import PdfReader
from town import Town, town_in

from service.api.application import create_api
from service.documents.bank_file import Payer
from service.settings import Settings
from service.store import api_keys, parties, vendor_books
from service.store.database import unit_of_work
from service.store.mode import Mode, NotLive
from worker import bank_files, drain
from worker.outbox import delivery
from worker.vendor_books import rounds
from worker.vendor_books.directory import BookDirectory
from worker.verify import verify
from worker.web import context_in

CONTROL = ("api_key", "test_book")
"""Tables of the live books that say who may ask and which test books there are."""


class SilentBell:
    def ring(self):
        pass


@dataclass
class Installation:
    """Live books, the test books beside them, and the web over both."""

    town: Town
    directory: BookDirectory
    app: object

    def client(self, vendor="Acme", mode=Mode.TEST):
        """Return a client that sends a fresh key of a vendor."""
        with unit_of_work(self.town.database) as session:
            vendor_id = parties.vendor_named(session, vendor).party_id
            key, _ = api_keys.make(session, vendor_id, "k", mode=mode, now=self.town.clock())
        client = TestClient(self.app, raise_server_exceptions=False)
        client.headers["Authorization"] = f"Bearer {key}"
        return client

    def works(self):
        """Let the worker do all that waits in the test books."""
        for _ in range(60):
            with unit_of_work(self.town.database) as session:
                session.execute(sqlalchemy.text("UPDATE test_book SET worked_at = NULL"))
            if not rounds.step(self.town.place, self.directory):
                return
        pytest.fail("a test book is never done")

    def book_place(self, vendor="Acme"):
        with unit_of_work(self.town.database) as session:
            vendor_id = parties.vendor_named(session, vendor).party_id
        return self.directory.place_of(self.directory.book_of(vendor_id))

    def fingerprint(self):
        """Return a hash of every row of every live table but those of control."""
        said = hashlib.sha256()
        with unit_of_work(self.town.database) as session:
            tables = session.execute(
                sqlalchemy.text(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
                    'ORDER BY tablename COLLATE "C"'
                )
            ).scalars()
            for table in tables.all():
                if table not in CONTROL:
                    query = f'SELECT t::text FROM "{table}" t ORDER BY 1'
                    said.update(repr(session.execute(sqlalchemy.text(query)).all()).encode())
        return said.hexdigest()


@pytest.fixture
def installation(urls, database, tmp_path):
    town = town_in(database, tmp_path)
    settings = Settings(
        home=tmp_path, database_url=urls.app, database_owner_url=urls.owner, test_book_sales=50
    )
    place = town.place.__class__(settings, database, town.room, town.clock)
    town.place = place
    directory = BookDirectory(place)
    app = create_api(context_in(place, SilentBell(), directory))
    yield Installation(town, directory, app)
    with unit_of_work(database) as session:
        books = vendor_books.listing(session)
    for book in books:
        directory.drop(book)


def a_sale(name, text, *, sold_at="2026-03-10T10:00:00Z", tokens=1_000_000):
    return {
        "id": name,
        "tier": "premium",
        "output_tokens": tokens,
        "text": text,
        "sold_at": sold_at,
    }


def test_a_month_of_a_vendor_passes_in_its_test_book_and_nothing_in_the_live_ones(installation):
    client = installation.client()
    before = installation.fingerprint()

    work = client.get("/v1/test/works").json()["data"][0]
    reported = client.post("/v1/sales", json=a_sale("one", work["text"]))
    assert reported.status_code == 200, reported.text
    assert reported.headers["Wellspring-Mode"] == "test"
    installation.works()
    sale = client.get("/v1/sales/one").json()
    assert sale["state"] == "settled"
    assert work["work_id"] in {share["work_id"] for share in sale["attribution"]["shares"]}

    moved = client.post("/v1/test/clock", json={"advance_to": "2026-04-02T00:00:00Z"}).json()
    assert (moved["mode"], moved["closes_until"]) == ("test", "2026-03")
    installation.works()
    assert client.get("/v1/test/clock").json()["periods"] == [
        {"period": "2026-03", "state": "closed"}
    ]
    (row,) = client.get("/v1/vendor-statements").json()["data"]
    assert (row["period"], row["charged"]) == ("2026-03", "0.60")
    assert_marked(client, row["number"])
    assert [c for c in verify(installation.book_place().database, drain.silent) if c.facts] == []
    assert installation.fingerprint() == before


def assert_marked(client, number):
    """Every form of a statement of a test book says what it is."""
    where = f"/v1/vendor-statements/{number}"
    assert client.get(where).json()["mode"] == "test"
    assert client.get(f"{where}/invoice").json()["mode"] == "test"
    rows = client.get(f"{where}.csv").text.splitlines()
    assert [line for line in rows[1:] if "TEST, not for payment" not in line] == []
    assert "TEST, not for payment" in client.get(f"{where}.html").text
    pages = PdfReader(BytesIO(client.get(f"{where}.pdf").content)).pages
    assert "TEST, not for payment" in " ".join(page.extract_text() for page in pages)


def test_nothing_leaves_a_test_book(installation):
    installation.client().get("/v1/test/book")
    database, now = installation.book_place().database, installation.town.clock()
    payer = Payer(name="Wellspring", iban="DE89370400440532013000", bic="")

    with pytest.raises(NotLive):
        bank_files.write(database, 1, payer, None, by="op", now=now)
    with pytest.raises(NotLive):
        delivery.deliver_next(database, None, clock=installation.town.clock)


def test_a_live_key_stays_out_of_test_books_and_a_test_key_out_of_live_ones(installation, texts):
    live, test = installation.client(mode=Mode.LIVE), installation.client()
    assert live.post("/v1/sales", json=a_sale("of-live", texts.ode)).status_code == 200
    assert test.post("/v1/sales", json=a_sale("of-test", texts.ode)).status_code == 200

    refused = live.get("/v1/test/clock")
    assert (refused.status_code, refused.json()["code"]) == (403, "test-key-needed")
    assert refused.headers["Wellspring-Mode"] == "live"
    assert live.get("/v1/sales/of-test").status_code == 404
    assert test.get("/v1/sales/of-live").status_code == 404
    assert [one["id"] for one in test.get("/v1/sales").json()["data"]] == ["of-test"]
    assert [one["id"] for one in live.get("/v1/sales").json()["data"]] == ["of-live"]


def test_a_test_key_is_nobody_where_people_are_asked_for(installation):
    test = installation.client()

    for path in ("/v1/periods", "/v1/keys", "/v1/works"):
        answer = test.get(path)
        assert (answer.status_code, answer.headers["Wellspring-Mode"]) == (401, "test")


@pytest.mark.parametrize("change", ["prefix", "checksum", "case"])
def test_a_key_of_one_mode_is_no_key_of_the_other(installation, change):
    client = installation.client(mode=Mode.LIVE)
    key = client.headers["Authorization"].removeprefix("Bearer ")
    made = {
        "prefix": key.replace("ws_live_", "ws_test_"),
        "checksum": "ws_test_" + key[8:-1] + ("0" if key[-1] != "0" else "1"),
        "case": key.replace("ws_live_", "WS_TEST_"),
    }[change]

    client.headers["Authorization"] = f"Bearer {made}"

    assert client.get("/v1/sales").status_code == 401
    assert client.get("/v1/test/clock").status_code == 401
    with unit_of_work(installation.town.database) as session:
        assert vendor_books.listing(session) == []


def test_two_vendors_have_books_and_clocks_of_their_own(installation, texts):
    acme, borealis = installation.client("Acme"), installation.client("Borealis")
    acme.post("/v1/sales", json=a_sale("one", texts.ode))
    acme.post("/v1/test/clock", json={"advance_by_days": 5})

    assert borealis.get("/v1/sales").json()["data"] == []
    assert borealis.get("/v1/test/clock").json()["ahead_seconds"] == 0
    assert acme.get("/v1/test/clock").json()["ahead_seconds"] == 5 * 86_400
    assert borealis.post("/v1/test/reset").json()["sales"] == 0
    assert acme.get("/v1/sales/one").status_code == 200


def test_a_reset_empties_the_book_and_puts_its_clock_back(installation, texts):
    client = installation.client()
    client.post("/v1/sales", json=a_sale("one", texts.ode))
    client.post("/v1/test/clock", json={"advance_by_days": 40})
    before = installation.book_place().settings.home

    answer = client.post("/v1/test/reset")
    assert answer.status_code == 200, answer.text
    book = answer.json()

    assert (book["sales"], book["clock"]["ahead_seconds"]) == (0, 0)
    assert client.get("/v1/sales/one").status_code == 404
    assert client.post("/v1/sales", json=a_sale("one", texts.essay)).status_code == 200
    assert installation.book_place().settings.home != before
    assert not before.exists()


def test_a_clock_goes_neither_back_nor_further_than_ten_years(installation):
    client = installation.client()

    back = client.post("/v1/test/clock", json={"advance_to": "2026-03-01T00:00:00Z"})
    far = client.post("/v1/test/clock", json={"advance_to": "2039-01-01T00:00:00Z"})
    both = client.post("/v1/test/clock", json={})

    assert (back.status_code, back.json()["code"]) == (409, "clock-backwards")
    assert (far.status_code, far.json()["code"]) == (422, "clock-too-far")
    assert (both.status_code, both.json()["errors"][0]["place"]) == (422, "advance_to")
    assert client.get("/v1/test/clock").json()["ahead_seconds"] == 0


def test_a_book_is_full_at_its_limit_and_takes_sales_again_after_a_reset(installation):
    client = installation.client()
    sales = [a_sale(f"s{n}", "") | {"text": None} for n in range(51)]

    refused = client.post("/v1/sales", json=sales)
    assert (refused.status_code, refused.json()["code"]) == (409, "test-book-full")
    assert client.post("/v1/sales", json=sales[:50]).status_code == 200
    assert client.post("/v1/sales", json=sales[50]).status_code == 409
    client.post("/v1/test/reset")
    assert client.post("/v1/sales", json=sales[50]).status_code == 200


def test_refund_conflict_quarantine_and_a_text_of_ones_own_can_be_tried(installation, texts):
    client = installation.client()
    mine = client.post("/v1/test/works", json={"title": "Ode", "text": texts.ode}).json()
    client.post("/v1/test/clock", json={"advance_by_days": 1})
    day = "2026-03-11T10:00:00Z"
    client.post("/v1/sales", json=a_sale("one", texts.ode, sold_at=day))
    client.post("/v1/sales", json=a_sale("quarantine-1", texts.ode, sold_at=day))
    conflict = client.post("/v1/sales", json=a_sale("one", texts.essay, sold_at=day))
    installation.works()
    refund = client.post("/v1/sales/one/refunds", json={"id": "r1", "amount": "6.00"})
    installation.works()

    assert conflict.status_code == 409
    assert refund.status_code in {201, 202}
    sale = client.get("/v1/sales/one").json()
    assert [one["work_id"] for one in sale["attribution"]["shares"]] == [mine["work_id"]]
    assert client.get("/v1/sales/quarantine-1").json()["state"] == "quarantined"
    assert [c for c in verify(installation.book_place().database, drain.silent) if c.facts] == []


def test_an_idle_book_is_not_worked_on_until_it_is_used_again(installation, texts):
    client = installation.client()
    client.get("/v1/test/book")
    installation.works()
    installation.town.clock.now += timedelta(minutes=5)
    installation.works()
    with unit_of_work(installation.town.database) as session:
        assert not vendor_books.any_waiting(session)

    client.post("/v1/sales", json=a_sale("one", texts.nothing))

    with unit_of_work(installation.town.database) as session:
        assert vendor_books.any_waiting(session)


def test_a_book_that_nobody_used_for_long_is_dropped_and_made_anew_by_its_key(installation, texts):
    client = installation.client()
    client.post("/v1/sales", json=a_sale("one", texts.ode))
    installation.town.clock.now += timedelta(days=91)

    (dropped,) = rounds.drop_unused(installation.directory)

    assert not installation.directory.server().exists(dropped.database_name)
    assert client.get("/v1/test/book").json()["sales"] == 0


def test_a_worker_killed_in_the_middle_of_a_book_leaves_all_to_the_next(installation, texts):
    client = installation.client()
    client.post("/v1/sales", json=a_sale("one", texts.ode))
    with unit_of_work(installation.town.database) as session:
        claimed = vendor_books.claim_next(
            session, now=installation.town.clock(), rested=rounds.RESTED
        )
    assert claimed is not None  # it was claimed by a worker that is no more

    installation.works()

    assert client.get("/v1/sales/one").json()["state"] == "settled"


def test_while_live_rows_wait_a_book_gets_a_step_in_half_a_minute(installation, texts):
    client = installation.client()
    client.get("/v1/test/book")
    installation.town.sells("live", text=texts.ode, at=installation.town.clock())
    place, directory = installation.town.place, installation.directory
    assert not rounds.step(place, directory), "it rings for no more"
    with unit_of_work(installation.town.database) as session:
        now = installation.town.clock()
        soon = vendor_books.claim_next(session, now=now, rested=rounds.RESTED_WHILE_LIVE_WAITS)
        later = vendor_books.claim_next(
            session, now=now + timedelta(seconds=30), rested=rounds.RESTED_WHILE_LIVE_WAITS
        )
    assert soon is None
    assert later is not None


def test_an_owner_that_may_not_make_databases_is_told_what_it_lacks(installation, urls):
    with psycopg.connect(urls.superuser, autocommit=True) as connection:
        connection.execute("ALTER ROLE wellspring_owner NOCREATEDB")
        try:
            refused = installation.client().get("/v1/test/book")
        finally:
            connection.execute("ALTER ROLE wellspring_owner CREATEDB")

    assert (refused.status_code, refused.json()["code"]) == (503, "no-right-to-make")
    assert 'ALTER ROLE "wellspring_owner" CREATEDB' in refused.json()["detail"]


def test_an_operator_opens_verifies_and_drops_a_test_book(wellspring):
    code, said, _ = wellspring("test-book", "open", "Acme", "--json")
    assert code == 0, said
    assert json.loads(said)["vendor"] == "Acme"
    code, said, _ = wellspring("verify", "--test", "Acme", "--json")
    assert (code, {check["holds"] for check in json.loads(said)}) == (0, {True})
    assert wellspring("test-book", "drop", "Acme")[0] == 0
    assert wellspring("verify", "--test", "Acme")[0] == 1
