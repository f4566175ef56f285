"""Opens the demo: Redis, then the processes, then a press to ask questions of."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mailer.delivery import presence
from mailer.delivery.press import Press
from mailer.demo.house import House, moved_in
from mailer.demo.loopback import redis_answers
from mailer.demo.redisserver import close_redis_server, open_redis_server, short_socket_path
from mailer.demo.supervisor import Supervisor
from mailer.errors import ConfigError
from mailer.settings import load_settings
from mailer.wiring import open_press

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class OpenHouse:
    """A demo that runs."""

    house: House
    press: Press
    supervisor: Supervisor


@asynccontextmanager
async def open_house(house: House, say: Callable[[str], None]) -> AsyncIterator[OpenHouse]:
    """Start everything, and end everything when the block is left.

    Raises ConfigError, in one sentence, for whatever the operator must put right first.
    """
    with moved_in(house):
        # So that the settings file that is read is this home's, here as in the children.
        os.environ["PRESSRUN_HOME"] = str(house.home)
        socket_path = open_redis_server(house.redis_folder)
        house.write_shell_file(socket_path)
        say(f"Redis runs, with its data in {house.redis_folder}.")
        try:
            async with open_press(load_settings(**house.settings(socket_path))) as press:

                async def is_present(kind: str) -> bool:
                    return kind in await presence.alive(press)

                environment = house.environment(socket_path)
                async with Supervisor(environment=environment, logs=house.logs, say=say) as supervisor:
                    await supervisor.start(house.children(is_present))
                    say(
                        f"Inbox, listener for reports, worker, scheduler and web pages run; they write to {house.logs}."
                    )
                    watch = asyncio.create_task(_keep_redis(house, supervisor, say))
                    try:
                        yield OpenHouse(house, press, supervisor)
                    finally:
                        watch.cancel()
        finally:
            close_redis_server(house.redis_folder)


async def _keep_redis(house: House, supervisor: Supervisor, say: Callable[[str], None]) -> None:
    """Start Redis again when it has ended. The others wait for it meanwhile, and nothing is lost: it is all on disk."""
    socket_path = short_socket_path(house.redis_folder)
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if await asyncio.to_thread(redis_answers, socket_path):
            continue
        say("Redis does not answer; it is started again on its data, if it is gone.")
        try:
            await asyncio.to_thread(open_redis_server, house.redis_folder)
        except ConfigError as error:
            supervisor.break_off(str(error))
            return
