"""The name of every Redis key about people.

| key | type | holds |
|---|---|---|
| `people:last-id` | number | the highest id given out |
| `{a<2 hex>}:addr:<2 hex>` | hash | last 8 bytes of an address's digest → id; the first two name the hash |
| `{cN}:people:<bucket>` | hash | position in the bucket (0…127) → packed Subscriber |
| `{cN}:everyone` | bitmap | who of chunk N has a record |
| `{cN}:with:<field>:<value>` | bitmap | who of chunk N has this value in an indexed field, `language` or `tag` |
| `{cN}:list:<list>:<state>` | bitmap | who of chunk N is `pending`, `active`, `paused` or `left` on the list |
| `{cN}:list:pauses` | sorted set | list and position of the paused, by when they are active again (milliseconds) |
| `{cN}:suppressed` | bitmap | who of chunk N must not be mailed by any newsletter, for whatever reason |
| `{cN}:suppressed:<reason>` | bitmap | the same, for this reason |
| `{cN}:suppressed@<newsletter>` | bitmap | who of chunk N must not be mailed by this newsletter, for whatever reason |
| `{cN}:suppressed@<newsletter>:<reason>` | bitmap | the same, for this reason |
| `{cN}:suppression:ends` | sorted set | position and newsletter of suppressions that end, by when (milliseconds) |
| `{cN}:consent:<bucket>` | hash | position in the bucket, digest of the entry → packed entry of the consent history |
| `{cN}:consent:together` | set | digests of the entries that many people of the chunk have in common |
| `{cN}:consent:together:<digest>` | bitmap | who has this entry |
| `{cN}:import:<id>:<word>` | bitmap | whom the import made (`new`), changed (`updated`), put on its list (`placed`) |
| `{cN}:scratch:<name>` | bitmap | lives only while a script runs |
| `consent:statements` | hash | digest → what was shown, where and by which form, once for all who agreed to it |
| `consent:together` | hash | digest → packed entry that many people have in common |
| `import:<id>` | hash | `plan`: what is imported how; `fence`; `frame:<n>`: packed counts of some rows; `state` |
| `imports:last-id`, `imports:open` | number, hash | the highest number given out; mark of a file and its plan → id |
| `imports:newest` | list | ids of imports, the newest first |
| `imports:waiting` | set | ids of imports that a worker has to look at |
| `import:<id>:held` | string | a worker is at it; expires when the worker falls silent |
| `import:<id>:parts` | hash | `file`, `rejected`: in how many parts the file, and the rejected rows, are kept |
| `import:<id>:<which>:<n>` | string | a part of its `file` (30 days) or its `rejected` rows (90 days), compressed |
| `fields` | hash | newsletter and name → packed Field that it declares |
| `values:<field>` | set | the values of an indexed field that anybody has or had |
| `segments` | hash | slug → packed Segment |
| `lists`, `lists:last-id` | hash, number | slug → packed MailingList; the highest id given out |
| `{a<2 hex>}:suppression` | hash | digest of an address or domain, newsletter if for one → packed Suppression |
| `{a<2 hex>}:suppression:removed` | hash | the same, and a time → packed trace of a suppression that was taken away |
| `suppression:scopes` | set | newsletters that have suppressions of their own, and `@` if a domain is suppressed |

Nothing here expires. All keys of one chunk share the hash tag `{cN}`, so that one node of a cluster has them together
and scripts may touch several at once; no script touches keys of two chunks. The same goes for `{a<2 hex>}`: addresses
and domains are spread over 256 shards by the first byte of their digest, and what is known of an address without
knowing whose it is lies together.
"""

from __future__ import annotations

LAST_ID = "people:last-id"
FIELDS = "fields"
SEGMENTS = "segments"
LISTS = "lists"
IMPORTS_LAST_ID = "imports:last-id"
IMPORTS_OPEN = "imports:open"
IMPORTS_NEWEST = "imports:newest"
IMPORTS_WAITING = "imports:waiting"
LISTS_LAST_ID = "lists:last-id"
SUPPRESSION_SCOPES = "suppression:scopes"
CONSENT_STATEMENTS = "consent:statements"
CONSENT_TOGETHER = "consent:together"

ADDRESS_SHARDS = range(256)
"""The first byte of an address's digest."""

BUCKET_SIZE = 128
"""People in one hash: small enough to stay a listpack, and the fastest to update of those measured."""


def address_bucket(digest: bytes) -> str:
    """Name the hash that this address's id is in."""
    return f"{{a{digest[0]:02x}}}:addr:{digest[1]:02x}"


def address_field(digest: bytes) -> bytes:
    """Name the address's field in its hash."""
    return digest[2:]


def people_bucket(chunk: int, bucket: int) -> str:
    """Name a hash of 128 packed people."""
    return f"{{c{chunk}}}:people:{bucket}"


def record_place(subscriber_id: int) -> tuple[str, int]:
    """Name the hash and the field of a person's record."""
    position = subscriber_id & 0xFFFF
    return people_bucket(subscriber_id >> 16, position // BUCKET_SIZE), position % BUCKET_SIZE


def consent_bucket(chunk: int, bucket: int) -> str:
    """Name the hash with the consent history of 128 people."""
    return f"{{c{chunk}}}:consent:{bucket}"


def list_bits(chunk: int, list_id: int, state: str) -> str:
    """Name the bitmap of who is in this state on the list."""
    return f"{{c{chunk}}}:list:{list_id}:{state}"


def lists_of(chunk: int) -> str:
    """Name the bitmaps of all lists, but for list and state."""
    return f"{{c{chunk}}}:list:"


def list_pauses(chunk: int) -> str:
    """Name the sorted set of when the paused of a chunk are active again."""
    return f"{{c{chunk}}}:list:pauses"


def suppressed_bits(chunk: int, reason: str | None = None, newsletter: str = "") -> str:
    """Name the bitmap of the suppressed: for one reason or for any, everywhere or for one newsletter."""
    if newsletter:
        whole = f"{{c{chunk}}}:suppressed@{newsletter}"
        return f"{{c{chunk}}}:suppressed@{newsletter}:{reason}" if reason else whole
    return f"{{c{chunk}}}:suppressed:{reason}" if reason else f"{{c{chunk}}}:suppressed"


def suppression_ends(chunk: int) -> str:
    """Name the sorted set of when suppressions of people of a chunk end."""
    return f"{{c{chunk}}}:suppression:ends"


def scratch(chunk: int, name: str) -> str:
    """Name a bitmap that a script uses and deletes."""
    return f"{{c{chunk}}}:scratch:{name}"


def shared_consents(chunk: int) -> str:
    """Name the set of the entries that many people of the chunk have in common."""
    return f"{{c{chunk}}}:consent:together"


def shared_consent_bits(chunk: int, digest: bytes) -> str:
    """Name the bitmap of who has this entry."""
    return f"{{c{chunk}}}:consent:together:{digest.hex()}"


def suppressions(shard: int) -> str:
    """Name the hash with the suppressions of a shard's addresses."""
    return f"{{a{shard:02x}}}:suppression"


def removed_suppressions(shard: int) -> str:
    """Name the hash with the traces of removed suppressions of a shard's addresses."""
    return f"{{a{shard:02x}}}:suppression:removed"


def import_bits(chunk: int, import_id: str, word: str) -> str:
    """Name the bitmap of what an import did: `new`, `updated` or `placed`."""
    return f"{{c{chunk}}}:import:{import_id}:{word}"


def import_facts(import_id: str) -> str:
    """Name the hash with what an import is and how far it has come."""
    return f"import:{import_id}"


def import_held(import_id: str) -> str:
    """Name what says that a worker is at an import."""
    return f"import:{import_id}:held"


def import_parts(import_id: str) -> str:
    """Name the hash of how many parts the files of an import have."""
    return f"import:{import_id}:parts"


def import_part(import_id: str, which: str, number: int) -> str:
    """Name a part of an import's `file` or of its `rejected` rows."""
    return f"import:{import_id}:{which}:{number}"


def everyone_bits(chunk: int) -> str:
    """Name the bitmap of who has a record."""
    return f"{{c{chunk}}}:everyone"


def value_bits(chunk: int, field: str, value: str) -> str:
    """Name the bitmap of who has this value in an indexed field."""
    return f"{{c{chunk}}}:with:{field}:{value}"


def values(field: str) -> str:
    """Name the set of the values of an indexed field."""
    return f"values:{field}"
