"""Works as the API shows them: their facts, identifiers, editions and what they owe."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api.findings import WorkFinding, finding_shown
from service.store import editions, findings, identifiers
from service.store.editions import Edition
from service.store.identifiers import Identifier, parse
from service.store.rows import WorkRow


class GivenIdentifier(BaseModel):
    """An identifier that a work has elsewhere."""

    model_config = ConfigDict(extra="forbid", strict=True)
    scheme: str = Field(description="isbn, doi, isrc, orcid, isni or url.")
    value: str = Field(description="Checked, and kept in the normal form of its scheme.")


class ShownIdentifier(BaseModel):
    """An identifier of a work, in normal form, with the edition it was given to."""

    scheme: str
    value: str
    edition: int


class SourceFile(BaseModel):
    """The file a text was taken from. It is not kept; its hash says which it was."""

    type: str
    sha256: str
    size_bytes: int


class Work(BaseModel):
    """A registered work."""

    work_id: int
    title: str
    language: str
    reference: str | None
    text_chars: int
    state: str = Field(description="waiting for embedding, indexed or withdrawn")
    registered_at: datetime
    withdrawn_at: datetime | None
    kind: str
    created_on: str | None


class ShownEdition(BaseModel):
    """One text of a work. The first edition is what was registered first."""

    edition: int
    note: str | None
    text_chars: int
    state: str = Field(description="waiting for embedding, indexed or withdrawn")
    registered_at: datetime
    content_hash: str = Field(description="SHA-256 of the text, see registry.md.")
    iscc: str | None = Field(description="ISO 24138, of the text; null until it is logged.")
    detected_language: str | None = Field(description="What the text seems to be written in.")
    language_differs: bool = Field(description="It seems to be another than was declared.")
    log_position: int | None = Field(description="Place in the registration log.")
    source: SourceFile | None


class ExaminedWork(Work):
    """A work with what was found at its registration; ``originality_ppm`` is null before."""

    commons: bool = Field(description="A text that is nobody's: it wins passages, unpaid.")
    originality_ppm: int | None = Field(description="Part of the text that nothing earlier has.")
    flags: list[str] = Field(description="stuffed, evasive")
    findings: list[WorkFinding] = Field(description="What it owes to earlier works.")
    identifiers: list[ShownIdentifier]
    editions: list[ShownEdition] = Field(description="Oldest first.")


def identifiers_of(given: Sequence[GivenIdentifier]) -> tuple[Identifier, ...]:
    """Check identifiers and bring them to their normal form; raise BadIdentifier."""
    return tuple(parse(one.scheme, one.value) for one in given)


def shown(row: WorkRow) -> Work:
    """Show a work by itself."""
    assert row.work_id is not None
    return Work(
        work_id=row.work_id,
        title=row.title,
        language=row.language,
        reference=row.reference,
        text_chars=row.text_chars,
        state=_state(row.embedded_at, row.withdrawn_at),
        registered_at=row.registered_at,
        withdrawn_at=row.withdrawn_at,
        kind=row.kind,
        created_on=row.created_on,
    )


def examined(session: Session, row: WorkRow) -> ExaminedWork:
    """Show a work with everything that hangs on it."""
    assert row.work_id is not None
    given = identifiers.of_works(session, [row.work_id])[row.work_id]
    found = [*findings.of_work(session, row.work_id), *findings.of_editions(session, row.work_id)]
    return ExaminedWork(
        **shown(row).model_dump(),
        commons=row.commons,
        originality_ppm=row.originality_ppm,
        flags=row.flags,
        findings=[finding_shown(one) for one in found],
        identifiers=[
            ShownIdentifier(scheme=one.scheme, value=one.value, edition=one.edition_no)
            for one in given
        ],
        editions=[
            edition_shown(one, row.language) for one in editions.of_work(session, row.work_id)
        ],
    )


def edition_shown(one: Edition, language: str) -> ShownEdition:
    """Show an edition of a work that is declared to be in ``language``."""
    source = one.source and SourceFile(
        type=one.source.kind, sha256=one.source.sha256.hex(), size_bytes=one.source.byte_count
    )
    seems = one.detected_language
    return ShownEdition(
        edition=one.edition_no,
        note=one.note,
        text_chars=one.text_chars,
        state=_state(one.embedded_at, one.withdrawn_at),
        registered_at=one.registered_at,
        content_hash=one.content_hash.hex(),
        iscc=one.iscc,
        detected_language=seems,
        language_differs=seems is not None and seems != language.partition("-")[0],
        log_position=one.position,
        source=source or None,
    )


def _state(embedded_at: datetime | None, withdrawn_at: datetime | None) -> str:
    if withdrawn_at:
        return "withdrawn"
    return "indexed" if embedded_at else "waiting for embedding"
