"""One sale with everything its settlement rests on, loaded for corrections and explanations."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from service.ledger.contract import Contract
from service.ledger.period import Period
from service.ledger.settlement import Matched, Sale
from service.ledger.tiers import Tier
from service.store import attributions, parties, sale_table, terms
from service.store.against_terms import UseAgainstTerms
from service.store.attributions import StoredAttribution
from service.store.sales import StoredSale, unsigned
from worker.eligible import eligible
from worker.licensing import LicensedShare, shares_of_one


@dataclass(frozen=True, slots=True)
class SettledSale:
    """The facts behind one sale's entry."""

    stored: StoredSale
    sale: Sale
    matched: Matched
    contract: Contract
    attribution: StoredAttribution | None
    licensed: Sequence[LicensedShare] = ()
    """Works of the sale and their terms; empty where none has any."""

    @property
    def uses_against_terms(self) -> list[UseAgainstTerms]:
        """Return what the sale drew on and may not pay."""
        return [
            UseAgainstTerms(
                self.stored.sale_id, one.work_id, one.against.number, one.attributed_ppm
            )
            for one in self.licensed
            if one.against
        ]


def load(session: Session, stored: StoredSale) -> SettledSale:
    """Load the newest facts of a sale: attribution, and rights, terms and contract of its day."""
    vendor_terms = terms.of_vendors(session, [stored.vendor_id])[stored.vendor_id]
    attribution = attributions.of_sale(session, stored.sale_id)
    alone = sale_table.one_sale(
        sale_id=stored.sale_id,
        vendor_id=stored.vendor_id,
        sold_at=stored.sold_at,
        tier=stored.tier,
        tokens=stored.output_tokens,
        gross=stored.gross_nanos,
        currency=stored.currency,
        tie=unsigned(stored.tie),
        has_text=stored.text_hash is not None,
        shares=dict(attribution.share_ppm) if attribution else {},
    )
    paid = eligible(session, alone)
    works = paid.works.tolist()
    matched = Matched(
        dict(zip(works, paid.shares.tolist(), strict=True)),
        dict(zip(works, paid.line_ids.tolist(), strict=True)),
        int(paid.unmatched_ppm[0]),
        has_text=stored.text_hash is not None,
    )
    sale = Sale(
        stored.sale_id,
        unsigned(stored.tie),
        vendor_terms.vendor,
        Period(stored.period),
        Tier.numbered(stored.tier),
        stored.output_tokens,
        stored.gross_nanos,
        stored.currency,
    )
    contract = vendor_terms.contract_on(stored.sold_at.date())
    told = shares_of_one(alone, paid.licensed)
    return SettledSale(stored, sale, matched, contract, attribution, told)


def vendor_name(session: Session, vendor_id: int) -> str:
    """Return the name of a vendor."""
    return parties.names(session, [vendor_id])[vendor_id]
