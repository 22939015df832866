"""How hostile files are made, in an empty folder, some with the port of a listener on the loopback in them."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import shapely

from data.boundary import boundary
from geo.gcj02 import shifted
from tests.geo.craft import RING, SQUARE, geojson, polygon, write_geopackage, write_shapefile, zipped
from tests.geo.formats.survey_txt import written

Made = Callable[[Path, int], Path]


VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
GML = """<?xml version="1.0"?>{head}<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:a {schema}">{body}
</gml:FeatureCollection>"""


def text(name: str, content: str, encoding: str = "utf-8") -> Made:
    def make(folder: Path, port: int) -> Path:
        (folder / name).write_bytes(content.replace("{port}", str(port)).encode(encoding))
        return folder / name

    return make


def local_vrt(ending: str) -> Made:
    def make(folder: Path, port: int) -> Path:
        secret = geojson(folder / "secret.geojson", polygon(RING))
        return text(f"a{ending}", VRT.format(secret))(folder, port)

    return make


def raw(name: str, content: bytes) -> Made:
    def make(folder: Path, port: int) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def shapes(*geometries: object, raw_text: str | None = None) -> Made:
    return lambda folder, port: geojson(folder / "a.geojson", *geometries, text=raw_text)


def coordinates(content: str, encoding: str = "gbk") -> Made:
    return lambda folder, port: written(folder / "a.txt", content, encoding)


def archive(*entries: tuple[str, bytes]) -> Made:
    def make(folder: Path, port: int) -> Path:
        with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as out:
            for name, content in entries:
                out.writestr(name, content)
        return folder / "a.zip"

    return make


def nested(folder: Path, port: int) -> Path:
    inner = zipped(folder / "inner.zip", write_shapefile(folder, "a"))
    return archive(("inner.zip", inner.read_bytes()))(folder, port)


def linked(folder: Path, port: int) -> Path:
    link = zipfile.ZipInfo("a.geojson")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "a.zip", "w") as out:
        out.writestr(link, "/etc/passwd")
    return folder / "a.zip"


def crowded(folder: Path, port: int) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as out:
        for n in range(100_000):
            out.writestr(zipfile.ZipInfo(f"{n}.prj"), b"")
    return folder / "a.zip"


def gbk_names(folder: Path, port: int) -> Path:
    plain = write_shapefile(folder, "plain", encoding="GBK", names=["景德镇"])
    plain.with_suffix(".cpg").unlink()
    with zipfile.ZipFile(folder / "a.zip", "w") as out:
        for part in folder.glob("plain.*"):
            # Names of the same length in ASCII, then the bytes of the GBK name put in their place, without the mark.
            out.write(part, f"XXXXXX{part.suffix}")
    (folder / "a.zip").write_bytes((folder / "a.zip").read_bytes().replace(b"XXXXXX", "兴国县".encode("gbk")))
    return folder / "a.zip"


def two_in_one(folder: Path, port: int) -> Path:
    return zipped(folder / "a.zip", write_shapefile(folder, "小班"), write_shapefile(folder, "红线"))


def without(part: str) -> Made:
    def make(folder: Path, port: int) -> Path:
        path = write_shapefile(folder, "a")
        path.with_suffix(part).unlink()
        return path

    return make


def patched(part: str, *patches: tuple[int, bytes]) -> Made:
    """A shapefile with bytes of one of its parts replaced."""

    def make(folder: Path, port: int) -> Path:
        path = write_shapefile(folder, "a")
        content = bytearray(path.with_suffix(part).read_bytes())
        for at, patch in patches:
            content[at : at + len(patch)] = patch
        path.with_suffix(part).write_bytes(content)
        return path

    return make


def package(*statements: str, kept: Iterable[shapely.Polygon | None] = (SQUARE,)) -> Made:
    def make(folder: Path, port: int) -> Path:
        path = write_geopackage(folder / "a.gpkg", {"plots": list(kept)})
        with sqlite3.connect(path) as base:
            for statement in statements:
                base.execute(statement)
        base.close()
        return path

    return make


def broken_package(folder: Path, port: int) -> Path:
    path = package()(folder, port)
    path.write_bytes(path.read_bytes()[:40_000])
    return path


def bare_base(folder: Path, port: int) -> Path:
    sqlite3.connect(folder / "a.gpkg").executescript("create table t (a); insert into t values (1)").close()
    return folder / "a.gpkg"


def giant(folder: Path, port: int) -> Path:
    """A shapefile of one ring of ten million points."""
    points = 10_000_000
    angle = np.linspace(0, 2 * np.pi, points)
    ring = np.column_stack([115.3 + 0.01 * np.cos(angle), 26.3 - 0.01 * np.sin(angle)])
    content = struct.pack("<i4dii", 5, 115.29, 26.29, 115.31, 26.31, 1, points) + struct.pack("<i", 0) + ring.tobytes()
    record = struct.pack(">ii", 1, len(content) // 2) + content
    path = write_shapefile(folder, "a")
    shp, shx = bytearray(path.read_bytes()[:100]), bytearray(path.with_suffix(".shx").read_bytes())
    shp[24:28] = struct.pack(">i", (100 + len(record)) // 2)
    shx[104:108] = struct.pack(">i", len(content) // 2)
    path.write_bytes(bytes(shp) + record)
    path.with_suffix(".shx").write_bytes(shx)
    return path


def tangle(vertices: int) -> Made:
    ring = np.random.default_rng(vertices).uniform([115.3, 26.3], [115.4, 26.4], (vertices, 2)).tolist()
    return shapes(polygon([*ring, ring[0]]), polygon(RING))


def circle(count: int) -> str:
    """A round parcel of that many points, as lines of a survey coordinate TXT."""
    at = np.linspace(0, 2 * np.pi, count, endpoint=False)
    north, east = 2_914_000 + 9_000 * np.cos(at), 38_634_000 + 9_000 * np.sin(at)
    return "".join(f"J{n},1,{x:.3f},{y:.3f}\n" for n, (x, y) in enumerate(zip(north, east, strict=True)))


def gcj02_boundary(folder: Path, port: int) -> Path:
    """The county as the maps of AMap and its like draw it, labelled WGS 84."""
    moved = shapely.transform(boundary(), shifted)
    return geojson(folder / "a.geojson", json.loads(shapely.to_geojson(moved)))


def bomb() -> str:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE kml [<!ENTITY l0 "lol">{entities}]>'


def named(name: str) -> Made:
    """The name of a file that is not there, and could do harm where it is opened or printed."""
    return lambda folder, port: folder / name
