"""The names of a ledger's keys in Redis.

Everything about the people of one chunk shares the hash tag `{cN}` with the people themselves, so that one script can
read and write them on one node of a cluster; what is about a mailing as a whole shares `{m<id>}`.
"""

from __future__ import annotations

from mailer.issues.mailing import MailingId

OPEN = "ledgers:open"
"""The key of the set of mailings whose ledger is not closed."""

NOWHERE = "nowhere"
"""A key that never is: writing nothing to it tells whether Redis takes writes."""

ALIVE = "alive"
"""The key of the hash process -> when it last said that it is at work (milliseconds since 1970)."""


def word(mailing: MailingId, chunk: int, name: str) -> str:
    """Return the key of one bitmap: `audience`, `accepted`, ... or `excluded:<reason>`."""
    return f"{{c{chunk}}}:mailing:{mailing}:{name}"


def lease(mailing: MailingId, chunk: int, batch: str) -> str:
    """Return the key of a batch's lease."""
    return f"{{c{chunk}}}:mailing:{mailing}:lease:{batch}"


def fences(mailing: MailingId, chunk: int) -> str:
    """Return the key of the hash that counts how often each batch's lease was taken."""
    return f"{{c{chunk}}}:mailing:{mailing}:fences"


def replies(mailing: MailingId, chunk: int) -> str:
    """Return the key of the hash with the last reply about each refused, deferred or uncertain person."""
    return f"{{c{chunk}}}:mailing:{mailing}:replies"


def due(mailing: MailingId) -> str:
    """Return the key of the sorted set of unfinished batches by due time, in milliseconds of Redis' clock."""
    return f"{{m{mailing}}}:due"


def chunks(mailing: MailingId) -> str:
    """Return the key of the set of chunks that the audience touches."""
    return f"{{m{mailing}}}:chunks"


def planner(mailing: MailingId) -> str:
    """Return the key that the process holds which is freezing the audience."""
    return f"{{m{mailing}}}:planner"


def pace(mailing: MailingId) -> str:
    """Return the key of the hash second -> hand-overs settled in it."""
    return f"{{m{mailing}}}:pace"


def request(request_id: str) -> str:
    """Return the key that remembers which mailing a request made, so that pressing twice makes one."""
    return f"request:{request_id}"


def turn(mailing: MailingId, chunk: int, number: int) -> str:
    """Return the key of a chunk's people of one turn."""
    return f"{{c{chunk}}}:mailing:{mailing}:turn:{number}"


def turns(mailing: MailingId) -> str:
    """Return the key of the hash that says when each turn comes."""
    return f"{{m{mailing}}}:turns"


def canary(mailing: MailingId) -> str:
    """Return the key of the hash that says how far a canary is."""
    return f"{{m{mailing}}}:canary"
