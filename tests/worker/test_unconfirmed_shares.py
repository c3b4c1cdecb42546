"""Money of a share that its holder has not confirmed waits; a proposal ends by the clock."""

import json
from datetime import UTC, date, datetime

from shelf_of_works import ALL, POOL, number, sells

from service.ledger.derivation import Change
from service.store import consent, holds, parties, proposals, registered_rights, works
from service.store.database import unit_of_work
from service.store.proposals import Proposer
from service.store.receipts import NewReceipt
from worker import receipts


def pays(town, vendor="Acme"):
    """Let a vendor pay all it owes."""
    with unit_of_work(town.database) as session:
        party = parties.vendor_named(session, vendor)
    owed = town.balances(f"vendor:{party.slug}:receivable")[f"vendor:{party.slug}:receivable"]
    receipt = NewReceipt(party.party_id, owed, "USD", "bank")
    receipts.add(town.database, party, receipt, now=town.clock())


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
