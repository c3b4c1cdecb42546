"""What a new installation begins with: chain parties, and sample vendors where they are wanted."""

from datetime import date, datetime

from sqlmodel import Session, select

from service.ledger.contract import Basis, Contract, Pool, Settles, Step
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, RateCard, Tier
from service.store import parties, terms
from service.store.rows import PartyRow

CHAIN = {
    "equipment": "Equipment supplier",
    "power": "Power company",
    "data-centre": "Data centre",
    "cloud": "Cloud provider",
}
SAMPLE_VENDORS = ("Acme", "Borealis")
FIRST_DAY = date(2020, 1, 1)
CURRENCY = "USD"

STANDARD_STEPS = (
    Step(
        name="production",
        basis=Basis.PER_TOKEN,
        rates=dict.fromkeys(Tier, 5_000),
        settles=Settles.DIRECT,
        parties={"equipment": 400_000, "power": 250_000, "data-centre": 150_000, "cloud": 200_000},
    ),
    Step(
        name="ip-pool",
        basis=Basis.OF_GROSS,
        rates={Tier.PREMIUM: 100_000, Tier.HIGH_SPEED: 100_000, Tier.ELITE: 150_000},
        settles=Settles.ON_PLATFORM,
        parties={},
        pool=Pool(fee_ppm=100_000),
    ),
    Step(
        name="cloud-margin",
        basis=Basis.OF_GROSS,
        rates=dict.fromkeys(Tier, 100_000),
        settles=Settles.DIRECT,
        parties={"cloud": 1_000_000},
    ),
    Step(name="vendor", basis=Basis.REST, rates={}, settles=Settles.DIRECT, parties={}),
)
"""The sample contract: $5 production a million tokens, IP pool, 10 % cloud margin, the rest."""


def found(session: Session, *, now: datetime, sample_parties: bool = True) -> None:
    """Add chain parties and, on request, the sample vendors; what is there stays as it is."""
    for slug, name in CHAIN.items():
        if not session.exec(select(PartyRow).where(PartyRow.slug == slug)).first():
            parties.add_company(session, "chain", name, slug=slug, now=now)
    if sample_parties:
        for name in SAMPLE_VENDORS:
            query = select(PartyRow).where(PartyRow.slug == parties.slug_of(name))
            if not session.exec(query).first():
                add_vendor(session, name, valid_from=FIRST_DAY, now=now, is_sample=True)


def add_vendor(
    session: Session, name: str, *, valid_from: date, now: datetime, is_sample: bool = False
) -> PartyRow:
    """Add a vendor with the standard rate card and the sample contract; raise VendorExists."""
    vendor = parties.add_company(session, "vendor", name, now=now, is_sample=is_sample)
    assert vendor.slug is not None
    terms.add_rate_card(session, vendor, RateCard(valid_from, CURRENCY, STANDARD_NANOS_PER_TOKEN))
    contract = Contract(0, vendor.slug, valid_from, CURRENCY, STANDARD_STEPS)
    terms.add_contract(session, vendor, contract)
    return vendor
