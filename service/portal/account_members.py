"""The people of a vendor or a creator: invited, given another role, let go."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from service.api.asked_books import context_of
from service.api.dependencies import CREATOR, VENDOR, require_role
from service.api.failed_logins import count_letter
from service.ledger.errors import LedgerError
from service.portal import pages
from service.portal.account import Text
from service.portal.field_errors import errors_of
from service.store import account_letters, joining, members
from service.store.database import unit_of_work
from service.store.members import Group
from service.store.people import MEMBER_ROLES, Person

router = APIRouter()
Owner = Annotated[Person, Depends(require_role(CREATOR, VENDOR))]


@router.get("/account/members")
def members_page(request: Request, person: Owner) -> Response:
    """List who works for the same party, and who is invited."""
    return _page(request, person)


@router.post("/account/members")
def invite_member(
    request: Request, person: Owner, email: Text = "", member_role: Text = ""
) -> Response:
    """Queue an invitation."""
    context = context_of(request)
    try:
        count_letter(request, email)
        with unit_of_work(context.database) as session:
            now = context.clock()
            joining.invite(session, _group(person), email, member_role, now=now)
    except LedgerError as refusal:
        return _page(request, person, email=email, refusal=refusal)
    context.doorbell.ring()
    return pages.goto("/account/members?done=invited")


@router.post("/account/members/{user_id}/role")
def change_member(
    request: Request, person: Owner, user_id: int, member_role: Text = ""
) -> Response:
    """Give a member another role."""
    try:
        with unit_of_work(context_of(request).database) as session:
            members.change(session, _group(person), user_id, member_role)
    except members.LastOwner as refusal:
        return _page(request, person, refusal=refusal)
    return pages.goto("/account/members?done=member-changed")


@router.post("/account/members/{user_id}/end")
def end_member(request: Request, person: Owner, user_id: int) -> Response:
    """Let a member in no more."""
    try:
        with unit_of_work(context_of(request).database) as session:
            members.end(session, _group(person), user_id, now=context_of(request).clock())
    except members.LastOwner as refusal:
        return _page(request, person, refusal=refusal)
    return pages.goto("/account/members?done=member-changed")


def _group(person: Person) -> Group:
    return Group(person.role, person.party_id)


def _page(
    request: Request, person: Person, *, email: str = "", refusal: LedgerError | None = None
) -> Response:
    context = context_of(request)
    with unit_of_work(context.database) as session:
        people = members.listing(session, _group(person))
        invited = account_letters.invitations(
            session, person.role, person.party_id, now=context.clock()
        )
    other = "form" if isinstance(refusal, members.LastOwner) else "email"
    refusals = [refusal] if refusal else []
    return pages.render(
        request,
        "account_members.html",
        title="Members",
        status=422 if refusal else 200,
        members=people,
        invited=invited,
        roles=MEMBER_ROLES[person.role],
        email=email,
        errors=errors_of(refusals, ("email", "member_role"), other=other),
    )
