"""From an envelope to the lines that say it."""

from __future__ import annotations

import pytest

from mailer.smtp import Envelope, HandOver
from mailer.smtp.capabilities import Capabilities
from mailer.smtp.commands import envelope_trouble, mail, original_recipient, rcpt, xtext
from mailer.smtp.outcome import Reply

ALL = Capabilities(has_eight_bit=True, has_smtputf8=True, has_dsn=True, has_size=True)
ASCII = b"Subject: x\r\n\r\nx\r\n"


def hand_over(sender: str, recipient: str, envelope_id: str = "", message: bytes = ASCII) -> HandOver:
    return HandOver(1, Envelope(sender, recipient, envelope_id), message)


@pytest.mark.parametrize(
    ("one", "capabilities", "line"),
    [
        (hand_over("b@press.example", "p@r.example"), Capabilities(), "MAIL FROM:<b@press.example>"),
        (hand_over("", "p@r.example"), Capabilities(), "MAIL FROM:<>"),
        (
            hand_over("b@press.example", "p@r.example", "m1 s+2"),
            ALL,
            "MAIL FROM:<b@press.example> SIZE=17 RET=HDRS ENVID=m1+20s+2B2",
        ),
        (hand_over("b@press.example", "用户@r.example"), ALL, "MAIL FROM:<b@press.example> SIZE=17 SMTPUTF8 RET=HDRS"),
        (
            hand_over("", "p@r.example", message="A: b\r\n\r\n你\r\n".encode()),
            ALL,
            "MAIL FROM:<> SIZE=13 BODY=8BITMIME RET=HDRS",
        ),
        (
            hand_over("", "p@r.example", message="A: 你\r\n\r\n".encode()),
            ALL,
            "MAIL FROM:<> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS",
        ),
    ],
)
def test_mail_says_what_the_server_knows(one: HandOver, capabilities: Capabilities, line: str) -> None:
    assert mail(one, capabilities) == f"{line}\r\n"


def test_rcpt_asks_for_reports_where_offered() -> None:
    envelope = Envelope("", "a+b=c@r.example")

    assert rcpt(envelope, Capabilities()) == "RCPT TO:<a+b=c@r.example>\r\n"
    assert rcpt(envelope, ALL) == "RCPT TO:<a+b=c@r.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@r.example\r\n"


def test_an_address_beyond_ascii_is_named_in_its_own_letters() -> None:
    assert original_recipient("用+户@r.example") == "utf-8;用\\x{2B}户@r.example"


def test_xtext_leaves_nothing_that_could_end_a_parameter() -> None:
    assert xtext("a b+c=d\r\né") == "a+20b+2Bc+3Dd+0D+0A+C3+A9"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@r.example",
        "p@",
        "p@r.example\r\nRSET",
        "p@r.example>",
        "<p@r.example",
        "p q@r.example",
        "p@r.example SIZE=1",
        "p@r\n",
        "a,b@r.example",
        '"a"b"@r.example',
        '"a\n"@r.example',
        "p@r.example\0",
        "p\x85@r.example",
        "p@@r.example",
        "x" * 250 + "@r.example",
    ],
)
def test_an_address_that_could_say_more_than_itself_is_refused(address: str) -> None:
    assert envelope_trouble(Envelope("", address), ALL)


@pytest.mark.parametrize(
    "address",
    [
        "p@r.example",
        '"p q"@r.example',
        "b+abc=1@r.example",
        "p@[192.0.2.1]",
        "p'o#!$%&*/?^`{|}~@r.example",
        "用户@r.example",
    ],
)
def test_an_address_that_smtp_can_carry_is_taken(address: str) -> None:
    assert envelope_trouble(Envelope(address, address), ALL) == ""


def test_an_address_beyond_ascii_needs_smtputf8() -> None:
    assert "SMTPUTF8" in envelope_trouble(Envelope("", "用户@r.example"), Capabilities())


def test_capabilities_are_read_from_any_ehlo() -> None:
    text = "mx.example\npipelining\nSIZE 35882577\nAuth PLAIN login\nAUTH=CRAM-MD5\nSIZE\n\nX-NEW a b\nDSN\nSTARTTLS"

    read = Capabilities.read(Reply(250, "", text))

    assert read == Capabilities(
        has_pipelining=True,
        has_dsn=True,
        has_starttls=True,
        has_size=True,
        max_size_bytes=35882577,
        auth_mechanisms=frozenset({"PLAIN", "LOGIN", "CRAM-MD5"}),
    )


@pytest.mark.parametrize("text", ["", "PIPELINING", "mx\nSIZE many", "mx\nSIZE ²", "mx\nSIZE " + "9" * 5000])
def test_broken_keywords_are_passed_over(text: str) -> None:
    assert Capabilities.read(Reply(250, "", text)).max_size_bytes == 0
