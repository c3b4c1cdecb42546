"""Where webhooks may be sent to: HTTPS on the public internet, or networks an operator has named.

A URL is checked as it is saved, and each address its name resolves to as it is saved and again as
it is connected to.
"""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from service.ledger.errors import LedgerError

MAX_URL_CHARS = 2_000
Networks = tuple[IPv4Network | IPv6Network, ...]
Resolver = Callable[[str, int], Sequence[str]]
"""Given host and port returns every address; raises OSError where there is none."""

_FIRST_FREE_PORT = 1_024
_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_PLAIN = re.compile(r"[\x21-\x7e]+", re.ASCII)
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_NAT64 = IPv6Network("64:ff9b::/96")
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_REFUSED: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "of this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "of a carrier's translation"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "reserved"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "reserved"),
    ("198.51.100.0/24", "reserved"),
    ("203.0.113.0/24", "reserved"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::1/128", "loopback"),
    ("::/128", "of this network"),
    ("::ffff:0:0/96", "an IPv4 address in IPv6"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "private"),
    ("ff00::/8", "multicast"),
    ("2001::/23", "reserved"),
    ("2001:db8::/32", "reserved"),
    ("2002::/16", "an IPv4 address in IPv6"),
    ("3fff::/20", "reserved"),
)
"""RFC 6890 and the IANA registries of special-purpose addresses."""
_KINDS = tuple((ip_network(network), kind) for network, kind in _REFUSED)


class AddressRefused(LedgerError):
    """Nothing is sent to this URL or address; ``rule`` says why."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"url: {rule}", place="url", rule=rule)


class BadNetworks(LedgerError):
    """The setting of further networks cannot be read."""

    def __init__(self, text: str) -> None:
        rule = f"{text[:60]!r} is no network: write it like 127.0.0.0/8, joined by commas"
        super().__init__(f"WELLSPRING_WEBHOOK_NETWORKS: {rule}", rule=rule)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be sent to, as far as it can be told without asking for addresses."""

    url: str
    host: str
    port: int
    is_plain: bool


def networks_of(text: str) -> Networks:
    """Read networks beside the public internet, joined by commas; raise BadNetworks."""
    found = []
    for part in filter(None, re.split(r"[,\s]+", text)):
        try:
            found.append(ip_network(part))
        except ValueError:
            raise BadNetworks(part) from None
    return tuple(found)


def check_url(text: str, *, allowed: Networks) -> Target:
    """Return where a URL leads, its host in ASCII; raise AddressRefused.

    allowed: networks beside the public internet; plain HTTP is for these only. An address that is
    written out is checked, a name is not resolved.
    """
    if len(text) > MAX_URL_CHARS:
        raise AddressRefused(f"has {len(text)} characters, at most {MAX_URL_CHARS} are taken")
    if not _PLAIN.fullmatch(text) or "\\" in text:
        raise AddressRefused("has spaces, controls or signs outside ASCII: write them encoded")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise AddressRefused("is no URL") from None
    if parts.scheme not in (_PORTS if allowed else ("https",)):
        raise AddressRefused("must begin with https://")
    if "@" in parts.netloc or "#" in text:
        raise AddressRefused("must have neither user nor fragment")
    host, chosen = _host(parts.hostname or ""), port or _PORTS[parts.scheme]
    if port is not None and port < _FIRST_FREE_PORT and port != _PORTS[parts.scheme]:
        raise AddressRefused(f"port {port} is not for this: use 443, or 1024 and above")
    is_plain = parts.scheme == "http"
    if _is_address(host):
        check_address(host, allowed=allowed, is_plain=is_plain)
    shown = f"[{host}]" if ":" in host else host
    place = shown if port is None else f"{shown}:{port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(f"{parts.scheme}://{place}{path}", host, chosen, is_plain)


def check_address(text: str, *, allowed: Networks, is_plain: bool) -> None:
    """Raise AddressRefused unless an address may be connected to.

    is_plain: without TLS, for allowed networks only.
    """
    address = ip_address(text.partition("%")[0])
    if any(address in network for network in allowed):
        return
    kind = _kind(address)
    if kind is not None:
        raise AddressRefused(f"leads to {address}, which is {kind}")
    if is_plain:
        raise AddressRefused("must begin with https://")


def check_resolved(target: Target, *, allowed: Networks, resolve: Resolver) -> list[str]:
    """Return every address of a target's host, all of them checked; raise AddressRefused."""
    try:
        found = list(dict.fromkeys(resolve(target.host, target.port)))
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise AddressRefused(f"{target.host} has no address")
    for address in found:
        check_address(address, allowed=allowed, is_plain=target.is_plain)
    return found


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for every address of a host; raise OSError."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(row[4][0]) for row in rows]


def _host(text: str) -> str:
    """Return a name or an address in its plain form; every other writing of an address is refused.

    Numbers in octal, hexadecimal, with fewer parts or as one are addresses to some resolvers.
    """
    host = text.lower().removesuffix(".")
    if ":" in host:
        return _ipv6(host)
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise AddressRefused("writes an address in a form that is not taken") from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004 - RFC 1035
        raise AddressRefused("has no host name: write other scripts as xn--")
    return host


def _ipv6(text: str) -> str:
    try:
        if "%" not in text:
            return str(IPv6Address(text))
    except ValueError:
        pass
    raise AddressRefused("writes an address in a form that is not taken")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _kind(address: IPv4Address | IPv6Address) -> str | None:
    """Name what an address that is not of the public internet is."""
    if isinstance(address, IPv6Address) and address in _NAT64:
        return _kind(IPv4Address(int(address) & 0xFFFFFFFF))
    for network, kind in _KINDS:
        if address in network:
            return kind
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return "reserved"
    return None if address.is_global else "reserved"
