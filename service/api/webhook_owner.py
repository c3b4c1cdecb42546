"""Whose webhooks somebody asks for: a vendor's by key or session, a creator's, an operator's."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials
from sqlmodel import Session

from service.api.dependencies import (
    VENDOR,
    calling_key,
    csrf_token_of,
    key_scheme,
    key_that_may,
    require_role,
    session_scheme,
)
from service.api.licences import signed
from service.store import people, webhooks
from service.store.api_keys import Scope
from service.store.webhooks import Endpoint, NotYourWebhook, Owner, OwnerRole


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. by: how they sign."""

    owner: Owner
    by: str

    @property
    def is_operator(self) -> bool:
        """Whether every endpoint may be seen."""
        return self.owner.role is OwnerRole.OPERATOR

    @property
    def sees(self) -> Owner | None:
        """Whose endpoints are seen; None: everybody's."""
        return None if self.is_operator else self.owner

    def own(
        self, session: Session, endpoint_id: int, *, seen: int | None = None, active: bool = False
    ) -> Endpoint:
        """Return an endpoint of the caller's that nobody else changes meanwhile.

        seen: the version that must still be the newest. active: something is to be sent to it.
        Raises WebhookNotFound, NotYourWebhook, WebhookChanged, WebhookDisabled.
        """
        if webhooks.get(session, endpoint_id, owner=self.sees).owner != self.owner:
            raise NotYourWebhook(endpoint_id)
        if active:
            return webhooks.active(session, endpoint_id, owner=self.owner)
        return webhooks.locked(session, endpoint_id, owner=self.owner, seen=seen)


def caller_of(
    request: Request,
    token: Annotated[str | None, Depends(csrf_token_of)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(key_scheme)],
    cookie: Annotated[str | None, Security(session_scheme)],
) -> Caller:
    """Return who asks, by key or by session; a key sent is the only thing looked at.

    Raises KeyRefused, ScopeMissing, NotSignedIn, CsrfRefused.
    """
    if "authorization" in request.headers:
        key = key_that_may(Scope.WEBHOOKS)(request, calling_key(request, bearer))
        return Caller(Owner(OwnerRole.VENDOR, key.vendor_id), f"key {key.key_id}")
    person = require_role(*people.ROLES)(request, token, cookie)
    by = person.login if person.role == VENDOR else signed(person)
    return Caller(Owner(OwnerRole(person.role), person.party_id), by)


AnyCaller = Annotated[Caller, Depends(caller_of)]
