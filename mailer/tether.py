"""Tie a process to its parent.

`python -m mailer.tether PARENT_PID COMMAND…` becomes COMMAND, which then ends when the parent does. However the
parent ends, `kill -9` included, the kernel sends SIGTERM to what was tethered to it (Linux, prctl(2)). That survives
the exec, which is why this is a program and not a hook that runs between fork and exec. On other systems the command
runs untethered, and only an orderly end of the parent ends it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def tethered(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command line that runs this command tied to the calling process."""
    return (sys.executable, "-m", "mailer.tether", str(os.getpid()), *command)


def main(arguments: list[str]) -> None:
    """Become the command. Never returns."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # The parent may have ended before the kernel was asked to watch it.
    if os.getppid() != parent:
        sys.exit(f"The process {parent} that wanted {command[0]} is gone.")
    os.execvp(command[0], command)  # noqa: S606 - the command line is our own


if __name__ == "__main__":
    main(sys.argv[1:])
