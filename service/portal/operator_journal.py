"""The ledger browser: balances, the entries of an account, one entry with its legs."""

from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from service.api.dependencies import OPERATOR, Context, require_role
from service.ledger.accounts import normal_side
from service.portal import pages
from service.store import account_entries, entries, journal
from service.store.account_entries import Place
from service.store.database import unit_of_work

router = APIRouter(dependencies=[Depends(require_role(OPERATOR))])


@router.get("/operator/balances")
def balances_page(
    request: Request,
    context: Context,
    prefix: Annotated[str, Query(max_length=200)] = "",
    name: Annotated[str, Query(max_length=200)] = "",
    currency: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """List balances by name; ``name`` and ``currency`` are the last account of the page before."""
    found = []
    if "\0" not in prefix + name + currency:
        with unit_of_work(context.database) as session:
            found = journal.balances(
                session,
                prefix=prefix.strip(),
                after=(name, currency),
                limit=pages.PAGE_SIZE + 1,
            )
    shown = found[: pages.PAGE_SIZE]
    last = shown[-1] if len(found) > len(shown) else None
    cursor = last and {"prefix": prefix, "name": last.account, "currency": last.currency}
    return pages.render(
        request,
        "operator_balances.html",
        title="Balances",
        balances=[(one, account_path(one.account, one.currency)) for one in shown],
        prefix=prefix,
        is_first=not name,
        more=f"/operator/balances?{urlencode(cursor)}" if cursor else "",
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
