"""The desk of maps: the county in one page, as a whole or by subject."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer
from sqlalchemy.orm import Session

from layers.ground import db
from pipelines.restoration.rates import Rates
from web.terminal import asked, say
from web.terminal.desks.rates import known_rates

app = typer.Typer(no_args_is_help=True)

MAP = Path("out/map.html")

MapTheme = Literal["progress", "forest", "wetland", "water", "redline"]
THEMES: tuple[MapTheme, ...] = get_args(MapTheme)


@app.command("map")
def draw_map(
    file: Annotated[Path | None, typer.Argument(help="写成的网页 / the page to write")] = None,
    theme: Annotated[
        MapTheme | None,
        typer.Option(
            help="专题：进展、森林、湿地、水土、红线；不写为全县一张图 / its subject; without one, the county"
        ),
    ] = None,
    approval_no: Annotated[str | None, typer.Option(help="审图号 / map approval number")] = None,
    as_of: asked.AsOf = None,
    on: asked.On = None,
    _json: asked.AsJson = False,
) -> None:
    """画地图：一个网页文件，断网也能看 / draw a map: one page that needs no network."""
    engine, file = db.ready(), file or map_files(MAP)[theme]
    found, _ = known_rates(engine, as_of, on)
    with asked.moment(engine, as_of, on) as session:
        write_maps(session, found, {theme: file}, on, approval_no=approval_no)
    if say.voice.as_json:
        say.answer({"file": str(file.resolve()), "bytes": file.stat().st_size})
    else:
        say.tell("map.written", file=file.resolve())


def map_files(overview: Path) -> dict[MapTheme | None, Path]:
    """Where every map goes: the county's own, and beside it the themed ones."""
    return {None: overview} | {theme: overview.with_stem(f"{overview.stem}-{theme}") for theme in THEMES}


def write_maps(
    session: Session,
    rates: Rates,
    files: Mapping[MapTheme | None, Path],
    on: datetime | None = None,
    *,
    approval_no: str | None = None,
) -> None:
    """Draw maps as the session sees the layers, each into its file; None is the county as a whole."""
    from pipelines.paper.maps import write  # noqa: PLC0415 -- folium and pandas take a second to load
    from pipelines.restoration.maps import OVERVIEW, Reading, draw  # noqa: PLC0415

    read = Reading(session, rates, date.fromisoformat(asked.day(session, on)))
    for theme, file in files.items():
        write(draw(read, theme or OVERVIEW, approval_no=approval_no), file)
