"""The desk of stored checks: keep one, list them, show one again, make its papers again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from sqlalchemy.orm import Session

from data import checking
from layers.ground import db
from pipelines.paper.sheet.form import dumped
from pipelines.paper.sheet.result import Result
from pipelines.redline import keeping
from web.terminal import asked, say
from web.terminal.desks.sheet.tables import tables

app = typer.Typer(no_args_is_help=True)
checks = typer.Typer(no_args_is_help=True, help="已存档的套合结果 / stored checks")
app.add_typer(checks, name="checks")

Number = Annotated[int, typer.Argument(min=1, help="第几号，见 checks list / its number, see `checks list`")]
_MEGABYTE = 1024**2


def keep(checked: Result, file: Path) -> Result:
    """Store a check of a file; gives it with its number."""
    size, most = sum(one.size for one in checked.files), checking.papers().kept_bytes
    with Session(db.ready()) as session, session.begin():
        kept = keeping.store(session, checked, file, person=asked.person(), kept_bytes=most)
    if size > most:
        say.tell("check.not_kept", megabytes=f"{size / _MEGABYTE:.1f}", most=most // _MEGABYTE)
    return kept


@checks.command("list")
def list_checks(_json: asked.AsJson = False) -> None:
    """列出已存档的套合结果 / list the stored checks."""
    with Session(db.ready()) as session:
        found = [dict(row) for row in keeping.listed(session)]
    headings = {say.label("号", "no"): True, say.label("时间", "at"): False, say.label("人员", "person"): False}
    headings |= {say.label("文件", "file"): False, say.label("地块", "parcels"): True}
    headings |= {say.label("界线有效日", "in force on"): False, say.label("变更号", "change"): True, "SHA-256": False}
    rows = [
        (str(one["number"]), f"{one['at'].astimezone(asked.zone()):%Y-%m-%d %H:%M}", escape(one["person"]),
         escape(one["file_name"]) + (say.label("（虚构样例）", " (made up)") if one["made_up"] else ""),
         str(one["parcels"]), str(one["in_force_on"]), str(one["no"]), one["sha256"][:16])
        for one in found
    ]  # fmt: skip
    say.answer({"checks": found}, say.table(say.label("已存档的套合结果", "stored checks"), headings, rows))


@checks.command("show")
def show_check(number: Number, _json: asked.AsJson = False) -> None:
    """再看一次：与存档时相同 / show one again, as it was stored."""
    with Session(db.ready()) as session:
        kept = keeping.stored(session, number)
    say.answer_as(lambda: dumped(kept).decode(), *tables(kept))
