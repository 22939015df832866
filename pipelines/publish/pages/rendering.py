"""One template, two languages: a page stands in Chinese at its path and in English under en/, linked relatively.

The folder can so be served from any path, or opened from a disc. Styles and scripts are files named by what they hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from data import facts
from data.texts import Lang
from pipelines.paper import offline
from pipelines.paper.maps import PAGE, map_scripts
from pipelines.publish.pages.wording import Words
from pipelines.publish.public import Moment

LANGS: tuple[Lang, ...] = ("zh", "en")
_LIBRARIES = ("leaflet", "pmtiles", "fflate", "pbf")
"""What the scripts of the maps are made of; pmtiles brings fflate with it."""
_PAGE = Path(__file__).parents[1] / "page"


@dataclass(frozen=True)
class Frame:
    """What every page of a publication says of it."""

    moment: Moment
    feed: str | None = None
    """The path of the Atom feed, where there is one."""


@cache
def environment() -> Environment:
    """Where the templates are read from; what they extend is base.html."""
    ours, of_maps = FileSystemLoader(_PAGE), FileSystemLoader(PAGE)
    return Environment(
        loader=ChoiceLoader([ours, PrefixLoader({"map": of_maps})]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, frame: Frame, lang: Lang, path: str, /, **values: Any) -> bytes:
    """One page in one language. path: where it stands in its tree, such as sites/index.html; both trees have it.

    A template knows: `t` (Words), `link` (a path of its tree), `file` (a path from the root), `asset` (a name in
    page/assets), `twin` (the page in the other language), `path`, `frame`, `county` and the values.
    """
    here = place(lang, path)
    other = next(other for other in LANGS if other != lang)
    said = environment().get_template(template).render(
        t=Words(lang), other=Words(other), path=path, frame=frame, county=facts.county(),
        link=lambda to: _relative(here, place(lang, to)), file=partial(_relative, here),
        asset=lambda name: _relative(here, _named(name)), twin=_relative(here, place(other, path)), **values,
    )  # fmt: skip
    return said.encode()


def place(lang: Lang, path: str) -> str:
    """Where a page of a tree stands in the folder."""
    return path if lang == "zh" else f"{lang}/{path}"


@cache
def assets() -> Mapping[str, bytes]:
    """The styles, scripts and drawings of page/assets, by their path in the folder."""
    return MappingProxyType({_named(name): content for name, content in _contents().items()})


@cache
def _contents() -> Mapping[str, bytes]:
    ours = {file.name: file.read_bytes() for file in sorted((_PAGE / "assets").iterdir())}
    return MappingProxyType({**ours, **_of_maps()})


def _of_maps() -> dict[str, bytes]:
    """The script and the style of all maps, and what reads tiles: the libraries, the paper maps', and what we add."""
    leaflet, leaflet_css = offline.leaflet(offline.NODE_MODULES)
    scripts = [leaflet, *map_scripts(), offline.read(_PAGE / "maps" / "time.js")]
    styles = [leaflet_css, offline.read(_PAGE / "maps" / "map.css")]
    packages = ("pmtiles/dist/pmtiles.js", "pbf/dist/pbf.js")
    tiles = [*map(offline.script, (offline.NODE_MODULES / name for name in packages)), offline.read(PAGE / "tiles.js")]
    tiles.append(offline.read(_PAGE / "maps" / "forest.js"))
    offline.refuse_outside([*scripts, *styles, *tiles])
    made = {"map.js": "\n;\n".join(scripts), "map.css": "\n".join(styles), "tiles.js": "\n;\n".join(tiles)}
    made["licences.txt"] = "\n\n".join(map(_licence, _LIBRARIES))
    made["ground.js"] = offline.read(_PAGE / "maps" / "ground.js")
    return {name: said.encode() for name, said in made.items()}


def _licence(library: str) -> str:
    """A library with its version and the text of its licence, or the licence's name where it brings no text."""
    package = json.loads(offline.read(offline.NODE_MODULES / library / "package.json"))
    said = offline.NODE_MODULES / library / "LICENSE"
    text = offline.read(said) if said.is_file() else str(package["license"])
    return f"{library} {package['version']}\n\n{text.strip()}\n"


@cache
def _named(name: str) -> str:
    """Under which path an asset is published: its name with the hash of its content."""
    plain = PurePosixPath(name)
    return f"assets/{plain.stem}.{hashlib.sha256(_contents()[name]).hexdigest()[:8]}{plain.suffix}"


def _relative(here: str, to: str) -> str:
    """The way from one path of the folder to another: up to its root, whatever that is called, and down again."""
    return "../" * here.count("/") + to
