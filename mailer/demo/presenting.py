"""`pressrun demo`: everything runs, a sample issue is mailed, and a link leads in. It stays until told to end."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from mailer import clock
from mailer.accounts.signing_in import make_link
from mailer.accounts.store import AccountStore
from mailer.delivery.controlling import schedule
from mailer.delivery.press import Press
from mailer.demo import sample
from mailer.demo.opening import OpenHouse
from mailer.demo.waiting import until_complete
from mailer.issues.mailing import Mailing
from subscribers.lists import MailingList

_REQUEST = "demo: the sample issue"


async def present(running: OpenHouse, people: int, say: Callable[[str], None]) -> str:
    """Show the sample, print the link, and stay until a process is broken; return the sentence that says which."""
    press = running.press
    joined = await sample.load_newsletter(press)
    await _have_people(running, joined, people, say)
    await _have_mailed(press, joined, say)
    link = await make_link(AccountStore(press.redis), public_url=press.settings.public_url, now=clock.now())
    say("")
    say(f"Pressrun runs at {running.house.url}. This link signs you in, once, within a day:")
    say("")
    say(f"    {link}")
    say("")
    say("Commands in another terminal are about this demo after:")
    say("")
    say(f"    . {shlex.quote(str(running.house.shell_file))}")
    say("")
    say("Ctrl-C ends everything; what is here stays, and the next start finds it.")
    return await running.supervisor.until_broken()


async def _have_people(running: OpenHouse, joined: MailingList, people: int, say: Callable[[str], None]) -> None:
    counts = await running.press.people.lists.counts(joined.id)
    if known := sum(counts.values()):
        say(f"{known:,} sample people are on the list {joined.slug} from an earlier start.")
        return
    report = await sample.load_sample_people(running.press, joined, people, running.house.home)
    say(f"{report.added:,} sample people are on the list {joined.slug} now.")


async def _have_mailed(press: Press, joined: MailingList, say: Callable[[str], None]) -> None:
    """Mail the sample issue, unless an earlier start has."""
    issue = await sample.sample_issue(press)
    earlier = [one for one in await press.mailings.all() if one.issue == issue.slug]
    if earlier:
        say(f"The sample issue was mailed before, in mailing {earlier[-1].id}; it is not mailed again.")
        return
    mailing: Mailing = await schedule(press, issue.slug, [joined.slug], now=clock.now(), request=_REQUEST)
    forecast = sum((await press.people.lists.counts(joined.id)).values())
    counts = await until_complete(press, mailing.id, forecast)
    say(
        f"The sample issue was mailed to {counts.audience:,} people: the inbox took {counts.accepted:,} messages "
        f"and refused {counts.refused:,}."
    )
