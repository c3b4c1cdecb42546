"""docs/worked-example.md read aloud: every figure of it beside what the books say."""

import json
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from claim_scene import Disputes
from payee_facts import costs, lives, may_be_paid, rates, reserve, take, taxes

from service.ledger.derivation import Change
from service.ledger.money import format_nanos
from service.ledger.payout import PayoutState
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.store import (
    advances,
    back_pay,
    consent,
    late_matches,
    parties,
    proposals,
    registered_rights,
    statements,
    works,
)
from service.store import payouts as stored_payouts
from service.store.advances import NewAdvance
from service.store.database import unit_of_work
from service.store.proposals import Proposer
from service.store.works import NewWork
from worker import recouping

DOCUMENT = Path(__file__).parents[2] / "docs" / "worked-example.md"
ALL = 1_000_000
RETOLD = (
    "Nine lanterns swing above the harbour wall, and every fisherman counts them twice. "
    "When the seventh goes dark the boats turn home, whatever their nets have gathered. "
    "Grandmothers say the keeper once blew it out to call her brother back from the storm."
)
AGAIN = (
    "Commander Oyelaran watches seven beacons fade along the orbital ring of the station. "
    "She orders the mining fleet to return although their cargo holds are nearly empty. "
    "Years ago her sibling vanished beyond Neptune because nobody dimmed a signal in time."
)


def day(month, number, hour=9):
    return datetime(2026, month, number, hour, tzinfo=UTC)


class Story(Disputes):
    """The facts of the example, one sentence a method; figures are the document's."""

    def registers(self, title, body, shares, *, upstream=None):
        """Register by the first holder named; further ones are asked."""
        now = self.town.clock()
        with unit_of_work(self.database) as session:
            row = works.register(session, NewWork(title, body, "en"), registered_at=now, now=now)
            split = {self.number(name): ppm for name, ppm in shares.items()}
            first = next(iter(shares))
            proposer = Proposer(self.number(first), first)
            registered_rights.first_split(
                session, row.work_id, split, proposer=proposer, day=now.date(), now=now
            )
        if upstream:
            change = Change(now.date(), None, upstream)
            with unit_of_work(self.database) as session:
                facts = {"message": "a retelling", "proposer": proposer, "now": now}
                made = consent.propose(session, row.work_id, change, **facts)
            self.decided(made.proposal_id)
        return row.work_id

    def decided(self, proposal):
        """Let an operator decide for the holders of the upstream work, who said so by letter."""
        with unit_of_work(self.database) as session:
            reason = "All holders wrote to us."
            consent.decide(
                session, proposal, effect=True, reason=reason, by="op", now=self.town.clock()
            )

    def accepts(self, name, work):
        with unit_of_work(self.database) as session:
            (asked,) = proposals.listing(session, holder_id=None, work_id=work, limit=9)
            consent.answer(
                session, asked.proposal_id, holder_id=self.number(name), accepted=True, reason="",
                by=name, now=self.town.clock(),
            )  # fmt: skip

    def advances(self, name, nanos):
        with unit_of_work(self.database) as session:
            acme = parties.vendor_named(session, "Acme").party_id
            new = NewAdvance(acme, self.number(name), "USD", nanos, None)
            number = advances.insert(session, new, now=self.town.clock())
        recouping.pay(self.database, number, reference="wire 17", by="op", now=self.town.clock())

    def shows_it_existed(self):
        with unit_of_work(self.database) as session:
            (match,) = late_matches.listing(session, only_open=True, limit=10)
            facts = {"by": "op", "reason": "Printed in 2019.", "evidence": "ISBN 978-3-16-148410-0"}
            now = self.town.clock()
            decided = late_matches.approve(session, match.late_match_id, now=now, **facts)
            back_pay.grant(session, decided, by="op", now=now)


@pytest.fixture
def story(village):
    village.clock.now = day(1, 15)
    told = Story(village)
    for name in ("Ada", "Ben", "Cleo", "Dee", "Eve", "Fay", "Gil"):
        told.number(name)
    return told


def january(story, texts):
    """Register, agree, sell, pay early, contest, close; Acme pays what it owes."""
    town = story.town
    ode = story.registers("Ode", texts.ode, {"Ada": 500_000, "Ben": 300_000, "Cleo": 200_000})
    story.accepts("Cleo", ode)
    may_be_paid(town, "Ada", "Ben", "Dee", "Eve")
    lives(town, "Cleo", "JP", "JPY")
    retold = story.registers("Ode retold", RETOLD, {"Dee": ALL}, upstream={ode: 400_000})
    story.registers("Ode in space", AGAIN, {"Eve": ALL}, upstream={retold: 250_000})
    town.works()
    town.clock.now = day(1, 18)  # within five days of registration: it reaches back to the first
    claim = story.claim("Gil", retold, 300_000).claim.claim_id
    town.clock.now = day(1, 20, 12)
    for name, text in (("ode", texts.ode), ("space", AGAIN), ("essay", texts.essay)):
        town.sells(name, text=text, tier=Tier.ELITE, tokens=ALL, at=day(1, 20))
    town.works()
    town.clock.now = day(1, 25)
    story.advances("Ada", 5_000_000_000)
    story.pays(62_500_000_000)
    town.clock.now = day(2, 2)
    town.closes("2026-01")
    return ode, claim


def payouts_of_january(story):
    town = story.town
    taxes(town, "jp-royalty", "JP", 100_000)
    costs(town, 100_000_000)
    town.clock.now = day(2, 5)
    rates(town, "USD", "JPY", "149.23", date(2026, 2, 5))
    made = reserve(town, "2026-01")
    assert made.passed_over == ()
    for number in made.payout_ids:
        take(town, number, PayoutState.SENT)
        take(town, number, PayoutState.CONFIRMED)
    return made.payout_ids


def february(story, texts, ode, claim):
    """Ode's sale is refunded, Ben accepts, the claim is upheld, Essay is registered late."""
    town = story.town
    town.clock.now = day(2, 10)
    town.refunds("refund of ode", "ode")
    story.accepts("Ben", ode)
    story.takes("Dee", "contest", claim)
    story.decides(claim, "upheld")
    town.clock.now = day(2, 24)  # the seven days of an appeal have passed
    story.registers("Essay", texts.essay, {"Fay": ALL})
    town.works()
    story.shows_it_existed()
    town.works()
    town.clock.now = day(3, 2)
    town.closes("2026-02")


def told():
    """Return the tables of the document by heading, as lists of rows of cells."""
    tables, heading = defaultdict(list), ""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("|") and not line.startswith("|---"):
            tables[heading].append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    return {heading: rows[1:] for heading, rows in tables.items()}


def statements_of(town, month):
    rows = []
    for name, _ in holders(town):
        with unit_of_work(town.database) as session:
            found = statements.listing(session, period=Period.parse(month))
            numbers = [one.number for one in found if one.holder_name == name]
            for number in numbers:
                said = statements.get(session, number).statement
                parts = said.closing
                amounts = (
                    *(said.opening_nanos, said.earned_nanos, said.moved_nanos),
                    *(-said.paid_nanos, said.closing_nanos, parts.held_nanos),
                    *(parts.payable_nanos, parts.carried_nanos),
                )
                rows.append((name, *map(format_nanos, amounts)))
    return rows


def lines_of(town, month):
    rows = []
    for name, _ in holders(town):
        with unit_of_work(town.database) as session:
            for one in statements.listing(session, period=Period.parse(month)):
                if one.holder_name != name:
                    continue
                issued = statements.get(session, one.number)
                for line in issued.statement.lines:
                    amounts = (
                        *(line.credited_nanos, line.upstream_received_nanos),
                        line.upstream_paid_nanos,
                    )
                    title = issued.work_titles[line.work_id]
                    share = f"{line.share_ppm // 10_000} %"
                    told_ = (name, title, str(line.kind), *map(format_nanos, amounts))
                    rows.append((*told_, share, format_nanos(line.nanos)))
    return rows


def holders(town):
    return town.tells("SELECT name, party_id FROM party WHERE kind = 'holder' ORDER BY name")


def transfers(town, numbers):
    rows = []
    for number in numbers:
        with unit_of_work(town.database) as session:
            one = stored_payouts.get(session, number)
        said = one.transfer
        amounts = (said.gross_nanos, said.tax_nanos, said.fee_nanos, said.net_nanos)
        paid = f"{said.paid_nanos // 10**9} JPY" if said.exchanged else format_nanos(said.net_nanos)
        rows.append((one.holder_name, *map(format_nanos, amounts), str(one.rate or ""), paid))
    return rows


def balances(town):
    names = {f"holder:{number}": f"holder:{name.lower()}" for name, number in holders(town)}
    found = []
    for account, nanos in sorted(town.balances().items()):
        head = ":".join(account.split(":")[:2])
        found.append((f"`{account.replace(head, names.get(head, head))}`", format_nanos(nanos)))
    return sorted(found)


def test_the_document_says_what_the_books_say(story, texts, wellspring):
    town, said = story.town, told()
    ode, claim = january(story, texts)
    assert statements_of(town, "2026-01") == said["Statements of January"]
    assert lines_of(town, "2026-01") == said["Lines of January"]
    paid = payouts_of_january(story)
    assert transfers(town, paid) == said["Payouts of January"]
    february(story, texts, ode, claim)
    assert statements_of(town, "2026-02") == said["Statements of February"]
    assert lines_of(town, "2026-02") == said["Lines of February"]
    assert balances(town) == sorted(said["Where everything stands"])
    assert town.broken() == []
    explained(town, wellspring, paid)


def explained(town, wellspring, paid):
    """Every statement, line, payout and the advance recomputes from the command line."""
    for (number,) in town.tells("SELECT number FROM statement"):
        assert wellspring("explain", "statement", number)[0] == 0
    for (line,) in town.tells("SELECT line_id FROM line"):
        assert wellspring("explain", "line", line)[0] == 0
    for number in paid:
        assert wellspring("explain", "payout", number)[0] == 0
    code, said, _ = wellspring("explain", "advance", 1, "--json")
    assert code == 0
    assert json.loads(said)["earned"].startswith("1.0125,")
