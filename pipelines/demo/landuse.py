"""What the land is used for and what limits its use: land-class patches, control zones, soil erosion."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import shapely
import shapely.ops

from data import facts
from pipelines.demo.ground.land import blob, polygons, spread
from pipelines.demo.ground.mosaic import Coverage, dissolved
from pipelines.demo.ground.plane import Ints, area_m2, placed, to_plane
from pipelines.demo.scene import Scene, units
from pipelines.demo.stands import first_up_to, multi, only, pick, ranked
from pipelines.demo.values import Row, sample, samples

HUAMEIAO = (115.735, 26.535)
"""Where the sample puts the Huameiao mines; made up."""
ERODED_SHARE = {2023: 0.191, 2024: 0.1885, 2025: 0.186}
"""Of the county, before patches below the least size are left out; about 0.150 to 0.145 remain."""
_SEAT = (115.3560, 26.3300)
_FOREST = {"030100": "0301", "030200": "0302", "030301": "0305", "030302": "0305"}
_OPEN = {
    "0101": 52,
    "0103": 9,
    "0201": 12,
    "0702": 11,
    "0404": 6,
    "1104": 3,
    "1003": 3,
    "1006": 2,
    "1202": 1,
    "1206": 1,
}
_TOWN = {"0701": 45, "0601": 18, "05H1": 9, "08H2": 7, "08H1": 5, "0810": 8, "1004": 8}
_INTENSITY = {"light": 70, "moderate": 19, "intense": 7, "very-intense": 3, "severe": 1}
_MODULUS = {
    "light": (500, 2500),
    "moderate": (2500, 5000),
    "intense": (5000, 8000),
    "very-intense": (8000, 15000),
    "severe": (15000, 21000),
}


def classes(scene: Scene) -> Any:
    """The land class (TD/T 1055) of every patch of the mosaic."""
    m, rng = scene.mosaic, scene.rng
    found = np.full(len(m.kind), "1101", dtype="<U4")
    forest = [_FOREST.get(c, "0307") for c in scene.stands.land_class]
    found[scene.stands.patch] = forest
    open_ = np.flatnonzero(m.kind == 2)
    dry = ranked(m.above_stream[open_]) + 0.8 * rng.random(len(open_))
    found[open_] = pick(ranked(0.6 * dry + rng.random(len(open_))), _OPEN)
    away = np.hypot(*(m.middle[open_] - to_plane(np.array([_SEAT]))[0]).T)
    town = open_[first_up_to(np.argsort(away), area_m2(m.shapes[open_]), 36e6)]
    found[town] = pick(rng.random(len(town)), _TOWN)
    return found


def landclass(scene: Scene, kinds: Any) -> list[Row]:
    """A coverage of the county: patches of one class within one compartment are one."""
    m = scene.mosaic
    codes, group = np.unique(kinds, return_inverse=True)
    shapes, key = dissolved(Coverage(m.shapes, m.kind), m.compartment * len(codes) + group)
    code = codes[key % len(codes)]
    first = np.unique(m.compartment * len(codes) + group, return_index=True)[1]
    area = np.round(area_m2(shapes), 2)
    field = np.isin(code, ["0101", "0103"])
    share = np.where(field, np.round(scene.rng.uniform(0.04, 0.14, len(code)), 4), 0.0)
    deducted = np.round(area * share, 2)
    towns = units()
    names = facts.system("landclass-1055")
    return samples(
        "landclass",
        {
            "code": [f"DL{n:06d}" for n in range(1, len(code) + 1)],
            "name": [names[c].zh for c in code],
            "patch_number": [f"{n:05d}" for n in range(1, len(code) + 1)],
            "land_class": code,
            "land_class_system": ["landclass-1055"] * len(code),
            "land_class_name": [names[c].zh for c in code],
            "tenure": np.where(np.isin(code, ["1101", "0701", "0601"]), "10", "30"),
            "place": [towns[t].zh for t in m.township[first]],
            "deducted_class": only(field, ["1203"] * len(code)),
            "deducted_share": only(field, share),
            "deducted_area_m2": only(field, deducted),
            "class_area_m2": np.round(area - deducted, 2),
            "year": [2023] * len(code),
            "shape": multi(shapes),
        },
    )


def controls(scene: Scene, kinds: Any) -> list[Row]:
    """Every kind of control, numbered within its kind."""
    rows: list[Row] = []
    for kind, made in (
        ("farmland", _farmland(scene, kinds)),
        ("urban", _urban(scene, kinds)),
        ("water-source", _sources(scene)),
        ("mining", _rights(scene)),
        ("geohazard", _hazards(scene)),
        ("unit", _management(scene, kinds)),
        ("tailings", _blobs(scene, 4, (6, 22), "号尾矿库(虚构)", {"tailings-4": 2, "tailings-5": 2})),
        (
            "polluted",
            _blobs(
                scene,
                16,
                (2, 30),
                "号受污染地块(虚构)",
                {"polluted-safe": 11, "polluted-strict": 3, "polluted-site": 2},
            ),
        ),
        ("fishing-ban", _fishing(scene)),
    ):
        numbered = enumerate(made, 1)
        rows += [
            sample("controls", {"code": f"{kind}-{n:04d}", "kind": kind, **more, "shape": s})
            for n, (s, more) in numbered
        ]
    return rows


Zone = tuple[Any, dict[str, Any]]


def _farmland(scene: Scene, kinds: Any) -> Iterator[Zone]:
    """Four fifths of the paddy, by village."""
    m = scene.mosaic
    kept = np.flatnonzero((kinds == "0101") & (scene.rng.random(len(kinds)) < 0.8))
    shapes, villages = dissolved(Coverage(m.shapes[kept], m.kind[kept]), m.village[kept])
    town = dict(zip(m.village, m.township, strict=True))
    for shape, village in zip(multi(shapes), villages, strict=True):
        yield shape, {"name": f"{units()[town[village]].zh}永久基本农田(虚构)", "in_force_from": date(2022, 10, 14)}


def _urban(scene: Scene, kinds: Any) -> Iterator[Zone]:
    town = np.flatnonzero(np.isin(kinds, list(_TOWN)))
    shape = shapely.coverage_union_all(scene.mosaic.shapes[town])
    yield multi(np.array([shape]))[0], {"name": "兴国县城镇开发边界(虚构)", "in_force_from": date(2022, 10, 14)}


def _sources(scene: Scene) -> Iterator[Zone]:
    """Three intakes, each with its first- and second-grade zone round a stretch of river."""
    for n, (river, along) in enumerate((("濊水", 0.62), ("潋水", 0.45), ("崇贤河", 0.5)), 1):
        line = scene.water.named(river)
        at = along * line.length
        near = shapely.buffer(shapely.ops.substring(line, at - 1_000, at + 100), 120)
        wide = shapely.difference(shapely.buffer(shapely.ops.substring(line, at - 3_000, at + 300), 900), near)
        for grade, shape in (("1", near), ("2", wide)):
            inside = polygons(shapely.intersection(placed(shape), scene.county))
            name = f"{river}饮用水水源{'一二'[int(grade) - 1]}级保护区(虚构)"
            yield inside, {"name": name, "grade": f"water-source-{grade}", "holder": f"示例水厂{n}"}


def _rights(scene: Scene) -> Iterator[Zone]:
    """Mining rights, drawn as licences are: few corners, straight edges."""
    m, rng = scene.mosaic, scene.rng
    sites = scene.stands.patch[spread(rng, m.middle[scene.stands.patch], 18, 3_000)]
    for n, middle in enumerate(m.middle[sites], 1):
        explore = n > 12
        w, h = rng.uniform(300, 900, 2) * (2.5 if explore else 1)
        ring = np.array([(-w, -h), (w, -h), (w, h * 0.4), (w * 0.5, h), (-w, h)]) + middle
        shape = polygons(shapely.intersection(placed(shapely.Polygon(ring)), scene.county))
        grade = "mining-explore" if explore else "mining-extract"
        dates = {"in_force_from": date(2019, 1, 1), "in_force_to": date(2029, 12, 31) if n % 3 else date(2025, 6, 30)}
        yield shape, {"name": f"{n}号{'探' if explore else '采'}矿权(虚构)", "grade": grade, **dates}


def _hazards(scene: Scene) -> Iterator[Zone]:
    land = scene.coarse
    score = ranked(land.slope) + 0.8 * land.waves(6_000)
    label = np.searchsorted(np.quantile(score, [0.45, 0.83]), score) + 1
    found = land.drawn(label, least_hm2=120)
    shapes, labels = dissolved(Coverage(found.shapes, found.labels), found.labels)
    for shape, n in zip(multi(shapes), labels, strict=True):
        zh, grade = (("低", "low"), ("中", "middle"), ("高", "high"))[n - 1]
        yield shape, {"name": f"地质灾害{zh}易发区(虚构)", "grade": f"geohazard-{grade}"}


def _management(scene: Scene, kinds: Any) -> Iterator[Zone]:
    """Units of 三线一单 tile the county: priority on the red line, key in town, general elsewhere."""
    m = scene.mosaic
    red = shapely.union_all(scene.protection.redlines)
    shapely.prepare(red)
    inside = shapely.contains_properly(red, shapely.points(shapely.get_coordinates(shapely.point_on_surface(m.shapes))))
    grade = np.where(inside, 0, np.where(np.isin(kinds, list(_TOWN)), 1, 2))
    shapes, key = dissolved(Coverage(m.shapes, m.kind), m.township * 3 + grade)
    for shape, k in zip(multi(shapes), key, strict=True):
        zh, code = (("优先保护", "priority"), ("重点管控", "key"), ("一般管控", "general"))[k % 3]
        yield shape, {"name": f"{units()[k // 3].zh}{zh}单元(虚构)", "grade": f"unit-{code}"}


def _blobs(scene: Scene, n: int, size: tuple[float, float], name: str, grades: dict[str, int]) -> Iterator[Zone]:
    """Patches below the Huameiao mines."""
    m, rng = scene.mosaic, scene.rng
    away = np.hypot(*(m.middle - to_plane(np.array([HUAMEIAO]))[0]).T)
    near = np.flatnonzero((away < 12_000) & (m.above_stream < 120))
    sites = near[spread(rng, m.middle[near], n, 1_200)]
    codes = [code for code, count in grades.items() for _ in range(count)]
    for k, (site, code) in enumerate(zip(sites, codes, strict=False), 1):
        shape = polygons(shapely.intersection(blob(rng, m.middle[site], rng.uniform(*size)), scene.county))
        yield shape, {"name": f"{k}{name}", "grade": code}


def _fishing(scene: Scene) -> Iterator[Zone]:
    water = shapely.intersection(placed(scene.water.water(least_m2=300e6)), scene.county)
    for shape in scene.by_township(water, least_hm2=3):
        yield shape, {"name": "濊水流域禁捕水域(虚构)", "grade": "fishing-ban-full", "in_force_from": date(2021, 1, 1)}


def erosion(scene: Scene, year: int, field: Any) -> list[Row]:
    """The patches of one year's monitoring; `field` is the proneness they share from year to year."""
    land = scene.coarse
    score = field + 0.03 * land.waves(2_500, 2)
    lost = land.best(score, ERODED_SHARE[year] * 321_674)
    rank = np.zeros(len(score))
    rank[lost] = ranked((score + 0.2 * land.waves(3_500, 2))[lost])
    names = list(_INTENSITY)
    label = np.where(lost, np.searchsorted(np.cumsum([*_INTENSITY.values()]) / 100, rank) + 1, 0)
    found = land.apart(np.minimum(label, 5), least_hm2=2.5)
    return _patches(scene, year, found, names)


def erosion_field(scene: Scene) -> Any:
    """Proneness to erosion: open hillsides above the valley floor."""
    land = scene.coarse
    height = ranked(land.above_stream)
    return 0.9 * np.exp(-(((height - 0.35) / 0.25) ** 2)) + 0.5 * ranked(land.slope) + 0.75 * land.waves(2_600, 3)


def _patches(scene: Scene, year: int, found: Coverage, names: list[str]) -> list[Row]:
    kinds = [names[n - 1] for n in found.labels]
    low, high = np.array([_MODULUS[k] for k in kinds], dtype=float).T
    points = shapely.point_on_surface(found.shapes)
    town = _towns(scene, points)
    return samples(
        "erosion",
        {
            "code": [f"QS{year}{n:05d}" for n in range(1, len(kinds) + 1)],
            "name": [f"{year}年水土流失{n}号图斑(虚构)" for n in range(1, len(kinds) + 1)],
            "year": [year] * len(kinds),
            "kind": ["water"] * len(kinds),
            "intensity": kinds,
            "modulus": np.round(scene.rng.uniform(low, high), 1),
            "cover": np.round(scene.rng.uniform(20, 62, len(kinds)), 2),
            "township": [units()[t].code for t in town],
            "shape": multi(found.shapes),
        },
    )


def _towns(scene: Scene, points: Any) -> Ints:
    town, k = shapely.STRtree(points).query(scene.townships, predicate="intersects")
    owner = np.zeros(len(points), dtype=int)
    owner[k] = town
    return owner
