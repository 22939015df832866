"""The pages in a browser: on a phone of 320 pixels, without script, from the keyboard, from a server and a disc."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines.paper.offline import NODE_MODULES
from pipelines.publish.public import Public
from tests.pipelines.publish.reader import page as read_page

pytest_plugins = ["tests.browser", "tests.pipelines.publish.site"]

AXE = NODE_MODULES / "axe-core" / "axe.min.js"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
KINDS = [
    "index.html", "plan.html", "forest.html", "wetland.html", "water.html", "data.html", "about.html", "404.html",
    "sites/index.html", "sites/{site}.html", "townships/index.html", "townships/360732100.html",
    "villages/{village}.html",
]  # fmt: skip
NARROW = (320, 700)


@pytest.fixture(scope="session")
def kinds(public: Public, pictured: str) -> list[str]:
    """A page of every kind, in both languages."""
    village = next(v for v in public.villages if v.near and v.forest_hm2)
    plain = [kind.format(site=pictured, village=village.code) for kind in [*KINDS, "villages/index.html"]]
    return [*plain, *(f"en/{path}" for path in plain)]


class Strict(SimpleHTTPRequestHandler):
    """The server of `python -m http.server`, with the policy that the site is served under."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the server's
        pass


@pytest.fixture(scope="session")
def served(folder: Path) -> Iterator[str]:
    """Where the site is served under a path of its own."""
    (folder.parent / "sub").symlink_to(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Strict, directory=str(folder.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/sub/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("size", [(1440, 900), NARROW], ids=["desk", "phone"])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_on_any_kind_of_page(
    kind: str, size: tuple[int, int], folder: Path, window: Any, kinds: list[str]
) -> None:
    with window(size) as reader:
        for path in (kinds[KINDS.index(kind)], f"en/{kinds[KINDS.index(kind)]}"):
            page = reader.open(folder / path)
            page.add_script_tag(path=AXE)
            found = page.evaluate(
                """async () => (await axe.run({rules: {"color-contrast-enhanced": {enabled: true}}})).violations
                .map((v) => [v.impact, v.id, v.nodes.slice(0, 3).map((n) => n.html)])"""
            )

            assert found == [], path


@pytest.mark.parametrize("width", [320, 390, 640, 768])
def test_no_page_scrolls_sideways(width: int, folder: Path, window: Any, kinds: list[str]) -> None:
    with window((width, 700)) as reader:
        widths = {path: reader.open(folder / path).evaluate("document.documentElement.scrollWidth") for path in kinds}

    assert {path: found for path, found in widths.items() if found > width} == {}


def test_what_can_be_touched_is_large_enough(folder: Path, window: Any, kinds: list[str]) -> None:
    with window((390, 844)) as reader:
        for path in kinds:
            small = reader.open(folder / path).evaluate(
                """() => [...document.querySelectorAll("a, button, input")]
                .filter((e) => !e.closest("p:not(.site, .kind)") && !e.className.includes("skip"))
                .map((e) => [e.textContent, e.getBoundingClientRect().height]).filter(([, height]) => height < 44)"""
            )

            assert small == [], path


def test_a_disc_is_enough(folder: Path, window: Any, kinds: list[str]) -> None:
    with window() as reader:
        for path in kinds:
            reader.open(folder / path)

        assert reader.complaints == []
        assert len(reader.requests) > len(kinds)
        assert reader.beyond(folder.resolve().as_uri()) == []


def test_any_server_will_do_under_any_path_and_a_strict_policy(served: str, window: Any, kinds: list[str]) -> None:
    with window(offline=False) as reader:
        for path in kinds:
            reader.page.goto(served + path, wait_until="load")

        assert reader.complaints == []
        assert len(reader.requests) > len(kinds)
        assert reader.beyond(served) == []


def test_without_script_every_row_and_both_pictures_are_seen(
    folder: Path, window: Any, public: Public, pictured: str
) -> None:
    with window(script=False) as reader:
        page = reader.page
        page.goto((folder / "sites" / "index.html").as_uri())
        rows, filters = page.locator("tbody tr:visible").count(), page.locator("input:visible").count()
        page.goto((folder / "sites" / f"{pictured}.html").as_uri())
        before, after = (page.locator("figure img").nth(n).bounding_box() for n in (0, 1))

    assert rows == len(public.sites)
    assert filters == 0
    assert before["x"] + before["width"] < after["x"]


def test_a_table_is_sorted_and_filtered_from_the_keyboard(folder: Path, desk: Any) -> None:
    page = desk.open(folder / "sites" / "index.html")
    heads, rows = page.locator("#mines-table thead th"), page.locator("#mines-table tbody tr")
    planned = heads.nth(3).locator("button")

    planned.focus()
    page.keyboard.press("Enter")
    rising = [row.locator("td").nth(2).get_attribute("data-order") for row in rows.all()]
    page.keyboard.press("Enter")
    falling = [row.locator("td").nth(2).get_attribute("data-order") for row in rows.all()]

    assert [day for day in rising if day] == sorted(day for day in rising if day)
    assert [day for day in falling if day] == sorted((day for day in falling if day), reverse=True)
    assert heads.nth(3).get_attribute("aria-sort") == "descending"

    page.fill("#mines-table-filter", "施工")

    shown = page.locator("#mines-table tbody tr:visible")
    assert 0 < shown.count() < rows.count()
    assert all("施工" in row.inner_text() for row in shown.all())
    assert page.locator("output[for=mines-table-filter]").inner_text() == f"显示 {shown.count()} 行"


def test_the_pictures_are_compared_from_the_keyboard(folder: Path, desk: Any, pictured: str) -> None:
    page = desk.open(folder / "sites" / f"{pictured}.html")
    slider = page.get_by_label("左右移动")

    slider.focus()
    page.keyboard.press("Home")
    before = page.locator(".stage img").nth(1).evaluate("i => getComputedStyle(i).clipPath")
    page.keyboard.press("End")
    after = page.locator(".stage img").nth(1).evaluate("i => getComputedStyle(i).clipPath")

    assert (before, after) == ("inset(0px 0px 0px 0%)", "inset(0px 0px 0px 100%)")
    assert slider.get_attribute("aria-valuetext") == "修复前占画面的百分之100"


def test_the_first_stop_of_the_keyboard_leads_past_the_navigation(folder: Path, desk: Any) -> None:
    page = desk.open(folder / "plan.html")

    page.keyboard.press("Tab")
    skip = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")

    assert skip == "跳到正文"
    assert page.evaluate("document.activeElement.id") == "content"


def test_a_printed_page_holds_no_navigation_and_every_row(folder: Path, desk: Any) -> None:
    page = desk.open(folder / "townships" / "index.html")
    rows = len(read_page((folder / "townships" / "index.html").read_bytes()).of("tr"))

    page.emulate_media(media="print")

    assert page.locator("nav:visible").count() == 0
    assert page.locator("tr:visible").count() == rows
