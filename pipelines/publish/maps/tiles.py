"""Large layers as one PMTiles archive, which any static server gives out piece by piece. PostGIS encodes the tiles."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from pipelines.paper.packing import MapRefusal

_ENCODE = text("""
    with shape as materialized (
        select no, st_transform(st_setsrid(st_geomfromwkb(wkb), 4490), 3857) as placed, said::jsonb as said
        from unnest(cast(:wkb as bytea[]), cast(:said as text[])) with ordinality as given (wkb, said, no)
    ), tile as (
        select x, y, st_tileenvelope(cast(:zoom as int), x, y) as frame
        from generate_series(cast(:west as int), :east) as x, generate_series(cast(:north as int), :south) as y
    )
    select x, y, mvt from tile, lateral (
        select st_asmvt(drawn, cast(:name as text), 4096, 'placed') as mvt from (
            select st_asmvtgeom(placed, frame, 4096, 64) as placed, said from shape where placed && frame order by no
        ) as drawn where placed is not null
    ) as encoded where length(mvt) > 0
""")


@dataclass(frozen=True)
class Tiled:
    """What is drawn of a layer from one zoom to another. A layer may be drawn coarser from afar: once for each range.

    frame: generalised shapes, EPSG:4490, with the few columns that go into the tiles.
    """

    name: str
    frame: gpd.GeoDataFrame
    zooms: tuple[int, int] = (8, 12)


def archive(session: Session | Connection, layers: Sequence[Tiled], *, attribution: str) -> bytes:
    """A PMTiles archive of layers, the same bytes for the same layers. The session only encodes: it reads no table.

    Raises MapRefusal where a name would not come through, and where there is nothing to draw.
    """
    for layer in layers:
        if "_" in layer.name:
            raise MapRefusal("tiles.layer_name", name=layer.name)
    drawn = [layer for layer in layers if shapely.get_num_coordinates(layer.frame.geometry.to_numpy()).any()]
    tiles: dict[int, bytes] = {}
    for layer in drawn:
        _encode(session, layer, tiles)
    if not tiles:
        raise MapRefusal("tiles.nothing", layers=", ".join(layer.name for layer in layers))
    written = BytesIO()
    writer = Writer(written)
    for tile in sorted(tiles):
        writer.write_tile(tile, gzip.compress(tiles[tile], mtime=0))
    writer.finalize(_header(drawn), _metadata(drawn, attribution))
    return written.getvalue()


def _encode(session: Session | Connection, layer: Tiled, tiles: dict[int, bytes]) -> None:
    """Add a layer to the tiles it has something on: layers of a tile stand one after the other."""
    parts, of = shapely.get_parts(layer.frame.geometry.to_numpy(), return_index=True)
    rows = layer.frame.drop(columns=layer.frame.geometry.name).to_dict("records")
    said = np.array([_said(row) for row in rows], dtype=object)
    given = {"wkb": shapely.to_wkb(parts).tolist(), "said": said[of].tolist(), "name": layer.name}
    for zoom in range(layer.zooms[0], layer.zooms[1] + 1):
        for x, y, mvt in session.execute(_ENCODE, given | _reach(parts, zoom)):
            at = zxy_to_tileid(zoom, x, y)
            tiles[at] = tiles.get(at, b"") + bytes(mvt)


def _said(row: Mapping[Any, Any]) -> str:
    """A row's columns as PostGIS takes them: what is not known is left out."""
    known = {name: value for name, value in row.items() if not pd.isna(value)}
    return json.dumps(known, ensure_ascii=False, sort_keys=True, default=lambda number: number.item())


def _reach(shapes: Any, zoom: int) -> dict[str, int]:
    """The tiles of a zoom between which shapes lie."""
    west, south, east, north = np.radians(shapely.total_bounds(shapes))
    at = np.array([west, east]) / np.pi, np.arcsinh(np.tan([north, south])) / np.pi
    across, down = ((np.floor(2**zoom * part / 2)).astype(int).tolist() for part in (1 + at[0], 1 - at[1]))
    return {"zoom": zoom, "west": across[0], "east": across[1], "north": down[0], "south": down[1]}


def _header(layers: Sequence[Tiled]) -> dict[str, Any]:
    west, south, east, north = np.rint(_bounds(layers) * 1e7).astype(int).tolist()
    return {
        "tile_type": TileType.MVT, "tile_compression": Compression.GZIP,
        "min_lon_e7": west, "min_lat_e7": south, "max_lon_e7": east, "max_lat_e7": north,
    }  # fmt: skip


def _metadata(layers: Sequence[Tiled], attribution: str) -> dict[str, Any]:
    """What a reader is told: attribution, bounds, and each layer with its fields and zooms."""
    named = {layer.name: [other for other in layers if other.name == layer.name] for layer in layers}
    return {
        "attribution": attribution,
        "bounds": ",".join(f"{bound:g}" for bound in _bounds(layers)),
        "vector_layers": [_described(name, named[name]) for name in sorted(named)],
    }


def _described(name: str, levels: Sequence[Tiled]) -> dict[str, Any]:
    fields = {
        column: "Number" if frame.dtypes[column].kind in "iuf" else "String"
        for frame in (level.frame for level in levels)
        for column in sorted(frame.columns.drop([frame.geometry.name]))
    }
    low, high = (pick(zoom for level in levels for zoom in level.zooms) for pick in (min, max))
    return {"id": name, "fields": fields, "minzoom": low, "maxzoom": high}


def _bounds(layers: Sequence[Tiled]) -> Any:
    """West, south, east, north."""
    each = np.array([layer.frame.total_bounds for layer in layers])
    return np.hstack([each[:, :2].min(axis=0), each[:, 2:].max(axis=0)])
