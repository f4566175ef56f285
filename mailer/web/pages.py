"""Shows one page: a template, the facts it needs, and how numbers and times are spelt everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mailer.folders import templates_folder

STATIC_PATH = "/static"


def static_folder() -> Path:
    """Return the folder of style sheets and scripts."""
    return templates_folder() / "static"


def page(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **facts: object
) -> HTMLResponse:
    """Return the page that `template` makes of `facts`; every template knows `session` and `has_inbox` as well."""
    known = {
        "session": getattr(request.state, "session", None),
        "has_inbox": inbox_folder(request) is not None,
        "path": request.url.path,
    }
    text = _environment().get_template(template).render(known | facts)
    return HTMLResponse(text, status_code=status, headers=headers)


def inbox_folder(request: Request) -> Path | None:
    """Return the folder of the demo's inbox, or None where there is none."""
    folder: Path = request.app.state.settings.home / "inbox"
    return folder if folder.is_dir() else None


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_folder() / "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "count": count,
        "moment": moment,
        "share": share,
        "duration": duration,
        "seconds": lambda value: duration(timedelta(seconds=value)),
        "size": size,
    }
    environment.globals["static"] = static_address
    return environment


@cache
def static_address(name: str) -> str:
    """Return the address of a static file; it changes with the content, so browsers may keep it for ever."""
    digest = hashlib.sha256((static_folder() / name).read_bytes()).hexdigest()
    return f"{STATIC_PATH}/{name}?v={digest[:12]}"


def number(value: int) -> str:
    """Spell a number: 12,481."""
    return f"{value:,}"


def count(value: int, one: str, many: str) -> str:
    """Spell a number of things: 1 person, 12,481 people."""
    return f"{value:,} {one if value == 1 else many}"


def moment(value: datetime) -> str:
    """Spell an instant, in UTC as the clock is: 23 Nov 2026, 19:11 UTC."""
    return f"{value.day} {value:%b %Y, %H:%M} UTC"


def share(part: int, whole: int) -> str:
    """Spell a share of a whole, never rounding something to nothing or nearly all to all."""
    if not whole:
        return "0 %"
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "under 1 %"
    if 99 < percent < 100:
        return "over 99 %"
    return f"{percent:.0f} %"


def duration(value: timedelta) -> str:
    """Spell a length of time by its two largest units: 45 s, 3 min 20 s, 2 h 5 min, 1 d 4 h."""
    seconds = max(0, round(value.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def size(value_bytes: int) -> str:
    """Spell a number of bytes: 812 B, 41.2 kB."""
    return f"{value_bytes} B" if value_bytes < 1000 else f"{value_bytes / 1000:,.1f} kB"
