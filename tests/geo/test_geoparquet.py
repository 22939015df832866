"""GeoParquet through the sandbox: what it holds comes back, and what is no GeoParquet is refused with the remedy."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from geo import sandbox
from geo.crs import Box
from geo.reading import Opening, Row
from geo.refusal import GeoRefusal

COUNTY = Box(115.0, 26.0, 116.0, 27.0)
SQUARE = shapely.MultiPolygon([shapely.box(115.3, 26.3, 115.31, 26.31)])


def read(path: Path) -> tuple[Opening, list[Row]]:
    with sandbox.read(path, box=COUNTY) as reading:
        return reading.opening, [row for batch in reading.batches for row in batch]


def write(path: Path, geometry: list[Any], geo: object, kind: pa.DataType | None = None) -> Path:
    table = pa.table({"geometry": pa.array(geometry, kind or pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)} if geo is not None else None), path)
    return path


def said(**column: object) -> dict[str, object]:
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", **column}}}


@pytest.mark.parametrize("epsg", [4490, 4326, 4527])
def test_values_and_shapes_come_back_in_any_crs_of_the_field(tmp_path: Path, epsg: int) -> None:
    values = {"名称": "甲", "n": 7, "x": 0.5, "yes": True, "on": dt.date(2025, 6, 30), "list": [1, 2], "raw": b"\0\xff"}
    frame = gpd.GeoDataFrame({name: [value] for name, value in values.items()}, geometry=[SQUARE], crs=4490)
    frame.to_crs(epsg).to_parquet(tmp_path / "a.parquet")

    opening, (row,) = read(tmp_path / "a.parquet")

    assert (opening.format, opening.epsg, opening.count) == ("GeoParquet", epsg, 1)
    assert row.attributes == values | {"list": "[1, 2]"}
    assert row.shape is not None
    assert shapely.symmetric_difference(row.shape, SQUARE).area < 1e-12


def test_more_rows_than_are_read_at_a_time_come_in_their_order(tmp_path: Path) -> None:
    shapes = [shapely.box(115.3 + n * 1e-4, 26.3, 115.3 + (n + 1) * 1e-4, 26.31) for n in range(1700)]
    gpd.GeoDataFrame({"n": range(1700)}, geometry=shapes, crs=4490).to_parquet(
        tmp_path / "a.parquet", row_group_size=900
    )

    _, rows = read(tmp_path / "a.parquet")

    assert [row.attributes["n"] for row in rows] == list(range(1700))
    assert [row.number for row in rows] == list(range(1, 1701))


def test_a_row_without_a_shape_or_with_a_broken_one_is_refused_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", [SQUARE.wkb, None, b"\x01\x06", SQUARE.wkb[:-4]], said())

    _, rows = read(path)

    refused = [row.refusal.id if row.refusal else None for row in rows]
    assert refused == [None, "shape.missing", "geoparquet.bad_shape", "geoparquet.bad_shape"]


@pytest.mark.parametrize(
    ("geo", "refusal"),
    [
        (None, "geoparquet.no_shapes"),
        ([], "geoparquet.no_shapes"),
        ({"primary_column": "geometry", "columns": {}}, "geoparquet.no_shapes"),
        (said(encoding="multipolygon"), "geoparquet.encoding"),
        (
            {"primary_column": "x", "columns": {"x": {"encoding": "WKB"}}},
            "geoparquet.encoding",
        ),
    ],
)
def test_what_says_no_shapes_of_ours_is_refused(tmp_path: Path, geo: object, refusal: str) -> None:
    path = write(tmp_path / "a.parquet", [SQUARE.wkb], geo)

    with pytest.raises(GeoRefusal) as no:
        read(path)

    assert no.value.id == refusal


def test_a_file_cut_short_or_of_noise_is_refused_and_so_is_one_byte_that_leads_astray(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.parquet", [SQUARE.wkb] * 50, said()).read_bytes()
    bad = tmp_path / "b.parquet"

    told = set()
    for content in (whole[:-9], whole[: len(whole) // 2], b"PAR1" + bytes(range(256)) * 4 + b"PAR1"):
        bad.write_bytes(content)
        with pytest.raises(GeoRefusal) as no:
            read(bad)
        told.add(no.value.id)

    assert told == {"geoparquet.damaged"}


def test_shapes_without_a_crs_are_longitudes_and_latitudes_by_the_standard(tmp_path: Path) -> None:
    opening, (row,) = read(write(tmp_path / "a.parquet", [SQUARE.wkb], said()))

    assert opening.crs_stated
    assert row.shape == SQUARE


def test_a_small_file_that_unpacks_to_more_than_may_be_held_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "a.parquet"
    table = pa.table({"geometry": [SQUARE.wkb] * 10, "x": ["0" * 30_000_000] * 10})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(said())}), bomb, use_dictionary=False)
    limits = sandbox.Limits(memory_bytes=512 * 1024**2)

    with pytest.raises(GeoRefusal) as no, sandbox.read(bomb, box=COUNTY, limits=limits) as reading:
        list(reading.batches)

    assert bomb.stat().st_size < 20_000_000
    assert no.value.id == "sandbox.memory"
