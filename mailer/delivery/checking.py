"""The whole check of an issue: what it says, the pictures it uses, where its links lead, what a spam filter thinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from mailer.delivery.press import Press
from mailer.errors import ConflictError
from mailer.fetching import web_client
from mailer.issues.assets.asset import PATH, asset_names
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.checks.reaching import link_answers, picture_weights
from mailer.rendering.checks.spamscore import spam_flaws
from mailer.rendering.compiling import compile_edition
from mailer.rendering.document import WrittenLink
from mailer.rendering.linkcheck import Flaw
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.preflight import Finding, Level, check
from mailer.rendering.reading import read_content
from mailer.rendering.samples import sample_people

_FACTS = MailingFacts(mailing_id=0, list_id=0, list_slug="check")


async def check_issue(press: Press, slug: str, *, now: datetime, is_online: bool) -> list[Finding]:
    """Return what is wrong with an issue, blocking findings first; online, links, pictures and a spam filter are asked.

    Raises NotFoundError or ConflictError where there is no issue, or none that belongs to a newsletter.
    """
    issue = await press.issues.get(slug)
    if not issue.newsletter:
        raise ConflictError(f"Issue {slug} belongs to no newsletter. Import it again and name one with --newsletter.")
    newsletter = await press.newsletters.get(issue.newsletter)
    findings = check(issue, newsletter, None, press.settings.public_url, press.shelf)
    if any(one.rule == "compile" for one in findings):
        return findings
    findings += await missing_assets(press, issue)
    if is_online:
        findings += await _on_the_web(press, issue, newsletter)
        findings += await _by_filter(press, issue, newsletter, now)
    return sorted(findings, key=lambda one: one.level is not Level.BLOCK)


async def missing_assets(press: Press, issue: Issue) -> list[Finding]:
    """Return a blocking finding for each picture that an issue names and nobody added."""
    return [
        Finding(
            Level.BLOCK,
            "asset-missing",
            f"issue {issue.slug}:{issue.source.count(chr(10), 0, max(0, issue.source.find(name))) + 1}",
            f"There is no picture or file asset:{name}.",
            "Add its file with `pressrun assets add`.",
        )
        for name in asset_names(f"{issue.source}\n{issue.attachments}")
        if await press.assets.find(name) is None
    ]


async def _on_the_web(press: Press, issue: Issue, newsletter: Newsletter) -> list[Finding]:
    ours = f"{press.settings.public_url}/"
    content = read_content(issue, newsletter, public_url=press.settings.public_url)

    async def own(url: str) -> int | None:
        if not url.startswith(f"{press.settings.public_url}{PATH}"):
            return None
        found = await press.assets.find(url.rpartition("/")[2])
        return found.length if found else 0

    async with web_client(seconds=10, allowed=press.settings.fetch_allowed) as client:
        links = [link for link in _shown(content.document.links, content.holes.shown) if not link.url.startswith(ours)]
        flaws = await link_answers(links, client)
        flaws += await picture_weights(_shown(content.document.images, content.holes.shown), client, own)
    return [_warning(flaw, f"issue {issue.slug}:{line}" if line else f"issue {issue.slug}") for line, flaw in flaws]


async def _by_filter(press: Press, issue: Issue, newsletter: Newsletter, now: datetime) -> list[Finding]:
    if not press.settings.spam_filter:
        return []
    public_url = press.settings.public_url
    edition = compile_edition(issue, newsletter, public_url=public_url, shelf=press.shelf)
    assembler = Assembler(edition, newsletter, _FACTS, press.tokens, public_url)
    message = assembler.hand_over(sample_people()["usual"], now).message
    return [_warning(flaw, f"issue {issue.slug}") for flaw in await spam_flaws(press.settings.spam_filter, message)]


def _shown(links: Sequence[WrittenLink], shown: Callable[[str], str]) -> list[WrittenLink]:
    return [WrittenLink(shown(one.url), shown(one.words), one.line, one.is_decorative) for one in links]


def _warning(flaw: Flaw, place: str) -> Finding:
    return Finding(Level.WARN, flaw.rule, place, flaw.message, flaw.fix)
