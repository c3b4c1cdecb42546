"""Rules of a vendor's key: which tier a model is sold at, where a report does not say it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from service.ledger.errors import LedgerError
from service.ledger.tiers import Tier

MAX_RULES = 1_000
MAX_MODEL_CHARS = 200
ANY = "*"
"""At the end of a model's name: any model whose name begins so."""


class BadTierRule(LedgerError):
    """Rules of a key break a rule of theirs; ``place`` names it."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}", place=place, rule=rule)


@dataclass(frozen=True, slots=True)
class TierRules:
    """Tiers by model, in lower case; a name that ends with ``*`` stands for all that begin so."""

    tier_by_model: Mapping[str, Tier] = field(default_factory=dict)

    def tier_of(self, model: str) -> Tier | None:
        """Return the tier of a model: of its own rule, else of the longest beginning that fits.

        Upper and lower case are one; names that only look alike are not.
        """
        name = model.casefold()
        exact = self.tier_by_model.get(name)
        if exact is not None:
            return exact
        fitting = [
            one
            for one in self.tier_by_model
            if one.endswith(ANY) and name.startswith(one.removesuffix(ANY))
        ]
        return self.tier_by_model[max(fitting, key=len)] if fitting else None


NO_RULES = TierRules()


def rules_of(pairs: Iterable[tuple[str, Tier]]) -> TierRules:
    """Check rules as they were told; raise BadTierRule."""
    by_model: dict[str, Tier] = {}
    for at, (model, tier) in enumerate(pairs):
        name, place = model.casefold(), f"rules[{at}].model"
        if at == MAX_RULES:
            raise BadTierRule("rules", f"must be at most {MAX_RULES}")
        if not name.strip() or len(name) > MAX_MODEL_CHARS:
            raise BadTierRule(place, f"must have 1 to {MAX_MODEL_CHARS} characters")
        if ANY in name.removesuffix(ANY):
            raise BadTierRule(place, f"may have {ANY} at its end only")
        if name in by_model:
            raise BadTierRule(place, "is there twice")
        by_model[name] = tier
    return TierRules(by_model)
