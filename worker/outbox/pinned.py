"""Connections to endpoints: the addresses that were checked are the ones connected to.

A name is resolved once a request; what it resolves to is checked, all of it, and the request goes
to such an address under the name: Host, SNI and certificate are the name's. So a name that resolves
to something else a moment later leads nowhere.
"""

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor

import httpx

from service.store.public_address import (
    AddressRefused,
    Networks,
    Resolver,
    Target,
    check_resolved,
    check_url,
)

_MOST_ADDRESSES = 4
_resolvers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="resolver")
"""Of their own: a name server that does not answer keeps only other names waiting."""


class Pinned(httpx.AsyncBaseTransport):
    """Sends to checked addresses only. ``allowed``: networks beside the public internet.

    Each request has a connection of its own: one that was made for a name serves no other name.
    """

    def __init__(self, *, allowed: Networks, resolve: Resolver, tls: ssl.SSLContext) -> None:
        self._allowed, self._resolve = allowed, resolve
        self._inner = httpx.AsyncHTTPTransport(
            verify=tls,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; raise httpx.ConnectError where its URL or an address is refused."""
        try:
            target = check_url(str(request.url), allowed=self._allowed)
            addresses = await self._addresses(target)
        except AddressRefused as error:
            raise httpx.ConnectError(error.sentence, request=request) from None
        failed: httpx.TransportError | None = None
        for address in addresses[:_MOST_ADDRESSES]:
            pinned = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": target.host},
            )
            try:
                return await self._inner.handle_async_request(pinned)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        assert failed
        raise failed

    async def _addresses(self, target: Target) -> list[str]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            _resolvers,
            lambda: check_resolved(target, allowed=self._allowed, resolve=self._resolve),
        )

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()
