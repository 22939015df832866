"""Honest files of every format, from which the mutated ones are made. Bytes by name; some formats have several."""

from __future__ import annotations

import io
import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import ezdxf
import fiona
import shapely
from openpyxl import Workbook

from tests.geo.craft import SQUARE, geojson, write_geopackage, write_shapefile
from tests.geo.formats.survey_txt import EXAMPLE
from tests.geo.formats.test_kml import INNER, OUTER, area, kml, placemark

HOLED = SQUARE - shapely.box(115.302, 26.302, 115.304, 26.304)
THREE = [HOLED, shapely.box(115.40, 26.30, 115.41, 26.31), shapely.box(115.50, 26.30, 115.51, 26.31)]
NAMES = ["甲", "景德镇", "丙"]
CORNERS = [(2914100, 38634790), (2914200, 38634790), (2914200, 38634890), (2914100, 38634890)]
TABLE = "地块,圈号,点号,X,Y\n" + "".join(f"{n},1,J{i},{x},{y}\n" for n in "甲乙" for i, (x, y) in enumerate(CORNERS))
_DAY = datetime(2026, 11, 23)


def honest() -> dict[str, list[tuple[str, bytes]]]:
    """Format → files, each with its ending. The same bytes every time, but for what a driver draws by lot (.gdb)."""
    with tempfile.TemporaryDirectory() as folder, _same_day():
        return {name: list(make(Path(folder))) for name, make in _MAKERS.items()}


@contextmanager
def _same_day() -> Iterator[None]:
    os.environ["OGR_CURRENT_DATE"] = "2026-11-23T00:00:00.000Z"
    ezdxf.options.write_fixed_meta_data_for_testing = True
    try:
        yield
    finally:
        del os.environ["OGR_CURRENT_DATE"]
        ezdxf.options.write_fixed_meta_data_for_testing = False


def packed(members: dict[str, bytes]) -> bytes:
    """A zip that is the same whenever it is made."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return held.getvalue()


def _survey_txt(folder: Path) -> Iterator[tuple[str, bytes]]:
    text = EXAMPLE.replace("\n", "\r\n")
    yield ".txt", text.encode("gbk")
    yield ".txt", (text + EXAMPLE.split("[地块坐标]\n")[1]).encode("utf-8-sig")
    yield ".txt", text.encode("utf-16")


def _shapefile(folder: Path) -> Iterator[tuple[str, bytes]]:
    for stem, epsg, encoding in (("a", 4490, "UTF-8"), ("兴国县", None, "GBK")):
        path = write_shapefile(folder, stem, THREE, epsg=epsg, encoding=encoding, names=NAMES)
        yield ".zip", packed({part.name: part.read_bytes() for part in sorted(folder.glob(f"{path.stem}.*"))})


def _geopackage(folder: Path) -> Iterator[tuple[str, bytes]]:
    yield ".gpkg", write_geopackage(folder / "a.gpkg", {"plots": list(THREE)}).read_bytes()


def _geojson(folder: Path) -> Iterator[tuple[str, bytes]]:
    shapes = [json.loads(shapely.to_geojson(shape)) for shape in THREE]
    yield ".geojson", geojson(folder / "a.geojson", *shapes).read_bytes()
    yield ".json", json.dumps(shapely.geometry.mapping(shapely.MultiPolygon(THREE))).encode()


def _geodatabase(folder: Path) -> Iterator[tuple[str, bytes]]:
    schema = {"geometry": "MultiPolygon", "properties": {"NAME": "str"}}
    with fiona.open(folder / "a.gdb", "w", driver="OpenFileGDB", schema=schema, crs="EPSG:4490", layer="plots") as out:
        for shape, name in zip(THREE, NAMES, strict=True):
            geometry = shapely.geometry.mapping(shapely.MultiPolygon([shape]))
            out.write({"type": "Feature", "properties": {"NAME": name}, "geometry": geometry})
    yield ".zip", packed({f"a.gdb/{part.name}": part.read_bytes() for part in sorted((folder / "a.gdb").iterdir())})


def _kml(folder: Path) -> Iterator[tuple[str, bytes]]:
    data = "<ExtendedData><Data name='XIAN'><value>732</value></Data></ExtendedData>"
    whole = kml(folder / "a.kml", f"<Folder><name>红线</name>{placemark(area(OUTER, INNER), data)}</Folder>")
    yield ".kml", whole.read_bytes()
    yield ".kmz", packed({"doc.kml": whole.read_bytes()})
    ovital = placemark(area(), "<OvAttr><OvIcon>4</OvIcon></OvAttr><OvCoordType>CGCS2000</OvCoordType>")
    yield ".ovkml", kml(folder / "a.ovkml", ovital + placemark(area())).read_bytes()


def _dxf(folder: Path) -> Iterator[tuple[str, bytes]]:
    logging.getLogger("ezdxf").setLevel(logging.ERROR)  # R12 has no place for the units, and it says so.
    for version in ("R12", "R2010"):
        document = ezdxf.new(version)
        space = document.modelspace()
        corners = [(east, north) for north, east in CORNERS]
        if version == "R12":
            space.add_polyline2d(corners, close=True)
        else:
            space.add_lwpolyline([(*corners[0], 0.5), *((*c, 0) for c in corners[1:])], format="xyb", close=True)
            hatch = space.add_hatch()
            hatch.paths.add_polyline_path(corners, is_closed=True)
            space.add_spline([(*c, 0) for c in corners])
        space.add_circle(corners[0], 50)
        space.add_text("甲-01", dxfattribs={"insert": corners[0]})
        document.saveas(folder / f"{version}.dxf")
        yield ".dxf", (folder / f"{version}.dxf").read_bytes()


def _xlsx(folder: Path) -> Iterator[tuple[str, bytes]]:
    book = Workbook()
    book.properties.created = book.properties.modified = _DAY
    for n, line in enumerate(TABLE.splitlines()):
        cells = line.split(",")
        book.active.append(cells if n == 0 else [*cells[:3], float(cells[3]), float(cells[4])])
    book.save(folder / "a.xlsx")
    with zipfile.ZipFile(folder / "a.xlsx") as archive:
        yield ".xlsx", packed({name: archive.read(name) for name in archive.namelist()})


def _csv(folder: Path) -> Iterator[tuple[str, bytes]]:
    yield ".csv", TABLE.encode("gbk")
    yield ".csv", "名称,经度,纬度\n横柏断面,115°18′0.5″,26.30\n龙升断面,115.31,26.31\n".encode("utf-8-sig")
    yield ".csv", f'小班号;WKT\n0007;"{HOLED.wkt}"\n0008;"{SQUARE.wkt}"\n'.encode()


def _pasted(folder: Path) -> Iterator[tuple[str, bytes]]:
    outer = [(115.30, 26.30), (115.31, 26.30), (115.31, 26.31), (115.30, 26.31)]
    yield ".txt", "\n".join(f"J{n} {x}\t{y}" for n, (x, y) in enumerate(CORNERS)).encode()
    yield ".txt", "\n".join(f"{lon},{lat}" for lon, lat in [*outer, outer[0], *HOLED.interiors[0].coords]).encode()
    yield ".txt", "界址点\n115°20′30.5″ 26°18′10.2″\n115°20′40.5″ 26°18′10″\n115°20′40″ 26°19′0″\n".encode("gbk")
    yield ".txt", ";".join(f"{lon},{lat}" for lon, lat in outer).encode()
    yield ".txt", f"SRID=4490;{HOLED.wkt}\n{SQUARE.wkt}".encode()


_MAKERS: dict[str, Callable[[Path], Iterator[tuple[str, bytes]]]] = {
    "TXT": _survey_txt,
    "Shapefile": _shapefile,
    "GeoPackage": _geopackage,
    "GeoJSON": _geojson,
    "File Geodatabase": _geodatabase,
    "KML": _kml,
    "DXF": _dxf,
    "xlsx": _xlsx,
    "CSV": _csv,
    "pasted": _pasted,
}
