"""The demo: a made-up county on the real boundary, its rates by township, its plan and its maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.orm import Session

from layers.ground import db
from web.terminal import asked, say
from web.terminal.desks import maps, plan, progress, publishing, rates

app = typer.Typer(no_args_is_help=True)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="随机种子 / seed")] = 360732,
    plots: Annotated[int, typer.Option(help="小班数（约）/ about so many plots")] = 20_000,
    map_file: Annotated[Path, typer.Option(help="地图写到哪里 / where the map goes")] = maps.MAP,
    _json: asked.AsJson = False,
) -> None:
    """装入虚构的示例县，列出覆盖率、进度和方案，并画图 / land the made-up county: its rates, progress, plan, maps."""
    from pipelines.demo import landing  # noqa: PLC0415 -- other commands need not wait for it
    from pipelines.demo.pictures import write_pictures  # noqa: PLC0415 -- as above

    engine = db.ready()
    if landing.is_whole(engine):
        say.tell("demo.there")
    else:
        _land(seed, plots)
    found, announced = rates.known_rates(engine, None, None)
    with Session(engine) as session:
        how_far, works = progress.now(session)
        stands, targets = plan.now(session, found)
        maps.write_maps(session, found, pages := maps.map_files(map_file))
        pictures = write_pictures(session, map_file.parent / "pictures")
    site = publishing.draft_of(engine, map_file.parent / publishing.PUBLIC.name, pictures)
    drawn = {theme or "county": str(file.resolve()) for theme, file in pages.items()}
    more = {"maps": drawn, "site": str(site.resolve()), "progress": how_far, "plan": stands}
    answer = rates.plain(found, announced, townships=True)
    say.answer({**answer, **more}, *rates.township_tables(found), works, targets)
    say.tell("demo.next", maps="\n".join(f"  {file}" for file in drawn.values()), site=site.resolve())


def _land(seed: int, plots: int) -> None:
    from pipelines.demo import county as grown  # noqa: PLC0415 -- as above
    from pipelines.demo import landing  # noqa: PLC0415

    with _progress() as (describe, progress):
        describe("生成示例数据 / growing the sample county", None)
        county = grown(seed, plots=plots)
        describe("入库 / landing it", sum(len(step.rows) for step in county.steps))
        landing.land(db.engine(), county, person=asked.person(), progress=progress)
    say.tell("demo.landed", steps=len(county.steps), rows=sum(len(step.rows) for step in county.steps))


@contextmanager
def _progress() -> Iterator[tuple[Callable[[str, int | None], None], Callable[[int], None]]]:
    """A bar on standard error: a way to say what is being done, and a way to go on."""
    looks = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*looks, console=say.err, transient=True) as bar:
        task = bar.add_task("")
        yield (
            lambda what, total: bar.update(task, description=what, total=total),
            lambda rows: bar.advance(task, rows),
        )
