"""A town whose clock is right, and somebody who wants to be told."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.store import (
    key_ring,
    parties,
    webhook_events,
    webhook_secrets,
    webhook_states,
    webhooks,
)
from service.store.database import unit_of_work
from service.store.public_address import networks_of
from service.store.webhook_events import EventType
from service.store.webhooks import Cause, NewEndpoint, Owner, OwnerRole
from worker.outbox.webhooks import Post, deliver_all

LOOPBACK = networks_of("127.0.0.0/8,::1/128")
HOUSE = Owner(OwnerRole.OPERATOR, None)


@dataclass
class Scene:
    """Speaks of webhooks to a town; ``later``: how far its clock is ahead."""

    town: object
    home: Path
    later: timedelta = timedelta()

    def clock(self):
        return datetime.now(UTC) + self.later

    @property
    def ring(self):
        return key_ring.load(None, self.home, embedded=True)

    def ring_of(self, keys):
        return key_ring.load(keys, self.home, embedded=True)

    def place_with(self, settings):
        return replace(self.town.place, settings=settings, clock=self.clock)

    def vendor(self, name="Acme"):
        with unit_of_work(self.town.database) as session:
            return Owner(OwnerRole.VENDOR, parties.vendor_named(session, name).party_id)

    def holder(self, name):
        with unit_of_work(self.town.database) as session:
            party = parties.holder_named(session, name, now=self.clock())
            return Owner(OwnerRole.CREATOR, party.party_id)

    def wants(self, url, *, owner=HOUSE, types=()):
        """Keep an endpoint; return its number and its secret."""
        new = NewEndpoint(owner, url, types, "")
        with unit_of_work(self.town.database) as session:
            number = webhooks.add(session, new, by="test", now=self.clock())
            secret = webhook_secrets.make(
                session, number, self.ring, overlap=timedelta(), now=self.clock()
            )
        return number, secret

    def delivers(self, *, allowed=LOOPBACK, seconds=5.0, **facts):
        """Deliver what is due; return how many were tried."""
        post = Post(self.ring, allowed, seconds=seconds, **facts)
        return deliver_all(self.town.database, post, clock=self.clock)

    def something_happens(self, session, *, parties=()):
        """Record an event for operators and these parties."""
        kind, told = EventType.PERIOD_CLOSED, {"period": "2026-01", "closed_at": "now"}
        webhook_events.record(session, kind, told, parties=parties, now=self.town.clock())

    def happens(self, times=1):
        """Record events for operators, each in a commit of its own."""
        for _ in range(times):
            with unit_of_work(self.town.database) as session:
                self.something_happens(session)

    def disables(self, number):
        with unit_of_work(self.town.database) as session:
            one = webhooks.locked(session, number, owner=None)
            webhook_states.disable(session, one, Cause.OWNER, now=self.clock())

    def endpoint(self, number):
        with unit_of_work(self.town.database) as session:
            return webhooks.get(session, number, owner=None)

    def states(self):
        rows = self.town.tells("SELECT state, attempts FROM webhook_delivery ORDER BY delivery_id")
        return [tuple(row) for row in rows]

    def tries(self):
        return self.town.tells("SELECT status, answer FROM webhook_attempt ORDER BY attempt_id")
