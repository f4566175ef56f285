"""Signed tokens: short strings that say who, and that nobody else can make.

A token is `version ‖ kind ‖ numbers ‖ MAC`. The numbers are unsigned LEB128; the MAC is HMAC-SHA256 over all before
it, cut to 16 bytes in links (RFC 8058 §3 asks for hard-to-forge; 128 bits is R26) and to 10 in return paths, whose
local part may have 64 octets (RFC 5321 §4.5.3.1.1). Links use base64url; return paths use lower-case base32, since
some mail servers change the case of a local part. Tokens never expire and need no store: an unsubscribe link works
for ever.

What it promises: any text gives the numbers that were signed, or None. What it does not do: hide the numbers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from enum import IntEnum

_VERSION = 1
_LINK_MAC_BYTES = 16
_RETURN_PATH_MAC_BYTES = 10


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


class Tokens:
    """Makes and reads tokens with keys derived from the installation's secret."""

    def __init__(self, secret: bytes) -> None:
        """Derive one key a kind, so that the kinds cannot be mixed up even by a bug in the framing."""
        self._macs = {
            kind: hmac.new(hashlib.sha256(b"pressrun token %d " % kind + secret).digest(), digestmod="sha256")
            for kind in Kind
        }
        self.digest_key = hashlib.sha256(b"pressrun address digest " + secret).digest()

    def link(self, kind: Kind, *numbers: int) -> str:
        """Return a token for a URL: base64url, without padding."""
        signed = self._sign(kind, numbers, _LINK_MAC_BYTES)
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()

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
        """Return a token for the local part of an address: lower-case base32, without padding."""
        signed = self._sign(kind, numbers, _RETURN_PATH_MAC_BYTES)
        return base64.b32encode(signed).rstrip(b"=").decode().lower()

    def read_local_part(self, kind: Kind, token: str) -> tuple[int, ...] | None:
        """Return the numbers in a local part's token, in any case, or None if it is not one of ours."""
        upper = token.upper()
        try:
            signed = base64.b32decode(upper.encode("ascii") + b"=" * (-len(upper) % 8))
        except (UnicodeEncodeError, binascii.Error):
            return None
        if base64.b32encode(signed).rstrip(b"=").decode() != upper:
            return None
        return self._verify(kind, signed, _RETURN_PATH_MAC_BYTES)

    def _sign(self, kind: Kind, numbers: tuple[int, ...], mac_bytes: int) -> bytes:
        said = bytes((_VERSION, kind)) + b"".join(_leb128(number) for number in numbers)
        return said + self._mac(kind, said)[:mac_bytes]

    def _verify(self, kind: Kind, signed: bytes, mac_bytes: int) -> tuple[int, ...] | None:
        said, mac = signed[:-mac_bytes], signed[-mac_bytes:]
        if said[:2] != bytes((_VERSION, kind)):
            return None
        if not hmac.compare_digest(self._mac(kind, said)[:mac_bytes], mac):
            return None
        return _numbers(said[2:])

    def _mac(self, kind: Kind, said: bytes) -> bytes:
        # Copying a keyed HMAC saves the two blocks of key set-up for each of a million tokens.
        mac = self._macs[kind].copy()
        mac.update(said)
        return mac.digest()


def _leb128(number: int) -> bytes:
    if number < 0:
        raise ValueError(f"a token holds numbers from 0 up, not {number}")
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
