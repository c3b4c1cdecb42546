"""Sessions of people."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from service.api.body import StrictRoute
from service.api.dependencies import SignedIn
from service.api.documented import problems
from service.api.signing_in import clear_session_cookie, log_in, log_out, set_session_cookie
from service.store.people import Person

router = APIRouter(tags=["sign-in"], route_class=StrictRoute)
VendorName = Annotated[
    str, Query(max_length=200, description="Name of the vendor; an operator gives it.")
]


class Credentials(BaseModel):
    """Who wants in."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"login": "ada@example.org", "password": "..."}]},
    )
    login: str = Field(max_length=200)
    password: str = Field(max_length=200)
    code: str = Field(
        default="", max_length=40, description="Of the second factor, where the login has one."
    )


class SessionAnswer(BaseModel):
    """Who is logged in, and the token that methods which change something need."""

    login: str
    role: str
    member_role: str = Field(description="What of their party's they may do.")
    party_id: int | None
    csrf_token: str


def _answer(person: Person) -> SessionAnswer:
    return SessionAnswer(
        login=person.login,
        role=person.role,
        member_role=person.member_role,
        party_id=person.party_id,
        csrf_token=person.csrf_token,
    )


@router.post("/v1/session", summary="Log in", responses=problems(400, 401, 403, 413, 415, 429))
def open_session(
    request: Request, response: Response, credentials: Annotated[Credentials, Body()]
) -> SessionAnswer:
    """Log in: sets the session cookie and returns the CSRF token of the session."""
    token, person = log_in(request, credentials.login, credentials.password, code=credentials.code)
    set_session_cookie(request, response, token)
    return _answer(person)


@router.get("/v1/session", summary="Who is logged in", responses=problems(401))
def get_session(person: SignedIn) -> SessionAnswer:
    """Return who is logged in, with the CSRF token."""
    return _answer(person)


@router.delete("/v1/session", summary="Log out", status_code=204, responses=problems(401, 403))
def close_session(request: Request, response: Response, _person: SignedIn) -> None:
    """End the session."""
    log_out(request)
    clear_session_cookie(request, response)
