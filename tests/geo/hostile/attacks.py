"""The forty attack files, by number: how each is made, and the answer it must get.

`Refused`: the file as a whole, with one of the ids. `Read`: it is taken, and what becomes of its rows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geo.reading import Opening, Row
from geo.sandbox import Limits
from tests.geo.craft import RING, SQUARE, geojson, polygon
from tests.geo.formats.survey_txt import EXAMPLE, HEADER, OUTER, PARCEL, is_the_example
from tests.geo.formats.test_kml import area, kml, placemark
from tests.geo.hostile.making import (
    GML,
    VRT,
    Made,
    archive,
    bare_base,
    bomb,
    broken_package,
    circle,
    coordinates,
    crowded,
    gbk_names,
    gcj02_boundary,
    giant,
    linked,
    local_vrt,
    named,
    nested,
    package,
    patched,
    raw,
    shapes,
    tangle,
    text,
    two_in_one,
    without,
)


@dataclass(frozen=True)
class Refused:
    """With one of these ids; `naming` stands among the values."""

    ids: frozenset[str]
    naming: str = ""


@dataclass(frozen=True)
class Read:
    """Each row with its refusal or None; these notes, of the file and its rows; and whatever else must be true."""

    rows: tuple[str | None, ...]
    notes: tuple[str, ...] = ()
    true: Callable[[Opening, list[Row]], bool] = lambda opening, rows: True


@dataclass(frozen=True)
class Attack:
    number: int
    name: str
    make: Made
    answer: Refused | Read
    limits: Limits | None = None


def no(*ids: str, naming: str = "") -> Refused:
    return Refused(frozenset(ids), naming)


def name_of(opening: Opening, rows: list[Row]) -> bool:
    return opening.layer.isprintable() and rows[0].shape is not None


def corners(name: str, last: str = "38634890") -> str:
    """A square of 100 m as lines of a table."""
    at = (("2914100", "38634790"), ("2914200", "38634790"), ("2914200", "38634890"), ("2914100", last))
    return "".join(f"{name},J{n},{x},{y}\n" for n, (x, y) in enumerate(at))


COLLECTION = '{"type":"FeatureCollection","features":[%s]}'
FEATURE = (
    '{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":'
    "[[[115.3,26.3],[115.31,26.3],[%s,26.31],[115.3,26.3]]]}}"
)
NOISE = np.random.default_rng(7).bytes(10_000)
DEEP = "[" * 100_000 + "]" * 100_000
NO_FORMAT = no("file.not_what_it_says", "zip.broken")

ATTACKS = (
    *(Attack(1, f"a VRT as {e} that reads a local file", local_vrt(e), NO_FORMAT) for e in (".geojson", ".json")),
    Attack(2, "the same as .shp", local_vrt(".shp"), NO_FORMAT),
    *(Attack(3, f"the same as {e}", local_vrt(e), NO_FORMAT) for e in (".kml", ".ovkml", ".gpkg", ".dxf", ".zip")),
    *(
        Attack(
            4, f"a VRT as {e} to /vsicurl/", text(f"a{e}", VRT.format("/vsicurl/http://127.0.0.1:{port}/a")), NO_FORMAT
        )
        for e in (".geojson", ".shp", ".gpkg", ".kml")
    ),
    Attack(4, "the same as .csv", text("a.csv", VRT.format("/vsicurl/http://127.0.0.1:{port}/a")), no("table.nothing")),
    Attack(
        5,
        "GML whose entity is a file",
        text(
            "a.gml",
            GML.format(head='<!DOCTYPE a [<!ENTITY s SYSTEM "file:///etc/passwd">]>', schema="a.xsd", body="&s;"),
        ),
        no("file.unknown_kind", naming="gpkg"),
    ),
    Attack(
        5,
        "the same as .kml",
        lambda folder, port: kml(
            folder / "a.kml",
            placemark(area(), "<a>&s;</a>"),
            head='<!DOCTYPE kml [<!ENTITY s SYSTEM "file:///etc/passwd">]>',
        ),
        no("kml.doctype"),
    ),
    Attack(
        6,
        "an entity bomb in KML",
        lambda folder, port: kml(folder / "a.kml", placemark(area(), "<a>&l9;</a>"), head=bomb()),
        no("kml.doctype"),
    ),
    Attack(
        7,
        "GML with a remote schema",
        text("a.gml", GML.format(head="", schema="http://127.0.0.1:{port}/a.xsd", body="")),
        no("file.unknown_kind", naming="gpkg"),
    ),
    Attack(
        7,
        "KML with a remote schema, which is not fetched",
        lambda folder, port: kml(
            folder / "a.kml",
            f"<x xmlns:i='urn:i' i:schemaLocation='u http://127.0.0.1:{port}/a.xsd'/>{placemark(area())}",
        ),
        Read((None,), ("shape.height_dropped",)),
    ),
    Attack(8, "a zip of zeros", archive(("a.geojson", bytes(200 * 1024**2))), no("zip.bomb")),
    Attack(9, "a zip in a zip", nested, no("zip.nested", naming="inner.zip")),
    *(
        Attack(10, f"a zip with {name!r}", archive((name, b"{}")), no("zip.escapes"))
        for name in ("../a.geojson", "x/../../a.geojson", "..\\a.geojson", "a\nb.geojson")
    ),
    *(
        Attack(11, f"a zip with {name!r}", archive((name, b"{}")), no("zip.escapes"))
        for name in ("/tmp/a.geojson", "C:/a.geojson")
    ),
    Attack(12, "a zip with a symbolic link", linked, no("zip.link")),
    Attack(13, "a zip of a hundred thousand entries", crowded, no("zip.too_many")),
    Attack(
        14,
        "a zip with names in GBK works",
        gbk_names,
        Read(
            (None,),
            true=lambda opening, rows: (
                (opening.layer, opening.encoding, rows[0].attributes) == ("兴国县", "GB18030", {"NAME": "景德镇"})
            ),
        ),
    ),
    Attack(15, "two shapefiles in one zip", two_in_one, no("zip.which", naming="小班.shp、红线.shp")),
    *(
        Attack(16, f"a .shp without {part}", without(part), no("shapefile.incomplete", naming=part))
        for part in (".shx", ".dbf")
    ),
    *(
        Attack(
            17,
            f"a {part} that says {words} words",
            patched(part, (24, struct.pack(">i", words))),
            no("shapefile.length_lies"),
        )
        for part in (".shp", ".shx")
        for words in (10, 10**6)
    ),
    *(
        Attack(
            18,
            f"a .dbf that says {count} rows",
            patched(".dbf", (4, struct.pack("<I", count))),
            no("shapefile.table_lies", "shapefile.counts_differ"),
        )
        for count in (0, 2, 2**31)
    ),
    Attack(
        18, "a shape that says 2³⁰ points", patched(".shp", (148, struct.pack("<i", 2**30))), Read(("shape.missing",))
    ),
    Attack(19, "a DBF field wider than its record", patched(".dbf", (32 + 16, b"\xff")), no("shapefile.table_lies")),
    Attack(
        20,
        "a GeoPackage with a trigger",
        package("create trigger surprise after insert on plots begin delete from plots; end"),
        no("geopackage.trigger", naming="surprise"),
    ),
    Attack(
        21,
        "a GeoPackage whose layer is a view over a dangerous function",
        package("drop table plots", "create view plots as select 1 as fid, load_extension('/tmp/x.so') as geom"),
        no("geopackage.view", naming="plots"),
    ),
    Attack(22, "half a GeoPackage", broken_package, no("geopackage.broken")),
    Attack(
        22,
        "an SQLite file of noise",
        raw("a.gpkg", b"SQLite format 3\x00" + NOISE),
        no("geopackage.broken"),
    ),
    Attack(22, "an SQLite file that is none", bare_base, no("geopackage.broken")),
    Attack(
        23,
        "a GeoPackage with a null geometry",
        package(kept=(SQUARE, None, SQUARE)),
        Read((None, "shape.missing", None)),
    ),
    *(
        Attack(
            24,
            f"GeoJSON nested 100,000 deep, {where}",
            shapes(raw_text=content % DEEP),
            no("geojson.too_deep", "file.not_what_it_says"),
        )
        for where, content in (
            ("bare", "%s"),
            ("as features", '{"features":%s}'),
            ("as a geometry", '{"features":[{"geometry":%s}]}'),
        )
    ),
    *(
        Attack(
            25,
            f"a coordinate {number}",
            shapes(raw_text=COLLECTION % (FEATURE % number)),
            no("geojson.broken"),
        )
        for number in ("NaN", "Infinity", "-Infinity")
    ),
    *(
        Attack(
            25,
            f"a coordinate {number}",
            shapes(raw_text=COLLECTION % ",".join(FEATURE % at for at in ("115.3", "115.4", number))),
            Read((None, None, refusal)),
        )
        for number, refusal in (("1e308", "shape.outside"), ("1e999", "shape.not_finite"))
    ),
    Attack(
        26,
        "coordinates as strings",
        shapes(polygon(RING), polygon([["115.3", "26.3"], *RING[1:-1], ["115.3", "26.3"]])),
        Read((None, "geojson.not_numbers")),
    ),
    Attack(27, "longitude and latitude swapped", shapes(polygon([[y, x] for x, y in RING])), no("crs.swapped")),
    Attack(28, "a ring of ten million vertices", giant, no("file.monster")),
    *(
        Attack(29, f"a random ring of {n} vertices", tangle(n), Read(("shape.too_tangled", None)), Limits(mend_s=1))
        for n in (1_000, 30_000)
    ),
    Attack(30, "a ring of two points", shapes(polygon(RING), polygon(RING[:2])), Read((None, "shape.too_few_points"))),
    Attack(
        31,
        "a bow tie",
        shapes(polygon([RING[0], RING[2], RING[1], RING[3], RING[0]])),
        Read(
            (None,),
            ("shape.mended",),
            # Half of the square of the standard's check value, in two triangles that meet in its middle.
            lambda opening, rows: (
                abs(float(rows[0].survey_area_m2 or 0) - 1_106_351.03 / 2) < 60
                and abs(float(str(rows[0].notes[0].values["x"])) - 115.305) < 1e-6
            ),
        ),
    ),
    Attack(
        32,
        "the same ring twice",
        shapes({"type": "MultiPolygon", "coordinates": [[RING], [RING]]}, polygon(RING, RING)),
        Read(
            (None, "shape.collapsed"),
            ("shape.mended",),
            lambda opening, rows: abs(float(rows[0].survey_area_m2 or 0) - 1_106_351.03) < 0.01,
        ),
    ),
    *(
        Attack(33, f"an empty {ending}", raw(f"a{ending}", b""), no("file.empty"))
        for ending in (".geojson", ".shp", ".gpkg", ".kml", ".zip", ".txt", ".csv", ".xlsx", ".dxf")
    ),
    *(
        Attack(34, f"noise as {ending}", raw(f"a{ending}", NOISE), NO_FORMAT)
        for ending in (".geojson", ".shp", ".gpkg", ".kml", ".kmz", ".zip", ".gdb", ".txt", ".csv", ".xlsx", ".dxf")
    ),
    Attack(
        35,
        "a TXT in UTF-16 with its mark",
        coordinates(EXAMPLE, "utf-16"),
        Read((None,), true=lambda opening, rows: is_the_example(rows[0])),
    ),
    *(
        Attack(35, f"a TXT in {order} without it", coordinates(EXAMPLE, order), no("survey_txt.utf16"))
        for order in ("utf-16-le", "utf-16-be")
    ),
    Attack(
        36,
        "a TXT of a million lines in one parcel, and one more",
        coordinates(HEADER + PARCEL + circle(1_000_001) + EXAMPLE.removeprefix(HEADER)),
        Read(("shape.too_many_points", None), true=lambda opening, rows: is_the_example(rows[1])),
    ),
    *(
        Attack(
            37,
            f"a TXT with {number}",
            coordinates(HEADER + PARCEL + OUTER + f"J6,1,{number},38634790\n" + EXAMPLE.removeprefix(HEADER)),
            Read(("survey_txt.line", None)),
        )
        for number in ("NaN", "inf", "1e308")
    ),
    Attack(38, "the county's boundary in GCJ-02, which the door tells", gcj02_boundary, Read((None,))),
    Attack(
        39,
        "formulas in a CSV stay text",
        text("a.csv", "地块,点号,X,Y\n" + corners('"=HYPERLINK(""http://127.0.0.1:{port}"")"') + corners("乙", "=1+1")),
        Read(
            (None, "table.not_a_number"),
            true=lambda opening, rows: str(rows[0].attributes["地块"]).startswith('=HYPERLINK("'),
        ),
    ),
    *(
        Attack(40, f"a name with {what}", named(name), no("file.missing"))
        for what, name in (
            ("control characters", "a\x1b[31m\n.geojson"),
            ("4,000 characters", "x" * 4000 + ".geojson"),
            ("../", "../" * 20 + "nothing.geojson"),
            ("a nul", "a\x00.geojson"),
        )
    ),
    Attack(
        40,
        "an honest file under a name with control characters",
        lambda folder, port: geojson(folder / "a\x1b[31m.geojson", polygon(RING)),
        Read((None,), true=name_of),
    ),
)
