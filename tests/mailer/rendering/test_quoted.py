from __future__ import annotations

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.quoted import SOFT_BREAK, decode, encode_last_run, encode_run, encode_value
from mailer.senders.dkim import relaxed_body

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))
LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(runs=st.lists(st.tuples(TEXT, LINE)), last=TEXT)
def test_runs_and_values_join_to_lines_of_76_that_decode_to_the_same(runs: list[tuple[str, str]], last: str) -> None:
    body = b"".join(encode_run(run) + SOFT_BREAK + encode_value(value) + SOFT_BREAK for run, value in runs)
    body += encode_last_run(last)

    text = "".join(run + value for run, value in runs) + last
    assert max(len(line) for line in body.split(b"\r\n")) <= 76
    assert not any(line.startswith(b".") for line in body.split(b"\r\n"))
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert decode(body).endswith("\n")
    assert decode(body).rstrip("\n") == text.rstrip("\n")
    assert body.isascii()
    assert quopri.decodestring(body).decode().replace("\r\n", "\n") == decode(body)


@pytest.mark.parametrize("length", [74, 75, 76, 77, 150, 151, 152, 153])
def test_a_full_line_before_a_hole_leaves_room_for_the_soft_break(length: int) -> None:
    body = encode_run("a" * length) + SOFT_BREAK

    assert max(len(line) for line in body.split(b"\r\n")) <= 76


def test_a_space_before_a_hole_stays_a_space() -> None:
    assert encode_run("Dear ") == b"Dear "


@given(st.text(st.sampled_from("a \n=é."), max_size=300))
def test_no_two_spaces_stand_together_no_dot_begins_a_line_and_every_line_keeps_to_76(text: str) -> None:
    encoded = encode_run(text) + SOFT_BREAK + encode_last_run("end")

    assert b"  " not in encoded
    assert not any(line.startswith(b".") for line in encoded.split(b"\r\n"))
    assert max(len(line) for line in encoded.split(b"\r\n")) <= 76
    assert decode(encoded) == text + "end\n"


@pytest.mark.parametrize("value", ["a  b", "a\tb", " a", "a ", "  ", "é  ü", "a   " + "b" * 90])
def test_a_value_with_runs_of_space_leaves_none_for_dkim_to_fold(value: str) -> None:
    body = b"before =\r\n" + encode_value(value) + b"=\r\nafter\r\n"

    assert relaxed_body(body) == body
    assert decode(body) == f"before {value}after\n"
