"""Caught messages are kept byte for byte, and found again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.errors import ConfigError, NotFoundError
from mailer.inbox.folder import InboxFolder

NOW = datetime(2026, 11, 23, 12, 0, 0, 5, tzinfo=UTC)
MESSAGE = b"From: News <news@example.com>\r\nSubject: =?utf-8?B?5YyX5Lqs?= weekly\r\n\r\nHello\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> InboxFolder:
    return InboxFolder(tmp_path / "inbox")


def test_a_message_is_kept_with_its_envelope_above_it(folder: InboxFolder) -> None:
    name = folder.keep(MESSAGE, "b+token@bounces.example.com", ["anna@example.org"], NOW, received_from="press.test")

    assert (folder.path / name).read_bytes() == (
        b"Return-Path: <b+token@bounces.example.com>\r\nDelivered-To: anna@example.org\r\n"
        b"X-Original-To: anna@example.org\r\n"
        b"Received: from press.test by inbox.test with ESMTP id 20261123T120000000005-000000 for <anna@example.org>;"
        b" Mon, 23 Nov 2026 12:00:00 +0000\r\n" + MESSAGE
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.text(max_size=30), st.text(max_size=30))
def test_the_message_below_is_what_came(folder: InboxFolder, message: bytes, sender: str, recipient: str) -> None:
    sender, recipient = (text.encode("utf-8", "replace").decode() for text in (sender, recipient))
    name = folder.keep(message, sender, [recipient, "two@example.org"], NOW + timedelta(seconds=1))

    assert folder.read(name).message == message


def test_the_newest_come_first(folder: InboxFolder) -> None:
    for minute in range(5):
        folder.keep(MESSAGE, "", [f"p{minute}@example.org"], NOW + timedelta(minutes=minute))

    assert [heading.recipient for heading in folder.list(limit=3)] == [f"p{minute}@example.org" for minute in (4, 3, 2)]
    assert folder.count() == 5


@pytest.mark.parametrize(("search", "found"), [("北京", 2), ("WEEKLY", 2), ("anna", 1), ("news@", 2), ("nobody", 0)])
def test_searching_looks_at_subject_sender_and_recipient(folder: InboxFolder, search: str, found: int) -> None:
    for recipient in ("anna@example.org", "boris@example.org"):
        folder.keep(MESSAGE, "", [recipient], NOW)

    assert len(folder.list(search=search)) == found
    assert len(folder.list(limit=1, search=search)) == min(found, 1)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "", ".", "20261123T120000000005-000000.eml/../x", "a\x00b"]
)
def test_only_names_of_the_folder_are_read(folder: InboxFolder, name: str) -> None:
    folder.keep(MESSAGE, "", ["anna@example.org"], NOW)

    with pytest.raises(NotFoundError):
        folder.read(name)


def test_a_message_that_is_gone_is_not_found(folder: InboxFolder) -> None:
    name = folder.keep(MESSAGE, "", ["anna@example.org"], NOW)
    folder.clear()

    with pytest.raises(NotFoundError):
        folder.read(name)
    assert folder.list() == ()


def test_clearing_leaves_other_files_alone(folder: InboxFolder) -> None:
    folder.keep(MESSAGE, "", ["anna@example.org"], NOW)
    (folder.path / "notes.txt").write_text("mine")

    assert folder.clear() == 1
    assert [file.name for file in folder.path.iterdir()] == ["notes.txt"]
    assert folder.count() == 0


def test_an_envelope_cannot_write_fields(folder: InboxFolder) -> None:
    name = folder.keep(MESSAGE, "a\r\nX-Evil: 1", ["b\nX-Evil: 2@example.org"], NOW, received_from="c\r\n\r\nX-Evil: 3")

    caught = folder.read(name)

    assert caught.header("X-Evil") == ""
    assert caught.message == MESSAGE


def test_a_folder_that_cannot_be_made_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="The inbox cannot keep messages in"):
        InboxFolder(tmp_path / "file" / "inbox")
