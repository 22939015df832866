"""The desk of maps: the county in one page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from layers.ground import db
from pipelines.restoration.rates import Rates
from web.terminal import asked, say
from web.terminal.rates import known_rates

app = typer.Typer(no_args_is_help=True)

MAP = Path("out/map.html")


@app.command("map")
def draw_map(
    file: Annotated[Path, typer.Argument(help="写成的网页 / the page to write")] = MAP,
    as_of: asked.AsOf = None,
    on: asked.On = None,
    _json: asked.AsJson = False,
) -> None:
    """画全县地图：一个网页文件，断网也能看 / draw the county's map: one page that needs no network."""
    engine = db.ready()
    found, _ = known_rates(engine, as_of, on)
    with asked.moment(engine, as_of, on) as session:
        write_map(session, found, file, on)
    if say.voice.as_json:
        say.answer({"file": str(file.resolve()), "bytes": file.stat().st_size})
    else:
        say.tell("map.written", file=file.resolve())


def write_map(session: Session, rates: Rates, file: Path, on: datetime | None = None) -> None:
    """Draw the map as the session sees the layers."""
    from pipelines.paper.maps import write  # noqa: PLC0415 -- folium and pandas take a second to load
    from pipelines.restoration.county_map import draw  # noqa: PLC0415

    write(draw(session, rates, as_of=asked.day(session, on)), file)
