"""Hostile shapes beside the forty: each refused by row, or mended and said; never a silent wrong polygon."""

from __future__ import annotations

import json
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
)

pytestmark = pytest.mark.usefixtures("in_under_five_seconds_with_nothing_left")


@pytest.mark.parametrize(
    ("geometry", "refusal"),
    [
        (polygon([[True, 26.3], [115.31, 26.3], [115.31, 26.31], [True, 26.3]]), "geojson.not_numbers"),
        (polygon([[None, 26.3], [115.31, 26.3], [115.31, 26.31], [None, 26.3]]), "geojson.not_numbers"),
        (polygon(RING[:-1]), "geojson.ring_open"),
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
        "true", "null", "open", "there and back", "a ring too shallow", "a ring too deep",
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


def test_one_swapped_row_among_good_ones_is_refused_by_row(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", polygon(RING), polygon([[y, x] for x, y in RING]), polygon(RING))

    assert row_refusals(boxed(path)[1]) == [None, "shape.outside", None]


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


@pytest.mark.parametrize("far", ["1e12", "1e300"])
def test_a_corner_beyond_the_earth_in_a_plane_refuses_its_row_and_fills_no_memory(tmp_path: Path, far: str) -> None:
    corners = ("2914100,38634790", "2914200,38634790", "2914200,38634890")
    lines = [f"{name},{corner}" for name in "甲乙" for corner in corners]
    path = tmp_path / "a.csv"
    path.write_text("地块,X,Y\n" + "\n".join([*lines, f"乙,{far},38634790"]), "utf-8")

    assert row_refusals(boxed(path)[1]) == [None, "shape.outside"]


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
