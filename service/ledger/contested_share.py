"""Which part of whose share a claim contests, and what a split becomes once it is granted."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.ledger.allocation import allocate, tie_of
from service.ledger.claim import ClaimOutOfRange, NothingToClaim
from service.ledger.money import PPM
from service.ledger.rights import check_split


def contested(
    work_id: int,
    shares_ppm: Mapping[int, int],
    claimed_ppm: int,
    *,
    claimants: frozenset[int],
    against: frozenset[int] | None = None,
) -> dict[int, int]:
    """Return how much of the work a claim contests of each respondent, in ppm of the work.

    Of all holders but the claimants, or of those named, in proportion to their shares: never more
    than a holder has. Raises NothingToClaim, ClaimOutOfRange.
    """
    held = {
        holder: share
        for holder, share in shares_ppm.items()
        if holder not in claimants and (against is None or holder in against)
    }
    if not held or (against is not None and against - held.keys()):
        raise NothingToClaim(work_id)
    if not 0 < claimed_ppm <= sum(held.values()):
        raise ClaimOutOfRange(claimed_ppm, held_ppm=sum(held.values()))
    return _divided(claimed_ppm, held, f"claim on work {work_id}")


def claimed_for(work_id: int, shares_ppm: Mapping[int, int], claimed_ppm: int) -> dict[int, int]:
    """Return what each holder of one work claims of another, in proportion to their shares."""
    return _divided(claimed_ppm, shares_ppm, f"claim of work {work_id}")


def held_ppm(contested_ppm: int, share_ppm: int) -> int:
    """Return which part of what a holder earns from a work is contested, rounded up to a ppm."""
    assert 0 < contested_ppm <= share_ppm
    return -(-contested_ppm * PPM // share_ppm)


def over_claimed_ppm(shares_ppm: Mapping[int, int], claimed_ppm: int) -> int:
    """Return by how much all that is held and claimed of a work passes the whole."""
    return max(sum(shares_ppm.values()) + claimed_ppm - PPM, 0)


@dataclass(frozen=True, slots=True)
class Followed:
    """A claim's parts, and what is needed to follow them when shares change hands.

    respondents: what is contested, or granted, of each in ppm of the work. filed_ppm: the split as
    the claim was filed. aside: holders who gained by a verdict or are the claimants themselves.
    """

    respondents: Mapping[int, int]
    filed_ppm: Mapping[int, int]
    aside: frozenset[int]

    def giving(self, shares_ppm: Mapping[int, int]) -> dict[int, int]:
        """Return who gives how much under a split: respondents, then who has their share by now.

        Nobody gives more than it has. What a respondent lacks is taken from those who hold more
        than as the claim was filed, in proportion to their gains: a contested share is given away
        as it is, contested.
        """
        given = {
            holder: min(part, shares_ppm.get(holder, 0))
            for holder, part in self.respondents.items()
        }
        gains = {
            holder: min(share - self.filed_ppm.get(holder, 0), share - given.get(holder, 0))
            for holder, share in shares_ppm.items()
            if holder not in self.aside
        }
        gains = {holder: gain for holder, gain in gains.items() if gain > 0}
        short = min(sum(self.respondents.values()) - sum(given.values()), sum(gains.values()))
        for holder, part in (_divided(short, gains, "followed") if short else {}).items():
            given[holder] = given.get(holder, 0) + part
        return {holder: part for holder, part in given.items() if part}

    def granted(self, granted_ppm: int) -> "Followed":
        """Return the same of what is granted, in proportion to what is contested."""
        parts = _divided(granted_ppm, self.respondents, "given")
        return Followed(parts, self.filed_ppm, self.aside)


def transferred(
    shares_ppm: Mapping[int, int], parts: Followed, *, claimants: Mapping[int, int]
) -> dict[int, int]:
    """Return a split once the parts have gone to the claimants, as far as they are there to give.

    Claimants receive what was given in proportion to what they claim. The split stays whole.
    """
    given = parts.giving(shares_ppm)
    after = {holder: share - given.get(holder, 0) for holder, share in shares_ppm.items()}
    whole = sum(given.values())
    for holder, part in (_divided(whole, claimants, "received") if whole else {}).items():
        after[holder] = after.get(holder, 0) + part
    return dict(check_split({holder: share for holder, share in after.items() if share}))


def _divided(ppm: int, weights: Mapping[int, int], name: str) -> dict[int, int]:
    parts = allocate(ppm, {str(key): weights[key] for key in sorted(weights)}, tie=tie_of(name))
    return {int(key): part for key, part in parts.items() if part}
