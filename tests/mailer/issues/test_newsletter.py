"""Newsletters and the header that mailboxes sort by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mailer.errors import SourceError
from mailer.issues.newsletter import Newsletter
from mailer.quiethours import QuietHours

TEA = Newsletter(slug="tea-letter", name="Tea Letter", sender_name="Tea Letter", sender_address="tea@news.example.com")


@pytest.mark.parametrize(
    ("name", "list_id"),
    [
        ("Tea Letter", "Tea Letter <tea-letter.news.example.com>"),
        ("Tea, Milk (and Sugar)", '"Tea, Milk (and Sugar)" <tea-letter.news.example.com>'),
        ('The "Tea" Letter', '"The \\"Tea\\" Letter" <tea-letter.news.example.com>'),
        ("茶周刊", "<tea-letter.news.example.com>"),
    ],
)
def test_the_list_id_is_ascii_and_keeps_its_identifier(name: str, list_id: str) -> None:
    assert replace(TEA, name=name).list_id == list_id


def test_the_list_ids_domain_outlives_a_change_of_sender() -> None:
    moved = replace(TEA, sender_address="tea@other.example", list_id_domain="news.example.com")

    assert moved.list_id == TEA.list_id


def test_bounces_come_back_to_the_senders_domain_unless_another_is_given() -> None:
    assert TEA.bounce_domain == "news.example.com"
    assert replace(TEA, return_path_domain="bounces.example.com").bounce_domain == "bounces.example.com"


@pytest.mark.parametrize("field", ["name", "sender_name", "sender_address", "reply_to", "return_path_domain"])
def test_no_field_can_smuggle_a_header(field: str) -> None:
    words = {"name": TEA.name, field: "x\r\nBcc: everybody@example.com"}

    with pytest.raises(SourceError, match=field):
        Newsletter(
            slug=TEA.slug,
            name=words["name"],
            sender_name=words.get("sender_name", ""),
            sender_address=words.get("sender_address", TEA.sender_address),
            reply_to=words.get("reply_to", ""),
            return_path_domain=words.get("return_path_domain", ""),
        )


@pytest.mark.parametrize(
    "change",
    [
        {"sender_address": "nobody"},
        {"sender_address": ""},
        {"reply_to": "a b@example.com"},
        {"return_path_domain": "no domain!"},
        {"list_id_domain": "foo bar"},
        {"language": "中文"},
        {"language": ""},
        {"quiet_hours": "at night"},
        {"quiet_hours": "22:00-07:00 Mars/Base"},
    ],
)
def test_what_no_mail_could_carry_is_refused_before_it_is_kept(change: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="newsletter tea-letter"):
        replace(TEA, **change)


def test_quiet_hours_are_its_own_or_none_or_those_of_the_settings() -> None:
    otherwise = QuietHours.read("22:00-07:00 UTC")

    assert TEA.quiet(otherwise) == otherwise
    assert replace(TEA, quiet_hours="none").quiet(otherwise) is None
    assert replace(TEA, quiet_hours="20:00-09:00 Europe/Berlin").quiet(otherwise) == QuietHours.read(
        "20:00-09:00 Europe/Berlin"
    )


def test_a_postal_address_has_lines() -> None:
    assert replace(TEA, postal_address="1 Tea Lane\nLondon").postal_address.count("\n") == 1


def test_a_slug_is_checked() -> None:
    with pytest.raises(SourceError, match="cannot name a newsletter"):
        replace(TEA, slug="Tea Letter")
