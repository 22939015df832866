"""How plots change: planted, grown, felled, thinned, built over, divided; each keeps the rules between its fields."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import shapely

from pipelines.demo.ground.land import polygons
from pipelines.demo.ground.plane import Ints, area_m2
from pipelines.demo.scene import Scene
from pipelines.demo.stands import multi
from pipelines.demo.values import Row, sample

_KEY = ("code", "township", "village", "compartment", "subcompartment")
_STAND = (
    "purpose", "category", "authority", "welfare_grade", "origin", "species", "age_group", "mean_age", "canopy",
    "mean_dbh_cm", "mean_height_m", "volume_m3_hm2", "volume_m3", "stems_hm2",
)  # fmt: skip
BARE: dict[str, Any] = dict.fromkeys(_STAND) | {"protection": "4"}


class Forest:
    """The plots as they stand while the past is told: every change is seen by the next."""

    def __init__(self, scene: Scene, rows: list[Row]) -> None:
        self.rng = scene.rng
        self._now = [dict(row.values) for row in rows]
        self._gone: set[int] = set()
        self._last: dict[str, int] = {}
        for plot in self._now:
            self._next_number(plot)

    def share(self, of_20_000: int) -> int:
        """A number of plots scaled to the size of this county, never none."""
        return max(1, round(of_20_000 * len(self._now) / 20_000))

    def some(self, n: int, **where: Any) -> Ints:
        """Up to n plots, at random, whose columns hold one of the values given."""
        fit = [k for k, p in enumerate(self._now) if k not in self._gone and _matches(p, where)]
        return self.rng.permutation(np.array(fit, dtype=int))[:n]

    def shapes(self, plots: Ints) -> Any:
        return np.array([self._now[k]["shape"] for k in plots], dtype=object)

    def planted(self, plots: Ints, on: date) -> list[Row]:
        return [self._changed(k, on, "造林", {**BARE, "land_class": "030402"}) for k in plots]

    def felled(self, plots: Ints, on: date) -> list[Row]:
        return [self._changed(k, on, "采伐", {**BARE, "land_class": "030405"}) for k in plots]

    def grown(self, plots: Ints, on: date) -> list[Row]:
        """A young plantation that has become forest: closed to 0.20 and more, too thin to have volume."""
        return [self._changed(k, on, "造林成林", self._young()) for k in plots]

    def _young(self) -> dict[str, Any]:
        rng = self.rng
        return BARE | {
            "land_class": "030100", "purpose": "233", "category": "022", "origin": "21",
            "species": str(rng.choice(["220000", "310000", "261000", "470000"])), "age_group": "1",
            "mean_age": int(rng.integers(4, 8)), "canopy": round(float(rng.uniform(0.22, 0.4)), 2),
            "mean_dbh_cm": round(float(rng.uniform(2.2, 4.7)), 1),
            "mean_height_m": round(float(rng.uniform(1.8, 3.6)), 1),
            "volume_m3_hm2": 0.0, "volume_m3": 0.0, "stems_hm2": int(rng.integers(160, 240)) * 10,
        }  # fmt: skip

    def thinned(self, plots: Ints, on: date) -> list[Row]:
        """A fifth of the stems and of the volume taken, the canopy never opened below 0.50."""
        return [self._changed(k, on, "抚育间伐", self._thinner(self._now[k])) for k in plots]

    def _thinner(self, plot: dict[str, Any]) -> dict[str, Any]:
        volume = round(plot["volume_m3_hm2"] * 0.82, 1)
        return {
            "canopy": round(max(0.5, plot["canopy"] - float(self.rng.uniform(0.08, 0.15))), 2),
            "volume_m3_hm2": volume,
            "volume_m3": round(volume * plot["area_hm2"], 1),
            "stems_hm2": round(plot["stems_hm2"] * 0.8),
        }

    def remeasured(self, plots: Ints, on: date, factor: float) -> list[Row]:
        rows = []
        for k in plots:
            plot = self._now[k]
            volume = round(plot["volume_m3_hm2"] * factor, 1)
            rows.append(
                self._changed(k, on, None, {"volume_m3_hm2": volume, "volume_m3": round(volume * plot["area_hm2"], 1)})
            )
        return rows

    def reclassed(self, plots: Ints, on: date, land_class: str) -> list[Row]:
        """Shrub that is of another class than was entered, and what follows from it."""
        tea = {"land_class": land_class, "purpose": "252", "category": "021", "authority": None, "welfare_grade": None}
        tea |= {"species": "750000", "origin": "21", "protection": "3"}
        return [self._changed(k, on, "地类更正", tea) for k in plots]

    def built_over(self, plots: Ints) -> list[Row]:
        """Plots that end."""
        self._gone.update(int(k) for k in plots)
        return [Row("plots", {key: self._now[k][key] for key in _KEY}, gone=True) for k in plots]

    def divided(self, k: int, on: date) -> list[Row]:
        """A plot in two along a straight line: the old number keeps one half, a new number takes the other."""
        plot = self._now[k]
        west, south, east, north = plot["shape"].bounds
        half = shapely.box(west - 1, south - 1, (west + east) / 2, north + 1)
        kept, split = (polygons(cut(plot["shape"], half)) for cut in (shapely.intersection, shapely.difference))
        number = self._next_number(plot)
        code = plot["code"][:-5] + number
        name = f"{plot['name'].split('林班')[0]}林班{int(number)}小班"
        new = {**plot, "code": code, "subcompartment": number, "name": name, **_sized(plot, split)}
        new |= {"change_cause": "小班分割", "change_year": on.year}
        self._now.append(new)
        return [self._changed(k, on, "小班分割", _sized(plot, kept)), sample("plots", new)]

    def _next_number(self, plot: dict[str, Any]) -> str:
        """The number after the last given in a plot's compartment."""
        within = plot["code"][:-5]
        self._last[within] = self._last.get(within, 0) + 1
        return f"{self._last[within]:05d}"

    def _changed(self, k: int, on: date, cause: str | None, more: dict[str, Any]) -> Row:
        if cause:
            more = {**more, "change_cause": cause, "change_year": on.year}
        self._now[k] |= more
        return Row("plots", {key: self._now[k][key] for key in _KEY} | more)


def _matches(plot: dict[str, Any], where: dict[str, Any]) -> bool:
    for key, values in where.items():  # noqa: SIM110 -- a loop is half as long: asked half a million times
        if plot[key] not in values:
            return False
    return True


def _sized(plot: dict[str, Any], shape: Any) -> dict[str, Any]:
    area = round(float(area_m2(shape)) / 1e4, 2)
    volume = plot["volume_m3_hm2"]
    return {"shape": multi(np.array([shape]))[0] if shape.geom_type == "Polygon" else shape, "area_hm2": area,
            "volume_m3": None if volume is None else round(volume * area, 1)}  # fmt: skip
