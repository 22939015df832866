"""The desk of numbers: the rates, and the map that shows them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from layers.ground import db
from layers.ground.history import last_no
from pipelines.restoration.rates import Coverage, forest_coverage
from web.terminal import asked, say

app = typer.Typer(no_args_is_help=True)

MAP = Path("out/map.html")

By = Literal["county", "township"]


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
    file: Annotated[Path, typer.Argument(help="写成的网页 / the page to write")] = MAP,
    as_of: asked.AsOf = None,
    on: asked.On = None,
    _json: asked.AsJson = False,
) -> None:
    """画全县地图：一个网页文件，断网也能看 / draw the county's map: one page that needs no network."""
    with asked.moment(db.ready(), as_of, on) as session:
        write_map(session, file, on)
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


def write_map(session: Session, file: Path, on: datetime | None = None) -> None:
    """Draw the map as the session sees the layers."""
    from pipelines.paper.maps import write  # noqa: PLC0415 -- folium and pandas take a second to load
    from pipelines.restoration.county_map import draw  # noqa: PLC0415

    write(draw(session, as_of=asked.day(session, on)), file)


def _plain(row: Coverage) -> dict[str, Any]:
    percent = None if row.percent is None else float(row.percent)
    counted = {"code": row.code, "name": row.name, "forest_m2": row.forest_m2, "land_m2": row.land_m2}
    return {**counted, "percent": percent, "made_up": row.made_up}
