"""Tags of a call: ``tier:premium`` names the tier it was sold at."""

from collections.abc import Iterable

TIER = "tier:"


class TiersDiffer(ValueError):
    """Tags of one call name two tiers."""


def tier_of(tags: Iterable[object]) -> str | None:
    """Return the tier that tags name, None where none does; raise TiersDiffer for two."""
    found = {
        tag.strip()[len(TIER) :].strip().lower()
        for tag in tags
        if isinstance(tag, str) and tag.strip().lower().startswith(TIER)
    }
    if len(found) > 1:
        raise TiersDiffer(f"must name one tier, not {' and '.join(sorted(found))[:200]}")
    return found.pop() if found else None
