"""The name of every Redis key about people.

| key | type | holds |
|---|---|---|
| `people:last-id` | number | the highest id given out |
| `addr:<4 hex>` | hash | digest of an address (its last 8 bytes) → id; the bucket is the digest's first 2 bytes |
| `{cN}:people:<bucket>` | hash | position in the bucket (0…127) → packed Subscriber |
| `{cN}:list:<list>:<state>` | bitmap | who of chunk N is `pending`, `active` or `left` on the list |
| `{cN}:suppressed` | bitmap | who of chunk N must not be mailed, for whatever reason |
| `{cN}:suppressed:<reason>` | bitmap | the same, for this reason |
| `{cN}:consent:<bucket>` | hash | position in the bucket, digest of the entry → packed entry of the consent history |
| `{cN}:scratch:<name>` | bitmap | lives only while a script runs |
| `consent:statements` | hash | digest → what was shown, where and by which form, once for all who agreed to it |
| `lists`, `lists:last-id` | hash, number | slug → packed MailingList; the highest id given out |
| `suppression:<2 hex>` | hash | digest of an address → packed Suppression |
| `suppression:removed:<2 hex>` | hash | digest and time → packed trace of a suppression that was taken away |

Nothing here expires. All keys of one chunk share the hash tag `{cN}`, so that one node of a cluster has them together
and scripts may touch several at once; no script touches keys of two chunks.
"""

from __future__ import annotations

LAST_ID = "people:last-id"
LISTS = "lists"
LISTS_LAST_ID = "lists:last-id"
CONSENT_STATEMENTS = "consent:statements"
ALL_ADDRESS_BUCKETS = "addr:*"

BUCKET_SIZE = 128
"""People in one hash: small enough to stay a listpack, and the fastest to update of those measured."""


def address_bucket(digest: bytes) -> str:
    """Name the hash that this address's id is in."""
    return f"addr:{digest[:2].hex()}"


def address_field(digest: bytes) -> bytes:
    """Name the address's field in its hash."""
    return digest[2:]


def people_bucket(chunk: int, bucket: int) -> str:
    """Name a hash of 128 packed people."""
    return f"{{c{chunk}}}:people:{bucket}"


def consent_bucket(chunk: int, bucket: int) -> str:
    """Name the hash with the consent history of 128 people."""
    return f"{{c{chunk}}}:consent:{bucket}"


def list_bits(chunk: int, list_id: int, state: str) -> str:
    """Name the bitmap of who is in this state on the list."""
    return f"{{c{chunk}}}:list:{list_id}:{state}"


def suppressed_bits(chunk: int, reason: str | None = None) -> str:
    """Name the bitmap of the suppressed: for one reason, or for any."""
    return f"{{c{chunk}}}:suppressed:{reason}" if reason else f"{{c{chunk}}}:suppressed"


def scratch(chunk: int, name: str) -> str:
    """Name a bitmap that a script uses and deletes."""
    return f"{{c{chunk}}}:scratch:{name}"


def suppression_bucket(digest: bytes) -> str:
    """Name the hash that this address's suppression would be in."""
    return f"suppression:{digest[:1].hex()}"


def suppression_buckets() -> list[str]:
    """Name all of them."""
    return [f"suppression:{byte:02x}" for byte in range(256)]


def removed_suppressions(digest: bytes) -> str:
    """Name the hash with the traces of removed suppressions."""
    return f"suppression:removed:{digest[:1].hex()}"
