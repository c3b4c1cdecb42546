"""Tier rules of a key: which tier a model is sold at, where a report does not say it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict, Field

from service.api.api_keys import VendorName, vendor_meant
from service.api.body import StrictRoute
from service.api.dependencies import Context, VendorOrOperator
from service.api.documented import problems
from service.api.paging import Number
from service.api.preconditions import IfMatch, etag, seen
from service.ledger.tier_rule import MAX_MODEL_CHARS, MAX_RULES, rules_of
from service.ledger.tiers import Tier
from service.store import tier_rules
from service.store.database import unit_of_work
from service.store.tier_rules import RulesVersion

router = APIRouter(tags=["sign-in"], route_class=StrictRoute)


class TierRule(BaseModel):
    """The tier of a model, or of all models whose names begin so where it ends with ``*``."""

    model_config = ConfigDict(extra="forbid")
    model: str = Field(min_length=1, max_length=MAX_MODEL_CHARS)
    tier: Tier


class TierRulesOrder(BaseModel):
    """The rules of a key from now on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "rules": [
                        {"model": "acme-large", "tier": "elite"},
                        {"model": "acme-*", "tier": "premium"},
                    ],
                    "reason": "prices of spring",
                }
            ]
        },
    )
    rules: list[TierRule] = Field(max_length=MAX_RULES)
    reason: str = Field(default="", max_length=500)
    vendor: str | None = Field(default=None, max_length=200, description="An operator gives it.")


class ShownRules(BaseModel):
    """One version of a key's rules."""

    key_id: int = Field(description="The key, or one that it replaces.")
    version: int
    rules: list[TierRule]
    reason: str
    set_by: str
    set_at: datetime


class TierRulesAnswer(BaseModel):
    """All versions of a key's rules, the newest first: that one counts."""

    key_id: int
    version: int = Field(description="0 where there are none.")
    versions: list[ShownRules]


def _shown(one: RulesVersion) -> ShownRules:
    return ShownRules(
        key_id=one.key_id,
        version=one.version,
        rules=[TierRule(model=name, tier=tier) for name, tier in one.rules.tier_by_model.items()],
        reason=one.reason,
        set_by=one.set_by,
        set_at=one.set_at,
    )


def _answer(response: Response, key_id: int, known: list[RulesVersion]) -> TierRulesAnswer:
    version = known[0].version if known else 0
    response.headers["ETag"] = etag(version)
    return TierRulesAnswer(key_id=key_id, version=version, versions=[_shown(one) for one in known])


@router.get(
    "/v1/keys/{key_id}/tier-rules",
    summary="Tier rules of an API key",
    responses=problems(401, 403, 404),
)
def get_tier_rules(
    context: Context,
    person: VendorOrOperator,
    response: Response,
    key_id: Number,
    vendor: VendorName = "",
) -> TierRulesAnswer:
    """Return all versions of a key's rules with the ETag of the newest."""
    with unit_of_work(context.database) as session:
        known = tier_rules.versions(session, vendor_meant(session, person, vendor), key_id)
    return _answer(response, key_id, known)


@router.put(
    "/v1/keys/{key_id}/tier-rules",
    summary="Set tier rules of an API key",
    responses=problems(400, 401, 403, 404, 412, 413, 415, 428),
)
def put_tier_rules(
    context: Context,
    person: VendorOrOperator,
    response: Response,
    key_id: Number,
    order: Annotated[TierRulesOrder, Body()],
    if_match: IfMatch = None,
) -> TierRulesAnswer:
    """Set the rules for what is reported with the key from now on; what was reported stays.

    A tier that a report or a tag says comes before any rule. A key made to replace another goes on
    with its rules.
    """
    rules = rules_of((one.model, one.tier) for one in order.rules)
    with unit_of_work(context.database) as session:
        vendor_id = vendor_meant(session, person, order.vendor)
        tier_rules.put(
            session,
            vendor_id,
            key_id,
            rules,
            seen=seen(if_match),
            reason=order.reason,
            by=person.login,
            now=context.clock(),
        )
        known = tier_rules.versions(session, vendor_id, key_id)
    return _answer(response, key_id, known)
