"""The same question to what one would otherwise ask: PostGIS, sedonadb, DuckDB, geopandas.

All get the zones as PostGIS subdivides them, which is the fastest that they can be asked. Each answers once without the
clock. What they print of themselves stands beside the times.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import duckdb_ext
import geopandas
import numpy as np
import pyarrow
import sedonadb
import shapely

from geo.crs import Shapes
from geo.rings import Ints
from tests.bench.databases import Connection
from tests.bench.overlay.answers import Areas, Pieces
from tests.bench.race import Way

_MET = """select p.id as patch, c.zone as zone, ST_Intersection(p.shape, c.shape) as piece
            from patches p join cells c on ST_Intersects(p.shape, c.shape)"""
_AREAS = f"select patch, zone, sum({{measure}}) as value from ({_MET}) as met group by patch, zone"
_PIECES = f"select patch, zone, {{wkb}}({{union}}(piece)) as value from ({_MET}) as met group by patch, zone"
_GEODESIC, _PLANAR = _AREAS.format(measure="ST_Area(piece::geography)"), _AREAS.format(measure="ST_Area(piece)")
_WHOLE = _GEODESIC.replace("cells c", "(select id as zone, shape from zones) c")
SUBDIVIDED = 64
"""Vertices of a cell, as ST_Subdivide is asked for them."""


def subdivide(connection: Connection, vertices: int = SUBDIVIDED, table: str = "cells") -> tuple[Ints, Shapes]:
    """Make the table of cells, and give it."""
    cut = f"select id as zone, ST_Subdivide(shape, {vertices}) as shape from zones"
    connection.execute(f"create table {table} as {cut}")
    connection.execute(f"create index on {table} using gist (shape)")
    connection.execute(f"vacuum analyze {table}")
    rows = connection.execute(f"select zone, ST_AsBinary(shape) from {table}", binary=True).fetchall()
    zone, shape = zip(*rows, strict=True)
    return np.array(zone, dtype=np.int64), np.asarray(shapely.from_wkb(shape), dtype=object)


def postgis(connection: Connection) -> tuple[list[Way], list[Way]]:
    """Areas, pieces."""

    def parallel(workers: int) -> Any:
        return lambda: connection.execute(f"set max_parallel_workers_per_gather = {workers}") and None

    def areas(query: str, *, flat: bool) -> Areas:
        patch, zone, value = _columns(connection.execute(query, binary=True).fetchall())
        return Areas(patch, zone, value.astype(np.float64), flat=flat, geodesic=not flat)

    def pieces() -> Pieces:
        query = _PIECES.format(wkb="ST_AsBinary", union="ST_Union")
        patch, zone, value = _columns(connection.execute(query, binary=True).fetchall())
        return Pieces(patch, zone, np.asarray(shapely.from_wkb(value), dtype=object))

    said = f"PostGIS, ST_Subdivide {SUBDIVIDED}, GiST, one process"
    two = "the same, two parallel workers allowed"
    return [
        Way("PostGIS", f"{said}: sum(ST_Area(geography)) by pair", lambda: areas(_GEODESIC, flat=False), parallel(0)),
        Way("PostGIS, workers", two, lambda: areas(_GEODESIC, flat=False), parallel(2)),
        Way(
            "PostGIS, planar",
            "one process, sum(ST_Area), square degrees",
            lambda: areas(_PLANAR, flat=True),
            parallel(0),
        ),
    ], [
        Way("PostGIS", f"{said}: ST_Union(ST_Intersection) by pair, sent as WKB", pieces, parallel(0)),
        Way("PostGIS, workers", two, pieces, parallel(2)),
    ]


def naive(connection: Connection, patches: Shapes, zones: Shapes) -> list[Way]:
    """Whole zones, as one asks before one has thought about it."""

    def areas() -> Areas:
        patch, zone, value = _columns(connection.execute(_WHOLE, binary=True).fetchall())
        return Areas(patch, zone, value.astype(np.float64), geodesic=True)

    def overlaid() -> Areas:
        left = geopandas.GeoDataFrame({"patch": np.arange(len(patches))}, geometry=patches, crs=4490)
        right = geopandas.GeoDataFrame({"zone": np.arange(len(zones))}, geometry=zones, crs=4490)
        met = geopandas.overlay(left, right, how="intersection", keep_geom_type=True)
        return Pieces(met["patch"].to_numpy(), met["zone"].to_numpy(), met.geometry.to_numpy()).measured()

    return [
        Way("PostGIS, naive", "ST_Intersection with whole zones, GiST, one process", areas),
        Way("geopandas.overlay", "how='intersection', whole zones; its pieces measured by geo.area", overlaid),
    ]


@contextmanager
def duck(patches: Shapes, cell_zone: Ints, cells: Shapes) -> Iterator[tuple[list[Way], list[Way]]]:
    """Areas, pieces. The extension is the one that PyPI carries for the same version: nothing is fetched."""
    (found,) = (place for root in duckdb_ext.__path__ for place in Path(root).rglob("spatial.duckdb_extension"))
    with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as connection:
        connection.execute(f"load '{found}'")
        for name, table in _arrow(patches, cell_zone, cells).items():
            connection.register("incoming", table)
            connection.execute(
                f"create table {name} as select * replace (ST_GeomFromWKB(shape) as shape) from incoming"
            )
        threads = connection.execute("select current_setting('threads')").fetchone()

        def asked(query: str) -> pyarrow.Table:
            return connection.execute(query).fetch_arrow_table()

        said = (
            f"DuckDB {duckdb.__version__} with its spatial extension, {threads and threads[0]} threads, the same cells"
        )
        yield _ways("DuckDB", said, asked, "ST_AsWKB")


def sedona(patches: Shapes, cell_zone: Ints, cells: Shapes) -> tuple[list[Way], list[Way]]:
    """Areas, pieces."""
    context = sedonadb.connect()
    for name, table in _arrow(patches, cell_zone, cells).items():
        context.create_data_frame(table).to_view(f"{name}_wkb")
        columns = "id" if name == "patches" else "zone"
        read = context.sql(f"select {columns}, ST_GeomFromWKB(shape) as shape from {name}_wkb")
        read.to_memtable().to_view(name)

    def asked(query: str) -> pyarrow.Table:
        return context.sql(query).to_arrow_table()

    return _ways(
        "sedonadb", f"sedonadb {sedonadb.__version__}, its default threads, the same cells", asked, "ST_AsBinary"
    )


def _ways(title: str, said: str, asked: Any, wkb: str) -> tuple[list[Way], list[Way]]:
    def areas() -> Areas:
        return Areas(*_arrays(asked(_PLANAR)), flat=True)

    def pieces() -> Pieces:
        patch, zone, value = _arrays(asked(_PIECES.format(wkb=wkb, union="ST_Union_Agg")))
        return Pieces(patch, zone, np.asarray(shapely.from_wkb(value), dtype=object))

    return [Way(title, f"{said}: sum(ST_Area), planar, by pair", areas)], [
        Way(title, f"{said}: ST_Union_Agg(ST_Intersection) by pair, as WKB", pieces)
    ]


def _arrow(patches: Shapes, cell_zone: Ints, cells: Shapes) -> dict[str, pyarrow.Table]:
    return {
        "patches": pyarrow.table({"id": np.arange(len(patches)), "shape": pyarrow.array(shapely.to_wkb(patches))}),
        "cells": pyarrow.table({"zone": cell_zone, "shape": pyarrow.array(shapely.to_wkb(cells))}),
    }


def _arrays(table: pyarrow.Table) -> tuple[Ints, Ints, np.ndarray]:
    patch, zone, value = (table.column(name).to_numpy() for name in ("patch", "zone", "value"))
    return patch, zone, value


def _columns(rows: list[Any]) -> tuple[Ints, Ints, np.ndarray]:
    patch, zone, value = zip(*rows, strict=True)
    return np.array(patch, dtype=np.int64), np.array(zone, dtype=np.int64), np.array(value, dtype=object)
