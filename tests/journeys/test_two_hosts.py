"""Two workers on two hosts, in network namespaces: one loses its link for longer than its lease, and comes back."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from shutil import which
from typing import TYPE_CHECKING

import pytest
import redis

from bench.copies import Copies
from mailer.demo.loopback import free_ports
from tests.journeys.test_hardship import stopped, until_settled, with_a_copy_and_no_reply

if TYPE_CHECKING:
    from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.journey, pytest.mark.slow]

SERVER = "10.213.0.1"
"""Where Redis and the relay are, for both hosts."""
ON_THE_WIRE = 2 * 4 * 2
"""Two processes, four connections each, two messages a connection: what the kernel may still deliver when the link is
back, though its worker has given it up."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@dataclass(frozen=True)
class Host:
    """A network namespace that has one link, to the server."""

    name: str
    number: int

    @property
    def link(self) -> str:
        return f"{self.name}h"

    def begin(self) -> None:
        near, far = (f"10.213.{self.number}.{end}" for end in (1, 2))
        ip("netns", "add", self.name)
        ip("link", "add", f"{self.name}s", "type", "veth", "peer", "name", self.link, "netns", self.name)
        ip("address", "add", f"{near}/30", "dev", f"{self.name}s")
        ip("link", "set", f"{self.name}s", "up")
        ip("-n", self.name, "address", "add", f"{far}/30", "dev", self.link)
        ip("-n", self.name, "link", "set", "lo", "up")
        self.link_up()

    def link_up(self) -> None:
        ip("-n", self.name, "link", "set", self.link, "up")
        # The route goes with the link.
        ip("-n", self.name, "route", "replace", SERVER, "via", f"10.213.{self.number}.1")

    def link_down(self) -> None:
        ip("-n", self.name, "link", "set", self.link, "down")

    def end(self) -> None:
        subprocess.run(["ip", "netns", "delete", self.name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "delete", f"{self.name}s"], check=False, capture_output=True)

    def start_worker(self, installation: Installation, **more: str) -> subprocess.Popen[bytes]:
        log = (installation.home / f"worker-{self.name}.log").open("ab")
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, sys.executable, "-m", "mailer", "worker", "--queues", "delivery"],
            env={**os.environ, **installation.environment, **more},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        installation.processes.append(process)
        return process


@contextmanager
def two_hosts() -> Iterator[tuple[Host, Host]]:
    if os.geteuid() or not which("ip"):
        pytest.skip("needs root and iproute2, to make network namespaces")
    hosts = (Host(f"pr{os.getpid() % 100_000}a", 1), Host(f"pr{os.getpid() % 100_000}b", 2))
    try:
        try:
            for host in hosts:
                host.begin()
            ip("address", "add", f"{SERVER}/32", "dev", f"{hosts[0].name}s")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this machine makes no network namespaces: {error.stderr.decode()}")
        yield hosts
    finally:
        for host in hosts:
            host.end()


async def test_a_worker_whose_host_was_cut_off_for_longer_than_its_lease_harms_nothing(
    installation: Installation,
) -> None:
    people, (port, inbox_port) = 12_000, free_ports(2)
    with two_hosts() as (cut_off, other):
        await installation.prepare(people)
        with redis.Redis.from_url(installation.redis.url) as client:
            client.config_set("protected-mode", "no")
            client.config_set("bind", SERVER)
            client.config_set("port", port)
        installation.environment |= {"PRESSRUN_INBOX_PORT": str(inbox_port), "PRESSRUN_INBOX_HOST": SERVER}
        installation.start("inbox")
        installation.start("scheduler")
        reached = {
            "PRESSRUN_REDIS_URL": f"redis://{SERVER}:{port}/0",
            "PRESSRUN_RELAY_HOST": SERVER,
            "PRESSRUN_RELAY_PORT": str(inbox_port),
            "PRESSRUN_RELAY_TLS": "none",
            "PRESSRUN_RELAY_TIMEOUT_SECONDS": "5",
        }
        first, second = (host.start_worker(installation, **reached) for host in (cut_off, other))
        mailing = await installation.send()
        await until_settled(installation, mailing, 2_000)

        copies = Copies(installation.home / "inbox")
        cut_off.link_down()
        await asyncio.sleep(0.5)
        bound = await with_a_copy_and_no_reply(installation, mailing, copies)
        # The lease is three seconds here.
        await asyncio.sleep(8)
        cut_off.link_up()
        counts = await installation.until_complete(mailing.id, 120)

        got = copies.look()
        assert counts.accepted == len(got) == people
        assert got.total() - len(got) <= bound + ON_THE_WIRE
        log = installation.home / f"worker-{cut_off.name}.log"
        assert "lost-lease" in log.read_text(), "nobody took over what the cut-off host had; nothing was tested"
        # Both go on, each by itself.
        for at_rest in (first, second):
            with stopped(at_rest):
                again = await installation.send()
                assert (await installation.until_complete(again.id, 120)).accepted == people
        assert await installation.counts(mailing.id) == counts
