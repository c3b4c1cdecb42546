"""One sale with everything its settlement rests on, loaded for corrections and explanations."""

from dataclasses import dataclass

from sqlmodel import Session

from service.ledger.contract import Contract
from service.ledger.period import Period
from service.ledger.settlement import Matched, Sale
from service.ledger.tiers import Tier
from service.store import attributions, lines, parties, terms
from service.store.attributions import StoredAttribution
from service.store.sales import StoredSale, unsigned
from service.store.settlement_rows import SaleRow
from worker.settlement import eligible_matches


@dataclass(frozen=True, slots=True)
class SettledSale:
    """The facts behind one sale's entry."""

    stored: StoredSale
    sale: Sale
    matched: Matched
    contract: Contract
    attribution: StoredAttribution | None


def load(session: Session, stored: StoredSale) -> SettledSale:
    """Load the newest facts of a stored sale: attribution, rights and contract of its day."""
    vendor_terms = terms.of_vendors(session, [stored.vendor_id])[stored.vendor_id]
    attribution = attributions.of_sale(session, stored.sale_id)
    shares = dict(attribution.share_ppm) if attribution else {}
    row = SaleRow(
        stored.sale_id,
        stored.vendor_id,
        stored.sold_at,
        stored.tier,
        stored.output_tokens,
        stored.gross_nanos,
        stored.currency,
        stored.tie,
        stored.text_hash is not None,
        list(shares),
        list(shares.values()),
        attribution.unmatched_ppm if attribution else None,
    )
    matches = eligible_matches(session, [row])
    line_ids = lines.ids(session, [key for key, _ in matches.of_sale[0]])
    matched = Matched(
        {key.work_id: share for key, share in matches.of_sale[0]},
        {key.work_id: line_ids[key] for key, _ in matches.of_sale[0]},
        matches.unmatched_ppm[0],
        has_text=row.has_text,
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
    return SettledSale(stored, sale, matched, contract, attribution)


def vendor_name(session: Session, vendor_id: int) -> str:
    """Return the name of a vendor."""
    return parties.names(session, [vendor_id])[vendor_id]
