"""read(write(x)) = x, up to the table in docs/formats.md."""

from __future__ import annotations

import math
import tempfile
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import from_storage
from geo.formats.values import Column, Scalar
from geo.formats.writing import Layout, Record, write
from geo.refusal import GeoRefusal
from tests.geo.craft import SQUARE, here

COLUMNS = (
    Column("名称", "text", 60),
    Column("count", "integer"),
    Column("area", "real"),
    Column("made_up", "boolean"),
    Column("since", "date"),
    Column("at", "datetime"),
    Column("hour", "time"),
    Column("photo", "bytes"),
)

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=15)
moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1))
attributes = st.fixed_dictionaries(
    {
        "名称": st.none() | words,
        "count": st.none() | st.integers(-(10**17) + 1, 10**17 - 1),
        "area": st.none() | st.floats(-1e12, 1e12),
        "made_up": st.none() | st.booleans(),
        "since": st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)),
        "at": st.none() | moments.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)),
        "hour": st.none() | st.times(),
        "photo": st.none() | st.binary(max_size=40),
    }
)
boxes = st.builds(
    lambda x, y, w, h: shapely.box(x, y, x + w, y + h),
    st.floats(115.0, 115.5),
    st.floats(26.0, 26.4),
    st.floats(0.001, 0.3),
    st.floats(0.001, 0.2),
)
shapes = boxes | st.builds(
    lambda outer, t: outer - shapely.box(*outer.centroid.coords[0], outer.bounds[2] - t * 1e-4, outer.bounds[3] - 1e-4),
    boxes,
    st.floats(0.1, 1),
).filter(lambda s: s.geom_type == "Polygon" and s.is_valid)
records = st.lists(st.tuples(attributes, shapes), min_size=1, max_size=4)


def as_table(value: Scalar) -> Scalar:
    """docs/formats.md, the column of the shapefile."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime | time):
        return value.isoformat()
    if isinstance(value, str):
        return value.strip(" ") or None
    return value


def as_json(value: Scalar) -> Scalar:
    """docs/formats.md, the column of GeoJSON."""
    return value.isoformat() if isinstance(value, date | time) else value


def as_package(value: Scalar) -> Scalar:
    """docs/formats.md, the column of the GeoPackage."""
    return value.isoformat() if isinstance(value, time) else value


@pytest.mark.parametrize(("ending", "expected"), [(".zip", as_table), (".gpkg", as_package), (".geojson", as_json)])
@given(written=records)
@settings(max_examples=15, deadline=None)
def test_what_was_written_is_read_again(ending: str, expected: object, written: list[Record]) -> None:
    assert callable(expected)
    columns = tuple(c for c in COLUMNS if c.kind != "bytes" or ending == ".gpkg")
    written = [({c.name: row[c.name] for c in columns}, shape) for row, shape in written]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"小班{ending}"
        assert write(written, path, Layout("小班", columns)) == len(written)
        opening, rows = here(path)

    assert opening.epsg == 4490
    assert [column.name for column in opening.columns] == [column.name for column in columns]
    for row, (values, shape) in zip(rows, written, strict=True):
        assert row.refusal is None
        assert row.shape is not None
        assert shapely.normalize(row.shape).equals(shapely.normalize(shapely.MultiPolygon([shape])))
        for name, value in values.items():
            assert same(row.attributes[name], expected(value)), name


def same(read: Scalar, wanted: Scalar) -> bool:
    if isinstance(wanted, float) and isinstance(read, float):
        return math.isclose(read, wanted, rel_tol=1e-14, abs_tol=1e-15)
    if isinstance(wanted, datetime) and isinstance(read, datetime):
        return abs(read - wanted) <= timedelta(milliseconds=1)
    return type(read) is type(wanted) and read == wanted


@pytest.mark.parametrize("ending", [".zip", ".gpkg", ".geojson"])
@pytest.mark.parametrize("epsg", [4526, 4547, 4490])
def test_a_layer_written_in_another_crs_comes_back_to_the_same_place(tmp_path: Path, ending: str, epsg: int) -> None:
    moved = from_storage(np.array([SQUARE], dtype=object), epsg)[0]

    write([({"n": 1}, moved)], tmp_path / f"a{ending}", Layout("a", (Column("n", "integer"),), epsg=epsg))
    opening, (row,) = here(tmp_path / f"a{ending}")

    assert (opening.epsg, opening.crs_stated) == (epsg, True)
    assert row.shape is not None
    assert shapely.hausdorff_distance(row.shape, SQUARE) < 1e-11


def test_a_time_with_a_zone_keeps_its_zone_in_a_geopackage(tmp_path: Path) -> None:
    at = datetime(2026, 11, 23, 8, 15, tzinfo=timezone(timedelta(hours=8)))

    write([({"at": at}, SQUARE)], tmp_path / "a.gpkg", Layout("a", (Column("at", "datetime"),)))
    _, (row,) = here(tmp_path / "a.gpkg")

    assert row.attributes["at"] == at


def test_a_gbk_shapefile_says_so_and_is_read_again(tmp_path: Path) -> None:
    layout = Layout("断面", (Column("名称", "text", 20),), encoding="GBK")

    write([({"名称": "横柏、龙升"}, SQUARE)], tmp_path / "a.zip", layout)
    opening, (row,) = here(tmp_path / "a.zip")

    assert opening.encoding == "GB18030"
    assert row.attributes == {"名称": "横柏、龙升"}


@pytest.mark.parametrize(
    ("value", "kind", "encoding", "refusal"),
    [
        ("一" * 85, "text", "UTF-8", "write.text_too_long"),
        ("🌲", "text", "GBK", "write.not_in_encoding"),
        (10**17, "integer", "UTF-8", "write.number_too_large"),
        (1e30, "real", "UTF-8", "write.number_too_large"),
        (float("nan"), "real", "UTF-8", "write.number_too_large"),
    ],
)
def test_what_a_shapefile_cannot_hold_is_refused_and_never_cut_off(
    tmp_path: Path, value: Scalar, kind: str, encoding: str, refusal: str
) -> None:
    layout = Layout("a", (Column("x", kind),), encoding=encoding)  # type: ignore[arg-type]

    with pytest.raises(GeoRefusal) as said:
        write([({"x": value}, SQUARE)], tmp_path / "a.zip", layout)

    assert said.value.id == refusal
    assert list(tmp_path.iterdir()) == []


def test_a_column_name_too_long_for_a_shapefile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeoRefusal, match=r"write\.name_too_long"):
        write([], tmp_path / "a.zip", Layout("a", (Column("生态红线", "text"),)))


def test_nan_is_refused_by_geojson_and_an_unknown_ending_by_all(tmp_path: Path) -> None:
    layout = Layout("a", (Column("x", "real"),))

    with pytest.raises(GeoRefusal, match=r"write\.not_finite"):
        write([({"x": float("nan")}, SQUARE)], tmp_path / "a.geojson", layout)
    with pytest.raises(GeoRefusal, match=r"write\.unknown_kind"):
        write([], tmp_path / "a.kml", layout)


def test_a_layer_without_rows_is_written_and_read(tmp_path: Path) -> None:
    for ending in (".zip", ".gpkg", ".geojson"):
        assert write([], tmp_path / f"a{ending}", Layout("a", (Column("x", "real"),))) == 0
        assert here(tmp_path / f"a{ending}")[1] == []
