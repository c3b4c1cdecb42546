"""Registering a file as a work, or as a further edition of one, by an operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from service.intake import intake
from service.intake.intake import FileText
from service.ledger.rights import check_split
from service.store import editions, parties, rights, works
from service.store.database import Database, unit_of_work
from service.store.editions import NewEdition
from service.store.identifiers import Identifier, parse
from service.store.work_facts import Source
from service.store.works import NewWork
from worker.import_lines import BadOption


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What an operator says of a file beside its content."""

    title: str
    language: str
    shares_ppm: Mapping[str, int]
    reference: str | None
    kind: str
    created_on: str | None
    identifiers: tuple[Identifier, ...]


def read_file(path: Path) -> FileText:
    """Read a file with the limits of uploads; raise BadOption or a FileRefused."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadOption(str(path), f"cannot be read: {error.strerror}") from None
    return intake.read(path.name, content)


def identifiers_of(given: Sequence[str]) -> tuple[Identifier, ...]:
    """Read identifiers written as ``isbn:9780306406157``; raise BadOption, BadIdentifier."""
    found = []
    for one in given:
        scheme, colon, value = one.partition(":")
        if not colon:
            raise BadOption("--identifier", "must be written as scheme:value, like isbn:...")
        found.append(parse(scheme, value))
    return tuple(found)


def register_file(database: Database, path: Path, facts: FileFacts, *, now: datetime) -> int:
    """Register the text of a file as a work from now on; return its number."""
    read = read_file(path)
    work = NewWork(
        facts.title,
        read.text,
        facts.language,
        facts.reference,
        kind=facts.kind,
        created_on=facts.created_on,
        identifiers=facts.identifiers,
        source=_source(read),
    )
    check_split(dict(enumerate(facts.shares_ppm.values())))
    with unit_of_work(database) as session:
        row = works.register(session, work, registered_at=now, now=now)
        shares: dict[int, int] = {}
        for name, share in facts.shares_ppm.items():
            party = parties.holder_named(session, name, now=now)
            assert party.party_id is not None
            shares[party.party_id] = share
        assert row.work_id is not None
        rights.first_version(session, row.work_id, shares, day=now.date(), now=now)
        return row.work_id


def add_edition(
    database: Database,
    path: Path,
    work_id: int,
    *,
    note: str | None,
    created_on: str | None,
    identifiers: tuple[Identifier, ...],
    now: datetime,
) -> int:
    """Register the text of a file as a further edition of a work; return its number."""
    read = read_file(path)
    edition = NewEdition(read.text, note, created_on, identifiers, _source(read))
    with unit_of_work(database) as session:
        return editions.add(session, work_id, edition, registered_at=now, now=now).edition_no


def _source(read: FileText) -> Source:
    return Source(read.file_type.value, read.sha256, read.byte_count)
