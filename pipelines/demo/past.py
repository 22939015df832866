"""The past of the demo county, 2024 to autumn 2026: each step a change as an office would have entered it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import shapely

from pipelines.demo.forestry import Forest
from pipelines.demo.ground.land import blob, hm2, polygons
from pipelines.demo.ground.plane import on_plane
from pipelines.demo.landuse import erosion
from pipelines.demo.scene import Scene
from pipelines.demo.values import Row, Step, sample
from pipelines.demo.works import BELTS, STAGES, plot_project, reached_stage

QUARTERS = tuple(date(y, m, d) for y in (2024, 2025, 2026) for m, d in ((3, 31), (6, 30), (9, 30), (12, 31)))[:11]
_CLEAN = ("listed", "planned", "approved", "works", "accepted", "rated", "tended")
_MICRO = ("sited", "planned", "approved", "works", "accepted", "tended")


class Past:
    """Tells the steps in the order in which they were entered."""

    def __init__(self, scene: Scene, base: list[Row], prone: Any) -> None:
        self.scene, self.rng, self._prone = scene, scene.rng, prone
        self._base = base
        self.forest = Forest(scene, self._of("plots"))
        self._mines = {row.values["code"]: dict(row.values) for row in self._of("mines")}

    def _of(self, layer: str) -> list[Row]:
        return [row for row in self._base if row.layer == layer]

    def steps(self) -> Iterator[Step]:
        for n, day in enumerate(QUARTERS):
            yield from self._forestry(n, day)
            yield self._mine_step(day)
            yield from self._stages(n, day)
            yield from self._once(n)

    def _forestry(self, n: int, day: date) -> Iterator[Step]:
        """Spring plants, summer thins, autumn fells, and in winter young plantations are found to be forest."""
        forest, quarter = self.forest, n % 4
        if quarter == 0:
            plots = forest.some(forest.share(40), land_class=("030405", "030406"))
            project = plot_project(
                self.scene, f"XM-LH-{day.year}", f"{day.year}年国土绿化(虚构)", "greening", forest.shapes(plots)
            )
            project.values.update(stage="accepted", done_on=day)
            yield Step(
                day,
                f"{day.year}年春季造林",
                f"spring planting {day.year}",
                "real",
                [*forest.planted(plots, day), project],
            )
        elif quarter == 1:
            plots = forest.some(
                forest.share(60),
                land_class=("030100",),
                age_group=("2", "3"),
                purpose=("233",),
                stems_hm2=range(800, 9999),
            )
            project = plot_project(
                self.scene, f"XM-FY-{day.year}", f"{day.year}年森林抚育间伐(虚构)", "tending", forest.shapes(plots)
            )
            project.values.update(stage="accepted", done_on=day)
            yield Step(
                day, f"{day.year}年抚育间伐", f"thinning {day.year}", "real", [*forest.thinned(plots, day), project]
            )
        elif quarter == 2:
            plots = forest.some(forest.share(12), land_class=("030100",), age_group=("4", "5"), purpose=("232", "233"))
            yield Step(day, f"{day.year}年度商品林采伐", f"fellings {day.year}", "real", forest.felled(plots, day))
        else:
            plots = forest.some(forest.share(34), land_class=("030402",))
            yield Step(
                day,
                f"{day.year}年度成林验收",
                f"plantations that became forest in {day.year}",
                "real",
                forest.grown(plots, day),
            )

    def _mine_step(self, day: date) -> Step:
        """About a sixth of the mines move on; two stay as they are for good."""
        open_ = [c for c, m in sorted(self._mines.items()) if m["stage"] != "closed" and c[-1:] != "7"]
        rows = []
        for code in self.rng.permutation(open_)[:10]:
            mine = self._mines[str(code)]
            more = reached_stage(mine, STAGES.index(mine["stage"]) + 1, day)
            mine |= more
            rows.append(Row("mines", {"code": str(code), **more}))
        return Step(day, "废弃矿山修复季度进展", "quarterly progress of the mines", "real", rows)

    def _stages(self, n: int, day: date) -> Iterator[Step]:
        """Every third quarter the clean watersheds and the micro-wetlands reach their next stage."""
        if n % 3 != 1:
            return
        rows = [_next(row, _CLEAN, n // 3 + 1, day) for row in self._of("watersheds") if row.values.get("stage")]
        rows += [_next(row, _MICRO, n // 3 + 1, day) for row in self._of("wetlands") if row.values["micro"]]
        yield Step(
            day, "清洁小流域和小微湿地建设进展", "progress of the clean watersheds and micro-wetlands", "real", rows
        )

    def _once(self, n: int) -> Iterator[Step]:
        """What happened once, after the quarter in which it was entered."""
        told = {
            3: self._belts_done, 4: self._erosion_2024, 5: self._divided, 6: self._redline_moved, 7: self._road,
            8: self._corrected, 9: self._erosion_2025, 10: self._new_reserve,
        }  # fmt: skip
        if n in told:
            yield told[n]()
        if n == 2:
            yield self._new_volumes()

    def _belts_done(self) -> Step:
        day = date(2024, 12, 31)
        rows = [
            Row("projects", {"code": f"XM-XC-{n:02d}", "stage": "accepted", "done_on": day})
            for n in range(1, len(BELTS) + 1)
        ]
        return Step(day, "3条和美乡村示范带建成", "the three village belts are built", "real", rows)

    def _new_volumes(self) -> Step:
        plots = self.forest.some(
            self.forest.share(300), land_class=("030100",), species=("310000",), age_group=("3", "4")
        )
        day = date(2024, 10, 31)
        return Step(
            day, "杉木改用新材积表", "fir by the new volume table", "method", self.forest.remeasured(plots, day, 1.04)
        )

    def _erosion_2024(self) -> Step:
        rows = erosion(self.scene, 2024, self._prone)
        return Step(date(2024, 12, 31), "2024年度水土流失动态监测成果", "erosion monitoring of 2024", "real", rows)

    def _erosion_2025(self) -> Step:
        rows = erosion(self.scene, 2025, self._prone)
        return Step(date(2025, 12, 31), "2025年度水土流失动态监测成果", "erosion monitoring of 2025", "real", rows)

    def _divided(self) -> Step:
        day = date(2025, 7, 15)
        plots = self.forest.some(self.forest.share(8), land_class=("030100",))
        rows = [row for k in plots for row in self.forest.divided(int(k), day)]
        return Step(day, "林权确权后分割小班", "plots divided after the tenure was settled", "boundary", rows)

    def _road(self) -> Step:
        plots = self.forest.some(self.forest.share(4), land_class=("030100", "030301"), category=("022", "021"))
        return Step(
            date(2025, 11, 20),
            "经批准的公路建设使用林地",
            "forest used for an approved road",
            "real",
            self.forest.built_over(plots),
        )

    def _corrected(self) -> Step:
        """Entered in spring 2026, true at the end of 2025."""
        day = date(2025, 12, 31)
        plots = self.forest.some(self.forest.share(12), land_class=("030302",))
        return Step(day, "油茶林误录为其他灌木林,更正", "oil-tea entered as other shrub, put right", "correction",
                    self.forest.reclassed(plots, day, "030301"))  # fmt: skip

    def _redline_moved(self) -> Step:
        """A place is let out of a red line and another taken in; the areas balance."""
        line = max(
            (r for r in self._of("redlines") if r.values["control"] == "outside"),
            key=lambda r: float(r.values["shape"].area),
        )
        shape = line.values["shape"]
        big = max(shape.geoms, key=lambda p: p.area)
        x, y = on_plane(shapely.point_on_surface(big)).coords[0]
        out = blob(self.rng, np.array([x, y]), 46)
        taken_in = self._beside(big)
        moved = polygons(shapely.union(shapely.difference(shape, out), taken_in))
        values = {"code": line.values["code"], "document": "示例文件〔2025〕9号(虚构)", "shape": moved}
        return Step(
            date(2025, 9, 1),
            "生态保护红线局部调整",
            "the red line is adjusted in places",
            "boundary",
            [Row("redlines", values)],
        )

    def _beside(self, shape: shapely.Polygon) -> Any:
        """A patch on the edge of a shape, outside every other red line and inside the county."""
        others = shapely.union_all([r.values["shape"] for r in self._of("redlines")])
        edge = on_plane(shape.exterior)
        places = [edge.interpolate(t, normalized=True) for t in np.linspace(0, 1, 24, endpoint=False)]
        patches = [
            polygons(shapely.intersection(blob(self.rng, np.array([p.x, p.y]), 80), self.scene.county)) for p in places
        ]
        new = [polygons(shapely.difference(p, others)) for p in patches]
        return min(new, key=lambda p: abs(float(hm2(p)) - 46))

    def _new_reserve(self) -> Step:
        """A small wetland reserve over unprotected wetlands of middling size, which now count as protected."""
        free = [
            r for r in self._of("wetlands") if not r.values.get("protection_form") and 5 < r.values["area_hm2"] < 60
        ]
        free = [r for r in free if not r.values["micro"]]
        free.sort(key=lambda r: -r.values["area_hm2"])
        held: list[Row] = []
        while free and sum(r.values["area_hm2"] for r in held) < 70:
            held.append(free.pop(0))
        area = polygons(shapely.union_all([r.values["shape"] for r in held]))
        reserve = {
            "code": "BHD06",
            "name": "平江湿地保护小区(虚构)",
            "kind": "small-wetland",
            "grade": "county",
            "control": "general",
        }
        rows = [sample("protected_areas", {**reserve, "in_force_from": date(2026, 9, 1), "shape": area})]
        rows += [
            Row("wetlands", {"code": r.values["code"], "protection_form": "small-wetland", "protected_area": "BHD06"})
            for r in held
        ]
        return Step(date(2026, 9, 1), "设立平江湿地保护小区", "a small wetland reserve is set up", "real", rows)


def _next(row: Row, stages: tuple[str, ...], moves: int, day: date) -> Row:
    """The stage reached after so many moves; the last but one at most while it starts from the first."""
    reached = min(stages.index(row.values["stage"]) + moves, len(stages) - 1)
    more: dict[str, Any] = {"code": row.values["code"], "stage": stages[reached]}
    if stages[reached] == "accepted":
        more["done_on"] = day
    return Row(row.layer, more)
