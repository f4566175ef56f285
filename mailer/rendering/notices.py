"""Notices: mail that one person gets because of something they did, in every theme and a few languages.

Their sources are `templates/email/notices/<name>.<language>.md`, in the format of issues. `[[name]]` stands for a fact
that the caller gives, put in as plain words. They say "Auto-Submitted" (RFC 3834 §5) and belong to no list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from mailer.errors import RenderError
from mailer.folders import templates_folder
from mailer.issues.content import read_issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_notice
from mailer.rendering.edition import Edition
from mailer.rendering.marking import usable
from mailer.rendering.theming.shelf import Shelf
from mailer.rendering.words import primary_language

NAMES = ("confirm", "goodbye", "import-report", "preferences", "welcome")

_FACT = re.compile(r"\[\[(\w+)\]\]")
_SPECIAL = re.compile(r"([\\`*_\[\]<>{}|~#&!:^-])")


def notice_edition(
    name: str,
    newsletter: Newsletter,
    *,
    language: str,
    public_url: str,
    now: datetime,
    facts: Mapping[str, str] | None = None,
    shelf: Shelf | None = None,
) -> Edition:
    """Compile a notice, in the reader's language where we have it and in English otherwise.

    Raises RenderError for a notice that does not exist or a fact that is not given.
    """
    source = _source(name, language)
    place = f"notices/{name}.md"
    facts = facts or {}
    if missing := {fact for fact in _FACT.findall(source) if fact not in facts}:
        raise RenderError(f"The notice asks for {', '.join(sorted(missing))}.", place=place)
    front, _, body = source.partition("\n---\n")
    front = _FACT.sub(lambda match: re.sub(r'["\\{}\n]', " ", usable(facts[match[1]])), front)
    body = _FACT.sub(lambda match: _SPECIAL.sub(r"\\\1", " ".join(usable(facts[match[1]]).split())), body)
    issue = read_issue(f"{front}\n---\n{body}", place=place, now=now)
    return compile_notice(issue, newsletter, public_url=public_url, shelf=shelf)


def _source(name: str, language: str) -> str:
    folder = templates_folder() / "email/notices"
    if name not in NAMES:
        raise RenderError(f"There is no notice “{name}”.", place="notices", fix=f"There are: {', '.join(NAMES)}.")
    primary = primary_language(language)
    file = folder / f"{name}.{primary if primary.isalpha() else 'en'}.md"
    return (file if file.is_file() else folder / f"{name}.en.md").read_text(encoding="utf-8")
