"""A reader of the demo leaves, as a mail program does it: the one-click POST of RFC 8058, over real HTTP."""

from __future__ import annotations

import re
from email.message import Message
from email.utils import parseaddr
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from mailer.demo.counting import addressee, read_header
from mailer.errors import PressrunError
from mailer.inbox.tricks import Trick, trick_of
from mailer.issues.mailing import MailingId
from mailer.tokens import Tokens
from subscribers.cohort import SubscriberId

_BODY = "List-Unsubscribe=One-Click"
_PATIENCE_SECONDS = 10


def leave_with_one_click(header: Message) -> str:
    """Press the unsubscribe button that a mail program shows for this message; return the address that was posted to.

    Raises PressrunError if the message offers none, or the answer is not 200.
    """
    found = re.search(r"<(https?://[^>]+)>", " ".join(header.get("List-Unsubscribe", "").split()))
    if not found or header.get("List-Unsubscribe-Post") != _BODY:
        raise PressrunError("The message offers no one-click unsubscribe (RFC 8058 §3.1).")
    url = urlsplit(found[1])
    connection = HTTPConnection(url.netloc, timeout=_PATIENCE_SECONDS)
    try:
        # RFC 8058 §3.2: no cookies, no other context; the address alone says who leaves which list.
        connection.request("POST", url.path, _BODY, {"Content-Type": "application/x-www-form-urlencoded"})
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise PressrunError(f"The one-click unsubscribe was not answered: {error}") from error
    finally:
        connection.close()
    if status != 200:
        raise PressrunError(f"The one-click unsubscribe was answered with status {status}.")
    return found[1]


def find_reader(messages: Path, tokens: Tokens, mailing: MailingId) -> tuple[SubscriberId, Message]:
    """Return a reader who got this mailing and to whom nothing special happens, and the header of their message.

    Raises PressrunError if there is none.
    """
    for file in sorted(messages.glob("*.eml")):
        header = read_header(file)
        whose = addressee(header, tokens)
        if whose and whose[0] == mailing and trick_of(parseaddr(header.get("To", ""))[1]) is Trick.NONE:
            return whose[1], header
    raise PressrunError(f"No reader with a message of mailing {mailing} is in {messages}, so none can leave.")
