"""What keeps a page off the network: local copies of what folium would load, and fences around every script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from branca.element import Element

from pipelines.paper.packing import MapRefusal

NODE_MODULES = Path(__file__).parents[2] / "node_modules"
ASSETS = {"leaflet": "leaflet/dist/leaflet.js", "leaflet_css": "leaflet/dist/leaflet.css"}
"""The local file for each script and style folium names."""
UNUSED = frozenset(
    {"jquery", "bootstrap", "bootstrap_css", "glyphicons_css"}
    | {"awesome_markers", "awesome_markers_font_css", "awesome_markers_css", "awesome_rotate_css"}
)
"""What folium loads for elements that stand on none of our maps."""
HARMLESS = re.compile(r"http://www\.w3\.org/[\w/]*|https://leafletjs\.com|https://github\.com/protomaps/PMTiles/[\w/]*")
"""Addresses that only name something: XML namespaces, and the home pages in the own sources of Leaflet and pmtiles."""


def keep_local(element: Element) -> None:
    """Take from an element and all below it the addresses folium would load. Raises MapRefusal for a name not known."""
    for kind in ("default_js", "default_css"):
        names = [name for name, _ in getattr(element, kind, ())]
        if strange := [name for name in names if name not in ASSETS and name not in UNUSED]:
            raise MapRefusal("map.asset_unknown", name=strange[0])
        if names:
            setattr(element, kind, [])
    for child in element._children.values():
        keep_local(child)


def refuse_outside(code: Iterable[str]) -> None:
    """Refuse a script or style that holds an address a browser could reach. Raises MapRefusal."""
    for part in code:
        for address in re.findall(r"https?://[^\s\"'`<>)]*", part):
            if not HARMLESS.fullmatch(address):
                raise MapRefusal("map.reaches_out", address=address)


def leaflet(assets: Path) -> tuple[str, str]:
    """Leaflet's script and its style sheet, pictures written in. Raises MapRefusal when they are not there."""
    return script(assets / ASSETS["leaflet"]), _stylesheet(assets / ASSETS["leaflet_css"])


def read(path: Path) -> str:
    """An asset's text. Raises MapRefusal when it is not there."""
    if not path.is_file():
        raise MapRefusal("map.asset_missing", path=path)
    return path.read_text("utf-8")


def seal(script: str) -> str:
    """A script's name in the content security policy: nothing else on the page may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def data_block(value: Any) -> str:
    """JSON in which `<` and `&` are escaped, so that it may stand inside a script element."""
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace("&", "\\u0026")


def script(path: Path) -> str:
    """A library's script, without the name of its map of sources. Raises MapRefusal when it is not there."""
    return re.sub(r"//# sourceMappingURL=.*", "", read(path))


def _stylesheet(path: Path) -> str:
    """A style sheet without comments, its pictures written into it."""
    css = re.sub(r"/\*.*?\*/", "", read(path), flags=re.DOTALL)
    return re.sub(r"url\(([^#)]+)\)", lambda found: f"url({_data_uri(path.parent / found[1].strip(chr(34)))})", css)


def _data_uri(picture: Path) -> str:
    if not picture.is_file():
        raise MapRefusal("map.asset_missing", path=picture)
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()
