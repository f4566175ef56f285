"""Against the mail servers that are out there: Postfix and Exim, from Debian, with PIPELINING, CHUNKING and without.

Each is started by the test itself, in a temporary folder, on a free port of loopback, and throws away what it takes.
Both insist on being started by root. Programs are looked for on the PATH and in /usr/sbin.

OpenSMTPD is not among them: Debian's smtpd starts as root only, gives that up for the users opensmtpd and opensmtpq,
whom only the installed package makes, and has its queue and its socket compiled in (/var/spool/smtpd and
/var/run/smtpd.sock). So no test can run it in a folder of its own, beside one that serves the machine.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from mailer.demo.loopback import free_ports, is_listening
from mailer.smtp import Envelope, HandOver, Pool, Relay
from mailer.smtp.session import Session

pytestmark = pytest.mark.slow

COUNT = 300
POSTFIX = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
myhostname = mx.reader.example
mydestination =
relay_domains = reader.example
relay_transport = discard:
alias_maps =
smtputf8_enable = yes
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ p7@reader.example = 550 5.1.1 Nobody }}
    {{ p8@reader.example = 450 4.2.0 Later }} }}, permit
"""
POSTFIX_MASTER = """\
{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
discard unix - - n - - discard
"""
EXIM = """\
exim_user = nobody
exim_group = nogroup
spool_directory = {folder}
log_file_path = {folder}/log_%s
pid_file_path = {folder}/pid
primary_hostname = mx.reader.example
chunking_advertise_hosts = *
smtp_accept_max = 50
smtp_accept_max_per_connection = 1000
queue_only = true
acl_smtp_rcpt = check
begin acl
check:
  deny recipients = p7@reader.example
       message = 5.1.1 Nobody
  defer recipients = p8@reader.example
       message = 4.2.0 Later
  accept
begin routers
away:
  driver = redirect
  data = :blackhole:
"""

Server = tuple[str, int]


def program(name: str) -> str:
    """Find a server, or skip: it is not on every machine."""
    found = which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not found or os.geteuid() != 0:
        pytest.skip(f"needs {name}, and root to start it")
    return found


@pytest.fixture(params=["postfix", "exim4"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Run one server; give its name and port."""
    (port,) = free_ports(1)
    folder = tmp_path
    # The servers give up root, and must still get at their own folders.
    for one in (folder, *folder.parents):
        if one.is_relative_to("/tmp") and one != Path("/tmp"):
            one.chmod(0o755)
    with ExitStack() as stack:
        {"postfix": run_postfix, "exim4": run_exim}[request.param](program(request.param), folder, port, stack)
        wait_for(port)
        yield request.param, port


def run_postfix(postfix: str, folder: Path, port: int, stack: ExitStack) -> None:
    (folder / "queue").mkdir()
    (folder / "data").mkdir()
    subprocess.run(["chown", "postfix", str(folder / "data")], check=True)
    (folder / "main.cf").write_text(POSTFIX.format(folder=folder))
    (folder / "master.cf").write_text(POSTFIX_MASTER.format(port=f"127.0.0.1:{port}"))
    stack.callback(subprocess.run, [postfix, "-c", str(folder), "stop"], capture_output=True)
    subprocess.run([postfix, "-c", str(folder), "start"], check=True, capture_output=True, timeout=60)


def run_exim(exim: str, folder: Path, port: int, stack: ExitStack) -> None:
    subprocess.run(["chown", "nobody", str(folder)], check=True)
    configuration = folder / "exim.conf"
    configuration.write_text(EXIM.format(folder=folder))
    command = [exim, "-C", str(configuration), "-bdf", "-oX", f"127.0.0.1.{port}"]
    process = subprocess.Popen(command, stdout=sys.stderr, stderr=sys.stderr)
    stack.callback(process.wait, 10)
    stack.callback(process.terminate)


def wait_for(port: int) -> None:
    """Return when somebody listens."""
    for _ in range(100):
        if is_listening(port):
            return
        subprocess.run(["sleep", "0.1"], check=True)
    pytest.fail("The server did not start.")


def messages() -> list[HandOver]:
    bodies = [b"Subject: x\r\n\r\n.\r\n..\r\nQUIT\r\nlast\r\n", b"Subject: x\r\n\r\n" + b"z" * 70 + b"\r\n" * 3_000]
    return [
        HandOver(key, Envelope("b@press.example", f"p{key}@reader.example"), bodies[key % 2])
        for key in range(1, COUNT + 1)
    ]


@pytest.mark.parametrize("takes_chunks", [True, False])
@pytest.mark.parametrize("is_lockstep", [True, False])
async def test_everybody_is_taken_refused_or_deferred_as_the_server_was_told(
    server: Server, outcomes: Any, takes_chunks: bool, is_lockstep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, port = server
    relay = Relay("127.0.0.1", port, connections=4, timeout_seconds=10, takes_chunks=takes_chunks)
    pool = Pool(relay)
    monkeypatch.setattr(pool, "_is_lockstep", is_lockstep)

    async with asyncio.timeout(120):
        await pool.hand_over_all(iter(messages()), outcomes.settle)
        await pool.close()

    others = {key: str(outcome.kind) for key, outcome in outcomes.of.items() if outcome.kind != "accepted"}
    assert others == {7: "refused", 8: "deferred"}, name
    assert (outcomes.of[7].step, outcomes.of[8].step) == ("rcpt", "rcpt")
    assert outcomes.of[7].reply.status == "5.1.1"
    assert len(outcomes.of) == COUNT


async def test_chunks_are_offered_and_used(server: Server, hand_overs: Callable[[int], list[HandOver]]) -> None:
    said: list[bytes] = []
    relay = Relay("127.0.0.1", server[1], timeout_seconds=4)

    session = await Session.open(relay, witness=lambda speaker, data: said.append(data) if speaker == "C" else None)
    for one in hand_overs(3):
        await session.room()
        session.hand_over(one)
    await session.rest()
    await session.close()

    assert b"".join(said).count(b"BDAT ") == 3
    assert b"DATA\r\n" not in b"".join(said)
