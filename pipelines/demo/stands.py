"""Forest plots as rows: what stands on each patch, field by field (LY/T 2908, the codes of 一张图)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from data import facts
from pipelines.demo.ground.parts import Mosaic
from pipelines.demo.ground.plane import Floats, Ints, Mask, area_m2, noise
from pipelines.demo.values import Row, samples

COVERED_SHARE = 0.7524
"""Of the county, counted as forest at the start."""
_UNCOUNTED = {"030302": 34, "030402": 24, "030405": 14, "030401": 14, "030403": 8, "030406": 4, "030404": 2}
_TREES = {"220000": 33, "310000": 27, "261000": 13, "620000": 8, "630000": 6, "470000": 6, "480000": 4, "440000": 3}
_LIMITS = {
    "pine": ((20, 30, 40, 60), (10, 20, 30, 50)),
    "fir": ((10, 20, 25, 35), (10, 20, 25, 35)),
    "schima": ((20, 40, 50, 70), (10, 20, 30, 50)),
    "oak": ((20, 40, 50, 70), (20, 40, 50, 70)),
}
"""Last year of 幼, 中, 近, 成 by group, natural and planted: LY/T 2908-2017."""
AGE_GROUP_OF = {
    "220000": "pine", "261000": "pine", "630000": "pine", "310000": "fir",
    "470000": "schima", "480000": "schima", "620000": "schima", "440000": "oak",
}  # fmt: skip
"""Mixed stands and slash pine stand in no line of the standard: they take that of their commonest species."""
_NATURAL = {"220000": 0.5, "261000": 0.0, "310000": 0.0, "470000": 0.9, "480000": 0.85, "440000": 0.7}


@dataclass(frozen=True)
class Stands:
    """The forest patches of a mosaic in columns: `columns[name][i]` belongs to patch `patch[i]`."""

    patch: Ints
    area_hm2: Floats
    columns: dict[str, Any] = field(repr=False)

    @property
    def land_class(self) -> Any:
        return self.columns["land_class"]

    def rows(self) -> list[Row]:
        return samples("plots", self.columns)


def stands(m: Mosaic, rng: np.random.Generator, county_m2: float) -> Stands:
    """Every forest patch with its stand."""
    patch = np.flatnonzero(m.kind == 1)
    area = np.round(area_m2(m.shapes[patch]) / 1e4, 2)
    lot = _Lot(m, patch, rng)
    land = _land_classes(lot, area, county_m2 / 1e4)
    columns = {**_places(m, patch), **_site(m, patch, rng), "area_hm2": area, "land_class": land}
    columns |= _rights(lot, land, area)
    columns |= _trees(lot, land, area)
    columns["land_class_system"] = np.full(len(patch), "forest-2020")
    columns["shape"] = multi(m.shapes[patch])
    return Stands(patch, area, columns)


def multi(shapes: Any) -> Any:
    """Polygons as MultiPolygons."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    return shapely.multipolygons(parts, indices=owner)


class _Lot:
    """Draws that hang together on the ground: neighbours and plots of one compartment are alike."""

    def __init__(self, m: Mosaic, patch: Ints, rng: np.random.Generator) -> None:
        self.rng, self.m, self.patch = rng, m, patch
        self._x, self._y = m.middle[patch].T
        self._by_compartment = m.compartment[patch]

    def __len__(self) -> int:
        return len(self.patch)

    def rank(self, wave_m: float, alone: float = 0.5) -> Floats:
        """Evenly spread on 0-1, `alone` being the part of chance that a plot does not share."""
        shared = noise(self.rng, self._x, self._y, wave_m, 3)
        common = self.rng.uniform(-0.5, 0.5, self._by_compartment.max() + 1)[self._by_compartment]
        return ranked(shared + common + 2 * alone * self.rng.uniform(-1, 1, len(self)))

    def own(self, low: float, high: float) -> Floats:
        return self.rng.uniform(low, high, len(self))


def ranked(score: Floats) -> Floats:
    """The rank of each on 0-1."""
    place = np.empty(len(score))
    place[np.argsort(score, kind="stable")] = (np.arange(len(score)) + 0.5) / len(score)
    return place


def first_up_to(order: Ints, area: Floats, total: float) -> Ints:
    """The first of an order whose areas stay within a total."""
    return order[: int(np.searchsorted(np.cumsum(area[order]), total))]


def pick(rank: Floats, weights: dict[str, int]) -> Any:
    """A code for each rank, as often as its weight says."""
    edges = np.cumsum(list(weights.values())) / sum(weights.values())
    return np.array(list(weights))[np.minimum(np.searchsorted(edges, rank), len(weights) - 1)]


def _land_classes(lot: _Lot, area: Floats, county_hm2: float) -> Any:
    """Bamboo in moist places, oil-tea on low slopes, else arboreal forest; uncounted what the share leaves."""
    land = np.full(len(lot), "030100", dtype="<U6")
    above = ranked(lot.m.above_stream[lot.patch])
    tea = np.argsort(above + 0.6 * lot.rank(4_000), kind="stable")
    land[first_up_to(tea, area, 0.085 * county_hm2)] = "030301"
    bamboo = np.argsort(np.abs(above - 0.5) + 1.2 * lot.rank(6_000, 0.2), kind="stable")
    land[first_up_to(bamboo, area, 0.055 * county_hm2)] = "030200"
    bare = np.argsort(lot.rank(2_500, 1.0) + 0.3 * above, kind="stable")
    spare = first_up_to(bare, area, area.sum() - COVERED_SHARE * county_hm2)
    land[spare] = pick(lot.rank(1_500, 1.0), _UNCOUNTED)[spare]
    return land


def _places(m: Mosaic, patch: Ints) -> dict[str, Any]:
    """Township, village, compartment and plot numbers, counted from north to south."""
    units = [t for t in facts.townships() if t.kind != "zone"]
    township = np.array([t.code for t in units])[m.township[patch]]
    names = np.array([t.zh for t in units])[m.township[patch]]
    north = -m.middle[patch, 1]
    village = counted(m.township[patch], m.village[patch], north) + 200
    compartment = counted(m.village[patch], m.compartment[patch], north)
    number = counted(m.compartment[patch], np.arange(len(patch)), north)
    cells = list(zip(township, village, compartment, number, strict=True))
    return {
        "code": [f"{t}{v:03d}{c:04d}{n:05d}" for t, v, c, n in cells],
        "name": [f"{z}{v}村{c}林班{n}小班" for z, (_, v, c, n) in zip(names, cells, strict=True)],
        "province": np.full(len(patch), "36"),
        "county": np.full(len(patch), "360732"),
        "township": township,
        "village": [f"{v:03d}" for v in village],
        "compartment": [f"{c:04d}" for c in compartment],
        "subcompartment": [f"{n:05d}" for n in number],
    }


def counted(parent: Ints, unit: Ints, key: Floats) -> Ints:
    """The number, from 1, of each unit within its parent, in the order of the mean key."""
    names, of = np.unique(unit, return_inverse=True)
    mean = np.bincount(of, key) / np.bincount(of)
    above = np.zeros(len(names), dtype=int)
    above[of] = parent
    order = np.lexsort((mean, above))
    starts = np.searchsorted(above[order], above[order])
    number = np.empty(len(names), dtype=int)
    number[order] = np.arange(len(names)) - starts + 1
    return np.asarray(number[of])


def _site(m: Mosaic, patch: Ints, rng: np.random.Generator) -> dict[str, Any]:
    height, slope, above = m.height[patch], m.slope_deg[patch], m.above_stream[patch]
    flat = slope < 3
    depth = np.clip(95 - 1.3 * slope + rng.normal(0, 15, len(patch)), 20, 150).round(-1).astype(int)
    position = np.searchsorted([15, 60, 140, 280], above)
    aspect = ((m.aspect_deg[patch] + 22.5) // 45 % 8).astype(int) + 1
    return {
        "landform": np.array(["5", "4", "3"])[np.searchsorted([400, 800], height)],
        "elevation_m": height.round().astype(int),
        "aspect": np.where(flat, "9", aspect.astype(str)),
        "slope_position": np.where(flat, "6", np.array(list("54321"))[position]),
        "slope": np.array(list("123456"))[np.searchsorted([5, 15, 25, 35, 45], slope, side="right")],
        "soil": np.where(height > 700, "黄红壤", np.where(rng.random(len(patch)) < 0.12, "紫色土", "红壤")),
        "soil_depth_cm": depth,
        "site_quality": np.array(list("4321"))[np.searchsorted([40, 60, 90], depth)],
    }


def _rights(lot: _Lot, land: Any, area: Floats) -> dict[str, Any]:
    """Tenure, purpose, category, authority and grades, each following from the one before (R2-R6)."""
    stocked = np.isin(land, ["030100", "030200", "030301", "030302", "030401"])
    economic = stocked & (land == "030301")
    worth = 0.7 * ranked(lot.m.height[lot.patch]) + 0.5 * ranked(lot.m.slope_deg[lot.patch]) + lot.rank(9_000, 0.2)
    best = np.argsort(-worth, kind="stable")
    able = best[(stocked & ~economic)[best]]
    national = _among(first_up_to(able, area, 0.27 * area.sum()), len(lot))
    first = _among(first_up_to(able, area, 0.035 * area.sum()), len(lot))
    public = _among(first_up_to(able, area, 0.44 * area.sum()), len(lot))
    guard = np.where(first, "127", pick(lot.rank(5_000), {"111": 6, "112": 5, "115": 1}))
    timber = np.where(economic, "252", pick(lot.rank(5_000), {"233": 8, "232": 2, "240": 1}))
    key = economic | np.isin(timber, ["232"])
    category = np.where(public, np.where(national, "011", "012"), np.where(key, "021", "022"))
    local = pick(lot.rank(8_000), {"21": 7, "24": 1})
    grade = np.where(first, "1", "2")
    protection = np.where(first, "1", np.where(national, "2", np.where(public | (stocked & key), "3", "4")))
    return {
        "land_tenure": np.where(lot.rank(12_000, 0.1) < 0.09, "10", "20"),
        "protection": protection,
        "purpose": only(stocked, np.where(public, guard, timber)),
        "category": only(stocked, category),
        "authority": only(public, np.where(national, "11", local)),
        "welfare_grade": only(national, grade),
    }


def _among(chosen: Ints, size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[chosen] = True
    return mask


def only(where: Mask, values: Any) -> Any:
    """Values where they belong, None elsewhere."""
    kept = np.full(len(where), None, dtype=object)
    kept[where] = np.asarray(values, dtype=object)[where]
    return kept


def _trees(lot: _Lot, land: Any, area: Floats) -> dict[str, Any]:
    """Species, origin, age, size and volume (R1, R7, R8)."""
    tall, bamboo, tea = land == "030100", land == "030200", land == "030301"
    sparse, shrub = land == "030401", np.isin(land, ["030301", "030302"])
    wooded = tall | sparse
    species = pick(np.clip(lot.rank(5_000, 0.35), 0, 1), _TREES)
    natural = lot.own(0, 1) < np.vectorize(lambda s: _NATURAL.get(s, 0.75))(species)
    age, group = _ages(lot, species, natural)
    closed = _closure(lot, land, age)
    size = 1 - np.exp(-age / 26)
    dbh = np.round(np.clip(2.5 + 21 * size * lot.own(0.85, 1.2), 2, 45), 1)
    high = np.round(np.clip(1.6 + 16 * size * lot.own(0.85, 1.15), 1.5, 32), 1)
    volume = np.round(230 * size**1.6 * np.where(sparse, 0.25, closed / 0.7) * lot.own(0.75, 1.2), 1)
    volume = np.where((group == 1) & (dbh < 5), 0.0, volume)
    kinds = np.where(bamboo, "660000", np.where(tea, "750000", np.where(shrub, "620000", species)))
    sown = np.where(species == "220000", pick(lot.own(0, 1), {"21": 6, "23": 4}), "21")
    born = np.where(natural, pick(lot.own(0, 1), {"11": 5, "12": 3, "13": 2}), sown)
    born = np.where(bamboo, "13", np.where(tea, "21", np.where(shrub, "11", born)))
    stems = np.where(bamboo, lot.own(1_400, 4_200), 3_300 * np.exp(-age / 34) * closed / 0.7 + 250).round(-1)
    living = wooded | bamboo | shrub
    return {
        "origin": only(living, born),
        "species": only(living, kinds),
        "age_group": only(
            wooded | bamboo, np.where(bamboo, pick(lot.own(0, 1), {"1": 3, "2": 5, "3": 2}), group.astype(str))
        ),
        "mean_age": only(wooded, age),
        "canopy": only(living, closed),
        "mean_dbh_cm": only(wooded | bamboo, np.where(bamboo, np.round(lot.own(7.5, 11), 1), dbh)),
        "mean_height_m": only(living, np.where(shrub, np.round(lot.own(1, 3.2), 1), high)),
        "volume_m3_hm2": only(wooded, volume),
        "volume_m3": only(wooded, np.round(volume * area, 1)),
        "stems_hm2": only(wooded | bamboo, stems.astype(int)),
    }


def _ages(lot: _Lot, species: Any, natural: Mask) -> tuple[Ints, Ints]:
    """Mean age and the age group that the table gives it."""
    limits = np.array([_LIMITS[AGE_GROUP_OF[s]][0 if n else 1] for s, n in zip(species, natural, strict=True)])
    share = 1.25 * lot.rank(3_500, 0.6) ** 1.1
    age = np.maximum(1, (share * limits[:, 3] * 0.95).round()).astype(int)
    return age, 1 + (age[:, None] > limits).sum(axis=1)


def _closure(lot: _Lot, land: Any, age: Ints) -> Floats:
    grown = np.clip(0.35 + 0.4 * (1 - np.exp(-age / 12)) + lot.own(-0.14, 0.2), 0.2, 0.95)
    shrubs = lot.own(0.42, 0.9)
    closed = np.where(land == "030401", lot.own(0.10, 0.19), np.where(np.char.startswith(land, "0303"), shrubs, grown))
    return np.round(closed, 2)
