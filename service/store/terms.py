"""Rate cards and contracts: what a vendor's tokens cost and who gets what of it, by day."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlmodel import Session, col, select

from service.ledger.contract import BadContract, Contract, NoContract
from service.ledger.contract_form import steps_from_json, steps_to_json
from service.ledger.errors import LedgerError
from service.ledger.tiers import RateCard, Tier
from service.store import correction_jobs, periods
from service.store.correction_jobs import NewJob
from service.store.corrections import Cause
from service.store.database import driver
from service.store.rows import ContractRow, PartyRow, RateCardRow
from service.store.text_rules import check_text


class TermsExist(LedgerError):
    """A contract or rate card of the vendor starts on this day already."""

    def __init__(self, vendor: str, day: date) -> None:
        super().__init__(
            f"terms of {vendor} from {day} exist already", vendor=vendor, day=day.isoformat()
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """All versions of one vendor's contracts and rate cards, oldest first."""

    vendor_id: int
    vendor: str
    contracts: tuple[Contract, ...]
    rate_cards: tuple[RateCard, ...]

    def contract_on(self, day: date) -> Contract:
        """Return the contract valid on a day; raise NoContract."""
        at = bisect_right([c.valid_from for c in self.contracts], day)
        if not at:
            raise NoContract(self.vendor, day)
        return self.contracts[at - 1]

    def rate_card_on(self, day: date) -> RateCard:
        """Return the rate card valid on a day; raise NoContract."""
        at = bisect_right([c.valid_from for c in self.rate_cards], day)
        if not at:
            raise NoContract(self.vendor, day)
        return self.rate_cards[at - 1]


def of_vendors(session: Session, vendor_ids: list[int]) -> dict[int, Terms]:
    """Load the terms of these vendors."""
    parties = session.exec(select(PartyRow).where(col(PartyRow.party_id).in_(vendor_ids))).all()
    contracts = session.exec(
        select(ContractRow)
        .where(col(ContractRow.vendor_id).in_(vendor_ids))
        .order_by(col(ContractRow.valid_from), col(ContractRow.version))
    ).all()
    cards = session.exec(
        select(RateCardRow)
        .where(col(RateCardRow.vendor_id).in_(vendor_ids))
        .order_by(col(RateCardRow.valid_from))
    ).all()
    newest = {(row.vendor_id, row.valid_from): row for row in contracts}.values()
    terms = {}
    for party in parties:
        assert party.party_id is not None
        assert party.slug is not None
        terms[party.party_id] = Terms(
            party.party_id,
            party.slug,
            tuple(_contract(r, party.slug) for r in newest if r.vendor_id == party.party_id),
            tuple(_rate_card(r) for r in cards if r.vendor_id == party.party_id),
        )
    return terms


def _contract(row: ContractRow, vendor: str) -> Contract:
    assert row.contract_id is not None
    steps = steps_from_json(row.steps)
    return Contract(row.contract_id, vendor, row.valid_from, row.currency, steps)


def _rate_card(row: RateCardRow) -> RateCard:
    prices = {Tier.numbered(i): nanos for i, nanos in enumerate(row.nanos_per_token)}
    return RateCard(row.valid_from, row.currency, prices)


def add_contract(session: Session, vendor: PartyRow, contract: Contract) -> int:
    """Add a version of a vendor's contract; return its id. Raise TermsExist for a second a day."""
    _refuse_second(session, ContractRow, vendor, contract.valid_from)
    return _insert_contract(session, vendor, contract, version=1, reason="")


def correct_contract(
    session: Session, vendor: PartyRow, contract: Contract, *, reason: str, by: str, now: datetime
) -> int:
    """Let a contract count from a day on that may have sales already; return its id.

    One that starts on the same day is superseded; the next one by day goes on counting from its
    own. Sales settled since are corrected by a job. Raises BadText for a reason that is empty.
    """
    assert vendor.party_id is not None
    check_text(reason, place="reason", max_chars=500)
    periods.wait_for_postings(session)
    _check_currency(session, vendor.party_id, contract)
    rows = session.exec(select(ContractRow).where(ContractRow.vendor_id == vendor.party_id)).all()
    same = [row.version for row in rows if row.valid_from == contract.valid_from]
    version = max(same, default=0) + 1
    made = _insert_contract(session, vendor, contract, version=version, reason=reason)
    later = [row.valid_from for row in rows if row.valid_from > contract.valid_from]
    job = NewJob(
        Cause.CONTRACT,
        reason,
        by,
        vendor_id=vendor.party_id,
        sold_from=_start_of(contract.valid_from),
        sold_until=_start_of(min(later)) if later else None,
    )
    correction_jobs.request(session, job, now=now)
    return made


def _check_currency(session: Session, vendor_id: int, contract: Contract) -> None:
    other = driver(session).execute(
        "SELECT currency FROM sale WHERE vendor_id = %s AND sold_at >= %s AND currency <> %s "
        "LIMIT 1",
        (vendor_id, _start_of(contract.valid_from), contract.currency),
    )
    row = other.fetchone()
    if row:
        raise BadContract("currency", f"must be {row[0]}, that of the sales since")


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _insert_contract(
    session: Session, vendor: PartyRow, contract: Contract, *, version: int, reason: str
) -> int:
    assert vendor.party_id is not None
    row = ContractRow(
        vendor_id=vendor.party_id,
        valid_from=contract.valid_from,
        currency=contract.currency,
        steps=steps_to_json(contract.steps),
        version=version,
        reason=reason,
    )
    session.add(row)
    session.flush()
    assert row.contract_id is not None
    return row.contract_id


def add_rate_card(session: Session, vendor: PartyRow, card: RateCard) -> None:
    """Add a version of a vendor's rate card. Raise TermsExist for a second one a day."""
    assert vendor.party_id is not None
    _refuse_second(session, RateCardRow, vendor, card.valid_from)
    session.add(
        RateCardRow(
            vendor_id=vendor.party_id,
            valid_from=card.valid_from,
            currency=card.currency,
            nanos_per_token=[card.nanos_per_token[tier] for tier in Tier],
        )
    )
    session.flush()


def _refuse_second(
    session: Session, table: type[ContractRow] | type[RateCardRow], vendor: PartyRow, day: date
) -> None:
    query = select(table).where(table.vendor_id == vendor.party_id, table.valid_from == day)
    if session.exec(query).first():
        raise TermsExist(vendor.slug or vendor.name, day)
