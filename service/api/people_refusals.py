"""Statuses of what accounts, members and second factors refuse."""

from collections.abc import Mapping

from service.api import powers, signing_in
from service.ledger.errors import LedgerError
from service.store import (
    account_letters,
    attempts,
    members,
    people,
    portal_sessions,
    second_factor,
)

STATUS: Mapping[type[LedgerError], int] = {
    people.LoginRefused: 401,
    second_factor.SecondFactorMissing: 401,
    second_factor.CodeRefused: 401,
    signing_in.HalfSessionMissing: 401,
    powers.PowerMissing: 403,
    signing_in.SignUpClosed: 403,
    powers.SecondFactorNeeded: 403,
    people.UnknownOperator: 404,
    members.MemberNotFound: 404,
    portal_sessions.SessionNotFound: 404,
    people.LoginTaken: 409,
    members.LastOwner: 409,
    second_factor.NoSecondFactor: 409,
    account_letters.LinkRefused: 410,
    attempts.TooManyLogins: 429,
}
