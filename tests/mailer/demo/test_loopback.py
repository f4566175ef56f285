"""The demo's questions to loopback."""

from __future__ import annotations

import socket

import pytest

from mailer.demo.loopback import free_ports, is_listening, require_free
from mailer.errors import ConfigError


def test_free_ports_are_different_and_can_be_used() -> None:
    ports = free_ports(5)

    assert len(set(ports)) == 5
    for port in ports:
        require_free(port, purpose="the web page")
        assert not is_listening(port)


def test_a_taken_port_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        assert is_listening(port)
        with pytest.raises(ConfigError) as caught:
            require_free(port, purpose="the web page")

    assert str(caught.value) == f"Port {port} for the web page is taken by another program; choose another with --port."
