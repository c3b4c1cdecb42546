"""A journal entry: postings of one source that sum to zero. It is balanced or does not exist."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.ledger.errors import LedgerError


class Kind(StrEnum):
    """What caused an entry; with the source's number it is unique for ever."""

    SALE = "sale"
    CORRECTION = "correction"
    RELEASE = "release"
    RECEIPT = "receipt"
    BACKING = "backing"
    WRITE_OFF = "write-off"
    PAYOUT = "payout"
    PAYOUT_CONFIRMED = "payout-confirmed"
    PAYOUT_RETURNED = "payout-returned"
    HOLD = "hold"
    HOLDBACK = "holdback"
    RECOUPMENT = "recoupment"
    ADVANCE = "advance"
    GUARANTEE = "guarantee"
    POOL_RELEASE = "pool-release"
    INTEREST = "interest"
    TAX = "tax"
    FX_OUT = "fx-out"
    FX_IN = "fx-in"
    PAYOUT_FEE = "payout-fee"
    PAYOUT_CORRECTION = "payout-correction"
    FX_SETTLED = "fx-settled"
    FX_RETURNED = "fx-returned"

    @property
    def number(self) -> int:
        """The kind as stored; numbers are never reused."""
        return _NUMBERS[self]

    @classmethod
    def numbered(cls, number: int) -> "Kind":
        """Inverse of ``number``."""
        return _KINDS[number]


_NUMBERS = {
    Kind.SALE: 1,
    Kind.CORRECTION: 2,
    Kind.RELEASE: 3,
    Kind.RECEIPT: 4,
    Kind.BACKING: 5,
    Kind.WRITE_OFF: 6,
    Kind.PAYOUT: 7,
    Kind.PAYOUT_CONFIRMED: 8,
    Kind.PAYOUT_RETURNED: 9,
    Kind.HOLD: 10,
    Kind.HOLDBACK: 11,
    Kind.RECOUPMENT: 12,
    Kind.ADVANCE: 13,
    Kind.GUARANTEE: 14,
    Kind.POOL_RELEASE: 20,
    Kind.INTEREST: 21,
    Kind.TAX: 30,
    Kind.FX_OUT: 31,
    Kind.FX_IN: 32,
    Kind.PAYOUT_FEE: 33,
    Kind.PAYOUT_CORRECTION: 34,
    Kind.FX_SETTLED: 35,
    Kind.FX_RETURNED: 36,
}
_KINDS = {number: kind for kind, number in _NUMBERS.items()}


class Unbalanced(LedgerError):
    """Postings do not sum to zero."""

    def __init__(self, currency: str, difference_nanos: int) -> None:
        super().__init__(
            f"postings differ by {difference_nanos} nanos of {currency}",
            currency=currency,
            difference_nanos=difference_nanos,
        )


class EmptyPosting(LedgerError):
    """A posting of nothing, or fewer than two postings, or an account named twice."""

    def __init__(self, accounts: tuple[str, ...]) -> None:
        super().__init__(
            "an entry has two or more postings, none is zero, each account once", accounts=accounts
        )


@dataclass(frozen=True, slots=True)
class Source:
    """The fact that caused an entry; unique for ever."""

    kind: Kind
    source_id: int


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg: debit positive, credit negative, never zero."""

    account: str
    nanos: int


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Two or more postings in one currency. ``subject_sale_id``: the sale it is about, if any."""

    source: Source
    currency: str
    postings: tuple[Posting, ...]
    subject_sale_id: int | None = None

    def __post_init__(self) -> None:
        difference = sum(posting.nanos for posting in self.postings)
        if difference:
            raise Unbalanced(self.currency, difference)
        accounts = tuple(posting.account for posting in self.postings)
        if (
            len(accounts) <= 1
            or len(set(accounts)) < len(accounts)
            or not all(posting.nanos for posting in self.postings)
        ):
            raise EmptyPosting(accounts)

    def as_mapping(self) -> dict[str, int]:
        """Return nanos by account."""
        return {posting.account: posting.nanos for posting in self.postings}

    def reversed(self, *, source: Source) -> "JournalEntry":
        """Return the entry that takes this one back: a mistake is corrected by saying more."""
        postings = tuple(Posting(posting.account, -posting.nanos) for posting in self.postings)
        return JournalEntry(source, self.currency, postings, self.subject_sale_id)


def summed(legs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add legs of one account together and drop what comes to zero; accounts in order of name."""
    totals: dict[str, int] = {}
    for account, nanos in legs:
        totals[account] = totals.get(account, 0) + nanos
    return {account: totals[account] for account in sorted(totals) if totals[account]}


def entry(
    source: Source, currency: str, legs: Mapping[str, int], *, subject_sale_id: int | None = None
) -> JournalEntry | None:
    """Make the entry of these legs, or None where nothing is left to post."""
    postings = tuple(Posting(account, nanos) for account, nanos in summed(legs.items()).items())
    return JournalEntry(source, currency, postings, subject_sale_id) if postings else None
