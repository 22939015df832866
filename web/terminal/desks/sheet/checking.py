"""The desk of the check: any surveyor's file over all control layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sqlalchemy.orm import Session

from data import checking
from geo.crs import zones
from geo.formats.values import shown
from layers.ground import db
from pipelines.paper.sheet.form import dumped
from pipelines.paper.sheet.result import Result
from pipelines.redline.check import Parcel, check, parcels
from pipelines.redline.keeping import received
from pipelines.redline.result import Asked, Received, result
from pipelines.redline.rules import Proposal
from pipelines.redline.shift import suspected
from web.terminal import asked, say
from web.terminal.desks.sheet import clauses, stored
from web.terminal.desks.sheet.tables import tables

app = typer.Typer(no_args_is_help=True)

_PORTION = 500
"""Parcels that are laid over the layers together."""
NAMED_BY = ("地块名称", "DKMC", "XMMC", "name", "NAME", "MC")
"""Attributes that name a parcel, in files of the field."""

_MOST = 200
"""Parcels that are printed one by one."""
_T = TypeVar("_T")

Known = Annotated[
    str | None, typer.Option(help="按当时所知：变更号、日期或时刻 / as known then: change number, date or time")
]
InForce = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="按哪一天有效的界线，默认今天 / lines in force on this day"),
]
Surveyed = Annotated[
    str | None,
    typer.Option(
        metavar="WAY", help=f"范围的测量方式 / how the footprint was surveyed: {', '.join(checking.survey_ways())}"
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(help="存档并把各种成果写到这个文件夹 / store the check and write its papers into this folder"),
]


Folder = Annotated[Path | None, typer.Option("--table", help="大批图斑：结果存入文件夹 / tables for many patches")]
Address = Annotated[str | None, typer.Option("--cluster", help="Dask 调度器地址 / address of a Dask scheduler")]
Authority = Annotated[Path | None, typer.Option("--tls-ca", help="tls:// 的 CA 证书 / certificate of the authority")]
Certificate = Annotated[Path | None, typer.Option("--tls-cert", help="tls:// 的本方证书 / our certificate")]
Key = Annotated[Path | None, typer.Option("--tls-key", help="tls:// 的本方私钥 / our private key")]


@app.command("check")
def check_file(  # noqa: PLR0913, PLR0917 -- each one is an option of the command
    file: Annotated[Path, typer.Argument(help="范围文件，或 - 粘贴坐标 / the footprint, or - to paste")],
    on: InForce = None,
    known: Known = None,
    surveyed: Surveyed = None,
    activity: clauses.Kind = None,
    new_construction: clauses.NewConstruction = None,
    temporary: clauses.Temporary = None,
    built: clauses.Built = None,
    unbuilt: clauses.Unbuilt = False,
    dataset: Annotated[str | None, typer.Option(help="文件内的图层 / the layer inside the file")] = None,
    crs: Annotated[
        int | None,
        typer.Option(
            help="成果坐标的投影带 EPSG 号，默认随文件 / zone of the papers' coordinates (default: the file's)"
        ),
    ] = None,
    out: Out = None,
    gcj02: asked.Gcj02 = False,
    table: Folder = None,
    cluster: Address = None,
    tls_ca: Authority = None,
    tls_cert: Certificate = None,
    tls_key: Key = None,
    _json: asked.AsJson = False,
) -> None:
    """套合：一个范围与全部管控图层，涉及面积、条款和手续；初筛，不作为审批依据 / a footprint over every layer."""
    proposal = clauses.proposed(activity, new_construction, temporary, clauses.built_on(built, unbuilt=unbuilt))
    way = checking.survey_way(surveyed) if surveyed else None
    wanted = Asked(on.date() if on else asked.today(), proposal, _plane(crs), way)
    if table is not None:
        from web.terminal.desks.sheet import many  # noqa: PLC0415 -- half a second that only many patches need

        refuse_with_table(proposal != Proposal(), out, crs, way)
        there = many.named(cluster, tls_ca, tls_cert, tls_key)
        many.check_many(many.Wanted(file, table, wanted.on, known, dataset, NAMED_BY, there, gcj02))
        return
    refuse_without_table(cluster, tls_ca, tls_cert, tls_key)
    if out:
        stored.folder_for(out)
    # One snapshot: the change number on the sheet is that of all the layers it was laid over.
    engine = db.ready().execution_options(isolation_level="REPEATABLE READ")
    with asked.sent(file) as path:
        with asked.moment(engine, known) as session:
            checked = _checked(session, path, dataset, wanted, gcj02=gcj02)
        if out and checked.parcels:
            checked = stored.keep(checked, path)
            stored.write_papers(checked, out)
    say.answer_as(lambda: dumped(checked).decode(), *tables(checked))
    if not checked.parcels:
        raise typer.Exit(1)


def refuse_without_table(*typed: str | Path | None) -> None:
    """Raises TypedRefusal for what goes with a table, or with a cluster, and stands alone."""
    if any(typed):
        raise asked.TypedRefusal("table.options")


def refuse_with_table(*typed: object) -> None:
    """Raises TypedRefusal for what a table does not tell: clauses, papers, the accuracy of borders."""
    if any(typed):
        raise asked.TypedRefusal("table.strict_alone")


def _few(file: Path, found: Iterable[_T]) -> Iterator[_T]:
    """What a file holds, while that is few enough to print. Raises DoorRefusal; JSON takes any number."""
    for number, one in enumerate(found):
        if number == _MOST and not say.voice.as_json:
            raise asked.DoorRefusal("table.wanted", file=file, most=_MOST)
        yield one


def _plane(crs: int | None) -> int | None:
    """The zone that was typed. Raises TypedRefusal for what is no zone of CGCS2000."""
    if crs is not None and crs not in zones():
        raise asked.TypedRefusal("typed.plane", crs=crs)
    return crs


def _checked(session: Session, file: Path, dataset: str | None, wanted: Asked, *, gcj02: bool) -> Result:
    with asked.reading(file, dataset, gcj02=gcj02) as reading:
        rows = (row for batch in reading.batches for row in batch)
        found = list(_few(file, parcels(rows, named_by=NAMED_BY)))
    footprint = [one for one in found if isinstance(one, Parcel)]
    opening = suspected(session, reading.opening, [parcel.shape for parcel in footprint])
    sent = Received(shown(file.name, 200), *received(file), opening)
    portions = (footprint[start : start + _PORTION] for start in range(0, len(footprint), _PORTION))
    sheets = [sheet for portion in portions for sheet in check(session, portion, on=wanted.on, way=wanted.way)]
    return result(session, sent, wanted, sheets, [one for one in found if not isinstance(one, Parcel)])
