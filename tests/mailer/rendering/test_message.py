from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition
from mailer.rendering.filling import LONGEST_VALUE
from mailer.rendering.message import Assembler, MailingFacts
from mailer.senders.dkim import relaxed_body
from mailer.smtp.content import is_plain
from mailer.tokens import Kind, Tokens
from subscribers.address import Address, parse_address
from subscribers.cohort import SubscriberId
from subscribers.subscriber import Subscriber

NOW = datetime(2026, 11, 23, 9, 30, 12, 345_678, tzinfo=UTC)
PUBLIC_URL = "https://press.example.com"
ONCE = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
]
ONCE += ["Feedback-ID", "MIME-Version", "Content-Type", "Precedence"]


def parsed(message: bytes) -> EmailMessage:
    return message_from_bytes(message, policy=policy.default)


def part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    assert body is not None
    return str(body.get_content())


def assert_sound(message: bytes) -> EmailMessage:
    """R12–R17 and R31, by bytes and by an independent parser."""
    assert message.endswith(b"\r\n")
    assert b"\0" not in message
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", message), "a bare CR or LF"
    header, _, body = message.partition(b"\r\n\r\n")
    assert max(len(line) for line in body.split(b"\r\n")) <= 76
    assert relaxed_body(body) == body, "not in the canonical form that DKIM signs"
    assert max(len(line) for line in header.split(b"\r\n")) <= 998
    assert body.isascii()
    mail = parsed(message)
    assert not mail.defects
    assert all(len(mail.get_all(name, [])) == 1 for name in ONCE)
    assert [child.get_content_type() for child in mail.iter_parts()] == ["text/plain", "text/html"]
    assert all(not child.defects and child.get_content_charset() == "utf-8" for child in mail.iter_parts())
    assert len(mail["From"].addresses) == len(mail["To"].addresses) == 1
    structured = re.findall(rb"^(?:List-|Message-ID|Feedback-ID|Content-)[^\r]*(?:\r\n [^\r]*)*", header, re.MULTILINE)
    assert structured
    assert not any(b"=?" in field for field in structured)
    return mail


def test_a_message_is_what_the_requirements_ask_for(
    assembler: Assembler, subscriber: Subscriber, tokens: Tokens
) -> None:
    handed = assembler.hand_over(subscriber, NOW, 123_456)

    mail = assert_sound(handed.message)
    assert handed.key == 123_456
    assert handed.envelope.recipient == "li.lei@example.com"
    local, _, domain = handed.envelope.sender.partition("@")
    assert domain == "bounces.example.com"
    assert len(local) <= 64
    assert tokens.read_local_part(Kind.RETURN_PATH, local.removeprefix("b+")) == (7, 123_456)
    assert handed.envelope.envelope_id == local.removeprefix("b+")
    assert mail["Subject"] == "李雷, slow ferries and quick tea"
    assert mail["To"] == "李雷 Lei <li.lei@example.com>"
    assert mail["From"] == "Harbour Letter <letter@news.example.com>"
    assert mail["Reply-To"] == "editor@example.com"
    assert parsedate_to_datetime(mail["Date"]) == NOW.replace(microsecond=0)
    assert mail["List-Id"] == "Harbour Letter <harbour-letter.news.example.com>"
    assert mail["Precedence"] == "bulk"
    assert mail["MIME-Version"] == "1.0"
    message_id = re.fullmatch(r"<([0-9a-f]+)@news\.example\.com>", mail["Message-ID"])
    assert message_id
    assert tokens.read_local_part(Kind.MESSAGE_ID, message_id[1]) == (7, 123_456)


@pytest.mark.parametrize("name", ["Anna", "李雷 Lei", ".", "\r\n.\r\n", "a\rb", "..\n.", ""])
def test_a_message_that_is_said_to_be_plain_is(assembler: Assembler, subscriber: Subscriber, name: str) -> None:
    handed = assembler.hand_over(msgspec.structs.replace(subscriber, name=name), NOW)

    assert handed.is_plain
    assert is_plain(handed.message)


def test_a_message_beyond_ascii_is_not_said_to_be_plain(assembler: Assembler, subscriber: Subscriber) -> None:
    handed = assembler.hand_over(msgspec.structs.replace(subscriber, address=Address("josé@example.com")), NOW)

    assert not handed.is_plain


def test_unsubscribing_takes_one_click_or_one_mail(
    assembler: Assembler, subscriber: Subscriber, tokens: Tokens
) -> None:
    message = assembler.hand_over(subscriber, NOW).message

    field = re.search(rb"^List-Unsubscribe: <([^>]+)>,\r\n <([^>]+)>\r\n", message, re.MULTILINE)
    assert field
    url, mailto = field[1].decode(), field[2].decode()
    assert tokens.read_link(Kind.UNSUBSCRIBE, url.removeprefix(f"{PUBLIC_URL}/u/")) == (123_456, 3, 7)
    by_mail = re.fullmatch(r"mailto:u\+([0-9a-f]+)@bounces\.example\.com\?subject=unsubscribe", mailto)
    assert by_mail
    assert tokens.read_local_part(Kind.UNSUBSCRIBE, by_mail[1]) == (123_456, 3, 7)
    mail = parsed(message)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in part(mail, "plain")
    assert f'href="{url}"' in part(mail, "html")


def test_feedback_id_is_the_same_for_everybody_and_follows_gmails_rules(
    assembler: Assembler, subscriber: Subscriber
) -> None:
    other = msgspec.structs.replace(subscriber, id=SubscriberId(9), name="Anna")

    first, second = (parsed(assembler.hand_over(who, NOW).message)["Feedback-ID"] for who in (subscriber, other))

    assert first == second
    fields = first.split(":")
    assert len(fields) == len(set(fields)) == 4
    assert re.fullmatch(r"[a-z0-9]{5,15}", fields[-1])


def test_a_second_try_is_the_same_message_but_for_its_date(assembler: Assembler, subscriber: Subscriber) -> None:
    first = assembler.hand_over(subscriber, NOW)
    later = assembler.hand_over(subscriber, NOW + timedelta(days=3))

    assert first.envelope == later.envelope
    assert first.message != later.message
    assert first.message == later.message.replace(b"Thu, 26 Nov 2026", b"Mon, 23 Nov 2026")


def test_every_person_has_a_message_id_and_a_return_path_of_their_own(
    assembler: Assembler, subscriber: Subscriber
) -> None:
    handed = [
        assembler.hand_over(msgspec.structs.replace(subscriber, id=SubscriberId(number)), NOW) for number in range(500)
    ]

    assert len({one.envelope.sender for one in handed}) == 500
    assert len({re.findall(rb"^Message-ID: (<.*>)", one.message, re.MULTILINE)[0] for one in handed}) == 500


NAMES = st.text(max_size=80)
NAME_EXAMPLES = [
    "Anna\r\nBcc: all@example.com\r\n\r\nbody",
    "M" * 60,
    "محمد بن عبد الله",
    "D'Arcy & <b>Co</b>",
    "O’Brien",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES)
@example(name=NAME_EXAMPLES[0])
@example(name=NAME_EXAMPLES[1])
@example(name=NAME_EXAMPLES[2])
@example(name=NAME_EXAMPLES[3])
@example(name=NAME_EXAMPLES[4])
@example(name="100 %s %(to)b {{ x }} = =3D")
@example(name="\ud800\u2028\x85")
def test_any_name_gives_a_sound_message_that_greets_by_it(
    name: str, assembler: Assembler, subscriber: Subscriber
) -> None:
    person = msgspec.structs.replace(subscriber, name=name)

    mail = assert_sound(assembler.hand_over(person, NOW).message)

    text = part(mail, "plain").replace("\r\n", "\n")
    assert text == assembler.text(person)
    assert part(mail, "html").replace("\r\n", "\n") == assembler.view(person)
    assert str(mail["Subject"]) == " ".join(assembler.subject(person).split(" ")).strip()
    assert "Bcc" not in mail
    if name.isalnum():
        assert f"Dear {name[:LONGEST_VALUE]}," in text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(max_size=300) | st.integers() | st.floats() | st.booleans())
def test_any_field_of_a_person_stays_in_its_place(
    value: str | float | bool, issue: Issue, newsletter: Newsletter, subscriber: Subscriber, tokens: Tokens
) -> None:
    field = '{{ subscriber.fields.city | default("town") }}'
    source = f"In {field}. [a {field}](https://e.example/?q={field}&r={field})\n\n## {field}\n\n![{field}](https://e.example/a.png)"
    edition = _compiled(replace(issue, source=source, subject=f"News for {field}"), newsletter)
    assembler = Assembler(edition, newsletter, MailingFacts(7, 3, "weekly"), tokens, PUBLIC_URL)
    person = msgspec.structs.replace(subscriber, fields={"city": value})

    mail = assert_sound(assembler.hand_over(person, NOW).message)

    page = part(mail, "html")
    assert page.count("<a ") == 4
    assert page.count("<img ") == 1
    assert 'href="https://e.example/?q=' in page


_editions: dict[str, Edition] = {}


def _compiled(issue: Issue, newsletter: Newsletter) -> Edition:
    if issue.source not in _editions:
        _editions[issue.source] = compile_edition(issue, newsletter, public_url=PUBLIC_URL)
    return _editions[issue.source]


def test_internationalised_addresses_go_out_as_they_must(assembler: Assembler, subscriber: Subscriber) -> None:
    person = msgspec.structs.replace(subscriber, address=parse_address("李雷@bücher.example"))

    handed = assembler.hand_over(person, NOW)

    assert handed.envelope.recipient == "李雷@xn--bcher-kva.example"
    assert "<李雷@xn--bcher-kva.example>\r\n".encode() in handed.message


def test_an_address_with_a_line_end_is_refused(assembler: Assembler, subscriber: Subscriber) -> None:
    person = msgspec.structs.replace(subscriber, address=Address("a@example.com\r\nBcc: b@example.com"))

    with pytest.raises(ValueError, match="not an address"):
        assembler.hand_over(person, NOW)


def test_senders_with_other_alphabets_are_encoded(issue: Issue, newsletter: Newsletter, tokens: Tokens) -> None:
    newsletter = replace(newsletter, name="港口通讯", sender_name="港口通讯", sender_address="letter@bücher.example")
    edition = compile_edition(issue, newsletter, public_url=PUBLIC_URL)
    assembler = Assembler(edition, newsletter, MailingFacts(0, 3, "weekly"), tokens, PUBLIC_URL)
    person = Subscriber(id=SubscriberId(0), address=parse_address("a@example.com"), joined=NOW)

    mail = assert_sound(assembler.hand_over(person, NOW).message)

    assert mail["From"] == "港口通讯 <letter@xn--bcher-kva.example>"
    assert mail["List-Id"] == "<harbour-letter.xn--bcher-kva.example>"
    assert mail["To"] == "a@example.com"
    assert mail["Subject"] == "Friend, slow ferries and quick tea"
