"""Assets in Redis, kept for ever, since mails that show them lie in mailboxes for ever.

- `asset:<name>`: string, its bytes. Content-addressed: written once, never changed.
- `assets`: hash, its name → Asset as JSON.

The bytes are written first: a crash between the two leaves bytes that nobody knows of, which the same upload finds.
"""

from __future__ import annotations

import msgspec

from mailer.errors import NotFoundError
from mailer.issues.assets.asset import Asset, is_asset_name
from subscribers.storage import Redis, run_all

ASSETS = "assets"


class AssetStore:
    """The assets."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def put(self, asset: Asset, data: bytes) -> Asset:
        """Keep an asset, and return it; a repeat changes nothing and returns the first one."""
        await run_all(self._redis, [("SET", _key(asset.name), data)])
        await run_all(self._redis, [("HSETNX", ASSETS, asset.name, msgspec.json.encode(asset))])
        return await self.get(asset.name)

    async def find(self, name: str) -> Asset | None:
        """Return what is known of an asset, or None."""
        (packed,) = await run_all(self._redis, [("HGET", ASSETS, name)])
        return None if packed is None else _asset_from.decode(packed)

    async def get(self, name: str) -> Asset:
        """Return what is known of an asset. Raises NotFoundError if there is none of that name."""
        found = await self.find(name)
        if found is None:
            raise NotFoundError(f"There is no asset {name[:40]}. Add its file with `pressrun assets add`.")
        return found

    async def data(self, name: str) -> bytes | None:
        """Return an asset's bytes, or None."""
        if not is_asset_name(name):
            return None
        (data,) = await run_all(self._redis, [("GET", _key(name))])
        return None if data is None else bytes(data)

    async def all(self) -> list[Asset]:
        """Return every asset, the newest first."""
        (packed,) = await run_all(self._redis, [("HVALS", ASSETS)])
        return sorted((_asset_from.decode(one) for one in packed), key=lambda one: (one.added, one.name), reverse=True)


def _key(name: str) -> str:
    return f"asset:{name}"


_asset_from = msgspec.json.Decoder(Asset)
