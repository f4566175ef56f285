"""`pressrun relays`: the servers that mail is handed to."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.answering import AsJson, answer, described, table
from mailer.cli.opening import with_press
from mailer.settings import RelayLogin, RelayProtocol, RelayTls

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.senders.relays.storedrelay import StoredRelay

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Relays, with priorities, shares and limits. Where none is defined, the relay of the settings is used.",
)

Name = Annotated[str, typer.Argument(metavar="RELAY", help="Its name, such as post.")]
Host = Annotated[str | None, typer.Option(help="Its host name or address.")]
Port = Annotated[int | None, typer.Option(help="Its port; else 587.")]
Tls = Annotated[RelayTls | None, typer.Option(help="How the connection is protected; else starttls.")]
Protocol = Annotated[RelayProtocol | None, typer.Option(help="What is spoken; else smtp.")]
Login = Annotated[RelayLogin | None, typer.Option(help="How to log in; else by the best way offered.")]
Username = Annotated[str | None, typer.Option(help="User name for AUTH.")]
AskPassword = Annotated[
    bool, typer.Option("--password", help="Ask for the password, or read it from a pipe. It is stored sealed.")
]
PasswordFile = Annotated[
    str | None, typer.Option(help="Read the password or token from this file of the workers, for each connection.")
]
Certificate = Annotated[str | None, typer.Option("--certificate-file", help="The authority that signed, as PEM.")]
HelloName = Annotated[str | None, typer.Option(help="Name said in EHLO; else the machine's own.")]
Timeout = Annotated[float | None, typer.Option("--timeout-seconds", help="Patience for one step; else 60.")]
Connections = Annotated[int | None, typer.Option(help="Connections of one worker process; else 4.")]
InAll = Annotated[int | None, typer.Option("--connections-in-all", help="Connections of all workers; 0: no limit.")]
Each = Annotated[int | None, typer.Option("--messages-per-connection", help="Then it is replaced; 0: no limit.")]
PerSecond = Annotated[int | None, typer.Option(help="Messages in any second, of all workers; 0: no limit.")]
PerHour = Annotated[int | None, typer.Option(help="Messages in any hour; 0: no limit.")]
PerDay = Annotated[int | None, typer.Option(help="Messages in any day; 0: no limit.")]
Priority = Annotated[int | None, typer.Option(help="The lowest goes first; else 10.")]
Weight = Annotated[int | None, typer.Option(help="Its share among those of its priority; else 1.")]
Pause = Annotated[bool | None, typer.Option("--pause/--use", help="Leave it unused for now, or use it again.")]

_PERIODS = {1: "per_second", 3_600: "per_hour", 86_400: "per_day"}
"""What the limits are called."""


@app.command("list")
def list_relays(as_json: AsJson = False) -> None:
    """List the relays, those that go first first, and how they are."""

    async def story(press: Press) -> list[dict[str, object]]:
        return [await _facts(press, one) for one in await press.relays.all()]

    facts = with_press(story)
    headings = ("name", "host", "port", "priority", "weight", "state")
    rows = [[_shown(heading, one[heading]) for heading in headings] for one in facts]
    empty = "There are no relays; the one of the settings is used. Define one with `pressrun relays add`."
    answer(facts, table(headings, rows, empty=empty), as_json=as_json)


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show one relay."""
    _tell(name, as_json)


@app.command()
def add(
    name: Name,
    host: Annotated[str, typer.Option(help="Its host name or address.")],
    port: Port = None,
    tls: Tls = None,
    protocol: Protocol = None,
    login: Login = None,
    username: Username = None,
    password: AskPassword = False,
    password_file: PasswordFile = None,
    certificate_file: Certificate = None,
    hello_name: HelloName = None,
    timeout_seconds: Timeout = None,
    connections: Connections = None,
    connections_in_all: InAll = None,
    messages_per_connection: Each = None,
    per_second: PerSecond = None,
    per_hour: PerHour = None,
    per_day: PerDay = None,
    priority: Priority = None,
    weight: Weight = None,
    is_paused: Pause = None,
    as_json: AsJson = False,
) -> None:
    """Define a relay. As soon as there is one, the relay of the settings is not used any more."""
    wanted = _given(locals())

    async def story(press: Press) -> None:
        from mailer.senders.relays.storedrelay import StoredRelay

        await press.relays.add(StoredRelay(name=name, **_with_password(press, name, wanted, password)))

    with_press(story)
    _tell(name, as_json)


@app.command()
def change(
    name: Name,
    host: Host = None,
    port: Port = None,
    tls: Tls = None,
    protocol: Protocol = None,
    login: Login = None,
    username: Username = None,
    password: AskPassword = False,
    password_file: PasswordFile = None,
    certificate_file: Certificate = None,
    hello_name: HelloName = None,
    timeout_seconds: Timeout = None,
    connections: Connections = None,
    connections_in_all: InAll = None,
    messages_per_connection: Each = None,
    per_second: PerSecond = None,
    per_hour: PerHour = None,
    per_day: PerDay = None,
    priority: Priority = None,
    weight: Weight = None,
    is_paused: Pause = None,
    as_json: AsJson = False,
) -> None:
    """Change a relay; what is not named stays. Workers see it at their next shift."""
    wanted = _given(locals())

    async def story(press: Press) -> None:
        before = await press.relays.get(name)
        await press.relays.put(replace(before, **_with_password(press, name, wanted, password)))

    with_press(story)
    _tell(name, as_json)


@app.command()
def remove(name: Name, as_json: AsJson = False) -> None:
    """Forget a relay. What is on its connections is finished."""
    with_press(lambda press: press.relays.remove(name))
    answer({"removed": name}, [f"The relay {name} is gone."], as_json=as_json)


@app.command("test")
def try_out(
    name: Annotated[str, typer.Argument(metavar="RELAY", help="Its name; else the relay of the settings.")] = "",
    recipient: Annotated[str, typer.Option("--to", help="Hand a small message over to this address.")] = "",
    sender: Annotated[str, typer.Option("--from", help="The return path of that message.")] = "",
    as_json: AsJson = False,
) -> None:
    """Hold a conversation with a relay and show it, without the password. Exit status 1 if it cannot be used."""

    async def story(press: Press) -> dict[str, object]:
        from mailer.delivery.relays.testing import try_relay
        from mailer.smtp.relay import Relay

        relay = press.relays.opened(await press.relays.get(name)) if name else Relay.of(press.settings)
        trial = await try_relay(relay, sender=sender, recipient=recipient)
        outcome = trial.outcome.sentence if trial.outcome else ""
        return {"lines": trial.lines, "outcome": outcome, "problem": trial.problem}

    facts: dict[str, Any] = with_press(story)
    ending = facts["problem"] or facts["outcome"] or "The relay can be used."
    answer(facts, [*facts["lines"], "", ending], as_json=as_json)
    raise typer.Exit(1 if facts["problem"] else 0)


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the facts that were named on the command line."""
    others = {"name", "password", "as_json"}
    return {key: value for key, value in arguments.items() if value is not None and key not in others}


def _with_password(press: Press, name: str, wanted: dict[str, Any], is_asked: bool) -> dict[str, Any]:
    """Add the sealed password, if one is to be given."""
    if not is_asked:
        return wanted
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    return wanted | {"sealed_password": press.relays.sealed(name, password)}


async def _facts(press: Press, relay: StoredRelay) -> dict[str, object]:
    """Return all that may be shown of a relay: whether it has a password, and not which."""
    from mailer.senders.relays.condition import condition_of

    condition = await condition_of(press.relays, relay, await press.ledger.now())
    facts = asdict(relay)
    facts["has_password"] = bool(facts.pop("sealed_password"))
    return (
        facts
        | {f"used_{_PERIODS[limit.seconds]}": used for limit, used in condition.used}
        | {
            "state": condition.state,
            "problem": condition.health.reason,
            "rests_until": condition.health.rests_until,
            "connections_now": condition.connections,
        }
    )


def _tell(name: str, as_json: bool) -> None:
    async def story(press: Press) -> dict[str, object]:
        return await _facts(press, await press.relays.get(name))

    facts = with_press(story)
    lines = described((key.replace("_", " "), _shown(key, value)) for key, value in facts.items())
    answer(facts, lines, as_json=as_json)


def _shown(fact: str, value: object) -> object:
    """Return what is shown of a fact: a port is a name of digits, with no comma in it."""
    return str(value) if fact == "port" else value
