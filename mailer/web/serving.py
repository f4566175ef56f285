"""Runs the web application on uvicorn until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from mailer.errors import ConfigError
from mailer.settings import Settings
from mailer.web.app import create_app
from mailer.wiring import open_press

_GOODBYE_SECONDS = 5


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status.

    Raises ConfigError where the address cannot be listened on or there is no secret, StorageDownError where Redis is
    not there; once it serves, it answers 503 until Redis is back. No access log is written: addresses hold tokens.
    """
    asyncio.run(_look(settings))
    listener = _listen(settings.web_host, settings.web_port)
    config = uvicorn.Config(
        create_app(settings),
        access_log=False,
        log_level="warning",
        # The address of a proxy's client is of no use to us, so nobody's word for it is taken.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GOODBYE_SECONDS,
    )
    server = uvicorn.Server(config)
    with listener, _signals_end_it_well():
        server.run(sockets=[listener])
    return 0 if server.started else 2


@contextmanager
def _signals_end_it_well() -> Iterator[None]:
    """Let uvicorn alone act on the signals: after its goodbye it raises them again, and that would be a failure."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _look(settings: Settings) -> None:
    """Find out what is missing while it can still be said in a sentence."""
    async with open_press(settings):
        pass


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything is opened, so that a taken one costs nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(_sentence(host, port, error)) from error
    return listener


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken by another program. Stop that program, or choose another port "
            "with PRESSRUN_WEB_PORT."
        )
    return (
        f"The web pages cannot listen on {host} port {port}: {error.strerror}. "
        "Change PRESSRUN_WEB_HOST or PRESSRUN_WEB_PORT."
    )
