"""The processes of a press: web pages, workers, scheduler, the listener for reports, and the demo's inbox.

Each runs until SIGTERM or Ctrl-C and is told everything by PRESSRUN_… variables and `settings.toml`, so that the same
command line serves in a terminal, under a supervisor and in a container.
"""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.command()
def serve() -> None:
    """Run the web pages, for admins and for readers, on PRESSRUN_WEB_HOST and PRESSRUN_WEB_PORT."""
    from mailer.settings import load_settings
    from mailer.web.serving import serve as run

    raise typer.Exit(run(load_settings()))


@app.command()
def worker(
    queues: Annotated[
        str, typer.Option(help="Serve these only, with commas between: delivery, transactional, feedback, bulk.")
    ] = "",
) -> None:
    """Run a worker: processes that hand mail over to the relay.

    Any number may run, on any number of machines. Without --queues it serves all: PRESSRUN_WORKER_PROCESSES processes
    for mailings and bulk work, and one for mail to single people and what comes back, which never waits for a mailing.
    It waits while Redis is down, and goes on after.
    """
    from mailer.delivery.lane import lanes_named
    from mailer.settings import load_settings
    from mailer.worker import run_worker

    try:
        lanes = lanes_named(queues) if queues else ()
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--queues") from error
    raise typer.Exit(run_worker(load_settings(), lanes))


@app.command()
def scheduler() -> None:
    """Run the scheduler, which finds what is due and wakes the workers. Any number may run."""
    from mailer.settings import load_settings
    from mailer.worker import run_scheduler

    raise typer.Exit(run_scheduler(load_settings()))


@app.command()
def inbound() -> None:
    """Run the listener for bounces and complaints, on PRESSRUN_INBOUND_HOST and PRESSRUN_INBOUND_PORT."""
    from mailer.reception import run_inbound
    from mailer.settings import load_settings

    raise typer.Exit(run_inbound(load_settings()))


@app.command()
def inbox() -> None:
    """Run the demo's catch-all inbox, on PRESSRUN_INBOX_HOST and PRESSRUN_INBOX_PORT. Nothing leaves it."""
    from mailer.reception import run_inbox
    from mailer.settings import load_settings

    raise typer.Exit(run_inbox(load_settings()))
