"""What a whole demo leaves in Redis is what docs/redis.md says: every key by name, and of that type."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from subscribers.storage import Redis, open_redis

ROOT = Path(__file__).resolve().parents[2]
_TYPES = {"number": "string", "bitmap": "string", "sorted set": "zset"}

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("shipping")]


@pytest.mark.parametrize("database", [0, 1])
async def test_every_key_is_on_the_page_with_its_type(demo: Any, start_redis: Any, database: int) -> None:
    assert demo.status == 0, demo.remarks
    server = start_redis(appendonly=True)
    server.kill()
    shutil.rmtree(server.folder / "appendonlydir")
    shutil.copytree(demo.home / "redis" / "appendonlydir", server.folder / "appendonlydir")
    server.start()

    async with open_redis(server.url.replace("db=0", f"db={database}")) as redis:
        found = await _types(redis)

    documented = _documented()
    wrong = {
        key: kind
        for key, kind in found.items()
        if not any(pattern.fullmatch(key) and kind == said for pattern, said in documented)
    }
    assert found
    assert not wrong


async def _types(redis: Redis) -> dict[str, str]:
    found = {key.decode(): await redis.type(key) async for key in redis.scan_iter(count=1000)}
    return {key: kind if isinstance(kind, str) else kind.decode() for key, kind in found.items()}


def _documented() -> list[tuple[re.Pattern[str], str]]:
    rows = re.findall(r"^\| (`[^|]+`) \| ([a-z, ]+) \|", (ROOT / "docs/redis.md").read_text(), re.MULTILINE)
    return [
        (_pattern(key), _TYPES.get(kind, kind))
        for keys, kinds in rows
        for key, kind in zip(re.findall(r"`([^`]+)`", keys), kinds.split(", "), strict=True)
    ]


def _pattern(key: str) -> re.Pattern[str]:
    escaped = (
        re.escape(key)
        .replace(r"\{cN\}", r"\{c\d+\}")
        .replace(r"\{m<id>\}", r"\{m\d+\}")
        .replace(r"\{a<2\ hex>\}", r"\{a[0-9a-f]{2}\}")
    )
    return re.compile(re.sub(r"<[^>]*>", ".+", escaped))
