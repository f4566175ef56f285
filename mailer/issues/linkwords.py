"""What is left in pasted text where a link was: "click here", "Read more", "Download the guide".

The address is lost, but the words tell what it was for, and what a button in its place should say. English only.
"""

from __future__ import annotations

import re

from mailer.issues.markup import LONGEST_URL, urls_in
from mailer.issues.plaintext import width_of

_LONGEST_CALL = 240
_LONGEST_BUTTON = 40
_MOST_OWN_WORDS = 4
_FALLBACK = "Read more"

_VERBS = (
    "read|download|register|watch|listen|get|view|see|book|join|shop|buy|discover|explore|start|try|learn|sign up|apply"
    "|donate|find out|check out|take|request|reserve|order|open|visit|subscribe"
)
_BARE = re.compile(
    r"[\[(]?(?:read (?:more|on|the full (?:story|article|post))|continue reading|learn more|more|see more"
    r"|find out more|full story|click here|details)[\])]?[ ]*(?:[.…»>→›]*|\.{3})",
    re.IGNORECASE,
)
_HERE = r"(?:here|below|(?:on )?(?:this|the) (?:link|button)(?: below)?|(?:the )?(?:link|button) below)"
_CLICK = re.compile(rf"\b(?:click|tap|press)(?: on)? {_HERE}\b", re.IGNORECASE)
_CLICK_TO = re.compile(rf"\b(?:click|tap|press)(?: on)? {_HERE} (?:to|and|for) (?P<action>[^.,;:!?]+)", re.IGNORECASE)
_ASKS = re.compile(
    rf"(?:please )?(?P<action>(?:{_VERBS})\b[^.,;:!?]*?)(?:[ ]?\b(?:here|below))?[ ]*[.!:→»>]*", re.IGNORECASE
)
_ASKS_HERE = re.compile(rf"(?:please )?(?:{_VERBS})\b.* (?:here|below)[.!:]?", re.IGNORECASE)
_TO_ACTION = re.compile(rf"\bto (?P<action>(?:{_VERBS})\b[^.,;:!?]+)", re.IGNORECASE)

_VERB_FOR: tuple[tuple[str, str], ...] = (
    (
        "Read",
        "reports?|articles?|guide|study|post|story|paper|white ?paper|e-?book|interview|issue|analysis|review|digest",
    ),
    ("Watch", "video|webinar|recording|film|talk|trailer"),
    ("Listen to", "podcast|episode|conversation"),
    ("Take", "survey|poll|quiz|course"),
    ("See", "programme|program|agenda|event|conference|workshop|exhibition|offer|collection|list|calendar|gallery"),
)
_BETWEEN = r"(?:(?!(?:of|in|and|from|the)\b)[\w'’&-]+ ){0,3}"
_THINGS = tuple(
    (verb, re.compile(rf"\b(?:the|our|this|your) (?P<thing>{_BETWEEN}(?:{nouns}))\b", re.IGNORECASE))
    for verb, nouns in _VERB_FOR
)


def is_bare_link(words: str) -> bool:
    """Whether the words are only a link's, such as "Read more »", and say nothing once its address is lost."""
    return _BARE.fullmatch(words) is not None


def button_words(words: str) -> str | None:
    """Return what a button should say for a passage that asks to follow a link, or None if it does not ask.

    "To learn more about the spring report, click here." gives "Learn more about the spring report".
    """
    asking = _without_url(words) if len(words) <= _LONGEST_CALL + LONGEST_URL else ""
    if not asking or width_of(asking) > _LONGEST_CALL:
        return None
    asks_here = _CLICK.search(asking) or _ASKS_HERE.fullmatch(asking)
    if not asks_here and not is_button_label(asking):
        return None
    return _action(asking) or _named_thing(asking) or _own_words(asking) or _FALLBACK


def is_button_label(words: str) -> bool:
    """Whether the words look like a button's own: a short request without a full stop, such as "Download the guide"."""
    is_short = 2 <= len(words.split()) <= 6 and len(words) <= _LONGEST_BUTTON
    return is_short and words[-1] not in ".:," and _ASKS.fullmatch(words) is not None and not is_bare_link(words)


def says_no_more(words: str, label: str) -> bool:
    """Whether a passage says nothing beyond the label of its button, so that it need not stand above it."""
    said = _without_url(words)
    asking = _ASKS.fullmatch(said)
    return asking is not None and label.casefold() in {
        _trimmed(asking["action"]).casefold(),
        _own_words(said).casefold(),
    }


def _without_url(words: str) -> str:
    for start, end in reversed(urls_in(words)):
        words = words[:start].rstrip("<([ ") + words[end:].lstrip(">)]")
    return words.strip(" :→-–—")


def _action(words: str) -> str:
    """Return the action that the words ask for, where it fits on a button."""
    found = _CLICK_TO.search(words) or _ASKS.fullmatch(words) or _TO_ACTION.search(words)
    action = _trimmed(found["action"]) if found else ""
    return action if len(action.split()) > 1 and len(action) <= _LONGEST_BUTTON else ""


def _named_thing(words: str) -> str:
    """Return a button for what the words name: "the October report" is read, "our webinar" is watched."""
    found = [(match.end(), verb, match["thing"]) for verb, pattern in _THINGS for match in pattern.finditer(words)]
    if not found:
        return ""
    _, verb, thing = max(found)
    label = f"{verb} the {thing}"
    return label if len(label) <= _LONGEST_BUTTON else f"{verb} the {thing.split()[-1]}"


def _own_words(words: str) -> str:
    """Return short words that ask by themselves, such as "Subscribe here", as they are."""
    bare = words.strip(" .!:»>→")
    is_short = len(bare.split()) <= _MOST_OWN_WORDS and len(bare) <= _LONGEST_BUTTON
    return bare[:1].upper() + bare[1:] if is_short and _ASKS_HERE.fullmatch(bare) else ""


def _trimmed(action: str) -> str:
    bare = re.sub(r" (?:here|below|now here|please)$", "", action.strip(), flags=re.IGNORECASE).strip(" :→»>")
    return bare[:1].upper() + bare[1:]
