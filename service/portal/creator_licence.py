"""Licence terms of a creator's work: an editor, and what machines will read of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.api.licence_feeds import site_of
from service.api.licences import LicenceOrder, check_may, licence_of, signed
from service.documents.figures import percent_of
from service.documents.rsl import PublishedWork, rsl
from service.ledger.errors import LedgerError
from service.ledger.licence import USUAL, Use
from service.ledger.sale_report import MAX_FUTURE
from service.portal import pages
from service.portal.draft import BadPercent, ppm_of
from service.portal.field_errors import said_or_raised
from service.store import deals, holdings, licences, parties
from service.store.database import unit_of_work
from service.store.licences import MAX_REASON_CHARS, NewLicence
from service.store.people import Person
from service.store.rows import PartyRow
from service.store.text_rules import BadText

router = APIRouter()
_FIELDS = ("valid_from", "uses", "multiplier", "embargo_until", "uri", "reason")
_USES = (
    (str(Use.OUTPUT), "Output: generated text that draws on the work"),
    (str(Use.RETRIEVAL), "Retrieval: an index or database to look things up in"),
    (str(Use.TRAINING), "Training of models"),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """The fields as typed; ``multiplier`` in per cent, ``excluded`` by the vendors' slugs."""

    valid_from: str
    uses: tuple[str, ...]
    multiplier: str
    embargo_until: str
    excluded: tuple[str, ...]
    uri: str
    reason: str = ""
    seen: int = 0

    def order(self) -> LicenceOrder:
        """Return what is asked for; raise BadText."""
        return LicenceOrder(
            valid_from=self.valid_from.strip(),
            uses=list(self.uses)[:10],
            multiplier_ppm=_multiplier(self.multiplier),
            embargo_until=self.embargo_until.strip() or None,
            excluded_vendors=list(self.excluded)[:1_000],
            uri=self.uri.strip() or None,
            reason=self.reason.strip(),
        )


def _multiplier(typed: str) -> int:
    try:
        return ppm_of(typed)
    except BadPercent as refusal:
        raise BadText("multiplier", str(refusal.facts["rule"])) from None


def typed_terms(
    valid_from: Annotated[str, Form()] = "",
    uses: Annotated[list[str] | None, Form()] = None,
    multiplier: Annotated[str, Form()] = "",
    embargo_until: Annotated[str, Form()] = "",
    excluded: Annotated[list[str] | None, Form()] = None,
    uri: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    seen: Annotated[int, Form(ge=0, lt=2**63)] = 0,
) -> Terms:
    """Read the fields of the form."""
    return Terms(
        valid_from,
        tuple(uses or ()),
        multiplier,
        embargo_until,
        tuple(excluded or ()),
        uri,
        reason,
        seen,
    )


@router.get("/works/{work_id}/licence")
def licence_page(request: Request, person: Creator, context: Context, work_id: int) -> Response:
    """Show the terms that count and will, and the form for others."""
    return _page(request, person, context, work_id, None, {})


@router.post("/works/{work_id}/licence")
def set_licence(
    request: Request,
    person: Creator,
    context: Context,
    work_id: int,
    terms: Annotated[Terms, Depends(typed_terms)],
    action: Annotated[str, Form()] = "",
) -> Response:
    """Set terms from a day on, or show first what machines will read of them."""
    assert person.party_id is not None
    now = context.clock()
    try:
        with unit_of_work(context.database) as session:
            holdings.check_present(session, person.party_id, work_id)
            new = licence_of(session, work_id, terms.order())
            check_may(session, person.party_id, new)
            licences.columns_of(new)
            if action != "preview":
                licences.set_terms(
                    session,
                    new,
                    earliest=_earliest(context),
                    seen=terms.seen,
                    by=signed(person),
                    now=now,
                )
    except LedgerError as refusal:
        return _page(request, person, context, work_id, terms, said_or_raised(refusal, _FIELDS))
    if action == "preview":
        return _page(request, person, context, work_id, terms, {}, preview=new)
    return pages.goto(f"/works/{work_id}/licence?done=licence-kept")


def _earliest(context: WebContext) -> date:
    """Return the first day that can have no sale yet."""
    return (context.clock() + MAX_FUTURE).date() + timedelta(days=1)


def _page(
    request: Request,
    person: Person,
    context: WebContext,
    work_id: int,
    terms: Terms | None,
    errors: Mapping[str, str],
    *,
    preview: NewLicence | None = None,
) -> Response:
    assert person.party_id is not None
    today = context.clock().date()
    with unit_of_work(context.database) as session:
        work = holdings.get(session, person.party_id, work_id)
        stored = licences.history(session, work_id)
        agreed = deals.of_works(session, [work_id]).get(work_id, [])
        vendors = {row.party_id or 0: row for row in parties.vendors(session)}
        newest = licences.newest_id(session, work_id)
        shown = terms or _as_they_are(session, context, work_id, vendor_slugs=_slugs(vendors))
    counts = [one for one in stored if one.valid_from <= today]
    return pages.render(
        request,
        "work_licence.html",
        title=f"Licence of {work.title}",
        status=422 if errors else 200,
        work=work,
        stored=stored[::-1],
        current=counts[-1] if counts else None,
        agreed=agreed,
        today=today,
        vendors=vendors,
        slugs=_slugs(vendors),
        uses=_USES,
        terms=shown,
        newest=newest,
        errors=errors,
        earliest=_earliest(context),
        document=_document(request, work_id, preview, context) if preview else "",
        max_chars=MAX_REASON_CHARS,
    )


def _slugs(vendors: Mapping[int, PartyRow]) -> dict[int, str]:
    return {number: row.slug or "" for number, row in vendors.items()}


def _as_they_are(
    session: Session, context: WebContext, work_id: int, *, vendor_slugs: Mapping[int, str]
) -> Terms:
    """Return the newest terms as the form would have them typed."""
    stored = licences.history(session, work_id)
    last = stored[-1] if stored else None
    licence = last.licence if last else USUAL
    return Terms(
        _earliest(context).isoformat(),
        tuple(str(use) for use in licence.uses),
        percent_of(licence.multiplier_ppm),
        licence.embargo_until.isoformat() if licence.embargo_until else "",
        tuple(vendor_slugs.get(one, "") for one in licence.excluded_vendor_ids),
        (last.uri if last else None) or "",
        seen=licences.newest_id(session, work_id),
    )


def _document(request: Request, work_id: int, preview: NewLicence, context: WebContext) -> str:
    """Return the RSL of terms as it will be published from their first day on."""
    licence = preview.licence
    work = PublishedWork(
        work_id,
        preview.uri,
        licence.allowed_on(preview.valid_from),
        licence.multiplier_ppm,
        context.clock(),
    )
    return "".join(rsl([work], site_of(request)))
