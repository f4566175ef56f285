"""What went wrong, in words that a person reads."""

from __future__ import annotations

import asyncio
import errno
import ssl
from pathlib import Path

import pytest

from mailer.smtp.errors import reason
from tests.fleet import free_ports


async def test_a_port_where_nobody_listens_is_named() -> None:
    (port,) = free_ports(1)

    with pytest.raises(ConnectionRefusedError) as refused:
        await asyncio.open_connection("127.0.0.1", port)

    # uvloop does not say where.
    assert reason(refused.value) in (f"nobody listens at 127.0.0.1:{port}", "nobody listens there")


async def test_a_server_that_speaks_no_tls_is_named_with_what_to_try() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ssl.SSLError) as failed:
            await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context())

    assert reason(failed.value) == "no TLS is spoken there; try --tls starttls"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(
                "Multiple exceptions: [Errno 111] Connect call failed ('::1', 9, 0, 0), "
                "[Errno 111] Connect call failed ('127.0.0.1', 9)"
            ),
            "nobody listens at [::1]:9; nobody listens at 127.0.0.1:9",
        ),
        (
            OSError(errno.EHOSTUNREACH, "Connect call failed ('192.0.2.1', 25)"),
            "192.0.2.1:25 cannot be reached (no route to host)",
        ),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "Connection reset by peer"),
        (TimeoutError(), "it took too long"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "nobody listens there"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 9)"),
            "nobody listens at 127.0.0.1:9",
        ),
        (ConnectionError(), "ConnectionError"),
    ],
)
def test_no_error_is_said_by_its_number(error: Exception, said: str) -> None:
    assert reason(error) == said


def test_a_file_that_is_not_there_is_said_without_a_number(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "none.pem").read_bytes()

    assert reason(missing.value) == "No such file or directory"
