"""`pressrun relays`: defining, showing, changing, trying out; the password shows nowhere."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailer.demo.loopback import free_ports

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipe a password into the command."""
    monkeypatch.setattr("sys.stdin", io.StringIO("open sesame\n"))


@pytest.fixture
def server() -> Iterator[Controller]:
    """Run a server that knows one password, on a free port."""

    class Handler:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            return "250 2.0.0 taken"

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == b"open sesame", handled=False)

    controller = Controller(
        Handler(),
        hostname="127.0.0.1",
        port=free_ports(1)[0],
        authenticator=authenticate,
        auth_require_tls=False,
        auth_required=True,
    )
    controller.start()
    yield controller
    controller.stop()


def test_a_port_is_shown_without_a_comma(run: Run) -> None:
    added = run("relays", "add", "inbox", "--host", "127.0.0.1", "--port", "18432", "--tls", "none").out

    assert "18432" in added
    assert "18432" in run("relays", "list").out


def test_a_relay_is_shown_as_it_was_defined_without_its_password(run: Run, password: None) -> None:
    run("relays", "add", "post", "--host", "smtp.example.com", "--username", "press", "--password", "--per-day", "2000")

    shown = run("relays", "show", "post", "--json")

    assert shown.json["host"] == "smtp.example.com"
    assert shown.json["per_day"] == 2000
    assert shown.json["has_password"] is True
    assert shown.json["state"] == "well"
    assert "sesame" not in shown.out + run("relays", "list", "--json").out


def test_relays_are_a_table_in_the_order_of_their_use(run: Run) -> None:
    run("relays", "add", "spare", "--host", "b.example.com", "--priority", "20")
    run("relays", "add", "post", "--host", "a.example.com", "--weight", "3", "--pause")

    heading, *rows = run("relays", "list").out.splitlines()

    assert heading.split() == ["name", "host", "port", "priority", "weight", "state"]
    assert [row.split()[0] for row in rows] == ["post", "spare"]
    assert rows[0].split()[-1] == "paused"


def test_without_any_it_is_said_which_is_used(run: Run) -> None:
    assert "the one of the settings is used" in run("relays", "list").out


def test_what_is_not_named_stays(run: Run, password: None) -> None:
    run("relays", "add", "post", "--host", "a.example.com", "--username", "press", "--password", "--per-hour", "50")

    run("relays", "change", "post", "--port", "465", "--tls", "implicit", "--per-hour", "0")

    shown = run("relays", "show", "post", "--json").json
    assert (shown["port"], shown["tls"], shown["host"]) == (465, "implicit", "a.example.com")
    assert (shown["per_hour"], shown["has_password"]) == (0, True)


def test_a_removed_relay_is_gone(run: Run) -> None:
    run("relays", "add", "post", "--host", "a.example.com")

    run("relays", "remove", "post")

    assert run("relays", "list", "--json").json == []
    assert "There is no relay “post”" in run("relays", "show", "post", status=2).err


def test_a_password_in_plain_text_is_refused(run: Run, password: None) -> None:
    told = run(
        "relays", "add", "post", "--host", "a.example.com", "--tls", "none", "--username", "u", "--password", status=2
    )

    assert "plain text" in told.err


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_the_conversation_is_shown_and_the_password_is_not(run: Run, password: None, server: Controller) -> None:
    place = ("--host", "127.0.0.1", "--port", str(server.port), "--tls", "none")
    run("relays", "add", "post", *place, "--username", "press", "--password")

    told = run("relays", "test", "post", "--from", "b@example.com", "--to", "a@example.com")

    assert "C: AUTH PLAIN ***" in told.out
    assert "C: RCPT TO:<a@example.com>" in told.out
    assert "Accepted: 250 2.0.0 taken" in told.out
    assert "C: QUIT" in told.out
    assert "sesame" not in told.out
    assert "AHByZXNz" not in told.out


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("login", ["plain", "login"])
def test_a_refused_login_is_shown_too(
    run: Run, server: Controller, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong horse\n"))
    place = ("--host", "127.0.0.1", "--port", str(server.port), "--tls", "none", "--login", login)
    run("relays", "add", "post", *place, "--username", "press", "--password")

    told = run("relays", "test", "post", status=1)

    assert "S: 535" in told.out
    assert "answered AUTH with 535" in told.out
    assert "d3JvbmcgaG9yc2U=" not in told.out
    assert "horse" not in told.out


def test_a_relay_that_is_not_there_is_a_sentence(run: Run) -> None:
    run("relays", "add", "post", "--host", "127.0.0.1", "--port", "9", "--tls", "none")

    assert "No connection to the relay 127.0.0.1:9" in run("relays", "test", "post", status=1).out
