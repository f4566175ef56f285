"""Batches: an audience cut into slices that never share a byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.batch import Batch, cut_batches
from mailer.issues.mailing import MailingId
from subscribers.cohort import bits_of

MAILING = MailingId(7)


def covered(batch: Batch) -> int:
    return ((1 << batch.last + 1 - batch.first) - 1) << batch.first


@given(st.sets(st.integers(0, 65_535), max_size=300), st.integers(1, 50))
def test_every_person_is_in_exactly_one_batch(positions: set[int], size: int) -> None:
    audience = bits_of(positions)
    batches = list(cut_batches(MAILING, 3, audience, size))

    together = 0
    for batch in batches:
        assert not together & covered(batch)
        together |= covered(batch)
        assert batch.first % 8 == 0
        assert batch.last % 8 == 7
        assert 0 < (audience & covered(batch)).bit_count() <= size + 7
    assert audience & ~together == 0


def test_nobody_needs_no_batch() -> None:
    assert list(cut_batches(MAILING, 0, 0, 1000)) == []


def test_a_batch_is_found_again_by_its_name() -> None:
    batch = Batch(MAILING, 12, 8, 1007)

    assert Batch.named(MAILING, batch.name) == batch


def test_a_text_that_is_no_name_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        Batch.named(MAILING, "c0")
