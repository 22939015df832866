"""Tiles in the browser, drawn as the archive holds them: by ranges where the server gives them, without elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import geopandas as gpd
import pyogrio
import pytest
import shapely
from PIL import Image
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.paper import maps, offline
from pipelines.publish.maps.tiles import Tiled, archive
from tests.pipelines.publish.test_tiles import county

pytest_plugins = ["tests.browser"]

COLOURS = {
    "arboreal": {"fill": "#1b7837", "opacity": 0.9}, "bamboo": {"fill": "#a6dba0"}, "shrub": {"fill": "#dfc27d"},
}  # fmt: skip
SCRIPTS = [
    offline.NODE_MODULES / "leaflet/dist/leaflet.js",
    offline.NODE_MODULES / "pmtiles/dist/pmtiles.js",
    offline.NODE_MODULES / "pbf/dist/pbf.js",
    Path(maps.__file__).parent / "page" / "tiles.js",
]
PAGE = f"""<!doctype html><meta charset="utf-8"><title>tiles</title><link rel="icon" href="data:,">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self';
 img-src 'self' data:; connect-src 'self'">
<link rel="stylesheet" href="leaflet.css"><link rel="stylesheet" href="page.css"><div id="map"></div>
{"".join(f'<script src="{path.name}"></script>' for path in SCRIPTS)}"""
DRAW = """async ({ name, zoom, at, colours }) => {
  window.map = L.map("map", { attributionControl: false, zoomSnap: 0.1, fadeAnimation: false, zoomAnimation: false });
  map.setView(at, zoom);
  const options = { url: name, layerName: "plots", attribute: "class", colours };
  window.layer = await qingshanTiles.layer(map, options);
  if (layer.isLoading()) await new Promise((done) => layer.once("load", done));
}"""
DRAWN = "Object.fromEntries(layer.drawn)"
PIXELS = """() => [...document.querySelectorAll(".leaflet-tile")].flatMap((tile) => {
  const { data } = tile.getContext("2d").getImageData(0, 0, tile.width, tile.height), seen = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 220) seen.add(data.slice(i, i + 3).join());
  return [...seen];
})"""
MIDDLE = [26.25, 115.3]


class Plain(SimpleHTTPRequestHandler):
    """What `python -m http.server` is: every answer is a whole file."""

    sent = 0

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name of the standard library
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        piece = source.read()
        type(self).sent += len(piece) * self.path.endswith(".pmtiles")
        outputfile.write(piece)


class Ranged(Plain):
    """A server that gives pieces."""

    def send_head(self) -> Any:
        if not (asked := self.headers.get("Range")):
            return super().send_head()
        first, last = map(int, asked.removeprefix("bytes=").split("-"))
        path = Path(self.translate_path(self.path))
        last = min(last, path.stat().st_size - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{path.stat().st_size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("ETag", f'"{path.stat().st_mtime_ns:x}"')
        self.end_headers()
        file = path.open("rb")
        file.seek(first)
        file.read, read = lambda: read(last - first + 1), file.read
        return file


@contextmanager
def serving(folder: Path, handler: type[Plain]) -> Iterator[str]:
    handler.sent = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Path:
    """A folder with a page and an archive."""
    for path in (*SCRIPTS, offline.NODE_MODULES / "leaflet/dist/leaflet.css"):
        shutil.copy(path, tmp_path)
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "page.css").write_text("html, body, #map { height: 100%; margin: 0; background: white; }")
    write(engine, county(), tmp_path / "plots.pmtiles")
    return tmp_path


def write(engine: Engine, frame: gpd.GeoDataFrame, path: Path) -> None:
    """Put an archive where it is read, as a publication does: at once."""
    with Session(engine) as session:
        found = archive(session, [Tiled("plots", frame)], attribution="示例 made-up")
    path.with_suffix(".half").write_bytes(found)
    path.with_suffix(".half").replace(path)


@contextmanager
def opened(online: Any, site: Path, handler: type[Plain], zoom: float) -> Iterator[Any]:
    """The page with its tiles drawn, served by a handler; no complaint and no request beyond the folder."""
    online.requests.clear()
    with serving(site, handler) as address:
        online.page.goto(address)
        online.page.evaluate(DRAW, {"name": "plots.pmtiles", "zoom": zoom, "at": MIDDLE, "colours": COLOURS})
        yield online.page
        assert online.complaints == []
        assert [url for url in online.requests if not url.startswith((address, "data:"))] == []


def held(site: Path, zoom: int) -> dict[str, int]:
    """How many shapes of each class GDAL finds in the tiles of a zoom."""
    read = pyogrio.read_dataframe(site / "plots.pmtiles", layer="plots", ZOOM_LEVEL=zoom, CLIP="NO")
    return {str(name): int(count) for name, count in read["class"].value_counts().items()}


def test_no_script_that_tiles_need_holds_an_address_to_reach() -> None:
    offline.refuse_outside(offline.read(path) for path in SCRIPTS)


@pytest.mark.parametrize("handler", [Plain, Ranged])
def test_every_shape_of_the_archive_is_drawn_whatever_the_server_gives(
    online: Any, site: Path, handler: type[Plain]
) -> None:
    with opened(online, site, handler, 10) as page:
        assert page.evaluate(DRAWN) == held(site, 10)
        assert {"27,120,55", "166,219,160", "223,194,125"} <= set(page.evaluate(PIXELS))


def test_by_ranges_less_than_the_file_comes_and_without_them_it_comes_once(online: Any, site: Path) -> None:
    whole = (site / "plots.pmtiles").stat().st_size

    with opened(online, site, Ranged, 15):
        pass
    with opened(online, site, Plain, 15):
        asked = [url for url in online.requests if url.endswith(".pmtiles")]

    assert 0 < Ranged.sent < whole / 2
    assert Plain.sent == whole
    assert len(asked) == 1


def test_nearer_than_the_last_zoom_its_tiles_are_drawn_larger_and_nothing_more_is_fetched(
    online: Any, site: Path
) -> None:
    with opened(online, site, Ranged, 12) as page:
        before = Ranged.sent
        page.evaluate("new Promise((done) => { layer.once('load', done); map.setZoom(15); })")

        assert Ranged.sent == before
        assert "27,120,55" in page.evaluate(PIXELS)


def test_between_whole_zooms_no_seam_shows_between_tiles(online: Any, site: Path, engine: Engine) -> None:
    ground = gpd.GeoDataFrame({"class": ["arboreal"]}, geometry=[shapely.box(114.5, 25.5, 116.2, 27)], crs=4490)
    write(engine, ground, site / "plots.pmtiles")

    with opened(online, site, Ranged, 11.4) as page:
        picture = Image.open(BytesIO(page.screenshot())).convert("RGB").crop((200, 100, 1300, 800))

    assert max(high - low for low, high in picture.getextrema()) <= 4  # of 255: what adding two edges rounds to


def test_an_archive_that_is_published_anew_meanwhile_is_read_anew(online: Any, site: Path, engine: Engine) -> None:
    with opened(online, site, Ranged, 9) as page:
        write(engine, county(5), site / "plots.pmtiles")
        page.evaluate("new Promise((done) => { layer.once('load', done); map.setZoom(10); })")

        assert page.evaluate(DRAWN) == held(site, 10)


def test_tiles_that_leave_the_map_are_no_longer_counted(online: Any, site: Path) -> None:
    with opened(online, site, Ranged, 10) as page:
        page.evaluate("map.removeLayer(layer)")

        assert page.evaluate(DRAWN) == {}


def test_an_archive_that_is_not_there_is_said_to_the_page(online: Any, site: Path) -> None:
    (site / "plots.pmtiles").unlink()

    with serving(site, Plain) as address:
        online.page.goto(address)
        with pytest.raises(Exception, match=r"plots\.pmtiles: HTTP 404"):
            online.page.evaluate(DRAW, {"name": "plots.pmtiles", "zoom": 10, "at": MIDDLE, "colours": COLOURS})
