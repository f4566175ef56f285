"""What the large providers mean by their codes and texts, where they differ from everybody else.

Google uses x.7.27, x.7.29, x.7.30 and x.7.40 for SPF, TLS, DKIM and "no DMARC", which IANA gives other meanings;
Microsoft says 5.4.1 "access denied" for an address that its directory does not know, and 5.1.10 for the same where IANA
means a null MX. So they are asked first. Each row: what must be found in "status text", in lower case.
"""

from __future__ import annotations

import re
from enum import StrEnum

from mailer.bounces.bounceclass import BounceClass


class Provider(StrEnum):
    """A provider whose replies are known in detail."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    YAHOO = "yahoo"
    APPLE = "apple"
    JAPANESE_MOBILE = "japanese-mobile"
    """KDDI and docomo, which name no reason: "unknown user" is also said where a person's filter refuses."""


SIGNS: tuple[tuple[Provider, str], ...] = (
    (Provider.GOOGLE, r"\bg(?:oogle)?mail\.com\b|\bgoogle\.com\b|googlemail\.com|\bgsmtp\b|support\.google\.com"),
    (
        Provider.MICROSOFT,
        r"\b(?:outlook|hotmail|live|msn)\.(?:com|[a-z]{2})\b|office365|onmicrosoft|\bprod\.outlook|resolver\.adr|storedrv\.",
    ),
    (Provider.YAHOO, r"\byahoo(?:dns|inc)?\.(?:com|net|co\.[a-z]{2}|[a-z]{2})\b|\baol\.com\b|verizonmedia|\[tss?\d+\]"),
    (Provider.APPLE, r"\b(?:icloud|me|mac)\.com\b|mail\.icloud|apple\.com"),
    (Provider.JAPANESE_MOBILE, r"\b(?:ezweb|docomo)\.ne\.jp\b|\bau\.com\b|\bauone-net\.jp\b"),
)
"""Hosts, domains and texts by which a provider is known."""

RULES: dict[Provider, tuple[tuple[BounceClass, str], ...]] = {
    # support.google.com/a/answer/3726730
    Provider.GOOGLE: (
        (
            BounceClass.AUTH,
            r"^[45]\.7\.(?:26|27|29|30|32|40)\b|p=unauth|unauthenticatedsender|sender is unauthenticated",
        ),
        (
            BounceClass.SENDER_BLOCK,
            r"^[45]\.7\.(?:23|25)\b|p=ipptrerror|unsolicitediperror|very low reputation|ip address sending this",
        ),
        (
            BounceClass.RATE_LIMIT,
            (
                r"^[45]\.7\.28\b|receiving ?(?:e-?)?(?:mail)? ?(?:at a |too quickly|rate)|p=receivingrate"
                r"|unsolicitedratelimit|sendingrate|too many recipients"
            ),
        ),
        (
            BounceClass.INACTIVE,
            r"p=(?:disableduser|inactiveuser)|(?:is|are) (?:disabled|inactive)|storage space and inactive",
        ),
        (BounceClass.MAILBOX_FULL, r"overquota|over quota|out of storage|storage quota"),
        (
            BounceClass.DEAD_ADDRESS,
            r"p=nosuchuser|answer=6596|tried to reach does not exist|address couldn'?t be found",
        ),
        (BounceClass.SPAM_CONTENT, r"unsolicited(?:message|content)|likely (?:unsolicited|suspicious)|p=unsolicited"),
        (
            BounceClass.POLICY,
            (
                r"p=blockedmessage|potential security issue|content presents a potential"
                r"|rfcmessagenoncompliant|multiple .{0,40}header"
            ),
        ),
    ),
    # From Microsoft's page on NDR codes in Exchange Online, and the postmaster page of Outlook.com.
    Provider.MICROSOFT: (
        (BounceClass.AUTH, r"^5\.7\.(?:509|515)\b|does not pass dmarc|does not meet the required authentication"),
        (
            BounceClass.SENDER_BLOCK,
            (
                r"^[45]\.7\.(?:606|60[7-9]|6[1-4]\d|650|511|705|708)\b|\b(?:ou|sc)-00\d"
                r"|block ?list \(s\d+|banned sending ip|ip reputation"
            ),
        ),
        (BounceClass.RATE_LIMIT, r"\brp-00\d|^[45]\.7\.(?:652|65[3-9])\b|^4\.3\.2\b"),
        (BounceClass.RECIPIENT_FILTER, r"^5\.7\.(?:12|124|129|13[0-9])\b|resolver\.rst|restriction"),
        (BounceClass.MAILBOX_FULL, r"^5\.2\.(?:2|122)\b|quotaexceeded|mailbox full"),
        (
            BounceClass.DEAD_ADDRESS,
            (
                r"^5\.1\.10\b|recip(?:ient)?notfound|^5\.4\.1\b.*recipient address rejected"
                r"|address you entered couldn't be found"
            ),
        ),
        (BounceClass.DEAD_DOMAIN, r"^5\.4\.310\b.*(?:does not exist|nonexistent)"),
        (BounceClass.TRANSIENT, r"^5\.4\.3(?:00|1\d)\b"),
    ),
    # senders.yahooinc.com/smtp-error-codes
    Provider.YAHOO: (
        (BounceClass.INACTIVE, r"account has been (?:disabled|discontinued)"),
        (
            BounceClass.DEAD_ADDRESS,
            (
                r"doesn'?t have an? \S+ account|delivery error: dd (?:this user|requested mail)"
                r"|mailbox not found|unknown user"
            ),
        ),
        (BounceClass.MAILBOX_FULL, r"over quota|mailbox (?:is )?full"),
        (BounceClass.AUTH, r"\bdmarc\b|\bdkim\b|\bspf\b"),
        (BounceClass.RATE_LIMIT, r"\[tss?\d+\]|temporarily deferred"),
        (BounceClass.SENDER_BLOCK, r"\[bl\d+\]|listed by spamhaus"),
        (BounceClass.SPAM_CONTENT, r"\[ph\d+\]"),
        (BounceClass.POLICY, r"^5\.7\.9\b|policy reasons"),
    ),
    # support.apple.com/102322
    Provider.APPLE: (
        (BounceClass.DEAD_ADDRESS, r"^5\.1\.1\b"),
        (BounceClass.MAILBOX_FULL, r"over quota"),
        (BounceClass.SENDER_BLOCK, r"\[cs\d+\]"),
        (BounceClass.SPAM_CONTENT, r"\[hm\d+\]"),
    ),
    # KDDI quotes no address where it refuses after the message; docomo says this to all.
    Provider.JAPANESE_MOBILE: ((BounceClass.RECIPIENT_FILTER, r"\b550:? ?: user unknown|550\W+unknown user"),),
}

_SIGNS = tuple((provider, re.compile(pattern)) for provider, pattern in SIGNS)
_RULES = {
    provider: tuple((bounce_class, re.compile(pattern)) for bounce_class, pattern in rules)
    for provider, rules in RULES.items()
}


def provider_of(*hints: str) -> Provider | None:
    """Return the provider that the first telling hint names: a remote host, a domain, the reply's text."""
    for hint in hints:
        for provider, pattern in _SIGNS:
            if hint and pattern.search(hint.lower()):
                return provider
    return None


def class_by_provider(provider: Provider | None, status: str, text: str) -> BounceClass | None:
    """Return what this provider means, or None if it says nothing of its own."""
    said = f"{status} {text}".lower()
    for bounce_class, pattern in _RULES.get(provider, ()) if provider else ():
        if pattern.search(said):
            return bounce_class
    return None
