from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from subscribers.imports.seen import Seen


@given(st.lists(st.integers(0, 40).map(lambda n: n.to_bytes(10, "little"))))
def test_what_came_by_is_known_again(digests: list[bytes]) -> None:
    seen = Seen()
    known: set[bytes] = set()

    for one in digests:
        assert seen.add(one) is ((one[:8] if any(one[:8]) else b"\1" + bytes(7)) not in known)
        known.add(one[:8] if any(one[:8]) else b"\1" + bytes(7))


def test_it_grows() -> None:
    seen = Seen()
    digests = [hashlib.blake2b(n.to_bytes(4, "big"), digest_size=10).digest() for n in range(60_000)]

    assert len({one[:8] for one in digests}) == sum(map(seen.add, digests))
    assert not any(map(seen.add, digests))
