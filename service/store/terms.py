"""Rate cards and contracts: what a vendor's tokens cost and who gets what of it, by day."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from service.ledger.contract import Contract, NoContract
from service.ledger.contract_form import steps_from_json, steps_to_json
from service.ledger.errors import LedgerError
from service.ledger.tiers import RateCard, Tier
from service.store.rows import ContractRow, PartyRow, RateCardRow


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
        .order_by(col(ContractRow.valid_from))
    ).all()
    cards = session.exec(
        select(RateCardRow)
        .where(col(RateCardRow.vendor_id).in_(vendor_ids))
        .order_by(col(RateCardRow.valid_from))
    ).all()
    terms = {}
    for party in parties:
        assert party.party_id is not None
        assert party.slug is not None
        terms[party.party_id] = Terms(
            party.party_id,
            party.slug,
            tuple(_contract(r, party.slug) for r in contracts if r.vendor_id == party.party_id),
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
    assert vendor.party_id is not None
    row = ContractRow(
        vendor_id=vendor.party_id,
        valid_from=contract.valid_from,
        currency=contract.currency,
        steps=steps_to_json(contract.steps),
    )
    _refuse_second(session, ContractRow, vendor, contract.valid_from)
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
