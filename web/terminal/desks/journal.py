"""The journal's desk: what was changed, undo, and what waits in the inbox."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from layers.ground import db
from layers.ground.history import Delta, deltas
from layers.ground.journal import Change, InboxItem
from layers.ground.layer import catalogue, fields, layer_named
from layers.records.stated import Stated
from pipelines.edits import inbox as waiting
from pipelines.edits.edit import EditRefusal
from pipelines.edits.undo import undo as undo_change
from web.terminal import asked, say

app = typer.Typer(no_args_is_help=True)
inbox = typer.Typer(no_args_is_help=True, help="收件箱：未能合并的编辑 / edits that could not be merged")
app.add_typer(inbox, name="inbox")


@app.command()
def log(
    number: Annotated[int, typer.Option("-n", help="条数 / how many")] = 20,
    _json: asked.AsJson = False,
) -> None:
    """列出最近的变更 / list the latest changes."""
    with Session(db.ready()) as session:
        newest = select(Change).where(Change.no.is_not(None)).order_by(Change.no.desc()).limit(number)
        rows = [_change(change) for change in session.scalars(newest)]
    columns = {"no": True, "at": False, "person": False, "door": False, "kind": False, "effective_on": False}
    say.answer(rows, say.table("变更 / changes", {**columns, "note": False}, ([*map(str, r.values())] for r in rows)))


@app.command()
def show(no: int, _json: asked.AsJson = False) -> None:
    """说明一次变更做了什么 / tell what a change did."""
    with Session(db.ready()) as session:
        change = session.scalar(select(Change).where(Change.no == no))
        if change is None:
            raise EditRefusal("undo.unknown", no=no)
        did = deltas(session, after=no - 1, upto=no, layers=[layer.__tablename__ for layer in catalogue()])
        told = _change(change)
        stated = _stated(session, change)
    counts = Counter((d.layer, _what(d)) for d in did)
    features = [{"layer": d.layer, "id": str(d.id), "did": _what(d), "version": d.version} for d in did]
    rows = [(layer, what, str(n)) for (layer, what), n in sorted(counts.items())]
    rows += [(f"{s['subject']} {s['year']}", f"{s['series']} {s['written'] or '—'}", "") for s in stated]
    say.answer(
        {**told, "features": features, "stated": stated},
        say.table(f"变更 / change {no}", {"layer": False, "did": False, "features": True}, rows),
    )


@app.command()
def undo(no: int, note: asked.Note = None, _json: asked.AsJson = False) -> None:
    """撤销一次变更；此后被改动过的要素保留并列出 / undo a change; features touched since are left and listed."""
    made = asked.occasion("undo", kind="correction", effective_on=None, note=note)
    with Session(db.ready()) as session, session.begin():
        undone = undo_change(session, no, made)
    outcomes = Counter(str(r.outcome) for r in undone.receipts)
    left = [{"layer": d.layer, "id": str(d.id)} for d in undone.touched_since]
    rows = [*((k, str(v)) for k, v in outcomes.items()), *((f"{d['layer']} {d['id']}", "touched since") for d in left)]
    say.answer(
        {"undone": no, "outcomes": outcomes, "touched_since": left},
        say.table(f"撤销 / undo {no}", {"": False, " ": True}, rows),
    )


@app.command()
def layers(
    name: Annotated[str | None, typer.Argument(help="图层 / layer")] = None, _json: asked.AsJson = False
) -> None:
    """列出图层，或一个图层的字段 / list the layers, or the fields of one."""
    if name is None:
        rows: list[tuple[str, ...]] = [
            (layer.__tablename__, layer.zh, layer.en, layer.shape_kind) for layer in catalogue()
        ]
        headings = dict.fromkeys(("layer", "图层", "in English", "shape"), False)
    else:
        described = fields(layer_named(name)).items()
        rows = [(c, f.exchange or "", f.zh, f.en, f.unit or "", f.codes or "") for c, f in described]
        headings = dict.fromkeys(("column", "exchange", "字段", "in English", "unit", "codes"), False)
    say.answer([dict(zip(headings, row, strict=True)) for row in rows], say.table("图层 / layers", headings, rows))


@inbox.command("list")
def list_inbox(_json: asked.AsJson = False) -> None:
    """列出待决定的编辑 / list what waits."""
    with Session(db.ready()) as session:
        found = session.scalars(select(InboxItem).where(InboxItem.state == "open").order_by(InboxItem.id)).all()
        rows = [
            {"item": i.id, "layer": i.layer, "feature": str(i.feature), "field": i.field}
            | {"base": i.base, "theirs": i.theirs, "mine": i.mine}
            for i in found
        ]
    headings = dict.fromkeys(("item", "layer", "feature", "field", "base", "theirs", "mine"), False)
    say.answer(rows, say.table("收件箱 / inbox", headings, ([str(v)[:60] for v in r.values()] for r in rows)))


@inbox.command()
def take(item: int, note: asked.Note = None, _json: asked.AsJson = False) -> None:
    """采用待定的值 / let the waiting value land."""
    with Session(db.ready()) as session, session.begin():
        receipt = waiting.take(session, item, asked.occasion("cli", kind=None, effective_on=None, note=note))
    say.answer({"item": item, "outcome": receipt.outcome, "version": receipt.version})


@inbox.command()
def leave(item: int, note: asked.Note = None, _json: asked.AsJson = False) -> None:
    """保留现值 / let what stands stand."""
    with Session(db.ready()) as session, session.begin():
        waiting.leave(session, item, asked.occasion("cli", kind=None, effective_on=None, note=note))
    say.answer({"item": item, "outcome": "left"})


def _change(change: Change) -> dict[str, object]:
    at = change.at.astimezone(asked.zone()) if change.at else None
    return {
        "no": change.no,
        "at": at and at.isoformat(timespec="seconds"),
        "person": change.person,
        "door": change.door,
        "kind": change.kind or "",
        "effective_on": str(change.effective_on),
        "note": change.note or "",
    }


def _stated(session: Session, change: Change) -> list[dict[str, Any]]:
    """The values that a change stated; one without a value withdraws."""
    rows = session.scalars(select(Stated).where(Stated.change == change.id).order_by(Stated.id))
    said = ("subject", "plan", "series", "year")
    return [
        {**{name: getattr(row, name) for name in said}, "written": None if row.value is None else str(row.value)}
        for row in rows
    ]


def _what(delta: Delta) -> str:
    if delta.before is None:
        return "added"
    return "ended" if delta.after is None else "revised"
