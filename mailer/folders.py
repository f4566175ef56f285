"""Where the files that are not code lie: the mail themes, the web pages and their static files."""

from __future__ import annotations

from pathlib import Path


def templates_folder() -> Path:
    """Return the folder that holds `email`, `web` and `static`.

    An installed wheel carries it inside the package; a checkout keeps it at the top level.
    """
    package = Path(__file__).resolve().parent
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"
