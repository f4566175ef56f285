"""Mail that one person asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from mailer.errors import RenderError
from mailer.issues.newsletter import Newsletter
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.notices import NAMES, notice_edition
from mailer.tokens import Kind, Tokens
from subscribers.subscriber import Subscriber

NOW = datetime(2026, 11, 23, 9, 30, 12, tzinfo=UTC)
PUBLIC_URL = "https://press.example.com"
COUNTS = {"added": "12", "already_there": "3", "suppressed": "1", "left": "0", "invalid": "2", "total": "18"}
FACTS = {**COUNTS, "file": "a_*b*.csv <script> {{ x }}\n# no"}


def assembled(name: str, newsletter: Newsletter, tokens: Tokens, language: str = "en") -> Assembler:
    edition = notice_edition(name, newsletter, language=language, public_url=PUBLIC_URL, now=NOW, facts=FACTS)
    return Assembler(edition, newsletter, MailingFacts(0, 3, "weekly", is_notice=True), tokens, PUBLIC_URL)


@pytest.mark.parametrize("name", NAMES)
def test_a_notice_belongs_to_no_list_and_says_that_a_program_wrote_it(
    name: str, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    mail = message_from_bytes(
        assembled(name, newsletter, tokens).hand_over(subscriber, NOW).message, policy=policy.default
    )

    assert mail["Auto-Submitted"] == "auto-generated"
    assert not [field for field in mail if field.startswith("List-") or field in {"Precedence", "Feedback-ID"}]
    assert "12 Quay Street" in assembled(name, newsletter, tokens).text(subscriber)
    assert "You get this email because" not in assembled(name, newsletter, tokens).view(subscriber)


def test_the_links_of_a_notice_work(newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber) -> None:
    confirm = tokens.link(Kind.CONFIRM, subscriber.id, 3)
    preferences = tokens.link(Kind.PREFERENCES, subscriber.id, 3, 0)

    assert f"{PUBLIC_URL}/confirm/{confirm}" in assembled("confirm", newsletter, tokens).text(subscriber)
    assert f"{PUBLIC_URL}/p/{preferences}" in assembled("preferences", newsletter, tokens).view(subscriber)


def test_a_notice_is_in_the_readers_language_where_we_have_it(
    newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    assert assembled("confirm", newsletter, tokens, "zh-Hant").subject(subscriber) == "请确认订阅《Harbour Letter》"
    assert "Bitte" in assembled("confirm", newsletter, tokens, "de").subject(subscriber)
    assert "confirm" in assembled("confirm", newsletter, tokens, "../x").subject(subscriber)


def test_facts_are_words_whatever_they_hold(newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber) -> None:
    report = assembled("import-report", newsletter, tokens)

    assert report.subject(subscriber) == "Import done: 12 people added"
    assert "a_*b*.csv <script> {{ x }} # no" in report.text(subscriber)
    assert "<script" not in report.view(subscriber)


def test_a_notice_without_its_facts_is_an_error(newsletter: Newsletter) -> None:
    for name in ("import-report", "../secret"):
        with pytest.raises(RenderError):
            notice_edition(name, newsletter, language="en", public_url=PUBLIC_URL, now=NOW)
