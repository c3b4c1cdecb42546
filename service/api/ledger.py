"""Periods, accounts and entries: read-only, but for the order to close a period."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from service.api import paging
from service.api.body import StrictRoute
from service.api.dependencies import Context, Operator
from service.api.documented import problems
from service.api.paging import After, BadCursor, Limit, Number, Page
from service.ledger import accounts
from service.ledger.journal import Kind
from service.ledger.money import format_nanos
from service.ledger.period import Period
from service.store import account_history, closing, entries, journal, periods
from service.store.account_entries import AccountNotFound
from service.store.account_history import BatchOfAccount
from service.store.database import unit_of_work
from service.store.entries import StoredEntry
from service.store.journal import Balance

router = APIRouter(tags=["ledger"], route_class=StrictRoute)
_PLACE = re.compile(r"([a-z-]{1,20})/([0-9]{1,18})", re.ASCII)
_ACCOUNT = re.compile(r"([ -~]{1,200})@([A-Z]{3})", re.ASCII)


class PeriodState(BaseModel):
    """A month and its state."""

    period: str
    state: str = Field(description="open, closing or closed")
    closed_at: datetime | None = None


class PeriodList(BaseModel):
    """All months met so far, oldest first."""

    data: list[PeriodState]


class CloseOrder(BaseModel):
    """How to close."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"early": False}]}
    )
    early: bool = Field(default=False, description="Close a month that has not ended.")


class AccountBalance(BaseModel):
    """Balance of an account, debit positive, and the side it normally stands on."""

    account: str
    currency: str
    normal_side: str
    balance: str


class EntryPosting(BaseModel):
    """One leg: debit positive, credit negative."""

    account: str
    amount: str


class Entry(BaseModel):
    """Postings that sum to zero, caused by one source (kind and source_id, unique for ever)."""

    kind: str
    source_id: int
    sale_id: int | None = Field(description="Number of the sale it is about.")
    period: str
    currency: str
    batch_id: int
    posted_at: datetime
    postings: list[EntryPosting]


@router.get("/v1/periods", summary="List periods", responses=problems(401, 403))
def list_periods(context: Context, _person: Operator) -> PeriodList:
    """List all months met so far with their state."""
    with unit_of_work(context.database) as session:
        rows = periods.listing(session)
    return PeriodList(
        data=[PeriodState(period=str(p), state=state, closed_at=at) for p, state, at in rows]
    )


@router.post(
    "/v1/periods/{period}/close",
    summary="Close a period",
    status_code=202,
    responses=problems(400, 401, 403, 409, 413, 415),
)
def close_period(
    context: Context,
    _person: Operator,
    period: Annotated[str, Path(description="YYYY-MM")],
    order: Annotated[CloseOrder | None, Body()] = None,
) -> PeriodState:
    """Begin to close a month; the worker settles what waits of it, releases and states."""
    month = Period.parse(period)
    early = order.early if order else False
    with unit_of_work(context.database) as session:
        closing.begin(session, month, early=early, now=context.clock())
        state = periods.state(session, month)
    context.doorbell.ring()
    return PeriodState(period=str(month), state=state)


@router.get("/v1/accounts", summary="List balances", responses=problems(401, 403))
def list_accounts(
    context: Context,
    _person: Operator,
    prefix: Annotated[str, Query(max_length=200, pattern="^[ -~]*$")] = "",
    as_of: Annotated[
        str, Query(max_length=40, description="YYYY-MM: posted into months up to it.")
    ] = "",
    limit: Limit = 20,
    after: After = "",
) -> Page[AccountBalance]:
    """List accounts by name with their balances, on request of one prefix like ``vendor:``.

    As of a month only accounts whose balance is not zero are listed.
    """
    found = _ACCOUNT.fullmatch(after)
    if after and not found:
        raise BadCursor(after)
    last = (found[1], found[2]) if found else ("", "")
    with unit_of_work(context.database) as session:
        if as_of:
            rows = account_history.balances_as_of(
                session, period=Period.parse(as_of), prefix=prefix, after=last, limit=limit + 1
            )
        else:
            rows = journal.balances(session, prefix=prefix, after=last, limit=limit + 1)
    return paging.page_of(
        rows, limit, shown=_balance, cursor=lambda one: f"{one.account}@{one.currency}"
    )


def _balance(one: Balance) -> AccountBalance:
    return AccountBalance(
        account=one.account,
        currency=one.currency,
        normal_side=str(accounts.normal_side(one.account)),
        balance=format_nanos(one.nanos),
    )


class AccountBatch(BaseModel):
    """What one batch posted to an account, and its balance after it; debit positive."""

    batch_id: int
    kind: str
    period: str
    entry_count: int
    posted_at: datetime
    amount: str
    balance: str


@router.get(
    "/v1/accounts/{name}/history",
    summary="Batches of an account",
    responses=problems(401, 403, 404),
)
def list_batches(
    context: Context,
    _person: Operator,
    name: str,
    currency: Annotated[str, Query(pattern="^[A-Z]{3}$")] = "USD",
    limit: Limit = 20,
    after: After = "",
) -> Page[AccountBatch]:
    """List the batches that moved an account, newest first, with its balance after each."""
    before = paging.number_of(after) if after else None
    with unit_of_work(context.database) as session:
        rows = account_history.history(session, name, currency, before=before, limit=limit + 1)
    return paging.page_of(rows, limit, shown=_batch, cursor=lambda one: one.batch_id)


def _batch(one: BatchOfAccount) -> AccountBatch:
    return AccountBatch(
        batch_id=one.batch_id,
        kind=str(one.kind),
        period=str(one.period),
        entry_count=one.entry_count,
        posted_at=one.created_at,
        amount=format_nanos(one.delta_nanos),
        balance=format_nanos(one.balance_nanos),
    )


@router.get(
    "/v1/accounts/{name}/entries",
    summary="Entries of an account",
    responses=problems(401, 403, 404),
)
def list_entries(
    context: Context, _person: Operator, name: str, limit: Limit = 20, after: After = ""
) -> Page[Entry]:
    """List the entries that touch an account, in all currencies, by kind and source."""
    found = _PLACE.fullmatch(after)
    if after and not (found and found[1] in {str(kind) for kind in Kind}):
        raise BadCursor(after)
    last = (Kind(found[1]).number, int(found[2])) if found else (0, 0)
    rows: list[StoredEntry] = []
    if "\0" not in name:
        with unit_of_work(context.database) as session:
            rows = entries.of_account(session, name, after=last, limit=limit + 1)
    if not rows and not after:
        raise AccountNotFound(name, "any")
    return paging.page_of(
        rows, limit, shown=_entry, cursor=lambda one: f"{one.kind}/{one.source_id}"
    )


@router.get(
    "/v1/entries/{kind}/{source_id}", summary="One entry", responses=problems(401, 403, 404)
)
def get_entry(context: Context, _person: Operator, kind: str, source_id: Number) -> Entry:
    """Return the entry of a source, e.g. ``sale`` and the number of a sale."""
    with unit_of_work(context.database) as session:
        return _entry(entries.get(session, kind, source_id))


def _entry(one: StoredEntry) -> Entry:
    return Entry(
        kind=str(one.kind),
        source_id=one.source_id,
        sale_id=one.subject_sale_id,
        period=str(one.period),
        currency=one.currency,
        batch_id=one.batch_id,
        posted_at=one.created_at,
        postings=[EntryPosting(account=name, amount=format_nanos(n)) for name, n in one.legs],
    )
