"""Tiles as other tools read them: GDAL the shapes, the PMTiles library what the archive says of itself."""

from __future__ import annotations

import gzip
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from pmtiles.reader import MemorySource, Reader, all_tiles
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from geo.generalising import cells
from layers.ground.history import past
from pipelines.paper.packing import MapRefusal
from pipelines.publish.maps.tiles import Tiled, archive


def county(seed: int = 1) -> gpd.GeoDataFrame:
    """A made-up county of 900 plots in three classes, as cells of the grid."""
    turn = np.random.default_rng(seed)
    plots = shapely.buffer(shapely.points(turn.uniform((115.1, 26.1), (115.5, 26.4), (900, 2))), 0.004, quad_segs=3)
    found = cells(plots, turn.choice(["arboreal", "bamboo", "shrub"], 900), decimals=3)
    return gpd.GeoDataFrame({"class": found.classes, "plots": [300, 301, None]}, geometry=found.shapes, crs=4490)


def tiled(engine: Engine, *layers: Tiled) -> bytes:
    with Session(engine) as session:
        return archive(session, layers, attribution="示例数据,虚构 made-up data")


@pytest.fixture
def written(engine: Engine, tmp_path: Path) -> Path:
    path = tmp_path / "plots.pmtiles"
    path.write_bytes(tiled(engine, Tiled("plots", county(), (9, 12)), Tiled("mines", county(2).iloc[:1], (11, 12))))
    return path


@pytest.mark.parametrize("zoom", [9, 12])
def test_gdal_finds_in_the_tiles_of_a_zoom_what_was_put_in(written: Path, zoom: int) -> None:
    read = pyogrio.read_dataframe(written, layer="plots", ZOOM_LEVEL=zoom).to_crs(4490)

    given = county()
    step = 360 / 2**zoom / 4096
    for name, put in zip(given["class"], given.geometry, strict=True):
        got = shapely.union_all(read.geometry[read["class"] == name].to_numpy())
        assert got.hausdorff_distance(put) < 2 * step
        assert got.symmetric_difference(put).area < put.boundary.length * step
    assert set(read["plots"].dropna()) == {300, 301}


def test_a_layer_is_only_in_the_tiles_of_its_zooms(written: Path) -> None:
    tiles = [(zoom, gzip.decompress(tile)) for (zoom, _, _), tile in all_tiles(MemorySource(written.read_bytes()))]

    assert {zoom for zoom, tile in tiles if b"plots" in tile} == {9, 10, 11, 12}
    assert {zoom for zoom, tile in tiles if b"mines" in tile} == {11, 12}


def test_the_archive_says_what_it_holds(written: Path) -> None:
    reader = Reader(MemorySource(written.read_bytes()))

    header, said = reader.header(), reader.metadata()

    assert (header["min_zoom"], header["max_zoom"], header["clustered"]) == (9, 12, True)
    assert said["attribution"] == "示例数据,虚构 made-up data"
    assert said["vector_layers"] == [
        {"id": "mines", "fields": {"class": "String", "plots": "Number"}, "minzoom": 11, "maxzoom": 12},
        {"id": "plots", "fields": {"class": "String", "plots": "Number"}, "minzoom": 9, "maxzoom": 12},
    ]
    west, south, east, north = county().total_bounds
    assert header["min_lon_e7"] == round(west * 1e7)
    assert header["max_lat_e7"] == round(north * 1e7)
    assert said["bounds"] == f"{west:g},{south:g},{east:g},{north:g}"


def test_a_read_only_session_of_the_past_gives_the_same_bytes(engine: Engine) -> None:
    layer = Tiled("plots", county())

    with past(engine, 0) as session:
        then = archive(session, [layer], attribution="x")
    with Session(engine) as session:
        now = archive(session, [layer], attribution="x")

    assert then == now


def test_only_the_columns_given_are_in_the_tiles(engine: Engine) -> None:
    frame = county()[["class", "geometry"]]

    found = tiled(engine, Tiled("plots", frame, (10, 10)))

    assert pyogrio.read_dataframe(found, layer="plots").columns.tolist() == ["mvt_id", "class", "geometry"]


def test_a_name_that_scripts_would_rewrite_is_refused(engine: Engine) -> None:
    with pytest.raises(MapRefusal) as refused:
        tiled(engine, Tiled("forest_plots", county()))

    assert (refused.value.id, refused.value.values) == ("tiles.layer_name", {"name": "forest_plots"})


def test_a_shape_of_which_nothing_was_left_is_passed_over(engine: Engine) -> None:
    frame = county()
    frame.loc[0, "geometry"] = None

    found = tiled(engine, Tiled("plots", frame, (10, 10)), Tiled("mines", frame.iloc[:1]))

    assert set(pyogrio.read_dataframe(found, layer="plots")["class"]) == {"bamboo", "shrub"}


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_to_draw_is_refused(engine: Engine, rows: int) -> None:
    frame = county().iloc[:rows].set_geometry([None] * rows, crs=4490)

    with pytest.raises(MapRefusal) as refused:
        tiled(engine, Tiled("plots", frame))

    assert (refused.value.id, refused.value.values) == ("tiles.nothing", {"layers": "plots"})
