"""The `qingshan` command: one file per desk, joined here.

Exit codes: 0 done · 1 refused, with the reason · 2 typed wrongly · 70 a fault of the program itself.
"""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, NoReturn

import typer
from sqlalchemy.exc import OperationalError, ProgrammingError

from geo.refusal import Refusal
from web.terminal import say
from web.terminal.asked import DoorRefusal, TypedRefusal
from web.terminal.desks import (
    database,
    demonstration,
    explaining,
    files,
    journal,
    maps,
    plan,
    progress,
    publishing,
    rates,
    reports,
    site,
    stating,
)
from web.terminal.desks.sheet import avoiding, checking, clauses, stored
from web.terminal.say import Tongue

_FORBIDDEN = "42501"
"""What PostgreSQL says to a login that may not."""
app = typer.Typer(
    name="qingshan",
    help="青山：生态修复与保护的空间台账 / the county's ecological restoration and protection, on the map.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


_SHEET = (checking, stored, avoiding, clauses)
_COUNTED = (rates, explaining, progress, plan, stating)
for desk in (demonstration, *_SHEET, *_COUNTED, maps, publishing, site, files, journal):
    app.add_typer(desk.app)
app.add_typer(database.app, name="db")
app.add_typer(reports.app, name="reports")


@app.callback()
def manner(
    lang: Annotated[Tongue, typer.Option(help="语言 / language")] = Tongue.BOTH,
) -> None:
    say.voice.tongue = lang


def run() -> None:
    """Run the command; a refusal becomes words and exit code 1, a fault its trace and exit code 70."""
    try:
        app()
    except Refusal as refusal:
        say.refuse(refusal)
        sys.exit(2 if isinstance(refusal, TypedRefusal) else 1)
    except OperationalError as fault:
        busy = getattr(fault.orig, "sqlstate", None) is not None  # A server that is not reached gives no state.
        reason = str(fault.orig).strip().splitlines()[0]
        say.refuse(DoorRefusal("database.busy" if busy else "database.unreachable", fault=reason))
        sys.exit(1)
    except ProgrammingError as fault:
        if getattr(fault.orig, "sqlstate", None) != _FORBIDDEN:
            _trace()
        reason = str(fault.orig).strip().splitlines()[0]
        say.refuse(DoorRefusal("database.forbidden", fault=reason))
        sys.exit(1)
    except Exception:
        _trace()


def _trace() -> NoReturn:
    """A fault of the program: its trace, for its maintainers."""
    traceback.print_exc()
    say.tell("program.fault")
    sys.exit(70)
