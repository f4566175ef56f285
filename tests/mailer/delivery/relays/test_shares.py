"""Each relay of a priority gets its share, and nobody waits for one that does not come."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.relays.shares import AHEAD, Shares

WEIGHTS = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=2)


@given(WEIGHTS, st.randoms(use_true_random=False))
def test_shares_are_kept_whoever_asks_when(weights: dict[str, int], chance: object) -> None:
    shares, had = Shares(weights), Counter[str]()
    names = sorted(weights)

    for _ in range(600):
        name = chance.choice(names)  # type: ignore[attr-defined]
        if shares.may_take(name):
            shares.took(name)
            had[name] += 1

    times = [had[name] / weights[name] for name in names]
    assert max(times) - min(times) <= 2 * AHEAD + 2


@given(WEIGHTS)
def test_somebody_may_always_take(weights: dict[str, int]) -> None:
    shares = Shares(weights)

    for _ in range(200):
        name = next(name for name in sorted(weights) if shares.may_take(name))
        shares.took(name)


def test_a_relay_that_has_left_is_not_waited_for() -> None:
    shares = Shares({"a": 1, "b": 1})
    while shares.may_take("a"):
        shares.took("a")

    shares.left("b")

    assert shares.may_take("a")


def test_whoever_comes_back_does_not_make_up_for_what_it_missed() -> None:
    shares = Shares({"a": 1, "b": 1})
    shares.left("b")
    for _ in range(1_000):
        shares.took("a")

    shares.took("b")

    taken = 0
    while shares.may_take("b"):
        shares.took("b")
        taken += 1
    assert taken <= AHEAD + 1
