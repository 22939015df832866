"""The county's maps as their readers meet them: in Chromium, from a file, with the network off."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from layers.ground.history import last_no
from pipelines.paper.maps import write
from pipelines.restoration.maps import MAPS, OVERVIEW, Reading, draw, wetland
from pipelines.restoration.maps.water import downstream, upstream_hm2
from pipelines.restoration.rates import Rates, measure
from web.terminal.desks.maps import MapTheme

pytest_plugins = ["tests.browser"]

Pages = dict[str, Path]
TODAY = date(2026, 11, 25)


def reading(session: Session, **otherwise: Any) -> Reading:
    """The session's layers and rates; `otherwise` replaces what the rates say."""
    rates: Rates = replace(measure(session, on=TODAY), **otherwise)
    return Reading(session, rates, TODAY)


COUNTED = {
    "Abandoned mines": "select count(*) from layers.mines",
    "Ecologically clean watersheds": "select count(*) from layers.watersheds where stage is not null",
    "Micro-wetlands built": "select count(*) from layers.wetlands where micro and stage is not null",
    "Project areas": "select count(*) from layers.projects",
    "Monitoring sections": "select count(*) from layers.sections",
    "What drains to the sections": "select count(*) from layers.sections",
    "What drains to what (schematic)": "select count(*) from layers.watersheds where downstream is not null",
    "Rivers and reservoirs": "select count(*) from layers.wetlands where not micro",
    "Wetlands": "select count(*) from layers.wetlands",
    "Wetlands by protection": "select count(*) from layers.wetlands",
    "Soil erosion, 2025": "select count(*) from layers.erosion where year = 2025 and intensity <> 'slight'",
    "Protected areas": "select count(*) from layers.protected_areas",
    "Red lines": "select count(*) from layers.redlines",
    "Red lines by control zone": "select count(*) from layers.redlines",
    "Red lines by dominant function": "select count(*) from layers.redlines",
    "Forest plots by land class": "select count(*) from layers.plots",
    "Townships": "select count(*) from layers.townships",
}
"""What stands in the database under a layer's name, by plain SQL."""
BY_TOWNSHIP = "(measured)"
OTHERWISE = {
    # Merged, in the overview; and only those without a stage, on the map of progress.
    (OVERVIEW, "Forest plots by land class"): """select count(*) from (select distinct township, village, compartment,
        land_class from layers.plots) merged""",
    ("progress", "Small watersheds"): "select count(*) from layers.watersheds where stage is null",
    ("forest", "Public-welfare forest"): """select count(*) from (select distinct township, category from layers.plots
        where category in ('011', '012')) merged""",
}


def expected(engine: Engine, name: str, layer: str) -> int:
    counted = "select count(*) from layers.watersheds" if layer == "Small watersheds" else COUNTED.get(layer)
    if layer.endswith(BY_TOWNSHIP):
        counted = COUNTED["Townships"]
    with engine.connect() as connection:
        return connection.scalar(text(OTHERWISE.get((name, layer)) or str(counted)))


@pytest.mark.parametrize("name", MAPS)
def test_every_feature_is_drawn_in_chinese_and_nothing_is_asked_of_the_network(
    name: str, pages: Pages, sample_county: Engine, desk: Any
) -> None:
    page = desk.open(pages[name])
    for box in page.locator("input[data-theme]").all():
        box.check()

    drawn = page.evaluate(
        """() => Object.fromEntries(qingshan.themes.map((t) => [t.data.en,
        t.group.getLayers().filter((l) => qingshan.map.hasLayer(l)).length]))"""
    )
    assert drawn == {layer: expected(sample_county, name, layer) for layer in drawn}
    assert min(drawn.values()) > 0
    # Without a Chinese font every character is the same empty box; the last one has none in any font.
    glyphs = page.evaluate(
        """() => { const font = getComputedStyle(document.querySelector("h1")).fontFamily;
        return [...new Set(document.querySelector("h1 span").textContent + "\\u{10FFFE}")].map((c) => {
        const pen = document.createElement("canvas").getContext("2d");
        pen.font = `40px ${font}`; pen.fillText(c, 10, 60);
        return pen.getImageData(0, 0, 80, 80).data.join(); }); }"""
    )
    assert len(set(glyphs)) == len(glyphs) > 5
    page.locator("button[data-row]").last.evaluate("b => b.click()")
    assert page.locator(".leaflet-popup .of").inner_text()
    assert desk.foreign == []
    assert desk.complaints == []


TITLES = {
    OVERVIEW: ("兴国县生态修复一张图", "Ecological restoration in Xingguo county"),
    "progress": ("兴国县生态修复进展图", "Progress of ecological restoration in Xingguo county"),
    "forest": ("兴国县森林覆盖图", "The forest of Xingguo county"),
    "wetland": ("兴国县湿地保护图", "Protection of wetlands in Xingguo county"),
    "water": ("兴国县水系与水土保持图", "Soil and water in Xingguo county"),
    "redline": ("兴国县生态保护红线图", "Ecological protection red lines of Xingguo county"),
}
HEROES = {
    OVERVIEW: "历史遗留废弃矿山",
    "progress": "历史遗留废弃矿山",
    "forest": "森林覆盖率（量算值）",
    "wetland": "湿地（按是否受保护）",
    "water": "监测断面",
    "redline": "红线管控分区",
}


@pytest.mark.parametrize("name", MAPS)
def test_a_sheet_says_what_it_shows_of_when_from_whom_and_how_it_was_counted(
    name: str, pages: Pages, desk: Any
) -> None:
    page = desk.open(pages[name])
    said = page.locator("main").inner_text()

    assert tuple(page.locator("h1 span").all_inner_texts()) == TITLES[name]
    assert page.locator("#legend label > span > span").first.inner_text() == HEROES[name]
    for words in ("数据截至 2026-11-25", "as of 2026-11-25", "审图号：赣S(2026)000号", "县界：", "示例数据，虚构"):
        assert words in said
    if name != "progress":
        assert "不是公布值" in said
        assert "计一次" in said  # from the method of each rate
        assert "the announced value alone" in said
    # Everything on it but the boundary is made up, layer by layer.
    assert page.locator("#legend .made").count() == page.locator("#legend .layer").count()


def test_the_doors_themes_are_the_maps_there_are() -> None:
    assert {OVERVIEW, *get_args(MapTheme)} == set(MAPS)


def test_a_rate_that_is_not_measured_leaves_the_townships_as_ground_and_no_figure(
    sample_county: Engine, desk: Any, tmp_path: Path
) -> None:
    with Session(sample_county) as session:
        page = desk.open(write(draw(reading(session, measured={}), "wetland"), tmp_path / "wetland.html"))

    assert "Townships" in page.evaluate("qingshan.themes.map((t) => t.data.en)")
    assert page.locator(".headline").count() == 0
    assert "0.00" not in page.locator(".folium-map").inner_text()


def test_a_township_without_a_share_is_no_data_and_never_nought(
    sample_county: Engine, desk: Any, tmp_path: Path
) -> None:
    with Session(sample_county) as session:
        found = measure(session, on=TODAY).measured["wetland-protection"]
        first, *others = found.townships
        dry = replace(found, townships=(replace(first, numerator_m2=0, denominator_m2=0), *others))
        read = reading(session, measured={"wetland-protection": dry})
        page = desk.open(write(draw(read, "wetland"), tmp_path / "wetland.html"))

    table = page.locator("table", has=page.locator("th", has_text="湿地保护率"))
    assert table.locator("tbody tr", has_text=first.name).locator("td").first.text_content() == "—"
    assert "无数据" in page.locator("#legend").inner_text()


def test_edits_that_the_rates_do_not_count_yet_stand_on_a_sheet_with_rates(
    sample_county: Engine, desk: Any, tmp_path: Path
) -> None:
    with Session(sample_county) as session:
        read = reading(session, no=last_no(session) - 3)
        forest, progress = (write(draw(read, name), tmp_path / f"{name}.html") for name in ("forest", "progress"))

    assert desk.open(forest).locator(".uncounted").inner_text().split("\n") == [
        "另有 3 笔编辑尚未计入比率",
        "3 edits not yet counted in the rates",
    ]
    assert desk.open(progress).locator(".uncounted").count() == 0


def test_the_county_s_value_stands_in_large_and_at_the_foot_of_the_table(
    pages: Pages, sample_county: Engine, desk: Any
) -> None:
    page = desk.open(pages["forest"])
    with Session(sample_county) as session:
        percent = str(measure(session, on=TODAY).measured["forest-coverage"].county.percent)

    assert page.locator(".headline dd").first.inner_text() == f"{percent}%"
    assert page.locator("table tfoot td").first.inner_text() == percent


def test_a_mine_says_when_it_was_planned_and_done_in_both_languages(
    pages: Pages, sample_county: Engine, desk: Any
) -> None:
    page = desk.open(pages["progress"])
    with sample_county.connect() as connection:
        name, planned, done = connection.execute(
            text("select name, planned_on::text, done_on::text from layers.mines where done_on is not null limit 1")
        ).one()

    button = page.locator("table button", has_text=name).first
    button.focus()
    page.keyboard.press("Enter")

    said = page.locator(".leaflet-popup-content")
    terms = dict(zip(said.locator("dt").all_inner_texts(), said.locator("dd").all_inner_texts(), strict=True))
    assert terms["计划完成日期\nplanned completion"] == planned
    assert terms["工程验收日期\nworks accepted"] == done


def test_only_zones_in_force_on_the_day_are_drawn(sample_county: Engine, pages: Pages) -> None:
    with Session(sample_county) as session:
        page = draw(reading(session, on=date(2022, 10, 13)), "redline")

    # The demo's red lines are in force from 14 October 2022, its protected areas from 2013 on.
    assert "红线管控分区" not in page
    assert "自然保护地" in page
    assert "红线管控分区" in pages["redline"].read_text("utf-8")


def stream(code: str, to: str | None) -> SimpleNamespace:
    at = int(code) / 100
    return SimpleNamespace(downstream=to, shape=shapely.box(115 + at, 26, 115.01 + at, 26.01))


def test_what_lies_upstream_adds_up_to_the_mouth_and_a_ring_is_gone_round_once() -> None:
    tree = {"1": stream("1", "3"), "2": stream("2", "3"), "3": stream("3", "4"), "4": stream("4", None)}
    ring = {"1": stream("1", "2"), "2": stream("2", "1")}

    hm2 = upstream_hm2(tree)

    assert downstream("1", tree) == ["1", "3", "4"]
    assert [round(hm2[code] / hm2["1"], 6) for code in tree] == [1, 1, 3, 4]
    assert downstream("1", ring) == ["1", "2"]
    assert upstream_hm2(ring)["1"] == pytest.approx(2 * hm2["1"], rel=1e-9)


def test_a_map_of_an_empty_county_is_a_sheet_with_nothing_on_it(engine: Engine) -> None:
    with Session(engine) as session:
        read = reading(session)
        pages = {name: draw(read, name) for name in MAPS}

    for page in pages.values():
        assert 'id="theme0"' not in page
        assert "不得作为依据" not in page


def test_the_protected_ground_of_the_wetlands_on_the_map_is_what_the_rate_counts(sample_county: Engine) -> None:
    with Session(sample_county) as session:
        read = reading(session)
        wetlands, *_ = wetland.themes(read)

    assert wetlands is not None
    county = read.rates.measured["wetland-protection"].county
    assert wetlands.frame["protected"].sum() * 1e4 == pytest.approx(county.numerator_m2, rel=1e-9)
    kept = wetlands.frame[wetlands.frame["group"] == "kept"]
    assert kept["protected"].to_numpy() == pytest.approx(kept["hm2"].to_numpy(), rel=1e-3)
    assert set(wetlands.frame["group"]) >= {"kept", "unkept", "not-asked"}


@pytest.mark.parametrize("name", ["forest", "wetland", "water", "redline"])
def test_the_printed_areas_of_the_townships_add_up_to_the_county_s_on_every_sheet(
    pages: Pages, desk: Any, name: str
) -> None:
    page = desk.open(pages[name])

    table = page.locator("table", has=page.locator("tfoot")).first
    cells = table.locator("tr").evaluate_all("rows => rows.map(r => [...r.cells].map(c => c.textContent))")
    *townships, county = [[Decimal(cell.replace(",", "")) for cell in row[-2:]] for row in cells[1:]]
    assert len(townships) == 25
    assert [sum(column) for column in zip(*townships, strict=True)] == county
