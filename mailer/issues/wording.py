"""What the words of a record may be made of: slugs, and lines that can stand in a mail header."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

from mailer.errors import SourceError

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SLUG_LENGTH = 60
# C0, DEL, C1, the two Unicode separators that count as line breaks, and halves of characters that UTF-8 cannot say.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_LANGUAGE_NAMES = {
    name: tag
    for tag, names in {
        "ar": ("arabic",),
        "de": ("german", "deutsch"),
        "en": ("english",),
        "es": ("spanish", "español", "espanol"),
        "fr": ("french", "français", "francais"),
        "it": ("italian", "italiano"),
        "ja": ("japanese", "日本語"),
        "ko": ("korean", "한국어"),
        "nl": ("dutch", "nederlands"),
        "pl": ("polish", "polski"),
        "pt": ("portuguese", "português"),
        "ru": ("russian", "русский"),
        "zh": ("chinese", "mandarin", "中文"),
    }.items()
    for name in names
}

_BREAK = re.compile("[ \t\n\r\f\v\x85\u2028\u2029]+")


def slugify(title: str) -> str:
    """Return a slug for a title: a–z, 0–9 and "-", at most 60 characters, the same for the same title.

    A title without a Latin letter or digit gets `issue-` and six digits of its own hash.
    """
    plain = unicodedata.normalize("NFKD", title).replace("’", "").replace("'", "")
    words = re.findall(r"[a-z0-9]+", re.sub("[\u0300-\u036f]", "", plain).lower())
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:_SLUG_LENGTH]
        if len(longer) > _SLUG_LENGTH:
            break
        slug = longer
    return slug or f"issue-{blake2b(title.encode(errors='surrogatepass'), digest_size=3).hexdigest()}"


def check_slug(slug: str, *, what: str) -> None:
    """Raise SourceError unless it is a slug."""
    if _SLUG.fullmatch(slug) is None or len(slug) > _SLUG_LENGTH + 10:
        raise SourceError(
            f"“{slug[:80]}” cannot name {_with_article(what)}.",
            fix='Use small letters a–z, digits and single "-" between them, such as china-digest.',
        )


def check_line(words: str, *, what: str, place: str = "") -> None:
    """Raise SourceError if the words hold a line break or a control character (a header could be smuggled in)."""
    if found := _FORBIDDEN.search(words):
        raise SourceError(
            f"{what} holds the character U+{ord(found[0]):04X}, which cannot stand in one line of text.",
            place=place,
            fix="Write it as one line of ordinary text.",
        )


def check_language(tag: str, *, place: str) -> None:
    """Raise SourceError unless the words are the form of a language tag (RFC 5646 §2.1), with a suggestion."""
    if _LANGUAGE_TAG.fullmatch(tag):
        return
    meant = _LANGUAGE_NAMES.get(tag.strip().casefold()) or tag.strip().replace("_", "-")
    raise SourceError(
        f"“{tag[:40]}” is no language tag.",
        place=place,
        fix=f"Did you mean “{meant}”?" if _LANGUAGE_TAG.fullmatch(meant) else "Write one such as en, de-AT or zh-Hant.",
    )


def one_line(words: str) -> str:
    """Return the words with every line break, tab and run of spaces as one space. Spaces of other kinds stay."""
    return _BREAK.sub(" ", words).strip(" ")


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
