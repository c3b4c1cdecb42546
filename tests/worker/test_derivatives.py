"""Royalty runs upstream at every close through any depth; what back-dated rights adjust is told."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from worker_process import waits_until

from service.ledger.derivation import Change
from service.ledger.money import format_nanos, parse_nanos
from service.ledger.tiers import Tier
from service.store import (
    adjustments,
    consent,
    dilutions,
    examinations,
    holds,
    owners,
    parties,
    proposals,
    registered_rights,
    rights,
    rights_changes,
    works,
)
from service.store.database import unit_of_work
from service.store.proposals import Proposer
from service.store.receipts import NewReceipt
from worker import receipts

ALL = 1_000_000
JANUARY, FEBRUARY = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)
POOL = 540_000_000
"""What a million premium tokens credit to the one work they draw on: $6, 10 %, less 10 % fee."""


def number(town, name):
    with unit_of_work(town.database) as session:
        return parties.holder_named(session, name, now=town.clock()).party_id


def change(town, work, *, day=date(2026, 1, 1), upstream=None, reason="agreed", **shares):
    """Change a work's rights; return the number of the change."""
    split = {number(town, name.title()): ppm for name, ppm in shares.items()} or None
    with unit_of_work(town.database) as session:
        changed = Change(day, split, upstream)
        return rights.change(
            session, work, changed, reason=reason, by="op", now=town.clock(), back_dated=True
        )[0]


def sells(town, text, *, at=JANUARY, name="s"):
    town.sells(name, text=text, tier=Tier.PREMIUM, tokens=1_000_000, at=at)


def pays(town, vendor="Acme"):
    """Let a vendor pay all it owes."""
    with unit_of_work(town.database) as session:
        party = parties.vendor_named(session, vendor)
    owed = town.balances(f"vendor:{party.slug}:receivable")[f"vendor:{party.slug}:receivable"]
    receipt = NewReceipt(party.party_id, owed, "USD", "bank")
    receipts.add(town.database, party, receipt, now=town.clock())


def earned(town, month="2026-01"):
    """Return what each holder's statement of a month says they earned, in nanos."""
    rows = town.tells(
        "SELECT name, earned_nanos FROM statement JOIN party ON party_id = holder_id "
        "WHERE period = :p AND earned_nanos <> 0 ORDER BY name",
        p=int(month.replace("-", "")),
    )
    return dict(rows)


@pytest.fixture
def shelf(village, texts):
    """A song, a cover of it, a remix of the cover and a medley; each sold by its own text."""
    village.texts = {
        "song": texts.ode,
        "cover": texts.essay,
        "remix": "Granite quarries of Holmestrand shipped curbstones to eleven harbours in spring.",
        "medley": "Beekeepers along the canal label every jar with the hedgerow that fed it.",
    }
    village.work = {
        title: village.registers(title, text, {holder: ALL})
        for (title, text), holder in zip(
            village.texts.items(), ("Ada", "Ben", "Cleo", "Dee"), strict=True
        )
    }
    return village


def test_three_levels_and_a_diamond_are_released_in_one_close(shelf):
    """Medley passes to cover and remix, remix to cover, cover to song."""
    song, cover, remix, medley = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    change(shelf, remix, upstream={cover: 500_000})
    change(shelf, medley, upstream={remix: 400_000, cover: 200_000})
    sells(shelf, shelf.texts["medley"])
    shelf.works()
    shelf.closes("2026-01")

    assert earned(shelf) == {
        "Dee": POOL * 40 // 100,  # what the medley keeps
        "Cleo": POOL * 20 // 100,  # half of the 40 % that come to the remix
        "Ben": POOL * 28 // 100,  # 70 % of 20 % + 20 % that come to the cover
        "Ada": POOL * 12 // 100,
    }
    assert shelf.broken() == []


def test_sales_settled_while_rights_change_come_to_what_counts(shelf):
    """One thread settles, another changes two ancestors for days gone by, again and again."""
    song, cover, remix, _ = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    change(shelf, remix, upstream={cover: 500_000})

    def settles():
        for n in range(12):
            sells(shelf, shelf.texts["remix"], name=f"sale {n}")
            shelf.works()

    def changes():
        for n in range(6):
            change(shelf, song, day=date(2026, 1, 2 + n), ada=1 + n, eve=ALL - 1 - n)
            change(shelf, cover, day=date(2026, 1, 2 + n), ben=1 + n, eve=ALL - 1 - n)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(settles), pool.submit(changes)]:
            done.result()
    shelf.works()
    shelf.closes("2026-01")

    whole = 12 * POOL
    said = earned(shelf)
    assert sum(said.values()) == whole
    assert said["Cleo"] == whole // 2
    assert said["Ada"] == whole * 15 // 100 * 6 // ALL
    assert shelf.broken() == []


def test_an_examination_and_a_change_of_rights_wait_and_do_not_deadlock(shelf):
    """The change has noted an owner and notes another; the examination has locked that work."""
    song, cover, *_ = shelf.work.values()

    def examines():
        with unit_of_work(shelf.database) as session:
            outcome = examinations.Examined(ALL, (), None, (), {})
            return examinations.store(session, cover, outcome, now=shelf.clock())

    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(shelf.database) as session:
            owners.changed(session, song)
            examining = pool.submit(examines)
            waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            assert waits_until(lambda: shelf.tells(waits))
            owners.changed(session, cover)
        assert examining.result()
    assert len(shelf.tells("SELECT work_id FROM owner_change WHERE work_id = :w", w=cover)) == 2


def rows_of_page(repository, first_cell):
    """Return the cells of the rows of docs/rights.md that begin with one of these words."""
    page = (repository / "docs" / "rights.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines()]
    return [row for row in rows if row[0] in first_cell]


def test_the_page_on_rights_says_where_a_unit_goes(shelf, repository):
    """The example of the page, told to the product: dilution and what a close releases."""
    song, cover, remix, medley = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    change(shelf, remix, upstream={cover: 500_000})
    change(shelf, medley, upstream={remix: 400_000, cover: 200_000})
    sells(shelf, shelf.texts["medley"])
    shelf.works()
    shelf.closes("2026-01")
    with unit_of_work(shelf.database) as session:
        reached = dilutions.of_work(session, medley, day=date(2026, 1, 20))
    parts = {one.work_id: (str(one.received), str(one.kept)) for one in reached}
    paid = earned(shelf)
    page = {row[0]: row[1:] for row in rows_of_page(repository, set(shelf.work))}

    for (title, work), holder in zip(
        shelf.work.items(), ("Ada", "Ben", "Cleo", "Dee"), strict=True
    ):
        received, kept, dollars = page[title]
        assert (received.partition(" ")[0], kept) == parts[work]
        assert parse_nanos(dollars) == paid[holder]


def test_a_chain_of_nine_passes_all_it_gets_down_to_the_last_nano(shelf, texts):
    chain = [shelf.work["song"]]
    for n in range(8):
        body = f"Chapter {n}: " + " ".join(f"word{n}x{i}" for i in range(40)) + "."
        chain.append(shelf.registers(f"link {n}", body, {f"Heir {n}": ALL}))
        change(shelf, chain[-1], upstream={chain[-2]: 999_999})
    sells(shelf, body)
    shelf.works()
    shelf.closes("2026-01")

    said = earned(shelf)
    assert sum(said.values()) == POOL
    assert said == {**{f"Heir {n}": 540 for n in range(8)}, "Ada": POOL - 8 * 540}
    assert shelf.broken() == []


def test_a_withdrawn_upstream_work_goes_on_getting_its_share(shelf):
    """It earns nothing from outputs any more; what was agreed of derivatives stays agreed."""
    song, cover, *_ = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    with unit_of_work(shelf.database) as session:
        works.withdraw(session, song, now=datetime(2026, 1, 10, tzinfo=UTC))
    sells(shelf, shelf.texts["cover"])
    shelf.works()
    shelf.closes("2026-01")
    assert earned(shelf) == {"Ada": POOL * 3 // 10, "Ben": POOL * 7 // 10}


def test_a_sale_pays_upstream_by_the_version_of_its_day(shelf):
    song, cover, *_ = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    change(shelf, song, day=date(2026, 2, 1), eve=ALL)
    sells(shelf, shelf.texts["cover"], name="january")
    sells(shelf, shelf.texts["cover"], at=FEBRUARY, name="february")
    shelf.works()
    shelf.closes("2026-01")
    shelf.closes("2026-02")

    assert earned(shelf) == {"Ada": POOL * 3 // 10, "Ben": POOL * 7 // 10}
    assert earned(shelf, "2026-02") == {"Ben": POOL * 7 // 10, "Eve": POOL * 3 // 10}
    assert shelf.broken() == []


def told(town, change_id):
    """Tell adjustments as people read them: holder, work, month, original, corrected, delta."""
    names = dict(town.tells("SELECT party_id, name FROM party"))
    titles = {work: title for title, work in town.work.items()}
    with unit_of_work(town.database) as session:
        found = adjustments.of_change(session, change_id)
    return [
        (
            names[one.line.holder_id],
            titles[one.line.work_id],
            str(one.line.month),
            one.original_nanos,
            one.corrected_nanos,
            one.delta_nanos,
        )
        for one in found
    ]


def test_a_back_dated_change_tells_original_corrected_and_delta_of_each_line(shelf, repository):
    """The song was Eve's by half since New Year; January is stated, February is not."""
    song, cover, *_ = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    for month, at in (("01", JANUARY), ("02", FEBRUARY)):
        sells(shelf, shelf.texts["song"], at=at, name=f"song {month}")
        sells(shelf, shelf.texts["cover"], at=at, name=f"cover {month}")
    shelf.works()
    shelf.closes("2026-01")
    made = change(shelf, song, reason="a deed of 2025", ada=500_000, eve=500_000)
    assert told(shelf, made) == []  # nothing is corrected yet
    shelf.works()

    whole = POOL + POOL * 3 // 10
    assert told(shelf, made) == [
        ("Ada", "song", "2026-01", whole, whole // 2, -whole // 2),
        ("Eve", "song", "2026-01", 0, whole // 2, whole // 2),
    ]
    with unit_of_work(shelf.database) as session:
        stored = rights_changes.get(session, made)
    assert (stored.works, stored.waiting, stored.corrected) == (2, 0, 4)
    shelf.closes("2026-02")
    assert earned(shelf, "2026-02") == {
        "Ben": POOL * 7 // 10,
        "Eve": whole,  # half of both months
    }
    assert told(shelf, made) == [
        ("Ada", "song", "2026-01", whole, whole // 2, -whole // 2),
        ("Eve", "song", "2026-01", 0, whole // 2, whole // 2),
    ]
    assert [
        (*row[:3], *(format_nanos(nanos) for nanos in row[3:])) for row in told(shelf, made)
    ] == [tuple(row) for row in rows_of_page(repository, {"Ada", "Eve"})]
    assert shelf.broken() == []


def test_a_back_dated_upstream_share_adjusts_both_works(shelf):
    song, cover, *_ = shelf.work.values()
    sells(shelf, shelf.texts["cover"])
    shelf.works()
    shelf.closes("2026-01")
    made = change(shelf, cover, upstream={song: 250_000})
    shelf.works()

    part = POOL // 4
    assert told(shelf, made) == [
        ("Ada", "song", "2026-01", 0, part, part),
        ("Ben", "cover", "2026-01", POOL, POOL - part, -part),
    ]
    shelf.closes("2026-02")
    assert earned(shelf, "2026-02") == {"Ada": part, "Ben": -part}
    assert shelf.broken() == []


def test_what_a_change_adjusts_is_what_statements_then_say(shelf):
    """Thirds round: the deltas told are the adjustments stated, to the nano."""
    song, cover, *_ = shelf.work.values()
    change(shelf, cover, upstream={song: 333_333})
    for n in range(3):
        shelf.sells(f"s{n}", text=shelf.texts["cover"], tokens=1_000_001 + n, at=JANUARY)
    shelf.works()
    shelf.closes("2026-01")
    made = change(shelf, song, ada=333_333, eve=333_333, ben=333_334)
    shelf.works()
    deltas = {}
    for holder, *_, delta in told(shelf, made):
        deltas[holder] = deltas.get(holder, 0) + delta
    shelf.closes("2026-02")

    assert sum(deltas.values()) == 0
    assert deltas == earned(shelf, "2026-02")


def test_the_command_line_tells_rights_and_adjustments(shelf, wellspring):
    song, cover, *_ = shelf.work.values()
    change(shelf, cover, upstream={song: 300_000})
    sells(shelf, shelf.texts["cover"])
    shelf.works()
    shelf.closes("2026-01")
    made = change(shelf, song, reason="a deed", ada=500_000, eve=500_000)
    shelf.works()

    _, out, _ = wellspring("rights", "show", cover, "--on", "2026-01-20", "--json")
    shown = json.loads(out)
    assert [(r["holder"], r["gets"], r["ppm"]) for r in shown["reached"]] == [
        ("Ben", "7/10", 700_000),
        ("Ada", "3/20", 150_000),
        ("Eve", "3/20", 150_000),
    ]
    _, out, _ = wellspring("rights", "show", song, "--on", "2026-01-20", "--json")
    assert json.loads(out)["derivatives"] == [
        {"work": cover, "title": "cover", "part": "3/10", "ppm": 300_000}
    ]
    _, out, _ = wellspring("rights", "adjustments", made, "--json")
    assert [(r["holder"], r["original"], r["corrected"], r["delta"]) for r in json.loads(out)] == [
        ("Ada", "0.162", "0.081", "-0.081"),
        ("Eve", "0.00", "0.081", "0.081"),
    ]
    _, out, _ = wellspring("rights", "changes", "--work", song, "--json")
    assert [(r["state"], r["reason"]) for r in json.loads(out)] == [("corrected", "a deed")]
    code, _, err = wellspring(
        *("rights", "upstream", song, f"{cover}=1", "--from", "2026-01-01", "--reason", "no")
    )
    assert (code, "cannot derive from itself" in err) == (1, True)


def test_money_of_an_unconfirmed_share_waits_and_never_goes_to_the_proposer(village, texts):
    ada, ben = number(village, "Ada"), number(village, "Ben")
    with unit_of_work(village.database) as session:
        new = works.NewWork("Ode", texts.ode, "en")
        at = datetime(2026, 1, 1, tzinfo=UTC)
        work = works.register(session, new, registered_at=at, now=at).work_id
        registered_rights.first_split(
            session, work, {ada: 600_000, ben: 400_000}, proposer=Proposer(ada, "ada"),
            day=at.date(), now=village.clock(),
        )  # fmt: skip
    sells(village, texts.ode)
    village.works()
    village.closes("2026-01")
    pays(village)
    village.closes("2026-02")

    name = {"ada": f"holder:{ada}", "ben": f"holder:{ben}"}
    assert village.balances("holder") == {
        f"{name['ada']}:payable": POOL * 6 // 10,
        f"{name['ben']}:held": POOL * 4 // 10,
    }
    with unit_of_work(village.database) as session:
        (asked,) = proposals.listing(session, holder_id=ben, limit=1)
        consent.answer(
            session, asked.proposal_id, holder_id=ben, accepted=True, reason="", by="ben",
            now=village.clock(),
        )  # fmt: skip
        assert holds.active_of(session, work_ids=[work]) == []
    village.works()
    assert village.balances("holder") == {
        f"{name['ada']}:payable": POOL * 6 // 10,
        f"{name['ben']}:payable": POOL * 4 // 10,
    }
    assert village.broken() == []


def test_who_gives_up_an_unconfirmed_share_is_not_paid_it_before_it_is_corrected(village, texts):
    """Ben agrees in March that he had no part: what January held of him is never his to take."""
    ada, ben = number(village, "Ada"), number(village, "Ben")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with unit_of_work(village.database) as session:
        new = works.NewWork("Ode", texts.ode, "en")
        work = works.register(session, new, registered_at=at, now=at).work_id
        registered_rights.first_split(
            session, work, {ada: 600_000, ben: 400_000}, proposer=Proposer(ada, "ada"),
            day=at.date(), now=village.clock(),
        )  # fmt: skip
    sells(village, texts.ode)
    village.works()
    village.closes("2026-01")
    pays(village)
    village.closes("2026-02")
    with unit_of_work(village.database) as session:
        asked = consent.propose(
            session, work, Change(at.date(), {ada: ALL}), message="", now=village.clock(),
            proposer=Proposer(ada, "ada"),
        )  # fmt: skip
        consent.answer(
            session, asked.proposal_id, holder_id=ben, accepted=True, reason="", by="ben",
            now=village.clock(),
        )  # fmt: skip
    village.works()
    assert village.balances("holder") == {
        f"holder:{ada}:payable": POOL * 6 // 10,
        f"holder:{ben}:held": POOL * 4 // 10,
    }
    village.closes("2026-03", early=True)
    village.works()
    assert village.balances("holder") == {f"holder:{ada}:payable": POOL}
    with unit_of_work(village.database) as session:
        assert holds.active_of(session, work_ids=[work]) == []
    assert village.broken() == []


def test_registration_proposes_that_a_work_derives_from_what_it_takes(village, texts):
    ode = village.registers("Ode", texts.ode, {"Ada": ALL})
    half = texts.ode[: len(texts.ode) // 2]
    mixed = village.registers(
        "Mixed", f"{half} {texts.essay}", {"Ben": ALL}, on=datetime(2026, 2, 1, tzinfo=UTC)
    )
    village.works()

    with unit_of_work(village.database) as session:
        (made,) = proposals.listing(session, holder_id=None, work_id=mixed, limit=5)
        waits = consent.waits_for(session, made)
    (finding,) = village.tells("SELECT finding_id, share_ppm FROM finding")
    assert made.proposal.change == Change(date(2026, 2, 1), None, {ode: finding[1]})
    assert (made.finding_id, made.proposer) == (finding[0], Proposer(None, "registration"))
    assert sorted(waits) == sorted([number(village, "Ada"), number(village, "Ben")])


def test_a_proposal_ends_by_the_clock_without_anybody(village, texts, wellspring):
    work = village.registers("Ode", texts.ode, {"Ada": ALL})
    with unit_of_work(village.database) as session:
        change_ = Change(date(2026, 4, 1), {number(village, "Ben"): ALL})
        consent.propose(
            session, work, change_, message="", proposer=Proposer(None, "op"), now=village.clock()
        )
    _, out, _ = wellspring("proposals", "list", "--open", "--json")
    assert [row["waits_for"] for row in json.loads(out)] == ["Ada, Ben"]
    village.clock.now = datetime(2026, 4, 9, 12, 1, tzinfo=UTC)
    village.works()
    _, out, _ = wellspring("proposals", "show", 1, "--json")
    assert (json.loads(out)["state"], json.loads(out)["ended_by"]) == ("expired", "clock")
    code, _, err = wellspring("proposals", "decide", 1, "--effect", "--reason", "late")
    assert (code, "expired already" in err) == (1, True)
