"""A creator's works: the list, one work with what it earned and where it was used, withdrawal."""

from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from service.api.dependencies import Context, Creator
from service.ledger.money import Money
from service.portal import pages
from service.portal.chart import charts
from service.portal.spans import pairs
from service.store import earnings, findings, holdings, parties, rights, works
from service.store.database import unit_of_work
from service.store.earnings import Earning

router = APIRouter()

_STATES = (
    ("", "Any state"),
    ("earning", "Earning"),
    ("indexing", "Being indexed"),
    ("withdrawn", "Withdrawn"),
    ("finding", "With a finding"),
)
_LATEST_USES = 5
_SHOWN_CHARS = 3_000
_MOST_FINDINGS = 20


def totals(earned: list[Earning]) -> dict[int, list[Money]]:
    """Return what each work earned in all, one amount a currency; estimates are in it."""
    sums: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in earned:
        sums[one.work_id][one.currency] += one.nanos
    return {
        work: [Money(nanos, currency) for currency, nanos in sorted(by_currency.items())]
        for work, by_currency in sums.items()
    }


@router.get("/works")
def works_page(
    request: Request,
    person: Creator,
    context: Context,
    q: Annotated[str, Query(max_length=200)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    sort: Annotated[str, Query(max_length=20)] = "",
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """List the creator's works, newest first, found by title and narrowed to a state."""
    assert person.party_id is not None
    state = state if state in holdings.STATES else ""
    with unit_of_work(context.database) as session:
        found = holdings.page(
            session,
            person.party_id,
            search=q.strip(),
            before=before,
            limit=pages.PAGE_SIZE + 1,
            state=state,
            oldest_first=sort == "oldest",
        )
        shown = found[: pages.PAGE_SIZE]
        ids = [work.work_id for work in shown]
        earned = earnings.of_works(session, person.party_id, ids)
    return pages.render(
        request,
        "works.html",
        title="Works",
        works=shown,
        totals=totals(earned),
        asked={"q": q, "state": state, "sort": "oldest" if sort == "oldest" else ""},
        states=_STATES,
        before=before,
        more=shown[-1].work_id if len(found) > len(shown) else None,
    )


@router.get("/works/{work_id}")
def work_page(request: Request, person: Creator, context: Context, work_id: int) -> Response:
    """Show one work of the creator."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        work = holdings.get(session, person.party_id, work_id)
        earned = earnings.of_works(session, person.party_id, [work_id])
        uses = earnings.uses_of(session, work_id, limit=_LATEST_USES)
        splits = rights.history(session, work_id)[::-1]
        holders = sorted({holder for split in splits for holder in split.shares_ppm})
        names = parties.names(session, holders)
        body = works.body_of(session, work_id)
        row = works.get(session, work_id)
        found = findings.of_work(session, work_id)[:_MOST_FINDINGS]
        own = holdings.among(session, person.party_id, [one.of_work_id for one in found])
        sources = {one: works.body_of(session, one) or "" for one in own}
    return pages.render(
        request,
        "work.html",
        title=work.title,
        work=work,
        totals=totals(earned).get(work_id, []),
        earned=earned[::-1],
        charts=charts(earned),
        uses=uses,
        splits=splits,
        names=names,
        me=person.party_id,
        originality_ppm=row.originality_ppm,
        flags=row.flags,
        findings=found,
        spans={
            one.finding_id: pairs(one.evidence, body or "", sources.get(one.of_work_id, ""))
            for one in found
        },
        body=body and body[:_SHOWN_CHARS],
        is_cut=body is not None and len(body) > _SHOWN_CHARS,
    )


@router.get("/works/{work_id}/withdraw")
def withdrawal_page(request: Request, person: Creator, context: Context, work_id: int) -> Response:
    """Say what a withdrawal does before it is done."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        work = holdings.get(session, person.party_id, work_id)
    return pages.render(request, "withdraw.html", title=f"Withdraw {work.title}", work=work)


@router.post("/works/{work_id}/withdraw")
def withdraw(person: Creator, context: Context, work_id: int) -> Response:
    """Withdraw a work in whose present split the creator has a share."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        holdings.check_present(session, person.party_id, work_id)
        works.withdraw(session, work_id, now=context.clock())
    return pages.goto(f"/works/{work_id}?done=withdrawn")
