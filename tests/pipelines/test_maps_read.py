"""A map as a reader meets it: in Chromium, from a file, with the network off."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import Page

from pipelines.paper.maps import county_map, write
from pipelines.paper.palette import GREENS, PROJECT, RED_LINE, TODO, WORKS, Swatch, sign
from pipelines.paper.styles import Codes, Column, One, Steps
from pipelines.paper.themes import Sheet, Theme

pytest_plugins = ["tests.browser"]

SHARE = Column("share", "森林覆盖率", "forest coverage", "%", 1)
AREA = Column("ha", "面积", "area", "hm²", 1, additive=True)
COUNTY = shapely.box(115.0, 26.0, 115.8, 26.6)
HOSTILE = "<script>window.hurt=1</script><img src=x onerror=hurt=1>&amp;"


def frame(shapes: list[shapely.Geometry], **columns: list[object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4490)


def townships() -> Theme:
    """Twelve townships in three rows of four; the first has no value, the last two have names that attack."""
    shapes = [shapely.box(115 + x / 5, 26 + y / 5, 115.2 + x / 5, 26.2 + y / 5) for y in range(3) for x in range(4)]
    names = [f"青山{n}乡" for n in "一二三四五六七八九十"] + [HOSTILE, "末乡"]
    shares = [None, 0.42, 0.55, 0.61, 0.66, 0.68, 0.71, 0.74, 0.78, 0.83, 0.88, 0.93]
    towns = frame(shapes, name=names, share=shares, ha=[1234.5 * i for i in range(12)])
    style = Steps(SHARE, (0.5, 0.6, 0.7, 0.8), GREENS[:5])
    return Theme(
        "森林覆盖率", "Forest coverage", towns, style, "name", (SHARE, AREA), made_up=True, label=("name", "share"),
        total={"share": 0.7, "ha": 81477.0},
    )  # fmt: skip


def mines() -> Theme:
    points = [shapely.Point(115.1 + i / 10, 26.05 + i / 20) for i in range(5)]
    stages = ["todo", "todo", "doing", "doing", "doing"]
    looks = {
        "todo": Swatch("待治理", "untreated", sign(TODO, "triangle")),
        "doing": Swatch("治理中", "under way", sign(WORKS, "diamond")),
    }
    found = frame(points, name=[f"矿点{i}" for i in range(5)], stage=stages, ha=[1.0, 2.0, 4.0, 8.0, 16.0])
    return Theme("矿山", "Mines", found, Codes("stage", looks), "name", (AREA,), table="classes")


def red_lines() -> Theme:
    holed = shapely.box(115.25, 26.25, 115.55, 26.55) - shapely.box(115.35, 26.35, 115.45, 26.45)
    two = shapely.MultiPolygon([shapely.box(115.61, 26.01, 115.65, 26.05), shapely.box(115.7, 26.1, 115.75, 26.15)])
    found = frame([holed, two], name=["北红线", "南红线"])
    return Theme("生态保护红线", "Red lines", found, One(Swatch("红线", "red line", RED_LINE)), "name")


def projects() -> Theme:
    line = shapely.LineString([(115.05, 26.5), (115.2, 26.45), (115.3, 26.5)])
    found = frame([line, None], name=["河道", "尚无图形"])
    return Theme("工程", "Projects", found, One(Swatch("工程", "project", PROJECT)), "name", show=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sheet = Sheet(
        "兴国县森林覆盖率图", "Forest coverage of Xingguo", "2026-06-30", ("本例 https://example.test/x",), no=812
    )
    html = county_map(sheet, COUNTY, [townships(), red_lines(), projects(), mines()])
    return write(html, tmp_path_factory.mktemp("maps") / "county.html")


def spot(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Where a place lies in the window."""
    x, y = page.evaluate(
        """([lng, lat]) => { const p = qingshan.map.latLngToContainerPoint([lat, lng]),
        r = qingshan.map.getContainer().getBoundingClientRect(); return [r.left + p.x, r.top + p.y]; }""",
        [lon, lat],
    )
    return x, y


def painted(page: Page, lon: float, lat: float) -> list[int]:
    """The red, green, blue and opacity drawn at a place."""
    return page.evaluate(
        """([lng, lat]) => { const c = document.querySelector(".leaflet-overlay-pane canvas"),
        p = qingshan.map.latLngToContainerPoint([lat, lng]), m = qingshan.map.getContainer().getBoundingClientRect(),
        r = c.getBoundingClientRect(), k = c.width / r.width, x = (m.left + p.x - r.left) * k,
        y = (m.top + p.y - r.top) * k;
        return [...c.getContext("2d").getImageData(x, y, 1, 1).data]; }""",
        [lon, lat],
    )


def drawn(page: Page) -> dict[str, int]:
    """Features on the map by theme, those of hidden themes not counted."""
    return page.evaluate(
        """() => Object.fromEntries(qingshan.themes.map((t) => [t.data.en,
        t.group.getLayers().filter((l) => qingshan.map.hasLayer(l)).length]))"""
    )


def test_every_feature_with_a_shape_is_drawn_and_hidden_themes_are_not(desk, made):
    page = desk.open(made)

    assert drawn(page) == {"Forest coverage": 12, "Red lines": 2, "Projects": 0, "Mines": 5}
    assert page.locator(".sign").count() == 5


def test_a_township_is_painted_in_the_colour_of_its_class_and_a_hole_stays_open(desk, made):
    page = desk.open(made)
    page.evaluate("qingshan.show('theme1', false)")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    for place, colour in [((115.33, 26.03), GREENS[0]), ((115.03, 26.23), GREENS[2]), ((115.77, 26.57), GREENS[4])]:
        *rgb, opacity = painted(page, *place)
        # Unpremultiplied from an opacity of 0.92, a channel may be off by one.
        assert rgb == pytest.approx(list(bytes.fromhex(colour[1:])), abs=2)
        assert opacity == pytest.approx(0.92 * 255, abs=2)

    page.evaluate("qingshan.show('theme0', false); qingshan.show('theme1', true)")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert painted(page, 115.40, 26.40)[3] == 0
    assert painted(page, 115.25, 26.40)[3] > 0


def test_chinese_is_drawn_with_glyphs_of_its_own(desk, made):
    """Without a Chinese font every character is the same empty box."""
    page = desk.open(made)

    pictures = page.evaluate(
        """() => { const font = getComputedStyle(document.querySelector(".label b")).fontFamily;
        return [..."兴国县森林覆盖率\\u{10FFFE}"].map((c) => {
        const pen = document.createElement("canvas").getContext("2d");
        pen.font = `40px ${font}`; pen.fillText(c, 10, 60);
        return pen.getImageData(0, 0, 80, 80).data.join(); }); }"""
    )

    assert len(set(pictures)) == len(pictures)
    assert page.locator("h1").inner_text().startswith("兴国县森林覆盖率图")


def test_reading_it_asks_for_nothing_and_complains_of_nothing(desk, made):
    page = desk.open(made)

    for box in page.locator("input[data-theme]").all():
        box.click()
        box.click()
    page.mouse.click(*spot(page, 115.1, 26.3))
    page.locator("button[data-row]").last.evaluate("b => b.click()")
    page.locator(".leaflet-control-zoom-in").click()

    assert desk.foreign == []
    assert desk.complaints == []
    assert page.evaluate("window.hurt") is None


def test_the_policy_of_the_page_stops_what_is_put_into_it(desk, made):
    page = desk.open(made)

    page.evaluate(
        """() => { const script = document.createElement("script"); script.textContent = "window.hurt = 1";
        const picture = new Image(); picture.src = "http://outside.test/a.png"; document.body.append(script, picture);
        return new Promise((done) => { picture.onerror = done; }); }"""
    )

    assert page.evaluate("window.hurt") is None
    assert all("Content Security Policy" in complaint for complaint in desk.complaints)
    assert len(desk.complaints) == 2


def test_the_counting_sees_a_page_that_does_ask(desk, tmp_path):
    desk.open(write("<img src='http://outside.test/a.png'>", tmp_path / "asks.html"))

    assert desk.foreign == ["http://outside.test/a.png"]
    assert len(desk.complaints) == 1


def test_a_layer_is_taken_off_and_put_back_in_its_old_order(desk, made):
    page = desk.open(made)
    box = page.locator("input[data-theme=theme0]")

    box.uncheck()
    assert drawn(page)["Forest coverage"] == 0
    assert page.locator(".label").count() == 0

    box.check()
    assert drawn(page)["Forest coverage"] == 12
    # Red lines stand above the townships again: their hatch catches the press.
    page.mouse.click(*spot(page, 115.3, 26.3))
    assert page.locator(".leaflet-popup h3").inner_text() == "北红线"


def test_a_press_on_a_township_says_its_figures_in_both_languages(desk, made):
    page = desk.open(made)

    page.mouse.click(*spot(page, 115.15, 26.25))

    said = page.locator(".leaflet-popup-content")
    assert said.locator("h3").inner_text() == "青山五乡"
    assert [t.strip() for t in said.locator("dt").all_inner_texts()] == ["森林覆盖率\nforest coverage", "面积\narea"]
    assert said.locator("dd").all_inner_texts() == ["66.0 %", "4,938.0 hm²"]
    assert "示例数据，虚构" in said.inner_text()
    assert "made-up sample data" in said.inner_text()


def test_the_table_says_what_the_map_says_row_by_row(desk, made):
    page = desk.open(made)
    rows = page.locator("table[data-theme=theme0] tbody tr")

    assert rows.count() == 12
    for row in rows.all():
        row.locator("button").click()
        popup = page.locator(".leaflet-popup-content").last
        units = [f"{said} {unit}" for said, unit in zip(row.locator("td").all_inner_texts(), ("%", "hm²"), strict=True)]
        assert popup.locator("h3").text_content() == row.locator("button").text_content()
        assert popup.locator("dd").all_inner_texts() == units


def test_a_table_of_classes_counts_and_adds_up(desk, made):
    page = desk.open(made)

    rows = page.locator("table[data-theme=theme3] tbody tr").all()

    assert [row.locator("th, td").all_text_contents() for row in rows] == [
        ["待治理 untreated", "2", "3.0"],
        ["治理中 under way", "3", "28.0"],
    ]


def test_labels_never_cover_one_another_and_stay_in_their_township(phone, made):
    page = phone.open(made)

    boxes = page.evaluate(
        """() => [...document.querySelectorAll(".label > div:not(.hidden)")].map((b) => {
        const r = b.getBoundingClientRect(), m = qingshan.map.getContainer().getBoundingClientRect();
        const middle = [(r.left + r.right) / 2 - m.left, (r.top + r.bottom) / 2 - m.top];
        const at = qingshan.map.containerPointToLatLng(middle);
        return { name: b.textContent, edges: [r.left, r.top, r.right, r.bottom], at: [at.lng, at.lat] }; })"""
    )

    shapes = [shapely.box(*box["edges"]) for box in boxes]
    assert len(boxes) > 5
    assert not any(a.intersects(b) for i, a in enumerate(shapes) for b in shapes[:i])
    towns = townships().frame
    for box in boxes:
        home = towns[towns.geometry.contains(shapely.Point(box["at"]))].iloc[0]
        assert box["name"].startswith(home["name"])


def test_what_the_sheet_must_say_stands_on_it(desk, made):
    page = desk.open(made)
    said = page.locator("main").inner_text()

    for words in (
        "数据截至 2026-06-30 · 台账第 812 号变更",
        "journal no. 812",
        "审图号：—",
        "https://example.test/x",
        "10 km",
    ):
        assert words in said
    assert page.locator(".stamp").inner_text() == "示例数据，虚构 made-up sample data"
    assert page.locator("#legend li").count() == 6 + 2  # five steps and no data; two stages


def test_a_phone_shows_map_then_table_without_scrolling_sideways(phone, made):
    page = phone.open(made)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    tops = [
        page.locator(part).bounding_box()["y"] for part in ("h1", ".folium-map", "#legend", "table[data-theme=theme0]")
    ]
    assert tops == sorted(tops)
    assert not page.locator("#legend input").first.is_visible()

    page.locator("#legend > summary").tap()
    assert page.locator("#legend input").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.complaints == []
