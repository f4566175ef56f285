"""Signed tokens: short strings that say who, and that nobody else can make.

A token is `version ‖ kind ‖ numbers ‖ MAC`. The numbers are unsigned LEB128; the MAC is keyed BLAKE2b (RFC 7693 §2.9)
over all before it, of 16 bytes in links (RFC 8058 §3 asks for hard-to-forge; 128 bits is R26) and of 10 in return
paths, whose local part may have 64 octets (RFC 5321 §4.5.3.1.1). BLAKE2b is a MAC by design when it has a key, and
costs a third of an HMAC: every message carries five tokens. Links use base64url; return paths are hexadecimal, since
some mail servers change the case of a local part. Tokens never expire and need no store: an unsubscribe link works for
ever.

What it promises: any text gives the numbers that were signed, or None. What it does not do: hide the numbers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from enum import IntEnum
from hashlib import blake2b

_VERSION = 1
_LINK_MAC_BYTES = 16
_RETURN_PATH_MAC_BYTES = 10
_SHORTER = _RETURN_PATH_MAC_BYTES - _LINK_MAC_BYTES


class Kind(IntEnum):
    """What a token is good for. A token of one kind never passes as another."""

    UNSUBSCRIBE = 1
    """subscriber, list, mailing"""
    VIEW = 2
    """mailing, subscriber"""
    RETURN_PATH = 3
    """mailing, subscriber"""
    CONFIRM = 4
    """subscriber, list"""
    MESSAGE_ID = 5
    """mailing, subscriber"""
    PREFERENCES = 6
    """subscriber, list, mailing"""
    TRACK = 7
    """mailing, arm, subscriber"""
    ONE_OFF = 8
    """one-off, subscriber: the return path of a message outside of any mailing"""


_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ONE_BYTE = [bytes((number,)) for number in range(0x80)]


class Tokens:
    """Makes and reads tokens with keys derived from the installation's secret."""

    def __init__(self, secret: bytes) -> None:
        """Derive one key a kind, so that the kinds cannot be mixed up even by a bug in the framing."""
        self._macs = {
            kind: blake2b(
                digest_size=_LINK_MAC_BYTES, key=hashlib.sha256(b"pressrun token %d " % kind + secret).digest()
            )
            for kind in Kind
        }
        self._heads = {kind: bytes((_VERSION, kind)) for kind in Kind}
        self.digest_key = hashlib.sha256(b"pressrun address digest " + secret).digest()

    def link(self, kind: Kind, *numbers: int) -> str:
        """Return a token for a URL: base64url, without padding."""
        signed = self._sign(kind, numbers, _LINK_MAC_BYTES)
        return _base64url(signed).decode()

    def read_link(self, kind: Kind, token: str) -> tuple[int, ...] | None:
        """Return the numbers in a link's token, or None if it is not one of ours."""
        try:
            signed = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return None
        # base64 leaves spare bits at the end; only the spelling that we made is a token.
        if base64.urlsafe_b64encode(signed).rstrip(b"=").decode() != token:
            return None
        return self._verify(kind, signed, _LINK_MAC_BYTES)

    def local_part(self, kind: Kind, *numbers: int) -> str:
        """Return a token for the local part of an address: hexadecimal, in lower case."""
        return self._sign(kind, numbers, _RETURN_PATH_MAC_BYTES).hex()

    def read_local_part(self, kind: Kind, token: str) -> tuple[int, ...] | None:
        """Return the numbers in a local part's token, in any case, or None if it is not one of ours."""
        try:
            signed = bytes.fromhex(token)
        except ValueError:
            return None
        # White space is passed over there; only the spelling that we made is a token.
        if signed.hex() != token.lower():
            return None
        return self._verify(kind, signed, _RETURN_PATH_MAC_BYTES)

    def _sign(self, kind: Kind, numbers: tuple[int, ...], mac_bytes: int) -> bytes:
        said = self._heads[kind] + b"".join([_leb128(number) for number in numbers])
        return said + self._mac(kind, said)[:mac_bytes]

    def _verify(self, kind: Kind, signed: bytes, mac_bytes: int) -> tuple[int, ...] | None:
        said, mac = signed[:-mac_bytes], signed[-mac_bytes:]
        if said[:2] != bytes((_VERSION, kind)):
            return None
        if not hmac.compare_digest(self._mac(kind, said)[:mac_bytes], mac):
            return None
        return _numbers(said[2:])

    def _mac(self, kind: Kind, said: bytes) -> bytes:
        # A copy of a keyed hash has its key's block behind it already.
        mac = self._macs[kind].copy()
        mac.update(said)
        return mac.digest()


class _Beginning:
    """What the tokens of one kind begin with in all messages of a mailing, hashed once."""

    __slots__ = ("_mac", "_said")

    def __init__(self, tokens: Tokens, kind: Kind, *numbers: int) -> None:
        self._said = bytes((_VERSION, kind)) + b"".join([_leb128(number) for number in numbers])
        self._mac = tokens._macs[kind].copy()  # noqa: SLF001 - the other half of the same thing
        self._mac.update(self._said)

    def signed(self, rest: bytes) -> bytes:
        """Return the beginning and the rest, signed for a link."""
        mac = self._mac.copy()
        mac.update(rest)
        return self._said + rest + mac.digest()

    def signed_short(self, rest: bytes) -> str:
        """Return the same for a local part."""
        return self.signed(rest)[:_SHORTER].hex()


class MailingTokens:
    """The tokens of one mailing's messages, made faster: all that does not change from person to person is ready.

    A subscriber is given as `packed` returns them, once for all of their tokens.
    """

    def __init__(self, tokens: Tokens, mailing: int, list_id: int, arm: int = 0) -> None:
        """Take the mailing, the list that "unsubscribe" leaves, and the arm of an experiment."""
        self._unsubscribe, self._left = _Beginning(tokens, Kind.UNSUBSCRIBE), _leb128(list_id) + _leb128(mailing)
        self._view = _Beginning(tokens, Kind.VIEW, mailing)
        self._track = _Beginning(tokens, Kind.TRACK, mailing, arm)
        self._return_path = _Beginning(tokens, Kind.RETURN_PATH, mailing)
        self._message_id = _Beginning(tokens, Kind.MESSAGE_ID, mailing)

    @staticmethod
    def packed(subscriber: int) -> bytes:
        """Return a subscriber's number as it stands in tokens."""
        return _leb128(subscriber)

    def unsubscribe(self, subscriber: bytes) -> tuple[bytes, str]:
        """Return the token for the link, and that for the local part of an address."""
        signed = self._unsubscribe.signed(subscriber + self._left)
        return _base64url(signed), signed[:_SHORTER].hex()

    def view(self, subscriber: bytes) -> bytes:
        """Return the token of "view in browser"."""
        return _base64url(self._view.signed(subscriber))

    def track(self, subscriber: bytes) -> bytes:
        """Return the token of tracked links and of the pixel."""
        return _base64url(self._track.signed(subscriber))

    def return_path(self, subscriber: bytes) -> str:
        """Return the token of the return path."""
        return self._return_path.signed_short(subscriber)

    def message_id(self, subscriber: bytes) -> str:
        """Return the token of the Message-ID."""
        return self._message_id.signed_short(subscriber)


class OneOffTokens(MailingTokens):
    """The tokens of one message outside of any mailing: its return path and Message-ID are its own."""

    def __init__(self, tokens: Tokens, one_off: int, list_id: int) -> None:
        """Take the message's number, and the list that it is about."""
        super().__init__(tokens, 0, list_id)
        self._return_path = _Beginning(tokens, Kind.ONE_OFF, one_off)
        self._message_id = _Beginning(tokens, Kind.MESSAGE_ID, 0, one_off)


def _base64url(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE, b"=")


def _leb128(number: int) -> bytes:
    if number < 0:
        raise ValueError(f"a token holds numbers from 0 up, not {number}")
    if number < 0x80:
        return _ONE_BYTE[number]
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _numbers(said: bytes) -> tuple[int, ...]:
    numbers, number, shift = [], 0, 0
    for byte in said:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            numbers.append(number)
            number = shift = 0
    return tuple(numbers)
