"""At close a line's royalty goes upstream and to the rights holders, cumulatively and exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.ledger.allocation import allocate, tie_of
from service.ledger.errors import LedgerError
from service.ledger.journal import summed
from service.ledger.money import MAX_NANOS, PPM, format_nanos
from service.ledger.period import Period
from service.ledger.rights import RightsVersion
from service.ledger.tiers import Tier


@dataclass(frozen=True, slots=True)
class Line:
    """work x rights version x vendor x tier x currency: credited by sales, released by a close."""

    line_id: int
    rights: RightsVersion
    vendor: str
    tier: Tier
    currency: str

    @property
    def tie(self) -> int:
        """Tie of the line, of public names only."""
        version = f"{self.rights.work_id}/{self.rights.valid_from}"
        return tie_of(version, self.vendor, self.tier, self.currency)


@dataclass(frozen=True, slots=True)
class Credit:
    """What entries of one period put on a line for sales of one month; signed nanos."""

    month: Period
    nanos: int


@dataclass(frozen=True, slots=True)
class Released:
    """Part of one credit: to a holder, or upstream to a rights version; signed nanos."""

    month: Period
    to_holder: Mapping[int, int]
    to_upstream: Mapping[int, int]


class ReleaseTooLarge(LedgerError):
    """A line was credited more in a period than one posting holds."""

    def __init__(self, line_id: int, currency: str, credited_nanos: int) -> None:
        super().__init__(
            f"line {line_id} is to release {format_nanos(credited_nanos)} {currency}, "
            f"one posting holds at most {format_nanos(MAX_NANOS)}",
            line_id=line_id,
            currency=currency,
            credited_nanos=credited_nanos,
        )


def standing(line: Line, credited_nanos: int) -> tuple[dict[int, int], dict[int, int]]:
    """Return what holders and upstream rights versions stand at once a line was credited so much.

    The one allocation behind every release, in parts of 10^12: a line credited to zero leaves
    everybody at zero, and nobody ever stands a whole nano away from the exact fraction.
    """
    own_ppm = PPM - sum(line.rights.upstream_ppm.values())
    holders = {h: ppm * own_ppm for h, ppm in line.rights.shares_ppm.items()}
    upstream = {v: ppm * PPM for v, ppm in line.rights.upstream_ppm.items()}
    weights = {f"holder:{h}": weight for h, weight in holders.items()}
    weights |= {f"rights:{v}": weight for v, weight in upstream.items()}
    parts = allocate(credited_nanos, weights, tie=line.tie)
    return {h: parts[f"holder:{h}"] for h in holders}, {v: parts[f"rights:{v}"] for v in upstream}


def check_postable(line: Line, credits: Sequence[Credit]) -> None:
    """Raise ReleaseTooLarge unless one entry holds all that a period credited to a line."""
    whole = sum(credit.nanos for credit in credits)
    if max(abs(nanos) for nanos in (whole, *(credit.nanos for credit in credits))) > MAX_NANOS:
        raise ReleaseTooLarge(line.line_id, line.currency, whole)


def release(line: Line, credited_before: int, credits: Sequence[Credit]) -> tuple[Released, ...]:
    """Release the credits of one period, oldest month of sale first.

    credited_before: all the line was ever credited before this period. Each part is the standing
    after the credit minus the standing before it, so the parts of all periods add up to the
    standing.
    """
    before_holders, before_upstream = standing(line, credited_before)
    total, parts = credited_before, []
    for credit in sorted(credits, key=lambda c: c.month):
        total += credit.nanos
        holders, upstream = standing(line, total)
        parts.append(
            Released(
                credit.month,
                _minus(holders, before_holders),
                _minus(upstream, before_upstream),
            )
        )
        before_holders, before_upstream = holders, upstream
    return tuple(parts)


def _minus(after: Mapping[int, int], before: Mapping[int, int]) -> dict[int, int]:
    return {key: after[key] - before[key] for key in after if after[key] != before[key]}


def release_legs(line_account: str, credited: int, to: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Return the legs of one release: the line is debited what it held, everybody else credited."""
    return summed([(line_account, credited), *((account, -n) for account, n in to)])
