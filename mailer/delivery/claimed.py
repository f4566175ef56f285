"""Somebody whose message is about to be handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from subscribers.lists import ListId
from subscribers.subscriber import Subscriber

if TYPE_CHECKING:
    from mailer.delivery.batchpass import Pass


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """Somebody who was claimed, in which pass, and the list through which they are mailed."""

    batch_pass: Pass
    subscriber: Subscriber
    list_id: ListId

    @property
    def holder(self) -> str:
        """The name of this hand-over among all of the press."""
        return f"{self.batch_pass.mailing.id}:{self.subscriber.id}"

    @property
    def domain(self) -> str:
        """The domain that the message is for."""
        return self.subscriber.address.rpartition("@")[2]
