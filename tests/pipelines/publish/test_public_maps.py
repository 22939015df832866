"""The public maps in a browser: what is drawn, on which grid, on any day, from a plain server and from a disc."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import Engine

from data import facts
from data.boundary import boundary
from layers.ground.history import last_no
from pipelines.paper.offline import NODE_MODULES
from pipelines.publish.folder import Files
from pipelines.publish.making import Edition, draft_files, site_files
from pipelines.publish.maps.sheets import MARKED, Tianditu, county_outline
from pipelines.publish.maps.themes import MAPS
from tests.pipelines.publish.conftest import SAMPLED

pytest_plugins = ["tests.browser"]

DRAWN = """() => Object.fromEntries(qingshan.themes.map(({ id, data, rows, group }) =>
  [data.zh, rows.filter((layer) => layer && group.hasLayer(layer)).length]))"""
PLACES = """() => {
  const found = [], go = (at) => Array.isArray(at) ? at.forEach(go) : found.push([at.lng, at.lat]);
  qingshan.map.eachLayer((layer) => { if (layer.row !== undefined || layer.options.interactive === false) {
    if (layer.getLatLngs) go(layer.getLatLngs()); else if (layer.getLatLng) go(layer.getLatLng()); } });
  qingshan.themes.forEach(({ rows }) => rows.filter(Boolean).forEach((layer) => {
    if (layer.getLatLngs) go(layer.getLatLngs()); else if (layer.getLatLng) go(layer.getLatLng()); }));
  return found;
}"""


@pytest.fixture(scope="module")
def plain_server(draft_folder: Path) -> Iterator[str]:
    """`python -m http.server`, as anybody has it, on a port of its own."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "-d", str(draft_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        port = running.stdout.readline().split("port ")[1].split()[0]
        yield f"http://127.0.0.1:{port}"
        running.terminate()


def works(draft: Files) -> Counter[str]:
    rows = csv.DictReader(StringIO(draft["data/works.csv"].decode("utf-8-sig")))
    return Counter(row["kind"] for row in rows)


def features(draft: Files, name: str) -> list[Any]:
    found: list[Any] = json.loads(draft[f"maps/data/{name}.geojson"])["features"]
    return found


def test_every_work_of_the_tables_is_drawn_and_every_township(draft: Files, draft_folder: Path, desk: Any) -> None:
    page = desk.open(draft_folder / "maps" / "progress.html")

    drawn, told = page.evaluate(DRAWN), works(draft)
    assert drawn["历史遗留废弃矿山"] == told["mines"] == 60
    assert drawn["生态清洁小流域"] == told["clean-watersheds"]
    assert drawn["小微湿地建设"] == told["micro-wetlands"]
    assert drawn["生态工程"] == told["projects"]
    assert drawn["乡镇"] == len(features(draft, "townships")) == 25
    assert desk.complaints == []
    assert all(url.startswith("file:") for url in desk.requests)


def test_every_wetland_is_drawn_the_small_ones_as_marks(draft: Files, draft_folder: Path, phone: Any) -> None:
    page = phone.open(draft_folder / "maps" / "wetland.html")

    kinds = Counter(feature["geometry"]["type"] for feature in features(draft, "wetlands"))
    signs = page.evaluate(
        "qingshan.themes.find((t) => t.id === 'theme0').rows.filter((r) => r instanceof L.Marker).length"
    )
    assert page.evaluate(DRAWN)["湿地（按是否受保护）"] == kinds.total()
    assert signs == kinds["Point"] > 20
    assert phone.complaints == []


@pytest.mark.parametrize("name", MAPS)
def test_whatever_a_map_draws_lies_on_the_public_grid(name: str, draft_folder: Path, desk: Any) -> None:
    page = desk.open(draft_folder / "maps" / f"{name}.html")

    places = page.evaluate(PLACES)
    # The graticule stands on tenths and sixths of a degree and tells of nothing.
    told = [xy for xy in places if not any(abs(v * 6 - round(v * 6)) < 1e-9 for v in xy)]
    assert len(told) > 400
    assert max(abs(v * 1000 - round(v * 1000)) for xy in told for v in xy) < 1e-6


def test_the_outline_of_the_county_is_generalised_and_stays_within_reach_of_the_published_one() -> None:
    outline = county_outline()

    coordinates = shapely.get_coordinates(outline)
    assert abs(coordinates * 1000 - (coordinates * 1000).round()).max() < 1e-6
    assert shapely.hausdorff_distance(outline, boundary()) < 0.0015


def test_the_time_bar_shows_each_quarter_as_the_table_below_it_does(draft_folder: Path, desk: Any) -> None:
    page = desk.open(draft_folder / "maps" / "progress.html")
    slider, said = page.locator("#quarter"), page.locator("#quarter-said")
    told = page.locator("#quarters-mines tbody tr").all_text_contents()

    seen = []
    for at in reversed(range(len(told))):
        slider.fill(str(at))
        counts = page.locator('[data-legend="theme0"] .n').all_text_contents()
        seen.append([said.text_content(), *counts])

    assert len(told) == 12
    assert [" ".join(row.split()) for row in told] == [" ".join(row) for row in seen]
    assert seen[0] != seen[-1]


def test_the_time_bar_is_moved_from_the_keyboard_and_the_map_follows(draft_folder: Path, desk: Any) -> None:
    page = desk.open(draft_folder / "maps" / "progress.html")
    paths = (
        "() => [...document.querySelectorAll('.sign path')].map((p) => p.getAttribute('d') + p.getAttribute('fill'))"
    )
    latest = page.evaluate(paths)

    page.locator("#quarter").focus()
    for _ in range(11):
        page.keyboard.press("ArrowLeft")

    assert page.locator("#quarter-said").text_content() == "2024年第1季度"
    assert page.locator("#quarter").get_attribute("aria-valuetext") == "2024年第1季度"
    assert sorted(page.evaluate(paths)) != sorted(latest)


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("tree", ["", "en/"])
def test_from_a_plain_server_a_map_asks_for_its_own_files_and_complains_of_nothing(
    tree: str, name: str, plain_server: str, online: Any
) -> None:
    online.page.goto(f"{plain_server}/{tree}maps/{name}.html", wait_until="networkidle")

    assert online.page.evaluate("qingshan.themes.length") > 0
    assert all(url.startswith((f"{plain_server}/", "data:", "blob:")) for url in online.requests)
    assert online.complaints == []


def test_the_classes_of_the_forest_are_drawn_from_the_tiles(plain_server: str, online: Any) -> None:
    online.page.goto(f"{plain_server}/maps/forest.html", wait_until="networkidle")
    online.page.wait_for_function("qingshan.tiles && qingshan.tiles.drawn.size > 3")

    drawn = dict(online.page.evaluate("[...qingshan.tiles.drawn]"))
    assert set(drawn) <= {"arboreal", "bamboo", "special-shrub", "shrub", "sparse", "other"}
    assert drawn["arboreal"] > 20
    online.page.locator("#tiles-shown").uncheck()
    assert online.page.locator(".leaflet-tiles-pane canvas, .leaflet-tile").count() == 0


def test_from_a_disc_the_forest_map_says_what_it_cannot_show(draft_folder: Path, desk: Any) -> None:
    page = desk.open(draft_folder / "maps" / "forest.html")

    assert page.locator("#tiles-note").is_visible()
    assert page.evaluate(DRAWN)["森林覆盖率（量算值）"] == 25
    assert desk.complaints == []


@pytest.mark.parametrize("name", [*MAPS, "index"])
def test_the_mark_draft_is_seen_until_a_decision_takes_its_place(
    name: str, draft: Files, tmp_path: Path, desk: Any
) -> None:
    site = site_files(draft, "赣S(2026)000号", SAMPLED)
    for path, content in site.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)

    page = desk.open(tmp_path / "maps" / f"{name}.html")

    assert MARKED in draft[f"maps/{name}.html"]
    assert "送审稿" in draft[f"maps/{name}.html"].decode()
    assert page.get_by_text("审图号：赣S(2026)000号").first.is_visible()
    assert "送审稿" not in page.content()


@pytest.mark.parametrize("name", [*MAPS, "index", "no-maps"])
@pytest.mark.parametrize("width", [1440, 320])
def test_no_serious_barrier_stands_on_a_map_page(width: int, name: str, draft_folder: Path, window: Any) -> None:
    with window((width, 900)) as found:
        page = found.open(draft_folder / "maps" / f"{name}.html")
        page.add_script_tag(path=NODE_MODULES / "axe-core" / "axe.min.js")
        told = page.evaluate("axe.run({ resultTypes: ['violations'] })")

        barriers = [v for v in told["violations"] if v["impact"] in ("serious", "critical")]
        assert [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in barriers] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_with_a_key_of_the_county_tianditu_lies_below_says_so_and_nothing_else_is_asked(
    sample_county: Engine, draft: Files, tmp_path: Path, online: Any
) -> None:
    with sample_county.connect() as connection:
        no = last_no(connection)
    tianditu = Tianditu("0123abcd", "天地图 GS(2099)0000号")
    files, about = draft_files(sample_county, Edition(no, SAMPLED, facts.plan(facts.plans()[0]), tianditu))
    for path in [path for path in files if path.startswith(("assets/", "maps/"))]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(files[path])
    online.page.route(re.compile("^https:"), lambda route: route.abort())

    page = online.open(tmp_path / "maps" / "progress.html")

    page.wait_for_selector("img.leaflet-tile", state="attached")
    outside = [url for url in online.requests if not url.startswith(("file:", "data:"))]
    assert page.get_by_text("天地图 GS(2099)0000号").is_visible()
    assert len(outside) > 4
    assert all(re.match(r"https://t[0-7]\.tianditu\.gov\.cn/(vec|cva)_w/.*&tk=0123abcd$", url) for url in outside)
    assert about["outside"] == ["https://*.tianditu.gov.cn"]
    assert not any(b"tianditu.gov.cn" in content for content in draft.values())


def test_nothing_lies_over_a_popup_and_its_cross_closes_it(draft_folder: Path, phone: Any) -> None:
    page = phone.open(draft_folder / "maps" / "wetland.html")
    lying = page.locator(".stamp, .leaflet-control-zoom").filter(visible=True)
    assert lying.count() == 2

    for row in 3, 4:
        page.evaluate(f"qingshan.find('theme2', {row})")
        page.wait_for_selector(".leaflet-popup-content")
        assert lying.count() == 0
        assert page.locator(".leaflet-popup-content .invented").is_visible()

    page.locator(".leaflet-popup-close-button").click()
    page.wait_for_selector(".leaflet-popup-content", state="detached")
    assert lying.count() == 2


def test_an_english_popup_names_its_step_of_the_ramp(draft_folder: Path, phone: Any) -> None:
    page = phone.open(draft_folder / "en" / "maps" / "wetland.html")
    page.evaluate("qingshan.find('theme2', 3)")

    assert page.locator(".leaflet-popup-content .chip").inner_text().strip() == "< 1"
