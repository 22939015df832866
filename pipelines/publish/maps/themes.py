"""What stands on each public map: the released features as themes, and how they stood at the end of each quarter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import shapely
from sqlalchemy.orm import Session

from data import facts
from data.releasing import limits
from data.texts import Lang, text
from layers.ground.layer import fields, layer_named
from layers.townships import Township
from pipelines.paper.palette import GREENS, LAKES, RIVER, SAGES, SECTION, WATERSHED, Look, Swatch, swatch
from pipelines.paper.styles import Codes, Column, One
from pipelines.paper.themes import Theme
from pipelines.publish.public import KINDS, Public, Released, Site
from pipelines.restoration.maps import forest, progress, water, wetland
from pipelines.restoration.maps.reading import Reading, Told, layer_theme, told
from pipelines.restoration.maps.townships import ground, ground_of


@dataclass(frozen=True, eq=False)
class Drawn:
    """A theme, and for each quarter which entry of its legend each feature had; -1 where it was not there yet."""

    theme: Theme
    picks: Sequence[Sequence[int]] | None = None


Drawing = Callable[[Public, Lang], Iterable[Drawn | None]]


def read_by(public: Public, lang: Lang) -> Reading:
    """The released features as the maps read layers; there is no session to read more from.

    Townships go by their name in the language.
    """
    features: dict[object, Any] = {layer_named(name): list(of) for name, of in public.features.items()}
    features[Township] = [_named(t, lang) for t in public.features["townships"]]
    return Reading(cast(Session, None), public.rates, public.moment.on, features)


def _drawn_progress(public: Public, lang: Lang) -> Iterator[Drawn | None]:
    """Works by how far they are, in the order of the legend, on the ground of the townships."""
    read = read_by(public, lang)
    for kind, entries, signs in (
        ("mines", progress.SIGNS, True),
        ("clean-watersheds", progress.BASINS, False),
        ("micro-wetlands", progress.DROPS, True),
        ("projects", progress.AREAS, False),
    ):
        yield _works(public, kind, entries, lang, as_signs=signs)
    yield _of(_rivers(read, lang, marks=False))
    yield _of(_seats(lang))
    yield _of(ground(read))


def _drawn_forest(public: Public, lang: Lang) -> Iterator[Drawn | None]:
    """Coverage by township; the classes come from the tiles."""
    yield _of(_seats(lang))
    yield _of(_rated(read_by(public, lang), lang, "forest-coverage", forest.COVERAGE_STEPS, GREENS))


def _drawn_wetland(public: Public, lang: Lang) -> Iterator[Drawn | None]:
    """Wetlands by whether a form of protection is stated, on what share of each township's is protected."""
    read = read_by(public, lang)
    looks = {"stated": "kept", "not-stated": "unkept"}
    entries = {name: swatch(f"map_class.form-{name}", wetland.ENTRIES[look].look) for name, look in looks.items()}
    yield _of(
        layer_theme(
            "wetlands-by-protection", public.features["wetlands"], Codes("group", entries), level=2,
            says=_told("wetlands", lang, "kind", "protection_form", "township"),
            group=lambda f: "stated" if f.protection_form else "not-stated",
        )
    )  # fmt: skip
    yield _of(_seats(lang))
    yield _of(_rated(read, lang, "wetland-protection", wetland.STEPS, LAKES))


def _drawn_water(public: Public, lang: Lang) -> Iterator[Drawn | None]:
    """Sections, rivers and watersheds, on how each township keeps its soil."""
    read = read_by(public, lang)
    says = _told("sections", lang, "river", "target_class")
    section, basin = swatch("map_class.section", SECTION), swatch("map_class.watershed", WATERSHED)
    yield _of(layer_theme("sections", public.features["sections"], One(section), says=says, level=5, label=("name",)))
    yield _of(_rivers(read, lang))
    says = _told("watersheds", lang, "river", "township")
    yield _of(layer_theme("watersheds", public.features["watersheds"], One(basin), says=says, level=1))
    yield _of(_seats(lang))
    yield _of(_rated(read, lang, water.RATE, water.STEPS, SAGES))


MAPS: Mapping[str, Drawing] = {
    "progress": _drawn_progress,
    "forest": _drawn_forest,
    "wetland": _drawn_wetland,
    "water": _drawn_water,
}
"""Every public map by its name; its title stands in data/words under `map_title`."""


def _works(public: Public, kind: str, entries: Mapping[str, Swatch], lang: Lang, *, as_signs: bool) -> Drawn | None:
    """Sites of a kind by how far they are, and how far they were."""
    sites = [site for site in public.sites if site.kind == kind]
    features = [site.feature for site in sites]
    more = ("kind",) if kind == "projects" else ()
    theme = layer_theme(
        kind, features, Codes("group", entries), group=progress.group, as_signs=as_signs, level=4 if as_signs else 2,
        says=_told(KINDS[kind], lang, *more, "township", "stage", "planned_on", "done_on"),
    )  # fmt: skip
    return None if theme is None else Drawn(_as_it_is(theme), _history(sites, list(entries), len(public.quarters)))


def _history(sites: Sequence[Site], groups: Sequence[str], quarters: int) -> list[list[int]]:
    place = {group: i for i, group in enumerate(groups)}
    return [[place.get(progress.GROUP_OF.get(s.stages[n] or "", ""), -1) for s in sites] for n in range(quarters)]


def _rivers(read: Reading, lang: Lang, *, marks: bool = True) -> Theme | None:
    """Rivers and reservoirs, as far as they are wetlands and no micro-wetlands; marks: those too that are but marks."""
    features = [w for w in read.features(layer_named("wetlands")) if not w.micro and (marks or w.shape.area)]
    style = One(swatch("map_class.waters", RIVER))
    return layer_theme("waters", features, style, says=_told("wetlands", lang, "kind"), level=1)


def _rated(read: Reading, lang: Lang, rate: str, bounds: tuple[float, ...], ramp: tuple[str, ...]) -> Theme | None:
    """A rate by township, which goes by its name in the language."""
    theme = ground_of(read, rate, bounds, ramp)
    if theme is None or lang == "zh":
        return theme
    known = {t.zh: t.en for t in facts.townships()}
    return replace(theme, frame=theme.frame.assign(name=[known.get(name, name) for name in theme.frame["name"]]))


def _seats(lang: Lang) -> Theme | None:
    """The seats of the townships, as far as a public gazetteer knows them: quiet points to find one's way by."""
    decimals = limits()["decimals"].value
    known = [t for t in facts.townships() if t.seat]
    seats = [
        Released(t.code, "townships", {"name": getattr(t, lang), "made_up": False},
                 shapely.Point(*(round(v, decimals) for v in t.seat or ())), None)
        for t in known
    ]  # fmt: skip
    style = One(swatch("map_class.seat", Look(fill="#ffffff", line="#1c2b26", width=1.6, symbol="dot")))
    theme = layer_theme("seats", seats, style, level=3, quiet=True)
    return theme and replace(theme, sources=(text("public_map.seats_source", lang),))


def _of(theme: Theme | None) -> Drawn | None:
    return None if theme is None else Drawn(_as_it_is(theme))


def _as_it_is(theme: Theme) -> Theme:
    """Its shapes not generalised further, for they are on the public grid; areas as exact as they may be told."""
    decimals = limits()["hm2_decimals"].value
    columns = tuple(replace(c, digits=decimals) if c.unit == "hm²" else c for c in theme.columns)
    return replace(theme, generalise_m=0, columns=columns)


def _told(layer: str, lang: Lang, *names: str) -> tuple[Told, ...]:
    """Columns of a popup, codes in one language."""
    return tuple(
        _one(layer, lang, name, column)
        for name, (column, _) in zip(names, told(layer_named(layer), *names), strict=True)
    )


def _one(layer: str, lang: Lang, name: str, column: Column) -> Told:
    system = fields(layer_named(layer))[name].codes
    codes = facts.system(system).codes if system else {}

    def said(feature: Any) -> Any:
        value = getattr(feature, name)
        return getattr(codes[value], lang) if value in codes else value

    return column, said


def _named(township: Released, lang: Lang) -> Released:
    known = facts.township(township.values["code"])
    name = known.en if known and lang == "en" else township.values["name"]
    return Released(township.key, township.layer, {**township.values, "name": name}, township.shape, township.hm2)
