"""The classes of bounces: not whether it failed, but whose matter it is.

About two of three permanent refusals (5xx) are about us: our address, our content, our rate. They must never cost a
subscriber the subscription. So the class says who acts, and only `policy` says what follows.
"""

from __future__ import annotations

from enum import StrEnum


class BounceClass(StrEnum):
    """Whose matter a bounce is."""

    DEAD_ADDRESS = "dead-address"
    """Nobody of that name is there, or has moved."""
    DEAD_DOMAIN = "dead-domain"
    """The domain does not exist, or takes no mail at all (RFC 7505)."""
    INACTIVE = "inactive"
    """The mailbox exists, but is closed: suspended, disabled, abandoned."""
    MAILBOX_FULL = "mailbox-full"
    """There is no room just now."""
    RECIPIENT_FILTER = "recipient-filter"
    """The recipient's own rules, or a closed group, do not want this mail."""
    SENDER_BLOCK = "sender-block"
    """They do not take mail from our address, host or domain: block list, reputation, reverse DNS."""
    RATE_LIMIT = "rate-limit"
    """Too much, too fast; or greylisting; or their disk is full."""
    AUTH = "auth"
    """SPF, DKIM, DMARC or TLS is missing or wrong on our side."""
    SPAM_CONTENT = "spam-content"
    """This content looks like spam or malware to them."""
    POLICY = "policy"
    """Size, syntax, relaying, a rule of theirs: a mistake on our side or the relay's."""
    TRANSIENT = "transient"
    """Network, DNS, their software, or the queue's end: nothing is known about the address."""
    DELAYED = "delayed"
    """Somebody is still trying."""
    DELIVERED = "delivered"
    """It arrived."""
    AUTO_REPLY = "auto-reply"
    """A machine answered, or nothing that concerns delivery was said."""
    COMPLAINT = "complaint"
    """The recipient called it spam."""
    UNKNOWN = "unknown"
    """Nothing in it that is known; kept for a person to look at."""


ABOUT_THE_RECIPIENT = frozenset({BounceClass.DEAD_ADDRESS, BounceClass.DEAD_DOMAIN, BounceClass.INACTIVE})
"""Classes that can only be meant where the recipient was named, and only for good."""
