"""The sample catalogue and its month of sales: fiction, the same figures on every machine."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files

from service.api.formats.native import SaleDefaults, parse_sale
from service.api.json_body import read
from service.ledger.period import Period
from service.ledger.sale_report import ReportedSale
from service.ledger.tiers import Tier
from service.store import parties, terms
from service.store.database import unit_of_work
from worker import logins, sale_import, work_import
from worker.fingerprints import EngineFingerprints
from worker.founding import SAMPLE_VENDORS
from worker.workplace import Workplace

REGISTERED_AT = datetime(2024, 12, 1, tzinfo=UTC)
MONTH = Period(202501)
SOLD_EACH = 100
"""How often each sample output is sold: by either vendor, on all days, at all tiers."""
CREATORS = 2
"""Sample creators who get a login of their own."""

Progress = Callable[[str, int, int], None]


def _lines(name: str) -> list[dict[str, object]]:
    text = (files("worker") / "sample" / name).read_text(encoding="utf-8")
    return [dict(read(line.encode())) for line in text.splitlines()]  # type: ignore[call-overload]


def register(place: Workplace) -> int:
    """Register the sample works of an installation that has none; return how many were new."""
    with as_file(files("worker") / "sample" / "works.jsonl") as path:
        imported = work_import.import_works(
            place.database,
            path,
            holder=None,
            registered_at=REGISTERED_AT,
            now=place.clock(),
            is_sample=True,
        )
    _add_logins(place)
    return imported.registered


def _add_logins(place: Workplace) -> None:
    """Give the first sample creators and each sample vendor a login."""
    with unit_of_work(place.database) as session:
        holders = {str(h["name"]): None for w in _lines("works.jsonl") for h in w["holders"]}  # type: ignore[attr-defined]
        home, now = place.settings.home, place.clock()
        for name in list(holders)[:CREATORS]:
            party = parties.holder_named(session, name, now=now, is_sample=True)
            login = parties.slug_of(name.removesuffix(" (sample)"))
            logins.add(session, home, login, "creator", party.party_id, now=now)
        for name in SAMPLE_VENDORS:
            vendor = parties.vendor_named(session, name)
            logins.add(session, home, name.lower(), "vendor", vendor.party_id, now=now)


def report(place: Workplace) -> int:
    """Report the month's sales of both vendors; return how many were new."""
    created = 0
    outputs = _lines("outputs.jsonl")
    for at, name in enumerate(SAMPLE_VENDORS):
        with unit_of_work(place.database) as session:
            vendor = parties.vendor_named(session, name)
            assert vendor.party_id is not None
            of_vendor = terms.of_vendors(session, [vendor.party_id])[vendor.party_id]
        sales = []
        for number, output in enumerate(outputs):
            for turn in range(at, SOLD_EACH, len(SAMPLE_VENDORS)):
                value = _sale(number, turn, output)
                parsed = parse_sale(
                    value,
                    "sample",
                    terms=of_vendor,
                    now=place.clock(),
                    defaults=SaleDefaults(),
                    fingerprints=EngineFingerprints(place.room.encoder),
                )
                assert isinstance(parsed, ReportedSale), parsed
                sales.append(parsed)
        created += sale_import.store(
            place.database,
            vendor,
            sales,
            now=place.clock(),
            retention_days=place.settings.text_retention_days,
        ).created
    return created


def _sale(number: int, turn: int, output: dict[str, object]) -> dict[str, object]:
    """Sell one output once more: day, hour and tier follow from the numbers of output and turn."""
    hours = (number * 37 + turn * 101) % (31 * 24)
    at = MONTH.start + timedelta(hours=hours, minutes=number % 60, seconds=turn % 60)
    tiers = list(Tier)
    return {
        "id": f"{output['id']}-{turn:03d}",
        "tier": str(tiers[(number + turn // 2) % len(tiers)]),
        "text": output["text"],
        "sold_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "model": "sample-model",
    }
