"""What the demo has to show: a newsletter, a list, people and an issue, all made up."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from mailer import clock
from mailer.delivery.press import Press
from mailer.demo.people import write_sample_file
from mailer.issues.importing import read_issue_file
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.senders.rotating import activate_unseen, make_key
from subscribers.consent import Consent
from subscribers.importing import ImportReport, import_csv
from subscribers.lists import MailingList

NEWSLETTER = Newsletter(
    slug="lantern-weekly",
    name="Lantern Weekly",
    sender_name="Lantern Weekly",
    sender_address="editors@lantern.example.com",
    reply_to="letters@lantern.example.com",
    return_path_domain="bounces.lantern.example.com",
    postal_address="Lantern Weekly, 1 Example Street, 20095 Hamburg",
    language="en",
)
LIST_SLUG = "lantern-readers"

_SAMPLE_FILE = "china-digest-sample.md"


async def load_newsletter(press: Press) -> MailingList:
    """Store the sample newsletter and its list, unless they are there; return the list."""
    if await press.newsletters.find(NEWSLETTER.slug) is None:
        await press.newsletters.put(NEWSLETTER)
    await _sign(press)
    return await press.people.lists.create(LIST_SLUG, name="Readers of Lantern Weekly", newsletter=NEWSLETTER.slug)


async def _sign(press: Press) -> None:
    """Let the newsletter's mail be signed. Nothing is published: its domain is reserved, and nobody verifies."""
    domain = NEWSLETTER.sender_domain
    if not await press.keys.active(domain):
        key = next(iter(await press.keys.of(domain)), None) or await make_key(press.keys, domain, now=clock.now())
        await activate_unseen(press.keys, domain, key.selector, clock.now())


async def load_people(press: Press, joined: MailingList, file: Path) -> ImportReport:
    """Import people as confirmed, since nobody made up can press a link."""
    now = clock.now()
    consent = Consent(list_id=joined.id, when=now, words="Sample person of the demo.", where=file.name, by="demo")
    return await import_csv(press.people, file, joined, consent=consent, confirmed=True, now=now)


async def load_sample_people(press: Press, joined: MailingList, count: int, folder: Path) -> ImportReport:
    """Import so many sample people. The file stays in the folder, to be looked at."""
    file = folder / "sample-people.csv"
    write_sample_file(file, count)
    return await load_people(press, joined, file)


async def load_issue(press: Press, file: Path, button_url: str = "") -> tuple[Issue, list[str]]:
    """Import an issue, over the one of its name if there is one; return it, and the importer's notes."""
    issue, notes = read_issue_file(file, now=clock.now(), newsletter=NEWSLETTER.slug, button_url=button_url)
    # Whatever the file says: the demo has one newsletter, and its list.
    issue = replace(issue, newsletter=NEWSLETTER.slug)
    if earlier := await press.issues.find(issue.slug):
        issue = replace(issue, created=earlier.created, version=earlier.version)
    return await press.issues.put(issue), notes


async def sample_issue(press: Press) -> Issue:
    """Return the sample issue as it is stored, perhaps changed by somebody; import it where it is not there."""
    with as_file(files("mailer.demo") / "samples" / _SAMPLE_FILE) as file:
        issue, _ = read_issue_file(file, now=clock.now())
    fresh = replace(issue, newsletter=NEWSLETTER.slug)
    return await press.issues.find(fresh.slug) or await press.issues.put(fresh)
