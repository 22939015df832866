"""Esri File Geodatabase, read only: a folder *.gdb or a zip of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fiona

from geo.formats import ogr
from geo.formats.choice import choose
from geo.formats.values import Bounds, Contents, Feature, Format, LayerListed, Source
from geo.refusal import GeoRefusal

_DRIVER = "OpenFileGDB"


def sniff(path: Path) -> bool:
    """A folder that holds the system table every geodatabase begins with."""
    return path.is_dir() and any(path.glob("[aA]00000001.gdbtable"))


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open one feature class; tables without shapes are not offered."""
    layers = _layers(source)
    chosen = choose(layers, layer, source)
    with ogr.chosen_layer(
        source, driver=_DRIVER, format_name=FORMAT.name, layers=layers, chosen=chosen, bounds=bounds
    ) as opened:
        yield opened


def _layers(source: Source) -> tuple[LayerListed, ...]:
    try:
        names = fiona.listlayers(source.path)
    except (fiona.errors.FionaError, OSError, ValueError) as error:
        raise GeoRefusal("file.unreadable", name=source.name, detail="OpenFileGDB") from error
    listed = (_listed(source, name) for name in names)
    return tuple(layer for layer in listed if layer.geometry != "None")


def _listed(source: Source, name: str) -> LayerListed:
    with ogr.collection(source, driver=_DRIVER, layer=name) as opened:
        return LayerListed(name, len(opened), str(opened.schema["geometry"]))


FORMAT = Format("File Geodatabase", (".gdb",), sniff, read)
