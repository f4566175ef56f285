"""The source format of an issue: front matter between `---` lines, then Markdown.

    ---
    title: China Weekly
    subject: Six stories from China
    preheader: What moved this week, in six short stories
    newsletter: china-weekly
    template: digest
    language: en
    ---
    Hello {{ subscriber.first_name | default("friend") }},

    an introduction.

    ## 1. A story's heading
    ![What the picture shows](https://example.com/picture.jpg)

    Its paragraphs.

    [Read the report](https://example.com/report){.button}

`##` starts a story, and an image right after the heading is the story's own; what stands before the first `##` is
greeting and introduction. A paragraph of nothing but one link marked `{.button}` is a call to action;
`[Read the report](){.button}` has no address yet, and the check before sending refuses the issue until one is given.

Typed blocks stand between `::: name` and `:::` (see `mailer.rendering.blocks`), and `{% if … %}` … `{% endif %}` around
what only some people get. With `format: mjml` or `format: html` the text is the whole mail in that language, and there
is no theme around it.

Only `subject` is required. The front matter is the part of YAML that says `key: words`; every value is text, so that
`subject: 2025` and `title: Yes` are what they look like. Reading what was written gives the same issue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import yaml

from mailer.errors import SourceError
from mailer.issues.aims.tracking import Tracking
from mailer.issues.fields import find_fields
from mailer.issues.issue import FORMATS, IMAGES, Issue
from mailer.issues.sourcefile import check_text
from mailer.issues.suggestion import did_you_mean
from mailer.issues.wording import check_language, check_line, one_line, slugify

FRONT_MATTER_KEYS: tuple[str, ...] = (
    "title",
    "subject",
    "preheader",
    "newsletter",
    "template",
    "language",
    "format",
    "tracking",
    "images",
    "attachments",
)

_FENCE = "---"
_ENTRY = re.compile(r"""["']?[\w-]+["']?[ \t]*:""")


@dataclass(frozen=True, slots=True)
class _Value:
    words: str
    line: int


def has_front_matter(text: str) -> bool:
    """Whether the text is in our format: its first line is `---` and the next that says anything is `key: …`.

    Everything else is taken for pasted text, in which a line of dashes is only a line of dashes.
    """
    lines = unified(text).split("\n")
    opening = _first_said(lines, 0)
    if opening == len(lines) or lines[opening].rstrip() != _FENCE:
        return False
    said = next((line for line in lines[opening + 1 :] if line.strip() and not line.startswith("#")), "")
    return said.rstrip() == _FENCE or _ENTRY.match(said) is not None


def read_issue(text: str, *, place: str, now: datetime) -> Issue:
    """Return the issue that a source says; `place` is the file's name for messages.

    The slug is made from the title; an issue that is already stored keeps its own by `replace(issue, slug=…)`. Without
    a title the subject is it. Raises SourceError, naming file and line, for what keeps a mail from being made of it.
    """
    check_text(text, place=place)
    lines = unified(text).split("\n")
    opening, closing = _fences(lines, place=place)
    values = _front_matter("\n".join(lines[opening + 1 : closing]), place=place, first_line=opening + 2)
    subject = values.get("subject")
    if subject is None or not subject.words:
        line = subject.line if subject else opening + 1
        raise SourceError(
            "The issue has no subject.",
            place=f"{place}:{line}",
            fix="Add a line such as “subject: Six stories from China” to the front matter.",
        )
    first = _first_said(lines, closing + 1)
    source = "\n".join(lines[first:]).rstrip()
    if not source:
        raise SourceError(
            "The issue has no text.",
            place=f"{place}:{closing + 1}",
            fix="Write it below the front matter's last “---”.",
        )
    find_fields(source, place=place, first_line=first + 1)
    words = dict.fromkeys(FRONT_MATTER_KEYS, "") | {key: value.words for key, value in values.items()}
    title = words["title"] or subject.words
    return Issue(
        slug=slugify(title),
        title=title,
        subject=subject.words,
        preheader=words["preheader"],
        newsletter=words["newsletter"],
        template=words["template"],
        language=words["language"],
        format=words["format"],
        tracking=words["tracking"],
        images=words["images"],
        attachments=words["attachments"],
        source=source,
        created=now,
        updated=now,
    )


def write_issue(issue: Issue) -> str:
    """Return the issue in our source format; what is empty is left out."""
    words = {key: getattr(issue, key) for key in FRONT_MATTER_KEYS}
    front = "".join(f"{key}: {_scalar(value)}\n" for key, value in words.items() if value)
    return f"{_FENCE}\n{front}{_FENCE}\n\n{issue.source}\n"


def unified(text: str) -> str:
    """Return the text without a byte order mark and with every line ended by a line feed."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _fences(lines: list[str], *, place: str) -> tuple[int, int]:
    opening = _first_said(lines, 0)
    if opening == len(lines):
        raise SourceError("The file is empty.", place=f"{place}:1", fix="Write a front matter and the issue's text.")
    if lines[opening].rstrip() != _FENCE:
        raise SourceError(
            "The issue does not begin with a front matter.",
            place=f"{place}:{opening + 1}",
            fix="Begin with a line “---”, then “subject: …”, then “---” again."
            " Pasted text without one is imported from a .txt file.",
        )
    for number in range(opening + 1, len(lines)):
        if lines[number].rstrip() == _FENCE:
            return opening, number
    raise SourceError(
        "The front matter is not closed.", place=f"{place}:{opening + 1}", fix="End it with a line “---”."
    )


def _first_said(lines: list[str], start: int) -> int:
    return next((number for number in range(start, len(lines)) if lines[number].strip()), len(lines))


def _front_matter(text: str, *, place: str, first_line: int) -> dict[str, _Value]:
    values: dict[str, _Value] = {}
    for key, value in _pairs(text, place=place, first_line=first_line):
        where = f"{place}:{key.line}"
        if key.words not in FRONT_MATTER_KEYS:
            raise SourceError(
                f"The front matter has no key “{key.words[:40]}”.",
                place=where,
                fix=did_you_mean(key.words, FRONT_MATTER_KEYS) or f"The keys are {', '.join(FRONT_MATTER_KEYS)}.",
            )
        if key.words in values:
            raise SourceError(f"“{key.words}” is given twice.", place=where, fix="Keep one of the two lines.")
        values[key.words] = _checked(key.words, value, place=place)
    return values


def _checked(key: str, value: _Value, *, place: str) -> _Value:
    where = f"{place}:{value.line}"
    words = one_line(value.words)
    check_line(words, what=f"The {key}", place=where)
    if key in {"subject", "preheader"}:
        find_fields(words, place=place, first_line=value.line)
    elif key == "language" and words:
        check_language(words, place=where)
    elif key == "format" and words not in FORMATS:
        raise SourceError(
            f"There is no format “{words[:40]}”.",
            place=where,
            fix=did_you_mean(words, FORMATS) or f"There are {', '.join(FORMATS)}; without a word it is Markdown.",
        )
    elif key == "tracking" and words not in ("", *Tracking):
        raise SourceError(
            f"There is no tracking “{words[:40]}”.",
            place=where,
            fix=did_you_mean(words, tuple(Tracking)) or f"There are {', '.join(Tracking)}.",
        )
    elif key == "images" and words not in ("", *IMAGES):
        raise SourceError(
            f"Pictures cannot be “{words[:40]}”.",
            place=where,
            fix=did_you_mean(words, IMAGES) or "Write linked or inline.",
        )
    elif "{{" in words or "{%" in words:
        raise SourceError(
            f"The {key} is the same for everybody and can have no personal field.",
            place=where,
            fix="Use fields in the subject, the preheader and the text.",
        )
    return _Value(words, value.line)


def _pairs(text: str, *, place: str, first_line: int) -> list[tuple[_Value, _Value]]:
    """Return the keys and values of a flat YAML mapping.

    The events are read one by one, rather than loaded: so every key keeps its line, no depth of nesting overflows the
    stack, no alias multiplies, and no value turns into a number, a date or a Norwegian `no`.
    """
    scalars: list[_Value] = []
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            line = first_line + (event.start_mark.line if event.start_mark else 0)
            if isinstance(event, yaml.MappingStartEvent) and depth == 0:
                depth = 1
            elif isinstance(event, yaml.ScalarEvent) and depth == 1:
                scalars.append(_Value(event.value, line))
            elif isinstance(event, yaml.NodeEvent):
                raise SourceError(
                    "The front matter may only have lines of the form “key: words”.",
                    place=f"{place}:{line}",
                    fix='Put words that begin with a bracket, a brace or another sign of YAML between "quotes".',
                )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        raise _bad_yaml(str(error.problem or error.context), f"{place}:{line}") from error
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        raise _bad_yaml(f"the character U+{ord(text[error.position]):04X}", f"{place}:{line}") from error
    return list(zip(scalars[::2], scalars[1::2], strict=True))


def _bad_yaml(problem: str, place: str) -> SourceError:
    return SourceError(
        f"The front matter cannot be read as YAML: {problem}.",
        place=place,
        fix='Write “key: words”, and put words with “: ” or “#” in them between "quotes".',
    )


def _scalar(words: str) -> str:
    """Return the words as a YAML scalar on one line, quoted only where they must be."""
    dumped: str = yaml.dump(words, Dumper=yaml.SafeDumper, allow_unicode=True, width=10**9)
    # YAML's dumper ends a plain scalar's document with "...".
    return dumped.removesuffix("\n").removesuffix("\n...")
