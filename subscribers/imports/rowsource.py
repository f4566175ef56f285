"""Where an import's frames come from: a process of its own for a large file, this one for a small."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from subscribers.errors import ImportReaderError
from subscribers.imports.rowreading import (
    LENGTH_BYTES,
    Instructions,
    Said,
    is_text,
    packed_instructions,
    read_frames,
    unpacked,
)

_SMALL_BYTES = 256 << 10
"""A file that is read sooner than another process is started."""
_FRAMES_AHEAD = 2
_FRAMES_BYTES = 1 << 20


@contextmanager
def on_disk(file: Path | BinaryIO, name: str) -> Iterator[Path]:
    """Give the path of a file, of a copy of it where it is only a file object."""
    if isinstance(file, Path):
        yield file
        return
    with NamedTemporaryFile(prefix="pressrun-", suffix=Path(name).suffix) as copy:
        file.seek(0)
        shutil.copyfileobj(file, copy)
        copy.flush()
        yield Path(copy.name)


async def frames_of(path: Path, wanted: Instructions) -> AsyncGenerator[Said, None]:
    """Yield what there is to say about a file. Close it where it is left early."""
    if is_text(wanted.name) and _size_bytes(path) <= _SMALL_BYTES:
        for said in read_frames(path, wanted):
            yield said
        return
    reader = await _start(wanted)
    queue: asyncio.Queue[Said | None] = asyncio.Queue(_FRAMES_AHEAD)
    listening = asyncio.create_task(_listen(reader, queue))
    try:
        while (heard := await queue.get()) is not None:
            yield heard
        await listening
        if await reader.wait():
            raise ImportReaderError(wanted.name, reader.returncode)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await _end(reader)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # reading it says what is wrong


async def _start(wanted: Instructions) -> Process:
    # Whoever starts us may have found the package by the folder that they were in.
    here = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])}
    reader = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "subscribers.imports.rowreading",
        stdin=PIPE,
        stdout=PIPE,
        env=environment,
        limit=_FRAMES_BYTES,
    )
    assert reader.stdin is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        reader.stdin.write(packed_instructions(wanted))
        await reader.stdin.drain()
        reader.stdin.close()
    return reader


async def _end(reader: Process) -> None:
    with suppress(ProcessLookupError):
        reader.kill()
    # What it had said already must be taken, or asyncio waits for ever for a pipe that it does not read.
    while reader.stdout is not None and await reader.stdout.read(_FRAMES_BYTES):
        pass
    await reader.wait()


async def _listen(reader: Process, queue: asyncio.Queue[Said | None]) -> None:
    assert reader.stdout is not None
    try:
        while True:
            length = int.from_bytes(await reader.stdout.readexactly(LENGTH_BYTES), "big")
            await queue.put(unpacked(await reader.stdout.readexactly(length)))
    except asyncio.IncompleteReadError:
        await queue.put(None)
