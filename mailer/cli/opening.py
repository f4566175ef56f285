"""Opens the press for one command, and closes it after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mailer.delivery.press import Press

T = TypeVar("T")


def with_press(story: Callable[[Press], Awaitable[T]]) -> T:
    """Run a command's story over an open press.

    The press is imported here, not above, so that `--help` need not wait for it. Raises StorageDownError if Redis is
    down.
    """
    from mailer.settings import load_settings
    from mailer.wiring import open_press

    async def whole() -> T:
        async with open_press(load_settings()) as press:
            return await story(press)

    return asyncio.run(whole())
