"""Who owns a work from which day on: splits and rights versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from service.ledger.errors import LedgerError
from service.ledger.money import PPM

MAX_HOLDERS = 1_000
MAX_UPSTREAM = 100


class SplitNotWhole(LedgerError):
    """Shares of a split do not sum to 100 %."""

    def __init__(self, total_ppm: int) -> None:
        super().__init__(f"shares sum to {total_ppm} ppm, not {PPM}", total_ppm=total_ppm)


class ShareOutOfRange(LedgerError):
    """A share is not in 1..1,000,000 ppm."""

    def __init__(self, holder: object, share_ppm: int) -> None:
        super().__init__(
            f"share of {holder} is {share_ppm} ppm; a share lies in 1..{PPM}",
            holder=holder,
            share_ppm=share_ppm,
        )


class NoHolder(LedgerError):
    """A work was registered for nobody, or for too many."""

    def __init__(self, count: int) -> None:
        super().__init__(f"a work has 1..{MAX_HOLDERS} holders, not {count}", count=count)


class HolderTwice(LedgerError):
    """One holder is named twice in a split."""

    def __init__(self, holder: object) -> None:
        super().__init__(f"holder {holder} is named twice", holder=holder)


class UpstreamTooLarge(LedgerError):
    """A derivative would give away more than all of its royalty."""

    def __init__(self, total_ppm: int) -> None:
        super().__init__(
            f"upstream shares sum to {total_ppm} ppm, above {PPM}", total_ppm=total_ppm
        )


class TooManyUpstream(LedgerError):
    """A derivative names more upstream works than are taken."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"a work derives from at most {MAX_UPSTREAM} works, not {count}", count=count
        )


class UpstreamCycle(LedgerError):
    """A work would derive from itself; ``path`` starts and ends with it, each from the next."""

    def __init__(self, path: Sequence[int]) -> None:
        said = " derives from ".join(f"work {work_id}" for work_id in path)
        super().__init__(f"a work cannot derive from itself: {said}", path=list(path))


def check_split(shares_ppm: Mapping[int, int]) -> Mapping[int, int]:
    """Return the split (share in ppm by holder) if it is whole; raise what is wrong with it."""
    if not 1 <= len(shares_ppm) <= MAX_HOLDERS:
        raise NoHolder(len(shares_ppm))
    for holder, share in shares_ppm.items():
        if not 0 < share <= PPM:
            raise ShareOutOfRange(holder, share)
    if sum(shares_ppm.values()) != PPM:
        raise SplitNotWhole(sum(shares_ppm.values()))
    return shares_ppm


def check_upstream(upstream_ppm: Mapping[int, int]) -> Mapping[int, int]:
    """Return upstream shares in ppm if all together fit one royalty; raise what is wrong."""
    if len(upstream_ppm) > MAX_UPSTREAM:
        raise TooManyUpstream(len(upstream_ppm))
    for share in upstream_ppm.values():
        if not 0 < share <= PPM:
            raise ShareOutOfRange("an upstream work", share)
    if sum(upstream_ppm.values()) > PPM:
        raise UpstreamTooLarge(sum(upstream_ppm.values()))
    return upstream_ppm


@dataclass(frozen=True, slots=True)
class RightsVersion:
    """From a day on: the split of a work, and what it passes to the works it derives from.

    ``upstream_ppm`` is by rights version of the upstream work; what it leaves goes to the holders.
    """

    rights_version_id: int
    work_id: int
    valid_from: date
    shares_ppm: Mapping[int, int]
    upstream_ppm: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_split(self.shares_ppm)
        check_upstream(self.upstream_ppm)
