"""The pages of relays, in a browser without JavaScript, over relays that are really there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailer.errors import NotFoundError
from mailer.senders.relays.health import Health
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.settings import RelayTls

if TYPE_CHECKING:
    from tests.mailer.web.conftest import Answer, Site

FIELDS = {
    "port": 587,
    "tls": "starttls",
    "protocol": "smtp",
    "login": "best",
    "timeout_seconds": 60,
    "connections": 4,
    "priority": 10,
    "weight": 1,
}
POST = StoredRelay(name="post", host="post.example.com", username="daily", per_hour=1_000, connections_in_all=8)


async def add_post(site: Site) -> StoredRelay:
    """Define a relay with a password."""
    sealed = site.press.relays.sealed("post", "open sesame")
    relay = StoredRelay(name="post", host="post.example.com", username="daily", sealed_password=sealed, per_hour=1_000)
    await site.press.relays.add(relay)
    return relay


async def add_inbox(site: Site) -> StoredRelay:
    """Define the site's own inbox as a relay."""
    relay = StoredRelay(name="inbox", host="127.0.0.1", port=site.press.settings.relay_port, tls=RelayTls.NONE)
    await site.press.relays.add(relay)
    return relay


async def change(site: Site, name: str, **said: object) -> Answer:
    return await site.admin.post(f"/admin/settings/relays/{name}/change", FIELDS | said)


async def test_without_a_relay_the_one_of_the_settings_is_shown_and_tried(site: Site) -> None:
    shown = await site.admin.get("/admin/settings/relays")
    tried = await site.admin.post("/admin/settings/relay/test", {"recipient": "me@example.com"})

    assert "The relay of the settings" in shown.text
    assert f"127.0.0.1 port {site.press.settings.relay_port}" in shown.text
    assert "The relay can be used" in tried.text
    assert "EHLO press.example.com" in tried.text
    assert len(site.inbox.list()) == 1


async def test_a_relay_is_added_with_its_password_sealed(site: Site) -> None:
    form = FIELDS | {"name": "post", "host": " post.example.com ", "username": "daily", "password": "open sesame"}

    added = await site.admin.post("/admin/settings/relays", form | {"per_hour": 500})
    twice = await site.admin.post("/admin/settings/relays", form | {"per_hour": 500})
    other = await site.admin.post("/admin/settings/relays", form | {"per_hour": 500, "password": "another"})
    page = await site.admin.get("/admin/settings/relays/post")

    relay = await site.press.relays.get("post")
    assert added.header("location") == twice.header("location") == "/admin/settings/relays/post"
    assert other.status == 409
    assert (relay.host, relay.per_hour) == ("post.example.com", 500)
    assert site.press.relays.opened(relay).password == "open sesame"
    assert "stored sealed" in page.text
    assert "open sesame" not in page.text
    assert relay.sealed_password not in page.text


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"name": "No Good"}, "cannot be a relay’s name".replace("’", "&#39;")),
        ({"host": ""}, "has no host"),
        ({"weight": 0}, "weight of the relay spare must be 1 or more"),
        ({"tls": "none", "username": "daily", "password": "x"}, "would travel in plain text"),
        ({"name": "post"}, "There is a relay “post” already"),
    ],
)
async def test_what_is_no_relay_is_said_above_the_form_as_it_was_filled_in(
    site: Site, said: dict[str, object], says: str
) -> None:
    await add_post(site)

    answer = await site.admin.post(
        "/admin/settings/relays", FIELDS | {"name": "spare", "host": "spare.example.com", "per_day": 77} | said
    )

    assert answer.status == 409
    assert says in answer.text
    assert 'value="77"' in answer.text
    assert [one.name for one in await site.press.relays.all()] == ["post"]


async def test_a_change_leaves_the_password_as_it_is(site: Site) -> None:
    before = await add_post(site)

    answer = await change(site, "post", host="post.example.com", username="daily", per_second=9)

    after = await site.press.relays.get("post")
    assert answer.status == 303
    assert (after.per_second, after.per_hour) == (9, 0)
    assert after.sealed_password == before.sealed_password


@pytest.mark.parametrize("elsewhere", [{"host": "evil.example.net"}, {"port": 25}, {"tls": "implicit"}])
async def test_a_password_never_follows_a_relay_elsewhere(site: Site, elsewhere: dict[str, object]) -> None:
    before = await add_post(site)

    refused = await change(site, "post", **({"host": "post.example.com", "username": "daily"} | elsewhere))
    typed = await change(
        site, "post", **({"host": "post.example.com", "username": "daily", "password": "another"} | elsewhere)
    )

    assert refused.status == 409
    assert "Type the one for where mail goes now" in refused.text
    assert typed.status == 303
    after = await site.press.relays.get("post")
    assert after.sealed_password != before.sealed_password
    assert site.press.relays.opened(after).password == "another"


async def test_how_much_of_its_limits_is_used_is_shown(site: Site) -> None:
    await site.press.relays.add(POST)
    await site.press.relays.take("post", POST.limits, 130, await site.press.ledger.now())

    page = await site.admin.get("/admin/settings/relays")

    assert "130 of 1,000 in any hour" in page.text
    assert "0 of 8 connections" in page.text


async def test_a_relay_that_could_not_be_used_says_why_and_is_tried_at_once(site: Site) -> None:
    await add_inbox(site)
    now = await site.press.ledger.now()
    await site.press.relays.note_failure("inbox", Health().after_failure("535 5.7.8 <no>", now, is_login=True))

    listed = await site.admin.get("/admin/settings/relays")
    page = await site.admin.get("/admin/settings/relays/inbox")
    answer = await site.admin.post("/admin/settings/relays/inbox/use")

    assert "resting" in listed.text
    assert "535 5.7.8 &lt;no&gt;" in page.text
    assert "Try it at once" in page.text
    assert answer.status == 303
    assert (await site.press.relays.health("inbox")).is_well


async def test_a_test_shows_the_conversation_and_what_became_of_the_message(site: Site) -> None:
    await add_inbox(site)

    form = {"recipient": "gone.ben@example.com", "sender": "daily@news.example.com"}
    refused = await site.admin.post("/admin/settings/relays/inbox/test", form)
    nonsense = await site.admin.post("/admin/settings/relays/inbox/test", form | {"recipient": "a\r\nRCPT TO:<b>"})

    assert "The relay answers, and did not take the message" in refused.text
    assert "RCPT TO:&lt;gone.ben@example.com&gt;" in refused.text
    assert "is not an email address" in nonsense.text
    assert list(site.inbox.list()) == []


async def test_a_relay_that_is_not_there_is_a_sentence(site: Site) -> None:
    await site.press.relays.add(StoredRelay(name="away", host="127.0.0.1", port=1, tls=RelayTls.NONE))

    answer = await site.admin.post("/admin/settings/relays/away/test")

    assert answer.status == 200
    assert "The relay cannot be used" in answer.text
    assert "127.0.0.1:1" in answer.text


async def test_a_relay_is_paused_used_again_and_removed(site: Site) -> None:
    await add_inbox(site)
    base = "/admin/settings/relays/inbox"

    await site.admin.post(f"{base}/pause")
    paused = (await site.press.relays.get("inbox")).is_paused
    await site.admin.post(f"{base}/use")
    used = (await site.press.relays.get("inbox")).is_paused
    removed = await site.admin.post(f"{base}/remove")

    assert (paused, used) == (True, False)
    assert removed.header("location") == "/admin/settings/relays"
    assert (await site.admin.get(base)).status == 404
    with pytest.raises(NotFoundError):
        await site.press.relays.get("inbox")
