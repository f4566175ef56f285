"""`pressrun`, and `python -m mailer`: runs one command and turns what went wrong into a sentence and an exit status.

0: done. 1: a check found something, or the answer is no. 2: the operator or the caller must act; the sentence says
how. The sentence is on standard error; with `--json` it is on standard output too, as `{"error": …}`.
"""

from __future__ import annotations

import json
import sys
from typing import NoReturn

from mailer.cli.commands import pressrun
from mailer.errors import PressrunError
from subscribers.errors import PeopleError


def main() -> None:
    """Run the command that the arguments name, and exit."""
    try:
        pressrun(prog_name="pressrun")
    except (PressrunError, PeopleError) as error:
        _end(str(error))
    except OSError as error:
        # One that names a file is about a file that the caller has named; any other is a bug, and shows where.
        if error.filename is None:
            raise
        reason = (error.strerror or type(error).__name__).lower()
        _end(f"{error.filename} cannot be read or written ({reason}). Check its name and its rights.")


def _end(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    if "--json" in sys.argv:
        print(json.dumps({"error": sentence}, ensure_ascii=False))
    sys.exit(2)


if __name__ == "__main__":
    main()
