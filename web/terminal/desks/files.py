"""The desk of files: take one in, list what batches left behind."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.texts import text
from geo import sandbox
from geo.reading import Opening
from geo.refusal import GeoRefusal, Note
from layers.ground import db
from layers.ground.layer import layer_named
from layers.records.batches import Batch, RefusedRow
from pipelines.edits.edit import Occasion
from pipelines.files.batch import Plan, Report, RowReport
from pipelines.files.giving import give_layer, give_refused
from pipelines.files.intake import collisions, take
from web.terminal import asked, say
from web.terminal.asked import TypedRefusal

app = typer.Typer(no_args_is_help=True)
batches = typer.Typer(no_args_is_help=True, help="批次与被拒的行 / batches and their refused rows")
app.add_typer(batches, name="batches")


_WHICH = ("file.which_layer", "file.no_such_layer", "zip.which")
_ENCODING = "UTF-8 或 GBK;shp 默认 UTF-8,txt 默认 GBK / of a shapefile (UTF-8 unless said) or a TXT (GBK unless said)"
_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")


class Mode(StrEnum):
    """How rows meet the features that are there."""

    REVISE = "revise"
    ADD = "add"
    REPLACE = "replace"


@app.command(name="import")
def import_file(  # noqa: PLR0913, PLR0917 -- each one is an option of the command
    layer: Annotated[str, typer.Argument(help="图层，见 qingshan layers / layer")],
    file: Annotated[Path, typer.Argument(help="zip、shp、gpkg、geojson、gdb、txt、kml、kmz、ovkml、csv、xlsx、dxf")],
    mode: Annotated[Mode, typer.Option(help="修订、新增或整体替换 / revise, add or replace")] = Mode.REVISE,
    source: Annotated[str | None, typer.Option(help="来源，默认取文件名 / who sends it (default: file name)")] = None,
    dataset: Annotated[str | None, typer.Option(help="文件内的图层 / the layer inside the file")] = None,
    field: Annotated[list[str], typer.Option(help="文件字段=列名 / ATTRIBUTE=column")] = [],  # noqa: B006 -- typer's way
    fixed: Annotated[list[str], typer.Option("--set", help="列名=值 / column=value for every row")] = [],  # noqa: B006
    gcj02: asked.Gcj02 = False,
    accept_good: Annotated[bool, typer.Option(help="先收下合格的行 / let the good rows land")] = False,
    carry_on: Annotated[int | None, typer.Option("--continue", help="续批的批次号 / batch to continue")] = None,
    yes: Annotated[bool, typer.Option(help="同意终止文件中没有的要素 / end what the file lacks")] = False,
    kind: asked.Kind = None,
    effective_on: asked.EffectiveOn = None,
    note: asked.Note = None,
    _json: asked.AsJson = False,
) -> None:
    """把文件导入图层：一个文件是一个批次、一次变更 / import a file into a layer: one file, one batch, one change."""
    layer_named(layer)
    occasion = asked.occasion("import", kind=kind, effective_on=effective_on, note=note or file.name)
    plan = Plan(
        layer=layer,
        source=source or file.stem,
        file_name=file.name,
        sha256=_sha256(file),
        mode=mode.value,
        accept_good=accept_good,
        stated=_pairs(field),
        fixed=_pairs(fixed),
        continues=carry_on,
    )
    with _how_to_choose(), asked.reading(file, dataset, gcj02=gcj02) as reading:
        report, lands = _taken(reading, plan, occasion, ends=yes)
    _tell(report, reading.opening, lands=lands)
    if not lands:
        raise typer.Exit(1)


@contextmanager
def _how_to_choose() -> Iterator[None]:
    """Say which option chooses, when a file holds several layers."""
    try:
        yield
    except GeoRefusal as refusal:
        if refusal.id in _WHICH and not say.voice.as_json:
            say.tell("import.dataset")
        raise


def _taken(reading: sandbox.Reading, plan: Plan, occasion: Occasion, *, ends: bool) -> tuple[Report, bool]:
    """Take a reading in; gives the report, and whether it was committed."""
    with _progress(reading.opening.count) as progress, Session(db.ready()) as session, collisions():
        report = take(session, reading, plan, occasion, progress=progress, waits=lambda: say.tell("import.waits"))
        lands = report.lands and (ends or not report.ending)
        (session.commit if lands else session.rollback)()
    return report, lands


@app.command()
def export(
    layer: Annotated[str, typer.Argument(help="图层 / layer")],
    file: Annotated[Path, typer.Argument(help="写成 .gpkg、.zip(shp)、.geojson 或 .txt(界址点) / what to write")],
    crs: Annotated[int, typer.Option(help="坐标系 EPSG 代码 / EPSG code")] = 4490,
    encoding: Annotated[str | None, typer.Option(help=_ENCODING)] = None,
    as_of: asked.AsOf = None,
    on: asked.On = None,
    _json: asked.AsJson = False,
) -> None:
    """导出图层（可指定过去的时点）/ write a layer to a file, now or as of a past moment."""
    found = layer_named(layer)
    with asked.moment(db.ready(), as_of, on) as session:
        today = datetime.now(asked.zone()).date()
        count = give_layer(session, found, file, epsg=crs, encoding=encoding, day=today)
    if say.voice.as_json:
        say.answer({"layer": layer, "file": str(file), "rows": count})
    else:
        say.tell("export.done", layer=layer, file=file, rows=count)


@batches.command("export")
def export_refused(batch: int, file: Path, _json: asked.AsJson = False) -> None:
    """导出一个批次中被拒的行，改好后用 import --continue 再导入 / write the refused rows of a batch, to be mended."""
    with Session(db.ready()) as session:
        count = give_refused(session, batch, file)
    if say.voice.as_json:
        say.answer({"batch": batch, "file": str(file), "rows": count})
    else:
        say.tell("export.refused", batch=batch, file=file, rows=count)


@batches.command("list")
def list_batches(_json: asked.AsJson = False) -> None:
    """列出批次 / list the batches."""
    left = func.count(RefusedRow.number).filter(RefusedRow.landed_in.is_(None))
    asked_for = select(Batch, left).outerjoin(RefusedRow, RefusedRow.batch == Batch.id).group_by(Batch.id)
    with Session(db.ready()) as session:
        rows = [
            {"batch": b.id, "layer": b.layer, "source": b.source, "file": b.file_name, "mode": b.mode}
            | {"rows": sum(b.counts.values()), "refused_open": n, "continues": b.continues}
            for b, n in session.execute(asked_for.order_by(Batch.id.desc()))
        ]
    headings = dict.fromkeys(("batch", "layer", "source", "file", "mode", "rows", "refused_open", "continues"), False)
    say.answer(rows, say.table("批次 / batches", headings, ([str(v) for v in r.values()] for r in rows)))


@contextmanager
def _progress(total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that is told of each portion."""
    looks = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*looks, console=say.err, transient=True) as bar:
        task = bar.add_task("导入 / import", total=total)
        yield lambda rows: bar.advance(task, rows)


def _tell(report: Report, opening: Opening, *, lands: bool) -> None:
    """Say what became of the file, row by row where there is something to say."""
    value = {
        "landed": lands,
        "batch": report.batch if lands else None,
        "source": report.source,
        "counts": report.counts,
        "format": opening.format,
        "dataset": opening.layer,
        "datasets": [{"name": listed.name, "rows": listed.count} for listed in opening.layers],
        "crs": {"epsg": opening.epsg, "name": opening.crs_name, "stated": opening.crs_stated},
        "encoding": opening.encoding,
        "said": [_worded(note) for note in opening.notes],
        "ignored": report.ignored,
        "notes": report.notes,
        "rows": [_row(row) for row in report.rows],
        "untold": report.untold,
    }
    headings = {"行 row": True, "编号 code": False, "结果 outcome": False, "说明 said": False}
    cells = [
        ("" if r.number is None else str(r.number), r.code or "", _outcome(r.outcome), "\n".join(_lines(r.said)))
        for r in report.rows
    ]
    if report.rows or say.voice.as_json:
        say.answer(value, say.table("逐行说明 / row by row", headings, cells))
    if not say.voice.as_json:
        _summary(report, opening, lands=lands)


def _summary(report: Report, opening: Opening, *, lands: bool) -> None:
    crs = f"EPSG:{opening.epsg} {opening.crs_name}"
    say.tell("import.read", format=opening.format, layer=opening.layer, crs=crs, encoding=opening.encoding or "—")
    for note in opening.notes:
        say.tell(note.id, **note.values)
    if report.ignored:
        say.tell("import.ignored", attributes=", ".join(report.ignored))
    if report.untold:
        notes = ", ".join(f"{note} {count}" for note, count in report.notes.most_common())
        say.tell("import.more", rows=report.untold, notes=notes)
    counts = ", ".join(f"{_outcome(outcome)} {count}" for outcome, count in report.counts.items()) or "0"
    _say_end(report, counts, lands=lands)


def _say_end(report: Report, counts: str, *, lands: bool) -> None:
    """The last word: whether it landed, and what is to be done about what did not."""
    if not lands and report.lands:
        say.tell("import.would_end", counts=counts, count=report.ending)
    elif not lands:
        say.tell("import.not_landed", counts=counts)
    elif report.batch is None:
        say.tell("import.unchanged", counts=counts, source=report.source)
    else:
        say.tell("import.landed", counts=counts, source=report.source, batch=report.batch)
    if lands and report.keeps_the_missing:
        say.tell("import.keeps_the_missing")
    if lands and report.batch and (refused := report.counts["refused"]):
        say.tell("import.refused_kept", rows=refused, batch=report.waits_in or report.batch)


def _outcome(outcome: str) -> str:
    return say.spoken(f"outcome.{outcome}").replace("\n", " ")


def _row(row: RowReport) -> dict[str, Any]:
    """A row's report for JSON."""
    feature = None if row.feature is None else str(row.feature)
    of_row = {"row": row.number, "outcome": row.outcome, "feature": feature, "code": row.code}
    return of_row | {"said": [_worded(note) for note in row.said]}


def _worded(note: Note) -> dict[str, Any]:
    """What was said, in both languages, with the values it was said of."""
    said = {lang: text(note.id, lang, note.values) for lang in ("zh", "en")}
    return {"id": note.id, **said, "values": {name: _plain(value) for name, value in note.values.items()}}


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | None) else str(value)


def _lines(said: Sequence[Note]) -> list[str]:
    return [text(note.id, lang, note.values) for note in said for lang in say.voice.langs]


def _pairs(stated: Sequence[str]) -> dict[str, str]:
    """`name=value` words as a mapping. Raises TypedRefusal for a word without an equals sign."""
    for word in stated:
        if "=" not in word:
            raise TypedRefusal("typed.pair", text=word)
    return {name.strip(): value.strip() for name, value in (word.split("=", 1) for word in stated)}


def _sha256(file: Path) -> str:
    """Of a file's bytes; of a folder's or a shapefile's files by name, one after the other."""
    parts = sorted(file.rglob("*")) if file.is_dir() else [file]
    if file.suffix.lower() == ".shp":
        parts = sorted(p for p in file.parent.glob("*") if p.stem == file.stem and p.suffix.lower() in _SHAPEFILE)
    whole = hashlib.sha256()
    for part in parts:
        if part.is_file():
            with part.open("rb") as stream:
                whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()
