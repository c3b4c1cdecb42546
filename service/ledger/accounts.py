"""Names of accounts: built here only. The chart is in docs/accounting.md."""

from enum import StrEnum

from service.ledger.period import Period

BANK = "bank"
PLATFORM_FEE = "platform:fee"
PLATFORM_INTEREST = "platform:interest"
PAYOUT_CLEARING = "payout:clearing"
PAYOUT_RECOVERY = "payout:recovery"


class Side(StrEnum):
    """Where an account's balance normally stands; statements print credit balances as positive."""

    DEBIT = "debit"
    CREDIT = "credit"


def vendor_receivable(vendor: str) -> str:
    """Name what the vendor owes the platform."""
    return f"vendor:{vendor}:receivable"


def vendor_written_off(vendor: str) -> str:
    """Name what the vendor owes and is not expected to pay any more."""
    return f"vendor:{vendor}:written-off"


def vendor_prepaid(vendor: str) -> str:
    """Name what the vendor paid early for advances and has not owed yet."""
    return f"vendor:{vendor}:prepaid"


def vendor_settled_direct(vendor: str) -> str:
    """Name the memo of what the vendor keeps or pays others itself."""
    return f"vendor:{vendor}:settled-direct"


def vendor_kept(vendor: str) -> str:
    """Name the memo of the vendor's own part."""
    return f"vendor:{vendor}:kept"


def party_direct(party: str) -> str:
    """Name the memo of a chain party paid by the vendor itself."""
    return f"party:{party}:direct"


def party_payable(party: str) -> str:
    """Name what the platform owes a chain party."""
    return f"party:{party}:payable"


def line(line_id: int) -> str:
    """Name the royalty of a line not yet released."""
    return f"line:{line_id}"


def unmatched_pool(vendor: str, month: Period) -> str:
    """Name what no work claimed, by vendor and month of sale."""
    return f"pool:unmatched:{vendor}:{month}"


def holder_payable(holder_id: int) -> str:
    """Name what the platform owes a holder, released and backed; negative after clawbacks."""
    return f"holder:{holder_id}:payable"


def holder_held(holder_id: int) -> str:
    """Name what a holder has earned and cannot be paid yet."""
    return f"holder:{holder_id}:held"


def holder_holdback(holder_id: int) -> str:
    """Name what is kept of a holder's payable money until a date, against refunds."""
    return f"holder:{holder_id}:holdback"


def holder_advance(holder_id: int) -> str:
    """Name what a holder was paid early and has not earned back."""
    return f"holder:{holder_id}:advance"


def tax_payable(rule: str) -> str:
    """Name what was withheld under a rule and is owed to an authority."""
    return f"tax:{rule}:payable"


def exchange(source: str, target: str) -> str:
    """Name what exchanges between two currencies go through: both legs, one entry a currency."""
    return f"fx:{source}:{target}"


def normal_side(name: str) -> Side:
    """Return the normal side of any name built above."""
    head, _, rest = name.partition(":")
    if name in {BANK, PAYOUT_RECOVERY, PLATFORM_INTEREST}:
        return Side.DEBIT
    if head == "vendor" and rest.rpartition(":")[2] in {
        "receivable",
        "settled-direct",
        "written-off",
    }:
        return Side.DEBIT
    if head == "holder" and rest.endswith(":advance"):
        return Side.DEBIT
    return Side.CREDIT


def line_id_of(name: str) -> int | None:
    """Return the line an account belongs to, None for any other account."""
    head, _, rest = name.partition(":")
    return int(rest) if head == "line" else None
