"""Drawings as CAD programs save them, written by ezdxf, and as somebody writes them who means harm."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezdxf
import numpy as np
import pytest
import shapely

from tests.geo.craft import boxed, refused, row_refusals

pytestmark = pytest.mark.usefixtures("in_under_five_seconds_with_nothing_left")

EAST, NORTH = 38634790.0, 2914100.0
CORNERS = [(EAST, NORTH), (EAST + 100, NORTH), (EAST + 100, NORTH + 100), (EAST, NORTH + 100)]
SCALE = 1.00044
"""The plane is that much too large, in area, at 115.36°E in zone 38."""


def drawing(path: Path, draw: Callable[[Any], object], version: str = "R2010") -> Path:
    document = ezdxf.new(version)
    document.encoding = "gbk" if version in ("R12", "R2004") else "utf8"
    document.blocks.new("树")
    draw(document.modelspace())
    document.saveas(path)
    return path


def closed(space: Any, layer: str = "地块", points: Any = CORNERS) -> Any:
    return space.add_lwpolyline(points, close=True, dxfattribs={"layer": layer})


@pytest.mark.parametrize("version", ["R12", "R2004", "R2010", "R2018"])
def test_a_closed_polyline_is_a_parcel_named_by_the_text_in_it(tmp_path: Path, version: str) -> None:
    def draw(space: Any) -> None:
        if version == "R12":
            space.add_polyline2d(CORNERS, close=True, dxfattribs={"layer": "地块"})
        else:
            closed(space)
        space.add_text("甲-01", dxfattribs={"insert": (EAST + 50, NORTH + 50), "layer": "注记"})
        space.add_text("图外", dxfattribs={"insert": (EAST + 500, NORTH + 50), "layer": "注记"})

    opening, (row,) = boxed(drawing(tmp_path / "a.dxf", draw, version))

    assert (opening.format, opening.layer, opening.epsg, opening.crs_stated) == ("DXF", "地块", 4526, False)
    assert (row.attributes["layer"], row.attributes["text"]) == ("地块", "甲-01")
    assert row.survey_area_m2 == pytest.approx(10_000 / SCALE, rel=1e-4)


def test_an_arc_is_flattened_to_a_centimetre(tmp_path: Path) -> None:
    bulged = [(EAST, NORTH, 1.0), (EAST + 100, NORTH, 1.0)]

    _, (row,) = boxed(drawing(tmp_path / "a.dxf", lambda space: space.add_lwpolyline(bulged, format="xyb", close=True)))

    # Two half circles of radius 50: chords within a centimetre of the arc take at most that much off its length.
    assert row.survey_area_m2 is not None
    assert row.shape is not None
    edges = shapely.get_num_coordinates(row.shape) - 1
    inscribed = edges / 2 * 50**2 * math.sin(2 * math.pi / edges)
    assert math.pi * 2500 - math.pi * 100 * 0.01 < inscribed
    assert row.survey_area_m2 == pytest.approx(inscribed / SCALE, rel=2e-4)


def test_a_circle_encloses_and_lines_and_points_do_not(tmp_path: Path) -> None:
    def draw(space: Any) -> None:
        space.add_circle((EAST, NORTH), 50)
        space.add_line(CORNERS[0], CORNERS[1])
        space.add_lwpolyline(CORNERS)
        space.add_point(CORNERS[0])

    _, rows = boxed(drawing(tmp_path / "a.dxf", draw))

    assert [row.shape.geom_type for row in rows if row.shape] == [
        "MultiPolygon", "MultiLineString", "MultiLineString", "Point",
    ]  # fmt: skip


def test_a_hatch_keeps_its_holes(tmp_path: Path) -> None:
    def draw(space: Any) -> None:
        hatch = space.add_hatch()
        hatch.paths.add_polyline_path(CORNERS, is_closed=True)
        hatch.paths.add_polyline_path([(EAST + 20, NORTH + 20), (EAST + 40, NORTH + 20), (EAST + 40, NORTH + 40)])

    _, (row,) = boxed(drawing(tmp_path / "a.dxf", draw))

    assert row.survey_area_m2 == pytest.approx((10_000 - 200) / SCALE, rel=1e-4)


def test_heights_are_dropped_and_said(tmp_path: Path) -> None:
    raised = [(x, y, 120.5) for x, y in CORNERS]

    _, (row,) = boxed(drawing(tmp_path / "a.dxf", lambda space: space.add_polyline3d(raised, close=True)))

    assert [note.id for note in row.notes] == ["shape.height_dropped"]


def test_several_layers_are_asked_which_with_counts(tmp_path: Path) -> None:
    def draw(space: Any) -> None:
        closed(space, "红线")
        closed(space, "地块")
        closed(space, "地块")

    path = drawing(tmp_path / "a.dxf", draw)

    assert refused(path).values["layers"] == "地块(2)、红线(1)"
    assert boxed(path, layer="红线")[0].count == 1


def test_what_is_no_shape_is_said_with_its_count(tmp_path: Path) -> None:
    def draw(space: Any) -> None:
        closed(space)
        space.add_blockref("树", CORNERS[0])

    opening, rows = boxed(drawing(tmp_path / "a.dxf", draw))

    assert [(note.id, note.values["kinds"]) for note in opening.notes] == [("dxf.passed", "INSERT(1)")]
    assert row_refusals(rows) == [None]


def test_a_region_is_refused_with_the_remedy_and_the_rest_is_read(tmp_path: Path) -> None:
    def draw(space: Any) -> None:
        closed(space)
        space.add_region(dxfattribs={"layer": "地块"}).sat = ("400 0 1 0", "End-of-ACIS-data")

    assert row_refusals(boxed(drawing(tmp_path / "a.dxf", draw))[1]) == [None, "dxf.solid"]


def test_a_drawing_in_a_zip_is_read(tmp_path: Path) -> None:
    path = drawing(tmp_path / "a.dxf", closed)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "红线图.dxf")

    assert row_refusals(boxed(tmp_path / "a.zip")[1]) == [None]


def test_a_drawing_without_shapes_is_refused(tmp_path: Path) -> None:
    assert refused(drawing(tmp_path / "a.dxf", lambda space: space.add_text("空"))).id == "file.no_layer"


def test_binary_dxf_and_dwg_are_refused_with_a_remedy_of_their_own(tmp_path: Path) -> None:
    document = ezdxf.new()
    document.saveas(tmp_path / "binary.dxf", fmt="bin")
    for name in ("a.dwg", "renamed.dxf"):
        (tmp_path / name).write_bytes(b"AC1032" + bytes(2000))

    assert refused(tmp_path / "binary.dxf").id == "dxf.binary"
    assert refused(tmp_path / "a.dwg").id == "dxf.dwg"
    assert refused(tmp_path / "renamed.dxf").id == "dxf.dwg"


def test_noise_behind_an_honest_beginning_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    path.write_bytes(b"  0\r\nSECTION\r\n" + np.random.default_rng(7).bytes(10_000))

    assert refused(path).id in {"file.unreadable", "file.no_layer"}


def test_an_arc_of_more_vertices_than_allowed_refuses_its_row(tmp_path: Path) -> None:
    def draw(space: Any) -> None:
        closed(space)
        space.add_circle((EAST, NORTH), 1e14, dxfattribs={"layer": "地块"})

    assert row_refusals(boxed(drawing(tmp_path / "a.dxf", draw))[1]) == [None, "shape.too_many_points"]


def test_coordinates_that_are_no_numbers_refuse_their_row_or_the_file(tmp_path: Path) -> None:
    path = drawing(tmp_path / "a.dxf", closed)
    path.write_text(path.read_text("utf-8").replace(f"{EAST + 100}", "nan"), "utf-8")

    assert row_refusals(boxed(path)[1]) == ["shape.not_finite"]
