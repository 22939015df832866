"""Hostile shapes: each refused by row, or mended and said; never a silent wrong polygon."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import shapely

from geo import sandbox
from geo.sandbox import Limits
from tests.geo.craft import (
    COUNTY,
    RING,
    SQUARE,
    boxed,
    geojson,
    polygon,
    refused,
    row_refusals,
    write_geopackage,
    write_shapefile,
)

pytestmark = pytest.mark.usefixtures("in_under_five_seconds_with_nothing_left")


def test_geojson_nested_a_hundred_thousand_deep_is_refused(tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    for n, text in enumerate((deep, '{"features":' + deep + "}", '{"features":[{"geometry":' + deep + "}]}")):
        path = tmp_path / f"{n}.geojson"
        path.write_text(text, "utf-8")
        assert refused(path).id in {"geojson.too_deep", "file.not_what_it_says"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_know_are_refused(tmp_path: Path, number: str) -> None:
    text = json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": 0}]})
    path = geojson(tmp_path / "a.geojson", text=text.replace("0", f'{{"type":"Point","coordinates":[{number},1]}}'))

    assert refused(path).id == "geojson.broken"


@pytest.mark.parametrize(("number", "refusal"), [(1e308, "shape.outside"), ("1e999", "shape.not_finite")])
def test_numbers_beyond_the_earth_are_refused_by_row(tmp_path: Path, number: object, refusal: str) -> None:
    far = polygon([[0, 0], [12345678901, 0], [1, 1], [0, 0]])
    text = json.dumps(
        {"type": "FeatureCollection", "features": [feature(g) for g in (polygon(RING), polygon(RING), far)]}
    )
    path = geojson(tmp_path / "a.geojson", text=text.replace("12345678901", str(number)))

    assert row_refusals(boxed(path)[1]) == [None, None, refusal]


def feature(geometry: object) -> dict[str, object]:
    return {"type": "Feature", "properties": {}, "geometry": geometry}


@pytest.mark.parametrize(
    ("geometry", "refusal"),
    [
        (polygon([["115.3", "26.3"], [115.31, 26.3], [115.31, 26.31], ["115.3", "26.3"]]), "geojson.not_numbers"),
        (polygon([[True, 26.3], [115.31, 26.3], [115.31, 26.31], [True, 26.3]]), "geojson.not_numbers"),
        (polygon([[None, 26.3], [115.31, 26.3], [115.31, 26.31], [None, 26.3]]), "geojson.not_numbers"),
        (polygon(RING[:-1]), "geojson.ring_open"),
        (polygon(RING[:2]), "shape.too_few_points"),
        (polygon([RING[0], RING[1], RING[0]]), "shape.too_few_points"),
        (polygon(*RING), "geojson.bad_coordinates"),
        (polygon([RING]), "geojson.bad_coordinates"),
        (polygon([[115.3], [115.31], [115.31], [115.3]]), "geojson.bad_coordinates"),
        ({"type": "MultiPolygon", "coordinates": [RING]}, "geojson.bad_coordinates"),
        ({"type": "polygon", "coordinates": [RING]}, "geojson.bad_type"),
        ({"coordinates": [RING]}, "geojson.bad_type"),
        ({"type": "Polygon"}, "geojson.bad_coordinates"),
        ({"type": "Polygon", "coordinates": []}, "shape.empty"),
        ({"type": "Polygon", "coordinates": {"0": RING}}, "geojson.bad_coordinates"),
        ({"type": "GeometryCollection", "geometries": [None]}, "geojson.bad_coordinates"),
        ("POLYGON EMPTY", "geojson.bad_type"),
        (None, "shape.missing"),
        (polygon([[int("9" * 400), 0], *RING[1:-1], [int("9" * 400), 0]]), "geojson.bad_coordinates"),
    ],
    ids=[
        "text", "true", "null", "open", "two points", "there and back", "a ring too shallow", "a ring too deep",
        "one number", "shallow multipolygon", "lower case", "no type", "no coordinates", "no rings", "object",
        "null in a collection", "text for a geometry", "no geometry", "400 digits",
    ],
)  # fmt: skip
def test_geojson_whose_geometry_is_not_what_it_says_is_refused_by_row(
    tmp_path: Path, geometry: object, refusal: str
) -> None:
    path = geojson(tmp_path / "a.geojson", polygon(RING), geometry)

    assert row_refusals(boxed(path)[1]) == [None, refusal]


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"featurecollection","features":[]}',
        '{"type":"FeatureCollection"}',
        '{"type":"FeatureCollection","features":{}}',
        '{"type":"Polygons","coordinates":[]}',
        "{}",
    ],
)
def test_geojson_that_is_no_collection_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(geojson(tmp_path / "a.geojson", text=text)).id == "geojson.not_a_collection"


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"FeatureCollection","features":[',
        '{"type":"FeatureCollection","features":[]} trailing',
        '{"type":"FeatureCollection" "features":[]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature"',
        '{"type":"FeatureCollection","features":[,]}',
        "{1:2}",
    ],
)
def test_text_that_is_no_json_is_refused_naming_the_place(tmp_path: Path, text: str) -> None:
    refusal = refused(geojson(tmp_path / "a.geojson", text=text))

    assert refusal.id == "geojson.broken"
    assert isinstance(refusal.values["at"], int)


def test_swapped_axes_are_refused_with_the_remedy(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", polygon([[y, x] for x, y in RING]))

    assert refused(path).id == "crs.swapped"


def test_one_swapped_row_among_good_ones_is_refused_by_row(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", polygon(RING), polygon([[y, x] for x, y in RING]), polygon(RING))

    assert row_refusals(boxed(path)[1]) == [None, "shape.outside", None]


def test_a_shape_of_ten_million_vertices_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "a")
    _grow_record(path, 10_000_000)

    assert refused(path).id == "file.monster"


def _grow_record(path: Path, points: int) -> None:
    """Rewrite a shapefile of one polygon as one of a single ring of so many points."""
    angle = np.linspace(0, 2 * np.pi, points)
    ring = np.column_stack([115.3 + 0.01 * np.cos(angle), 26.3 - 0.01 * np.sin(angle)])
    content = struct.pack("<i4dii", 5, 115.29, 26.29, 115.31, 26.31, 1, points) + struct.pack("<i", 0) + ring.tobytes()
    record = struct.pack(">ii", 1, len(content) // 2) + content
    shp, shx = bytearray(path.read_bytes()[:100]), bytearray(path.with_suffix(".shx").read_bytes())
    shp[24:28] = struct.pack(">i", (100 + len(record)) // 2)
    shx[104:108] = struct.pack(">i", len(content) // 2)
    path.write_bytes(bytes(shp) + record)
    path.with_suffix(".shx").write_bytes(shx)


def circle(vertices: int) -> shapely.Polygon:
    angle = np.linspace(0, 2 * np.pi, vertices)
    return shapely.Polygon(np.column_stack([115.3 + 0.01 * np.cos(angle), 26.3 + 0.01 * np.sin(angle)]))


def test_a_shape_of_too_many_vertices_is_refused_in_every_format(tmp_path: Path) -> None:
    small = Limits(bounds=sandbox.Bounds(vertices=1_000))
    package = write_geopackage(tmp_path / "a.gpkg", {"plots": [circle(2_001)]})
    row = geojson(tmp_path / "a.geojson", polygon(RING), json.loads(shapely.to_geojson(circle(2_000))))
    monster = geojson(tmp_path / "b.geojson", json.loads(shapely.to_geojson(circle(100_000))))

    assert refused(package, limits=small).id == "file.monster"
    assert row_refusals(boxed(row, limits=small)[1]) == [None, "shape.too_many_points"]
    assert refused(monster, limits=small).id == "geojson.monster"


@pytest.mark.parametrize("vertices", [1_000, 30_000])
def test_a_random_ring_is_refused_by_row_when_it_cannot_be_mended_in_time(tmp_path: Path, vertices: int) -> None:
    tangle = np.random.default_rng(vertices).uniform([115.3, 26.3], [115.4, 26.4], (vertices, 2)).tolist()
    path = geojson(tmp_path / "a.geojson", polygon([*tangle, tangle[0]]), polygon(RING))

    refusals = row_refusals(boxed(path, limits=Limits(mend_s=1))[1])

    assert refusals == ["shape.too_tangled", None]


def test_a_bow_tie_is_mended_and_said_with_its_place(tmp_path: Path) -> None:
    tie = polygon([RING[0], RING[2], RING[1], RING[3], RING[0]])

    _, (row,) = boxed(geojson(tmp_path / "a.geojson", tie))

    assert row.shape is not None
    assert row.shape.is_valid
    assert [note.id for note in row.notes] == ["shape.mended"]
    assert float(str(row.notes[0].values["x"])) == pytest.approx(115.305)
    # Half of the square of the standard's check value, in two triangles.
    assert row.notes[0].values["after_m2"] == pytest.approx(1_106_351.03 / 2, rel=1e-4)


def test_the_same_ring_twice_is_joined_and_said_or_refused(tmp_path: Path) -> None:
    twice = {"type": "MultiPolygon", "coordinates": [[RING], [RING]]}
    path = geojson(tmp_path / "a.geojson", twice, polygon(RING, RING))

    joined, gone = boxed(path)[1]

    assert [note.id for note in joined.notes] == ["shape.mended"]
    assert joined.survey_area_m2 == pytest.approx(1_106_351.03, abs=0.01)
    assert row_refusals([gone]) == ["shape.collapsed"]


def test_utf16_is_refused_as_what_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(json.dumps({"type": "FeatureCollection", "features": []}).encode("utf-16"))

    assert refused(path).id == "file.not_what_it_says"


def test_gbk_text_in_a_geojson_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    text = json.dumps({"type": "FeatureCollection", "name": "横柏", "features": []}, ensure_ascii=False)
    path.write_bytes(text.encode("gbk"))

    assert refused(path).id == "geojson.not_utf8"


def test_whole_geometry_survives_the_frames(tmp_path: Path) -> None:
    holed = SQUARE - shapely.box(115.302, 26.302, 115.304, 26.304)
    with sandbox.read(geojson(tmp_path / "a.geojson", json.loads(shapely.to_geojson(holed))), box=COUNTY) as reading:
        ((row,),) = list(reading.batches)

    assert row.shape is not None
    assert row.shape.equals(holed)
