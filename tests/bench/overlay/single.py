"""One parcel of 30 vertices at a time, the index warm, as a desk asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from rich.table import Table

from geo.crs import Shapes
from geo.overlay.index import Index
from tests.bench.databases import Connection
from tests.bench.found import DifferentAnswers, table
from tests.bench.overlay import patches, peers

_QUERY = """select c.zone, {measure} from {cells} c, (select ST_GeomFromWKB(%s, 4490) as shape) p
             where ST_Intersects(p.shape, c.shape) group by c.zone"""
_PIECE = "ST_Intersection(p.shape, c.shape)"
_MEASURES = {"areas": f"sum(ST_Area({_PIECE}::geography))", "pieces": f"ST_AsBinary(ST_Union({_PIECE}))"}
_CELLS = {"subdivided 64": "cells", "subdivided 256": "cells_256"}
Ways = dict[tuple[str, str], Callable[[shapely.Polygon], dict[int, Any]]]
Times = dict[tuple[str, str], list[float]]
_GEODESIC = 1e-5
"""Relative: PostGIS's edges are geodesics, and a long edge of a zone may bound a small piece."""
_WITHIN = (115.1, 26.0, 115.8, 26.6)


@dataclass(frozen=True)
class Single:
    """Milliseconds of every parcel, by what was asked and by whom."""

    ms: dict[tuple[str, str], np.ndarray]

    def drawn(self) -> Table:
        count = len(next(iter(self.ms.values())))
        title = f"one parcel of 30 vertices at a time, {count:,} of them, each asked of all in turn"
        made = table(title, "", "p50 ms", "p99 ms")
        for (asked, of), ms in self.ms.items():
            made.add_row(f"{asked}: {of}", *(f"{np.percentile(ms, q):.2f}" for q in (50, 99)))
        return made

    def plain(self) -> list[dict[str, Any]]:
        return [{"asked": asked, "of": of, "ms": ms.round(4).tolist()} for (asked, of), ms in self.ms.items()]


def measure(index: Index, connection: Connection, count: int) -> Single:
    """Ask for the areas, then the pieces, of each parcel. Raises DifferentAnswers."""
    peers.subdivide(connection, 256, "cells_256")
    parcels = patches.scattered(count, _WITHIN, vertices=(30, 30))
    ways: Ways = {
        ("areas", "ours"): lambda one: _ours(index, one),
        ("pieces", "ours"): lambda one: _ours(index, one, pieces=True),
    }
    for title, cells in _CELLS.items():
        for asked, measure in _MEASURES.items():
            ways[asked, f"PostGIS, {title}"] = _sent(connection, _QUERY.format(measure=measure, cells=cells))
    ms: Times = {way: [] for way in ways}
    for parcel in parcels:
        _each(parcel, ways, ms)
    return Single({way: np.array(taken) for way, taken in ms.items()})


def _each(parcel: shapely.Polygon, ways: Ways, ms: Times) -> None:
    answers = {}
    for way, run in ways.items():
        began = time.perf_counter()
        answers[way] = run(parcel)
        ms[way].append(1000 * (time.perf_counter() - began))
    ours = answers["areas", "ours"]
    for way in (way for way in ways if way[0] == "areas"):
        found = {zone: m2 for zone, m2 in answers[way].items() if m2 > 1e-3}
        same = found.keys() == ours.keys() and all(
            abs(found[at] - ours[at]) <= _GEODESIC * ours[at] + 0.01 for at in ours
        )
        if not same:
            raise DifferentAnswers(f"one parcel, {way[1]}: {found}, not {ours}")


def _ours(index: Index, parcel: shapely.Polygon, *, pieces: bool = False) -> dict[int, Any]:
    one: Shapes = np.array([parcel], dtype=object)
    shared = index.areas(one)
    found = index.pieces(one, shared) if pieces else shared.m2
    return {int(zone): value for zone, value in zip(shared.zone, found, strict=True) if pieces or value > 1e-3}


def _sent(connection: Connection, query: str) -> Callable[[shapely.Polygon], dict[int, Any]]:
    def run(parcel: shapely.Polygon) -> dict[int, Any]:
        return dict(connection.execute(query, (shapely.to_wkb(parcel),), prepare=True, binary=True).fetchall())

    return run
