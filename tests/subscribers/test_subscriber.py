from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.address import Address
from subscribers.cohort import SubscriberId
from subscribers.subscriber import FieldValue, Subscriber, pack, unpack

JOINED = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def person(name: str = "", **fields: FieldValue) -> Subscriber:
    return Subscriber(id=SubscriberId(7), address=Address("ada@example.com"), name=name, fields=fields, joined=JOINED)


@pytest.mark.parametrize(
    ("name", "first_name"),
    [("", ""), ("Ada", "Ada"), ("Ada Lovelace", "Ada"), ("Lovelace, Ada", "Ada"), ("王小明", "王小明"), (" , ", "")],
)
def test_a_person_is_greeted_by_the_first_word_of_the_name(name: str, first_name: str) -> None:
    assert person(name).first_name == first_name


def test_a_field_says_how_a_person_is_called() -> None:
    assert person("Mary Ann Evans", first_name="Mary Ann").first_name == "Mary Ann"


values = st.one_of(st.text(max_size=20), st.integers(-(2**63), 2**63), st.floats(allow_nan=False), st.booleans())


@given(st.text(max_size=40), st.dictionaries(st.text(max_size=10), values, max_size=5), st.integers(1, 2**31))
def test_packing_loses_nothing(name: str, fields: dict[str, FieldValue], number: int) -> None:
    whole = Subscriber(
        id=SubscriberId(number), address=Address("a@example.com"), name=name, fields=fields, joined=JOINED
    )

    assert unpack(pack(whole)) == whole
    # store/update.lua finds the version behind a head of one byte.
    assert pack(whole)[:2] == b"\x98\x01"
