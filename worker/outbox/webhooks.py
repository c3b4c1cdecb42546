"""Delivery of webhooks: signed by Standard Webhooks, several at once, each at least once.

Nothing is held in the database while an endpoint is asked. What dies between sending and noting is
sent again, under the same id, when its lease has ended.
"""

import asyncio
import secrets
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from time import monotonic

import httpx
import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks import Webhook

from service.api.application import VERSION
from service.settings import Settings
from service.store import (
    key_ring,
    public_address,
    webhook_deliveries,
    webhook_log,
    webhook_secrets,
)
from service.store.database import Database, unit_of_work
from service.store.key_ring import KeyMissing, KeyRing
from service.store.public_address import Networks, Resolver
from service.store.webhook_deliveries import Claimed
from service.store.webhook_schedule import MOST_SPREAD_PPM, Answer
from worker.outbox.pinned import Pinned
from worker.workplace import Workplace

AT_ONCE = 16
"""How many a process sends at the same time; at most half of them to endpoints in trouble."""
AT_ONCE_SLOW = AT_ONCE // 2
LOOK_SECONDS = 0.5
_MOST_ANSWER_BYTES = 500
_TIDIED_AT_ONCE = 1_000

DATABASE_AWAY = (SQLAlchemyError, psycopg.Error)
"""What is raised where the database is away: by the pool, or in the middle of a statement."""

log = structlog.get_logger()
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Post:
    """How webhooks are sent. seconds: all of one try, from the name's address to the answer.

    tls: whom to trust; None: the authorities of the public internet.
    """

    ring: KeyRing
    allowed: Networks
    resolve: Resolver = public_address.resolve
    seconds: float = 15.0
    tls: ssl.SSLContext | None = None


def post_of(settings: Settings) -> Post:
    """Return how the settings want webhooks sent; raise BadKeys, BadNetworks."""
    given = settings.payee_keys.get_secret_value() if settings.payee_keys else None
    ring = key_ring.load(given, settings.home, embedded=settings.embedded)
    return Post(ring, public_address.networks_of(settings.webhook_networks))


def deliver_all(database: Database, post: Post, *, clock: Clock) -> int:
    """Deliver everything that is due now or becomes so meanwhile; return how many were tried."""
    return asyncio.run(deliver(database, post, clock=clock, is_stopped=lambda: False))


def tidy(place: Workplace) -> int:
    """Forget events whose time is over with what was sent of them; return how many."""
    before = place.clock() - timedelta(days=place.settings.webhook_log_days)
    count = 0
    while True:
        with unit_of_work(place.database) as session:
            done = webhook_log.tidy(session, before=before, limit=_TIDIED_AT_ONCE)
        count += done
        if done < _TIDIED_AT_ONCE:
            return count


async def deliver(
    database: Database, post: Post, *, clock: Clock, is_stopped: Callable[[], bool]
) -> int:
    """Deliver until nothing is due; return how many were tried. Others may do the same beside it.

    is_stopped: whether to take nothing more and end with what is under way.
    """
    tls = post.tls or httpx.create_ssl_context()
    pinned = Pinned(allowed=post.allowed, resolve=post.resolve, tls=tls)
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    running: dict[asyncio.Task[None], Claimed] = {}
    tried = 0
    async with httpx.AsyncClient(transport=pinned, trust_env=False, cookies=no_cookies) as client:
        while True:
            if not is_stopped():
                for claimed in await _take(database, running, now=clock()):
                    one = _send_and_note(database, post, client, claimed, clock=clock)
                    running[asyncio.create_task(one)] = claimed
                    tried += 1
            if not running:
                return tried
            done, _ = await asyncio.wait(
                running, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                del running[task]
                task.result()


async def _take(
    database: Database, running: dict[asyncio.Task[None], Claimed], *, now: datetime
) -> list[Claimed]:
    """Claim as many as there is room for; endpoints in trouble never take all of it.

    Where the database is away and something is under way, that goes on.
    """
    slow = sum(claimed.is_slow for claimed in running.values())
    room, slow_room = AT_ONCE - len(running), AT_ONCE_SLOW - slow
    try:
        return await asyncio.to_thread(_claim, database, room, slow_room, now)
    except DATABASE_AWAY as error:
        if not running:
            raise
        log.warning("webhook.unclaimed", error=type(error).__name__)
        return []


def _claim(database: Database, room: int, slow_room: int, now: datetime) -> list[Claimed]:
    found: list[Claimed] = []
    with unit_of_work(database) as session:
        if room > 0:
            found += webhook_deliveries.claim(session, slow=False, limit=room, now=now)
        slow_room = min(slow_room, room - len(found))
        if slow_room > 0:
            found += webhook_deliveries.claim(session, slow=True, limit=slow_room, now=now)
    return found


async def _send_and_note(
    database: Database, post: Post, client: httpx.AsyncClient, claimed: Claimed, *, clock: Clock
) -> None:
    """Send once and keep what came of it; what cannot be kept is sent again after the lease.

    A secret that we cannot open is our fault, and says nothing about the endpoint.
    """
    try:
        answer = await _answer(database, post, client, claimed, clock=clock)
        await asyncio.to_thread(_note, database, claimed, answer, clock())
    except KeyMissing as error:
        log.warning("webhook.unsigned", webhook=claimed.endpoint_id, sentence=error.sentence)
        await asyncio.to_thread(_put_back, database, claimed, clock())
    except DATABASE_AWAY as error:
        log.warning("webhook.unnoted", error=type(error).__name__)


async def _answer(
    database: Database, post: Post, client: httpx.AsyncClient, claimed: Claimed, *, clock: Clock
) -> Answer:
    started = monotonic()
    try:
        signed = await asyncio.to_thread(_headers, database, post.ring, claimed, clock())
        status, text, rest = await asyncio.wait_for(
            _ask(client, claimed, signed, clock=clock), post.seconds
        )
    except TimeoutError:
        status, text, rest = None, f"no answer within {post.seconds:g} s", None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        status, text, rest = None, f"{type(error).__name__}: {error}", None
    took = timedelta(seconds=monotonic() - started)
    return Answer(status, _printable(text), took, rest)


def _headers(database: Database, ring: KeyRing, claimed: Claimed, now: datetime) -> dict[str, str]:
    """Sign with every secret that is valid now, the newest first."""
    with unit_of_work(database) as session:
        valid = webhook_secrets.valid(session, claimed.endpoint_id, ring, now=now)
    signatures = [
        Webhook(secret).sign(claimed.message_id, now, claimed.body.decode()) for secret in valid
    ]
    return {
        "Content-Type": "application/json",
        "User-Agent": f"Wellspring/{VERSION}",
        "Accept-Encoding": "identity",
        "webhook-id": claimed.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def _ask(
    client: httpx.AsyncClient, claimed: Claimed, signed: dict[str, str], *, clock: Clock
) -> tuple[int, str, timedelta | None]:
    """Send once; return the status, the beginning of the answer, and how long to leave it alone.

    No redirect is followed, and no more of an answer is read than is kept.
    """
    async with client.stream(
        "POST", claimed.url, content=claimed.body, headers=signed, timeout=None
    ) as answer:
        kept = b""
        with suppress(httpx.TransportError):  # the status is what counts
            async for part in answer.aiter_raw():
                kept += part
                if len(kept) >= _MOST_ANSWER_BYTES:
                    break
        text = kept[:_MOST_ANSWER_BYTES].decode("utf-8", "replace")
        rest = _retry_after(answer.headers.get("retry-after", ""), now=clock())
        return answer.status_code, text, rest


def _retry_after(text: str, *, now: datetime) -> timedelta | None:
    """Read Retry-After: seconds, or a date."""
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**7))
    with suppress(ValueError, TypeError, OverflowError):
        return max(parsedate_to_datetime(text) - now, timedelta())
    return None


def _note(database: Database, claimed: Claimed, answer: Answer, now: datetime) -> None:
    spread = secrets.randbelow(MOST_SPREAD_PPM + 1)
    with unit_of_work(database) as session:
        noted = webhook_deliveries.note(session, claimed, answer, spread_ppm=spread, now=now)
    if noted and noted.disabled:
        log.warning("webhook.disabled", webhook=claimed.endpoint_id, cause=str(noted.disabled))


def _put_back(database: Database, claimed: Claimed, now: datetime) -> None:
    with suppress(*DATABASE_AWAY), unit_of_work(database) as session:
        webhook_deliveries.put_back(session, claimed, now=now)


def _printable(text: str) -> str:
    """Keep an answer as the database takes it: NUL and other controls as spaces."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text)
