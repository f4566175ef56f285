"""What codes mean by the standards, for servers that say nothing else.

`STATUSES` is IANA's registry of enhanced status codes (RFC 3463, RFC 5248, RFC 7372, RFC 7505), by subject and detail;
the class digit is not looked at. `REPLIES` is RFC 5321 §4.2, the last resort: most of 5xx means nothing by itself.
"""

from __future__ import annotations

from mailer.bounces.bounceclass import BounceClass

STATUSES: dict[str, BounceClass] = {
    "1.1": BounceClass.DEAD_ADDRESS,
    "1.2": BounceClass.DEAD_DOMAIN,
    "1.3": BounceClass.DEAD_ADDRESS,
    "1.4": BounceClass.POLICY,
    "1.6": BounceClass.DEAD_ADDRESS,
    "1.7": BounceClass.SENDER_BLOCK,
    "1.8": BounceClass.SENDER_BLOCK,
    "1.9": BounceClass.POLICY,
    "1.10": BounceClass.DEAD_DOMAIN,
    "2.0": BounceClass.RECIPIENT_FILTER,
    "2.1": BounceClass.INACTIVE,
    "2.2": BounceClass.MAILBOX_FULL,
    "2.3": BounceClass.POLICY,
    "2.4": BounceClass.POLICY,
    "3.0": BounceClass.TRANSIENT,
    "3.1": BounceClass.RATE_LIMIT,
    "3.2": BounceClass.TRANSIENT,
    "3.3": BounceClass.POLICY,
    "3.4": BounceClass.POLICY,
    "3.5": BounceClass.TRANSIENT,
    "4.0": BounceClass.TRANSIENT,
    "4.1": BounceClass.TRANSIENT,
    "4.2": BounceClass.TRANSIENT,
    "4.3": BounceClass.TRANSIENT,
    "4.4": BounceClass.DEAD_DOMAIN,
    "4.5": BounceClass.RATE_LIMIT,
    "4.6": BounceClass.POLICY,
    "4.7": BounceClass.TRANSIENT,
    "5.3": BounceClass.RATE_LIMIT,
    "7.13": BounceClass.INACTIVE,
    "7.17": BounceClass.DEAD_ADDRESS,
    "7.18": BounceClass.DEAD_DOMAIN,
    "7.20": BounceClass.AUTH,
    "7.21": BounceClass.AUTH,
    "7.22": BounceClass.AUTH,
    "7.23": BounceClass.AUTH,
    "7.24": BounceClass.AUTH,
    "7.25": BounceClass.SENDER_BLOCK,
    "7.26": BounceClass.AUTH,
    "7.28": BounceClass.RATE_LIMIT,
}

SUBJECTS: dict[str, BounceClass] = {
    "5": BounceClass.POLICY,
    "6": BounceClass.POLICY,
    "7": BounceClass.POLICY,
}
"""What a subject means where its detail is not listed above."""

REPLIES: dict[int, BounceClass] = {
    421: BounceClass.TRANSIENT,
    452: BounceClass.RATE_LIMIT,
    500: BounceClass.POLICY,
    501: BounceClass.POLICY,
    502: BounceClass.POLICY,
    503: BounceClass.POLICY,
    504: BounceClass.POLICY,
    521: BounceClass.DEAD_DOMAIN,
    525: BounceClass.INACTIVE,
    530: BounceClass.POLICY,
    535: BounceClass.POLICY,
    551: BounceClass.DEAD_ADDRESS,
    552: BounceClass.MAILBOX_FULL,
    556: BounceClass.DEAD_DOMAIN,
}


def class_of_status(status: str) -> BounceClass | None:
    """Return what an enhanced status x.y.z means; None for none, and for "other" (x.0.0, x.1.0)."""
    _, _, detail = status.partition(".")
    return STATUSES.get(detail) or SUBJECTS.get(detail.partition(".")[0])


def class_of_reply(code: int) -> BounceClass | None:
    """Return what a reply code means by itself: for good, mostly nothing; for now, that it may pass."""
    return REPLIES.get(code) or (BounceClass.TRANSIENT if 400 <= code < 500 else None)
