"""Templates become answers: their frame, and how amounts, shares and times are shown."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from service.api.dependencies import CSRF_FIELD, current_person
from service.documents.figures import percent_of
from service.ledger.money import NANOS_PER_UNIT, format_nanos
from service.portal.cards import cards
from service.portal.navigation import NAVIGATION, here

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
        "offer-answered": "Answered. The vendor sees it.",
        "logged-out": "You are logged out.",
    }
)
"""Sentences shown once after a redirect, by the word that ``?done=`` carries."""

_MONEY = Markup('<data class="money" value="{}" title="{} {}">{}&nbsp;<abbr>{}</abbr></data>')
_INSTANT = Markup('<time datetime="{}">{}&nbsp;UTC</time>')
_DAY = Markup('<time datetime="{}" title="{} UTC">{}</time>')


def money(nanos: int, currency: str) -> Markup:
    """Show an amount to the nano with its ISO 4217 code."""
    exact = format_nanos(nanos)
    return _with_code(exact, exact, currency)


def brief(nanos: int, currency: str) -> Markup:
    """Show one unit or more cut to two digits, a smaller amount exactly; always exact on hover."""
    exact = format_nanos(nanos)
    shown = format_nanos(nanos, digits=2) if abs(nanos) >= NANOS_PER_UNIT else exact
    return _with_code(exact, shown, currency)


def _with_code(exact: str, shown: str, currency: str) -> Markup:
    return _MONEY.format(exact, exact, currency, shown, currency)


def instant(at: datetime) -> Markup:
    """Show an instant in UTC."""
    utc = at.astimezone(UTC)
    return _INSTANT.format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M}")


def day(at: datetime) -> Markup:
    """Show the UTC day of an instant, the time on hover."""
    utc = at.astimezone(UTC)
    stamp = f"{utc:%Y-%m-%d %H:%M}"
    return _DAY.format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", stamp, stamp[:10])


def count(number: int) -> str:
    """Show a whole number in groups of three digits."""
    return f"{number:,}"


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
    environment.filters |= {
        "money": money,
        "brief": brief,
        "instant": instant,
        "day": day,
        "count": count,
        "percent": percent_of,
        "plain": format_nanos,
        "cards": cards,
    }
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
    page = _ENVIRONMENT.get_template(template).render(frame | values)
    return HTMLResponse(page, status, headers={"Cache-Control": "private, no-cache"})


def goto(path: str) -> RedirectResponse:
    """Send the browser on after a form, so that going back never sends the form again."""
    return RedirectResponse(path, status_code=303)
