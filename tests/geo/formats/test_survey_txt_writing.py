"""What is written as a coordinate file is what the field writes, and read(write(parcels)) = parcels."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.crs import zones
from geo.formats import survey_txt
from geo.formats.survey_txt.writing import write_parcels
from geo.formats.values import Bounds, Contents, Feature, Source
from geo.formats.writing import Layout, write
from geo.refusal import GeoRefusal
from tests.geo.craft import here
from tests.geo.formats.survey_txt import EXAMPLE, HOLE, NET_M2, OUTER, is_the_example, only, said

PLANES = [4526, 4527, 4547, 4548, 4498, 4509]
"""Zones 38 and 39 of 3° and 20 of 6°, with prefix and without."""


def read_again(path: Path) -> tuple[Contents, list[Feature]]:
    with survey_txt.read(Source(path, path.name), None, Bounds()) as (contents, features):
        return contents, list(features)


def example(*, epsg: int = 4526) -> shapely.Polygon:
    away = zones()[epsg].false_easting - zones()[4526].false_easting
    rings = [
        [(float(y) + away, float(x)) for _, _, x, y in (line.split(",") for line in ring.splitlines())]
        for ring in (OUTER, HOLE)
    ]
    return shapely.Polygon(rings[0], rings[1:])


def test_the_worked_example_is_written_line_for_line_as_the_field_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    values: dict[str, Any] = {"地块编号": "1", "地块名称": "测试图斑1", "地块用途": "生态修复"}
    header = {"数据产生单位": "兴国县自然资源局", "数据产生日期": "2026-11-23"}

    write_parcels([(values, example())], path, epsg=4526, encoding="GBK", header=header)

    raw = path.read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n")
    text = raw.decode("gbk").replace("\r\n", "\n")
    assert text.split("J1", 1)[0] == EXAMPLE.split("J1", 1)[0]
    assert text.split("@\n")[1].splitlines() == [
        "J1,1,2914912.345,38634825.678",
        "J2,1,2914890.500,38635430.250",
        "J3,1,2914410.125,38635445.750",
        "J4,1,2914059.400,38635090.000",
        "J5,1,2914100.000,38634790.000",
        "J1,1,2914912.345,38634825.678",
        "J6,2,2914520.000,38634990.000",
        "J7,2,2914400.000,38634990.000",
        "J8,2,2914400.000,38635090.000",
        "J9,2,2914520.000,38635090.000",
        "J6,2,2914520.000,38634990.000",
    ]


def test_its_own_area_agrees_when_it_is_read_again(tmp_path: Path) -> None:
    write_parcels([({}, example())], tmp_path / "a.txt", epsg=4526, encoding="UTF-8")

    row = only(tmp_path, (tmp_path / "a.txt").read_text("utf-8"))

    assert is_the_example(row)
    assert said(row) == []
    assert row.attributes["面积(公顷)"] == round(NET_M2 / 10_000, 4)


@pytest.mark.parametrize(
    ("epsg", "zone", "width"),
    [(4526, 38, 3), (4547, 38, 3), (4527, 39, 3), (4548, 39, 3), (4498, 20, 6), (4509, 20, 6)],
)
def test_the_header_says_zone_and_width_of_every_crs(tmp_path: Path, epsg: int, zone: int, width: int) -> None:
    path = tmp_path / "a.txt"
    write_parcels([({}, example(epsg=epsg))], path, epsg=epsg, encoding="GBK")

    lines = path.read_text("gbk").splitlines()

    assert f"带号={zone}" in lines
    assert f"几度分带={width}" in lines
    assert read_again(path)[0].stated_crs == f"EPSG:{epsg}"


@st.composite
def stars(draw: st.DrawFn) -> shapely.Polygon:
    """A star of whole millimetres round the origin, up to 400 m across, with up to two holes."""
    count = draw(st.integers(3, 12))
    radii = np.array(draw(st.lists(st.integers(20_000, 200_000), min_size=count, max_size=count)))
    at = draw(st.floats(0, 6.28)) + np.linspace(0, 2 * np.pi, count, endpoint=False)
    polygon = shapely.Polygon(np.column_stack([np.rint(radii * np.cos(at)), np.rint(radii * np.sin(at))]))
    for x in draw(st.lists(st.sampled_from([-3_000, 3_000]), max_size=2, unique=True)):
        hole = shapely.box(x - 1_000, -1_000, x + 1_000, draw(st.integers(1, 1_900)))
        polygon = polygon.difference(hole) if polygon.contains_properly(hole) else polygon
    return polygon


@st.composite
def parcels(draw: st.DrawFn) -> BaseGeometry:
    """One star, or several side by side, in metres round the origin."""
    parts = draw(st.lists(stars().filter(shapely.is_valid), min_size=1, max_size=3))
    moved = [
        shapely.transform(part, lambda xy, n=n: (xy + np.array([n * 500_000, 0])) / 1_000)
        for n, part in enumerate(parts)
    ]
    return moved[0] if len(moved) == 1 else shapely.MultiPolygon(moved)


names = st.text(st.sampled_from("兴国县采坑甲乙（），、1aB-"), max_size=12)


@given(shapes=st.lists(parcels(), min_size=1, max_size=4), name=names, where=st.data())
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_read_again_to_the_last_millimetre(
    shapes: list[BaseGeometry], name: str, where: st.DataObject
) -> None:
    epsg = where.draw(st.sampled_from(PLANES))
    encoding = where.draw(st.sampled_from(["GBK", "UTF-8"]))
    middle = np.array([zones()[epsg].false_easting + 134_000.0, 2_914_000.0])
    placed = [shapely.transform(shape, lambda xy: np.round(xy + middle, 3)) for shape in shapes]
    written: list[tuple[dict[str, Any], BaseGeometry | None]] = [
        ({"地块编号": str(n), "地块名称": name}, shape) for n, shape in enumerate(placed)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "地块.txt"
        assert write_parcels(written, path, epsg=epsg, encoding=encoding) == len(written)
        contents, features = read_again(path)

    assert contents.stated_crs == f"EPSG:{epsg}"
    assert [feature.attributes["地块编号"] for feature in features] == [str(n) for n in range(len(written))]
    for feature, shape in zip(features, placed, strict=True):
        assert feature.refusal is None
        assert feature.attributes["地块名称"] == (name or None)
        assert feature.shape is not None
        assert shapely.equals_exact(shapely.normalize(feature.shape), shapely.normalize(shape), tolerance=0)


def test_lines_and_points_are_written_as_such(tmp_path: Path) -> None:
    shapes: list[BaseGeometry] = [
        shapely.LineString([(38634000, 2914000), (38634100, 2914000)]),
        shapely.MultiPoint([(38634000, 2914000), (38634100, 2914000)]),
    ]

    write_parcels([({}, shape) for shape in shapes], tmp_path / "a.txt", epsg=4526, encoding="GBK")
    _, features = read_again(tmp_path / "a.txt")

    assert [feature.shape for feature in features] == shapes


def test_a_comma_in_a_name_does_not_divide_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_parcels([({"地块名称": "一号,\n东片"}, example())], path, epsg=4526, encoding="GBK")

    assert read_again(path)[1][0].attributes["地块名称"] == "一号， 东片"


@pytest.mark.parametrize(
    ("shape", "values", "epsg", "refusal"),
    [
        (example(), {}, 4490, "write.no_zone"),
        (None, {}, 4526, "write.no_shape"),
        (shapely.box(38634000, 2914000, 38634000.0001, 2914000.0001), {}, 4526, "write.too_small"),
        (example(), {"地块名称": "🌲"}, 4526, "write.not_in_encoding"),
    ],
    ids=["degrees", "no shape", "below a millimetre", "not in GBK"],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_left(
    tmp_path: Path, shape: BaseGeometry | None, values: dict[str, Any], epsg: int, refusal: str
) -> None:
    with pytest.raises(GeoRefusal) as no:
        write([(values, shape)], tmp_path / "a.txt", Layout("a", (), epsg=epsg, encoding="GBK"))

    assert no.value.id == refusal
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_parcels_has_its_header_alone(tmp_path: Path) -> None:
    assert write([], tmp_path / "a.txt", Layout("a", (), epsg=4526)) == 0

    with pytest.raises(GeoRefusal, match=r"survey_txt\.nothing"):
        here(tmp_path / "a.txt")
