"""Counts, over many addresses, what is worth a look about them; each domain is looked up once."""

from __future__ import annotations

from functools import lru_cache

from subscribers.address import Address
from subscribers.quality.addresskind import AddressKind, domain_kinds, is_role

_DOMAINS = 65_536

_kinds_of_domain = lru_cache(_DOMAINS)(domain_kinds)


class Looks:
    """The counts of some addresses."""

    def __init__(self) -> None:
        """Begin with none."""
        self.role_count = 0
        self.disposable_count = 0
        self.mistyped: dict[str, int] = {}

    def note(self, address: Address) -> None:
        """Count one address."""
        local, _, domain = address.rpartition("@")
        if is_role(local):
            self.role_count += 1
        if kinds := _kinds_of_domain(domain):
            self.disposable_count += AddressKind.DISPOSABLE in kinds
            if AddressKind.MISTYPED in kinds:
                self.mistyped[domain] = self.mistyped.get(domain, 0) + 1
