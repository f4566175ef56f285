"""The name of a sending domain, as a person types it."""

from __future__ import annotations

import typer


def named_domain(domain: str) -> str:
    """Return a domain as it is stored: A-labels, lower case, no dot at the end. Refuses what is none."""
    from mailer.rendering.headers import HeaderError, sending_domain

    try:
        return sending_domain(domain)
    except HeaderError as error:
        raise typer.BadParameter(f"{error} Give a domain such as example.com.", param_hint="DOMAIN") from error
