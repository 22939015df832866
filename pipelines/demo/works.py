"""Restoration works: abandoned mines at their stages, and the projects of the plan."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely
import shapely.ops

from pipelines.demo.ground.land import blob, hm2, polygons, spread
from pipelines.demo.ground.plane import on_plane, placed, to_plane
from pipelines.demo.landuse import HUAMEIAO
from pipelines.demo.scene import Scene
from pipelines.demo.values import Row, sample

STAGES = ("verified", "planned", "approved", "works", "accepted", "tended", "reviewed", "closed")
_AT_FIRST = (16, 12, 8, 9, 6, 4, 3, 2)
PROGRAMME = "画眉坳独立工矿区改造提升"
_SUBPROJECTS = (
    "废石堆整治",
    "尾砂库生态修复",
    "采坑回填与复绿",
    "矿区道路边坡治理",
    "截排水与沉淀池",
    "选厂旧址土壤修复",
    "职工村人居环境提升",
    "下游河道清淤护岸",
)
_MINERALS = ("钨矿", "萤石", "稀土", "石灰石", "建筑用石料", "砖瓦用粘土", "煤", "铁矿")
_METHODS = ("natural", "assisted", "rebuilt", "reused")
BELTS = (
    ("潋水", 0.35, 0.62, "潋水田园示范带"),
    ("高兴河", 0.3, 0.6, "高兴红色乡村示范带"),
    ("社富河", 0.2, 0.8, "社富蔬菜示范带"),
)


def mines(scene: Scene) -> list[Row]:
    """60 patches at every stage, eight of them sub-projects of the Huameiao programme."""
    m, rng = scene.mosaic, scene.rng
    forest = scene.stands.patch
    forest = forest[shapely.distance(shapely.points(m.middle[forest]), on_plane(scene.county.boundary)) > 400]
    away = np.hypot(*(m.middle[forest] - to_plane(np.array([HUAMEIAO]))[0]).T)
    close = forest[away < 6_000]
    inner = close[spread(rng, m.middle[close], len(_SUBPROJECTS), 700)]
    rest = forest[away > 8_000]
    outer = rest[spread(rng, m.middle[rest], 60 - len(inner), 2_200)]
    stages = rng.permutation(np.repeat(np.arange(8), _AT_FIRST))
    return [_mine(scene, n, site, int(stages[n])) for n, site in enumerate(np.concatenate([inner, outer]))]


def _mine(scene: Scene, n: int, site: int, stage: int) -> Row:
    rng = scene.rng
    shape = blob(rng, scene.mosaic.middle[site], float(np.exp(rng.normal(0.9, 0.7)).clip(0.4, 14)))
    programme = n < len(_SUBPROJECTS)
    values: dict[str, Any] = {
        "code": f"KS360732{n + 1:04d}",
        "name": f"画眉坳{_SUBPROJECTS[n]}(虚构)" if programme else f"{n + 1}号废弃矿山(虚构)",
        "township": scene.township_at(shape.centroid),
        "mineral": "钨矿" if programme else str(rng.choice(_MINERALS)),
        "programme": PROGRAMME if programme else None,
        "subproject": _SUBPROJECTS[n] if programme else None,
        "method": "rebuilt" if programme else str(rng.choice(_METHODS, p=[0.25, 0.35, 0.3, 0.1])),
        "planned_on": date(2024 + n % 3, 12, 31),
        "damaged_hm2": float(hm2(shape)),
        "remarks": "位置为虚构示例 / position made up",
        "shape": shape,
    }
    for reached in range(stage + 1):
        values |= reached_stage(values, reached, date(2023, 12, 1) - timedelta(days=110 * (stage - reached)))
    return sample("mines", values)


def reached_stage(mine: dict[str, Any], stage: int, on: date) -> dict[str, Any]:
    """What a mine's row takes when it reaches a stage on a day."""
    damaged = float(mine["damaged_hm2"])
    more: dict[str, Any] = {"stage": STAGES[stage]}
    if STAGES[stage] == "accepted":
        crops = 0.3 if mine["method"] == "reused" else 0.05
        more |= {"done_on": on, "document": f"兴示矿验〔{on.year}〕{int(mine['code'][-4:])}号(虚构)"}
        more |= {"hazards_removed": int(damaged // 2), "slopes_hm2": round(damaged * 0.8, 4)}
        more |= {"cropland_added_hm2": round(damaged * crops, 4), "green_added_hm2": round(damaged * (0.92 - crops), 4)}
    if STAGES[stage] == "closed":
        more["closed_on"] = on
    return more


def projects(scene: Scene) -> list[Row]:
    """The river belt, three village belts, and the wetland works; greening and tending come with the quarters."""
    line = placed(scene.water.named("崇贤河"))
    inside = shapely.intersection(line, scene.county)
    inside = max(shapely.get_parts(inside), key=shapely.length)
    river = _project(scene, "XM-HL-01", "崇贤河幸福河示范(虚构河段)", "river-belt", 9, inside, department="水利局")
    km = float(shapely.length(on_plane(inside))) / 1_000
    river.values.update(quantity=round(km, 4), quantity_unit="km", stage="works", planned_on=date(2025, 12, 31))
    return [river, *(_belt(scene, n, *belt) for n, belt in enumerate(BELTS, 1))]


def _belt(scene: Scene, n: int, river: str, start: float, end: float, name: str) -> Row:
    line = shapely.ops.substring(scene.water.named(river), start, end, normalized=True)
    shape = polygons(shapely.intersection(placed(shapely.simplify(shapely.buffer(line, 320), 8)), scene.county))
    row = _project(scene, f"XM-XC-{n:02d}", f"{name}(虚构)", "village-belt", 10, shape, department="农业农村局")
    row.values.update(stage="works", planned_on=date(2024, 12, 31))
    return row


def _project(scene: Scene, code: str, name: str, kind: str, task: int, shape: Any, *, department: str) -> Row:
    place = scene.township_at(shapely.point_on_surface(shape))
    values = {"code": code, "name": name, "kind": kind, "plan": "xingguo-2024-2026", "task": task, "township": place}
    return sample("projects", {**values, "department": department, "stage": "planned", "shape": shape})


def plot_project(scene: Scene, code: str, name: str, kind: str, shapes: Any) -> Row:
    """A project over whole plots, its quantity their area."""
    shape = polygons(shapely.union_all(shapes))
    row = _project(scene, code, name, kind, 14, shape, department="林业局")
    row.values.update(quantity=float(hm2(shape)), quantity_unit="hm²")
    return row
