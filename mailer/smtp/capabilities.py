"""What a server can do, as its answer to EHLO tells (RFC 5321 §4.1.1.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailer.smtp.outcome import Reply


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The extensions that matter to us. Without EHLO, none."""

    has_pipelining: bool = False
    """RFC 2920."""
    has_eight_bit: bool = False
    """8BITMIME, RFC 6152."""
    has_smtputf8: bool = False
    """RFC 6531."""
    has_dsn: bool = False
    """RFC 3461."""
    has_chunking: bool = False
    """RFC 3030."""
    has_starttls: bool = False
    """RFC 3207."""
    has_size: bool = False
    """RFC 1870."""
    max_size_bytes: int = 0
    """The largest message that the server takes; 0: it did not say."""
    auth_mechanisms: frozenset[str] = field(default=frozenset())
    """RFC 4954, upper-case."""

    @classmethod
    def read(cls, reply: Reply) -> Capabilities:
        """Read the keywords; the first line is the server's name. Unknown and broken ones are passed over."""
        keywords: dict[str, list[str]] = {}
        for line in reply.text.upper().split("\n")[1:]:
            # `AUTH=LOGIN PLAIN` is how servers older than RFC 4954 said it.
            words = line.replace("AUTH=", "AUTH ", 1).split()
            if words:
                keywords.setdefault(words[0], []).extend(words[1:])
        size = keywords.get("SIZE", [])
        return cls(
            has_pipelining="PIPELINING" in keywords,
            has_eight_bit="8BITMIME" in keywords,
            has_smtputf8="SMTPUTF8" in keywords,
            has_dsn="DSN" in keywords,
            has_chunking="CHUNKING" in keywords,
            has_starttls="STARTTLS" in keywords,
            has_size="SIZE" in keywords,
            max_size_bytes=int(size[0]) if size and size[0].isdecimal() and len(size[0]) < 20 else 0,
            auth_mechanisms=frozenset(keywords.get("AUTH", [])),
        )
