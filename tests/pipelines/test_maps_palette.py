"""The maps' colours, for eyes that tell fewer of them apart, and for words that stand on them.

Colour blindness is simulated as by Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB; distances are
Euclidean in OKLab (Ottosson 2020), in which 0.02 is about what an eye just tells apart side by side.
"""

from __future__ import annotations

from datetime import date
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.paper import palette
from pipelines.paper.maps import write
from pipelines.paper.palette import FORESTS, INK, PAPER, WHITE, Look, blend, contrast
from pipelines.paper.themes import Theme
from pipelines.restoration.maps import MAPS, Reading, draw
from pipelines.restoration.rates import measure

pytest_plugins = ["tests.browser"]

TODAY = date(2026, 11, 25)
EYES = {
    "all three": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
STEP, APART = 0.05, 0.1
"""Between neighbours of a ramp, whose order is known; and between any two classes that must be told apart alone."""

_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def linear(colour: str) -> NDArray[np.float64]:
    s = np.array(list(bytes.fromhex(colour[1:7]))) / 255
    return np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)


def lab(colour: str, eye: str) -> NDArray[np.float64]:
    """OKLab as an eye sees it."""
    return _TO_LAB @ np.cbrt(_TO_LMS @ np.clip(EYES[eye] @ linear(colour), 0, 1))


def distance(one: str, other: str) -> float:
    """The least distance of two colours to any of the four eyes."""
    return min(float(np.linalg.norm(lab(one, eye) - lab(other, eye))) for eye in EYES)


def seen(look: Look) -> str:
    return blend(look.fill or look.line, PAPER, look.opacity)


def test_the_simulation_confuses_red_and_green_for_the_eyes_that_do() -> None:
    red, green = "#c84a32", "#6f7f1e"

    between = {eye: float(np.linalg.norm(lab(red, eye) - lab(green, eye))) for eye in EYES}

    assert between["deuteranopia"] < 0.6 * between["all three"]
    assert between["protanopia"] < 0.6 * between["all three"]
    assert distance("#000000", "#ffffff") == pytest.approx(1, abs=1e-3)


@pytest.fixture(scope="module")
def themes(sample_county: Engine) -> dict[str, list[Theme]]:
    with Session(sample_county) as session:
        read = Reading(session, measure(session, on=TODAY), TODAY)
        return {name: [t for t in composition.themes(read) if t] for name, composition in MAPS.items()}


@pytest.mark.parametrize("name", MAPS)
def test_the_classes_of_a_layer_stay_apart_to_colour_blind_eyes(name: str, themes: dict[str, list[Theme]]) -> None:
    close = []
    for theme in themes[name]:
        # Outlines are told apart by pattern or width, and "no data" by its hatch.
        looks = [s.look for s in theme.style.swatches if s.look.fill is not None]
        pairs, least = (pairwise(looks), STEP) if theme.ramp else (combinations(looks, 2), APART)
        close += [(theme.zh, a.fill, b.fill) for a, b in pairs if distance(seen(a), seen(b)) < least]

    assert close == []


@pytest.mark.parametrize("name", MAPS)
def test_outlined_classes_differ_in_pattern_or_width(name: str, themes: dict[str, list[Theme]]) -> None:
    for theme in themes[name]:
        outlined = [s.look for s in theme.style.swatches if s.look.fill is None]
        assert len({(look.pattern, look.width) for look in outlined}) == len(outlined)


def test_signs_of_different_stages_differ_in_shape_too(themes: dict[str, list[Theme]]) -> None:
    mines = themes["progress"][0]

    assert len({swatch.look.symbol for swatch in mines.style.swatches}) == 4


def test_every_ramp_runs_from_light_to_dark() -> None:
    ramps = [v for k, v in vars(palette).items() if k.isupper() and isinstance(v, tuple) and str(v[0]).startswith("#")]

    assert len(ramps) >= 6
    for ramp in ramps:
        lights = [palette.luminance(colour) for colour in ramp]
        assert lights == sorted(lights, reverse=True)


@pytest.mark.parametrize("name", MAPS)
def test_the_words_on_a_fill_can_be_read(name: str, themes: dict[str, list[Theme]]) -> None:
    for theme in themes[name]:
        if theme.label and theme.kind == "area":
            for swatch in theme.style.swatches:
                ink = WHITE if swatch.look.dark else INK
                assert contrast(seen(swatch.look), ink) >= 4.5, (theme.zh, swatch)


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_the_ink_chosen_for_a_fill_is_the_one_that_is_seen_better(colour: str) -> None:
    look = Look(fill=colour, line=INK, opacity=1)

    chosen, other = (WHITE, INK) if look.dark else (INK, WHITE)
    assert contrast(colour, chosen) >= contrast(colour, other)
    assert 1 <= contrast(colour, chosen) <= 21


def test_contrast_is_that_of_wcag() -> None:
    # Black on white is 21 by definition; #767676 is the lightest grey of 4.5 on white, as WebAIM lists it.
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


CONTRASTS = """() => {
  const colour = (css) => { const [r, g, b, a = 1] = css.match(/[\\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) {
    const found = colour(getComputedStyle(e).backgroundColor); if (found.a > 0.85) return found.rgb; }
    return [255, 255, 255]; };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const bad = [];
  for (let node; (node = words.nextNode());) {
    const e = node.parentElement;
    if (!node.textContent.trim() || e.closest("script, style, noscript, svg, .label")) continue;
    const [a, b] = [light(colour(getComputedStyle(e).color).rgb), light(behind(e))].sort((x, y) => x - y);
    const ratio = (b + 0.05) / (a + 0.05);
    if (ratio < 4.5) bad.push([node.textContent.trim(), e.className, ratio]);
  }
  return bad; }"""
"""Every text of the page whose contrast with what lies behind it is below WCAG AA; names on the map are held above."""


@pytest.mark.parametrize("name", ["forest", "progress"])
def test_every_word_of_the_sheet_has_the_contrast_of_wcag_aa(
    name: str, sample_county: Engine, desk: Any, tmp_path: Path
) -> None:
    with Session(sample_county) as session:
        page = desk.open(
            write(draw(Reading(session, measure(session, on=TODAY), TODAY), name), tmp_path / f"{name}.html")
        )
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    page.locator("button[data-row]").first.click()

    assert page.evaluate(CONTRASTS) == []


def test_the_forest_classes_are_all_in_the_palette() -> None:
    assert min(distance(a, b) for a, b in combinations(FORESTS.values(), 2)) >= APART
