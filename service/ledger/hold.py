"""A hold keeps a part of what one holder earns from one work from being paid, and no more."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.ledger.allocation import allocate, tie_of
from service.ledger.errors import LedgerError
from service.ledger.money import PPM
from service.ledger.period import Period


class HoldReason(StrEnum):
    """Why a part of what somebody earned cannot be paid; the first claims it before the second."""

    CONTESTED = "contested"
    UNCONFIRMED = "unconfirmed"


class HoldOutOfRange(LedgerError):
    """A hold was to keep nothing, or more than the whole."""

    def __init__(self, holder_id: int, work_id: int, share_ppm: int) -> None:
        super().__init__(
            f"a hold of {share_ppm} ppm of what holder {holder_id} earns from work {work_id}: "
            f"it lies in 1..{PPM}",
            holder_id=holder_id,
            work_id=work_id,
            share_ppm=share_ppm,
        )


@dataclass(frozen=True, slots=True)
class Hold:
    """A part in ppm of what a holder earns from a work, of releases from a period on.

    from_period: None for all that was ever released to the holder.
    """

    hold_id: int
    holder_id: int
    work_id: int
    share_ppm: int
    reason: HoldReason
    from_period: Period | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share_ppm <= PPM:
            raise HoldOutOfRange(self.holder_id, self.work_id, self.share_ppm)

    def covers(self, period: Period) -> bool:
        """Whether what was released in a period is held."""
        return self.from_period is None or self.from_period <= period


@dataclass(frozen=True, slots=True)
class Earned:
    """What the lines of one vendor and work released to a holder in a period; signed nanos."""

    vendor: str
    work_id: int
    period: Period
    nanos: int


@dataclass(frozen=True, slots=True)
class Free:
    """What of a holder's earnings from one vendor is held, and why; earned = free + held.

    contested_nanos and unconfirmed_nanos lie under a hold, unbacked_nanos waits for receipts only.
    """

    vendor: str
    earned_nanos: int
    backed_nanos: int
    contested_nanos: int
    unconfirmed_nanos: int

    @property
    def free_nanos(self) -> int:
        """What may be paid: backed, and not under a hold."""
        return min(self.backed_nanos, self.earned_nanos - self._under_hold)

    @property
    def held_nanos(self) -> int:
        """What is kept back, for whatever reason."""
        return self.earned_nanos - self.free_nanos

    @property
    def moved_nanos(self) -> int:
        """What is backed and kept back all the same: what entries of kind ``hold`` have moved."""
        return self.backed_nanos - self.free_nanos

    @property
    def unbacked_nanos(self) -> int:
        """What is kept back for want of receipts alone."""
        return self.held_nanos - self._under_hold

    @property
    def _under_hold(self) -> int:
        return self.contested_nanos + self.unconfirmed_nanos


def under_hold(
    earned: Iterable[Earned], holds: Sequence[Hold]
) -> dict[str, Mapping[HoldReason, int]]:
    """Return what lies under holds of one holder and currency, by vendor and reason.

    Of a work, all holds of one period together keep the whole at most, contested before
    unconfirmed. Parts are cumulative over the work's releases, so that a hold of 30 % keeps 30 %
    of what they come to, to the nano. Of one vendor's earnings together, never less than nothing
    and never more than they are: what refunds took back is held by nobody.
    """
    by_work: dict[int, list[Hold]] = defaultdict(list)
    for hold in holds:
        by_work[hold.work_id].append(hold)
    whole: dict[str, int] = defaultdict(int)
    kept: dict[str, dict[HoldReason, int]] = defaultdict(lambda: dict.fromkeys(HoldReason, 0))
    of_group: dict[tuple[int, tuple[tuple[HoldReason, int], ...]], list[Earned]] = defaultdict(list)
    for one in earned:
        whole[one.vendor] += one.nanos
        weights = _weights([h for h in by_work.get(one.work_id, ()) if h.covers(one.period)])
        if weights:
            of_group[one.work_id, weights].append(one)
    for (work_id, weights), some in sorted(of_group.items()):
        for vendor, parts in _parts(work_id, dict(weights), some).items():
            for reason, nanos in parts.items():
                kept[vendor][reason] += nanos
    return {vendor: _clamped(parts, whole[vendor]) for vendor, parts in kept.items()}


def _weights(holds: Sequence[Hold]) -> tuple[tuple[HoldReason, int], ...]:
    left, found = PPM, []
    for reason in HoldReason:
        ppm = min(sum(hold.share_ppm for hold in holds if hold.reason is reason), left)
        left -= ppm
        if ppm:
            found.append((reason, ppm))
    return tuple(found)


def _parts(
    work_id: int, weights: Mapping[HoldReason, int], some: Sequence[Earned]
) -> dict[str, dict[HoldReason, int]]:
    """Divide what a work released, running total by running total, oldest period first."""
    scale = {str(reason): ppm for reason, ppm in weights.items()}
    scale["free"] = PPM - sum(scale.values())
    tie = tie_of("hold", str(work_id))
    total, before = 0, dict.fromkeys(scale, 0)
    kept: dict[str, dict[HoldReason, int]] = defaultdict(lambda: dict.fromkeys(weights, 0))
    for one in sorted(some, key=lambda each: (each.period, each.vendor)):
        total += one.nanos
        after = allocate(total, scale, tie=tie)
        for reason in weights:
            kept[one.vendor][reason] += after[reason] - before[reason]
        before = after
    return kept


def _clamped(parts: Mapping[HoldReason, int], whole: int) -> dict[HoldReason, int]:
    left, found = max(whole, 0), {}
    for reason in HoldReason:
        found[reason] = min(max(parts[reason], 0), left)
        left -= found[reason]
    return found


def free_of(
    earned: Mapping[str, int],
    backed: Mapping[str, int],
    held: Mapping[str, Mapping[HoldReason, int]],
) -> tuple[Free, ...]:
    """Say for each vendor, in order of name, what of a holder's earnings is free; nanos by vendor.

    What is not under a hold is backed first, so a hold never keeps more than it is of.
    """
    none = dict.fromkeys(HoldReason, 0)
    return tuple(
        Free(
            vendor,
            earned.get(vendor, 0),
            backed.get(vendor, 0),
            held.get(vendor, none)[HoldReason.CONTESTED],
            held.get(vendor, none)[HoldReason.UNCONFIRMED],
        )
        for vendor in sorted(earned.keys() | backed.keys())
    )
