from __future__ import annotations

import pytest

from mailer.delivery.lane import CREWS, Lane, lanes_named


def test_lanes_are_read_in_the_order_in_which_they_are_named_and_once() -> None:
    assert lanes_named(" bulk,delivery , bulk") == (Lane.BULK, Lane.DELIVERY)


@pytest.mark.parametrize("text", ["delivry", "delivery;bulk", ",", "DELIVERY"])
def test_a_name_that_is_none_gets_a_sentence_with_those_that_are(text: str) -> None:
    with pytest.raises(ValueError, match="delivery, transactional, feedback, bulk"):
        lanes_named(text)


def test_every_lane_is_served_by_one_crew_and_mailings_never_share_with_mail_to_one_person() -> None:
    assert sorted(lane for crew in CREWS for lane in crew) == sorted(Lane)
    assert not any({Lane.DELIVERY, Lane.TRANSACTIONAL} <= set(crew) for crew in CREWS)
    assert (Lane.BULK,) in CREWS, "an import may last for minutes"
