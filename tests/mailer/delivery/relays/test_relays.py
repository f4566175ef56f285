"""Several relays as one: shares, priorities, failing over without a second copy, limits across workers, probes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mailer.delivery.press import Press
from mailer.delivery.relays.relays import Relays
from mailer.errors import RelayError
from mailer.senders.relays.health import Health
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.settings import RelayTls
from mailer.smtp.errors import RelayFullError, StandingError


async def hand_over(relays: Relays, everybody: list[Any], outcomes: Any) -> None:
    await relays.hand_over_all(iter(everybody), outcomes.settle)


async def test_without_any_the_relay_of_the_settings_is_used(relays: Relays, hand_overs: Any, outcomes: Any) -> None:
    with pytest.raises(RelayError, match=r"127.0.0.1:9"):
        await hand_over(relays, hand_overs(1), outcomes)


async def test_each_gets_its_share(relays: Relays, define: Any, hand_overs: Any, outcomes: Any) -> None:
    large, small = await define("large", weight=3), await define("small", weight=1)

    await hand_over(relays, hand_overs(400), outcomes)

    assert outcomes.kinds() == ["accepted"] * 400
    assert 280 <= len(large.taken) <= 320
    assert len(large.taken) + len(small.taken) == 400


async def test_the_next_priority_is_left_alone_while_the_first_works(
    relays: Relays, define: Any, hand_overs: Any, outcomes: Any
) -> None:
    first, spare = await define("first", priority=1), await define("spare", priority=2)

    await hand_over(relays, hand_overs(50), outcomes)

    assert len(first.taken) == 50
    assert spare.connections == 0


@pytest.mark.parametrize("priority", [1, 2])
async def test_a_relay_that_goes_away_loses_nobody_and_sends_nothing_twice(
    relays: Relays, define: Any, hand_overs: Any, outcomes: Any, loopback_relay: Any, priority: int
) -> None:
    dying = await define("dying", loopback_relay(drops_after=30), priority=1)
    other = await define("other", priority=priority)

    await hand_over(relays, hand_overs(200), outcomes)

    assert outcomes.kinds() == ["accepted"] * 200
    assert sorted(dying.taken + other.taken) == sorted(f"p{number}@reader.example" for number in range(1, 201))


async def test_after_the_dot_no_other_relay_is_tried(
    relays: Relays, define: Any, hand_overs: Any, outcomes: Any, loopback_relay: Any
) -> None:
    dying = await define("dying", loopback_relay(drops_after=20, drops_at_dot=True), priority=1)
    other = await define("other", priority=2)

    await hand_over(relays, hand_overs(100), outcomes)

    uncertain = [f"p{key}@reader.example" for key, outcome in outcomes.of.items() if outcome.kind == "uncertain"]
    assert uncertain
    assert not set(uncertain) & set(dying.taken + other.taken)
    assert len(dying.taken + other.taken) + len(uncertain) == 100
    assert set(outcomes.kinds()) == {"accepted", "uncertain"}


async def test_where_all_are_gone_everybody_is_deferred_or_untouched(
    relays: Relays, define: Any, hand_overs: Any, outcomes: Any, loopback_relay: Any
) -> None:
    for name in ("a", "b"):
        await define(name, loopback_relay(drops_after=10))
    source = iter(hand_overs(100))

    with pytest.raises(RelayError, match=r"No connection|cannot be used"):
        await relays.hand_over_all(source, outcomes.settle)

    accepted = outcomes.kinds().count("accepted")
    assert 20 <= accepted <= 24
    assert set(outcomes.kinds()) == {"accepted", "deferred"}
    assert len(outcomes.of) + len(list(source)) == 100


async def test_a_relay_that_could_not_be_used_is_left_alone_by_all_workers(
    relays: Relays, press: Press, define: Any, hand_overs: Any, outcomes: Any, loopback_relay: Any
) -> None:
    sick = await define("sick", loopback_relay(greeting="554 No"), priority=1, connections=1)
    await define("well", priority=2)
    await hand_over(relays, hand_overs(5), outcomes)
    outcomes.of.clear()

    other_worker = Relays(press, "w2")
    await hand_over(other_worker, hand_overs(5), outcomes)
    await other_worker.close()

    assert sick.connections == 1
    health = await press.relays.health("sick")
    assert (health.failures, "554 No" in health.reason) == (1, True)


async def test_after_its_rest_one_worker_probes_it_and_success_is_told_to_all(
    relays: Relays, press: Press, define: Any, hand_overs: Any, outcomes: Any
) -> None:
    mended = await define("mended", priority=1)
    await define("well", priority=2)
    long_ago = await press.ledger.now() - timedelta(minutes=10)
    await press.relays.note_failure("mended", Health().after_failure("gone", long_ago))
    assert await press.relays.may_probe("mended", "w2")

    await hand_over(relays, hand_overs(5), outcomes)
    assert mended.taken == []
    await press.relays.note_failure("mended", Health().after_failure("gone", long_ago))
    outcomes.of.clear()
    await hand_over(relays, hand_overs(5), outcomes)

    assert len(mended.taken) == 5
    assert (await press.relays.health("mended")).is_well


async def test_a_paused_relay_is_not_used(relays: Relays, define: Any, hand_overs: Any, outcomes: Any) -> None:
    await define("resting", is_paused=True)

    with pytest.raises(RelayError, match="resting is paused"):
        await hand_over(relays, hand_overs(1), outcomes)


async def test_a_refused_login_stays_one_where_it_is_the_only_relay(
    relays: Relays, define: Any, hand_overs: Any, outcomes: Any, loopback_relay: Any, press: Press
) -> None:
    await define("strict", loopback_relay(at_auth="535 5.7.8 No"), username="press")

    with pytest.raises(StandingError, match=r"535 5.7.8 No"):
        await hand_over(relays, hand_overs(3), outcomes)

    assert outcomes.of == {}
    rests_until = (await press.relays.health("strict")).rests_until
    assert rests_until
    assert rests_until - await press.ledger.now() > timedelta(minutes=10)


async def test_a_limit_is_kept_by_all_workers_together(
    relays: Relays, press: Press, define: Any, hand_overs: Any, outcomes: Any
) -> None:
    post = await define("post", per_hour=60)
    other_worker = Relays(press, "w2")
    theirs = [replace_key(one, one.key + 1_000) for one in hand_overs(100)]

    calls = (hand_over(relays, hand_overs(100), outcomes), hand_over(other_worker, theirs, outcomes))
    ends = await asyncio.gather(*calls, return_exceptions=True)
    await other_worker.close()

    assert len(post.taken) == 60
    assert outcomes.kinds() == ["accepted"] * 60
    assert all(isinstance(end, RelayFullError) and end.rest > timedelta(minutes=50) for end in ends)


async def test_what_a_full_relay_cannot_take_goes_to_the_next_priority(
    relays: Relays, define: Any, hand_overs: Any, outcomes: Any
) -> None:
    first, spare = await define("first", priority=1, per_day=10), await define("spare", priority=2)

    await hand_over(relays, hand_overs(30), outcomes)

    assert (len(first.taken), len(spare.taken)) == (10, 20)


async def test_leave_that_was_not_used_is_given_back(
    relays: Relays, define: Any, hand_overs: Any, outcomes: Any
) -> None:
    post = await define("post", per_day=100)

    for start in range(0, 99, 3):
        await hand_over(relays, hand_overs(99)[start : start + 3], outcomes)

    assert len(post.taken) == 99


async def test_connections_are_limited_over_all_workers(
    press: Press, define: Any, hand_overs: Any, outcomes: Any
) -> None:
    post = await define("post", connections_in_all=3, connections=2)
    workers = [Relays(press, f"w{number}") for number in range(3)]
    portions = [[replace_key(one, one.key + 1_000 * place) for one in hand_overs(60)] for place in range(3)]

    calls = [hand_over(worker, portion, outcomes) for worker, portion in zip(workers, portions, strict=True)]
    ends = await asyncio.gather(*calls, return_exceptions=True)
    for worker in workers:
        await worker.close()

    assert post.most_open <= 3
    assert all(end is None or isinstance(end, RelayFullError) for end in ends)
    assert len(post.taken) == len(outcomes.of) >= 60
    now = await press.ledger.now()
    assert await press.relays.connections("post", now) == 0


async def test_a_changed_relay_is_used_as_it_is_now(
    relays: Relays, press: Press, define: Any, hand_overs: Any, outcomes: Any
) -> None:
    old, new = await define("post"), await define("other", is_paused=True)
    await hand_over(relays, hand_overs(2), outcomes)
    outcomes.of.clear()

    await press.relays.put(replace(await press.relays.get("post"), port=new.port))
    await hand_over(relays, hand_overs(2), outcomes)

    assert (len(old.taken), len(new.taken)) == (2, 2)


async def test_a_password_sealed_with_another_secret_leaves_the_relay_out(
    relays: Relays, press: Press, define: Any, hand_overs: Any, outcomes: Any
) -> None:
    await press.relays.add(
        StoredRelay(name="old", host="127.0.0.1", tls=RelayTls.NONE, username="press", sealed_password="x", priority=1)
    )
    well = await define("well", priority=2)

    await hand_over(relays, hand_overs(3), outcomes)

    assert len(well.taken) == 3


async def test_a_source_that_fails_is_heard_of_after_everybody_is_settled(
    relays: Relays, define: Any, hand_overs: Any, outcomes: Any
) -> None:
    await define("a")
    await define("b")

    def source() -> Any:
        yield from hand_overs(10)
        raise LookupError("The source broke.")

    with pytest.raises(LookupError, match="broke"):
        await relays.hand_over_all(source(), outcomes.settle)

    assert outcomes.kinds() == ["accepted"] * 10


def replace_key(one: Any, key: int) -> Any:
    return type(one)(key, one.envelope, one.message)
