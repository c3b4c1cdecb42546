"""What Prometheus reads: requests by route template, and what waits, counted when it asks."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import exc as sql

from service.store import (
    embeddings,
    findings,
    seals,
    webhook_log,
    webhook_states,
    widespread,
    work_batches,
)
from service.store.database import Database, unit_of_work


@dataclass(frozen=True, slots=True)
class Metrics:
    """The registry of one application and what it counts itself."""

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram
    logins: Counter


def make(database: Database) -> Metrics:
    """Make the metrics of one application."""
    registry = CollectorRegistry(auto_describe=False)
    requests = Counter(
        "wellspring_requests",
        "Requests answered.",
        ("method", "route", "status", "mode"),
        registry=registry,
    )
    seconds = Histogram(
        "wellspring_request_seconds",
        "Time to answer.",
        ("method", "route", "mode"),
        registry=registry,
    )
    logins = Counter(
        "wellspring_logins",
        "Attempts to come in, and what came of them.",
        ("outcome",),
        registry=registry,
    )
    registry.register(_Waiting(database))
    return Metrics(registry, requests, seconds, logins)


class _Waiting(Collector):
    """Counts in the database what waits; says so where the database cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Describe nothing ahead: reading asks the database."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the gauges."""
        up = GaugeMetricFamily("wellspring_database_up", "Whether the database answers.")
        try:
            found = list(self._read())
        except (sql.DBAPIError, sql.TimeoutError, psycopg.Error):
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found

    def _read(self) -> Iterator[GaugeMetricFamily]:
        with unit_of_work(self._database) as session:
            waiting = work_batches.waiting(session)
            unsealed = seals.unsealed_count(session)
            unembedded = embeddings.unembedded_count(session)
            open_findings = findings.open_count(session)
            widespread_works = widespread.count(session)
            standing = webhook_states.standing(session)
            undelivered = webhook_log.waiting_count(session)
        sales = GaugeMetricFamily("wellspring_waiting_sales", "Sales that wait.", labels=("stage",))
        sales.add_metric(["attribute"], waiting.to_attribute)
        sales.add_metric(["settle"], waiting.to_settle)
        yield sales
        yield GaugeMetricFamily("wellspring_unsealed_batches", "Without seal.", value=unsealed)
        yield GaugeMetricFamily("wellspring_unembedded_works", "To embed.", value=unembedded)
        yield GaugeMetricFamily("wellspring_open_findings", "To decide.", value=open_findings)
        yield GaugeMetricFamily(
            "wellspring_widespread_works", "That win in many outputs.", value=widespread_works
        )
        hooks = GaugeMetricFamily("wellspring_webhooks", "Endpoints by state.", labels=("state",))
        hooks.add_metric(["active"], standing.active - standing.failing)
        hooks.add_metric(["failing"], standing.failing)
        hooks.add_metric(["given-up"], standing.given_up)
        yield hooks
        yield GaugeMetricFamily(
            "wellspring_undelivered_events", "That wait for a webhook.", value=undelivered
        )
