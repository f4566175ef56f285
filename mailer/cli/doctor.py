"""`pressrun doctor`: what runs, what does not, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from mailer.cli.answering import AsJson, answer

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.senders.relays.storedrelay import StoredRelay
    from mailer.settings import Settings

_REPORTS_WAIT_FOR = timedelta(minutes=10)

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Health(StrEnum):
    """How something is."""

    FINE = "fine"
    DOUBTFUL = "doubtful"
    """It works, but not as it should in earnest."""
    ILL = "ill"
    """It does not work."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How one part of the press is."""

    part: str
    health: Health
    finding: str
    advice: str = ""


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what runs, what does not, and what to do. Exit status 1 if something does not work. Changes nothing."""
    found = asyncio.run(_examine())
    lines = (f"{one.health:<8}  {one.part}: {one.finding}" + (f" {one.advice}" if one.advice else "") for one in found)
    answer([asdict(one) for one in found], lines, as_json=as_json)
    raise typer.Exit(1 if any(one.health is Health.ILL for one in found) else 0)


async def _examine() -> list[Diagnosis]:
    from mailer.settings import load_settings

    settings = load_settings()
    return [*_home(settings), *_doors(settings), *[one async for one in _stores(settings)]]


def _home(settings: Settings) -> Iterator[Diagnosis]:
    from mailer.errors import ConfigError

    try:
        settings.secret()
    except ConfigError as error:
        yield Diagnosis("secret", Health.ILL, str(error))
        return
    file = settings.home / "secret.key"
    if file.is_file() and file.stat().st_mode & 0o077:
        yield Diagnosis("secret", Health.DOUBTFUL, f"Others on this machine can read {file}.", f"Run chmod 600 {file}.")
    else:
        yield Diagnosis("secret", Health.FINE, "Kept from others.")


def _doors(settings: Settings) -> Iterator[Diagnosis]:
    if settings.public_url.startswith("https://"):
        yield Diagnosis("public_url", Health.FINE, settings.public_url)
    else:
        advice = "Set public_url to the https:// address that readers reach (one-click unsubscribing needs it)."
        yield Diagnosis("public_url", Health.DOUBTFUL, f"{settings.public_url} is not https.", advice)
    places = (
        ("web pages", settings.web_host, settings.web_port, "Start them with `pressrun serve`."),
        ("inbound", settings.inbound_host, settings.inbound_port, "Start it with `pressrun inbound`."),
    )
    for part, host, port, advice in places:
        yield _door(part, host, port, advice)


def _door(part: str, host: str, port: int, advice: str) -> Diagnosis:
    from mailer.demo.loopback import is_listening

    if is_listening(port, host):
        return Diagnosis(part, Health.FINE, f"Something answers on {host} port {port}.")
    return Diagnosis(part, Health.ILL, f"Nothing answers on {host} port {port}.", advice)


async def _stores(settings: Settings) -> AsyncIterator[Diagnosis]:
    from mailer.errors import PressrunError
    from mailer.wiring import open_press
    from subscribers.errors import PeopleError

    try:
        async with open_press(settings) as press:
            about = [await _redis(press), *await _relays(press), *await _processes(press), await _reports(press)]
            for one in about:
                yield one
    except (PressrunError, PeopleError) as error:
        yield Diagnosis("redis", Health.ILL, str(error))
        yield _relay_of(settings)


def _relay_of(settings: Settings) -> Diagnosis:
    advice = "Check relay_host and relay_port, and that it runs."
    return _door("relay", settings.relay_host, settings.relay_port, advice)


async def _relays(press: Press) -> list[Diagnosis]:
    """Examine the relays that are defined; where none is, that of the settings."""
    stored = await press.relays.all()
    return [await _relay(press, one) for one in stored] or [_relay_of(press.settings)]


async def _relay(press: Press, one: StoredRelay) -> Diagnosis:
    part = f"relay {one.name}"
    if one.is_paused:
        return Diagnosis(part, Health.DOUBTFUL, "It is not used for now.", f"`pressrun relays change {one.name} --use`")
    if reason := (await press.relays.health(one.name)).reason:
        advice = f"Look closer with `pressrun relays test {one.name}`; others are used meanwhile, if there are any."
        return Diagnosis(part, Health.ILL, f"{reason.rstrip('.')}.", advice)
    return _door(part, one.host, one.port, f"Check it with `pressrun relays show {one.name}`, and that it runs.")


async def _redis(press: Press) -> Diagnosis:
    from subscribers.errors import StorageDownError
    from subscribers.storage import node_settings

    try:
        await press.ledger.write_nothing()
    except StorageDownError as error:
        return Diagnosis("redis", Health.ILL, str(error))
    wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
    lacks = []
    for place, found in (await node_settings(press.redis, *wanted)).items():
        wrong = [f"{key} {value}" for key, value in wanted.items() if found.get(key) != value]
        lacks += [f"{place or 'it'} lacks {', '.join(wrong)}"] if wrong else []
    if lacks:
        finding = f"It answers, but what was promised to people may be lost in a crash: {'; '.join(lacks)}."
        return Diagnosis("redis", Health.DOUBTFUL, finding, "Set that in redis.conf.")
    return Diagnosis("redis", Health.FINE, "It answers, and writes everything to disk.")


async def _processes(press: Press) -> list[Diagnosis]:
    from mailer.delivery.presence import alive

    present = await alive(press)
    # A worker reports from within a shift; where there is nothing to do, nobody can tell an idle one from none.
    is_idle = not await press.ledger.open_mailings()
    return [
        _process("scheduler", len(present.get("scheduler", ())), Health.ILL),
        _process("worker", len(present.get("worker", ())), Health.DOUBTFUL if is_idle else Health.ILL),
    ]


async def _reports(press: Press) -> Diagnosis:
    from mailer.delivery.presence import unheard

    if why := await unheard(press):
        return Diagnosis("reports", Health.ILL, why)
    tray = await press.tray.count()
    if tray.oldest is not None and await press.ledger.now() - tray.oldest > _REPORTS_WAIT_FOR:
        finding = f"{tray.waiting:,} bounces or complaints wait, one since {tray.oldest:%Y-%m-%d %H:%M} UTC."
        advice = "Start a worker that serves the queue feedback: `pressrun worker`; nothing is lost meanwhile."
        return Diagnosis("reports", Health.ILL, finding, advice)
    if tray.aside:
        finding = f"{tray.aside:,} could not be worked off, and changed nothing."
        return Diagnosis("reports", Health.DOUBTFUL, finding, "`pressrun reports list` says why.")
    return Diagnosis("reports", Health.FINE, "Whatever came back was worked off, or is within seconds.")


def _process(kind: str, count: int, if_none: Health) -> Diagnosis:
    if count:
        return Diagnosis(kind, Health.FINE, f"{count} at work.")
    finding = "None is at work." if if_none is Health.ILL else "None is at work, and there is nothing to do."
    return Diagnosis(
        kind, if_none, finding, f"If none runs, start one with `pressrun {kind}`; nothing is lost meanwhile."
    )
