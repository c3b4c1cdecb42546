"""The ledger browser: balances, the entries of an account, one entry with its legs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import OPERATOR, Context, require_role
from service.ledger.accounts import normal_side
from service.ledger.period import BadPeriod, Period
from service.portal import pages
from service.store import account_entries, account_history, entries, journal
from service.store.account_entries import Place
from service.store.database import unit_of_work
from service.store.journal import Balance

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])

_MONTH_CHARS = len("2026-01")


@router.get("/operator/balances")
def balances_page(
    request: Request,
    context: Context,
    prefix: Annotated[str, Query(max_length=200)] = "",
    name: Annotated[str, Query(max_length=200)] = "",
    currency: Annotated[str, Query(max_length=8)] = "",
    as_of: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """List balances by name; ``name`` and ``currency`` are the last account of the page before.

    ``as_of``: at the end of a month, or as they stood at an instant.
    """
    found: Sequence[Balance] = ()
    error = ""
    if "\0" not in prefix + name + currency:
        try:
            with unit_of_work(context.database) as session:
                found = _balances(session, prefix.strip(), (name, currency), as_of.strip())
        except (BadPeriod, ValueError):
            error = "Write a month like 2026-01, or an instant like 2026-01-31T12:00Z."
    shown = found[: pages.PAGE_SIZE]
    last = shown[-1] if len(found) > len(shown) else None
    kept = {"prefix": prefix, "as_of": as_of}
    cursor = last and kept | {"name": last.account, "currency": last.currency}
    return pages.render(
        request,
        "operator_balances.html",
        title="Balances",
        balances=[(one, account_path(one.account, one.currency)) for one in shown],
        prefix=prefix,
        as_of=as_of,
        error=error,
        status=422 if error else 200,
        first=f"/operator/balances?{urlencode(kept)}",
        is_first=not name,
        more=f"/operator/balances?{urlencode(cursor)}" if cursor else "",
    )


def _balances(
    session: Session, prefix: str, after: tuple[str, str], as_of: str
) -> Sequence[Balance]:
    most = pages.PAGE_SIZE + 1
    if not as_of:
        return journal.balances(session, prefix=prefix, after=after, limit=most)
    is_month = len(as_of) == _MONTH_CHARS
    moment = None if is_month else datetime.fromisoformat(as_of)
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return account_history.balances_as_of(
        session,
        period=Period.parse(as_of) if is_month else None,
        moment=moment,
        prefix=prefix,
        after=after,
        limit=most,
    )


def account_path(name: str, currency: str) -> str:
    """Return the path of an account's page."""
    return f"/operator/accounts/{quote(currency)}/{quote(name, safe=':')}"


@router.get("/operator/accounts/{currency}/{name}")
def account_page(
    request: Request,
    context: Context,
    currency: str,
    name: str,
    before: Annotated[str, Query(pattern=r"^([0-9]{1,18}-[0-9]{1,4}-[0-9]{1,18})?$")] = "",
) -> Response:
    """List an account's entries, newest first; ``before`` is batch-kind-source of the last seen."""
    place = Place(*map(int, before.split("-"))) if before else None
    with unit_of_work(context.database) as session:
        found = account_entries.of_account(
            session, name, currency, before=place, limit=pages.PAGE_SIZE + 1
        )
        balance = journal.balances_named(session, [name], currency)[name]
    shown = found[: pages.PAGE_SIZE]
    last = shown[-1].place if len(found) > len(shown) else None
    return pages.render(
        request,
        "operator_account.html",
        title=name,
        name=name,
        currency=currency,
        balance=balance,
        side=normal_side(name),
        entries=shown,
        is_first=not before,
        more=f"?before={last.batch_id}-{last.kind}-{last.source_id}" if last else "",
    )


@router.get("/operator/entries/{kind}/{source_id}")
def entry_page(request: Request, context: Context, kind: str, source_id: int) -> Response:
    """Show one entry with its legs."""
    with unit_of_work(context.database) as session:
        entry = entries.get(session, kind, source_id)
    return pages.render(
        request,
        "operator_entry.html",
        title=f"Entry {kind} {source_id}",
        entry=entry,
        debit=sum(nanos for _, nanos in entry.legs if nanos > 0),
        legs=[(name, nanos, account_path(name, entry.currency)) for name, nanos in entry.legs],
    )
