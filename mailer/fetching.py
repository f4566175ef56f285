"""Fetches what the web holds at an address that a person wrote: a feed, a link to try, an image to weigh.

Whoever may write an address must not reach our own network by it (server-side request forgery). So only http and https
are spoken; the name is resolved here, every address that it has must be a public one, and the connection goes to
exactly the address that was looked at, which leaves DNS no second answer to give. Each redirect passes through the
same gate. Time, size and the number of redirects are bounded; no cookie, no proxy and no password is used.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpcore
import idna

from mailer.errors import PressrunError

MOST_REDIRECTS = 5
"""Browsers follow twenty; a link in mail that needs more than a few is one to look at."""
LONGEST_ADDRESS = 4_000

_HEADERS: Mapping[bytes | str, bytes | str] = {
    "user-agent": "Pressrun (checks a newsletter's links)",
    "accept": "*/*",
    "accept-encoding": "identity",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
# RFC 3986 §2: what may stand in an address as it is; "%" is there already where something was encoded.
_KEPT_SIGNS = "%/:?#[]@!$&'()*+,;=~-._"
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses on networks that have IPv6 only (RFC 6052 §2.1)."""


class FetchError(PressrunError):
    """Nothing was fetched; the message says why."""


class ForbiddenAddressError(FetchError):
    """The address is not on the public web, and nothing was sent there."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a web server answered."""

    address: str
    """Where it came from in the end."""
    status: int
    content_type: str
    length: int | None
    """Bytes of the whole body, as far as the server says or as it was read to its end; None: not known."""
    body: bytes
    """As much as was asked for."""


class WebClient:
    """A client with its bounds. Open it with `async with web_client(...)`."""

    def __init__(self, pool: httpcore.AsyncConnectionPool, seconds: float) -> None:
        """Take the pool, and how long one address may take with all its redirects."""
        self._pool = pool
        self._seconds = seconds

    async def get(self, address: str, *, most_bytes: int) -> Fetched:
        """Fetch an address, and read its body as far as `most_bytes`; 0 reads nothing of it.

        Raises ForbiddenAddressError or FetchError. Any status is an answer.
        """
        return await self._within_bounds("GET", address, most_bytes)

    async def post(self, address: str, body: bytes, *, most_bytes: int) -> Fetched:
        """Send a body to an address, and read the answer. A redirect is not followed: it would go with the body."""
        return await self._within_bounds("POST", address, most_bytes, body)

    async def head(self, address: str) -> Fetched:
        """Ask about an address without its body."""
        return await self._within_bounds("HEAD", address, 0)

    async def _within_bounds(self, method: str, address: str, most_bytes: int, content: bytes = b"") -> Fetched:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._followed(method, address, most_bytes, content)
        except TimeoutError:
            raise FetchError(f"{address} did not answer within {self._seconds:g} seconds.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise FetchError(f"{address} cannot be reached: {error or type(error).__name__}.") from error

    async def _followed(self, method: str, address: str, most_bytes: int, content: bytes) -> Fetched:
        for _ in range(MOST_REDIRECTS + 1):
            async with self._pool.stream(method, _url(address), headers=_HEADERS, content=content) as response:
                headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
                if content or response.status not in _REDIRECTS or b"location" not in headers:
                    body, is_whole = await _read(response, most_bytes)
                    said = headers.get(b"content-length", "")
                    length = len(body) if is_whole else int(said) if said.isdecimal() and len(said) < 16 else None
                    content_type = headers.get(b"content-type", "").partition(";")[0].strip().lower()
                    return Fetched(address, response.status, content_type, length, body)
                address = urljoin(address, headers[b"location"])
        raise FetchError(f"{address} is the end of more than {MOST_REDIRECTS} redirects.")


@asynccontextmanager
async def web_client(
    *, seconds: float = 10.0, allowed: Collection[tuple[str, int]] = (), connections: int = 8
) -> AsyncIterator[WebClient]:
    """Open a client. `allowed` are hosts and ports that may be reached although they are not public."""
    pool = httpcore.AsyncConnectionPool(
        max_connections=connections, network_backend=_GuardedNetwork(frozenset(allowed)), retries=0
    )
    async with pool:
        yield WebClient(pool, seconds)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public web, and no way into our own network by another spelling."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = ip
    if isinstance(ip, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _TRANSLATED else None
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or translated or ip
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


class _GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only, and to the very one that it looked at."""

    def __init__(self, allowed: frozenset[tuple[str, int]]) -> None:
        self._allowed = allowed
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        found = await asyncio.get_running_loop().getaddrinfo(host, port)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        if (host, port) not in self._allowed and not all(map(is_public, addresses)):
            raise ForbiddenAddressError(f"{host} is inside a private network, and is not looked up.")
        return await self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _read(response: httpcore.Response, most_bytes: int) -> tuple[bytes, bool]:
    """Return the body as far as asked for, and whether that is all of it."""
    body = b""
    if most_bytes:
        async for piece in response.aiter_stream():
            body += piece
            if len(body) > most_bytes:
                return body[:most_bytes], False
    return body, bool(most_bytes)


def _url(address: str) -> str:
    """Return the address as it goes over the wire. Raises ForbiddenAddressError for one that is not of the web."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode()
    except (ValueError, idna.IDNAError) as error:
        raise ForbiddenAddressError(f"“{address[:80]}” is no address.") from error
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or len(address) > LONGEST_ADDRESS:
        raise ForbiddenAddressError(f"“{address[:80]}” is no address of the web.")
    target = quote(parts.path or "/", safe=_KEPT_SIGNS) + (
        f"?{quote(parts.query, safe=_KEPT_SIGNS)}" if parts.query else ""
    )
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}{target}"
