"""What the scheduler does twice a second: look in Redis what each lane has to do."""

from __future__ import annotations

from mailer.delivery.lane import Lane
from mailer.delivery.press import Press
from mailer.delivery.ticking import tick


async def look(press: Press, planner: str) -> dict[Lane, int]:
    """Return for how many shifts each lane has something to do now; `planner` names this process."""
    return {Lane.DELIVERY: await tick(press, planner), Lane.BULK: min(1, len(await press.people.imports.free()))}
