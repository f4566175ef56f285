"""From the pasted text of a published newsletter to an issue.

The text says nothing about itself, so everything is told by looks: what is page chrome, what is the title, where a
story begins, where a link was. The rules are in the modules named for them; here they are told in order. Nothing of the
text is lost without a note, and what it contains stays text: signs of Markdown and of personal fields are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from mailer.errors import SourceError
from mailer.issues.calltoaction import button, buttons_without_address, with_address
from mailer.issues.headings import ends_a_sentence, is_date_or_byline, is_greeting, with_headings
from mailer.issues.issue import SUBJECT_LENGTH, Issue, slugify
from mailer.issues.linkwords import button_words, is_bare_link, says_no_more
from mailer.issues.markup import heading, inline, paragraph, urls_in
from mailer.issues.pagechrome import without_chrome
from mailer.issues.plaintext import Kind, Line, Passage, clean_lines, is_han, passages_of, width_of
from mailer.issues.sourcefile import check_text

PREHEADER_LENGTHS = range(80, 111)
"""What mail programs show of a preheader; after a shorter one they show the mail's first words as well."""

_COUNT = re.compile(r"\d{1,2}\. |[一二三四五六七八九十]{1,3}、 ?")
_MAIL_HEADER = re.compile(
    r"(?P<name>from|to|cc|date|sent|subject|reply-to|von|an|datum|betreff|发件人|收件人|主题) ?[:：] ?(?P<words>\S.*)",
    re.IGNORECASE,
)
_SUBJECT_NAMES = frozenset({"subject", "betreff", "主题"})
_LONGEST_TITLE = 160
_LONGEST_SHORT_LINE = 60


@dataclass(frozen=True, slots=True)
class _Parts:
    title: str
    subject: str
    passages: list[Passage]
    notes: list[str]


def issue_from_text(
    text: str, *, place: str, now: datetime, newsletter: str = "", button_url: str = ""
) -> tuple[Issue, list[str]]:
    """Return the issue that a pasted newsletter makes, and notes on what was left out, assumed or is missing.

    `button_url` becomes the address of the first call to action, whose own is never in the text. Raises SourceError for
    text that is none, holds nothing but chrome, or is too long, and for a `button_url` that is no web address.
    """
    check_text(text, place=place)
    lines, chrome = without_chrome(clean_lines(text))
    lines, header = _without_mail_header(lines)
    chrome = header + chrome
    parts = _take_title(passages_of(lines), place=place)
    passages = with_headings(parts.passages)
    passages, lost_links = _without_bare_links(passages)
    source = markdown_of(passages)
    if not source:
        raise SourceError("There is a title, but no text below it.", place=place, fix="Paste the whole newsletter.")
    # Escapes make it longer, and what is stored must be readable again.
    check_text(source, place=place)
    notes = [*parts.notes, *_left_out(chrome), *_lost(lost_links)]
    source, more = with_button_address(source, button_url)
    issue = Issue(
        slug=slugify(parts.title),
        title=parts.title,
        subject=parts.subject,
        preheader=preheader_from(passages),
        newsletter=newsletter,
        language="zh" if _is_chinese(text) else "",
        source=source,
        created=now,
        updated=now,
    )
    return issue, notes + more


def with_button_address(source: str, button_url: str) -> tuple[str, list[str]]:
    """Return the source with the address given to its first button without one, and notes on what is still missing."""
    notes: list[str] = []
    if button_url and buttons_without_address(source):
        source = with_address(source, button_url)
    elif button_url:
        notes.append("The address for the button was not needed: no button of this issue lacks one.")
    lines = source.split("\n")
    for number in buttons_without_address(source):
        words = lines[number - 1].removeprefix("[").partition("](")[0]
        notes.append(
            f"The button “{words}” has no address: the text does not say where its link went. Give one with "
            "--button-url, or between the button's parentheses. Until then the check before sending refuses this issue."
        )
    return source, notes


def markdown_of(passages: Sequence[Passage]) -> str:
    """Return the passages as the Markdown of an issue."""
    pieces: list[str] = []
    before: Passage | None = None
    for passage in passages:
        pieces += (_between(before, passage), _block(passage))
        before = passage
    return "".join(pieces)


def _between(before: Passage | None, passage: Passage) -> str:
    if before is None:
        return ""
    if not _belongs_to(passage, before):
        return "\n\n"
    return "\\\n" if passage.kind is Kind.PLAIN else "\n"


def _without_mail_header(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Take away the "From: …, Subject: …" that stands above a copied mail; its subject stays, as the first line.

    Two such lines at least make a header; one alone may be the newsletter's own words.
    """
    rest = [line for line in lines if line.words]
    header = list(takewhile(lambda line: _MAIL_HEADER.fullmatch(line.words), rest))
    if len(header) < 2:
        return list(lines), []
    found = [(line, match) for line in header if (match := _MAIL_HEADER.fullmatch(line.words))]
    subjects = [Line(line.number, match["words"]) for line, match in found if match["name"].lower() in _SUBJECT_NAMES]
    kept = {line.number for line in subjects}
    body = [line for line in lines if line.number > header[-1].number]
    return [*subjects[:1], Line(0, ""), *body], [line for line in header if line.number not in kept]


def _take_title(passages: Sequence[Passage], *, place: str) -> _Parts:
    """Return title and subject, and the passages after them."""
    if not passages:
        raise SourceError("There is no text in it besides page chrome.", place=place, fix="Paste the whole newsletter.")
    first, rest = passages[0], list(passages[1:])
    is_title = first.kind in {Kind.PLAIN, Kind.HEADING} and width_of(first.words) <= _LONGEST_TITLE
    if is_title and not is_greeting(first.words) and rest:
        title = _plain_line(first.words)
        # A page often says its title twice: as the page's and as the post's.
        is_repeated = len(rest) > 1 and rest[0].words.casefold() == first.words.casefold()
        return _Parts(title, _subject_from(title), rest[is_repeated:], _shortened_note(title))
    title = shortened(_plain_line(first.words), SUBJECT_LENGTH)
    note = f"No title was found; the first words became title and subject: “{title}”."
    return _Parts(title, title, list(passages), [note])


def _subject_from(title: str) -> str:
    """Return the title if it fits into a subject, else its part before a colon or dash, else its first words."""
    if len(title) <= SUBJECT_LENGTH:
        return title
    main = re.split(r": | [-–—|] |：", title)[0]
    return main if 15 <= len(main) <= SUBJECT_LENGTH else shortened(title, SUBJECT_LENGTH)


def _shortened_note(title: str) -> list[str]:
    if len(title) <= SUBJECT_LENGTH:
        return []
    return [f"The title has {len(title)} characters; the subject was shortened to “{_subject_from(title)}”."]


def preheader_from(passages: Sequence[Passage]) -> str:
    """Return 80 to 110 characters of the introduction, without its greeting; short ones go on with the headings."""
    above = takewhile(lambda passage: passage.kind is not Kind.HEADING, passages)
    intro = [_without_greeting(passage.words) for passage in above if _says_something(passage)]
    headings = [_COUNT.sub("", passage.words) for passage in passages if passage.kind is Kind.HEADING]
    words = _plain_line(" ".join(intro))
    for following in headings or [passage.words for passage in passages if passage.kind is not Kind.PLAIN]:
        if width_of(words) >= PREHEADER_LENGTHS.start:
            break
        words = _plain_line(f"{words}{' ' if not words or ends_a_sentence(words) else ' · '}{following}")
    return _cut_to_preheader(words)


def shortened(words: str, length: int) -> str:
    """Return the words, cut between two of them and ended with "…" where they are longer than `length`."""
    if len(words) <= length:
        return words
    cut = words[: length - 1]
    space = cut.rfind(" ")
    # Chinese has no spaces to cut at, and a space too far back would waste half of the line.
    if not is_han(words[length - 1]) and words[length - 1] != " " and space > length * 0.6:
        cut = cut[:space]
    return f"{cut.rstrip(' ,;:–—-')}…"


def _cut_to_preheader(words: str) -> str:
    longest = PREHEADER_LENGTHS[-1]
    sentences = [match.end() for match in re.finditer(r"[.!?](?=\s)|[。！？]", words[: longest + 1])]
    whole = [end for end in sentences if end in PREHEADER_LENGTHS]
    return words[: whole[-1]] if whole and len(words) > longest else shortened(words, longest)


def _says_something(passage: Passage) -> bool:
    """Whether a passage is prose: no bare greeting, date, byline or motto."""
    words = _without_greeting(passage.words)
    is_prose = ends_a_sentence(words) or width_of(words) >= _LONGEST_SHORT_LINE
    return passage.kind is Kind.PLAIN and is_prose and not is_date_or_byline(words)


def _without_greeting(words: str) -> str:
    match = re.match(r"(?:hi|hello|hey|dear|good \w+)\b[^,.!]{0,40}[,.!] *", words, re.IGNORECASE)
    rest = words[match.end() :] if match else words
    return rest[:1].upper() + rest[1:]


def _plain_line(words: str) -> str:
    """Return words for a header: one line, in which no two signs open a personal field."""
    return re.sub(r"\{(?=[{%])", "{ ", " ".join(words.split("\n"))).strip()


def _without_bare_links(passages: Sequence[Passage]) -> tuple[list[Passage], list[Passage]]:
    lost = [passage for passage in passages if passage.kind is Kind.PLAIN and is_bare_link(passage.words)]
    lines = {passage.line for passage in lost}
    return [passage for passage in passages if passage.line not in lines], lost


def _block(passage: Passage) -> str:
    words = passage.words
    if passage.kind is Kind.HEADING:
        return heading(words)
    if passage.kind is Kind.ITEM:
        return f"- {paragraph(words)}"
    if passage.kind is Kind.NUMBERED:
        return f"{passage.number}. {paragraph(words)}"
    label = button_words(words)
    return paragraph(words) if label is None else _call_to_action(words, label)


def _call_to_action(words: str, label: str) -> str:
    """Return the sentence that asks and its button below; only the button where the sentence says no more than it."""
    found = urls_in(words)
    url = words[found[-1][0] : found[-1][1]] if found else ""
    if url[:4].lower() == "www.":
        url = f"https://{url}"
    shown = button(inline(label), url)
    return shown if says_no_more(words, label) else f"{paragraph(words)}\n\n{shown}"


def _belongs_to(passage: Passage, before: Passage) -> bool:
    """Whether a passage goes on in the block before: items of one list, short lines as in a signature."""
    if passage.kind in {Kind.ITEM, Kind.NUMBERED}:
        return passage.kind is before.kind
    return (
        passage.is_tight
        and passage.kind is Kind.PLAIN
        and before.kind is Kind.PLAIN
        and button_words(passage.words) is None
        and button_words(before.words) is None
        and max(width_of(passage.words), width_of(before.words)) <= _LONGEST_SHORT_LINE
    )


def _left_out(chrome: Sequence[Line]) -> list[str]:
    if not chrome:
        return []
    shown = "; ".join(f"line {line.number} “{shortened(line.words, 50)}”" for line in chrome[:12])
    more = f"; and {len(chrome) - 12} more" if len(chrome) > 12 else ""
    return [f"Left out as page chrome: {shown}{more}."]


def _lost(links: Sequence[Passage]) -> list[str]:
    if not links:
        return []
    shown = ", ".join(f"“{passage.words}” (line {passage.line})" for passage in links[:12])
    return [f"Left out, since the addresses of these links are not in the text: {shown}."]


def _is_chinese(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return sum("\u4e00" <= letter <= "\u9fff" for letter in letters) > len(letters) * 0.5
