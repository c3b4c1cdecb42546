"""What waits in the scene: decisions of operators, a job that ran, and letters with links."""

from dataclasses import replace
from datetime import date

from claim_scene import Disputes
from payee_facts import holder_id

from service.ledger.tiers import Tier
from service.store import (
    account_letters,
    console_jobs,
    key_ring,
    late_matches,
    line_disputes,
    parties,
    reconciliations,
)
from service.store.account_letters import LetterKind
from service.store.console_jobs import JobKind
from service.store.database import unit_of_work
from service.store.line_disputes import NewLineDispute
from service.store.reconciliations import NewReconciliation


def waiting_decisions(town, work_id, statement):
    """Let something of each kind wait; return an example of each page about it."""
    now = town.clock()
    claim = Disputes(town).claim("Cleo", work_id, 300_000).claim.claim_id
    again = town.a_sale("f3", text=None, tier=Tier.ELITE, at=now)
    town.reports(replace(again, payload_hash=b"\1" * 32))
    (conflict,) = town.tells("SELECT sale_id FROM sale WHERE external_id = 'f3'")[0]
    with unit_of_work(town.database) as session:
        acme = parties.vendor_named(session, "Acme").party_id
        by = f"holder {holder_id(town, 'Ada')}"
        new = NewLineDispute(statement, 2, "Half of it is missing.", 9_000_000_000)
        dispute = line_disputes.insert(session, new, by=by, now=now).line_dispute_id
        job = console_jobs.ask(session, JobKind.VERIFY, {}, by="olga", now=now)
        days = date(2026, 2, 1), date(2026, 2, 28)
        bill = NewReconciliation(acme, b"\2" * 32, *days, 3, 0)
        reconciliation = reconciliations.insert(session, bill, [], by="acme", now=now)
        match = late_matches.listing(session, only_open=True, limit=1)[0].late_match_id
    return {
        "claim_id": claim,
        "/operator/conflicts/{sale_id}": conflict,
        "/operator/line-disputes/{number}": dispute,
        "/operator/late-matches/{number}": match,
        "/operator/reconciliations/{number}": reconciliation,
        "job_id": job,
    }


def links(town):
    """Return an example of each page that a letter leads to."""
    settings, now = town.settings, town.clock()
    ring = key_ring.load(None, settings.home, embedded=True)
    ada = holder_id(town, "Ada")
    (user,) = town.tells("SELECT user_id FROM portal_user WHERE login = 'ada'")[0]
    facts = {
        LetterKind.SIGN_UP: ("/sign-up/{link}", {}),
        LetterKind.RESET: ("/reset/{link}", {"user_id": user}),
        LetterKind.ADDRESS: ("/account/address/{link}", {"user_id": user}),
        LetterKind.INVITATION: (
            "/invitations/{link}",
            {"party_id": ada, "role": "creator", "member_role": "viewer"},
        ),
    }
    found = {}
    with unit_of_work(town.database) as session:
        for kind, (path, more) in facts.items():
            account_letters.queue(session, kind, f"{kind}@example.org", now=now, **more)
            letter = account_letters.claim(session, now=now)
            found[path] = account_letters.link_of(letter, ring)
    return found
