"""Some things may be touched by a few files only: the network, Redis, the clock, chance, and libraries with traps.

Everything else gets them as an argument, and so can be tested without them, and changed without them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import pytest

# What → the files that may, each with its reason.
RARE: Mapping[str, Mapping[str, str]] = {
    "redis": {
        "subscribers/servers/cluster.py": "asks who has which slot",
        "subscribers/servers/node.py": "keeps the connections to a server",
        "subscribers/servers/sentinel.py": "asks which server is the primary",
        "subscribers/storage.py": "is the client, and turns its errors into ours",
    },
    "celery": {
        "mailer/tasks.py": "declares the hints",
        "mailer/worker.py": "listens for a worker's start and end",
    },
    "kombu": {"mailer/tasks.py": "tells a broker that is away from a bug"},
    "aiosmtpd": {
        "mailer/bounces/inbound.py": "the listener for reports",
        "mailer/inbox/listening.py": "the demo's inbox",
    },
    "socket": {
        "mailer/demo/loopback.py": "asks whether a port is free and whether a Redis answers",
        "mailer/shiftwork.py": "asks for the machine's name, to tell processes apart",
        "mailer/web/serving.py": "binds the port, so that a taken one is a sentence and not a stack trace",
    },
    "ssl": {
        "mailer/smtp/tls.py": "verifies the relay's certificate",
        "mailer/smtp/errors.py": "says in words why TLS did not come about",
    },
    "connecting": {
        "mailer/rendering/checks/spamscore.py": "asks the operator's spam filter, in its own protocol",
        "mailer/smtp/session.py": "the only client of SMTP",
    },
    "listening": {
        "mailer/bounces/inbound.py": "the listener for reports",
        "mailer/inbox/listening.py": "the demo's inbox",
        "mailer/rehearsal/sink.py": "the rehearsal's mail server, on loopback",
    },
    "dns": {"mailer/senders/lookup.py": "the only one who asks DNS"},
    "mjml": {"mailer/rendering/mjml.py": "the one place that knows what the compiler cannot take"},
    "premailer": {"mailer/rendering/inliner.py": "the one place that knows which of its options are safe"},
    "cssutils": {"mailer/rendering/inliner.py": "quiets premailer's parser"},
    "css_inline": {"mailer/rendering/inliner.py": "an extra, imported where it is chosen"},
    "PIL": {"mailer/issues/assets/preparing.py": "bounds what a picture unpacks to before it is unpacked"},
    "clock": {"mailer/clock.py": "tells the time to the doors, which hand it down as an argument"},
    "loop clock": {
        "mailer/delivery/batchpass.py": "a lease that is counted on a clock that never jumps",
        "mailer/delivery/shifts/steadyclock.py": "keeps Redis' time between two answers of Redis",
        "mailer/smtp/deadline.py": "the deadline of each step",
        "mailer/inbox/listening.py": "when a report is due",
        "mailer/smtp/pool.py": "how long a warm connection has been idle",
        "mailer/smtp/session.py": "since when a connection has been idle",
    },
    "randomness": {
        "mailer/accounts/signing_in.py": "secrets of sign-in links and sessions",
        "mailer/homefolder.py": "the installation's secret",
    },
}

_MODULES = {
    **{
        name: name
        for name in (
            "redis",
            "celery",
            "kombu",
            "aiosmtpd",
            "socket",
            "ssl",
            "dns",
            "mjml",
            "premailer",
            "cssutils",
            "css_inline",
            "PIL",
        )
    },
    "time": "clock",
    "random": "randomness",
    "secrets": "randomness",
    "uuid": "randomness",
}
_CALLS = {
    "open_connection": "connecting",
    "open_unix_connection": "connecting",
    "create_connection": "connecting",
    "create_unix_connection": "connecting",
    "start_server": "listening",
    "start_unix_server": "listening",
    "create_server": "listening",
    "create_unix_server": "listening",
    "utcnow": "clock",
    "today": "clock",
    "urandom": "randomness",
    "getrandom": "randomness",
}
# These names are common; only on these objects do they mean what is meant here.
_CALLS_ON = {
    ("datetime", "now"): "clock",
    ("asyncio.get_running_loop()", "time"): "loop clock",
    ("loop", "time"): "loop clock",
    ("self._loop", "time"): "loop clock",
}
# Waiting is not reading the clock.
_HARMLESS = {("time", "sleep")}


def test_what_is_rare_is_touched_only_by_the_files_of_the_table(code: Mapping[str, ast.Module]) -> None:
    strays = [
        f"{path}:{line}: {what}"
        for path, tree in code.items()
        for what, line in _touches(tree)
        if path not in RARE[what]
    ]

    assert not strays, "hand these down as arguments, or give a reason in RARE:\n" + "\n".join(strays)


def test_the_table_names_no_file_that_does_without(code: Mapping[str, ast.Module]) -> None:
    touched = {(what, path) for path, tree in code.items() for what, _ in _touches(tree)}

    stale = [(what, path) for what, files in RARE.items() for path in files if (what, path) not in touched]

    assert not stale


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import redis.asyncio", ["redis"]),
        ("from celery import Celery", ["celery"]),
        ("def f():\n    import socket", ["socket"]),
        ("from datetime import datetime\nx = datetime.now(UTC)", ["clock"]),
        ("import datetime as d\nx = d.datetime.now()", ["clock"]),
        ("from time import monotonic", ["clock"]),
        ("from time import sleep", []),
        ("x = date.today()", ["clock"]),
        ("x = os.urandom(8)", ["randomness"]),
        ("reader, writer = await asyncio.open_connection(host, port)", ["connecting"]),
        ("x = asyncio.get_running_loop().time()", ["loop clock"]),
        ("x = clock.now()", []),
    ],
)
def test_the_rule_itself(source: str, what: list[str]) -> None:
    assert [name for name, _ in _touches(ast.parse(source))] == what


def _touches(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").partition(".")[0]
            names = [module] if any((module, alias.name) not in _HARMLESS for alias in node.names) else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if what := _called(node.func):
                yield what, node.lineno
            continue
        else:
            continue
        yield from ((_MODULES[name], node.lineno) for name in names if name in _MODULES)


def _called(function: ast.Attribute) -> str | None:
    if what := _CALLS.get(function.attr):
        return what
    on = ast.unparse(function.value)
    return next((what for (owner, name), what in _CALLS_ON.items() if name == function.attr and _is(on, owner)), None)


def _is(said: str, owner: str) -> bool:
    return said == owner or said.endswith(f".{owner}")
