"""Whose matter a bounce is."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.classify import classify
from mailer.bounces.phrases import class_of_text
from mailer.bounces.policy import BouncePolicy, Signal, Verdict
from mailer.bounces.providers import Provider, provider_of
from mailer.issues.mailing import MailingId

C = BounceClass


@pytest.mark.parametrize(
    ("code", "status", "text", "expected"),
    [
        (550, "5.1.1", "No such user here", C.DEAD_ADDRESS),
        (550, "5.1.1", "<anna@example.org>: Recipient address rejected: User unknown in local table", C.DEAD_ADDRESS),
        (550, "", "anna@example.org... User unknown", C.DEAD_ADDRESS),
        (550, "5.1.1", "", C.DEAD_ADDRESS),
        (550, "5.1.1", "The mailbox is full", C.MAILBOX_FULL),
        (552, "5.2.2", "The mailbox is full", C.MAILBOX_FULL),
        (552, "", "over quota", C.MAILBOX_FULL),
        (550, "5.2.1", "The account has been disabled", C.INACTIVE),
        (550, "5.1.2", "Host unknown", C.DEAD_DOMAIN),
        (556, "5.1.10", "Recipient address has null MX", C.DEAD_DOMAIN),
        (550, "5.7.1", "Relay access denied", C.POLICY),
        (554, "5.7.1", "Service unavailable; client host [192.0.2.1] blocked using a list", C.SENDER_BLOCK),
        (550, "5.7.1", "Message rejected because it looks like spam", C.SPAM_CONTENT),
        (550, "5.7.26", "", C.AUTH),
        (550, "5.7.1", "Rejected by DMARC policy of example.com", C.AUTH),
        (550, "5.7.25", "No PTR record", C.SENDER_BLOCK),
        (552, "5.3.4", "Message size exceeds fixed maximum message size", C.POLICY),
        (421, "4.7.28", "", C.RATE_LIMIT),
        (450, "4.2.0", "Greylisted, try again later", C.RATE_LIMIT),
        (421, "", "Service not available, closing channel", C.TRANSIENT),
        (550, "", "", C.UNKNOWN),
        (554, "5.0.0", "Sorry", C.UNKNOWN),
    ],
)
def test_words_come_before_codes(code: int, status: str, text: str, expected: BounceClass) -> None:
    assert classify(code, status, text, step="rcpt") is expected


@pytest.mark.parametrize(
    ("code", "status", "text"), [(450, "4.1.1", "User unknown"), (421, "5.1.1", "No such user"), (0, "4.1.1", "")]
)
def test_what_may_pass_is_no_dead_address(code: int, status: str, text: str) -> None:
    assert classify(code, status, text, step="rcpt") is C.TRANSIENT


@pytest.mark.parametrize("step", ["check", "connect", "greeting", "ehlo", "mail"])
def test_a_refusal_before_the_recipient_was_named_is_about_us(step: str) -> None:
    assert classify(550, "5.1.1", "User unknown", step=step) is C.SENDER_BLOCK
    assert verdict_on_first(classify(550, "5.1.1", "User unknown", step=step)) is Verdict.RECORD


def test_an_unknown_person_after_the_message_is_a_filter_unless_the_code_says_more() -> None:
    assert classify(550, "", "User unknown", step="dot") is C.RECIPIENT_FILTER
    assert classify(550, "5.1.1", "User unknown", step="dot") is C.DEAD_ADDRESS


def test_the_address_itself_says_nothing() -> None:
    assert classify(550, "", "<user.unknown@spamhaus.example.org>: no") is C.UNKNOWN


@pytest.mark.parametrize(
    ("provider", "code", "status", "text", "expected"),
    [
        (Provider.GOOGLE, 550, "5.2.1", "The user is receiving mail at a rate that prevents more", C.RATE_LIMIT),
        (Provider.GOOGLE, 550, "5.2.1", "The email account is disabled. p=DisabledUser - gsmtp", C.INACTIVE),
        (Provider.GOOGLE, 550, "5.7.27", "SPF did not pass", C.AUTH),
        (Provider.GOOGLE, 552, "5.2.2", "The email account is over quota", C.MAILBOX_FULL),
        (Provider.GOOGLE, 421, "4.7.28", "unusual rate of mail with the same Message-ID:", C.RATE_LIMIT),
        (Provider.MICROSOFT, 550, "5.4.1", "Recipient address rejected: Access denied.", C.DEAD_ADDRESS),
        (Provider.MICROSOFT, 550, "5.1.10", "RESOLVER.ADR.RecipientNotFound", C.DEAD_ADDRESS),
        (Provider.MICROSOFT, 550, "5.7.515", "Access denied, sending domain does not meet the level", C.AUTH),
        (Provider.MICROSOFT, 550, "5.7.606", "Access denied, banned sending IP [192.0.2.1]", C.SENDER_BLOCK),
        (Provider.YAHOO, 421, "4.7.0", "[TSS04] Messages temporarily deferred", C.RATE_LIMIT),
        (Provider.YAHOO, 554, "", "delivery error: dd This user doesn't have a yahoo.com account", C.DEAD_ADDRESS),
        (Provider.APPLE, 550, "5.1.1", "inactive email address", C.DEAD_ADDRESS),
        (Provider.APPLE, 552, "5.2.2", "user is over quota", C.MAILBOX_FULL),
    ],
)
def test_a_provider_means_what_it_means(
    provider: Provider, code: int, status: str, text: str, expected: BounceClass
) -> None:
    assert classify(code, status, text, step="rcpt", provider=provider) is expected


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        (("gmail-smtp-in.l.google.com",), Provider.GOOGLE),
        (("", "gmail.com"), Provider.GOOGLE),
        (("example-com.mail.protection.outlook.com",), Provider.MICROSOFT),
        (("mta6.am0.yahoodns.net",), Provider.YAHOO),
        (("", "icloud.com"), Provider.APPLE),
        (("mx.example.org", "example.org", "no such user"), None),
        ((), None),
    ],
)
def test_providers_are_known_by_host_domain_or_text(hints: tuple[str, ...], expected: Provider | None) -> None:
    assert provider_of(*hints) is expected


def verdict_on_first(bounce_class: BounceClass) -> Verdict:
    """Return what follows from the first bounce of an address."""
    now = datetime(2026, 11, 23, tzinfo=UTC)
    return BouncePolicy().verdict_on(
        bounce_class, [Signal(MailingId(1), bounce_class, now)], now, in_session=bounce_class is C.DEAD_ADDRESS
    )


def test_only_dead_addresses_and_complaints_suppress_at_once() -> None:
    suppressing = {one for one in BounceClass if verdict_on_first(one) is not Verdict.RECORD}

    assert suppressing == {C.DEAD_ADDRESS, C.COMPLAINT}


@pytest.mark.parametrize("start", ["", "user ", "mailbox is ", "no such ", "account has been ", "dmarc ", "system "])
@pytest.mark.parametrize(
    "filler", ["user ", "is ", "has been ", "x ", "=", "-=", "= ", "(", "a@", "<", "\t", "x", "5.1.1 "]
)
def test_no_text_makes_the_search_slow(start: str, filler: str) -> None:
    text = start + filler * (4_000 // len(filler))
    started = time.process_time()

    class_of_text(text)

    assert time.process_time() - started < 1.0
