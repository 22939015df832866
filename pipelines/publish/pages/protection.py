"""Forest, wetland, water and soil: what was announced by year, and beside it what the layers measure by township."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data import measuring
from pipelines.publish.pages.naming import township
from pipelines.publish.pages.places import percent
from pipelines.publish.pages.planning import of_rate, state, to_reach
from pipelines.publish.pages.tables import Cell, Table, cells, columns
from pipelines.publish.pages.wording import ABSENT, Words
from pipelines.publish.pages.works import made_up
from pipelines.publish.public import Printed, Public, Released
from pipelines.restoration.rates import FORMULAS, Measured

SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "forest": ("forest-coverage", "forest-protection"),
    "wetland": ("wetland-protection",),
    "water": ("soil-conservation",),
}
"""Page → the rates it tells of."""


@dataclass(frozen=True)
class Told:
    """A rate as its page tells it."""

    rate: measuring.Rate
    announced: Table | None
    measured: Table | None
    targets: list[tuple[Cell, Cell]]
    """What the plan asks of it, and how that stands."""
    counted: list[tuple[str, str]]
    """How it is measured, by headings."""
    differences: list[str]


def told(rate: str, public: Public, areas: Mapping[str, Printed], t: Words) -> Told:
    of = measuring.rates()[rate]
    found = public.rates.measured.get(rate)
    return Told(
        of,
        announced(of, public, t),
        measured(found, areas[rate], t) if found else None,
        [(to_reach(row, t), state(row, t)) for row in of_rate(public.plan, rate)],
        list(_counted(of, t)),
        [t.of(difference) for difference in of.differences],
    )


def announced(rate: measuring.Rate, public: Public, t: Words) -> Table | None:
    """What was announced from above, the newest year first; None where nothing was."""
    rows = []
    for said in sorted(public.announced, key=lambda said: -said.year):
        if said.subject == rate.id and said.value is not None:
            mark = t("public.made_up_mark") if said.made_up else None
            value = Cell(f"{said.value} {said.unit}", note=mark)
            where = (Cell(said.body, chinese=True), Cell(said.document, chinese=True), t.day(said.stated_on))
            rows.append(cells(str(said.year), value, *where))
    heads = columns((t(f"public.{h}") for h in ("year", "announced", "body", "document", "stated_on")), numeric=(1,))
    return Table(f"{rate.id}-announced", t("public.announced_caption", rate=t.of(rate)), heads, rows) if rows else None


def measured(of: Measured, areas: Printed, t: Words) -> Table:
    """The measured rate by township; the areas add up to the county's."""
    rows = [
        cells(township(part.code, t), *(t.hm2(size) for size in areas[part.code]), percent(part, t))
        for part in of.townships
    ]
    foot = cells(t("public.county"), *(t.hm2(size) for size in areas[of.county.code]), percent(of.county, t))
    named = (t(f"{place}.{of.rate.id}") for place in ("map_numerator", "map_denominator"))
    heads = [t("public.township"), *(name[:1].upper() + name[1:] for name in named)]
    return Table(
        f"{of.rate.id}-measured", t("public.measured_caption", rate=t.of(of.rate)),
        columns([*heads, t("public.measured")], numeric=(1, 2, 3)), rows, foot, narrow=True,
    )  # fmt: skip


def _counted(rate: measuring.Rate, t: Words) -> list[tuple[str, str]]:
    chosen = [
        t("public.chosen", choice=t.of(choice), option=t.of(choice.options[choice.chosen]))
        for choice in measuring.choices().values()
        if choice.figure in FORMULAS[rate.id]
    ]
    return [(t("public.method"), t.of(rate.method)), *((t("public.choice"), said) for said in chosen)]


def wetlands(public: Public, t: Words) -> Table:
    """Every wetland that may be told, the largest first."""
    found = sorted(public.features["wetlands"], key=lambda wetland: (-(wetland.hm2 or 0), wetland.key))
    rows = [_wetland(wetland, t) for wetland in found]
    heads = (t("public.name"), t("public.township"), *(t.column("wetlands", c) for c in ("kind", "protection_form")))
    area = f"{t('public.area')} ({t.unit('hm²')})"
    named = columns([*heads, area], numeric=(4,))
    return Table("wetlands-table", t("public.wetlands_caption", n=len(rows)), named, rows, sortable=True)


def _wetland(wetland: Released, t: Words) -> list[Cell]:
    values = wetland.values
    name = values["name"] or ABSENT
    protection = t.value(wetland, "protection_form") if values["protection_form"] else t("public.unprotected")
    return cells(
        Cell(name, chinese=values["name"] is not None, note=made_up(name, wetland, t)),
        township(values["township"], t), t.value(wetland, "kind"), protection, t.hm2(wetland.hm2),
    )  # fmt: skip


def sections(public: Public, t: Words, *, within: str | None = None) -> Table:
    """The monitoring sections, of the county or of one township. Measured classes are not among what is published."""
    found = [s for s in public.features["sections"] if within in (None, s.values["township"])]
    rows = [_section(section, t) for section in found]
    heads = (t("public.name"), *(t.column("sections", c) for c in ("river", "township", "level", "target_class")))
    named = columns([*heads, t("public.water_class")])
    return Table("sections", t("public.sections_caption", n=len(rows)), named, rows)


def _section(section: Released, t: Words) -> list[Cell]:
    values = section.values
    name, river = values["name"] or ABSENT, values["river"]
    return cells(
        Cell(name, chinese=values["name"] is not None, note=made_up(name, section, t)),
        Cell(river or ABSENT, chinese=river is not None), township(values["township"], t),
        t.value(section, "level"), t.value(section, "target_class"), t("public.no_class"),
    )  # fmt: skip
