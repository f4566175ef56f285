from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from mailer.accounts.account import SESSION_IDLE, SESSION_LIFETIME, SESSION_TOUCH
from mailer.accounts.signing_in import make_link, sign_in, sign_out, sign_out_everywhere
from mailer.accounts.store import AccountStore
from subscribers.storage import Redis

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def accounts(redis: Redis) -> AccountStore:
    return AccountStore(redis)


async def _secret_of_new_link(accounts: AccountStore, account: str = "admin") -> str:
    link = await make_link(accounts, public_url="https://press.example.com", now=MONDAY, account=account)
    return link.removeprefix("https://press.example.com/admin/sign-in/")


async def _new_session(accounts: AccountStore, account: str = "admin") -> str:
    session = await sign_in(accounts, await _secret_of_new_link(accounts, account), now=MONDAY)
    assert session is not None
    return session


async def test_a_link_makes_its_account_and_signs_it_in(accounts: AccountStore) -> None:
    session_secret = await _new_session(accounts)

    session = await accounts.use_session(session_secret, now=MONDAY)

    assert session is not None
    assert session.account == "admin"
    account = await accounts.find("admin")
    assert account is not None
    assert account.created == MONDAY


async def test_a_link_works_once(accounts: AccountStore) -> None:
    secret = await _secret_of_new_link(accounts)
    await sign_in(accounts, secret, now=MONDAY)

    assert await sign_in(accounts, secret, now=MONDAY) is None
    assert not await accounts.has_link(secret)


async def test_of_two_who_use_a_link_at_once_one_gets_in(accounts: AccountStore) -> None:
    secret = await _secret_of_new_link(accounts)

    sessions = await asyncio.gather(*(sign_in(accounts, secret, now=MONDAY) for _ in range(8)))

    assert sum(session is not None for session in sessions) == 1


async def test_looking_at_a_link_does_not_spend_it(accounts: AccountStore) -> None:
    secret = await _secret_of_new_link(accounts)

    for _ in range(20):
        assert await accounts.has_link(secret)

    assert await sign_in(accounts, secret, now=MONDAY) is not None


@pytest.mark.parametrize("wrong", ["", "no", "é", "x" * 43, "../sessions"])
async def test_a_made_up_secret_signs_nobody_in(accounts: AccountStore, wrong: str) -> None:
    await _secret_of_new_link(accounts)

    assert await sign_in(accounts, wrong, now=MONDAY) is None
    assert await accounts.use_session(wrong, now=MONDAY) is None


async def test_a_link_expires(accounts: AccountStore, redis: Redis) -> None:
    secret = await _secret_of_new_link(accounts)

    [key] = [key async for key in redis.scan_iter(match="sign-in:*")]

    assert 0 < await redis.ttl(key) <= timedelta(hours=24).total_seconds()
    assert secret.encode() not in bytes(key)


async def test_the_store_holds_no_secret(accounts: AccountStore, redis: Redis) -> None:
    link_secret = await _secret_of_new_link(accounts)
    session_secret = await _new_session(accounts)

    everything = b""
    async for key in redis.scan_iter():
        everything += bytes(key) + (await redis.dump(key) or b"")

    assert link_secret.encode() not in everything
    assert session_secret.encode() not in everything


async def test_a_session_ends_when_nobody_used_it(accounts: AccountStore) -> None:
    secret = await _new_session(accounts)

    assert await accounts.use_session(secret, now=MONDAY + SESSION_IDLE - timedelta(seconds=1)) is not None

    other = await _new_session(accounts)
    assert await accounts.use_session(other, now=MONDAY + SESSION_IDLE) is None


async def test_a_session_that_is_used_every_day_ends_all_the_same(accounts: AccountStore) -> None:
    secret = await _new_session(accounts)
    days = SESSION_LIFETIME.days

    alive = [
        await accounts.use_session(secret, now=MONDAY + timedelta(days=day)) is not None for day in range(days + 2)
    ]

    assert alive == [True] * days + [False, False]


async def test_using_a_session_again_and_again_writes_rarely(accounts: AccountStore) -> None:
    secret = await _new_session(accounts)

    soon = await accounts.use_session(secret, now=MONDAY + SESSION_TOUCH - timedelta(seconds=1))
    later = await accounts.use_session(secret, now=MONDAY + SESSION_TOUCH)

    assert soon is not None
    assert soon.used == MONDAY
    assert later is not None
    assert later.used == MONDAY + SESSION_TOUCH


async def test_signing_out_ends_this_session_only(accounts: AccountStore) -> None:
    here, there = await _new_session(accounts), await _new_session(accounts)

    await sign_out(accounts, here)
    await sign_out(accounts, here)

    assert await accounts.use_session(here, now=MONDAY) is None
    assert await accounts.use_session(there, now=MONDAY) is not None


async def test_signing_out_everywhere_ends_all_sessions_of_one_account(accounts: AccountStore) -> None:
    mine = [await _new_session(accounts, "ana") for _ in range(3)]
    theirs = await _new_session(accounts, "ben")

    ended = await sign_out_everywhere(accounts, "ana")

    assert ended == 3
    assert [await accounts.use_session(secret, now=MONDAY) for secret in mine] == [None] * 3
    assert await accounts.use_session(theirs, now=MONDAY) is not None


async def test_a_new_link_leaves_the_account_as_it_was(accounts: AccountStore) -> None:
    await accounts.add("admin", now=MONDAY)

    again = await accounts.add("admin", now=MONDAY + timedelta(days=400))

    assert again.created == MONDAY
