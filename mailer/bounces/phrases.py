"""Finds the class of a bounce by its words, with the phrasebook.

Addresses and URLs are taken out of the text first, since both often contain telling words by chance; so is Postfix's
"Recipient address rejected:", which it puts before any reason.
"""

from __future__ import annotations

import re

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.phrasebook import PHRASEBOOK

WORDS: dict[str, str] = {
    "judged": r"fail|pass|violat|accordance|accept|reject|enforce|check|polic|align|comply|missing|require|misalign",
    "not_taken": r"rejected|denied|refused|failed|blocked|unknown|invalid"
    r"|not (?:allowed|valid|found|exist|accepted|verified)",
    "mail": r"message|mail|e-?mail|attachment|file|body|header|line|data",
    "nowhere": r"not (?:be )?(?:found|resolve|exist)|unknown|does(?: no|n')t exist",
    "gone": r"changed|moved|removed|deleted|expired|closed|cancel+ed|terminated",
    "who": r"user|recipient|account|mailbox|address|addressee|alias|username|user ?id|subscriber|customer|member|login"
    r"|mailaddress|e-?mail|person",
    "be": r"is|are|was|were|est|has|have|does|been|temporarily|currently|administratively",
    "may": r"could|can|do|did",
    "entered": r"(?:entered |tried to reach )?",
    "unknown": r"unknown|not (?:be )?(?:found|known|recogni[sz]ed|listed|exist|(?:a )?(?:valid|registered)|here|local)"
    r"|not (?:matched|in (?:our|the|local|directory|database|ldap)|defined|present|located|reached)"
    r"|no(?:t|n)?[- ]?exist"
    r"|does ?n[o']?t ?exist|doesn'?t (?:exist|have|seem)|couldn'?t be found|cannot be found|wasn'?t found"
    r"|isn'?t (?:valid|known|here|found)|invalid|unavailable|undefined",
    "no_such": r"no such|no|unknown|invalid|bad|non-?existent|wrong|undeliverable|unroute?able|undefined|not a valid"
    r"|incorrect|illegal|inexistent|doesn'?t have an?|does not have an?|is not a (?:known|valid|registered)|isn'?t a",
    "kind_of": r"local |e-?mail |destination |mail ?|recipient |user |virtual |delivery |gateway ",
    "closed": r"disabled|suspended|deactivated|inactive|locked|frozen|blocked|bloque|discontinued|on hold|not active"
    r"|dormant|idle|barred|inactivated|not activated|restricted|no longer (?:active|in use)",
    "unwilling": r"rejected|refused|refuses|blocked|does not (?:want|wish)|doesn't want|only accepts",
    "machine": r"temporar|transient|internal|system|server|local|service|configuration|upstream|mail system|resource",
}
"""Words for the same thing; `<who>` in a phrase stands for any of `WORDS["who"]`."""

_NOISE = re.compile(r"recipient address rejected: |https?:\S+|www\.\S+|<[^<>\s]*@[^<>\s]*>|\S+@\S+")
_RULE = re.compile(r"([^\w\s])\1+")
_WORD = re.compile(r"<(\w+)>")


def class_of_text(text: str) -> BounceClass | None:
    """Return the class that the text names, or None if it says nothing that is known."""
    # Rules of dashes and stars say nothing, and would make the search slow.
    plain = " ".join(_RULE.sub(r"\1", _NOISE.sub(" ", text.lower())).split())
    for bounce_class, pattern in _COMPILED:
        if pattern.search(plain):
            return bounce_class
    return None


def _compile(phrases: str) -> re.Pattern[str]:
    """Return one pattern for all phrases of an entry."""
    lines = (line.strip() for line in phrases.splitlines())
    return re.compile("|".join(_WORD.sub(lambda word: f"(?:{WORDS[word[1]]})", line) for line in lines if line))


_COMPILED = tuple((bounce_class, _compile(phrases)) for bounce_class, phrases in PHRASEBOOK)
