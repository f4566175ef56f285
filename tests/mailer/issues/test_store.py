"""Newsletters and issues in Redis."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailer.errors import ConflictError, NotFoundError
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.issues.store import IssueStore, NewsletterStore
from subscribers.storage import Redis

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
TEA = Newsletter(slug="tea-letter", name="茶 Letter", sender_name="Tea", sender_address="tea@news.example.com")
GREEN = Issue(slug="green", title="Green", subject="Green 绿", source="Text\n\n## One", created=NOW, updated=NOW)


async def test_a_newsletter_is_found_as_it_was_put(redis: Redis) -> None:
    store = NewsletterStore(redis)

    await store.put(TEA)
    await store.put(TEA)

    assert await store.get("tea-letter") == TEA
    assert await store.all() == [TEA]
    assert await store.find("milk") is None


async def test_a_newsletter_that_is_not_there_gets_a_suggestion(redis: Redis) -> None:
    store = NewsletterStore(redis)
    await store.put(TEA)

    with pytest.raises(NotFoundError, match=r"no newsletter “tea-leter”\. Did you mean “tea-letter”"):
        await store.get("tea-leter")
    with pytest.raises(NotFoundError, match="There are tea-letter"):
        await store.get("zzz")


async def test_an_issue_is_found_as_it_was_put_with_its_version(redis: Redis) -> None:
    store = IssueStore(redis)

    stored = await store.put(GREEN)

    assert stored == replace(GREEN, version=1)
    assert await store.get("green") == stored
    assert (await store.put(replace(stored, subject="Greener"))).version == 2


async def test_two_editors_cannot_overwrite_each_other_unseen(redis: Redis) -> None:
    store = IssueStore(redis)
    opened = await store.put(GREEN)
    await store.put(replace(opened, subject="Ana's"))

    with pytest.raises(ConflictError, match=r"Somebody else has changed issue “green”.*version 2, yours is 1"):
        await store.put(replace(opened, subject="Ben's"))

    assert (await store.get("green")).subject == "Ana's"


async def test_of_many_editors_at_once_one_wins(redis: Redis) -> None:
    store = IssueStore(redis)
    opened = await store.put(GREEN)

    answers = await asyncio.gather(
        *(store.put(replace(opened, subject=f"Editor {number}")) for number in range(10)), return_exceptions=True
    )

    assert sum(isinstance(answer, Issue) for answer in answers) == 1
    assert sum(isinstance(answer, ConflictError) for answer in answers) == 9
    assert (await store.get("green")).version == 2


async def test_the_same_put_again_is_no_conflict_with_itself(redis: Redis) -> None:
    store = IssueStore(redis)

    assert await store.put(GREEN) == await store.put(GREEN)


async def test_a_new_issue_does_not_replace_another_of_its_name(redis: Redis) -> None:
    store = IssueStore(redis)
    await store.put(GREEN)

    with pytest.raises(ConflictError, match="There is an issue “green” already"):
        await store.put(replace(GREEN, source="Other"))

    assert (await store.add(replace(GREEN, source="Other"))).slug == "green-2"
    assert (await store.add(replace(GREEN, source="Third"))).slug == "green-3"


async def test_issues_are_listed_with_the_last_changed_first(redis: Redis) -> None:
    store = IssueStore(redis)
    await store.put(GREEN)
    await store.put(replace(GREEN, slug="black", updated=NOW + timedelta(hours=1)))

    assert [issue.slug for issue in await store.all()] == ["black", "green"]


async def test_a_slug_without_its_issue_is_passed_over(redis: Redis) -> None:
    store = IssueStore(redis)
    await store.put(GREEN)
    await redis.sadd("issues", "never-written")

    assert [issue.slug for issue in await store.all()] == ["green"]
    with pytest.raises(NotFoundError, match="Did you mean “green”"):
        await store.get("gren")
