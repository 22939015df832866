"""The desk of stated values: enter one, withdraw one, list them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy.orm import Session

from data import facts, measuring
from data.texts import text
from layers.ground import db
from layers.ground.history import last_no
from layers.ground.journal import Change
from layers.records.stated import Stated, standing, told
from pipelines.edits import stating
from pipelines.edits.stating import Statement, Subject
from web.terminal import asked, say
from web.terminal.desks.plan import PlanId

app = typer.Typer(no_args_is_help=True)

Named = Annotated[
    str, typer.Argument(help="指标或目标的编号或名称，如 森林覆盖率、T5a / rate or target, by id or name")
]
Year = Annotated[int, typer.Option(help="哪一年的值 / the year it is of")]
Series = Annotated[
    str | None,
    typer.Option("--as", help="announced 公布、reported 填报、assigned 市下达 / default: what is usual for it"),
]


@app.command(context_settings={"ignore_unknown_options": True})  # A value may be negative.
def enter(  # noqa: PLR0913, PLR0917 -- each one is an option of the command
    named: Named,
    value: Annotated[str, typer.Argument(help="数值，按原样 / as written")],
    year: Year,
    body: Annotated[str, typer.Option(help="发布或填报机关 / body that stated it")],
    document: Annotated[str, typer.Option(help="文号或文件名 / document")],
    day: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="发布日期 / day it was stated")],
    series: Series = None,
    plan: PlanId = None,
    note: asked.Note = None,
    _json: asked.AsJson = False,
) -> None:
    """录入公布值、填报值或市下达值；更正就再录一次 / enter a stated value; to correct one, enter it again."""
    subject = stating.subject(named, plan)
    said = Statement(
        subject, series or subject.series[0], year, stating.number(value), body, document, day.date(), note
    )
    occasion = asked.occasion("cli", kind=None, effective_on=day, note=note)
    with Session(db.ready()) as session:
        before = _stands(session, said)
        stating.enter(session, said, occasion, today=asked.today())
        session.commit()
        _tell("stated.entered", session, said, said.value, before=before)


@app.command()
def withdraw(
    named: Named,
    year: Year,
    series: Series = None,
    plan: PlanId = None,
    note: asked.Note = None,
    _json: asked.AsJson = False,
) -> None:
    """撤回录错的值；记录仍在 / take back a value that was entered by mistake; its record stays."""
    subject = stating.subject(named, plan)
    kind = series or subject.series[0]
    occasion = asked.occasion("cli", kind="correction", effective_on=None, note=note)
    with Session(db.ready()) as session:
        row = stating.withdraw(session, subject, kind, year, occasion)
        said = Statement(subject, kind, year, None, row.body, row.document, row.stated_on, note)
        value = row.value
        session.commit()
        _tell("stated.withdrawn", session, said, value)


@app.command()
def entered(
    named: Annotated[str | None, typer.Argument(help="只列一个指标或目标 / of one rate or target")] = None,
    plan: PlanId = None,
    as_of: asked.AsOf = None,
    on: asked.On = None,
    _json: asked.AsJson = False,
) -> None:
    """列出录入过的值，包括已更新和已撤回的 / list what was entered, replaced and withdrawn values too."""
    subject = stating.subject(named, plan) if named else None
    with asked.moment(db.ready(), as_of, on) as session:
        stands = {row.id for row in standing(session)}
        rows = [_plainly(row, change, stands) for row, change in told(session) if _is_of(row, subject)]
        answer = {"no": last_no(session), "on": asked.judged_on(session, as_of, on)}
    made_up = any(row["made_up"] for row in rows)
    say.answer({**answer, "made_up": made_up, "rows": rows}, _table(rows, made_up=made_up))


def _stands(session: Session, said: Statement) -> Decimal | None:
    key = (said.subject.plan, said.subject.id, said.series, said.year)
    return next((r.value for r in standing(session) if (r.plan, r.subject, r.series, r.year) == key), None)


def _tell(id: str, session: Session, said: Statement, value: Decimal | None, *, before: Decimal | None = None) -> None:  # noqa: A002 -- as in Refusal
    """Say what was done: in words, or for programs."""
    no = last_no(session)
    if say.voice.as_json:
        stated = {"subject": said.subject.id, "plan": said.subject.plan, "series": said.series, "year": said.year}
        number = None if value is None else float(value)
        more = {"value": number, "unit": said.subject.unit, "on": said.stated_on, "made_up": said.made_up}
        say.answer({"no": no, **stated, **more, "replaced": None if before is None else float(before)})
        return
    series = {f"series_{lang}": text(f"series.{said.series}", lang) for lang in ("zh", "en")}
    replaced = {
        "before_zh": "" if before is None else text("stated.replaces", "zh", {"before": before}),
        "before_en": "" if before is None else text("stated.replaces", "en", {"before": before}),
    }
    named = {"zh": said.subject.zh, "en": said.subject.en, "unit": said.subject.unit}
    say.tell(id, **named, **series, **replaced, year=said.year, value=value, no=no)


def _is_of(row: Stated, subject: Subject | None) -> bool:
    return subject is None or (row.plan, row.subject) == (subject.plan, subject.id)


def _plainly(row: Stated, change: Change, stands: set[int]) -> dict[str, Any]:
    named = measuring.rates()[row.subject] if row.plan is None else facts.plan(row.plan).targets[row.subject]
    state = "stands" if row.id in stands else "withdrawn" if row.value is None else "replaced"
    return {
        "no": change.no,
        "plan": row.plan,
        "subject": row.subject,
        "zh": named.zh,
        "en": named.en,
        "series": row.series,
        "year": row.year,
        "value": None if row.value is None else float(row.value),
        "written": None if row.value is None else str(row.value),
        "unit": row.unit,
        "body": row.body,
        "document": row.document,
        "stated_on": row.stated_on,
        "note": row.note,
        "person": change.person,
        "made_up": row.made_up,
        "state": state,
    }


def _table(rows: list[dict[str, Any]], *, made_up: bool) -> Table:
    headings = {
        "no": True, "subject": False, "year": True, "series": False, "value": True, "body": False,
        "document": False, "date": False, "person": False, "state": False,
    }  # fmt: skip
    title = say.spoken("entered_table.title", **say.made_up(made_up))
    return say.table(
        title, {say.spoken(f"entered_table.{name}"): numeric for name, numeric in headings.items()}, map(_row, rows)
    )


def _row(row: dict[str, Any]) -> list[str]:
    value = "—" if row["written"] is None else f"{row['written']} {row['unit']}"
    cells = [
        row["no"], f"{row['subject']} {say.named(row['zh'], row['en'])}", row["year"],
        say.spoken(f"series.{row['series']}"), value, row["body"], row["document"], row["stated_on"], row["person"],
        say.spoken(f"entered_table.{row['state']}"),
    ]  # fmt: skip
    return [escape(str(cell)) for cell in cells]
