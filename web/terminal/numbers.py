"""The desk of numbers: the rates, and the maps that show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from layers.ground import db
from layers.ground.history import last_no
from pipelines.restoration.rates import Coverage, forest_coverage, measure
from web.terminal import asked, say

app = typer.Typer(no_args_is_help=True)

MAP = Path("out/map.html")

By = Literal["county", "township"]
MapTheme = Literal["progress", "forest", "wetland", "water", "redline"]
THEMES: tuple[MapTheme, ...] = get_args(MapTheme)


@app.command()
def rates(
    by: Annotated[By, typer.Option(help="按全县或乡镇 / for the county or by township")] = "county",
    as_of: asked.AsOf = None,
    on: asked.On = None,
    _json: asked.AsJson = False,
) -> None:
    """森林覆盖率：由图层量算，不是公布值 / forest coverage, measured from the layers; not the announced value."""
    with asked.moment(db.ready(), as_of, on) as session:
        answer, table = coverage(session, by)
    say.answer(answer, table)


@app.command("map")
def draw_map(
    file: Annotated[Path | None, typer.Argument(help="写成的网页 / the page to write")] = None,
    theme: Annotated[
        MapTheme | None, typer.Option(help="专题：修复进展、森林、湿地、水土、红线；不写为全县一张图 / its subject")
    ] = None,
    approval_no: Annotated[str | None, typer.Option(help="审图号 / map approval number")] = None,
    as_of: asked.AsOf = None,
    on: asked.On = None,
    _json: asked.AsJson = False,
) -> None:
    """画地图：一个网页文件，断网也能看 / draw a map: one page that needs no network."""
    file = file or map_files(MAP)[theme]
    with asked.moment(db.ready(), as_of, on) as session:
        write_maps(session, {theme: file}, on, approval_no=approval_no)
    if say.voice.as_json:
        say.answer({"file": str(file.resolve()), "bytes": file.stat().st_size})
    else:
        say.tell("map.written", file=file.resolve())


def coverage(session: Session, by: By) -> tuple[dict[str, Any], Table]:
    """The forest coverage as the session sees it: for programs, and as a table."""
    counted = forest_coverage(session)
    rows = counted if by == "township" else counted[-1:]
    answer = {"rate": "forest_coverage", "no": last_no(session), "rows": [_plain(row) for row in rows]}
    headings = {
        "代码 code": False,
        "名称 name": False,
        "森林 forest hm²": True,
        "土地 land hm²": True,
        "覆盖率 %": True,
    }
    said = [(r.code, r.name, f"{r.forest_m2 / 1e4:,.4f}", f"{r.land_m2 / 1e4:,.4f}", str(r.percent)) for r in rows]
    made_up = "，示例数据，虚构 made-up sample" if any(row.made_up for row in counted) else ""
    title = f"森林覆盖率（量算值{made_up}）/ forest coverage (measured)"
    return answer, say.table(title, headings, said)


def map_files(overview: Path) -> dict[MapTheme | None, Path]:
    """Where every map goes: the county's own, and beside it the themed ones."""
    return {None: overview} | {theme: overview.with_stem(f"{overview.stem}-{theme}") for theme in THEMES}


def write_maps(
    session: Session,
    files: Mapping[MapTheme | None, Path],
    on: datetime | None = None,
    *,
    approval_no: str | None = None,
) -> None:
    """Draw maps as the session sees the layers, each into its file; None is the county as a whole."""
    from pipelines.paper.maps import write  # noqa: PLC0415 -- folium and pandas take a second to load
    from pipelines.restoration.maps import OVERVIEW, Reading, draw  # noqa: PLC0415

    day = date.fromisoformat(asked.day(session, on))
    read = Reading(session, measure(session, on=day), day)
    for theme, file in files.items():
        write(draw(read, theme or OVERVIEW, approval_no=approval_no), file)


def _plain(row: Coverage) -> dict[str, Any]:
    percent = None if row.percent is None else float(row.percent)
    counted = {"code": row.code, "name": row.name, "forest_m2": row.forest_m2, "land_m2": row.land_m2}
    return {**counted, "percent": percent, "made_up": row.made_up}
