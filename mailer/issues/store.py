"""Newsletters and issues in Redis.

Keys, all kept for ever:
- `newsletters`: hash, slug → Newsletter as JSON.
- `issues`: set of the slugs of all issues.
- `issue:<slug>`: hash; `record` is the Issue as JSON, `version` counts the times it was stored.

A slug may stand in `issues` before its issue does, after a crash between the two; reading passes over it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

import msgspec

from mailer.errors import ConflictError, NotFoundError, SourceError
from mailer.issues.issue import Issue
from mailer.issues.mailingstore import MailingStore as MailingStore
from mailer.issues.newsletter import Newsletter
from mailer.issues.suggestion import did_you_mean
from subscribers.storage import Redis, run_all, script_beside

NEWSLETTERS = "newsletters"
ISSUES = "issues"

_PUT = script_beside(__file__, "put.lua")


class NewsletterStore:
    """The newsletters."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def put(self, newsletter: Newsletter) -> None:
        """Store the newsletter in place of the one with its slug; a repeat changes nothing."""
        await run_all(self._redis, [("HSET", NEWSLETTERS, newsletter.slug, _to_json(newsletter))])

    async def find(self, slug: str) -> Newsletter | None:
        """Return the newsletter with this slug, or None."""
        (packed,) = await run_all(self._redis, [("HGET", NEWSLETTERS, slug)])
        return None if packed is None else _newsletter_from.decode(packed)

    async def get(self, slug: str) -> Newsletter:
        """Return the newsletter with this slug. Raises NotFoundError, with a suggestion."""
        if found := await self.find(slug):
            return found
        raise _not_found("newsletter", slug, [newsletter.slug for newsletter in await self.all()])

    async def all(self) -> list[Newsletter]:
        """Return every newsletter, by slug. Raises SourceError if one of them cannot be used."""
        (packed,) = await run_all(self._redis, [("HVALS", NEWSLETTERS)])
        return sorted((_newsletter_from.decode(one) for one in packed), key=lambda newsletter: newsletter.slug)

    async def usable(self) -> list[Newsletter]:
        """Return every newsletter that can be used, in no order."""
        (packed,) = await run_all(self._redis, [("HVALS", NEWSLETTERS)])
        found = []
        for one in packed:
            with suppress(SourceError):
                found.append(_newsletter_from.decode(one))
        return found


class IssueStore:
    """The issues, each with a version: what two editors change at once is not lost silently."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def put(self, issue: Issue) -> Issue:
        """Store the issue and return it with its new version.

        `issue.version` is the one that was read, 0 for a new issue. Raises ConflictError if the slug is taken, or if
        somebody has stored the issue in between.
        """
        # The slug first: an index that names an issue too early is harmless, an issue that it never names is lost.
        await run_all(self._redis, [("SADD", ISSUES, issue.slug)])
        record = _to_json(replace(issue, version=0))
        is_stored, version = await _PUT.run(self._redis, [_issue_key(issue.slug)], [issue.version, record])
        if is_stored:
            return replace(issue, version=version)
        if not issue.version:
            raise ConflictError(
                f"There is an issue “{issue.slug}” already. Edit that one, or give this one another title."
            )
        raise ConflictError(
            f"Somebody else has changed issue “{issue.slug}” since you opened it (it is at version {version}, yours is "
            f"{issue.version}). Open it again and bring your changes in."
        )

    async def add(self, issue: Issue) -> Issue:
        """Store a new issue, under its own slug or else with the first free number: `china-weekly-2`. Return it."""
        number = 1
        while True:
            slug = issue.slug if number == 1 else f"{issue.slug}-{number}"
            if await self.find(slug) is None:
                try:
                    return await self.put(replace(issue, slug=slug, version=0))
                except ConflictError:
                    pass
            number += 1

    async def find(self, slug: str) -> Issue | None:
        """Return the issue with this slug, or None."""
        return next(iter(await self._read([slug])), None)

    async def get(self, slug: str) -> Issue:
        """Return the issue with this slug. Raises NotFoundError, with a suggestion."""
        if found := await self.find(slug):
            return found
        raise _not_found("issue", slug, [issue.slug for issue in await self.all()])

    async def all(self) -> list[Issue]:
        """Return every issue, the one changed last first."""
        (slugs,) = await run_all(self._redis, [("SMEMBERS", ISSUES)])
        issues = await self._read(slug.decode() for slug in slugs)
        return sorted(issues, key=lambda issue: (issue.updated, issue.slug), reverse=True)

    async def _read(self, slugs: Iterable[str]) -> list[Issue]:
        replies = await run_all(self._redis, [("HMGET", _issue_key(slug), "record", "version") for slug in slugs])
        return [replace(_issue_from.decode(record), version=int(version)) for record, version in replies if record]


def _issue_key(slug: str) -> str:
    return f"issue:{slug}"


def _not_found(what: str, slug: str, known: list[str]) -> NotFoundError:
    hint = did_you_mean(slug, known) or (f"There are {', '.join(known[:10])}." if known else "There is none yet.")
    return NotFoundError(f"There is no {what} “{slug}”. {hint}")


_to_json = msgspec.json.encode
_newsletter_from = msgspec.json.Decoder(Newsletter)
_issue_from = msgspec.json.Decoder(Issue)
