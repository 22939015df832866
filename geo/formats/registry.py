"""From a path to the one reader that may touch it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from geo.formats import filegdb, geopackage, geoparquet, shapefile
from geo.formats.archive import ZIPS, unpack
from geo.formats.dxf import reader as dxf
from geo.formats.geojson import reader as geojson
from geo.formats.kml import reader as kml
from geo.formats.pasted import reader as texts
from geo.formats.tables import csv_file, workbook
from geo.formats.values import Bounds, Format, Opened, Source, shown
from geo.refusal import GeoRefusal

FORMATS: tuple[Format, ...] = (
    shapefile.FORMAT,
    geopackage.FORMAT,
    geojson.FORMAT,
    filegdb.FORMAT,
    geoparquet.FORMAT,
    kml.FORMAT,
    csv_file.FORMAT,
    workbook.FORMAT,
    dxf.FORMAT,
    texts.FORMAT,
)


def open_file(path: Path, *, layer: str | None, folder: Path, bounds: Bounds) -> Opened:
    """A reader of what was sent, which is linked or unpacked into `folder` under names of ours first.

    Raises GeoRefusal when the ending is unknown, the content is not what the ending says, or a zip holds several
    datasets and `layer` names none of them.
    """
    sources = _sources(path, folder, bounds)
    source, inner = _meant(sources, layer, path)
    return _format(source).open(source, inner, bounds)


def _sources(path: Path, folder: Path, bounds: Bounds) -> list[Source]:
    _refuse_absent(path)
    ending = path.suffix.lower()
    if ending in ZIPS:
        found = unpack(path, folder, bounds)
        if not found:
            raise GeoRefusal("zip.nothing", name=shown(path.name))
        return found if ending == ".zip" or len(found) > 1 else [replace(found[0], name=_inner_name(path))]
    own = folder / f"in{ending}"
    if ending == ".shp":
        for part, sibling in shapefile.siblings(path).items():
            own.with_suffix(part).symlink_to(sibling.resolve())
    elif any(ending in known.endings for known in FORMATS):
        own.symlink_to(path.resolve())
    elif ending == ".dwg":
        raise GeoRefusal("dxf.dwg", name=shown(path.name))
    else:
        raise GeoRefusal("file.unknown_kind", name=shown(path.name), kinds=_kinds())
    return [Source(own, shown(path.name))]


def _inner_name(path: Path) -> str:
    """The one document of a KMZ, always doc.kml, under the name its sender knows."""
    return shown(path.with_suffix(path.suffix.lower().replace("kmz", "kml")).name)


def _refuse_absent(path: Path) -> None:
    try:
        empty = path.is_file() and path.stat().st_size == 0
        there = path.exists()
    except (OSError, ValueError) as error:
        raise GeoRefusal("file.missing", name=shown(path.name)) from error
    if not there:
        raise GeoRefusal("file.missing", name=shown(path.name))
    if empty:
        raise GeoRefusal("file.empty", name=shown(path.name))
    journal = path.with_name(path.name + "-wal")
    if path.suffix.lower() == ".gpkg" and journal.exists() and journal.stat().st_size:
        raise GeoRefusal("geopackage.in_use", name=shown(path.name))


def _meant(sources: list[Source], layer: str | None, path: Path) -> tuple[Source, str | None]:
    """Which dataset, and which layer inside it. `layer` may be a dataset of the zip, or a layer of its only one."""
    if len(sources) == 1:
        return sources[0], layer
    for source in sources:
        if layer in (source.name, Path(source.name).stem):
            return source, None
    listed = "、".join(shown(source.name) for source in sources)
    if layer is None:
        raise GeoRefusal("zip.which", name=shown(path.name), datasets=listed)
    raise GeoRefusal("file.no_such_layer", name=shown(path.name), layer=shown(layer), layers=listed)


def _format(source: Source) -> Format:
    ending = source.path.suffix.lower()
    for known in FORMATS:
        if ending in known.endings:
            if not known.sniff(source.path):
                raise GeoRefusal("file.not_what_it_says", name=shown(source.name), kind=known.name)
            return known
    raise GeoRefusal("file.unknown_kind", name=shown(source.name), kinds=_kinds())


def _kinds() -> str:
    endings = (*ZIPS, *(ending for known in FORMATS for ending in known.endings))
    return "、".join(ending.removeprefix(".") for ending in endings)
