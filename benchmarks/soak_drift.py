"""Pay 100 equal holders for three million tiny sales over twelve closes; compare with fractions.

A million sales of 1 to 99 cents, a million of 1 to 9 nanos and a million of one nano, each kind of
a vendor of its own whose contract passes the whole gross to the works, so that what a holder is
due of a line is an exact fraction of its sales. Settled, closed, released and stated for real.
SALES=n: of each kind; SMALL=1: 12,000. Ends with a line of JSON.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from bulk_sales import Request, holders, register, store, store_attributions
from ledger_scene import NOW, REGISTERED_AT, TIERS
from soak_crew import Postmaster
from soak_figures import Figures, figure, show, tell

from service.ledger.allocation import Int64s
from service.ledger.contract import Basis, Contract, Pool, Settles, Step
from service.ledger.period import Period
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, RateCard, Tier
from service.settings import Settings
from service.store import attributions, closing, parties, periods, terms
from service.store.database import driver, unit_of_work
from worker import drain
from worker.settlement import Memory, settle_batch
from worker.verify import verify
from worker.workplace import Workplace, open_workplace

SALES = int(os.environ.get("SALES") or (12_000 if os.environ.get("SMALL") else 1_000_000))
MONTHS = [Period(202500 + month) for month in range(1, 13)]
WORKS, HOLDERS = 3 if os.environ.get("SMALL") else 10, 100
A_REQUEST = 1_000
CENT = 10_000_000
EVERYTHING = 1_000_000
GROSS: Mapping[str, Callable[[np.random.Generator, int], Int64s]] = {
    "cents": lambda rng, n: rng.integers(1, 100, n) * CENT,
    "nanos": lambda rng, n: rng.integers(1, 10, n),
    "one nano": lambda _rng, n: np.ones(n, np.int64),
}
STEPS = (
    Step(
        "ip-pool",
        Basis.OF_GROSS,
        dict.fromkeys(Tier, EVERYTHING),
        Settles.ON_PLATFORM,
        {},
        Pool(fee_ppm=0),
    ),
    Step("vendor", Basis.REST, {}, Settles.DIRECT, {}),
)

LineName = tuple[int, int, int]
"""Vendor, work and tier."""


@dataclass
class Scene:
    """Works of 100 equal holders each, sold by a vendor for each kind of sale."""

    place: Workplace
    holder_ids: list[int]
    work_ids: list[int]
    attribution_of: list[int]
    vendors: dict[str, tuple[int, str]]
    gross_of_line: dict[LineName, int]
    rng: np.random.Generator
    sales_of_cents: Int64s

    def sell(self, month: int) -> None:
        """Report a twelfth of each kind of sale; what each line is due is written down."""
        for kind, draw in GROSS.items():
            first = SALES * month // len(MONTHS)
            until = SALES * (month + 1) // len(MONTHS)
            gross = draw(self.rng, until - first)
            if kind == "cents":
                self.sales_of_cents += np.bincount(gross // CENT, minlength=HOLDERS)
            requests = [
                self._request(kind, MONTHS[month], first + at, gross[at : at + A_REQUEST])
                for at in range(0, len(gross), A_REQUEST)
            ]
            with unit_of_work(self.place.database) as session:
                store(session, requests)

    def _request(self, kind: str, month: Period, first: int, gross: Int64s) -> Request:
        numbers = np.arange(first, first + len(gross))
        work, tier = numbers % WORKS, numbers // WORKS % len(TIERS)
        tiers = np.array([one.number for one in TIERS])[tier]
        vendor_id, slug = self.vendors[kind]
        for w, t in {(w, t) for w in range(WORKS) for t in range(len(TIERS))}:
            line = (vendor_id, self.work_ids[w], TIERS[t].number)
            sold = int(gross[(work == w) & (tier == t)].sum())
            self.gross_of_line[line] = self.gross_of_line.get(line, 0) + sold
        return Request(
            vendor_id,
            slug,
            month,
            first,
            tiers.tolist(),
            [1_000] * len(gross),
            gross.tolist(),
            work.tolist(),
            [self.attribution_of[w] for w in work.tolist()],
        )


def founded(place: Workplace) -> Scene:
    """Register works, holders and vendors; each work is the whole source of one output."""
    with unit_of_work(place.database) as session:
        people = holders(session, HOLDERS)
        alike = dict.fromkeys(people, EVERYTHING // HOLDERS)
        work_ids = register(session, count=WORKS, split=lambda _n: alike)
        engine = attributions.engine_id(session, "given")
        whole = [([work], [EVERYTHING]) for work in work_ids]
        given = store_attributions(session, engine, 0, whole)
        vendors = {}
        for kind in GROSS:
            party = parties.add_company(session, "vendor", kind.capitalize(), now=NOW)
            assert party.slug
            day = REGISTERED_AT.date()
            terms.add_rate_card(session, party, RateCard(day, "USD", STANDARD_NANOS_PER_TOKEN))
            terms.add_contract(session, party, Contract(0, party.slug, day, "USD", STEPS))
            vendors[kind] = (party.party_id, party.slug)
    rng, no_sales = np.random.default_rng(3), np.zeros(HOLDERS, np.int64)
    return Scene(place, people, work_ids, list(given), vendors, {}, rng, no_sales)


def close(place: Workplace, month: Period) -> None:
    """Settle what waits and close the month, as a worker does."""
    memory = Memory()
    while settle_batch(place.database, now=NOW, memory=memory):
        pass
    with unit_of_work(place.database) as session:
        closing.begin(session, month, early=False, now=NOW)
    drain.finish_closing(place, drain.silent)
    with unit_of_work(place.database) as session:
        assert periods.state(session, month) == periods.CLOSED, f"{month} is not closed"


def stated(place: Workplace) -> dict[tuple[LineName, int], int]:
    """Add up what all statements say a holder earned of a line."""
    with unit_of_work(place.database) as session:
        rows = driver(session).execute(
            "SELECT l.vendor_id, l.work_id, l.tier, s.holder_id, sum(l.nanos) "
            "FROM statement s JOIN statement_line l USING (statement_id) GROUP BY 1, 2, 3, 4"
        )
        return {((vendor, work, tier), holder): int(n) for vendor, work, tier, holder, n in rows}


def differences(scene: Scene, kind: str) -> Iterator[tuple[int, Fraction]]:
    """Yield holder and stated minus exact, for each line of a kind and each holder."""
    said, vendor_id = stated(scene.place), scene.vendors[kind][0]
    for line, gross in scene.gross_of_line.items():
        if line[0] == vendor_id:
            for holder in scene.holder_ids:
                yield holder, said.get((line, holder), 0) - Fraction(gross, HOLDERS)


@dataclass(frozen=True, slots=True)
class Drift:
    """Of one kind of sale: worst difference of a holder and line in nanos; holders compared.

    ``spread``: between the best and the worst paid of equal holders over all lines, in nanos;
    ``in_order``: what it is where the first holders get every nano that is left.
    """

    worst: Fraction
    compared: int
    spread: int
    in_order: int


def drift_of(scene: Scene, kind: str) -> Drift:
    """Compare what was stated with exact fractions."""
    found = list(differences(scene, kind))
    of_holder = dict.fromkeys(scene.holder_ids, Fraction(0))
    for holder, difference in found:
        of_holder[holder] += difference
    spread = max(of_holder.values()) - min(of_holder.values())
    left = [
        gross % HOLDERS
        for (vendor, _, _), gross in scene.gross_of_line.items()
        if vendor == scene.vendors[kind][0]
    ]
    assert spread.denominator == 1, "equal holders differ by whole nanos"
    in_order = sum(1 for one in left if one)
    return Drift(max(abs(d) for _, d in found), len(found), int(spread), in_order)


def rounded_to_cents(sales_of_cents: Int64s) -> dict[str, float]:
    """Divide each sale among equal holders in whole cents; holders off, % of the exact.

    sales_of_cents[n]: how many sales of n cents there are, n < 100. The first and the last holder
    where the n cents go one each to the first holders; and any holder where each part is rounded
    by itself, half a cent up, so that the parts do not add up to the sale.
    """
    cents = np.arange(len(sales_of_cents))
    exact = Fraction(int((cents * sales_of_cents).sum()), HOLDERS)
    first, last = int(sales_of_cents[1:].sum()), int(sales_of_cents[HOLDERS:].sum())
    rounded = int(sales_of_cents[2 * cents >= HOLDERS].sum())
    paid = {"first_holder": first, "last_holder": last, "each_rounded": rounded}
    return {name: float((got / exact - 1) * 100) for name, got in paid.items()}


def main() -> None:
    """Sell, close, compare."""
    home = Path(tempfile.mkdtemp(prefix="ws-soak-"))
    place = open_workplace(Settings(home=home, sample_parties=False), clock=lambda: NOW)
    scene, started = founded(place), time.perf_counter()
    for month, period in enumerate(MONTHS):
        scene.sell(month)
        close(place, period)
        tell(f"closed {period} after {time.perf_counter() - started:.0f} s")
    drifts = {kind: drift_of(scene, kind) for kind in GROSS}
    broken = sum(len(check.facts) for check in verify(place.database, drain.silent))
    cents = rounded_to_cents(scene.sales_of_cents)
    report(drifts, cents, broken, time.perf_counter() - started)
    place.close()
    Postmaster.of(home).stop()
    shutil.rmtree(home, ignore_errors=True)


def report(
    drifts: Mapping[str, Drift], cents: Mapping[str, float], broken: int, seconds: float
) -> None:
    """Print the figures, and beside them what rounding each sale to cents does."""
    figures: Figures = {}
    for kind, drift in drifts.items():
        name = kind.replace(" ", "_")
        figures[f"worst_{name}"] = figure(float(drift.worst), "nanos", target=1.0)
        figures[f"compared_{name}"] = figure(drift.compared, "holders x lines")
        figures[f"spread_{name}"] = figure(drift.spread, "nanos", target=drift.in_order)
        figures[f"spread_in_order_{name}"] = figure(drift.in_order, "nanos")
    for name, percent in cents.items():
        figures[f"to_cents_{name}"] = figure(percent, "%")
    figures["broken_invariants"] = figure(broken, "facts", target=0)
    figures["sales"] = figure(SALES * len(GROSS), "sales")
    figures["closes"] = figure(len(MONTHS), "closes")
    figures["seconds"] = figure(seconds, "s")
    show("soak-drift", figures)


if __name__ == "__main__":
    main()
