from __future__ import annotations

import pytest

from subscribers.servers.command import CLOCK, Command, is_write, key_of


@pytest.mark.parametrize(
    ("command", "key", "writes"),
    [
        (("GET", "{c0}:everyone"), "{c0}:everyone", False),
        (("hset", "h", "f", 1), "h", True),
        ((b"SADD", b"s", 1), b"s", True),
        (("EVALSHA", "f00", 2, "{c1}:a", "{c1}:b", 5), "{c1}:a", True),
        (("EVAL", "return 1", 1, "k"), "k", True),
        (("BITOP", "OR", "{c0}:into", "{c0}:from"), "{c0}:into", True),
        (("MEMORY", "USAGE", "k"), "k", True),
        (("TIME",), CLOCK, False),
        (("FLUSHALL",), None, False),
    ],
)
def test_the_key_of_a_command_and_whether_it_writes(command: Command, key: object, writes: bool) -> None:
    assert key_of(command) == key
    assert is_write(command) is writes
