"""Where editions are kept.

- `edition:<id>`: string, the edition's bytes (msgpack). Content-addressed: written once, never changed, without an end,
  since "view in browser" works as long as the mail lies in somebody's mailbox.
"""

from __future__ import annotations

from mailer.errors import NotFoundError
from mailer.rendering.edition import Edition
from subscribers.storage import Redis, run_all

_REMEMBERED = 8


class EditionStore:
    """Editions in Redis, the last few also in this process."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis
        self._remembered: dict[str, Edition] = {}

    async def put(self, edition: Edition) -> None:
        """Keep an edition. The same one again changes nothing."""
        await run_all(self._redis, [("SET", _key(edition.id), edition.encode())])

    async def is_kept(self, edition_id: str) -> bool:
        """Whether there is an edition of that id in Redis, for whoever asks."""
        (found,) = await run_all(self._redis, [("EXISTS", _key(edition_id))])
        return bool(found)

    async def get(self, edition_id: str) -> Edition:
        """Return an edition. Raises NotFoundError if there is none of that id."""
        edition = self._remembered.get(edition_id)
        if edition is None:
            (kept,) = await run_all(self._redis, [("GET", _key(edition_id))])
            if kept is None:
                raise NotFoundError(f"There is no edition {edition_id[:12]}. Resuming its mailing compiles it again.")
            edition = Edition.decode(kept)
            self._remember(edition)
        return edition

    def _remember(self, edition: Edition) -> None:
        if len(self._remembered) >= _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[edition.id] = edition


def _key(edition_id: str) -> str:
    return f"edition:{edition_id}"
