"""The composition root: settings become a database, an engine and a clock."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from service.ledger.threshold import Threshold, parse_threshold
from service.settings import Settings
from service.store.database import Database, is_powerful, migrate, role_of, unit_of_work
from worker import embedded, logins
from worker.engine_room import EngineRoom
from worker.founding import found
from worker.installed_encoder import installed_encoder

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Workplace:
    """What every task and command works with."""

    settings: Settings
    database: Database
    room: EngineRoom
    clock: Callable[[], datetime]

    @property
    def threshold(self) -> Threshold:
        """Smallest payable balance of a statement."""
        return parse_threshold(self.settings.payout_threshold)

    def close(self) -> None:
        """Save the index and give the connections back."""
        self.room.close()
        self.database.close()


def utc_now() -> datetime:
    """Return the instant now: the clock of the process."""
    return datetime.now(UTC)


def open_workplace(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    pool_size: int = 10,
    threads: int | None = None,
) -> Workplace:
    """Start or join the embedded server, or take the given one; migrate, found, connect.

    threads: of the encoder, where the settings leave it open; None: one less than the cores, so
    that a page stays responsive while the worker encodes.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    owner_url, app_url = urls_of(settings)
    database = Database.connect(app_url, pool_size=pool_size)
    owner = Database.connect(owner_url, pool_size=2)
    try:
        migrate(owner, app_role=role_of(database))
    finally:
        owner.close()
    with unit_of_work(database) as session:
        if is_powerful(session):
            log.warning(
                "database.role", hint="runs as owner or superuser: give the app its own role"
            )
        found(session, now=clock(), sample_parties=settings.sample_parties)
        logins.ensure_operator(session, settings.home, now=clock())
    threads = settings.encoder_threads or threads or max((os.cpu_count() or 1) - 1, 1)
    encoder = installed_encoder(settings, threads=threads)
    room = EngineRoom(
        database,
        settings.home,
        threads=threads,
        encoder=encoder,
        milvus_uri=settings.milvus_uri,
    )
    return Workplace(settings, database, room, clock)


def urls_of(settings: Settings) -> tuple[str, str]:
    """Return the connection strings of owner and application; starts the embedded server."""
    if settings.database_url is None:
        urls = embedded.start(settings.home)
        return urls.owner, urls.app
    return settings.database_owner_url or settings.database_url, settings.database_url
