"""Registering one work for whoever asks: by JSON, by file or out of a batch."""

from collections.abc import Sequence

from service.api.doors import WebContext
from service.api.shown_works import Work, shown
from service.api.splits import HolderShare, check_own, split_of
from service.ledger.money import PPM
from service.ledger.rights import check_split
from service.store import registered_rights, works
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.proposals import Proposer
from service.store.works import NewWork


def shares_for(person: Person, holders: Sequence[HolderShare] | None) -> dict[int, int]:
    """Return the shares asked for, the creator's own where none are; raise what is wrong."""
    shares = split_of(holders or [])
    if holders is None and person.party_id is not None:
        shares = {person.party_id: PPM}
    check_own(person, check_split(shares))
    return shares


def register(
    context: WebContext, person: Person, work: NewWork, holders: Sequence[HolderShare] | None
) -> Work:
    """Register a work from now on with its first split; ring for the worker."""
    now = context.clock()
    shares = shares_for(person, holders)
    with unit_of_work(context.database) as session:
        row = works.register(session, work, registered_at=now, now=now)
        assert row.work_id is not None
        by = Proposer(person.party_id, person.login)
        registered_rights.first_split(
            session, row.work_id, shares, proposer=by, day=now.date(), now=now
        )
        registered = shown(row)
    context.doorbell.ring()
    return registered
