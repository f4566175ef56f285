"""One click is enough, and nothing less than a click is."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from mailer import clock
from mailer.bounces.store import Mark
from mailer.issues.mailing import MailingId
from mailer.tokens import Kind
from mailer.wiring import put_together
from subscribers.cohort import Cohort, SubscriberId
from subscribers.joining import leave
from subscribers.lists import ListId
from subscribers.storage import open_redis
from subscribers.subscription import SubscriptionState
from tests.conftest import StartRedis
from tests.mailer.web.conftest import Site, Visitor, moved_in, running

URLENCODED = b"List-Unsubscribe=One-Click"
MULTIPART = b'--x7\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x7--\r\n'


def token_of(site: Site, subscriber_id: SubscriberId, list_id: ListId | None = None) -> str:
    return site.press.tokens.link(Kind.UNSUBSCRIBE, subscriber_id, list_id or site.readers.id, 1)


def say(port: int, request: bytes) -> tuple[bytes, bytes]:
    """Send bytes, and nothing that a library would add; return head and body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        said = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    return head, body


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"Content-Type: application/x-www-form-urlencoded\r\n", URLENCODED),
        (b"Content-Type: multipart/form-data; boundary=x7\r\n", MULTIPART),
        (b"", URLENCODED),
        (b"", b""),
        (b"Content-Type: application/json\r\n", b"{"),
        (b"Content-Type: multipart/form-data; boundary=wrong\r\n", MULTIPART),
        (b"Origin: null\r\nSec-Fetch-Site: cross-site\r\n", URLENCODED),
    ],
    ids=["urlencoded", "multipart", "no type", "no body", "other body", "broken multipart", "from elsewhere"],
)
@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_post_of_any_form_leaves_the_list_at_once(site: Site, kind: bytes, body: bytes, slash: str) -> None:
    (ana,) = await site.join("ana@example.com")
    path = f"/u/{token_of(site, ana)}{slash}".encode()

    head, _ = say(
        site.port,
        b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + kind
        + b"Content-Length: %d\r\n\r\n" % len(body) + body,
    )  # fmt: skip

    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"set-cookie" not in head.lower()
    assert b"\r\nlocation:" not in head.lower()
    assert await site.state_of(ana) is SubscriptionState.LEFT


async def test_http_1_0_without_any_header_is_enough(site: Site) -> None:
    (ana,) = await site.join("ana@example.com")

    head, _ = say(site.port, f"POST /u/{token_of(site, ana)} HTTP/1.0\r\n\r\n".encode())

    assert head.split(b"\r\n")[0].split()[1] == b"200"
    assert await site.state_of(ana) is SubscriptionState.LEFT


async def test_the_mailing_keeps_who_left_by_its_link(site: Site) -> None:
    (ana,) = await site.join("ana@example.com")

    say(site.port, f"POST /u/{token_of(site, ana)} HTTP/1.0\r\n\r\n".encode())

    assert await site.press.reports.cohort(MailingId(1), Mark.UNSUBSCRIBED, [0]) == Cohort.of([ana])


async def test_leaving_twice_is_as_welcome_as_once(site: Site) -> None:
    (ana,) = await site.join("ana@example.com")
    path = f"/u/{token_of(site, ana)}"

    answers = [await site.visitor.post(path, headers={}) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 200]
    history = [entry.event for entry in await site.press.people.consents.of(ana)]
    assert history == ["asked", "left"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_looking_changes_nothing(site: Site, method: str) -> None:
    (ana,) = await site.join("ana@example.com")

    answers = [await site.visitor.ask(method, f"/u/{token_of(site, ana)}") for _ in range(30)]

    assert {answer.status for answer in answers} == {405 if method == "OPTIONS" else 200}
    assert await site.state_of(ana) is SubscriptionState.ACTIVE
    assert [entry.event for entry in await site.press.people.consents.of(ana)] == ["asked"]


async def test_the_page_says_who_would_leave_what_and_has_one_button(site: Site) -> None:
    (ana,) = await site.join("ana@example.com")

    page = (await site.visitor.get(f"/u/{token_of(site, ana)}")).text

    assert "ana@example.com" in page
    assert "Readers of The Daily" in page
    assert page.count("<button") == 1
    assert page.count("<form") == 1


async def test_only_the_list_of_the_link_is_left(site: Site) -> None:
    (ana,) = await site.join("ana@example.com")
    other = await site.press.people.lists.create("jobs", name="Jobs", newsletter="daily")
    await site.press.people.lists.move(other.id, [ana], SubscriptionState.ACTIVE)

    await site.visitor.post(f"/u/{token_of(site, ana)}", headers={})

    assert await site.press.people.lists.lists_of(ana) == {
        site.readers.id: SubscriptionState.LEFT,
        other.id: SubscriptionState.ACTIVE,
    }


async def test_wrong_links_are_all_answered_alike(site: Site) -> None:
    (ana,) = await site.join("ana@example.com")
    good = token_of(site, ana)
    confirming = site.press.tokens.link(Kind.CONFIRM, ana, site.readers.id)
    other_end = good[:-1] + ("A" if good[-1] != "A" else "B")
    wrong = [good[:-1], f"{good}A", other_end, confirming, "x", "%00", "é"]

    answers = []
    for token in wrong:
        for method in ("GET", "POST"):
            head, body = say(site.port, f"{method} /u/{token} HTTP/1.0\r\n\r\n".encode())
            answers.append((head.split(b"\r\n")[0].split()[1], body))

    # Bytes outside ASCII are no HTTP address at all, which the server says before we are asked.
    understood = {answer for answer in answers if answer[0] != b"400"}
    assert {status for status, _ in understood} == {b"404"}
    assert len(understood) == 1
    assert await site.state_of(ana) is SubscriptionState.ACTIVE


async def test_a_link_of_a_test_mail_changes_nothing_and_is_no_error(site: Site) -> None:
    (ana,) = await site.join("ana@example.com")
    of_nobody = site.press.tokens.link(Kind.UNSUBSCRIBE, 0, 0, 0)
    of_no_list = site.press.tokens.link(Kind.UNSUBSCRIBE, ana, 0, 0)

    answers = [await site.visitor.post(f"/u/{token}", headers={}) for token in (of_nobody, of_no_list)]

    assert [answer.status for answer in answers] == [200, 200]
    assert await site.press.people.lists.lists_of(ana) == {site.readers.id: SubscriptionState.ACTIVE}


async def test_undo_brings_back_whoever_has_just_left(site: Site) -> None:
    (ana,) = await site.join("ana@example.com")
    path = f"/u/{token_of(site, ana)}"
    left = await site.visitor.post(path)
    assert f"{path}/undo" in left.text

    back = await site.visitor.post(f"{path}/undo")

    assert "Welcome back" in back.text
    assert await site.state_of(ana) is SubscriptionState.ACTIVE


async def test_undo_does_nothing_for_whoever_left_long_ago(site: Site) -> None:
    (ana,) = await site.join("ana@example.com")
    await leave(site.press.people, ana, site.readers.id, clock.now() - timedelta(hours=2))

    answer = await site.visitor.post(f"/u/{token_of(site, ana)}/undo")

    assert "cannot be undone" in answer.text
    assert await site.state_of(ana) is SubscriptionState.LEFT


async def test_undo_does_not_confirm_whoever_never_confirmed(site: Site) -> None:
    (ana,) = await site.join("ana@example.com", state=SubscriptionState.PENDING)

    answer = await site.visitor.post(f"/u/{token_of(site, ana)}/undo")

    assert answer.status == 200
    assert await site.state_of(ana) is SubscriptionState.PENDING


async def test_while_the_store_is_down_nobody_is_told_that_they_left(start_redis: StartRedis, tmp_path: Path) -> None:
    server = start_redis(appendonly=True)
    with running(tmp_path, server.url) as house:
        async with open_redis(server.url) as redis:
            site = await moved_in(house, redis)
            (ana,) = await site.join("ana@example.com")
        path = f"/u/{token_of(site, ana)}"
        server.kill()

        down = await site.visitor.post(path, headers={})
        looked = await site.visitor.get(path)
        health = await site.visitor.get("/healthz")
        server.start()
        up = await site.visitor.post(path, headers={})

        assert [down.status, looked.status, health.status] == [503, 503, 503]
        assert down.header("retry-after")
        assert str(tmp_path) not in down.text
        assert up.status == 200
        async with open_redis(server.url) as redis:
            lists = put_together(house.settings, redis).people.lists
            assert await lists.state_of(site.readers.id, ana) is SubscriptionState.LEFT


async def test_what_no_replica_has_was_not_kept_whatever_the_primary_says(
    start_redis: StartRedis, tmp_path: Path
) -> None:
    server = start_redis(appendonly=True)
    with running(tmp_path, server.url) as house:
        async with open_redis(server.url) as redis:
            site = await moved_in(house, redis)
            (ana,) = await site.join("ana@example.com")
            path = f"/u/{token_of(site, ana)}"

    with running(tmp_path, server.url, redis_replicas=1) as house:
        answer = await Visitor(house.settings.web_port).post(path, headers={})

        assert answer.status == 503
        assert answer.header("retry-after")
