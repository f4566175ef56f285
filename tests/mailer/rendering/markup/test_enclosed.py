"""Pictures inside a message, and attachments behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from mailer.errors import RenderError
from mailer.issues.assets.asset import Asset, asset_name
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition
from mailer.rendering.markup.enclosed import LARGEST_ENCLOSED, with_files
from mailer.rendering.message import Assembler, MailingFacts
from mailer.tokens import Tokens
from subscribers.subscriber import Subscriber

PUBLIC_URL = "https://press.example.com"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def asset(data: bytes, file_name: str, width: int = 0) -> tuple[Asset, bytes]:
    name = asset_name(data, file_name.rpartition(".")[2])
    return Asset(name=name, file_name=file_name, length=len(data), width=width, height=width, added=NOW), data


PICTURE = asset(bytes(range(256)) * 9, "ferry.png", 20)
REPORT = asset(b"%PDF-1.7 %s %(0)b words", "Bericht übers Meer.pdf")


@pytest.fixture
def edition(issue: Issue, newsletter: Newsletter) -> Edition:
    source = (
        f"Dear {{{{ subscriber.first_name }}}},\n\n![A ferry]({PICTURE[0].reference})\n\n[It]({PICTURE[0].reference})"
    )
    return compile_edition(replace(issue, source=source), newsletter, public_url=PUBLIC_URL)


def assembled(edition: Edition, newsletter: Newsletter, tokens: Tokens) -> Assembler:
    return Assembler(edition, newsletter, MailingFacts(7, 3, "weekly"), tokens, PUBLIC_URL)


def read(assembler: Assembler, subscriber: Subscriber) -> EmailMessage:
    message = assembler.hand_over(subscriber, NOW).message
    assert all(len(line) <= 76 for line in message.partition(b"\r\n\r\n")[2].split(b"\r\n"))
    parsed = message_from_bytes(message, policy=policy.default)
    assert not any(part.defects for part in parsed.walk())
    return parsed


def test_pictures_and_files_stand_where_mail_programs_look_for_them(
    edition: Edition, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    whole = with_files(edition, [PICTURE], [REPORT], PUBLIC_URL)

    parsed = read(assembled(whole, newsletter, tokens), subscriber)

    assert [part.get_content_type() for part in parsed.walk()] == [
        *("multipart/mixed", "multipart/alternative", "text/plain"),
        *("multipart/related", "text/html", "image/png", "application/pdf"),
    ]
    html, picture, report = list(parsed.walk())[4:]
    content_id = str(picture["Content-ID"]).strip("<>")
    assert f'src="cid:{content_id}"' in html.get_content()
    assert (picture.get_content_disposition(), picture.get_content()) == ("inline", PICTURE[1])
    assert (report.get_filename(), report.get_content()) == ("Bericht übers Meer.pdf", REPORT[1])
    assert report.get_content_disposition() == "attachment"


def test_a_link_to_the_picture_still_leads_to_the_web(
    edition: Edition, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    html = read(assembled(with_files(edition, [PICTURE], [], PUBLIC_URL), newsletter, tokens), subscriber)

    shown = next(part for part in html.walk() if part.get_content_type() == "text/html").get_content()
    assert f'href="{PUBLIC_URL}/a/{PICTURE[0].name}"' in shown


def test_in_the_browser_the_picture_comes_from_its_address(
    edition: Edition, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    whole = with_files(edition, [PICTURE], [], PUBLIC_URL)

    page = assembled(whole, newsletter, tokens).view(subscriber)

    assert page == assembled(edition, newsletter, tokens).view(subscriber)
    assert "cid:" not in page


def test_an_edition_with_files_is_another_edition_and_keeps_them(edition: Edition) -> None:
    whole = with_files(edition, [PICTURE], [REPORT], PUBLIC_URL)

    assert whole.id != edition.id
    assert Edition.decode(whole.encode()) == whole
    assert with_files(edition, [PICTURE], [REPORT], PUBLIC_URL) == whole


def test_too_much_is_refused(edition: Edition) -> None:
    with pytest.raises(RenderError, match="5 MB is the most"):
        with_files(edition, [], [asset(b"x" * (LARGEST_ENCLOSED + 1), "a.pdf")], PUBLIC_URL)


@pytest.mark.parametrize(
    "name", ['a"\r\nBcc: x@example.com.pdf', "a\\b.pdf", "x" * 300 + ".pdf", "报告.pdf", "", " .pdf"]
)
def test_no_file_name_breaks_the_header(
    edition: Edition, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber, name: str
) -> None:
    file, data = REPORT
    whole = with_files(edition, [], [(replace(file, file_name=name), data)], PUBLIC_URL)

    report = list(read(assembled(whole, newsletter, tokens), subscriber).walk())[-1]

    assert set(report.keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}
    assert report.get_content() == data
