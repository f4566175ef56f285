"""What the scheduler does twice a second: look in Redis what each lane has to do."""

from __future__ import annotations

from mailer.delivery.lane import Lane
from mailer.delivery.press import Press
from mailer.delivery.ticking import tick


async def look(press: Press, planner: str) -> dict[Lane, int]:
    """Return for how many shifts each lane has something to do now; `planner` names this process."""
    one_offs = await press.outbox.count_due(await press.ledger.now())
    imports = await press.people.imports.free()
    return {
        Lane.TRANSACTIONAL: min(one_offs, 1),
        Lane.DELIVERY: await tick(press, planner),
        Lane.BULK: min(len(imports), 1),
    }
