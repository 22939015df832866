"""The county's palette: how things look, and the colours they are drawn in.

Ramps run from light to dark, so that they read in grey; classes differ in lightness as well as in hue, so that they
stay apart for a colour-blind eye. A test holds both, and that words can be read on every fill.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from data.texts import both

INK, PAPER, GROUND, PINE = "#1c2b26", "#fbfaf4", "#e9ebe2", "#1f5a48"
"""Words, the sheet, what lies outside the county, and titles; map.css has them under the same names."""
WHITE = "#ffffff"

Symbol = Literal["circle", "square", "triangle", "diamond", "drop", "dot"]
Pattern = Literal["slash", "dots", "bars"]
BOUNDS = "#8a9389"
"""Between townships: seen on the lightest step of a ramp and on the darkest."""

SYMBOLS: dict[Symbol, str] = {
    "circle": "M8 2.2a5.8 5.8 0 1 0 .01 0z",
    "square": "M2.8 2.8h10.4v10.4h-10.4z",
    "triangle": "M8 1.6l6.8 12h-13.6z",
    "diamond": "M8 .9l7.1 7.1l-7.1 7.1l-7.1-7.1z",
    "dot": "M8 5.2a2.8 2.8 0 1 0 .01 0z",
    "drop": "M8 .8c3 4 5 6.3 5 9a5 5 0 0 1-10 0c0-2.7 2-5 5-9z",
}
"""Outlines in a box of 16 by 16, the same on the map and in the legend."""


@dataclass(frozen=True)
class Look:
    """How a class is drawn; colours as #rrggbb. An area without `fill` is an outline, patterned when `hatch` is set."""

    fill: str | None
    line: str
    width: float = 0.8
    opacity: float = 0.85
    dash: str = ""
    casing: bool = False
    """Whether a pale edge runs under its line, so that it is seen on dark ground."""
    hatch: str | None = None
    pattern: Pattern = "slash"
    symbol: Symbol = "circle"

    @property
    def dark(self) -> bool:
        """Whether words on it are set in white."""
        if self.fill is None:
            return False
        seen = blend(self.fill, PAPER, self.opacity)
        return contrast(seen, WHITE) > contrast(seen, INK)


@dataclass(frozen=True)
class Swatch:
    """One entry of the legend."""

    zh: str
    en: str
    look: Look


def swatch(id: str, look: Look) -> Swatch:  # noqa: A002 -- as in Refusal
    """An entry of the legend whose words stand in data/words."""
    words = both(id)
    return Swatch(words["zh"], words["en"], look)


def area(fill: str, *, line: str = WHITE, width: float = 0.9, opacity: float = 0.92) -> Look:
    """A filled area with a quiet edge."""
    return Look(fill=fill, line=line, width=width, opacity=opacity)


def outline(line: str, *, hatched: bool = False, dash: str = "", width: float = 1.6) -> Look:
    """An area shown by its edge, so that what lies below stays readable."""
    return Look(fill=None, line=line, width=width, dash=dash, hatch=line if hatched else None)


def sign(fill: str, symbol: Symbol = "circle") -> Look:
    """A point, told apart by shape as well as by colour."""
    return Look(fill=fill, line=WHITE, width=1.4, opacity=1, symbol=symbol)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2, 0–1."""
    shares = [channel / 255 for channel in bytes.fromhex(colour[1:7])]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(weight * s for weight, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, 1–21; 4.5 is what small words need (AA)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def blend(colour: str, below: str, opacity: float) -> str:
    """What is seen of a colour that lets through what lies below it."""
    pairs = zip(bytes.fromhex(colour[1:7]), bytes.fromhex(below[1:7]), strict=True)
    return "#" + bytes(round(opacity * a + (1 - opacity) * b) for a, b in pairs).hex()


GREENS = ("#f6f2d0", "#d5e2a5", "#a2cb87", "#5fa777", "#1f7260", "#0d4540")
MEADOWS = ("#fbf6dd", "#e3e4b4", "#c4d59d", "#a3c28e", "#82ae86", "#619a7e")
"""The same, as a ground for other things."""
SAGES = ("#f8f5e6", "#dfe2c2", "#c0cba3", "#9eb389", "#7c9c7b")
LAKES = ("#f8f4e8", "#d5e2df", "#b0ced2", "#8ab5c2", "#659cb0")
STONES = ("#faf8f0", "#e8e1d0", "#d1c6ae", "#b5a88b")
EROSIONS = ("#f3cf8e", "#e59a4c", "#c9602a", "#93361d", "#4e1713")
CRIMSONS = ("#efb3ad", "#cc4f60", "#7a1029")
"""Red lines, from where some activity is permitted to where none is."""

TODO, WORKS, ACCEPTED, CLOSED = "#c24a2c", "#e9b04a", "#5fb3a6", "#0f4c5c"
"""How far a work of restoration has come, whatever it is."""
FORESTS = {
    "arboreal": "#17503f",
    "bamboo": "#6fa653",
    "special-shrub": "#e8c257",
    "shrub": "#f8f3dc",
    "sparse": "#a9c4d8",
    "other": "#8a5a83",
}
KEPT, PARTLY_KEPT, UNKEPT, NOT_ASKED = "#0b5d7a", "#6fb7cf", "#d9822b", "#8d8a80"
"""Wetland that is protected, that is so by a form which does not count, and that is not."""

RED_LINE = outline("#a8203c", hatched=True, width=1.4)
PROTECTED = Look(fill=None, line="#5b3f8c", dash="7 4", width=2, casing=True)
CATCHMENT = Look(fill=None, line="#0b5d7a", width=2.6, casing=True)
WATERSHED = outline("#2b6f95", dash="2 5", width=1.3)
RIVER = Look(fill="#5fa8c4", line="#3f88a8", width=0.8, opacity=0.8)
WETLAND = Look(fill="#5fa8c4", line="#1d5b80", width=1.2, opacity=0.8)
PROJECT = Look(fill="#d9a521", line="#6b4e05", width=1.6, opacity=0.75)
QUIET = Look(fill="#f3f1e6", line="#b9b8a8", width=0.9, opacity=1)
"""Townships as ground: there to find one's way, not to be looked at."""
SECTION = sign("#0b5d7a", "drop")
NO_VALUE = swatch("map_sheet.no_value", Look(fill="#e3e2dc", line=WHITE, hatch="#a7a69c"))
