"""Databases of test books on the installation's server: made from a template, dropped whole."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import as_file, files

import psycopg
from psycopg import sql
from sqlalchemy import make_url
from sqlmodel import Session

from service.ledger.contract import Contract
from service.store import embeddings, parties, terms
from service.store.database import Database, migrate, newest_revision, role_of, unit_of_work
from service.store.rows import PartyRow
from service.store.vendor_books import NoRightToMake
from worker import work_import
from worker.founding import found
from worker.sample_job import REGISTERED_AT

_POOL = 4


@dataclass(frozen=True, slots=True)
class BookServer:
    """Where databases of test books are made: beside the live one, by its owner."""

    live: Database
    owner_url: str

    def make(self, vendor_id: int, *, now: datetime) -> tuple[str, int]:
        """Make the database of a vendor's book; return its name and the vendor's number in it.

        Whoever calls holds the makers' lock. Raises NoRightToMake.
        """
        with unit_of_work(self.live) as session:
            prefix = f"wellspring_test_{embeddings.installation(session)[:8]}"
        template = self._template(prefix, now=now)
        name = f"{prefix}_{vendor_id}_{secrets.token_hex(4)}"
        self._create(name, template)
        self._mark(name)
        book = self.connect(name)
        try:
            with unit_of_work(self.live) as live, unit_of_work(book) as session:
                return name, copy_vendor(live, session, vendor_id, now=now)
        finally:
            book.close()

    def connect(self, name: str) -> Database:
        """Open a small pool to a book as the application's role."""
        return Database.connect(_at(self.live.url, name), pool_size=_POOL)

    def bring_up_to_date(self, name: str) -> None:
        """Apply the migrations that a book lacks; whoever opens one that lacks none may not."""
        if self._revision(name) == newest_revision():
            return
        owner = Database.connect(_at(self.owner_url, name), pool_size=1)
        try:
            migrate(owner, app_role=role_of(self.live))
        finally:
            owner.close()

    def exists(self, name: str) -> bool:
        """Whether the server has a database of this name."""
        with self._owner() as owner:
            return bool(
                owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            )

    def drop(self, name: str) -> None:
        """Drop a book's database, whoever is connected to it; one that is gone is gone."""
        named = sql.Identifier(name)
        with self._owner() as owner, suppress(psycopg.errors.InvalidCatalogName):
            owner.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(named))
            with psycopg.connect(_plain(self.live.url), autocommit=True) as app:
                app.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = %s AND usename = current_user",
                    (name,),
                )  # its own connections: the owner may end only its own
            owner.execute(sql.SQL("DROP DATABASE {}").format(named))

    def may_make(self) -> bool:
        """Whether the owner's role may make and drop databases."""
        with self._owner() as owner:
            query = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            row = owner.execute(query).fetchone()
            return bool(row and row[0])

    def _revision(self, name: str) -> str | None:
        with psycopg.connect(_plain(_at(self.owner_url, name)), autocommit=True) as owner:
            row = owner.execute("SELECT to_regclass('public.alembic_version')").fetchone()
            if not row or row[0] is None:
                return None
            found = owner.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(found[0]) if found else None

    def _template(self, prefix: str, *, now: datetime) -> str:
        """Return the template of this version of the schema; made whole at first use."""
        name = f"{prefix}_template_{newest_revision()}"
        if self.exists(name):
            return name
        with self._owner() as owner:
            query = "SELECT datname FROM pg_database WHERE datname LIKE %s"
            pattern = f"{prefix}_template_%".replace("_", r"\_")
            for (older,) in owner.execute(query, (pattern,)).fetchall():
                self.drop(older)
        building = f"{name}_building"
        self._create(building, None)
        self.bring_up_to_date(building)
        book = self.connect(building)
        try:
            _stock(book, now=now)
        finally:
            book.close()
        with self._owner() as owner:
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            owner.execute(rename.format(sql.Identifier(building), sql.Identifier(name)))
        return name

    def _create(self, name: str, template: str | None) -> None:
        query = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template:
            query += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        with self._owner() as owner:
            try:
                owner.execute(query)
            except psycopg.errors.InsufficientPrivilege:
                raise NoRightToMake(owner.info.user) from None

    def _mark(self, name: str) -> None:
        """Say in the book itself that it is one, and that its index files are its own."""
        with psycopg.connect(_plain(_at(self.owner_url, name)), autocommit=True) as owner:
            owner.execute(
                "UPDATE installation SET mode = 'test', installation_id = gen_random_uuid()"
            )

    @contextmanager
    def _owner(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(_plain(self.owner_url), autocommit=True) as connection:
            yield connection


def copy_vendor(live: Session, book: Session, vendor_id: int, *, now: datetime) -> int:
    """Copy a vendor with those terms that its book lacks; return its number in the book.

    Chain parties that contracts may name come along. What the book has stays as it is.
    """
    for party in parties.chain(live):
        _same_party(book, party, now=now)
    vendor = live.get(PartyRow, vendor_id)
    assert vendor is not None
    copied = _same_party(book, vendor, now=now)
    assert copied.party_id is not None
    said = terms.of_vendors(live, [vendor_id])[vendor_id]
    known = terms.of_vendors(book, [copied.party_id])[copied.party_id]
    card_days = {card.valid_from for card in known.rate_cards}
    for card in said.rate_cards:
        if card.valid_from not in card_days:
            terms.add_rate_card(book, copied, card)
    contract_days = {contract.valid_from for contract in known.contracts}
    for one in said.contracts:
        if one.valid_from not in contract_days:
            fresh = Contract(0, one.vendor, one.valid_from, one.currency, one.steps)
            terms.add_contract(book, copied, fresh)
    return copied.party_id


def _same_party(book: Session, party: PartyRow, *, now: datetime) -> PartyRow:
    known = parties.by_slug(book, party.slug or "")
    return known or parties.add_company(book, party.kind, party.name, slug=party.slug, now=now)


def _stock(book: Database, *, now: datetime) -> None:
    """Let the template know the chain parties and the sample works, which are fiction."""
    with unit_of_work(book) as session:
        found(session, now=now, sample_parties=False)
    with as_file(files("worker") / "sample" / "works.jsonl") as path:
        work_import.import_works(
            book,
            path,
            holder=None,
            registered_at=min(REGISTERED_AT, now.astimezone(UTC)),
            now=now,
            is_sample=True,
        )


def _at(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
