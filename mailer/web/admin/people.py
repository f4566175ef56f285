"""The lists and their people, and the page of one person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from mailer.delivery.explaining import Explanation, explain_many
from mailer.delivery.press import Press
from mailer.errors import NotFoundError
from mailer.issues.mailing import Mailing
from mailer.web.pages import page
from mailer.web.paging import paging
from subscribers.cohort import Cohort, SubscriberId
from subscribers.lists import ListId, MailingList
from subscribers.subscriber import Subscriber
from subscribers.subscription import SubscriptionState

router = APIRouter()

_FOUND_AT_MOST = 50
_MAILINGS_SHOWN = 50
_SUPPRESSED = "suppressed"
_STATES = (*(state.value for state in SubscriptionState), _SUPPRESSED)


@dataclass(frozen=True, slots=True)
class _ListRow:
    """A list and how many people stand where on it."""

    mailing_list: MailingList
    counts: dict[SubscriptionState, int]


@dataclass(frozen=True, slots=True)
class _PersonRow:
    """A person in a table, with the lists they are or were on."""

    subscriber: Subscriber
    places: list[tuple[MailingList, SubscriptionState]]
    is_suppressed: bool


@router.get("/people")
async def show_people(request: Request, search: str = "", state: str = "") -> Response:
    """Show every list, and the people who were searched for, or stand on a list or in a state."""
    press: Press = request.app.state.press
    lists = await press.people.lists.all()
    slug = request.query_params.get("list", "")
    chosen = await press.people.lists.find(slug) if slug else None
    state = state if state in _STATES else ""
    if search.strip():
        found = await press.people.subscribers.search(search.strip(), limit=_FOUND_AT_MOST)
        part = None
    else:
        cohort = await _cohort(press, [chosen] if chosen else lists, state, is_everybody=not chosen)
        part = paging(request, cohort.count())
        found = await _read(press, cohort.slice(part.start, part.size))
    return page(
        request,
        "admin/people.html",
        lists=[_ListRow(one, await press.people.lists.counts(one.id)) for one in lists],
        chosen=chosen,
        state=state,
        states=_STATES,
        search=search.strip(),
        rows=await _person_rows(press, found, lists),
        paging=part,
    )


@router.get("/people/{subscriber_id}")
async def show_person(request: Request, subscriber_id: int) -> Response:
    """Show one person: lists, suppression, consent, and what became of every mailing."""
    press: Press = request.app.state.press
    subscriber = await press.people.subscribers.get(SubscriberId(subscriber_id))
    if subscriber is None:
        raise NotFoundError(f"There is no person with the number {subscriber_id}, or no longer.")
    lists = await press.people.lists.all()
    (row,) = await _person_rows(press, [subscriber], lists)
    return page(
        request,
        "admin/person.html",
        subscriber=subscriber,
        places=row.places,
        suppressions=await press.people.suppressions.all_of(subscriber.address),
        consents=reversed(await press.people.consents.of(subscriber.id)),
        list_names={one.id: one.name for one in lists},
        happened=await _happened(press, subscriber.id),
        mailings_shown=_MAILINGS_SHOWN,
    )


async def _cohort(press: Press, lists: Sequence[MailingList], state: str, *, is_everybody: bool) -> Cohort:
    if state == _SUPPRESSED:
        suppressed = await _suppressed(press)
        return suppressed if is_everybody else suppressed & await _on_lists(press, lists, list(SubscriptionState))
    if state:
        return await _on_lists(press, lists, [SubscriptionState(state)])
    if is_everybody:
        # Everybody who ever joined has a number; the numbers of erased people show no row.
        return Cohort.of(range(1, await press.people.subscribers.last_id() + 1))
    return await _on_lists(press, lists, list(SubscriptionState))


async def _on_lists(press: Press, lists: Iterable[MailingList], states: Sequence[SubscriptionState]) -> Cohort:
    everybody = Cohort()
    for one in lists:
        for state in states:
            everybody |= await press.people.lists.cohort(one.id, state)
    return everybody


async def _suppressed(press: Press) -> Cohort:
    chunks = range(await press.people.subscribers.chunk_count())
    return Cohort({chunk: await press.people.suppressions.bits(chunk) for chunk in chunks})


async def _read(press: Press, cohort: Cohort) -> list[Subscriber]:
    ids = list(cohort)
    people = await press.people.subscribers.read(ids)
    return [people[one] for one in ids if one in people]


async def _person_rows(press: Press, people: Sequence[Subscriber], lists: Sequence[MailingList]) -> list[_PersonRow]:
    by_id: dict[ListId, MailingList] = {one.id: one for one in lists}
    suppressions = await press.people.suppressions.find_many([person.address for person in people])
    return [
        _PersonRow(
            person,
            [(by_id[one], state) for one, state in (await press.people.lists.lists_of(person.id)).items()],
            suppression is not None,
        )
        for person, suppression in zip(people, suppressions, strict=True)
    ]


async def _happened(press: Press, subscriber_id: SubscriberId) -> list[tuple[Mailing, Explanation]]:
    happened = []
    for mailing in (await press.mailings.all())[:_MAILINGS_SHOWN]:
        (explanation,) = await explain_many(press, mailing.id, [subscriber_id])
        if explanation.standing is not None:
            happened.append((mailing, explanation))
    return happened
