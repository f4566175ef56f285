"""What must be true of a sender."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.senders.sender import Sender, is_freemail

TEA = Sender(name="Tea Letter", address="tea@news.example.com", return_path_domain="bounces.example.com")


def test_a_good_sender_has_no_flaws() -> None:
    assert TEA.flaws() == []


@pytest.mark.parametrize("name", ["茶周刊", "Ana from the Tea Letter", "Tea™ Letter", "O’Neill & Sons", "Müller"])
def test_honest_names_pass(name: str) -> None:
    assert replace(TEA, name=name).flaws() == []


@pytest.mark.parametrize("domain", ["gmail.com", "GoogleMail.com", "qq.com", "web.de", "yahoo.co.jp"])
def test_a_freemail_address_blocks(domain: str) -> None:
    (flaw,) = replace(TEA, address=f"tea.letter@{domain}").flaws()

    assert (flaw.rule, flaw.is_blocking) == ("R3", True)
    assert domain.lower() in flaw.message


def test_a_subdomain_of_ones_own_is_no_freemail() -> None:
    assert not is_freemail("gmail.com.example.com")
    assert not is_freemail("notgmail.com")


@pytest.mark.parametrize(
    "address", ["", "tea", "tea@", "@example.com", "tea@localhost", "a b@example.com", "tea@example.com, x@example.com"]
)
def test_an_address_that_is_none_blocks(address: str) -> None:
    (flaw,) = replace(TEA, address=address).flaws()

    assert (flaw.rule, flaw.is_blocking) == ("R12", True)


@pytest.mark.parametrize(
    ("name", "is_blocking", "words"),
    [
        ("", False, "no name"),
        ("tea@gmail.com", True, "“@”"),
        ("{{ subscriber.first_name }}", True, "personal field"),
        ("Re: Tea", False, "pretends"),
        ("Fwd: Tea", False, "pretends"),
        ("Tea ✅", False, "emoji"),
        ("🍵 Tea", False, "emoji"),
        ("Tea " * 20, False, "longer than 60"),
    ],
)
def test_a_name_says_who_sends_and_nothing_else(name: str, is_blocking: bool, words: str) -> None:
    (flaw,) = replace(TEA, name=name).flaws()

    assert (flaw.rule, flaw.is_blocking) == ("R22", is_blocking)
    assert words in flaw.message
    assert flaw.fix


def test_where_bounces_and_answers_go_must_be_places() -> None:
    flaws = replace(TEA, reply_to="somebody", return_path_domain="bounces").flaws()

    assert [flaw.is_blocking for flaw in flaws] == [True, True]


def test_an_address_that_nobody_reads_is_worth_a_warning_and_blocks_come_first() -> None:
    sender = replace(TEA, address="no-reply@example.com", return_path_domain="bounces")

    assert [flaw.is_blocking for flaw in sender.flaws()] == [True, False]
    assert replace(TEA, address="no-reply@example.com", reply_to="ana@example.com").flaws() == []
