"""`pressrun`, and `python -m mailer`: runs one command and turns what went wrong into a sentence and an exit status.

0: done. 1: a check found something, or the answer is no. 2: the operator or the caller must act; the sentence says
how. The sentence is on standard error; with `--json` it is on standard output too, as `{"error": …}`.
"""

from __future__ import annotations

import json
import sys

from mailer.cli.commands import pressrun
from mailer.errors import PressrunError
from subscribers.errors import PeopleError


def main() -> None:
    """Run the command that the arguments name, and exit."""
    try:
        pressrun(prog_name="pressrun")
    except (PressrunError, PeopleError) as error:
        print(error, file=sys.stderr)
        if "--json" in sys.argv:
            print(json.dumps({"error": str(error)}, ensure_ascii=False))
        sys.exit(2)


if __name__ == "__main__":
    main()
