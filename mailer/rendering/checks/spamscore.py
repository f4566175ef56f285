"""Asks a spam filter of the operator's what it thinks of a message: SpamAssassin, or Rspamd.

Three ways, by the setting `spam_filter`: `spamd://host:783` (SpamAssassin's server, its own protocol), `http://host:11333`
(Rspamd), or `spamassassin` (the program on this machine, with its offline rules). A filter that cannot be asked is a
sentence and no reason to wait: what it says is advice.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from mailer.errors import ConfigError
from mailer.fetching import FetchError, web_client
from mailer.rendering.linkcheck import Flaw

SECONDS = 30.0
"""A filter that asks DNS about every link takes some."""
PROGRAM = "spamassassin"

_WORRYING_SHARE = 0.4
"""Of the points that make a message spam: receivers have filters of their own, and a sender no one knows gets more."""
_MOST_ANSWER = 1_000_000
_VERDICT = re.compile(rb"^Spam:\s*\w+\s*;\s*(?P<points>-?[\d.]+)\s*/\s*(?P<most>[\d.]+)", re.MULTILINE | re.IGNORECASE)
_STATUS = re.compile(
    rb"^X-Spam-Status: \w+, score=(?P<points>-?[\d.]+) required=(?P<most>[\d.]+)(?P<rest>(?:.|\n[ \t])*)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class SpamScore:
    """What a filter thinks."""

    points: float
    most: float
    """From here on it is spam."""
    rules: tuple[str, ...]
    """What it found, by the filter's own names."""


class _Symbol(msgspec.Struct):
    score: float = 0.0


class _Answer(msgspec.Struct):
    score: float
    required_score: float
    symbols: dict[str, _Symbol] = {}


class NotAskedError(Exception):
    """The filter could not be asked; the message says why."""


async def spam_flaws(spam_filter: str, message: bytes) -> list[Flaw]:
    """Return what the filter has against a message. Raises ConfigError for a setting that names none."""
    try:
        score = await spam_score(spam_filter, message)
    except NotAskedError as error:
        return [_flaw(f"The spam filter could not be asked: {error}", "See the setting spam_filter.")]
    if score.points < score.most * _WORRYING_SHARE:
        return []
    rules = ", ".join(score.rules[:12])
    return [
        _flaw(f"The spam filter gives {score.points:g} points of {score.most:g}: {rules}.", "Look up what it names.")
    ]


async def spam_score(spam_filter: str, message: bytes) -> SpamScore:
    """Ask the filter. Raises NotAskedError where it does not answer, ConfigError for a setting that names none."""
    parts = urlsplit(spam_filter)
    try:
        async with asyncio.timeout(SECONDS):
            if spam_filter == PROGRAM:
                return await _by_program(message)
            if parts.scheme == "spamd" and parts.hostname:
                return await _by_spamd(parts.hostname, parts.port or 783, message)
            if parts.scheme in {"http", "https"} and parts.hostname:
                return await _by_rspamd(spam_filter, message)
    except TimeoutError:
        raise NotAskedError(f"it did not answer within {SECONDS:g} seconds.") from None
    except (OSError, asyncio.IncompleteReadError, FetchError, msgspec.DecodeError) as error:
        raise NotAskedError(f"{error}") from error
    raise ConfigError(f"spam_filter: “{spam_filter}” is none of spamd://host:783, http://host:11333 and {PROGRAM}.")


async def _by_program(message: bytes) -> SpamScore:
    """Run SpamAssassin with its offline rules: no name is looked up, nobody is asked."""
    program = await asyncio.create_subprocess_exec(
        PROGRAM,
        "--local",
        "--test-mode",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        out, _ = await program.communicate(message)
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    found = _STATUS.search(out)
    if found is None:
        raise NotAskedError("it says nothing that can be read.")
    tests = re.search(rb"tests=([^=]*?)(?:\s+\w+=|$)", found["rest"])
    named = re.findall(rb"[A-Z][A-Z0-9_]+", tests[1] if tests else b"")
    return SpamScore(float(found["points"]), float(found["most"]), tuple(name.decode() for name in named))


async def _by_spamd(host: str, port: int, message: bytes) -> SpamScore:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(b"SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(message) + message)
        await writer.drain()
        writer.write_eof()
        answer = await reader.read(_MOST_ANSWER)
        while piece := await reader.read(_MOST_ANSWER):
            answer += piece
            if len(answer) > _MOST_ANSWER:
                break
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    found = _VERDICT.search(head)
    if not head.startswith(b"SPAMD/") or found is None:
        raise NotAskedError("it does not speak SpamAssassin's protocol.")
    rules = tuple(name.strip().decode("ascii", "replace") for name in body.split(b",") if name.strip())
    return SpamScore(float(found["points"]), float(found["most"]), rules)


async def _by_rspamd(address: str, message: bytes) -> SpamScore:
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    async with web_client(seconds=SECONDS, allowed=[(parts.hostname or "", port)]) as client:
        answer = await client.post(f"{address.rstrip('/')}/checkv2", message, most_bytes=_MOST_ANSWER)
    if answer.status != 200:
        raise NotAskedError(f"it answers {answer.status}.")
    said = msgspec.json.decode(answer.body, type=_Answer)
    heavy = sorted(said.symbols.items(), key=lambda one: -one[1].score)
    return SpamScore(said.score, said.required_score, tuple(name for name, symbol in heavy if symbol.score > 0))


def _flaw(message: str, fix: str) -> Flaw:
    return Flaw(is_blocking=False, rule="spam-score", message=message, fix=fix)
