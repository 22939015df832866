"""The index built, kept and loaded, and what it takes."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from geo.crs import Shapes
from geo.overlay.index import Index


@dataclass(frozen=True)
class Kept:
    """An index as it comes from disk."""

    index: Index
    said: str


def built(zones: Shapes) -> Kept:
    """Build the index, write it, load it, and let it answer once, as a program does that starts warm."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        began = time.perf_counter()
        Index.of(zones).save(path)
        made = time.perf_counter()
        index = Index.load(path)
        assert index is not None
        nowhere = np.array([shapely.box(0, 0, 1, 1)], dtype=object)
        index.pieces(nowhere, index.areas(nowhere))
        ready = time.perf_counter()
        size = path.stat().st_size / 1e6
    took = f"built and written in {made - began:.1f} s, ready from disk in {ready - made:.2f} s"
    return Kept(index, f"{took}, {size:,.0f} MB")
