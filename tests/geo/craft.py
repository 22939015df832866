"""Files for the tests, honest ones and others, and the short way to read them."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import fiona
import shapely
from shapely.geometry.base import BaseGeometry

from geo import reading, sandbox
from geo.crs import Box
from geo.formats.values import Bounds
from geo.reading import Opening, Row
from geo.refusal import GeoRefusal
from geo.sandbox import Limits

COUNTY = Box(115.0, 26.0, 115.9, 26.7)
SQUARE = shapely.box(115.30, 26.30, 115.31, 26.31)


def here(path: Path, *, layer: str | None = None, box: Box | None = COUNTY) -> tuple[Opening, list[Row]]:
    """Read in this process, without the sandbox."""
    with tempfile.TemporaryDirectory() as folder:
        job = reading.Job(path, Path(folder), box, 2.0, layer, Bounds())
        opening, *batches = list(reading.read(job))
    assert isinstance(opening, Opening)
    return opening, [row for batch in batches if not isinstance(batch, Opening) for row in batch]


def boxed(path: Path, *, layer: str | None = None, limits: Limits | None = None) -> tuple[Opening, list[Row]]:
    """Read through the sandbox, as the program does."""
    with sandbox.read(path, box=COUNTY, layer=layer, limits=limits) as reading_:
        return reading_.opening, [row for batch in reading_.batches for row in batch]


def refused(path: Path, **how: Any) -> GeoRefusal:
    """The refusal of the file as a whole. Fails when it is read."""
    try:
        boxed(path, **how)
    except GeoRefusal as refusal:
        return refusal
    raise AssertionError(f"{path.name} was read")


def row_refusals(rows: list[Row]) -> list[str | None]:
    return [row.refusal.id if row.refusal else None for row in rows]


def write_shapefile(
    folder: Path,
    stem: str,
    shapes: Iterable[BaseGeometry] = (SQUARE,),
    *,
    epsg: int | None = 4490,
    encoding: str = "UTF-8",
    names: Iterable[str] = ("横柏",),
) -> Path:
    path = folder / f"{stem}.shp"
    schema = {"geometry": "Polygon", "properties": {"NAME": "str:40"}}
    crs = f"EPSG:{epsg}" if epsg else None
    with fiona.open(path, "w", driver="ESRI Shapefile", schema=schema, crs=crs, encoding=encoding) as out:
        for shape, name in zip(shapes, names, strict=True):
            out.write({"type": "Feature", "properties": {"NAME": name}, "geometry": shapely.geometry.mapping(shape)})
    return path


def zipped(path: Path, *sources: Path) -> Path:
    """A zip of files and of the siblings of each .shp."""
    parts = [part for source in sources for part in sorted(source.parent.glob(f"{source.stem}.*"))]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            archive.write(part, part.name)
    return path


def write_geopackage(path: Path, layers: dict[str, list[BaseGeometry | None]]) -> Path:
    schema = {"geometry": "Polygon", "properties": {"NAME": "str"}}
    for layer, shapes in layers.items():
        with fiona.open(path, "w", driver="GPKG", schema=schema, crs="EPSG:4490", layer=layer) as out:
            for number, shape in enumerate(shapes):
                geometry = shapely.geometry.mapping(shape) if shape else None
                out.write({"type": "Feature", "properties": {"NAME": f"{layer}{number}"}, "geometry": geometry})
    return path


def geojson(path: Path, *geometries: Any, text: str | None = None) -> Path:
    """A FeatureCollection of geometries as they are, right or wrong; or any text at all."""
    features = [{"type": "Feature", "properties": {"n": n}, "geometry": g} for n, g in enumerate(geometries)]
    path.write_text(text or json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


RING = [[115.30, 26.30], [115.31, 26.30], [115.31, 26.31], [115.30, 26.31], [115.30, 26.30]]
