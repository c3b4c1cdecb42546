"""Forms that bring a file: read with limits, the file read apart; what is wrong has a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from service.api import json_body
from service.api.body import media_type
from service.intake import intake
from service.intake.intake import FileText
from service.ledger.errors import LedgerError
from service.store.text_rules import BadText, check_text
from service.store.work_facts import Source

_MULTIPART = "multipart/form-data"
_MOST_FIELDS = 20
_MAX_FIELD_BYTES = 200_000
_AT_ONCE, _WAIT_SECONDS = 2, 20
_reading = BoundedSemaphore(_AT_ONCE)


class BadUpload(LedgerError):
    """A multipart form cannot be read."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"the form cannot be read: {rule}", rule=rule)


class TooManyParts(LedgerError):
    """A multipart form has more parts than any upload needs."""

    def __init__(self) -> None:
        super().__init__(
            f"the form has more than one file or more than {_MOST_FIELDS} fields",
            limit=_MOST_FIELDS,
        )


class ReadingBusy(LedgerError):
    """As many files are read at the moment as may be."""

    def __init__(self) -> None:
        super().__init__(f"{_AT_ONCE} files are being read already: send it again in a moment")


@dataclass(frozen=True, slots=True)
class Upload:
    """What a form brought: the file and the other fields."""

    name: str
    content: bytes
    fields: Mapping[str, str]


async def upload_of(request: Request) -> Upload:
    """Read the form of a request; raise WrongMediaType, TooManyParts, BadUpload or BadText."""
    media_type(request, (_MULTIPART,))
    try:
        form = await request.form(
            max_files=1, max_fields=_MOST_FIELDS, max_part_size=_MAX_FIELD_BYTES
        )
    except HTTPException as error:
        if "Too many" in str(error.detail):
            raise TooManyParts from None
        raise BadUpload(str(error.detail)[:200]) from None
    try:
        file, fields = _parts(form)
        return Upload(file.filename or "", await file.read(), fields)
    finally:
        await form.close()


def _parts(form: FormData) -> tuple[UploadFile, Mapping[str, str]]:
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise BadText("file", "must be sent as a part with a file name")
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if name in fields or (name == "file" and value is not file):
            raise BadText(json_body.printable(name), "is given twice")
        if isinstance(value, str):
            fields[name] = value
    return file, fields


UploadedFile = Annotated[Upload, Depends(upload_of)]


def file_text(upload: Upload) -> FileText:
    """Return the text of an uploaded file; raise a FileRefused, or ReadingBusy."""
    if not _reading.acquire(timeout=_WAIT_SECONDS):
        raise ReadingBusy
    try:
        return intake.read(upload.name, upload.content)
    finally:
        _reading.release()


def source_of(read: FileText) -> Source:
    """Say which file a text came from."""
    return Source(read.file_type.value, read.sha256, read.byte_count)


def fields_as(model: type[BaseModel], fields: Mapping[str, str], *, json_names: set[str]) -> Any:
    """Read text fields as a model, those of ``json_names`` as JSON; raise BadJson, BadText."""
    values: dict[str, object] = {}
    for name, text in fields.items():
        check_text(text, place=json_body.printable(name), max_chars=_MAX_FIELD_BYTES, empty=True)
        values[name] = json_body.read(text.encode(), place=name) if name in json_names else text
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(json_body.printable(str(part)) for part in first["loc"])
        raise BadText(place, str(first["msg"])) from None


def schema_of(model: type[BaseModel], *, json_names: set[str]) -> dict[str, Any]:
    """Describe a form for the OpenAPI document."""
    described = model.model_json_schema()
    properties: dict[str, Any] = {"file": {"type": "string", "format": "binary"}}
    for name in described["properties"]:
        note = {"description": "JSON"} if name in json_names else {}
        properties[name] = {"type": "string", **note}
    required = ["file", *described.get("required", [])]
    schema = {"type": "object", "properties": properties, "required": required}
    return {"requestBody": {"required": True, "content": {_MULTIPART: {"schema": schema}}}}
