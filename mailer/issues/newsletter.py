"""A newsletter: a publication with a name, a sender and a postal address. It owns lists; issues appear in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailer.errors import ConfigError, SourceError
from mailer.issues.aims.tracking import Tracking
from mailer.issues.wording import check_language, check_line, check_slug
from mailer.quiethours import QuietHours
from subscribers.address import parse_address
from subscribers.errors import AddressError

NO_QUIET_HOURS = "none"
_NOTICES = frozenset({"welcome", "goodbye"})
_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """A publication as its editor knows it.

    Raises SourceError for a slug of other characters than a–z, 0–9 and "-", and for line breaks or control characters
    where they could break out of a mail header.
    """

    slug: str
    name: str
    sender_name: str
    """The display name in From; it names the sender and nothing else."""
    sender_address: str
    """The address in From."""
    reply_to: str = ""
    """Where answers go; empty: to the sender's address."""
    return_path_domain: str = ""
    """The domain that bounces come back to, such as `bounces.example.com`; empty: the sender's domain."""
    postal_address: str = ""
    """Shown at the end of every mail, as the law of many countries asks; lines are kept."""
    language: str = "en"
    """The language of its issues where they do not say (BCP 47)."""
    list_id_domain: str = ""
    """The domain in List-Id; empty: the sender's domain. Never change it: mailboxes sort by it (RFC 2919 §3)."""
    theme: str = "digest"
    """The template of its issues where they do not say."""
    tracking: Tracking = Tracking.OFF
    """What is recorded of the reading of its issues, where they do not say."""
    notices: tuple[str, ...] = ()
    """What people are told by mail beside the confirmation: `welcome` when they come, `goodbye` when they leave."""
    look: dict[str, str] = field(default_factory=dict, hash=False)
    """What its mails look like, whatever the theme: `logo`, `accent`, `font`, … (see `mailer.rendering.look`)."""

    quiet_hours: str = ""
    """Hours of each day at which its mailings hand nothing over, such as `22:00-07:00 Europe/Berlin`; `none`: none,
    whatever the settings say; empty: those of the settings."""

    def __post_init__(self) -> None:
        check_slug(self.slug, what="newsletter")
        for what in ("name", "sender_name", "sender_address", "reply_to", "return_path_domain", "list_id_domain"):
            check_line(getattr(self, what), what=f"newsletter {self.slug}: {what}")
        for what in ("sender_address", "reply_to"):
            _check_address(getattr(self, what), what=what, place=f"newsletter {self.slug}")
        for what in ("return_path_domain", "list_id_domain"):
            if domain := getattr(self, what):
                _check_address(f"bounces@{domain}", what=what, place=f"newsletter {self.slug}")
        check_language(self.language, place=f"newsletter {self.slug}")
        if wrong := set(self.notices) - _NOTICES:
            raise SourceError(
                f"There is no notice “{min(wrong)[:40]}”.",
                place=f"newsletter {self.slug}",
                fix=f"There are: {', '.join(sorted(_NOTICES))}.",
            )
        try:
            self.quiet(None)
        except ConfigError as error:
            raise SourceError(str(error), place=f"newsletter {self.slug}", fix="Or write none.") from error
        for key, value in self.look.items():
            check_line(value.replace("\n", " "), what=f"newsletter {self.slug}: look, {key}")

    def quiet(self, otherwise: QuietHours | None) -> QuietHours | None:
        """Return its quiet hours, which are `otherwise` where it has none of its own; None: there are none."""
        if not self.quiet_hours:
            return otherwise
        return None if self.quiet_hours == NO_QUIET_HOURS else QuietHours.read(self.quiet_hours)

    @property
    def sender_domain(self) -> str:
        """The domain of the address in From."""
        return self.sender_address.rpartition("@")[2]

    @property
    def bounce_domain(self) -> str:
        """The domain of the return path."""
        return self.return_path_domain or self.sender_domain

    @property
    def list_id(self) -> str:
        """The value of List-Id: `Name <slug.domain>` (RFC 2919 §2), ASCII, the same for the newsletter's whole life.

        The phrase is left out where it is not ASCII: encoded words have no place in a List- header, and the identifier
        is what mail programs sort by.
        """
        identifier = f"<{self.slug}.{self.list_id_domain or self.sender_domain}>"
        if not self.name.isascii():
            return identifier
        if _PHRASE.fullmatch(self.name):
            return f"{self.name} {identifier}"
        quoted = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" {identifier}'


def _check_address(address: str, *, what: str, place: str) -> None:
    """Raise SourceError unless mail can come from, or go back to, this address; an empty one says nothing."""
    if not address and what == "reply_to":
        return
    try:
        parse_address(address)
    except AddressError as error:
        raise SourceError(
            f"Its {what.replace('_', ' ')} cannot be used: {error.reason}",
            place=place,
            fix="Correct it, for instance to news@example.com or bounces.example.com.",
        ) from error
