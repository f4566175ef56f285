"""Header fields (RFC 5322), written by ourselves.

The standard library folds a long `List-Unsubscribe` by turning it into encoded-words, which no receiver reads there:
Gmail then shows no unsubscribe button, or refuses the message. So there are three kinds of field here, and only the
first two ever hold an encoded-word (RFC 2047): unstructured text, a display name, and everything else, which is ASCII
and folds only between its parts.

What it promises: every field is one field, whatever its value holds (no line end gets through), and no line is longer
than 998 octets, nor longer than 78 where the value can be folded at all.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

import idna

_LINE = 78
_ENCODED_LINE = 76
_HARD_LINE = 998
_SHORT_NAME = 50
_WORD_FRAME = len("=?utf-8?q?") + len("?=")
_UNPRINTABLE = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_UNSAFE_IN_ADDRESS = re.compile("[\x00-\x20\x7f<>\u0080-\u00a0\u2028\u2029\ud800-\udfff]")
_BEYOND_ASCII = bytes(range(0x80, 0x100))
_Q_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
# RFC 2047 §5 (3): within a phrase nothing else may stand for itself; text is written the same way.
_Q = ["_" if byte == 0x20 else chr(byte) if byte in _Q_PLAIN else f"={byte:02X}" for byte in range(0x100)]


class HeaderError(ValueError):
    """A value can stand in no header: an address with a line end in it, a token longer than a line."""


def one_line(value: str) -> str:
    """Return text without control characters, line ends and doubled spaces."""
    return _UNPRINTABLE.sub(" ", value).strip()


def text_field(name: str, text: str) -> bytes:
    """Write an unstructured field, such as the subject."""
    text = one_line(text)
    room = _LINE - len(name) - 2
    if text.isascii() and "=?" not in text and all(len(word) <= room for word in text.split(" ")):
        return _folded(name, text.split(" "), " ")
    return f"{name}: {encoded_words(text, used=len(name) + 2)}\r\n".encode()


def address_field(name: str, display: str, address: str) -> bytes:
    """Write a field with one address. A display name may be any text; the address must be safe already.

    A local part beyond ASCII stays as it is (RFC 6532), for a hop that speaks SMTPUTF8; it is never an encoded-word.
    Raises HeaderError for an address that could break out of the field.
    """
    return mailbox_field(name, display, ascii_address(address))


def mailbox_field(name: str, display: str, safe_address: str) -> bytes:
    """Write a field with one address that `ascii_address` returned."""
    mailbox = f"<{safe_address}>"
    if len(display) < _SHORT_NAME and _PLAIN_PHRASE.fullmatch(display):
        gap = " " if len(name) + len(display) + len(mailbox) + 3 <= _ENCODED_LINE else "\r\n "
        return f"{name}: {display}{gap}{mailbox}\r\n".encode()
    display = one_line(display)
    if not display:
        return f"{name}: {mailbox[1:-1]}\r\n".encode()
    phrase = _phrase(display, used=len(name) + 2)
    last_line = f"{name}: {phrase}".rpartition("\n")[2]
    gap = " " if len(last_line) + 1 + len(mailbox) <= _ENCODED_LINE else "\r\n "
    return f"{name}: {phrase}{gap}{mailbox}\r\n".encode()


def structured_field(name: str, *parts: str, separator: str = " ") -> bytes:
    """Write a field of ASCII parts, folded only after a separator. Raises HeaderError if a part is anything else."""
    for part in parts:
        if not part.isascii() or not part.isprintable():
            raise HeaderError(f"{name} may hold only printable ASCII, not {part!r}.")
        if len(part) + len(name) + 4 > _HARD_LINE:
            raise HeaderError(f"{name} holds a part of {len(part)} characters; a line may have {_HARD_LINE}.")
    return _folded(name, parts, separator)


def ascii_address(address: str) -> str:
    """Return an address with its domain as A-labels. Raises HeaderError if it can stand in no header."""
    local, _, domain = address.rpartition("@")
    if not local or _UNSAFE_IN_ADDRESS.search(address):
        raise HeaderError(f"{address!r} is not an address that can stand in a header.")
    return address if domain.isascii() and domain else f"{local}@{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """Return a domain as A-labels (RFC 5891, UTS 46). Raises HeaderError if it is none."""
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise HeaderError(f"{domain!r} is not a domain name: {error}.") from error


def sending_domain(domain: str) -> str:
    """Return a domain as its keys and warm-up are named: A-labels, lower case, no dot at the end."""
    return ascii_domain(domain).lower().rstrip(".")


def encoded_words(text: str, *, used: int) -> str:
    """Return text as encoded-words (RFC 2047), one a line; the first stands after `used` characters.

    No word splits a character, since a reader decodes each for itself. Mostly Latin text stays legible ("q"); the rest
    is shorter as "b".
    """
    data = text.encode()
    first, rest = _ENCODED_LINE - used - _WORD_FRAME, _ENCODED_LINE - 1 - _WORD_FRAME
    is_mostly_latin = len(data.translate(None, _BEYOND_ASCII)) * 6 > len(data) * 5
    kind, words = ("q", _q_words(text, first, rest)) if is_mostly_latin else ("b", _b_words(data, first, rest))
    return "\r\n ".join([f"=?utf-8?{kind}?{word}?=" for word in words])


def _b_words(data: bytes, room: int, rest: int) -> list[str]:
    words, start = [], 0
    while start < len(data):
        end = start + max(room // 4 * 3, 6)
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        words.append(base64.b64encode(data[start:end]).decode())
        start, room = end, rest
    return words


def _q_words(text: str, room: int, rest: int) -> list[str]:
    word = "".join([_Q[byte] for byte in text.encode()])
    if len(word) <= room:
        return [word]
    words, word = [], ""
    for character in text:
        piece = "".join([_Q[byte] for byte in character.encode()])
        if word and len(word) + len(piece) > room:
            words.append(word)
            word, room = "", rest
        word += piece
    return [*words, word]


def _phrase(display: str, *, used: int) -> str:
    if not display.isascii() or "=?" in display or len(display) > _LINE - used - 4:
        return encoded_words(display, used=used)
    return display if _PLAIN_PHRASE.fullmatch(display) else _quoted(display)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _folded(name: str, parts: Iterable[str], separator: str) -> bytes:
    lines, line = [], f"{name}:"
    is_empty = True
    for part in parts:
        if is_empty:
            line += f" {part}"
        elif len(line) + len(separator) + len(part) <= _LINE:
            line += separator + part
        else:
            lines.append(line + separator.rstrip())
            line = f" {part}"
        is_empty = False
    return "\r\n".join((*lines, line)).encode() + b"\r\n"
