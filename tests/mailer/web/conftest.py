"""A whole site on loopback: real Redis, the real application on a real uvicorn, and a browser of few words."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvicorn

from mailer import clock
from mailer.accounts.signing_in import make_link
from mailer.accounts.store import AccountStore
from mailer.delivery.press import Press
from mailer.delivery.sending import work_shift
from mailer.delivery.ticking import tick
from mailer.demo.loopback import free_ports
from mailer.homefolder import make_secret
from mailer.inbox.folder import InboxFolder
from mailer.inbox.listening import Inbox, open_inbox
from mailer.settings import Settings
from mailer.smtp.pool import Pool
from mailer.smtp.relay import Relay
from mailer.web.app import create_app
from mailer.wiring import put_together
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.consent import Consent, ConsentEvent
from subscribers.lists import MailingList
from subscribers.storage import Redis
from subscribers.subscription import SubscriptionState
from tests.newsroom import HARBOUR, furnish

HERE = {"sec-fetch-site": "same-origin"}
"""What a browser says of a form that one of our own pages sends."""


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: list[tuple[str, str]]
    text: str

    def header(self, name: str) -> str:
        return ", ".join(value for one, value in self.headers if one == name.lower())


@dataclass
class Visitor:
    """Asks for pages; keeps a cookie if it is given one."""

    port: int
    cookie: str = ""

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.ask("GET", path, headers=headers)

    async def post(
        self, path: str, form: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a form as one of our own pages would, unless `headers` say otherwise."""
        told = HERE if headers is None else headers
        body = urlencode(form or {}, doseq=True).encode()
        return await self.ask(
            "POST", path, body=body, headers={"content-type": "application/x-www-form-urlencoded", **told}
        )

    async def ask(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        told = {**(headers or {}), **({"cookie": self.cookie} if self.cookie else {})}
        # In a thread, so that a test can ask several things at once.
        answer = await asyncio.to_thread(self._ask, method, path, body, told)
        if given := answer.header("set-cookie"):
            self.cookie = given.split(";")[0]
        return answer

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body or None, headers=headers)
            response = connection.getresponse()
            said = [(name.lower(), value) for name, value in response.getheaders()]
            return Answer(response.status, said, response.read().decode(errors="replace"))
        finally:
            connection.close()


@dataclass
class Site:
    """A running site, and what lies behind it."""

    press: Press
    accounts: AccountStore
    readers: MailingList
    visitor: Visitor
    inbox: InboxFolder
    admin: Visitor

    @property
    def port(self) -> int:
        return self.visitor.port

    @property
    def url(self) -> str:
        return self.press.settings.public_url

    async def sign_in_path(self) -> str:
        return await make_link(self.accounts, public_url="", now=clock.now())

    async def join(self, *addresses: str, state: SubscriptionState = SubscriptionState.ACTIVE) -> list[SubscriberId]:
        ids = []
        for address in addresses:
            name = address.split("@")[0].replace(".", " ").title()
            subscriber, _ = await self.press.people.subscribers.add(parse_address(address), name=name, now=clock.now())
            ids.append(subscriber.id)
        await self.press.people.lists.move(self.readers.id, ids, state)
        asked = Consent(
            list_id=self.readers.id,
            when=clock.now() - timedelta(days=1),
            words="Send me The Daily",
            by="form",
            event=ConsentEvent.ASKED,
        )
        await self.press.people.consents.record_many(ids, asked)
        return ids

    async def state_of(self, subscriber_id: SubscriberId) -> SubscriptionState | None:
        return await self.press.people.lists.state_of(self.readers.id, subscriber_id)

    async def work(self) -> None:
        """Do once what scheduler and worker do all the time."""
        await tick(self.press, "test")
        pool = Pool(Relay.of(self.press.settings))
        try:
            await work_shift(self.press, pool, lasts=timedelta(seconds=10), is_stopping=lambda: False)
        finally:
            await pool.close()
        await tick(self.press, "test")


@dataclass(frozen=True)
class House:
    """A site's processes: the application and its inbox, in a thread with an event loop of their own."""

    settings: Settings
    inbox: InboxFolder


@contextmanager
def running(home: Path, redis_url: str, **more: object) -> Iterator[House]:
    """Run the application on a real uvicorn, and an inbox as its relay."""
    make_secret(home)
    web_port, inbox_port = free_ports(2)
    told: dict[str, object] = {
        "home": home,
        "redis_url": redis_url,
        "public_url": f"http://127.0.0.1:{web_port}",
        "web_port": web_port,
        "relay_port": inbox_port,
        "relay_connections": 2,
        "retry_delays_seconds": (0.2, 0.2),
        "hello_name": "press.example.com",
        # What is asked for in a test goes at once.
        "undo_seconds": 0,
    }
    settings = Settings(**told | more)  # type: ignore[arg-type]  # each is of its setting's own type
    folder = InboxFolder(home / "inbox")
    config = uvicorn.Config(
        create_app(settings), host="127.0.0.1", port=web_port, log_level="warning", access_log=False, lifespan="on"
    )
    server = uvicorn.Server(config)

    async def serve() -> None:
        async with open_inbox(Inbox(folder, clock.now), "127.0.0.1", inbox_port):
            await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                pytest.fail("the site did not start")
            time.sleep(0.01)
        yield House(settings, folder)
    finally:
        server.should_exit = True
        thread.join()


async def moved_in(house: House, redis: Redis) -> Site:
    """Bring a newsletter, a list and an issue into an empty site, and sign an admin in."""
    press = put_together(house.settings, redis)
    issue = replace(HARBOUR, subject="The harbour opens, and ships come in")
    readers = await furnish(press, issue=issue, list_name="Readers of The Daily")
    port = house.settings.web_port
    site = Site(press, AccountStore(redis), readers, Visitor(port), house.inbox, Visitor(port))
    assert (await site.admin.post(await site.sign_in_path())).status == 303
    return site


@pytest.fixture(scope="session")
def house(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give one running application for all tests of a session; what it keeps in Redis and inbox is each test's own."""
    with running(tmp_path_factory.mktemp("house"), redis_url) as opened:
        yield opened


@pytest.fixture
async def site(house: House, redis: Redis) -> Site:
    InboxFolder(house.inbox.path).clear()
    return await moved_in(house, redis)
