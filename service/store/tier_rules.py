"""Tier rules of keys, in versions that stay: the newest counts for what is reported then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.tier_rule import NO_RULES, TierRules
from service.ledger.tiers import Tier
from service.store import api_keys
from service.store.database import driver
from service.store.text_rules import check_text


class TierRulesChanged(LedgerError):
    """Somebody else changed a key's rules since they were seen."""

    def __init__(self, key_id: int, version: int) -> None:
        rule = f"the tier rules of key {key_id} are at version {version}: look again"
        super().__init__(rule, place="If-Match", rule=rule)


@dataclass(frozen=True, slots=True)
class RulesVersion:
    """One version of a key's rules. ``key_id``: the key that it was set for, or one it replaces."""

    key_id: int
    version: int
    rules: TierRules
    reason: str
    set_by: str
    set_at: datetime


# A key that replaces another goes on with its rules until it gets some of its own.
_VERSIONS = """
WITH RECURSIVE kept AS (
    SELECT key_id, replaces, 0 AS back FROM api_key WHERE key_id = %s
    UNION ALL
    SELECT k.key_id, k.replaces, kept.back + 1 FROM api_key k JOIN kept ON k.key_id = kept.replaces
)
SELECT r.key_id, r.version, r.models, r.tiers, r.reason, r.set_by, r.set_at
FROM kept JOIN tier_rules r USING (key_id) ORDER BY kept.back, r.version DESC
"""


def of_key(session: Session, key_id: int) -> TierRules:
    """Return the rules that count for a key now."""
    row = driver(session).execute(_VERSIONS + "LIMIT 1", (key_id,)).fetchone()
    return _version(*row).rules if row else NO_RULES


def versions(session: Session, vendor_id: int, key_id: int) -> list[RulesVersion]:
    """List all versions of a key's rules, the newest first; raise KeyNotFound."""
    api_keys.check_owner(session, vendor_id, key_id)
    return [_version(*row) for row in driver(session).execute(_VERSIONS, (key_id,))]


def put(
    session: Session,
    vendor_id: int,
    key_id: int,
    rules: TierRules,
    *,
    seen: int,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Store the next version of a key's rules; raise KeyNotFound, TierRulesChanged, BadText.

    seen: number of the newest version that was seen, 0 for none.
    """
    check_text(reason, place="reason", max_chars=500, empty=True)
    for at, model in enumerate(rules.tier_by_model):
        check_text(model, place=f"rules[{at}].model", max_chars=200)
    api_keys.check_owner(session, vendor_id, key_id, lock=True)
    known = versions(session, vendor_id, key_id)
    newest = known[0].version if known else 0
    if newest != seen:
        raise TierRulesChanged(key_id, newest)
    session.execute(
        text(
            "INSERT INTO tier_rules (key_id, version, models, tiers, reason, set_by, set_at) "
            "VALUES (:key, :version, :models, :tiers, :reason, :by, :now)"
        ),
        {
            "key": key_id,
            "version": newest + 1,
            "models": list(rules.tier_by_model),
            "tiers": [tier.number for tier in rules.tier_by_model.values()],
            "reason": reason,
            "by": by,
            "now": now,
        },
    )


def _version(
    key_id: int,
    version: int,
    models: Sequence[str],
    tiers: Sequence[int],
    reason: str,
    set_by: str,
    set_at: datetime,
) -> RulesVersion:
    by_model = {name: Tier.numbered(tier) for name, tier in zip(models, tiers, strict=True)}
    return RulesVersion(key_id, version, TierRules(by_model), reason, set_by, set_at)
