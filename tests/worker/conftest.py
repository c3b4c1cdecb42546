"""A workplace over a fresh database, with a quick encoder and a clock that tests set."""

import hashlib
import re
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy

from attribution.registration import passages_of
from attribution.terms import terms_v1
from attribution.values import (
    Attribution,
    Evidence,
    Examination,
    Finding,
    Fingerprint,
    PassageVerdict,
    Standing,
)
from service.ledger.accounts import normal_side
from service.ledger.period import Period
from service.ledger.sale_report import ReportedSale
from service.ledger.tiers import STANDARD_NANOS_PER_TOKEN, Tier
from service.settings import Settings
from service.store import (
    attributions,
    closing,
    embeddings,
    journal,
    parties,
    passages,
    rights,
    sales,
    statements,
    works,
)
from service.store.database import Database, unit_of_work
from service.store.refunds import NewRefund, report
from worker import drain
from worker.cli.application import main
from worker.engine_room import EngineRoom
from worker.founding import found
from worker.verify import verify
from worker.workplace import Workplace

sys.path.insert(0, str(Path(__file__).parent))

ODE = (
    "The lighthouse at Varnholm turned its lamp once every eleven seconds through the winter. "
    "Its keeper wrote the height of every tide in violet ink on the back of old invoices. "
    "When the herring failed he counted gulls instead, and the counting kept him sane. "
    "Nobody ever collected the invoices, so the tides of nine years stayed in a biscuit tin."
)
ESSAY = (
    "Sourdough rewards the baker who watches the dough rather than the clock on the wall. "
    "A starter fed twice with coarse rye wakes faster than one fed once with white flour. "
    "Fold the dough gently until the surface shines and the bowl comes away almost clean. "
    "Bake on a stone that was hot an hour before anybody thought of breakfast."
)
NOTHING = (
    "Quarterly freight volumes declined across inland ports while rail operators reported gains. "
    "Analysts attribute the shift to diesel surcharges and a shortage of certified drivers. "
    "Container throughput is expected to recover once the new terminal receives its licence."
)


class WordEncoder:
    """Encodes a text as the sum of one pseudo-random direction for each of its longer words."""

    dimension = 512
    digest = "cd" * 32

    def encode(self, texts):
        rows = [self._row(text) for text in texts]
        kept = np.array(rows, dtype=np.float16)  # what encoders give: numbers that are stored
        return kept.astype(np.float32).reshape(len(texts), self.dimension)

    def _row(self, text):
        total = np.zeros(self.dimension)
        for word in re.findall(r"\w{4,}", text.lower()) or [text]:
            seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
            total += np.random.default_rng(seed).standard_normal(self.dimension)
        return total / np.linalg.norm(total)


class WordRoom:
    """An engine room whose likeness is the cosine of words: figures a reader can foresee.

    A passage goes to the nearest work from 0.6 on, of equals to the first; 0.9 of a text is a copy.
    """

    def __init__(self, database: Database, encoder=None):
        self.database, self.encoder = database, encoder or WordEncoder()
        self.engine_id, self.watermark, self.known = 0, 0, []
        with unit_of_work(database) as session:
            self.encoder_id = embeddings.encoder_id(
                session, self.encoder.digest, self.encoder.dimension
            )
            self.engine_id = attributions.engine_id(session, "words/" + self.encoder.digest[:12])

    def alone(self):
        return nullcontext(True)  # noqa: FBT003 - what it says

    def save(self):
        pass

    def refresh(self, _progress=None):
        with unit_of_work(self.database) as session:
            found = embeddings.after(
                session, self.encoder_id, self.watermark, limit=10_000, dimension=512
            )
        self.watermark = found.number
        self.known += list(zip(found.passage_ids.tolist(), found.vectors, strict=True))
        return self.watermark

    def fingerprint(self, texts):
        made = []
        for text in texts:
            spans, pieces, hashes = passages_of(text)
            made.append(
                Fingerprint(
                    np.array([span.start for span in spans], np.int64),
                    np.array([span.end for span in spans], np.int64),
                    self.encoder.encode(pieces),
                    tuple(hashes),
                    terms_v1(pieces),
                    len(text),
                    0,
                )
            )
        return made

    def _winner(self, fingerprint, at, allowed):
        with unit_of_work(self.database) as session:
            refs = {r.passage_id: r for r in passages.located(session, [i for i, _ in self.known])}
        near = [
            (
                float(fingerprint.vectors[at] @ vector),
                self._origin(refs[number], refs, allowed),
            )
            for number, vector in self.known
            if number in refs and allowed(refs[number].work_id)
        ]
        able = [(c, ref) for c, ref in near if c >= 0.6 and allowed(ref.work_id)]
        if not able:
            return None
        return max(able, key=lambda one: (round(one[0], 2), -one[1].work_id))

    def _origin(self, ref, refs, allowed):
        origin = refs.get(ref.origin_passage_id)
        return origin if origin and allowed(origin.work_id) else ref

    def _won(self, fingerprint, allowed, *, paid=lambda _work: True):
        won = {}
        for at in range(len(fingerprint)):
            winner = self._winner(fingerprint, at, allowed)
            if winner:
                cosine, ref = winner
                kind = "verbatim" if ref.content_hash == fingerprint.hashes[at] else "paraphrase"
                won[at] = Evidence(
                    int(fingerprint.starts[at]),
                    int(fingerprint.ends[at]),
                    ref.work_id,
                    ref.passage_id,
                    ref.start_char,
                    ref.end_char,
                    min(cosine, 1.0),
                    kind,
                    paid(ref.work_id),
                )
        return won

    def _shares(self, fingerprint, evidence):
        whole = int((fingerprint.ends - fingerprint.starts).sum()) or 1
        chars = Counter()
        for one in evidence:
            chars[one.work_id] += one.output_end - one.output_start
        return {work: 1_000_000 * count // whole for work, count in chars.most_common()}

    def attribute(self, fingerprints, standing):
        return [self._attribution(each, standing) for each in fingerprints]

    def _attribution(self, fingerprint, standing):
        won = self._won(
            fingerprint,
            lambda work: standing(work) is not Standing.OUT,
            paid=lambda work: standing(work) is Standing.EARNS,
        )
        shares = self._shares(fingerprint, [one for one in won.values() if one.paid])
        return Attribution(
            shares,
            1_000_000 - sum(shares.values()),
            tuple(won.values()),
            "words/1",
            None,
            tuple(self._verdict(fingerprint, at, won.get(at)) for at in range(len(fingerprint))),
            tuple(at for at in range(len(fingerprint)) if at not in won),
        )

    def _verdict(self, fingerprint, at, one):
        start, end = int(fingerprint.starts[at]), int(fingerprint.ends[at])
        if not one:
            return PassageVerdict(start, end, None, None, 0, 0, 0.0, None, "no likeness")
        return PassageVerdict(
            start,
            end,
            one.work_id,
            one.passage_id,
            one.source_start,
            one.source_end,
            one.confidence,
            one.kind,
            "paid" if one.paid else "commons",
        )

    def examine(self, fingerprint, earlier):
        won = list(self._won(fingerprint, earlier).values())
        shares = self._shares(fingerprint, won)
        findings = tuple(
            Finding(work, share, tuple(one for one in won if one.work_id == work))
            for work, share in shares.items()
        )
        return Examination(
            1_000_000 - sum(shares.values()),
            findings,
            bool(findings) and findings[0].share_ppm >= 900_000,
            ("evasive",) if fingerprint.normalisation_changed_ppm > 10_000 else (),
        )


@dataclass
class Clock:
    now: datetime

    def __call__(self):
        return self.now


class Town:
    """One installation and the sentences tests speak to it."""

    def __init__(self, place: Workplace, clock: Clock):
        self.place, self.clock, self.database = place, clock, place.database
        self.settings, self.room = place.settings, place.room

    def registers(self, title, body, shares, *, on=datetime(2026, 1, 1, tzinfo=UTC)):
        """Register a work as of a day; shares in ppm by holder's name; return its number."""
        with unit_of_work(self.database) as session:
            row = works.register(
                session, works.NewWork(title, body, "en"), registered_at=on, now=self.clock()
            )
            split = {
                parties.holder_named(session, name, now=self.clock()).party_id: share
                for name, share in shares.items()
            }
            rights.first_version(session, row.work_id, split, day=on.date(), now=self.clock())
        return row.work_id

    def a_sale(self, name, *, text, tier=Tier.PREMIUM, tokens=1_000_000, at):
        return ReportedSale(
            name,
            at,
            tier,
            tokens,
            False,  # noqa: FBT003 - a column of a row
            STANDARD_NANOS_PER_TOKEN[tier] * tokens,
            "USD",
            None,
            text,
            hashlib.sha256(text.encode()).digest() if text else None,
            hashlib.sha256(repr((text, tier, tokens, at)).encode()).digest(),
        )

    def reports(self, *items, vendor="Acme"):
        with unit_of_work(self.database) as session:
            party = parties.vendor_named(session, vendor)
            return sales.report(
                session, party.party_id, party.slug, items, now=self.clock(), retention_days=400
            )

    def sells(self, name, *, text, tier=Tier.PREMIUM, tokens=1_000_000, at, vendor="Acme"):
        """Report one sale; return its number."""
        item = self.a_sale(name, text=text, tier=tier, tokens=tokens, at=at)
        return self.reports(item, vendor=vendor)[0].sale_id

    def refunds(self, name, sale, nanos=None, vendor="Acme"):
        with unit_of_work(self.database) as session:
            party = parties.vendor_named(session, vendor)
            refund = NewRefund(name, sale, nanos, "asked back")
            return report(session, party.party_id, refund, now=self.clock())

    def tells(self, query, **values):
        """Return all rows of a query as plain tuples."""
        with unit_of_work(self.database) as session:
            return [tuple(row) for row in session.execute(sqlalchemy.text(query), values)]

    def works(self):
        """Let the worker do all that waits."""
        drain.drain(self.place)

    def closes(self, month, *, early=False):
        with unit_of_work(self.database) as session:
            closing.begin(session, Period.parse(month), early=early, now=self.clock())
        self.works()
        drain.finish_closing(self.place, drain.silent)

    def balances(self, prefix=""):
        """Return balances by account as people read them: positive on their normal side."""
        with unit_of_work(self.database) as session:
            return {
                b.account: b.nanos if normal_side(b.account) == "debit" else -b.nanos
                for b in journal.balances(session, prefix=prefix)
                if b.nanos
            }

    def statement(self, holder, month):
        with unit_of_work(self.database) as session:
            rows = statements.listing(session, period=Period.parse(month))
            number = next(row.number for row in rows if row.holder_name == holder)
            return statements.get(session, number).statement

    def broken(self):
        """Return what ``verify`` finds wrong."""
        return [
            f"{check.invariant}: {fact}"
            for check in verify(self.database, drain.silent)
            for fact in check.facts
        ]


def town_in(database: Database, home, room=None) -> Town:
    clock = Clock(datetime(2026, 3, 10, 12, 0, tzinfo=UTC))
    with unit_of_work(database) as session:
        found(session, now=clock.now - timedelta(days=1))
    room = room or EngineRoom(database, home, threads=1, encoder=WordEncoder())
    return Town(Workplace(Settings(home=home), database, room, clock), clock)


@pytest.fixture
def new_town(emptied, tmp_path_factory):
    """Found a town as often as a property wants one."""
    return lambda: town_in(emptied(), tmp_path_factory.mktemp("home"))


@pytest.fixture
def new_village(emptied, tmp_path_factory):
    """Found a village as often as a property wants one."""

    def found_one() -> Town:
        database = emptied()
        return town_in(database, tmp_path_factory.mktemp("home"), WordRoom(database))

    return found_one


@pytest.fixture
def village(database, tmp_path) -> Town:
    """The same with an engine room whose figures a reader can foresee."""
    return town_in(database, tmp_path, WordRoom(database))


@pytest.fixture
def town(database, tmp_path) -> Town:
    """A founded installation with vendors Acme and Borealis, on 10 March 2026."""
    return town_in(database, tmp_path)


@dataclass(frozen=True)
class Texts:
    """Three texts that have nothing to do with one another; only two get registered."""

    ode: str = ODE
    essay: str = ESSAY
    nothing: str = NOTHING


@pytest.fixture
def texts() -> Texts:
    return Texts()


@pytest.fixture
def wellspring(urls, tmp_path, monkeypatch, capsys):
    """Run a command; return exit code, stdout and stderr."""
    monkeypatch.setenv("WELLSPRING_DATABASE_URL", urls.app)
    monkeypatch.setenv("WELLSPRING_DATABASE_OWNER_URL", urls.owner)
    monkeypatch.setenv("WELLSPRING_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["wellspring", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return ended.value.code or 0, said.out, said.err

    return run
