"""From blocks to sections: which blocks share a card, and where a condition parts cards.

A wide block takes a section of its own, and the story goes on after it in a card without a heading. A condition that
reaches over more than one section stands between sections, so that leaving it out takes whole sections away.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailer.issues.fields import TagKind
from mailer.rendering.document import Block, Columns, Control, Hero, Product, RawMjml, Section, Story

_Item = Block | Story
"""A story stands for the beginning of its card."""


def laid_out(items: Sequence[_Item], kinds: Sequence[TagKind]) -> tuple[Section, ...]:
    """Return the sections of a source. `kinds` are those of its controls, in order."""
    parting = _parting(items, kinds)
    sections: list[Section] = []
    story: Story | None = None
    card: list[Block] = []

    def close() -> None:
        nonlocal story
        if story is not None or card:
            sections.append(Section("card", story, tuple(card)))
        story = None
        card.clear()

    for position, item in enumerate(items):
        if isinstance(item, Story):
            close()
            story = item
        elif isinstance(item, Hero | Columns | Product | RawMjml):
            close()
            sections.append(Section(item.kind, wide=item))
        elif isinstance(item, Control) and position in parting:
            close()
            sections.append(Section("control", control=item))
        else:
            card.append(item)
    close()
    return tuple(sections)


def _parting(items: Sequence[_Item], kinds: Sequence[TagKind]) -> set[int]:
    """Return the places of the controls whose condition reaches over more than one section."""
    parting: set[int] = set()
    opened: list[list[int]] = []
    kind = iter(kinds)
    for position, item in enumerate(items):
        if isinstance(item, Control):
            turned = next(kind)
            if turned is TagKind.IF:
                opened.append([])
            opened[-1].append(position)
            if turned is TagKind.ENDIF:
                chain = opened.pop()
                reaches_over = any(_is_section(one) or place in parting for place, one in _within(items, chain))
                parting.update(chain if reaches_over else ())
    return parting


def _within(items: Sequence[_Item], chain: Sequence[int]) -> list[tuple[int, _Item]]:
    return [(place, items[place]) for place in range(chain[0] + 1, chain[-1])]


def _is_section(item: _Item) -> bool:
    return isinstance(item, Story | Hero | Columns | Product | RawMjml)
