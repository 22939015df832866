"""What a map is made of: shapes packed and unpacked, classes, words, and a page that reaches for nothing outside."""

from __future__ import annotations

import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import folium
import folium.plugins
import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from data.texts import text
from pipelines.paper.maps import county_map, write
from pipelines.paper.offline import keep_local, refuse_outside
from pipelines.paper.packing import GRID, MapRefusal, generalise, pack
from pipelines.paper.palette import GREENS, RED_LINE, SECTION, Swatch
from pipelines.paper.styles import Codes, Column, One, Steps
from pipelines.paper.themes import Sheet, Theme
from tests.pipelines.packed import unpacked

COUNTY = shapely.box(115.0, 26.0, 115.8, 26.6)
SHEET = Sheet("森林覆盖率", "Forest coverage", "2026-06-30", ("本例",), no=812)
SHARE = Column("share", "覆盖率", "coverage", "%", 1)
AREA = Column("ha", "面积", "area", "hm²", 1, additive=True)
degrees = st.tuples(st.floats(114, 117), st.floats(25, 28))


def squares(count: int = 4, **columns: Any) -> gpd.GeoDataFrame:
    """Neighbouring squares of a tenth of a degree, west to east."""
    shapes = [shapely.box(115 + i / 10, 26, 115.1 + i / 10, 26.1) for i in range(count)]
    names = {"name": [f"乡{i}" for i in range(count)]}
    return gpd.GeoDataFrame(names | columns, geometry=shapes, crs=4490)


def plain(frame: gpd.GeoDataFrame, **theme: Any) -> Theme:
    return Theme("红线", "red lines", frame, One(Swatch("红线", "red line", RED_LINE)), "name", **theme)


@given(st.lists(degrees, min_size=2, max_size=30))
def test_a_packed_line_unpacks_to_its_vertices_on_the_grid(vertices):
    origin = (115.0, 26.0)

    packed = pack(shapely.LineString(vertices), origin)

    on_grid = [(round((x - 115.0) * GRID), round((y - 26.0) * GRID)) for x, y in vertices]
    without_repeats = [v for i, v in enumerate(on_grid) if i == 0 or v != on_grid[i - 1]]
    assert packed[0] == "L"
    assert unpacked(packed[1:]) == without_repeats


def test_a_polygon_with_a_hole_is_packed_ring_by_ring_and_a_second_part_after_a_bar():
    ring = shapely.box(0, 0, 10 / GRID, 10 / GRID).difference(shapely.box(2 / GRID, 2 / GRID, 4 / GRID, 4 / GRID))
    both = shapely.MultiPolygon([ring, shapely.box(20 / GRID, 0, 21 / GRID, 1 / GRID)])

    first, second = pack(both, (0, 0)).split("|")

    assert [len(unpacked(path)) for path in first[1:].split(".")] == [5, 5]
    assert sorted(set(unpacked(second[1:]))) == [(20, 0), (20, 1), (21, 0), (21, 1)]


def test_nothing_is_packed_as_an_empty_text_and_a_collection_is_refused():
    mixed = shapely.GeometryCollection([shapely.GeometryCollection([shapely.Point(1, 1)])])

    assert pack(None, (0, 0)) == pack(shapely.Polygon(), (0, 0)) == ""
    with pytest.raises(MapRefusal, match=r"map\.shape_unknown"):
        pack(mixed, (0, 0))


@given(st.integers(0, 2**32 - 1), st.floats(1, 200))
def test_generalised_neighbours_still_meet_and_none_vanishes(seed, metres):
    y = np.linspace(26, 26.2, 120)
    edge = np.c_[115.1 + np.random.default_rng(seed).normal(0, 0.0005, 120), y]
    west = shapely.Polygon([(115, 26.2), (115, 26), *edge.tolist()])
    east = shapely.Polygon([*edge.tolist(), (115.2, 26.2), (115.2, 26)])

    drawn = generalise(np.array([west, east]), metres=metres)

    # As a coverage of exactly equal shared edges: GEOS says so, not we.
    assert shapely.coverage_is_valid(drawn)
    assert not shapely.is_empty(drawn).any()
    assert shapely.get_num_coordinates(drawn).sum() <= shapely.get_num_coordinates([west, east]).sum()


def test_a_step_holds_its_lower_bound_and_a_missing_value_has_no_class():
    steps = Steps(SHARE, (0.5, 0.7), GREENS[:3])

    picked = steps.pick(squares(5, share=[0.49999, 0.5, 0.7, 1.0, None]))

    assert picked == [0, 1, 2, 2, None]
    assert [swatch.zh for swatch in steps.swatches] == ["< 50", "50–70", "≥ 70"]


@pytest.mark.parametrize(("bounds", "colours"), [((0.7, 0.5), 3), ((0.5, 0.5), 3), ((0.5,), 3)])
def test_steps_that_do_not_rise_or_lack_a_colour_are_an_error(bounds, colours):
    with pytest.raises(ValueError, match="bounds must rise"):
        Steps(SHARE, bounds, GREENS[:colours])


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (SHARE, 0.66236, "66.2"),
        (AREA, 1234.55, "1,234.5"),  # as Python formats the double 1234.55, which lies below the half
        (AREA, 0, "0.0"),
        (AREA, None, "—"),
        (AREA, float("nan"), "—"),
        (Column("n", "名", "name"), "<b>", "<b>"),
    ],
)
def test_a_value_is_said_with_its_decimals_or_a_dash(column, value, said):
    assert column.say(value) == said


def test_a_theme_refuses_another_crs_a_missing_column_and_an_unknown_code():
    frame = squares(2, stage=["done", "odd"])

    with pytest.raises(MapRefusal, match=r"map\.wrong_crs"):
        plain(frame.to_crs(4326))
    with pytest.raises(MapRefusal, match=r"map\.column_missing"):
        plain(frame, columns=(AREA,))
    with pytest.raises(MapRefusal, match=r"map\.code_unknown.*odd"):
        Theme("矿", "mines", frame, Codes("stage", {"done": Swatch("完工", "done", SECTION)}), "name")


def test_shapes_that_lie_elsewhere_are_refused_and_missing_ones_are_not():
    swapped = squares(2)
    swapped.geometry = shapely.transform(swapped.geometry.to_numpy(), lambda xy: xy[:, ::-1])

    with pytest.raises(MapRefusal, match=r"map\.elsewhere.*26, 115, 26\.1, 115\.2"):
        county_map(SHEET, COUNTY, [plain(swapped)])
    for nothing in (squares(0), gpd.GeoDataFrame({"name": ["无"]}, geometry=[None], crs=4490)):
        assert "</html>" in county_map(SHEET, COUNTY, [plain(nothing, label=("name",))])


def test_every_refusal_of_the_maps_has_a_chinese_and_an_english_text():
    values = dict.fromkeys(
        ("layer", "crs", "columns", "present", "column", "codes", "kind", "name", "path", "address", "bounds"), "x"
    )
    ids = [
        "wrong_crs",
        "column_missing",
        "code_unknown",
        "shape_unknown",
        "elsewhere",
        "asset_unknown",
        "asset_missing",
        "reaches_out",
    ]

    said = {text(f"map.{name}", lang, values) for name in ids for lang in ("zh", "en")}

    assert len(said) == 2 * len(ids)


def test_the_same_input_gives_the_same_bytes():
    themes = [plain(squares(3))]

    assert county_map(SHEET, COUNTY, themes) == county_map(SHEET, COUNTY, themes)


class Loads(HTMLParser):
    """Everything in a page by which a browser would load something, and every element there is."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.elements: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.asked += [f"{tag} {k}={v}" for k, v in attrs if k in {"src", "href", "data", "action", "poster", "srcset"}]
        self.asked += [f"{tag} {k}" for k, _ in attrs if k.startswith("on")]


HOSTILE = """</script><script src="https://evil.test/x.js"></script><img src=x onerror="alert(1)">'"&${1}{{2}}"""


def hostile_page() -> str:
    frame = squares(2, ha=[1.0, 2.0], kind=[HOSTILE, HOSTILE])
    swatch = Swatch(HOSTILE, HOSTILE, RED_LINE)
    words = Column("kind", HOSTILE, HOSTILE, HOSTILE)
    frame["name"] = [HOSTILE, "乡1"]
    theme = Theme(
        HOSTILE, HOSTILE, frame, Codes("kind", {HOSTILE: swatch}), "name", (AREA, words), label=("name", "kind")
    )
    return county_map(Sheet(HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), approval_no=HOSTILE), COUNTY, [theme])


@pytest.mark.parametrize(
    "page", [county_map(SHEET, COUNTY, [plain(squares(3))]), hostile_page()], ids=["plain", "hostile"]
)
def test_nothing_on_the_page_loads_anything_and_user_text_never_becomes_an_element(page):
    found = Loads(page)

    assert found.asked == []
    assert found.elements.count("img") == found.elements.count("link") == 0
    # Leaflet, our own two, folium's calls; the county and one theme as data.
    assert found.elements.count("script") == 6
    assert re.findall(r"url\((?!data:|#)[^)]*\)|@import", page) == []


def test_hostile_text_comes_back_from_the_data_block_as_it_went_in():
    block = re.search(r'<script type="application/json" id="theme0">(.*?)</script>', hostile_page(), re.DOTALL)

    assert json.loads(block[1])["names"]["of"] == [HOSTILE, "乡1"]


def test_an_element_of_folium_that_is_not_known_is_refused_however_deep():
    leaflet = folium.Map(tiles=None)
    group = folium.FeatureGroup().add_to(leaflet)
    group.add_child(folium.plugins.MarkerCluster())

    with pytest.raises(MapRefusal, match=r"map\.asset_unknown.*markercluster"):
        keep_local(leaflet)


def test_an_outside_address_in_code_is_refused_and_a_namespace_is_not():
    refuse_outside(['svg("http://www.w3.org/2000/svg")', "see https://leafletjs.com for more"])

    for address in ("https://leafletjs.community/x.js", "https://leafletjs.com.test", "http://www.w3.org.test/svg"):
        with pytest.raises(MapRefusal, match=f"map.reaches_out.*{re.escape(address)}"):
            refuse_outside([f"load('{address}')"])


def test_a_missing_asset_is_refused_with_its_path(tmp_path):
    with pytest.raises(MapRefusal, match=r"map.asset_missing.*leaflet"):
        county_map(SHEET, COUNTY, [], assets=tmp_path)


def test_writing_leaves_the_page_alone_in_its_folder(tmp_path):
    path = write("<p>青山\n</p>", tmp_path / "maps" / "a.html")

    assert path.read_bytes() == "<p>青山\n</p>".encode()
    assert [p.name for p in path.parent.iterdir()] == ["a.html"]


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(pipe.read_text, "utf-8")

        write("<p>图</p>", pipe)

        assert read.result(timeout=10) == "<p>图</p>"
    assert pipe.is_fifo()
