"""Which of several layers is meant."""

from __future__ import annotations

from pathlib import Path

from geo.formats.values import LayerListed, Source, shown
from geo.refusal import GeoRefusal


def choose(layers: tuple[LayerListed, ...], asked: str | None, source: Source) -> LayerListed:
    """The layer asked for, or the only one. Raises GeoRefusal that lists them with their counts."""
    listed = "、".join(f"{shown(layer.name)}({_count(layer)})" for layer in layers)
    if not layers:
        raise GeoRefusal("file.no_layer", name=source.name)
    if asked is None:
        if len(layers) > 1:
            raise GeoRefusal("file.which_layer", name=source.name, layers=listed)
        return layers[0]
    for layer in layers:
        if layer.name == asked:
            return layer
    raise GeoRefusal("file.no_such_layer", name=source.name, layer=shown(asked), layers=listed)


def sole(asked: str | None, source: Source) -> LayerListed:
    """The one layer of a file that has none of its own, named as the file. Raises GeoRefusal when another is asked."""
    return choose((LayerListed(Path(source.name).stem, None, "Unknown"),), asked, source)


def _count(layer: LayerListed) -> str:
    return "?" if layer.count is None else str(layer.count)
