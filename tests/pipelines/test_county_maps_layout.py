"""The maps on a desk, a phone and paper: nothing is cut off or covered, and all of it is reached from the keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely

from pipelines.restoration.maps import MAPS

pytest_plugins = ["tests.browser"]

Pages = dict[str, Path]


@pytest.mark.parametrize("name", MAPS)
def test_the_whole_legend_is_seen_on_a_desk_and_the_sheet_fits_a_phone(
    name: str, pages: Pages, desk: Any, phone: Any
) -> None:
    legend = desk.open(pages[name]).locator("#legend")
    narrow = phone.open(pages[name])

    assert legend.evaluate("l => l.scrollHeight <= l.clientHeight + 1")
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.complaints == []


A4, A3 = (1047, 718), (1512, 1047)
"""Sheets in landscape less 10 mm on each side, at 96 pixels an inch."""


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("sheet", [A4, A3])
def test_the_first_printed_page_holds_the_sheet(sheet: tuple[int, int], name: str, pages: Pages, desk: Any) -> None:
    page = desk.open(pages[name])
    width, height = sheet

    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(media="print")

    foot = page.locator(".imprint").bounding_box()
    legend = page.locator("#legend")
    assert foot["y"] + foot["height"] <= height
    assert foot["x"] + foot["width"] <= width
    assert legend.evaluate("l => l.scrollHeight <= l.clientHeight + 1")


@pytest.mark.parametrize("name", MAPS)
def test_labels_cover_neither_one_another_nor_leave_the_window(name: str, pages: Pages, phone: Any) -> None:
    page = phone.open(pages[name])

    boxes, window = page.evaluate(
        """() => { const edges = (e) => { const r = e.getBoundingClientRect();
        return [r.left, r.top, r.right, r.bottom]; };
        return [[...document.querySelectorAll(".label > div:not(.hidden)")].map(edges),
        edges(document.querySelector(".folium-map"))]; }"""
    )

    shapes = [shapely.box(*box) for box in boxes]
    assert len(shapes) >= 10
    assert not any(a.intersection(b).area > 0 for i, a in enumerate(shapes) for b in shapes[:i])
    assert shapely.box(*window).covers(shapely.union_all(shapes))


def test_the_quiet_names_of_townships_cover_no_sign(pages: Pages, phone: Any, desk: Any) -> None:
    for reader in (phone, desk):
        names, signs = reader.open(pages["progress"]).evaluate(
            """() => [".label > .quiet:not(.hidden)", ".sign"].map((found) => [...document.querySelectorAll(found)]
            .map((e) => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; }))"""
        )

        assert len(names) >= 5
        covered = shapely.union_all([shapely.box(*sign) for sign in signs])
        assert not any(shapely.box(*name).intersection(covered).area > 0 for name in names)


def test_a_layer_is_switched_from_the_keyboard(pages: Pages, desk: Any) -> None:
    page = desk.open(pages["water"])
    box = page.locator("input[data-theme=theme0]")

    box.focus()
    page.keyboard.press("Space")

    assert not box.is_checked()
    assert page.locator(".sign").count() == 0
