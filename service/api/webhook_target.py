"""Where a webhook is to go, checked as it is saved: its URL, and every address of its name.

And the keys that seal what it is signed with.
"""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong

from service.settings import Settings
from service.store import key_ring
from service.store.key_ring import KeyRing
from service.store.public_address import (
    AddressRefused,
    Resolver,
    check_resolved,
    check_url,
    networks_of,
    resolve,
)

_MOST_SECONDS = 5.0
_resolvers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="resolver")


def checked_url(text: str, settings: Settings, *, resolver: Resolver = resolve) -> str:
    """Return a URL as it is kept; raise AddressRefused, BadNetworks.

    What it resolves to is checked again each time something is sent.
    """
    allowed = networks_of(settings.webhook_networks)
    target = check_url(text, allowed=allowed)
    asked = _resolvers.submit(check_resolved, target, allowed=allowed, resolve=resolver)
    try:
        asked.result(_MOST_SECONDS)
    except TookTooLong:
        asked.cancel()
        raise AddressRefused(f"{target.host} could not be looked up in time") from None
    return target.url


def ring_of(settings: Settings) -> KeyRing:
    """Return the keys that the settings name; raise BadKeys."""
    given = settings.payee_keys.get_secret_value() if settings.payee_keys else None
    return key_ring.load(given, settings.home, embedded=settings.embedded)
