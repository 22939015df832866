"""Patches over red-line-like zones: areas, pieces, and one parcel at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import shapely
from rich.console import RenderableType
from sqlalchemy import Engine

from geo.crs import Shapes
from geo.overlay.index import Index
from geo.rings import Ints
from tests.bench import race, zones
from tests.bench.databases import Connection, bring, connected, fresh, said, settings, value
from tests.bench.found import Found, Say, compared
from tests.bench.overlay import alone, patches, peers, single
from tests.bench.overlay.answers import EDGES, GROUND_M2, SAME, Areas, Pieces, agree
from tests.bench.race import Race, Way

COUNTY = (115.05, 25.95, 115.85, 26.65)
AROUND = (115.0, 25.9, 115.9, 26.7)
THREADS = 2
_DUCK = 100_000
"""Patches beyond which DuckDB is not asked: it takes minutes."""
_LARGE = 100_000
"""Patches from which on it is asked how many times as fast."""
_NAIVE = 10_000
"""Patches beyond which nobody is asked to cut by whole zones."""
_POLYGONS_ALONE = ("sedonadb",)
"""Whose union refuses the lines that a cut leaves where a patch is drawn along its zone."""
ASKED = {
    ("areas", "PostGIS"): 15, ("areas", "sedonadb"): 5, ("pieces", "PostGIS"): 4, ("pieces", "sedonadb"): 1.5,
    ("areas", "PostGIS, naive"): 50,
}  # fmt: skip
"""So many times as long as ours a way is to take."""


@dataclass(frozen=True)
class Run:
    """So many patches, scattered or drawn along the zones, and rounds."""

    patches: int
    rounds: int
    snapped: bool = False


@dataclass(frozen=True)
class Size:
    """The zones, the runs over them, and how many parcels are asked for one by one."""

    zones: int
    vertices: int
    largest: int
    runs: Sequence[Run]
    parcels: int


QUICK = Size(60, 200_000, largest=0, runs=[Run(2_000, 2), Run(2_000, 2, snapped=True)], parcels=300)
WHOLE = Size(
    300,
    2_000_000,
    largest=4,
    runs=[Run(10_000, 3), Run(100_000, 3), Run(100_000, 2, snapped=True), Run(1_000_000, 1)],
    parcels=2_000,
)


def measure(server: Engine, size: Size, say: Say) -> Found:
    """Let all ways answer all runs. Raises DifferentAnswers."""
    lines = zones.red_lines(size.zones, size.vertices, largest=size.largest, within=COUNTY)
    with fresh(server) as url, connected(url) as connection:
        connection.execute("set jit = off")
        bring(connection, "zones", lines)
        cells = peers.subdivide(connection)
        kept = alone.built(lines)
        say(f"{len(lines):,} zones of {shapely.get_num_coordinates(lines).sum():,} vertices: {kept.said}")
        one = single.measure(kept.index, connection, size.parcels)
        say(f"{size.parcels:,} parcels, one by one")
        races = [found for run in size.runs for found in _run(run, lines, kept.index, cells, connection, say)]
        geos = value(connection, "select 'PostGIS ' || postgis_lib_version() || ', GEOS ' || postgis_geos_version()")
    server_said = f"{said(settings(server, 'shared_buffers', 'work_mem'))}, jit off, {geos}"
    client = f"GEOS {shapely.geos_version_string} in shapely {shapely.__version__}, {os.cpu_count()} cores"
    rest = ("server", server_said), ("client", client), ("index", kept.said), ("agreement", _AGREEMENT)
    table = compared(*{way.title: (way.title, way.said) for found in races for way in found.ways}.values(), *rest)
    drawn: list[RenderableType] = [shown for found in races for shown in (found.drawn(), *_verdicts(found))]
    return Found([*drawn, one.drawn(), table], {"races": [found.plain() for found in races], "single": one.plain()})


_AGREEMENT = (
    f"the same pairs share more than {GROUND_M2:g} m², and all together the same ground within {SAME:g} "
    f"({EDGES:g} where edges are geodesics); "
    "pieces are measured by geo.area, planar sums compared with the planar areas of our pieces"
)


def _run(
    run: Run, lines: Shapes, index: Index, cells: tuple[Ints, Shapes], connection: Connection, say: Say
) -> Iterator[Race]:
    """Areas, pieces, and, of few, areas by whole zones."""
    asked = patches.scattered(run.patches, AROUND)
    asked = patches.snapped(asked, lines) if run.snapped else asked
    connection.execute("drop table if exists patches")
    bring(connection, "patches", shapely.multipolygons(asked[:, None]))
    ours = _ours(index, asked)
    with ExitStack() as held:
        others = [peers.postgis(connection), peers.sedona(asked, *cells)]
        if run.patches <= _DUCK:
            others.append(held.enter_context(peers.duck(asked, *cells)))
        title = f"{run.patches:,} patches" + (", drawn along the zones" if run.snapped else "")
        shared = index.areas(asked, threads=THREADS)
        title += f", {len(set(shared.subject.tolist())) / run.patches:.0%} touching"
        yield _race(f"areas: {title}", [ours[0], *(way for areas, _ in others for way in areas)], run, ours)
        say(f"{title}: areas")
        able = [way for _, pieces in others for way in pieces if not (run.snapped and way.title in _POLYGONS_ALONE)]
        yield _race(f"pieces: {title}", [ours[1], *able], run, ours)
        say(f"{title}: pieces")
        if run.patches <= _NAIVE:
            yield _race(f"areas, whole zones: {title}", [ours[0], *peers.naive(connection, asked, lines)], run, ours)
            say(f"{title}: whole zones")


def _ours(index: Index, asked: Shapes) -> tuple[Way, Way]:
    def areas() -> Areas:
        shared = index.areas(asked, threads=THREADS)
        return Areas(shared.subject, shared.zone, shared.m2)

    def pieces() -> Pieces:
        shared = index.areas(asked, threads=THREADS)
        return Pieces(shared.subject, shared.zone, index.pieces(asked, shared, threads=THREADS))

    said = f"geo.overlay.index, {THREADS} threads, ellipsoidal"
    return Way("ours", f"{said}; pieces are whole, each held against its area", areas), Way("ours", said, pieces)


def _race(title: str, ways: Sequence[Way], run: Run, ours: tuple[Way, Way]) -> Race:
    expected, pieces = ours[0].run(), ours[1].run()
    flat = Areas(pieces.patch, pieces.zone, shapely.area(pieces.shape), flat=True)

    def agreed(answers: dict[str, Any]) -> None:
        measured = {way: found.measured() if isinstance(found, Pieces) else found for way, found in answers.items()}
        agree(measured, expected, flat)

    if run.rounds > 1:
        agreed({way.title: (way.before(), way.run())[1] for way in ways})
    return race.run(title, ways, run.rounds, agreed)


def _verdicts(found: Race) -> Iterator[str]:
    what, of = found.title.split(":")[0].split(",")[0], found.title.split(": ")[1]
    large = int(of.split(" ")[0].replace(",", "")) >= _LARGE
    for way in found.ways[1:]:
        if (times := ASKED.get((what, way.title))) and (large or "naive" in way.title):
            reached = "reached" if found.ratio(way) >= times else "NOT REACHED"
            yield f"{what} against {way.title}: {found.ratio(way):.1f} × (at least {times:g} × asked): {reached}\n"
