"""Pressrun's home folder: made once, with the installation's secret in it, and never overwritten."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from mailer.errors import ConfigError


def prepare_home(home: Path) -> None:
    """Make the folder and prove that it can be written to. Raises ConfigError that names the folder."""
    probe = home / f".probe-{os.getpid()}"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"The folder {home} cannot be written to ({_reason(error)}). "
            "Make it writable, or name another with --home or PRESSRUN_HOME."
        ) from error


def make_secret(home: Path) -> bool:
    """Write `secret.key`, readable by the owner alone, unless there is one. Return whether it was made."""
    file = home / "secret.key"
    draft = home / f".secret-{os.getpid()}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_urlsafe(48) + "\n")
            handle.flush()
            os.fsync(handle.fileno())
        # A link fails where the name is taken: two starters at once agree on one secret, and it is never half-written.
        os.link(draft, file)
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigError(f"The secret {file} cannot be written ({_reason(error)}).") from error
    finally:
        draft.unlink(missing_ok=True)
    return True


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
