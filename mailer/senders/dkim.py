"""DKIM signatures (RFC 6376, RFC 8463), made as fast as RSA allows.

A message is signed last, as the bytes that travel, with `c=relaxed/relaxed`: refolded headers and changed white space
do not break it (§3.4.2, §3.4.4). A key may ask for `relaxed/simple`, whose bodies must arrive untouched. Which header
fields are signed is said here and nowhere else; some are signed once more than they occur ("oversigned", §5.4.2), so
that nobody can add a second From or List-Unsubscribe on the way. No `l=`, no rsa-sha1, no key under 1024 bits.

A private key is parsed once, when its `SigningKey` is made; OpenSSL signs without holding Python's lock, so several
threads can sign at once. Checked in tests by an independent verifier (dkimpy).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from mailer.errors import ConfigError

OVERSIGNED = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"content-type",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
"""Signed once more than they occur: a second one, added on the way, breaks the signature."""

SIGNED = (
    *OVERSIGNED,
    b"cc",
    b"mime-version",
    b"content-transfer-encoding",
    b"list-id",
    b"feedback-id",
    b"cfbl-address",
    b"cfbl-feedback-id",
)
"""Signed where they occur. RFC 8058 §4 asks for both List-Unsubscribe fields. Never Return-Path, Received or Bcc."""

_OVERSIGNED = frozenset(OVERSIGNED)
_LEAST_RSA_BITS = 1024
_RSA_BITS = 2048
_RUNS_OF_SPACE = re.compile(rb"[ \t]+")
_SPACE_BEFORE_LINE_END = re.compile(rb"[ \t]+\r\n")


class Algorithm(StrEnum):
    """How a key signs."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"
    """Only beside an RSA signature: Microsoft and Yahoo do not verify it (RFC 8463 §3)."""


class BodyForm(StrEnum):
    """How a body is brought into one form before it is hashed."""

    RELAXED = "relaxed"
    """§3.4.4: changed white space does not break the signature."""
    SIMPLE = "simple"
    """§3.4.3: as it is, but for empty lines at the end."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that is ready to sign for a domain, and the selector under which its public half is published."""

    domain: str
    """The `d=` of the signature: an ASCII domain, aligned with From (RFC 7489 §3.1.1)."""
    selector: str
    algorithm: Algorithm
    sign: Callable[[bytes], bytes]
    """Takes what is signed (headers), returns the signature."""
    public: bytes
    """The public key as DNS wants it: SubjectPublicKeyInfo for RSA (RFC 6376 §3.6.1), raw for Ed25519 (RFC 8463 §4)."""
    body: BodyForm = BodyForm.RELAXED

    @property
    def record_name(self) -> str:
        """The name of the TXT record that publishes the key."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The TXT record's text; DNS carries it in strings of at most 255 octets (see `record_strings`)."""
        kind = "rsa" if self.algorithm is Algorithm.RSA else "ed25519"
        return f"v=DKIM1; k={kind}; p={base64.b64encode(self.public).decode()}"

    @property
    def record_strings(self) -> tuple[str, ...]:
        """The TXT record, cut into strings of at most 255 octets (RFC 1035 §3.3)."""
        return tuple(self.record[start : start + 255] for start in range(0, len(self.record), 255))


def load_key(domain: str, selector: str, private_pem: bytes, *, body: BodyForm = BodyForm.RELAXED) -> SigningKey:
    """Parse a private key (PEM, PKCS #8 or PKCS #1). Raises ConfigError for one that cannot be used."""
    try:
        private = serialization.load_pem_private_key(private_pem, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"The DKIM key of {domain} ({selector}) cannot be read: {error}.") from error
    spki = private.public_key()
    if isinstance(private, RSAPrivateKey):
        if private.key_size < _LEAST_RSA_BITS:
            raise ConfigError(
                f"The DKIM key of {domain} ({selector}) has {private.key_size} bits; Gmail and Yahoo refuse fewer than "
                f"{_LEAST_RSA_BITS}. Make one with 2048."
            )
        public = spki.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return SigningKey(domain, selector, Algorithm.RSA, _rsa_signer(private), public, body)
    if isinstance(private, Ed25519PrivateKey):
        public = spki.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return SigningKey(domain, selector, Algorithm.ED25519, _ed25519_signer(private), public, body)
    raise ConfigError(f"The DKIM key of {domain} ({selector}) is neither RSA nor Ed25519.")


def make_private_key(algorithm: Algorithm = Algorithm.RSA) -> bytes:
    """Return a new private key, as PEM (PKCS #8)."""
    private: RSAPrivateKey | Ed25519PrivateKey
    if algorithm is Algorithm.RSA:
        private = generate_private_key(public_exponent=65_537, key_size=_RSA_BITS)
    else:
        private = Ed25519PrivateKey.generate()
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def sign(message: bytes, keys: Sequence[SigningKey], now: datetime) -> bytes:
    """Return the message with one DKIM-Signature field a key in front, the first key's first.

    `message` has CRLF line ends and is not changed after this. The body is hashed once for all keys of the same form.
    """
    header, _, body = message.partition(b"\r\n\r\n")
    return _signed(message, header, {key.body: _FORMS[key.body](body) for key in keys}, keys, now)


def sign_canonical(message: bytes, keys: Sequence[SigningKey], now: datetime) -> bytes:
    """Sign as `sign` does, a message whose body is as `relaxed_body` would leave it; looking for that costs a sixth.

    All bodies of `mailer.rendering` are: their quoted-printable has no runs of white space, none at line ends, and one
    line end at the end.
    """
    end = message.find(b"\r\n\r\n")
    header, body = (message[:end], memoryview(message)[end + 4 :]) if end >= 0 else (message, memoryview(b""))
    return _signed(message, header, dict.fromkeys(BodyForm, body), keys, now)


def relaxed_body(body: bytes) -> bytes:
    """Return the body as RFC 6376 §3.4.4 canonicalises it."""
    # Most bodies have neither runs of white space nor any at line ends; looking costs less than replacing.
    if b"\t" in body or b"  " in body or b" \r\n" in body:
        body = _RUNS_OF_SPACE.sub(b" ", _SPACE_BEFORE_LINE_END.sub(b"\r\n", body))
    stripped = body.rstrip(b"\r\n")
    return stripped.rstrip(b" \t") + b"\r\n" if stripped else b""


def simple_body(body: bytes) -> bytes:
    """Return the body as RFC 6376 §3.4.3 canonicalises it: one line end at the end."""
    while body.endswith(b"\r\n"):
        body = body[:-2]
    return body + b"\r\n"


_FORMS: Mapping[BodyForm, Callable[[bytes], bytes]] = {BodyForm.RELAXED: relaxed_body, BodyForm.SIMPLE: simple_body}


def _signed(
    message: bytes,
    header: bytes,
    bodies: Mapping[BodyForm, bytes | memoryview],
    keys: Sequence[SigningKey],
    now: datetime,
) -> bytes:
    fields = _relaxed_fields(header)
    names, order = _what_is_signed(tuple([name for name, _ in fields]))
    lines = b"".join([fields[place][1] for place in order])
    hashes_of = {form: base64.b64encode(hashlib.sha256(bodies[form]).digest()) for form in {key.body for key in keys}}
    at = int(now.timestamp())
    return b"".join([*[_signature(key, names, lines, hashes_of[key.body], at) for key in keys], message])


def _signature(key: SigningKey, names: tuple[bytes, ...], lines: bytes, body_hash: bytes, at: int) -> bytes:
    before, before_unfolded = _before_body_hash(key, names, at)
    signature = key.sign(b"%b%b%b; b=" % (lines, before_unfolded, body_hash))
    return b"%b%b;\r\n b=%b\r\n" % (before, body_hash, _in_lines(base64.b64encode(signature)))


@lru_cache(maxsize=64)
def _before_body_hash(key: SigningKey, names: tuple[bytes, ...], at: int) -> tuple[bytes, bytes]:
    """Return the field as far as it is the same for all messages of a second, and the same as it is signed."""
    value = b" v=1; a=%b; c=relaxed/%b; d=%b;\r\n s=%b; t=%d;\r\n h=%b;\r\n bh=" % (
        key.algorithm.encode(),
        key.body.encode(),
        key.domain.encode(),
        key.selector.encode(),
        at,
        _folded(names),
    )
    # Every fold is followed by one space, so that relaxing our own field is to take the line ends out.
    return b"DKIM-Signature:" + value, b"dkim-signature:" + value.replace(b"\r\n", b"")[1:]


@lru_cache(maxsize=64)
def _what_is_signed(names: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
    """Return the names for `h=` and the places of the fields to sign, in the same order: from the last up (§5.4.2).

    The same names come in every message of a mailing.
    """
    signed: list[bytes] = []
    order: list[int] = []
    for wanted in SIGNED:
        places = [place for place in reversed(range(len(names))) if names[place] == wanted]
        signed += [wanted] * (len(places) + (wanted in _OVERSIGNED))
        order += places
    return tuple(signed), tuple(order)


def _relaxed_fields(header: bytes) -> list[tuple[bytes, bytes]]:
    """Return each field's name, and the field as RFC 6376 §3.4.2 canonicalises it; what is no field is passed over."""
    unfolded = header.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t")
    return [field for line in unfolded.split(b"\r\n") if (field := _relaxed_field(line))]


@lru_cache(maxsize=512)
def _relaxed_field(line: bytes) -> tuple[bytes, bytes] | None:
    """Most lines are the same in every message of a mailing."""
    name, colon, value = line.partition(b":")
    if not colon:
        return None
    if b"  " in value or b"\t" in value:
        value = _RUNS_OF_SPACE.sub(b" ", value)
    name = name.rstrip(b" \t").lower()
    return name, b"%b:%b\r\n" % (name, value.strip(b" \t"))


@lru_cache(maxsize=64)
def _folded(names: tuple[bytes, ...]) -> bytes:
    """Join names with colons, in lines of at most 76 characters. The same names come in every message of a mailing."""
    lines, length = [names[0]], len(names[0]) + 3
    for name in names[1:]:
        if length + len(name) + 1 > 75:
            lines.append(b":\r\n " + name)
            length = len(name) + 1
        else:
            lines.append(b":" + name)
            length += len(name) + 1
    return b"".join(lines)


def _in_lines(signature: bytes) -> bytes:
    return b"\r\n ".join(signature[start : start + 72] for start in range(0, len(signature), 72))


def _rsa_signer(private: RSAPrivateKey) -> Callable[[bytes], bytes]:
    padding, algorithm = PKCS1v15(), hashes.SHA256()
    return lambda signed: private.sign(signed, padding, algorithm)


def _ed25519_signer(private: Ed25519PrivateKey) -> Callable[[bytes], bytes]:
    # RFC 8463 §3: the signature is over the SHA-256 hash of what is signed.
    return lambda signed: private.sign(hashlib.sha256(signed).digest())
