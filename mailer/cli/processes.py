"""The processes of a press: web pages, workers, scheduler, the listener for reports, and the demo's inbox.

Each runs until SIGTERM or Ctrl-C and is told everything by PRESSRUN_… variables and `settings.toml`, so that the same
command line serves in a terminal, under a supervisor and in a container.
"""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.command()
def serve() -> None:
    """Run the web pages, for admins and for readers, on PRESSRUN_WEB_HOST and PRESSRUN_WEB_PORT."""
    from mailer.settings import load_settings
    from mailer.web.serving import serve as run

    raise typer.Exit(run(load_settings()))


@app.command()
def worker() -> None:
    """Run a worker: PRESSRUN_WORKER_PROCESSES processes that hand mail over to the relay.

    Any number may run, on any number of machines. It waits while Redis is down, and goes on after.
    """
    from mailer.settings import load_settings
    from mailer.worker import run_worker

    raise typer.Exit(run_worker(load_settings()))


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
