"""Coordinates as people paste them: one text in, the parcels it means out, and what is odd about it said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import from_storage
from geo.formats.writing import Layout, write
from geo.reading import Opening, Row
from geo.refusal import GeoRefusal
from tests.geo.craft import RING, SQUARE, here, row_refusals
from tests.geo.formats.survey_txt import EXAMPLE, is_the_example

TRIANGLE = shapely.Polygon([(115.30, 26.30), (115.31, 26.30), (115.31, 26.31)])
PLANE = shapely.Polygon([(38634790.2, 2914100.1), (38634790.2, 2914200.1), (38634890, 2914200.1)])
ANGLES = shapely.Polygon(
    [(115 + 20 / 60 + s / 3600, 26 + 18 / 60 + t / 3600) for s, t in ((30.5, 10.2), (40.5, 10.2), (40.5, 30.2))]
)


def pasted(folder: Path, text: str, encoding: str = "utf-8") -> tuple[Opening, list[Row]]:
    path = folder / "粘贴.txt"
    path.write_bytes(text.encode(encoding))
    return here(path)


def said(opening: Opening) -> list[str]:
    return [note.id for note in opening.notes]


@pytest.mark.parametrize(
    "text",
    [
        "2914100.1 38634790.2\n2914200.1 38634790.2\n2914200.1 38634890\n",
        "38634790.2,2914100.1\n38634790.2,2914200.1\n38634890,2914200.1",
        "J1 2914100.1 38634790.2\nJ2 2914200.1 38634790.2\nJ3 2914200.1 38634890\nJ1 2914100.1 38634790.2\n",
        "1\t2914100.1\t38634790.2\r\n2\t2914200.1\t38634790.2\r\n3\t2914200.1\t38634890\r\n",
        "1、2914100.1，38634790.2\n\n2、2914200.1，38634790.2\n\n3、2914200.1，38634890\n",
        "点号 X Y\nJ1 2914100.1 38634790.2\nJ2 2914200.1 38634790.2\nJ3 2914200.1 38634890\n",
        "J1 X=2914100.1 Y=38634790.2\nJ2 X=2914200.1 Y=38634790.2\nJ3 X=2914200.1 Y=38634890\n",
        "某项目界址点坐标\nJ1 2914100.1 38634790.2\nJ2 2914200.1 38634790.2\nJ3 2914200.1 38634890\n",
        "J1\t1\t2914100.1\t38634790.2\nJ2\t1\t2914200.1\t38634790.2\nJ3\t1\t2914200.1\t38634890\n",
        f"SRID=4526;{PLANE.wkt}",
    ],
    ids=[
        "X and Y", "easting first", "numbered and closed", "tabs", "Chinese commas, double-spaced", "heading", "labels",
        "title", "survey points with tabs", "EWKT",
    ],
)  # fmt: skip
def test_metres_are_read_however_they_are_set(tmp_path: Path, text: str) -> None:
    opening, (row,) = pasted(tmp_path, text)

    assert (opening.epsg, row.refusal) == (4526, None)
    plane = from_storage(np.array([row.shape], dtype=object), 4526)[0]
    assert shapely.hausdorff_distance(plane, PLANE) < 1e-5


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("115.30,26.30\n115.31,26.30\n115.31,26.31\n", TRIANGLE),
        ("26.30 115.30\n26.30 115.31\n26.31 115.31\n", TRIANGLE),
        ("115.30,26.30,120.5\n115.31,26.30,121\n115.31,26.31,30.5\n", TRIANGLE),
        ("115.30,26.30;115.31,26.30;115.31,26.31;115.30,26.30", TRIANGLE),
        ("115.30,26.30,0 115.31,26.30,0 115.31,26.31,0 115.30,26.30,0", TRIANGLE),
        ("(115.30 26.30, 115.31 26.30, 115.31 26.31, 115.30 26.30)", TRIANGLE),
        ("[[115.30, 26.30], [115.31, 26.30], [115.31, 26.31]]", TRIANGLE),
        ("[[115.30, 26.30],\n [115.31, 26.30],\n [115.31, 26.31]]", TRIANGLE),
        (TRIANGLE.wkt, TRIANGLE),
        (json.dumps(shapely.geometry.mapping(TRIANGLE)), TRIANGLE),
        ("115°20′30.5″ 26°18′10.2″\n115°20′40.5″ 26°18′10.2″\n115°20′40.5″ 26°18′30.2″", ANGLES),
        ("115°20'30.5\"E, 26°18'10.2\"N\n115°20'40.5\"E, 26°18'10.2\"N\n115°20'40.5\"E, 26°18'30.2\"N", ANGLES),
        (
            "J1: 东经115° 20′ 30.5″，北纬26° 18′ 10.2″\nJ2: 东经115度20分40.5秒，北纬26度18分10.2秒\n"
            "J3: 东经115°20′40.5″，北纬26°18′30.2″",
            ANGLES,
        ),
    ],
    ids=[
        "longitude first", "latitude first", "heights", "one line with semicolons", "as in KML", "as in WKT",
        "as in a program", "as in a program, by lines", "WKT", "GeoJSON",
        "angles", "angles with quotes", "angles in Chinese",
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_degrees_are_read_however_they_are_set(
    tmp_path: Path, text: str, shape: shapely.Polygon, encoding: str
) -> None:
    opening, (row,) = pasted(tmp_path, text, encoding)

    assert (opening.epsg, row.refusal) == (4490, None)
    assert row.shape is not None
    assert shapely.hausdorff_distance(row.shape, shape) < 1e-9


def test_which_column_was_taken_for_which_axis_is_said(tmp_path: Path) -> None:
    opening, _ = pasted(tmp_path, "26.30 115.30\n26.30 115.31\n26.31 115.31\n")

    assert [(note.id, note.values) for note in opening.notes] == [("table.no_heading", {"north": 1, "east": 2})]


def test_a_survey_txt_and_kml_are_what_they_are(tmp_path: Path) -> None:
    opening, (row,) = pasted(tmp_path, EXAMPLE)
    kml = f"<kml><Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>{' '.join(f'{x},{y}' for x, y in RING)}"
    ends = "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>"

    assert (opening.format, is_the_example(row)) == ("界址点坐标 TXT", True)
    assert pasted(tmp_path, kml + ends)[0].format == "KML"


@pytest.mark.parametrize("closed", [True, False], ids=["closing", "parted by blank lines"])
def test_every_outer_ring_is_a_parcel_and_what_lies_in_it_its_hole_which_is_said(tmp_path: Path, closed: bool) -> None:
    hole = shapely.box(115.302, 26.302, 115.304, 26.304)
    other = shapely.box(115.40, 26.30, 115.41, 26.31)
    rings = [list(shape.exterior.coords) for shape in (other, SQUARE, hole)]
    blocks = ["\n".join(f"{x},{y}" for x, y in (ring if closed else ring[:-1])) for ring in rings]

    _, (first, second) = pasted(tmp_path, ("\n" if closed else "\n\n").join(blocks))

    assert first.shape is not None
    assert second.shape is not None
    assert first.shape.equals(other)
    assert second.shape.equals(SQUARE - hole)
    assert [note.id for note in second.notes] == ["pasted.holes"]


def test_rings_by_number_part_where_the_number_changes(tmp_path: Path) -> None:
    rows = [(1, "30.5", "10.2"), (1, "40.5", "10.2"), (1, "40.5", "30.2"), (2, "50.5", "10.2"), (2, "55.5", "10.2")]
    rows.append((2, "55.5", "30.2"))

    _, found = pasted(tmp_path, "\n".join(f"J{n},{r},115°20′{s}″,26°18′{t}″" for n, (r, s, t) in enumerate(rows)))

    assert row_refusals(found) == [None, None]


@pytest.mark.parametrize(
    ("text", "refusal", "values"),
    [
        ("115.30,26.30\n115.31,x\n115.31,26.31\n115.30,26.31", "table.not_a_number", {"row": 2, "found": "x"}),
        ("115.30,26.30\n115.31,26.30", "table.too_few", {"row": 1, "count": 2}),
        (f"{TRIANGLE.wkt[:-1]}", "table.bad_wkt", {"row": 1}),
    ],
    ids=["a word", "two positions", "WKT that breaks off"],
)
def test_what_cannot_be_read_refuses_the_text_with_its_line(
    tmp_path: Path, text: str, refusal: str, values: dict[str, object]
) -> None:
    _, (row,) = pasted(tmp_path, text)

    assert row.refusal is not None
    assert row.refusal.id == refusal
    assert row.refusal.values.items() >= values.items()


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("今天去现场看了", "survey_txt.nothing"),
        (f"SRID=4490;{TRIANGLE.wkt}\nSRID=4526;{PLANE.wkt}", "pasted.two_systems"),
        ("125.30,26.30\n125.31,26.30\n125.31,26.31", "crs.none_lands"),
        (f"SRID=4214;{TRIANGLE.wkt}", "crs.other_datum"),
    ],
    ids=["prose", "two systems", "elsewhere", "Beijing 54"],
)
def test_a_text_that_means_nothing_here_is_refused(tmp_path: Path, text: str, refusal: str) -> None:
    with pytest.raises(GeoRefusal) as refused:
        pasted(tmp_path, text)

    assert refused.value.id == refusal


def test_several_shapes_in_wkt_are_as_many_rows_and_a_bad_one_names_its_line(tmp_path: Path) -> None:
    _, rows = pasted(tmp_path, f"{TRIANGLE.wkt};\n{SQUARE.wkt}\nPOLYGON((1 2,\n3))\nPOINT(115.3 26.3)")

    assert row_refusals(rows) == [None, None, "table.bad_wkt", None]
    assert rows[2].refusal is not None
    assert rows[2].refusal.values["row"] == 3


def test_a_table_of_control_points_is_no_boundary(tmp_path: Path) -> None:
    _, rows = pasted(tmp_path, "控制点成果表\n点号 X Y 等级\nG01 2914100.1 38634790.2 E\nG02 2914200.1 38634790.2 E\n")

    assert [row.shape.geom_type for row in rows if row.shape] == ["Point", "Point"]


# --- paste(write(x)) = x ---

Written = Callable[[shapely.Polygon], str]


def by_lines(between: str, *, turned: bool = False, numbered: bool = False) -> Written:
    def written(shape: shapely.Polygon) -> str:
        rings = [shape.exterior, *shape.interiors]
        return "\n\n".join("\n".join(_lines(ring, between, turned, numbered)) for ring in rings)

    return written


def _lines(ring: shapely.LinearRing, between: str, turned: bool, numbered: bool) -> list[str]:
    pairs = [(y, x) if turned else (x, y) for x, y in ring.coords]
    return [between.join([*([f"J{n}"] if numbered else []), repr(a), repr(b)]) for n, (a, b) in enumerate(pairs)]


WAYS: dict[str, Written] = {
    "comma": by_lines(","),
    "blank, turned": by_lines(" ", turned=True),
    "numbered, tabs": by_lines("\t", numbered=True),
    "WKT": lambda shape: shapely.to_wkt(shape, rounding_precision=-1),
    "GeoJSON": shapely.to_geojson,
}


@st.composite
def holed(draw: st.DrawFn) -> shapely.Polygon:
    """A star around a place in the county, with a hole around the same place."""
    middle = (draw(st.floats(115.2, 115.7)), draw(st.floats(26.2, 26.6)))
    radii = draw(st.lists(st.floats(0.004, 0.01), min_size=3, max_size=12))
    at = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    ring = np.column_stack([np.cos(at), np.sin(at)]) * np.array(radii)[:, None]
    inner = [ring * 0.2] if draw(st.booleans()) else []
    return shapely.Polygon(ring + middle, [hole + middle for hole in inner])


@pytest.mark.parametrize("way", WAYS)
@given(holed())
@settings(max_examples=25, deadline=None)
def test_what_is_written_and_pasted_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, way: str, shape: shapely.Polygon
) -> None:
    _, (row,) = pasted(tmp_path_factory.mktemp("paste"), WAYS[way](shape))

    assert row.shape is not None
    assert shapely.hausdorff_distance(row.shape, shape) < 1e-12
    assert len(row.shape.geoms[0].interiors) == len(shape.interiors)


@given(holed())
@settings(max_examples=25, deadline=None)
def test_a_survey_txt_that_is_written_and_pasted_is_the_same_to_the_millimetre(
    tmp_path_factory: pytest.TempPathFactory, shape: shapely.Polygon
) -> None:
    folder = tmp_path_factory.mktemp("paste")
    plane = from_storage(np.array([shape], dtype=object), 4526)[0]
    write([({"地块名称": "甲"}, plane)], folder / "a.txt", Layout("a", (), epsg=4526, encoding="GBK"))

    _, (row,) = pasted(folder, (folder / "a.txt").read_text("gbk"))

    back = from_storage(np.array([row.shape], dtype=object), 4526)[0]
    assert shapely.hausdorff_distance(back, plane) < 0.0008
