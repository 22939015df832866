"""The county's maps: which layers stand on each, how they are drawn, and what their popups say."""

from __future__ import annotations

from pipelines.restoration.maps.reading import Reading
from pipelines.restoration.maps.sheets import MAPS, OVERVIEW, draw

__all__ = ["MAPS", "OVERVIEW", "Reading", "draw"]
