"""The desk of many patches: a file of any size into a folder of tables, on this machine or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import typer
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.orm import Session

from data import checking
from data.texts import text
from geo.refusal import GeoRefusal
from layers.ground import db
from layers.ground.history import last_no
from pipelines.paper.sheet.result import HM2, MU
from pipelines.redline.many import kept, running, spread
from pipelines.redline.many.batch import patches_of
from pipelines.redline.many.parts import Summary, begin, finish
from pipelines.redline.many.running import Task
from web.terminal import asked, say
from web.terminal.desks.sheet.checking import refuse_without_table

_THREADS = 2


def named(address: str | None, ca: Path | None, cert: Path | None, key: Path | None) -> spread.Cluster | None:
    """The cluster that was typed. Raises TypedRefusal for certificates without one."""
    if address is None:
        refuse_without_table(ca, cert, key)
        return None
    return spread.Cluster(address, ca, cert, key)


@dataclass(frozen=True)
class Wanted:
    """What was typed. known: a past moment. cluster: address of a Dask scheduler, None for this machine."""

    file: Path
    table: Path
    on: date
    known: str | None
    dataset: str | None
    named_by: Sequence[str]
    cluster: spread.Cluster | None = None
    gcj02: bool = False


def check_many(wanted: Wanted) -> None:
    """Check every patch of a file, or of every GeoParquet file of a folder, and say what came of it."""
    with _snapshot(wanted.known) as session:
        no = last_no(session)
        layers = kept.keep(session, kept.place(), building=_building)
    for trouble in filter(None, (one.trouble for one in layers)):
        say.tell(trouble.id, **trouble.values)
    files = _files(wanted.file)
    task = Task(wanted.table.absolute(), wanted.on.isoformat(), running.program())
    states = [one.state for one in layers]
    read = {"files": [_fingerprint(one) for one in files], "dataset": wanted.dataset, "gcj02": wanted.gcj02}
    begin(wanted.table, asdict(task) | {"no": no, "layers": states} | read)
    try:
        _work(wanted, files, layers, task)
    except KeyboardInterrupt:
        say.tell("table.interrupted", folder=wanted.table)
        raise typer.Exit(130) from None
    summary = finish(wanted.table, lang=say.voice.langs[0])
    say.answer(_plain(summary, wanted, no), *_tables(summary, wanted, no))


def _work(wanted: Wanted, files: Sequence[Path], layers: Sequence[kept.Kept], task: Task) -> None:
    with _progress() as progress, ExitStack() as held:
        portions = running.portions(_batches(wanted, files))
        if wanted.cluster is None:
            done = running.here(portions, [one.zones for one in layers], task, threads=_THREADS)
        else:
            if not wanted.cluster.encrypted:
                say.tell("workers.plain", address=wanted.cluster.address)
            done = held.enter_context(spread.out(wanted.cluster, portions, layers, task))
        for patches in done:
            progress(patches)


@contextmanager
def _snapshot(known: str | None) -> Iterator[Session]:
    """A session that reads one moment throughout: what its layers hold, and the number of it."""
    engine = db.ready()
    if known is not None:
        with asked.moment(engine, known) as session:
            yield session
        return
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        Session(connection) as now,
    ):
        yield now


def _building(row: checking.SheetRow) -> None:
    say.tell("table.building", row=row.id)


def _files(path: Path) -> list[Path]:
    """The file, or the GeoParquet files of a folder of them in the order of their names."""
    parts = sorted(path.glob("*.parquet")) if path.is_dir() else []
    return parts or [path]


def _batches(wanted: Wanted, files: Sequence[Path]) -> Iterator[pa.Table]:
    for file in files:
        with asked.reading(file, wanted.dataset, gcj02=wanted.gcj02) as reading:
            for note in reading.opening.notes:
                say.tell(note.id, **note.values)
            for batch in reading.batches:
                yield patches_of(batch, file=file.name, named_by=wanted.named_by)


def _fingerprint(path: Path) -> str:
    """Name and content of a file, with those that belong to it: a shapefile's, or a folder's. Raises GeoRefusal."""
    beside = (
        path.iterdir() if path.is_dir() else path.parent.glob(f"{path.stem}.*") if path.suffix == ".shp" else [path]
    )
    digest = sha256()
    try:
        for one in sorted(beside):
            digest.update(one.name.encode())
            with one.open("rb") as stream:
                while block := stream.read(2**20):
                    digest.update(block)
    except OSError as no:
        raise GeoRefusal("file.missing", name=path.name) from no
    return f"{path.name} {digest.hexdigest()}"


@contextmanager
def _progress() -> Iterator[Any]:
    """Patches done, on standard error."""
    looks = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*looks, console=say.err, transient=True) as bar:
        task = bar.add_task(say.label("核对", "check"), total=None)
        yield lambda patches: bar.advance(task, patches)


def _tables(summary: Summary, wanted: Wanted, no: int) -> Iterator[Table]:
    headings = {say.label("管控要素", "control"): False, say.label("涉及图斑", "patches that touch"): True}
    headings |= {say.label("公顷", "hm²"): True, say.label("亩", "mu"): True}
    named: dict[str, object] = {"patches": summary.patches, "touched": summary.touched, "refused": summary.refused}
    named |= {"on": wanted.on, "no": no, **say.made_up(summary.made_up)}
    below = say.spoken("table.below", folder=escape(str(wanted.table))) + "\n" + say.spoken("check.screening")
    yield say.table(say.spoken("table.title", **named), headings, list(_rows(summary)), below=below)
    if summary.first_refused:
        headings = {say.label("文件", "file"): False, say.label("序号", "number"): True}
        headings |= {say.label("原因", "reason"): False}
        title = say.label(
            f"未能核对的图斑（{summary.refused}）", f"patches that could not be checked ({summary.refused})"
        )
        yield say.table(title, headings, [(escape(f), str(n), _why(note)) for f, n, note in summary.first_refused])


def _rows(summary: Summary) -> Iterator[Sequence[str]]:
    for row in checking.sheet_rows():
        name = say.named(*(text(f"check_row.{row.id}", lang) for lang in ("zh", "en")))
        m2 = summary.m2.get(row.id)
        if m2 is None:
            yield name, say.spoken("check.not_checked"), "", ""
        else:
            yield name, str(summary.touches[row.id]), f"{m2 / HM2:,.4f}", f"{m2 / MU:,.4f}"


def _why(note: dict[str, Any]) -> str:
    return escape(say.spoken(note["id"], **note["values"]))


def _plain(summary: Summary, wanted: Wanted, no: int) -> dict[str, Any]:
    screening = {lang: text("check.screening", lang) for lang in ("zh", "en")}
    said: dict[str, Any] = {"no": no, "on": wanted.on, "table": wanted.table, "screening": screening}
    return said | asdict(summary)
