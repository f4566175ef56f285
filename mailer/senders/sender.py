"""Who mail is from, and what must be true of it before a mailbox provider believes it.

The findings here need no network: what the address and the names themselves say. Whether the domain's DNS agrees (SPF,
DKIM, DMARC) is another question, asked elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

FREEMAIL_DOMAINS = frozenset(
    [
        *(
            "gmail.com",
            "googlemail.com",
            "yahoo.com",
            "yahoo.co.uk",
            "yahoo.co.jp",
            "yahoo.de",
            "yahoo.fr",
            "ymail.com",
        ),
        *(
            "rocketmail.com",
            "aol.com",
            "outlook.com",
            "hotmail.com",
            "hotmail.co.uk",
            "live.com",
            "msn.com",
            "passport.com",
        ),
        *("icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "pm.me", "tutanota.com", "tuta.com"),
        *(
            "gmx.de",
            "gmx.net",
            "gmx.com",
            "gmx.at",
            "gmx.ch",
            "web.de",
            "t-online.de",
            "freenet.de",
            "mail.de",
            "posteo.de",
        ),
        *("mail.ru", "inbox.ru", "list.ru", "bk.ru", "yandex.ru", "yandex.com", "rambler.ru", "ukr.net", "seznam.cz"),
        *(
            "qq.com",
            "foxmail.com",
            "163.com",
            "126.com",
            "yeah.net",
            "sina.com",
            "sina.cn",
            "sohu.com",
            "aliyun.com",
            "139.com",
        ),
        *(
            "orange.fr",
            "wanadoo.fr",
            "free.fr",
            "laposte.net",
            "sfr.fr",
            "libero.it",
            "virgilio.it",
            "wp.pl",
            "o2.pl",
            "onet.pl",
        ),
        *("naver.com", "daum.net", "hanmail.net", "rediffmail.com", "zoho.com", "fastmail.com", "hey.com", "mail.com"),
        *(
            "comcast.net",
            "verizon.net",
            "att.net",
            "sbcglobal.net",
            "cox.net",
            "btinternet.com",
            "uol.com.br",
            "terra.com.br",
        ),
    ]
)
"""Domains whose providers forbid mail from elsewhere under their name (DMARC), or quarantine it, as Gmail does."""

_ADDRESS = re.compile(r"[^\s@<>\",;:\\]+@(?P<domain>(?:[^\s@.]+\.)+[^\s@.]{2,})")
_DOMAIN = re.compile(r"(?:(?!-)[\w-]{1,63}(?<!-)\.)+(?!-)[\w-]{2,63}(?<!-)")
_THREAD = re.compile(r"(?:re|fwd?|aw|wg)\s*:", re.IGNORECASE)
# Symbols that mail programs draw themselves: check marks, badges, envelopes, and emoji of any kind.
_DRAWN = frozenset({"So", "Sk", "Cs", "Co"})
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class SenderFlaw:
    """Something about a sender that keeps mail from arriving."""

    rule: str
    """The requirement, such as "R3"."""
    is_blocking: bool
    """Whether nothing may be mailed before it is mended."""
    message: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The names and addresses that a newsletter's mail is from."""

    name: str
    address: str
    reply_to: str = ""
    return_path_domain: str = ""

    @property
    def domain(self) -> str:
        """The domain of the address, in small letters."""
        return self.address.rpartition("@")[2].lower()

    def flaws(self) -> list[SenderFlaw]:
        """Return everything wrong with it, what blocks first; an empty list for a good sender."""
        found = [*self._address_flaws(), *self._answer_flaws(), *self._name_flaws()]
        return sorted(found, key=lambda flaw: not flaw.is_blocking)

    def _address_flaws(self) -> list[SenderFlaw]:
        if _ADDRESS.fullmatch(self.address) is None:
            message = (
                f"The sender's address “{self.address}” is no mail address." if self.address else "There is no sender."
            )
            return [SenderFlaw("R12", True, message, "Give an address of your own domain, such as news@example.com.")]
        if is_freemail(self.domain):
            return [
                SenderFlaw(
                    "R3",
                    True,
                    f"Mail under the name of {self.domain} from anywhere else is refused or put into spam.",
                    "Use an address of a domain of your own.",
                )
            ]
        return []

    def _answer_flaws(self) -> list[SenderFlaw]:
        flaws = []
        if self.reply_to and _ADDRESS.fullmatch(self.reply_to) is None:
            flaws.append(
                SenderFlaw(
                    "R12",
                    True,
                    f"The reply address “{self.reply_to}” is no mail address.",
                    "Correct it, or leave it out.",
                )
            )
        if self.return_path_domain and _DOMAIN.fullmatch(self.return_path_domain) is None:
            flaws.append(
                SenderFlaw(
                    "R12",
                    True,
                    f"Bounces cannot come back to “{self.return_path_domain}”, which is no domain.",
                    "Give a domain whose MX is this Pressrun, such as bounces.example.com.",
                )
            )
        if self.address.lower().startswith(("noreply@", "no-reply@", "donotreply@")) and not self.reply_to:
            flaws.append(
                SenderFlaw(
                    "R22",
                    False,
                    "Readers cannot answer a no-reply address.",
                    "Give a reply address that somebody reads.",
                )
            )
        return flaws

    def _name_flaws(self) -> list[SenderFlaw]:
        fix = "Let the name say who sends, and nothing else: the newsletter's or the publisher's name."
        reasons: list[tuple[bool, bool, str]] = [
            (not self.name.strip(), False, "The sender has no name; mail programs show the bare address."),
            ("@" in self.name, True, "The sender's name holds an “@”, as if it were another address."),
            ("{{" in self.name, True, "The sender's name is the same for everybody and can have no personal field."),
            (
                _THREAD.match(self.name) is not None,
                False,
                "The sender's name pretends to be an answer (“Re:”, “Fwd:”).",
            ),
            (_has_drawing(self.name), False, "The sender's name holds an emoji or a sign that looks like a badge."),
            (len(self.name) > _LONGEST_NAME, False, f"The sender's name is longer than {_LONGEST_NAME} characters."),
        ]
        return [SenderFlaw("R22", is_blocking, reason, fix) for is_so, is_blocking, reason in reasons if is_so]


def is_freemail(domain: str) -> bool:
    """Whether the domain belongs to a mailbox provider whose addresses everybody can get."""
    return domain.lower().rstrip(".") in FREEMAIL_DOMAINS


def _has_drawing(name: str) -> bool:
    # ©, ® and ™ are of the same category as emoji, and stand in honest names.
    return any(unicodedata.category(character) in _DRAWN and character not in "©®™℠^`¨¯´¸" for character in name)
