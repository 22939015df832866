"""The townships: as a rate by township, or as the quiet ground on which other things are found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from data import measuring
from data.texts import both
from layers.townships import Township
from pipelines.paper.palette import QUIET, Swatch
from pipelines.paper.styles import Column, One, Steps
from pipelines.paper.themes import Theme, Words
from pipelines.restoration.maps.reading import Reading, distinct, framed, layer_theme, layer_words
from pipelines.restoration.rates import Measured, printed_hm2


def ground(read: Reading) -> Theme | None:
    """Townships with their names, to find one's way by."""
    words = layer_words("townships")
    style = One(Swatch(words["zh"], words["en"], QUIET))
    return layer_theme("townships", read.features(Township), style, label=("name",), quiet=True, level=-1)


def by_township(
    read: Reading, rate_id: str, bounds: tuple[float, ...], ramp: tuple[str, ...], *, show: bool = True
) -> Theme | None:
    """A rate by township, the county as the table's last row; None when it is not measured."""
    measured = read.rates.measured.get(rate_id)
    if measured is None or not measured.townships:
        return None
    *rows, county = _rows(measured)
    of = {part.code: row for part, row in zip(measured.townships, rows, strict=True)}
    townships = [t for t in read.features(Township) if t.code in of]
    share = Column("share", measured.rate.zh, measured.rate.en, "%", 2)
    return Theme(
        **layer_words("rate", zh=measured.rate.zh, en=measured.rate.en.capitalize()),
        frame=framed([of[t.code] for t in townships], [t.shape for t in townships]),
        style=Steps(share, bounds, ramp),
        name="name",
        columns=(share, _area("numerator", rate_id), _area("denominator", rate_id)),
        made_up=read.rates.made_up,
        show=show,
        level=-1,
        label=("name", "share"),
        total=county,
        sources=distinct(t.source for t in townships),
        notes=tuple(_notes(read, measured.rate)),
    )


def ground_of(read: Reading, rate_id: str, bounds: tuple[float, ...], ramp: tuple[str, ...]) -> Theme | None:
    """A rate by township as the ground of a map, or the townships alone when it is not measured."""
    return by_township(read, rate_id, bounds, ramp) or ground(read)


def _notes(read: Reading, rate: measuring.Rate) -> Iterator[Words]:
    """How the rate was counted, and what it is not."""
    yield both("map_note.measured")
    yield {"zh": f"{rate.zh}：{rate.method.zh}。", "en": f"{rate.en.capitalize()}: {rate.method.en}."}
    if rate.own:
        yield both("map_note.own", {"zh": rate.zh, "en": rate.en})
    if read.rates.adjustment is not None:
        yield both("map_note.adjusted")


def _area(part: str, rate_id: str) -> Column:
    words = both(f"map_{part}.{rate_id}")
    return Column(part, words["zh"], words["en"], "hm²", 2, additive=True)


def _rows(measured: Measured) -> Iterator[dict[str, Any]]:
    """The townships' rows, the county's last, their areas as printed: they add up to the last digit."""
    parts = (*measured.townships, measured.county)
    over = printed_hm2([part.numerator_m2 for part in measured.townships])
    under = printed_hm2([part.denominator_m2 for part in measured.townships])
    for part, numerator, denominator in zip(parts, over, under, strict=True):
        areas = {"numerator": float(numerator), "denominator": float(denominator)}
        yield {"name": part.name, "share": part.share, **areas}
