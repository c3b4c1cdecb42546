"""Members of a party or of the operators, their sessions, and acts: who did what."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context, SignedIn
from service.api.documented import problems
from service.api.failed_logins import count_letter
from service.api.paging import After, Limit, Number, Page, number_of
from service.store import account_letters, acts, joining, members, portal_sessions
from service.store.database import unit_of_work
from service.store.members import Group
from service.store.people import Person

router = APIRouter(tags=["sign-in"], route_class=StrictRoute)


class MemberShown(BaseModel):
    """One who works for the same party, or an operator."""

    user_id: int
    login: str
    name: str
    member_role: str
    has_factor: bool = Field(description="Whether a second factor guards the login.")
    created_at: datetime
    last_seen_at: datetime | None = Field(description="Of the session that was used last.")


class Invited(BaseModel):
    """An invitation that is open."""

    invitation_id: int
    email: str
    member_role: str
    expires_at: datetime


class MemberList(BaseModel):
    """All members by login, and who is invited."""

    data: list[MemberShown]
    invited: list[Invited]


class Invitation(BaseModel):
    """Whom to invite, and as what."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"email": "dev@example.org", "member_role": "developer"}]},
    )
    email: str = Field(max_length=254)
    member_role: str = Field(
        max_length=20,
        description="owner, developer, finance or viewer; of operators admin, finance or viewer.",
    )


class InvitationAnswer(BaseModel):
    """An invitation that was queued."""

    invitation_id: int


class RoleChange(BaseModel):
    """What a member is to be."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"member_role": "finance"}]}
    )
    member_role: str = Field(max_length=20)


class SessionShown(BaseModel):
    """A session of your own."""

    session_no: int
    is_this: bool
    user_agent: str
    network: str = Field(description="Of the address it was opened from; not the machine.")
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class SessionList(BaseModel):
    """Your sessions, the one seen last first."""

    data: list[SessionShown]


class ActShown(BaseModel):
    """Who did what, when, on what. `login` is empty where the person was erased."""

    act_id: int
    at: datetime
    user_id: int | None
    login: str
    role: str
    member_role: str
    party_id: int | None
    what: str = Field(description="The operation, as its operation id.")
    subject: str
    request_id: str


def group_of(person: Person) -> Group:
    """Return whose people somebody works with: their party's, or the operators."""
    return Group(person.role, person.party_id)


@router.get("/v1/members", summary="List the members", responses=problems(401, 403))
def list_members(context: Context, person: SignedIn) -> MemberList:
    """List who works for the same party, of operators all operators, and who is invited."""
    group = group_of(person)
    with unit_of_work(context.database) as session:
        found = members.listing(session, group)
        now = context.clock()
        invited = account_letters.invitations(session, group.role, group.party_id, now=now)
    return MemberList(
        data=[
            MemberShown(
                **{name: getattr(one, name) for name in MemberShown.model_fields},
            )
            for one in found
        ],
        invited=[
            Invited(
                invitation_id=one.letter_id,
                email=one.address,
                member_role=one.member_role,
                expires_at=one.expires_at,
            )
            for one in invited
            if one.expires_at
        ],
    )


@router.post(
    "/v1/members",
    summary="Invite a member",
    status_code=202,
    responses=problems(400, 401, 403, 409, 413, 415),
)
def invite(
    request: Request, context: Context, person: SignedIn, invitation: Annotated[Invitation, Body()]
) -> InvitationAnswer:
    """Queue a letter with a link that is good once, for a week."""
    count_letter(request, invitation.email)
    with unit_of_work(context.database) as session:
        number = joining.invite(
            session,
            group_of(person),
            invitation.email,
            invitation.member_role,
            now=context.clock(),
        )
    context.doorbell.ring()
    return InvitationAnswer(invitation_id=number)


@router.put(
    "/v1/members/{user_id}/role",
    summary="Give a member another role",
    status_code=204,
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def change_member_role(
    context: Context, person: SignedIn, user_id: Number, change: Annotated[RoleChange, Body()]
) -> None:
    """Change what a member may do; their sessions end. The last owner or admin stays one."""
    with unit_of_work(context.database) as session:
        members.change(session, group_of(person), user_id, change.member_role)


@router.delete(
    "/v1/members/{user_id}",
    summary="Let a member go",
    status_code=204,
    responses=problems(401, 403, 404, 409),
)
def remove_member(context: Context, person: SignedIn, user_id: Number) -> None:
    """Let a member in no more, at once; what they did stays in the acts."""
    with unit_of_work(context.database) as session:
        members.end(session, group_of(person), user_id, now=context.clock())


@router.get("/v1/sessions", summary="List your sessions", responses=problems(401))
def list_sessions(context: Context, person: SignedIn) -> SessionList:
    """List where you are logged in."""
    with unit_of_work(context.database) as session:
        found = portal_sessions.listing(session, person.user_id, now=context.clock())
    return SessionList(
        data=[
            SessionShown(
                session_no=one.session_no,
                is_this=one.session_no == person.session_no,
                user_agent=one.user_agent,
                network=one.address,
                created_at=one.created_at,
                last_seen_at=one.last_seen_at,
                expires_at=one.expires_at,
            )
            for one in found
        ]
    )


@router.delete(
    "/v1/sessions/{session_no}",
    summary="End one of your sessions",
    status_code=204,
    responses=problems(401, 403, 404),
)
def end_session(context: Context, person: SignedIn, session_no: Number) -> None:
    """End it at once; your own present one too, if you name it."""
    with unit_of_work(context.database) as session:
        portal_sessions.end_one(session, person.user_id, session_no)


@router.get("/v1/acts", summary="List who did what", responses=problems(401, 403))
def list_acts(
    context: Context,
    person: SignedIn,
    limit: Limit = 50,
    after: After = "",
    user_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    what: Annotated[str, Query(max_length=100, description="An operation id.")] = "",
    subject: Annotated[str, Query(max_length=200, description="Like `period=2026-01`.")] = "",
    since: Annotated[AwareDatetime | None, Query()] = None,
    until: Annotated[AwareDatetime | None, Query()] = None,
) -> Page[ActShown]:
    """List acts, newest first: of your own party's people, for operators of everybody."""
    wanted = acts.Wanted(user_id, person.party_id, "", what, subject, since, until)
    if "\0" in what + subject:
        return Page(data=[], has_more=False, next=None)
    with unit_of_work(context.database) as session:
        rows = acts.listing(session, wanted, before=number_of(after) or None, limit=limit + 1)
    shown = [
        ActShown(**{name: getattr(one, name) for name in ActShown.model_fields})
        for one in rows[:limit]
    ]
    has_more = len(rows) > limit
    return Page(data=shown, has_more=has_more, next=str(shown[-1].act_id) if has_more else None)
