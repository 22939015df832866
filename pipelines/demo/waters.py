"""Small watersheds, wetlands and monitoring sections, all from the rivers of the relief."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import shapely

from pipelines.demo.ground.land import blob, hm2, spread
from pipelines.demo.ground.mosaic import Coverage, dissolved
from pipelines.demo.ground.plane import Ints, area_m2, on_plane, placed
from pipelines.demo.ground.terrain import RIVERS, Relief, river_line
from pipelines.demo.protection import PARK, PARK_SOURCE, Protection
from pipelines.demo.scene import Scene
from pipelines.demo.stands import multi
from pipelines.demo.values import SOURCE, Row, sample

WETLAND_HM2 = 4_590.0
CLEAN = {"listed": date(2026, 12, 31), "planned": date(2026, 6, 30), "approved": date(2025, 12, 31)}
"""The three clean watersheds at the start: stage and planned completion."""
MICRO = (("XW001", "均福小微湿地(虚构)", 3.2, "approved"), ("XW002", "官田小微湿地(虚构)", 5.6, "sited"))
_SITES = {"横柏": ("平江", 0.42, "HENGBAI1"), "龙升": ("潋水", 0.80, "LONGSHENG1")}


def watersheds(scene: Scene) -> list[Row]:
    """The county's small watersheds as a coverage, each with the one below it; three are built as clean ones."""
    relief, wide = scene.relief, scene.land
    of_cell = _basins(relief, 24e6)
    found = wide.drawn(of_cell[relief.grid.cell(wide.u, wide.v)] + 1, least_hm2=150)
    shapes, labels = dissolved(Coverage(found.shapes, found.labels), found.labels - 1)
    codes = {int(b): f"XLY{n:03d}" for n, b in enumerate(labels, 1)}
    below = {b: _below(relief, of_cell, b, codes) for b in codes}
    clean = _clean_ones(shapes)
    return [
        sample("watersheds", {**_basin(scene, shape, codes[int(b)], codes.get(below[int(b)])), **clean.get(n, {})})
        for n, (b, shape) in enumerate(zip(labels, multi(shapes), strict=True))
    ]


def _basins(relief: Relief, size_m2: float) -> Ints:
    """A number for every cell: that of the first cell downstream where about `size_m2` has gathered."""
    own = np.zeros(relief.receiver.size)
    own[relief.order] = relief.grid.step**2
    gathered, below = own.tolist(), relief.receiver.tolist()
    mouth = [False] * len(below)
    for here in relief.order[::-1].tolist():
        mouth[here] = gathered[here] >= size_m2 or below[here] < 0
        if not mouth[here]:
            gathered[below[here]] += gathered[here]
    basin = list(range(len(below)))
    for here in relief.order.tolist():
        basin[here] = here if mouth[here] else basin[below[here]]
    return np.array(basin).reshape(relief.grid.shape)


def _below(relief: Relief, of_cell: Ints, basin: int, codes: dict[int, str]) -> int:
    """The next basin downstream that has a part in the county, -1 where the water leaves it."""
    flat = of_cell.ravel()
    while True:
        after = int(relief.receiver[basin])
        if after < 0:
            return -1
        basin = int(flat[after])
        if basin in codes:
            return basin


def _clean_ones(shapes: Any) -> dict[int, dict[str, Any]]:
    size = area_m2(shapes) / 1e6
    fit = np.flatnonzero((size > 18) & (size < 40))
    chosen = fit[[len(fit) // 5, len(fit) // 2, 4 * len(fit) // 5]]
    return {
        int(k): {
            "name": f"{'甲乙丙'[n]}河生态清洁小流域(虚构)",
            "stage": stage,
            "planned_on": due,
            "eroded_hm2": round(float(size[k]) * 100 * 0.17, 2),
        }
        for n, (k, (stage, due)) in enumerate(zip(chosen, CLEAN.items(), strict=True))
    }


def _basin(scene: Scene, shape: Any, code: str, downstream: str | None) -> dict[str, Any]:
    middle = shapely.point_on_surface(shape)
    return {
        "code": code,
        "name": f"{code[3:]}号小流域(虚构)",
        "river": nearest_river(middle),
        "downstream": downstream,
        "township": scene.township_at(middle),
        "shape": shape,
    }


def nearest_river(point: shapely.Point) -> str:
    """The named river nearest to a point in EPSG:4490."""
    here = on_plane(point)
    return min(RIVERS, key=lambda name: float(shapely.distance(river_line(RIVERS[name]), here)))


def wetlands(scene: Scene) -> list[Row]:
    """Wetland of the park, rivers, ponds that fill the total, and the two micro-wetlands."""
    park = _park_wetlands(scene)
    rivers = _river_wetlands(scene, scene.protection)
    rest = WETLAND_HM2 - sum(r.values["area_hm2"] for r in park + rivers)
    taken = shapely.union_all([r.values["shape"] for r in park + rivers])
    ponds = _ponds(scene, taken, rest)
    return [*park, *rivers, *ponds[:-2], *_micro(ponds[-2:])]


def _wetland(scene: Scene, code: str, name: str, kind: str, shape: Any, **more: Any) -> Row:
    values = {
        "code": code,
        "name": name,
        "kind": kind,
        "baseline": "second",
        "area_hm2": float(hm2(shape)),
        "grade": "general",
    }
    place = scene.township_at(shapely.point_on_surface(shape))
    return sample("wetlands", {**values, "township": place, "micro": False, "shape": shape, **more})


def _park_wetlands(scene: Scene) -> list[Row]:
    """The park's wetland by township: river, and flood plain beside it."""
    water = placed(scene.water.water(least_m2=60e6))
    kinds = {"201": shapely.intersection, "203": shapely.difference}
    held = {"protection_form": "wetland-park", "protected_area": PARK, "source": PARK_SOURCE, "grade": "national"}
    rows: list[Row] = []
    for kind, cut in kinds.items():
        part = cut(scene.protection.park_wetland, water)
        for shape in scene.by_township(part, least_hm2=0.5):
            code = f"SD-P{len(rows) + 1:02d}"
            rows.append(
                _wetland(
                    scene, code, f"潋江湿地公园{'河流' if kind == '201' else '洪泛平原'}湿地(示例)", kind, shape, **held
                )
            )
    return rows


def _river_wetlands(scene: Scene, protection: Protection) -> list[Row]:
    rivers = placed(scene.water.water(least_m2=45e6))
    rest = shapely.intersection(shapely.difference(rivers, protection.park), scene.county)
    shapes = scene.by_township(rest, least_hm2=1.0)
    return [
        _wetland(scene, f"SD-R{n:02d}", f"{nearest_river(shapely.point_on_surface(s))}河流湿地(示例)", "201", s)
        for n, s in enumerate(shapes, 1)
    ]


def _ponds(scene: Scene, taken: Any, total_hm2: float) -> list[Row]:
    """Reservoirs on open land, clear of other water, up to a total; the last two are places for micro-wetlands."""
    m, rng = scene.mosaic, scene.rng
    sites = rng.permutation(np.flatnonzero(m.kind == 2))[:400]
    near = shapely.union_all([on_plane(taken), on_plane(scene.county.boundary)])
    sites = sites[shapely.distance(shapely.points(m.middle[sites]), near) > 800]
    chosen = sites[spread(rng, m.middle[sites], 34, 1_300)]
    sizes = rng.uniform(9, 30, len(chosen) - 2)
    sizes = np.concatenate([np.clip(sizes * max(total_hm2, 290) / sizes.sum(), 8.2, 60), [m_[2] for m_ in MICRO]])
    shapes = [blob(rng, m.middle[k], size) for k, size in zip(chosen, sizes, strict=True)]
    return [_wetland(scene, f"SD-K{n:02d}", f"{n}号库塘湿地(虚构)", "501", s) for n, s in enumerate(shapes, 1)]


def _micro(sites: list[Row]) -> list[Row]:
    """The two micro-wetlands of the plan, at different stages, each below 8 hm² (GB/T 42481-2023)."""
    more = {"micro": True, "restoration": "水系连通与植被恢复", "planned_on": date(2025, 12, 31)}
    return [
        sample("wetlands", {**site.values, **more, "code": code, "name": name, "stage": stage, "baseline": None})
        for site, (code, name, _, stage) in zip(sites, MICRO, strict=True)
    ]


def sections(scene: Scene, basins: list[Row]) -> list[Row]:
    """横柏 and 龙升: the names are the plan's, the positions are made up and say so."""
    outlines = np.array([r.values["shape"] for r in basins], dtype=object)
    rows = []
    for n, (name, (river, along, station)) in enumerate(_SITES.items(), 1):
        point = placed(scene.water.named(river).interpolate(along, normalized=True))
        here = int(np.argmin(shapely.distance(outlines, point)))
        values = {"code": f"DM360732{n:02d}", "name": name, "river": river, "township": scene.township_at(point)}
        values |= {"watershed": basins[here].values["code"], "target_class": "3", "station_mn": f"360732_{station}"}
        values |= {"unit": "mg/L", "position_note": "位置为虚构示例,非真实断面位置 / position made up"}
        rows.append(
            sample("sections", {**values, "cycle_h": 4, "source": f"{SOURCE};断面名称真实 / name real", "shape": point})
        )
    return rows
