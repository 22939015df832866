"""Red-line-like zones made disjoint, beside a union of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from sqlalchemy import Engine

from geo.area import area
from geo.crs import Shapes
from geo.overlay import flatten
from tests.bench import race, zones
from tests.bench.databases import Connection, bring, connected, fresh, said, settings, value
from tests.bench.found import DifferentAnswers, Found, Say, compared
from tests.bench.race import Way

_SAME = 1e-9
"""Relative: how far the ground covered may lie apart, measured by geo.area."""
_COUNTY = (115.05, 25.95, 115.85, 26.65)

_UNION = "select ST_AsBinary(ST_Union(shape)) from zones"
_APART = """
    select ST_AsBinary(coalesce(ST_Difference(z.shape, (
        select ST_Union(o.shape) from zones o where o.id < z.id and ST_Intersects(o.shape, z.shape))), z.shape))
      from zones z order by z.id"""


@dataclass(frozen=True)
class Size:
    """How many zones, how many vertices they have together, more than 100,000 in each of the largest, and rounds."""

    zones: int
    vertices: int
    largest: int
    rounds: int


QUICK = Size(60, 200_000, largest=0, rounds=3)
WHOLE = Size(300, 2_000_000, largest=4, rounds=3)


def measure(server: Engine, size: Size, say: Say) -> Found:
    """Make the zones disjoint by every way in turn, each once before it is timed. Raises DifferentAnswers."""
    shapes = zones.red_lines(size.zones, size.vertices, largest=size.largest, within=_COUNTY)
    held = shapely.get_num_coordinates(shapes)
    with fresh(server) as url, connected(url) as connection:
        bring(connection, "zones", shapes)
        ways = _ways(shapes, connection)
        agree({way.title: way.run() for way in ways})
        say(f"{len(shapes):,} zones of {held.sum():,} vertices: made, and every way warm")
        geos = value(connection, "select 'PostGIS ' || postgis_lib_version() || ', GEOS ' || postgis_geos_version()")
        title = f"{len(shapes):,} zones, {held.sum():,} vertices, {held.max():,} in the largest"
        found = race.run(title, ways, size.rounds, agree)
    server_said = f"{said(settings(server, 'shared_buffers', 'work_mem', 'jit'))}, {geos}"
    client = f"GEOS {shapely.geos_version_string} in shapely {shapely.__version__}"
    rest = ("server", server_said), ("client", client), ("agreement", f"ground covered, by geo.area, within {_SAME:g}")
    return Found([found.drawn(), compared(*((way.title, way.said) for way in ways), *rest)], found.plain())


def _ways(shapes: Shapes, connection: Connection) -> Sequence[Way]:
    """Each gives shapely shapes."""

    def sent(query: str) -> Shapes:
        cursor = connection.execute(query, binary=True)
        return np.asarray(shapely.from_wkb([row[0] for row in cursor]), dtype=object)

    return (
        Way("flatten", "geo.overlay.flatten: every zone without what lies in those before it", lambda: flatten(shapes)),
        Way("ST_Union", "PostGIS, table in the server's memory: one shape for all", lambda: sent(_UNION)),
        Way(
            "ST_Difference",
            "PostGIS: every zone less ST_Union of those before it that meet it: the pieces that flatten gives",
            lambda: sent(_APART),
        ),
    )


def agree(answers: dict[str, Shapes]) -> None:
    """Whether all cover the same ground."""
    covered = {title: float(area(shapes).sum()) for title, shapes in answers.items()}
    ours = covered["flatten"]
    for title, m2 in covered.items():
        if abs(m2 - ours) > _SAME * ours:
            raise DifferentAnswers(f"{title}: {m2} m² are covered, not {ours}")
