"""Works and editions registered by a file."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.api.editions import EditionFields, add
from service.api.forms import UploadedFile, fields_as, file_text, schema_of, source_of
from service.api.paging import Number
from service.api.shown_works import GivenIdentifier, ShownEdition, Work, identifiers_of
from service.api.splits import HolderShare
from service.api.work_registration import register
from service.intake.limits import MAX_FILE_BYTES
from service.store import holdings, works
from service.store.database import unit_of_work
from service.store.editions import NewEdition
from service.store.identifiers import MOST_OF_A_WORK
from service.store.text_rules import check_text
from service.store.work_facts import Kind
from service.store.works import MAX_REFERENCE_CHARS, NewWork

router = APIRouter(tags=["works"])


class WorkFields(BaseModel):
    """The fields beside the file; identifiers and holders are JSON."""

    model_config = ConfigDict(extra="forbid")
    title: str
    language: str
    reference: str | None = None
    kind: str = Kind.OTHER
    created_on: str | None = None
    identifiers: list[GivenIdentifier] = Field(default_factory=list, max_length=MOST_OF_A_WORK)
    holders: list[HolderShare] | None = Field(default=None, max_length=1_000)


_JSON_NAMES = {"identifiers", "holders"}


@router.post(
    "/v1/works/files",
    summary="Register a work by its file",
    description=(
        f"txt, md, html, pdf, docx or epub of at most {MAX_FILE_BYTES} bytes. The text is taken "
        "out and registered; of the file its type, size and SHA-256 are kept."
    ),
    status_code=201,
    responses=problems(400, 401, 403, 409, 413, 415),
    openapi_extra=schema_of(WorkFields, json_names=_JSON_NAMES),
)
def register_file(context: Context, person: CreatorOrOperator, upload: UploadedFile) -> Work:
    """Register the text of a file as a work from now on."""
    fields: WorkFields = fields_as(WorkFields, upload.fields, json_names=_JSON_NAMES)
    if fields.reference is not None:
        check_text(fields.reference, place="reference", max_chars=MAX_REFERENCE_CHARS)
    identifiers = identifiers_of(fields.identifiers)
    read = file_text(upload)
    work = NewWork(
        fields.title,
        read.text,
        fields.language,
        fields.reference,
        kind=fields.kind,
        created_on=fields.created_on,
        identifiers=identifiers,
        source=source_of(read),
    )
    return register(context, person, work, fields.holders)


_EDITION_JSON_NAMES = {"identifiers"}


@router.post(
    "/v1/works/{work_id}/editions/files",
    summary="Register a further edition of a work by its file",
    status_code=201,
    responses=problems(400, 401, 403, 404, 409, 413, 415),
    openapi_extra=schema_of(EditionFields, json_names=_EDITION_JSON_NAMES),
)
def add_edition_file(
    context: Context, person: CreatorOrOperator, work_id: Number, upload: UploadedFile
) -> ShownEdition:
    """Register the text of a file as the next edition, as for `POST /v1/works/files`."""
    with unit_of_work(context.database) as session:
        if person.party_id is not None:
            holdings.check_present(session, person.party_id, work_id)
        works.get(session, work_id)
    fields: EditionFields = fields_as(EditionFields, upload.fields, json_names=_EDITION_JSON_NAMES)
    identifiers = identifiers_of(fields.identifiers)
    read = file_text(upload)
    edition = NewEdition(read.text, fields.note, fields.created_on, identifiers, source_of(read))
    return add(context, person, work_id, edition)
