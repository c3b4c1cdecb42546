"""Templates become answers, in their frame."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.api.dependencies import CSRF_FIELD, current_person
from service.portal.cards import cards
from service.portal.navigation import NAVIGATION, here
from service.portal.reading import reader_of
from service.portal.shown import FILTERS, shown_to

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
PAGE_SIZE = 25

NOTICES: Mapping[str, str] = MappingProxyType(
    {
        "registered": "Registered. It earns from sales from now on, once it is indexed.",
        "withdrawn": "Withdrawn. It earns nothing from sales from now on; what it earned stays.",
        "closing": "Closing has begun. The period is closed once its waiting sales are settled.",
        "answered": "Answered. What everybody has accepted counts from its day on.",
        "decided": "Decided. It is kept with your login and the reason.",
        "profile-kept": "Kept. What was on record before stays on record.",
        "account-kept": "The account is kept, sealed.",
        "disputed": "Disputed. An operator answers with a reason; it stands beside the line.",
        "licence-kept": "Kept. The terms count from their day on.",
        "proposed": "Proposed. It counts once everybody concerned has accepted.",
        "batch-registered": "All registered. Each earns from sales from now on, once indexed.",
        "claimed": "Claimed. Its holders are asked; what they earn of that part is held.",
        "step-taken": "Done. It stands below with your words.",
        "edition-added": "Registered. What is new in it earns from now on, once it is indexed.",
        "offer-answered": "Answered. The vendor sees it.",
        "approved": "Approved, in your name and for exactly the digest shown.",
        "posted": "Posted. It is in the books with its reason.",
        "terms": "Kept. The terms count from their day on.",
        "asked": "Asked for. A worker does it; this page tells how far it is.",
        "key-revoked": "Revoked. Nobody gets in with this key any more.",
        "compared": "Compared. The result is kept as it stood now.",
        "logged-out": "You are logged out.",
        "letter": "If that can be done, a letter is on its way. Its link is good once.",
        "moved": "Confirmed. You log in with the new address from now on.",
        "kept": "Kept.",
        "password-changed": "Changed. All other sessions have ended.",
        "sessions-ended": "Ended.",
        "factor-off": "The second factor is off. All other sessions have ended.",
        "invited": "Invited. The letter is on its way; its link is good for a week.",
        "member-changed": "Changed. That person has been logged out.",
    }
)
"""Sentences shown once after a redirect, by the word that ``?done=`` carries."""


def _version() -> str:
    """Name the static files as they are now, so that a browser keeps them until they change."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {**FILTERS, "cards": cards}
    environment.globals |= {"version": _version(), "csrf_field": CSRF_FIELD}
    return environment


_ENVIRONMENT = _environment()


def render(
    request: Request, template: str, *, title: str, status: int = 200, **values: object
) -> HTMLResponse:
    """Answer with a page in its frame; the browser may keep it, but asks each time."""
    person = current_person(request)
    frame = {
        "title": title,
        "person": person,
        "navigation": NAVIGATION[person.role] if person else (),
        "here": here(person.role, request.url.path) if person else "",
        "path": request.url.path,
        "notice": NOTICES.get(request.query_params.get("done", "")),
    }
    with shown_to(reader_of(person)):
        page = _ENVIRONMENT.get_template(template).render(frame | values)
    return HTMLResponse(page, status, headers={"Cache-Control": "private, no-cache"})


def goto(path: str) -> RedirectResponse:
    """Send the browser on after a form, so that going back never sends the form again."""
    return RedirectResponse(path, status_code=303)
