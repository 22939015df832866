"""Areas of made-up parcels, beside what one would otherwise ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from sqlalchemy import Engine

from geo.area import area, survey_area
from geo.crs import Shapes
from tests.bench import plots, race
from tests.bench.databases import Connection, connected, fresh, said, settings
from tests.bench.found import DifferentAnswers, Found, Say, compared
from tests.bench.race import Race, Way

Floats = NDArray[np.float64]

ASKED = 8.0
"""So many times faster than a loop over Geod is `area` to be."""

_EDGES = 7.5e-7
"""Relative: geodesics between the vertices are other edges than lines straight in degrees."""
_CUT = 1e-7
"""Relative, once edges are cut to 20 m."""
_CUT_DEGREES = 20 / 111_320
_SECONDS_M = 1.6e-5
"""What rounding seconds to six decimals, as the land survey prescribes, moves a vertex at most."""

_CGCS2000 = Geod(a=6378137.0, rf=298.257222101)
_EQUAL_AREA = "+proj=cea +lon_0=115.4 +a=6378137 +rf=298.257222101 +units=m"


@dataclass(frozen=True)
class Size:
    """How many parcels are measured, how often, and on how many of them edges are cut to compare the answers."""

    parcels: int
    rounds: int
    cut: int


QUICK = Size(20_000, rounds=3, cut=500)
WHOLE = Size(100_000, rounds=5, cut=2_000)


def measure(server: Engine, size: Size, say: Say) -> Found:
    """Measure all parcels by every way in turn. Raises DifferentAnswers."""
    parcels = plots.shapes(size.parcels, of=WHOLE.parcels)
    _agree_when_cut(parcels[:: max(size.parcels // size.cut, 1)])
    with fresh(server) as url, connected(url) as connection:
        _bring(connection, parcels)
        say(f"{size.parcels:,} parcels of {plots.VERTICES} vertices: made")
        title = f"{size.parcels:,} parcels of {plots.VERTICES} vertices"
        found = race.run(title, _ways(parcels, connection), size.rounds, agree)
    server_said = said(settings(server, "shared_buffers", "max_parallel_workers_per_gather", "jit"))
    table = compared(*((way.title, way.said) for way in found.ways), ("server", server_said), ("agreement", _AGREEMENT))
    return Found([found.drawn(), _verdict(found), table], found.plain())


def _ways(parcels: Shapes, connection: Connection) -> Sequence[Way]:
    frame = geopandas.GeoSeries(parcels, crs=4490)
    asked = "select array_agg(ST_Area(shape::geography) order by id) from parcels"
    return (
        Way("area", "geo.area.area of shapely objects, one thread, coordinates taken out", lambda: area(parcels)),
        Way("survey_area", "TD/T 1055 in degrees, likewise", lambda: survey_area(parcels, epsg=4490)),
        Way("Geod loop", "pyproj Geod.geometry_area_perimeter of each, CGCS2000", lambda: _geodesic(parcels)),
        Way(
            "to_crs().area",
            "geopandas: projected to a cylindrical equal-area plane, measured there",
            lambda: np.asarray(frame.to_crs(_EQUAL_AREA).area),
        ),
        Way(
            "PostGIS",
            "ST_Area(geography) of a table in the server's memory, all areas sent as one array",
            lambda: np.array(_value(connection, asked)),
        ),
    )


_AGREEMENT = (
    f"every parcel within {_EDGES:g} of area (edges are geodesics, or straight in another plane; the survey rounds "
    f"seconds); with edges cut to 20 m all within {_CUT:g} of Geod, survey_area within the rounding of its seconds"
)


def agree(answers: dict[str, Floats]) -> None:
    """Whether all parcels have, by every way, the area that `area` gives, up to what an edge is."""
    ours = answers["area"]
    for title, given in answers.items():
        _within(title, given, ours, np.full(len(ours), _EDGES) * ours)


def _agree_when_cut(parcels: Shapes) -> None:
    """Whether both our areas are GeographicLib's where edges are so short that it does not matter what they are."""
    cut = shapely.segmentize(parcels, _CUT_DEGREES)
    measured = np.abs([_CGCS2000.geometry_area_perimeter(shape) for shape in cut])
    expected, perimeter = measured.T
    _within("area, edges cut", area(cut), expected, _CUT * expected)
    rounding = _SECONDS_M * perimeter
    _within("survey_area, edges cut", survey_area(cut, epsg=4490), expected, _CUT * expected + rounding)


def _within(title: str, given: Floats, expected: Floats, tolerance: Floats) -> None:
    apart = np.abs(given - expected)
    if not (apart <= tolerance).all():
        worst = int(np.argmax(apart - tolerance))
        raise DifferentAnswers(f"{title}: parcel {worst} has {given[worst]} m², not {expected[worst]}")


def _geodesic(parcels: Shapes) -> Floats:
    return np.array([abs(_CGCS2000.geometry_area_perimeter(parcel)[0]) for parcel in parcels])


def _verdict(found: Race) -> str:
    (loop,) = (way for way in found.ways if way.title == "Geod loop")
    reached = "reached" if found.ratio(loop) >= ASKED else "NOT REACHED"
    return f"area against the loop over Geod: {found.ratio(loop):.1f} × (at least {ASKED:g} × asked): {reached}\n"


def _bring(connection: Connection, parcels: Shapes) -> None:
    connection.execute("create table parcels (id int primary key, shape geometry(MultiPolygon, 4490))")
    with connection.cursor() as cursor, cursor.copy("copy parcels from stdin") as stream:
        for row in enumerate(shapely.to_wkb(shapely.set_srid(parcels, 4490), hex=True, include_srid=True)):
            stream.write_row(row)
    connection.commit()
    connection.autocommit = True
    connection.execute("vacuum analyze parcels")


def _value(connection: Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]
