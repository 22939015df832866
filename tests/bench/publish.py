"""A publication made whole and after one edit, and its first map on a slow phone; beside folium's page of all plots."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from layers.mines import Mine
from pipelines.paper.offline import NODE_MODULES
from pipelines.publish.folder import verified
from tests.bench import plots, rates
from tests.bench.found import DifferentAnswers, Found, Say, compared, number, table
from tests.browser import PHONE, chromium

_MINES = 60
_COMMAND = Path(sys.executable).with_name("qingshan")
_DOWN_KBIT_S, _LATENCY_MS, _SLOWER = 1_600, 150, 4
"""A phone as Lighthouse has it: slow 4G, a processor four times as slow as this one."""
_PATIENCE_MS = 120_000
_FOLIUM = """
import sys, folium, geopandas
plots = geopandas.read_postgis("select id::text, land_class, shape from layers.plots", sys.argv[1], geom_col="shape")
page = folium.Map(location=[26.33, 115.35], zoom_start=10, tiles=None, prefer_canvas=True)
folium.GeoJson(plots.to_crs(4326)).add_to(page)
page.save(sys.argv[2])
"""


@dataclass(frozen=True)
class Size:
    """How many plots there are, and whether every one is put on a folium page, which beyond this takes all memory."""

    plots: int
    folium: bool


@dataclass(frozen=True)
class Ran:
    """A process of its own: seconds by the clock, and the most memory it had."""

    seconds: float
    megabytes: float


QUICK = (Size(2_000, folium=True),)
WHOLE = (Size(20_000, folium=True), Size(100_000, folium=False), Size(200_000, folium=False))


def measure(server: Engine, sizes: Sequence[Size], say: Say) -> Found:
    """Publish at every size. Raises DifferentAnswers where two publications of a moment are not equal."""
    made = table(
        "A publication", "", "s", "MB at most", "s after one edit", "files", "MB", "first map ready s", "KB sent"
    )
    runs = []
    for size in sizes:
        with rates.county(server, size.plots) as engine, tempfile.TemporaryDirectory() as place:
            _mines(engine)
            Path(place).chmod(0o755)  # For the user that the site process becomes.
            say(f"{size.plots:,} plots: made")
            rows = list(_ways(engine, size, Path(place)))
        for row in rows:
            made.add_row(*(cell if isinstance(cell, str) else number(cell) for cell in row))
        runs.append({"plots": size.plots, "rows": rows})
        say(f"{size.plots:,} plots: published")
    phone = (
        f"{_DOWN_KBIT_S} kbit/s, {_LATENCY_MS} ms, processor {_SLOWER} × slower, nothing cached, from `qingshan site`"
    )
    settings = compared(
        ("publication", "qingshan publish draft, a process of its own: all pages, maps, tables, tiles, two languages"),
        ("folium", "geopandas.read_postgis and folium.GeoJson of every plot: one page, Leaflet beside it"),
        ("phone", phone), ("agreement", "a second draft of the same change has the same hash"),
    )  # fmt: skip
    return Found([made, settings], {"publish": runs})


def _ways(engine: Engine, size: Size, place: Path) -> Iterator[Sequence[Any]]:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    draft = partial(_ran, [str(_COMMAND), "publish", "draft", "--root", str(place / "public")], url)
    whole = draft()
    (folder,) = (place / "public" / "drafts").iterdir()
    hash_, told = verified(folder)
    draft()
    if verified(folder)[0] != hash_ or len(list((place / "public" / "drafts").iterdir())) != 1:
        raise DifferentAnswers("a second draft of the same change differs")
    with engine.begin() as connection:
        edit = text("update layers.plots set land_class = '030200', canopy = 0.5 where id = :id")
        connection.execute(edit, {"id": plots.feature(plots.middle(size.plots))})
    edited = draft()
    size_mb = sum(entry.bytes for entry in told["files"]) / 1e6
    for name in ("progress", "forest"):
        ready, sent = _on_a_phone(_site(folder), f"maps/{name}.html", _DRAWN[name])
        yield (
            f"{size.plots:,} plots, the map of {name}", whole.seconds, whole.megabytes, edited.seconds,
            str(len(told["files"])), size_mb, ready, sent,
        )  # fmt: skip
    if size.folium:
        yield _by_folium(url, size, place / "folium")


def _by_folium(url: str, size: Size, folder: Path) -> Sequence[Any]:
    folder.mkdir()
    ran = _ran([sys.executable, "-c", _FOLIUM, url, str(folder / "page.html")], url)
    page = folder / "page.html"
    page.write_text(_localised(page.read_text("utf-8"), folder), "utf-8")
    drawn = "() => Object.values(window).some((v) => v && v.getLayers && v.getLayers().length > 100)"
    ready, sent = _on_a_phone(_zipped(folder), "page.html", drawn)
    megabytes = page.stat().st_size / 1e6
    return f"{size.plots:,} plots, folium", ran.seconds, ran.megabytes, ran.seconds, "1", megabytes, ready, sent


_DRAWN = {
    "progress": "() => typeof qingshan !== 'undefined' && document.querySelectorAll('.sign').length > 10",
    "forest": "() => typeof qingshan !== 'undefined' && qingshan.tiles && !qingshan.tiles.isLoading()",
}
"""When a map can be used."""


def _localised(page: str, folder: Path) -> str:
    """folium's page with Leaflet beside it and without what it would load besides."""
    shutil.copy(NODE_MODULES / "leaflet/dist/leaflet.js", folder)
    shutil.copy(NODE_MODULES / "leaflet/dist/leaflet.css", folder)
    kept = []
    for line in page.splitlines():
        outside = "https://" in line and ("<script src" in line or "<link" in line)
        if not outside:
            kept.append(line)
        elif "leaflet.js" in line:
            kept.append('<script src="leaflet.js"></script>')
        elif "leaflet.css" in line:
            kept.append('<link rel="stylesheet" href="leaflet.css">')
    return "\n".join(kept)


def _ran(command: Sequence[str], url: str) -> Ran:
    began = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url}, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise DifferentAnswers(f"{command[0]} ended with {process.returncode}")
    return Ran(time.perf_counter() - began, used.ru_maxrss / 1024)


def _mines(engine: Engine) -> None:
    """Works to tell of, at every stage."""
    stages = ("verified", "planned", "works", "accepted", "closed")
    rows = [
        {
            "id": uuid.uuid4(), "code": f"KS{n:04d}", "name": f"{n}号废弃矿山", "source": "虚构", "made_up": True,
            "township": "360732100", "stage": stages[n % len(stages)], "shape": rates.box(n % 5, n // 5 % 5),
        }
        for n in range(_MINES)
    ]  # fmt: skip
    with Session(engine) as session, session.begin():
        session.execute(insert(Mine), rows)


def _on_a_phone(served: AbstractContextManager[str], path: str, drawn: str) -> tuple[float, float]:
    """Seconds until a page can be used on a slow phone that has none of it yet, and the kilobytes that it was sent."""
    with served as url, chromium() as browser:
        phone = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]}, is_mobile=True, has_touch=True)
        page = phone.new_page()
        devtools = phone.new_cdp_session(page)
        sent: list[float] = []
        devtools.on("Network.loadingFinished", lambda done: sent.append(done["encodedDataLength"]))
        devtools.send("Network.enable")
        down = _DOWN_KBIT_S * 1000 / 8
        limits = {"offline": False, "latency": _LATENCY_MS, "downloadThroughput": down, "uploadThroughput": down / 2}
        devtools.send("Network.emulateNetworkConditions", limits)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
        began = time.perf_counter()
        page.goto(f"{url}{path}", wait_until="commit", timeout=_PATIENCE_MS)
        page.wait_for_function(drawn, timeout=_PATIENCE_MS, polling="raf")
        ready = time.perf_counter() - began
        page.wait_for_load_state("networkidle", timeout=_PATIENCE_MS)
        return ready, sum(sent) / 1000


@contextmanager
def _site(folder: Path) -> Iterator[str]:
    """The address of a folder served by `qingshan site`."""
    command = [str(_COMMAND), "site", str(folder), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        try:
            yield json.loads(running.stdout.readline())["url"]
        finally:
            running.terminate()


class _Zipped(SimpleHTTPRequestHandler):
    """A page with scripts of its own, as folium makes it, which `qingshan site` would not let run."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name of the standard library
        pass

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        plain = file.read_bytes() if file.is_file() else b""  # a browser asks for an icon too
        content = gzip.compress(plain, 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(self.path))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def _zipped(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Zipped, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
