"""A work of a batch: the same fields as JSON and as CSV."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from service.api.formats.lines import Line
from service.ledger.errors import LedgerError
from service.ledger.money import PPM
from service.ledger.rights import check_split
from service.ledger.sale_report import FieldError
from service.store import identifiers, works
from service.store.identifiers import Identifier, Scheme
from service.store.text_rules import BadText
from service.store.work_facts import Kind
from service.store.works import NewWork

COLUMNS = (
    "id", "title", "text", "language", "kind", "created_on", "holders", *Scheme,
)  # fmt: skip
_HOLDER = re.compile(r"\s*(.+?)\s*:\s*([0-9]{1,7})\s*", re.DOTALL)

Holder = str | int
"""A holder by name or by number."""


@dataclass(frozen=True, slots=True)
class WorkLine:
    """A work of a batch, with its split by holder."""

    place: str
    work: NewWork
    shares_ppm: Mapping[Holder, int]


def checked(
    lines: Iterable[Line | FieldError], read: Callable[[Line], WorkLine]
) -> tuple[list[WorkLine], list[FieldError]]:
    """Read all lines; return the works and everything that is wrong, each with its line."""
    found: list[WorkLine] = []
    errors: list[FieldError] = []
    seen: dict[str, str] = {}
    for line in lines:
        if isinstance(line, FieldError):
            errors.append(line)
            continue
        try:
            work = read(line)
        except LedgerError as error:
            errors.append(FieldError(line.place, error.sentence))
            continue
        reference = work.work.reference or ""
        if reference in seen:
            errors.append(FieldError(line.place, f"id {reference!r} is that of {seen[reference]}"))
            continue
        seen[reference] = line.place
        found.append(work)
    return found, errors


def owned_by(holder: Holder | None) -> Callable[[Line], WorkLine]:
    """Return the reader of lines whose works are ``holder``'s where they name no holders."""
    return lambda line: WorkLine(line.place, new_work(line), shares(line, holder))


def of_nobody(line: Line) -> WorkLine:
    """Read a text of the commons."""
    return WorkLine(line.place, new_work(line), {})


def new_work(line: Line) -> NewWork:
    """Read the facts and the text of a line; raise what is wrong with them."""
    for name in ("id", "title", "text"):
        if not isinstance(line.value.get(name), str):
            raise BadText(name, "must be a text")
    work = NewWork(
        str(line.value["title"]),
        str(line.value["text"]),
        _text(line, "language", "en") or "en",
        str(line.value["id"]),
        kind=_text(line, "kind", Kind.OTHER) or Kind.OTHER,
        created_on=_text(line, "created_on", None),
        identifiers=tuple(_identifiers(line)),
    )
    return works.check(work)


def _text(line: Line, name: str, default: str | None) -> str | None:
    value = line.value.get(name, default)
    if value is not None and not isinstance(value, str):
        raise BadText(name, "must be a text")
    return value


def _identifiers(line: Line) -> Iterable[Identifier]:
    """Read the list ``identifiers``, and a field for each scheme with one or several of it."""
    given = line.value.get("identifiers", [])
    if not isinstance(given, list):
        raise BadText("identifiers", "must be a list")
    for at, one in enumerate(given):
        scheme = one.get("scheme") if isinstance(one, dict) else None
        value = one.get("value") if isinstance(one, dict) else None
        if not isinstance(scheme, str) or not isinstance(value, str):
            raise BadText(f"identifiers[{at}]", "must have a scheme and a value")
        yield identifiers.parse(scheme, value)
    for scheme in Scheme:
        for value in (_text(line, scheme, None) or "").split("|"):
            if value.strip():
                yield identifiers.parse(scheme, value)


def shares(line: Line, holder: Holder | None) -> dict[Holder, int]:
    """Read the split of a line, all to ``holder`` where it names none."""
    given = line.value.get("holders")
    if given is None:
        if holder is None:
            raise BadText("holders", "are missing")
        return {holder: PPM}
    if isinstance(given, str):
        given = [_written(one) for one in given.split("|")]
    if not isinstance(given, list):
        raise BadText("holders", "must be a list")
    found: dict[Holder, int] = {}
    for at, one in enumerate(given):
        name, share = _share(one if isinstance(one, dict) else {}, at)
        if name in found:
            raise BadText(f"holders[{at}].name", f"{name!r} is named twice")
        found[name] = share
    check_split(dict(enumerate(found.values())))
    return found


def _share(one: Mapping[str, object], at: int) -> tuple[Holder, int]:
    name, number, share = one.get("name"), one.get("holder_id"), one.get("share_ppm")
    if type(share) is int and isinstance(name, str) and number is None:
        return name, share
    if type(share) is int and type(number) is int and name is None:
        return number, share
    raise BadText(f"holders[{at}]", "must have a name or a holder_id, and a whole share_ppm")


def _written(text: str) -> dict[str, object]:
    """Read ``Ada:600000``, a holder's name and ppm, as CSV has it."""
    found = _HOLDER.fullmatch(text)
    if not found:
        raise BadText("holders", "must be written as Ada:600000|Ben:400000")
    return {"name": found[1], "share_ppm": int(found[2])}
