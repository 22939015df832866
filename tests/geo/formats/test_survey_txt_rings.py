"""The rings of a survey coordinate TXT: holes and islands by what lies in what; many parcels; lines and points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from geo.crs import from_storage
from tests.geo.formats.survey_txt import (
    EXAMPLE,
    HEADER,
    HOLE,
    OUTER,
    PARCEL,
    is_the_example,
    only,
    rows_of,
)


@pytest.mark.parametrize(
    "points",
    [
        OUTER + HOLE,
        OUTER.rsplit("J1,1", 1)[0] + HOLE.rsplit("J6,2", 1)[0],
        OUTER.replace("J1,1,2914100.000,38634790.000\n", "J6,1,2914100.000,38634790.000\n") + HOLE,
        OUTER + "J1,1,2914100.000,38634790.000\n" + HOLE,
        OUTER + HOLE.replace(",2,", ",1,"),
        OUTER + HOLE.replace("J6", "J1").replace("J7", "J2").replace("J8", "3").replace("J9", "东北角"),
        HOLE + OUTER,
        OUTER.replace(",1,", ",2,") + HOLE.replace(",2,", ",1,"),
        "".join(reversed(OUTER.splitlines(keepends=True))) + HOLE,
        OUTER + "".join(reversed(HOLE.splitlines(keepends=True))),
    ],
    ids=[
        "as in the example",
        "not closed",
        "closing point under a number of its own",
        "closed twice",
        "one ring number for both",
        "point numbers begin anew",
        "hole first",
        "ring numbers the wrong way round",
        "outer ring the other way round",
        "hole the other way round",
    ],
)
def test_the_hole_is_what_lies_inside_however_the_rings_are_written(tmp_path: Path, points: str) -> None:
    assert is_the_example(only(tmp_path, HEADER + PARCEL + points))


@pytest.mark.parametrize("count", ["9", "11", "500", "", "十一"])
def test_the_number_of_points_is_not_believed(tmp_path: Path, count: str) -> None:
    assert is_the_example(only(tmp_path, EXAMPLE.replace("11,45.3483", f"{count},45.3483")))


def square(east: float, north: float, side: float, ring: int = 1) -> str:
    corners = [(north, east), (north, east + side), (north + side, east + side), (north + side, east)]
    return "".join(f"J{n},{ring},{x:.3f},{y:.3f}\n" for n, (x, y) in enumerate(corners))


def test_parts_and_an_island_in_a_hole_come_from_containment(tmp_path: Path) -> None:
    east, north = 38634000, 2914000
    rings = (
        square(east, north, 300, 1)
        + square(east + 50, north + 50, 200, 2)
        + square(east + 100, north + 100, 100, 3)
        + square(east + 1000, north, 100, 4)
    )

    row = only(tmp_path, HEADER + PARCEL.replace("45.3483", "") + rings)

    assert row.shape is not None
    assert shapely.get_num_geometries(row.shape) == 3
    plane = from_storage(np.array([row.shape], dtype=object), 4526)[0]
    assert plane.area == pytest.approx(300**2 - 200**2 + 100**2 + 100**2, abs=1e-3)


def test_a_hole_that_touches_its_outer_ring_is_a_hole(tmp_path: Path) -> None:
    east, north = 38634000, 2914000
    touching = f"a,2,{north},{east}\nb,2,{north + 50},{east + 20}\nc,2,{north + 20},{east + 50}\n"

    row = only(tmp_path, HEADER + PARCEL.replace("45.3483", "") + square(east, north, 100) + touching)

    assert row.shape is not None
    plane = from_storage(np.array([row.shape], dtype=object), 4526)[0]
    assert plane.area == pytest.approx(100**2 - (50**2 - 20**2) / 2, abs=1e-3)


def test_many_parcels_are_as_many_features_in_the_order_of_the_file(tmp_path: Path) -> None:
    parcels = [
        f"4,,{n},地块{n},面,,,,@\n" + square(38634000 + 20 * n, 2914000, 10).replace("J", f"{n}-") for n in range(1200)
    ]

    _, rows = rows_of(tmp_path, HEADER + "".join(parcels))

    assert [row.number for row in rows] == list(range(1, 1201))
    assert [row.attributes["地块名称"] for row in rows] == [f"地块{n}" for n in range(1200)]
    assert {row.refusal for row in rows} == {None}


def test_lines_and_points_come_as_such(tmp_path: Path) -> None:
    line = "2,,1,护岸,线,,,,@\nJ1,1,2914100,38634790\nJ2,1,2914200,38634790\n"
    point = "1,,2,界桩,点,,,,@\nJ1,1,2914100,38634790\n"
    points = "2,,3,界桩,点,,,,@\nJ1,1,2914100,38634790\nJ2,1,2914300,38634790\n"

    _, rows = rows_of(tmp_path, HEADER + line + point + points)

    assert [row.shape.geom_type for row in rows if row.shape] == ["MultiLineString", "Point", "MultiPoint"]
    assert {row.survey_area_m2 for row in rows} == {None}
