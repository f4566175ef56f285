"""Asks DNS, with dnspython: the TXT and MX records of a name, as they are now.

Nothing is kept between questions. An answer is what the resolvers say; "there is none" is an answer, and resolvers that
cannot be reached are a `LookupFailedError`, so that a broken network is never taken for a missing record.
"""

from __future__ import annotations

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from mailer.errors import ConfigError, PressrunError

_PORT = 53
_SECONDS = 5.0
_LARGEST_ANSWER = 1232  # octets: what passes every network unfragmented (DNS flag day 2020)


class LookupFailedError(PressrunError):
    """DNS did not answer; try again."""


class Lookup:
    """Questions to this machine's resolvers, or to one server."""

    def __init__(self, server: str = "") -> None:
        """Take `address` or `address:port` of a server; empty: what this machine is set up with."""
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=not server)
            if server:
                address, _, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "")
                self._resolver.nameservers = [address]
                self._resolver.port = int(port or _PORT)
        except (ValueError, dns.exception.DNSException) as error:
            raise ConfigError(
                f"DNS cannot be asked at “{server}”: {error}. Set dns_server to an address, such as 192.0.2.53 or "
                "192.0.2.53:5353."
            ) from error
        self._resolver.lifetime = _SECONDS
        self._resolver.use_edns(0, 0, _LARGEST_ANSWER)

    async def txt(self, name: str) -> list[str]:
        """Return the TXT records of a name, each with its strings joined (RFC 6376 §3.6.2.2); none: an empty list."""
        answers = await self._ask(name, dns.rdatatype.TXT)
        return [b"".join(one.strings).decode("utf-8", "replace") for one in answers if isinstance(one, TXT)]

    async def mx(self, name: str) -> list[str]:
        """Return the hosts that take a domain's mail, the first to be tried first; none: an empty list."""
        answers = [one for one in await self._ask(name, dns.rdatatype.MX) if isinstance(one, MX)]
        return [str(one.exchange).rstrip(".") for one in sorted(answers, key=lambda one: one.preference)]

    async def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> list[dns.rdata.Rdata]:
        try:
            return list(await self._resolver.resolve(name, kind, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise LookupFailedError(
                f"DNS gave no answer about {name}: {error}. Is this machine's resolver at work? Try again."
            ) from error
