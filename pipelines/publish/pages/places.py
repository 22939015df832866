"""Townships and villages: what is being done near here, the table first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from data import facts
from pipelines.paper.palette import FORESTS
from pipelines.publish.pages.naming import township, township_page, village
from pipelines.publish.pages.tables import Cell, Table, cells, columns
from pipelines.publish.pages.wording import ABSENT, Words
from pipelines.publish.pages.works import by_kind, called, kind_named, ordered, stage_cell
from pipelines.publish.public import NEAR_KM, Printed, Public, Site, Village
from pipelines.restoration.rates import Part


def works_here(sites: Sequence[Site], t: Words) -> Table:
    """The works of a township."""
    rows = [cells(_with_kind(site, t), stage_cell(site, t), _planned(site, t)) for site in ordered(sites)]
    heads = columns(t(f"public.{head}") for head in ("name", "stage", "planned"))
    return Table("works", t("public.works_here", n=len(rows)), heads, rows)


def _with_kind(site: Site, t: Words) -> Cell:
    name = called(site, t)
    return replace(name, note=" · ".join(filter(None, (kind_named(site.kind, t), name.note))))


def _planned(site: Site, t: Words) -> Cell:
    day = site.feature.values["planned_on"]
    return Cell(t.day(day), order=day.isoformat() if day else "")


def works_near(of: Village, public: Public, t: Words) -> Table:
    """The works near a village, the nearest first."""
    rows = [
        cells(_with_kind(site, t), t("public.km", km=km), stage_cell(site, t))
        for key, km in of.near
        for site in [public.site[key]]
    ]
    heads = columns(t(f"public.{head}") for head in ("name", "distance", "stage"))
    return Table("works", t("public.works_near", km=NEAR_KM, n=len(rows)), heads, rows)


def rates_of(code: str, public: Public, areas: Mapping[str, Printed], t: Words) -> Table:
    """Every measured rate of a township."""
    rows = []
    for id_, of in public.rates.measured.items():
        part = next((part for part in of.townships if part.code == code), None)
        if part is not None:
            name = Cell(t.of(of.rate), note=t("public.own") if of.rate.own else None)
            rows.append(cells(name, percent(part, t), *(t.hm2(size) for size in areas[id_][code])))
    heads = columns((t(f"public.{head}") for head in ("rate", "measured", "counted", "of_all")), numeric=(1, 2, 3))
    return Table("rates", t("public.rates_here"), heads, rows, narrow=True)


def percent(part: Part, t: Words) -> str:
    return t.number(part.percent) if part.percent is None else f"{part.percent} %"


def forest_of(of: Village, t: Words) -> Table:
    """The forest of a village by class."""
    known = [group for group in FORESTS if group in of.forest_hm2]
    rows = [cells(t(f"map_class.{group}"), t.number(of.forest_hm2[group])) for group in known]
    heads = columns([t("public.class"), t("public.hm2")], numeric=(1,))
    return Table("forest", t("public.forest_here"), heads, rows, narrow=True)


def villages_by_township(public: Public) -> Mapping[str, list[Village]]:
    found: dict[str, list[Village]] = defaultdict(list)
    for of in public.villages:
        found[of.township].append(of)
    return found


def listed(public: Public, t: Words) -> Table:
    """Every township with its works and villages, and the coverage of its forest."""
    coverage = public.rates.measured.get("forest-coverage")
    parts = {part.code: part for part in coverage.townships} if coverage else {}
    villages = villages_by_township(public)
    rows = []
    for code in codes(public):
        here = public.in_township(code)
        counts = (len(here), sum(site.overdue for site in here), len(villages.get(code, ())))
        forest = percent(parts[code], t) if code in parts else ABSENT
        rows.append(cells(named(code, public, t), *(t.number(n) for n in counts), forest))
    heads = columns(
        (t(f"public.{h}") for h in ("township", "works", "overdue", "villages", "forest_measured")),
        numeric=(1, 2, 3, 4),
    )
    return Table("townships-table", t("public.townships_caption", n=len(rows)), heads, rows, sortable=True)


def codes(public: Public) -> list[str]:
    """Every township that has a page: those of the register, and those that villages and works may name."""
    return sorted({*public.townships, *(town.code for town in facts.townships())})


def named(code: str, public: Public, t: Words) -> Cell:
    """A township by the name that the facts give it, else the register's own."""
    known = township(code, t)
    if known.page:
        return known
    name = public.townships[code].values["name"]
    return Cell(name or code, page=township_page(code), chinese=name is not None)


def all_villages(public: Public, t: Words) -> Table:
    rows = []
    for of in sorted(public.villages, key=lambda village: village.code):
        nearest = (
            Cell(t("public.km", km=of.near[0][1]), order=str(of.near[0][1])) if of.near else Cell(ABSENT, order="")
        )
        rows.append(cells(village(of), township(of.township, t), t.number(len(of.near)), nearest))
    heads = columns((t(f"public.{h}") for h in ("village", "township", "works_near_by", "nearest")), numeric=(2, 3))
    caption = t("public.villages_caption", n=len(rows), km=NEAR_KM)
    return Table("villages-table", caption, heads, rows, sortable=True, narrow=True)


def doing(public: Public, code: str, t: Words) -> str:
    """The works of a township in one sentence."""
    here = [(kind, len(of)) for kind, of in by_kind(public.in_township(code)).items() if of]
    return t.joined(f"{kind_named(kind, t)}\u00a0{n}" for kind, n in here) or t("public.none_here")
