"""KML as Google Earth, QGIS and Ovital write it, and as somebody writes it who means harm."""

from __future__ import annotations

import zipfile
from pathlib import Path

import fiona
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import sandbox
from geo.gcj02 import shifted
from tests.geo.craft import COUNTY, SQUARE, boxed, here, refused, row_refusals

OUTER = "115.30,26.30,0 115.31,26.30,0 115.31,26.31,0 115.30,26.31,0 115.30,26.30,0"
INNER = "115.302,26.302 115.304,26.302 115.304,26.304 115.302,26.302"


def kml(path: Path, body: str, *, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> Path:
    path.write_text(f'{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>', "utf-8")
    return path


def area(outer: str = OUTER, *inner: str) -> str:
    ring = "<{0}BoundaryIs><LinearRing><coordinates>{1}</coordinates></LinearRing></{0}BoundaryIs>".format
    return f"<Polygon>{ring('outer', outer)}{''.join(ring('inner', hole) for hole in inner)}</Polygon>"


def placemark(shape: str, rest: str = "") -> str:
    return f"<Placemark><name>横柏</name>{rest}{shape}</Placemark>"


def test_a_polygon_with_a_hole_is_read_with_its_heights_dropped_and_said(tmp_path: Path) -> None:
    opening, (row,) = here(kml(tmp_path / "a.kml", placemark(area(OUTER, INNER))))

    assert (opening.format, opening.epsg, opening.crs_stated) == ("KML", 4326, True)
    assert row.shape is not None
    assert row.shape.equals(SQUARE - shapely.Polygon([(115.302, 26.302), (115.304, 26.302), (115.304, 26.304)]))
    assert [note.id for note in row.notes] == ["shape.height_dropped"]


def test_extended_data_description_and_folders_come_as_attributes(tmp_path: Path) -> None:
    data = (
        "<description><![CDATA[<b>杉木</b>]]></description><ExtendedData><Data name='XIAN'><value>732</value></Data>"
        "<SchemaData schemaUrl='http://127.0.0.1:9/s#s'><SimpleData name='LIN_BAN'>=1+1</SimpleData></SchemaData>"
        "</ExtendedData>"
    )
    folders = (
        f"<Folder><name>潋江镇</name><Folder><name>小班</name>{placemark(area(), data)}</Folder></Folder>"
        f"{placemark(area())}"
    )

    _, (first, second) = here(kml(tmp_path / "a.kml", folders))

    assert first.attributes == {
        "name": "横柏", "description": "<b>杉木</b>", "folder": "潋江镇/小班", "XIAN": "732", "LIN_BAN": "=1+1",
    }  # fmt: skip
    assert second.attributes == {"name": "横柏", "description": None, "folder": None}


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ("<Point><coordinates> 115.3, 26.3, 120 </coordinates></Point>", "Point"),
        ("<LineString><coordinates>115.3,26.3\n115.31,26.3</coordinates></LineString>", "MultiLineString"),
        (f"<MultiGeometry>{area()}<MultiGeometry>{area(INNER)}</MultiGeometry></MultiGeometry>", "MultiPolygon"),
    ],
)
def test_every_kind_of_shape_is_read(tmp_path: Path, shape: str, kind: str) -> None:
    _, (row,) = here(kml(tmp_path / "a.kml", placemark(shape)))

    assert row.shape is not None
    assert row.shape.geom_type == kind


@pytest.mark.parametrize(
    ("shape", "refusal"),
    [
        ("", "shape.missing"),
        (f"<MultiGeometry>{area()}<Point><coordinates>115.3,26.3</coordinates></Point></MultiGeometry>",
         "shape.collection"),
        (area("115.3,26.3 115.31,26.3"), "shape.too_few_points"),
        (area("115.3,26.3 115.31,NaN 115.31,26.31"), "kml.not_numbers"),
        (area("115.3,26.3 115.31,1_0 115.31,26.31"), "kml.not_numbers"),
        (area("115.3,26.3 115.31 115.31,26.31"), "kml.not_numbers"),
        (area("115.3,26.3 115.31,1-1 115.31,26.31"), "kml.not_numbers"),
        (area("115.3,26.3 115.31,1e999 115.31,26.31"), "shape.not_finite"),
        (area("26.3,115.3 26.3,115.31 26.31,115.31"), "shape.outside"),
        ("<Point><coordinates>115.3,26.3 115.4,26.3</coordinates></Point>", "kml.bad_coordinates"),
        ("<Polygon></Polygon>", "kml.outer_rings"),
        ("<LineString></LineString>", "shape.empty"),
    ],
)  # fmt: skip
def test_a_shape_that_is_wrong_refuses_its_row_and_no_other(tmp_path: Path, shape: str, refusal: str) -> None:
    _, rows = here(kml(tmp_path / "a.kml", placemark(area()) * 2 + placemark(shape)))

    assert row_refusals(rows) == [None, None, refusal]


def test_a_ring_that_does_not_come_back_is_closed_and_said(tmp_path: Path) -> None:
    _, (row,) = here(kml(tmp_path / "a.kml", placemark(area("115.30,26.30 115.31,26.30 115.31,26.31 115.30,26.31"))))

    assert row.shape is not None
    assert row.shape.equals(SQUARE)
    assert [note.id for note in row.notes] == ["shape.ring_closed"]


def test_what_gdal_writes_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    schema = {"geometry": "Polygon", "properties": {"Name": "str", "小班号": "str"}}
    with fiona.open(path, "w", driver="KML", schema=schema, crs="EPSG:4326", allow_unsupported_drivers=True) as out:
        properties = {"Name": "七", "小班号": "0007"}
        out.write({"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(SQUARE)})

    _, (row,) = here(path)

    assert row.shape is not None
    assert row.shape.equals(SQUARE)
    assert (row.attributes["name"], row.attributes["小班号"]) == ("七", "0007")


@pytest.mark.parametrize("encoding", ["GBK", "gb2312", "UTF-16", "utf-8-sig"])
def test_a_kml_is_read_in_the_encoding_it_declares(tmp_path: Path, encoding: str) -> None:
    declared = "UTF-8" if encoding == "utf-8-sig" else encoding
    path = kml(tmp_path / "a.kml", placemark(area()), head=f'<?xml version="1.0" encoding="{declared}"?>')
    path.write_bytes(path.read_text("utf-8").encode(encoding))

    assert here(path)[1][0].attributes["name"] == "横柏"


def test_a_kmz_is_read_beside_its_pictures_and_named_as_it_was_sent(tmp_path: Path) -> None:
    inner = kml(tmp_path / "doc.kml", placemark(area()))
    with zipfile.ZipFile(tmp_path / "潋江.kmz", "w") as archive:
        archive.write(inner, "doc.kml")
        archive.writestr("files/a.png", b"\x89PNG")

    opening, rows = boxed(tmp_path / "潋江.kmz")

    assert (opening.layer, row_refusals(rows)) == ("潋江", [None])


@pytest.mark.parametrize("system", ["GCJ02", "GCJ-02", "BD09"])
@pytest.mark.parametrize("ending", [".ovkml", ".ovkmz", ".kml"])
def test_coordinates_that_ovital_shifted_are_refused_not_taken_for_wgs_84(
    tmp_path: Path, system: str, ending: str
) -> None:
    path = kml(tmp_path / "a.kml", placemark(area(), f"<OvCoordType>{system}</OvCoordType>"))
    sent = tmp_path / f"sent{ending}"
    if ending == ".ovkmz":
        with zipfile.ZipFile(sent, "w") as archive:
            archive.write(path, "doc.kml")
    else:
        path.rename(sent)

    refusal = refused(sent)

    assert (refusal.id, refusal.values["row"]) == ("kml.shifted", 1)


def test_what_ovital_says_is_gcj02_is_moved_back_when_it_is_stated_and_what_it_left_alone_stays(tmp_path: Path) -> None:
    drawn = shapely.transform(SQUARE, shifted)
    ring = " ".join(f"{x!r},{y!r}" for x, y in drawn.exterior.coords)
    one = placemark(area(ring), "<OvCoordType>GCJ02</OvCoordType>")
    other = placemark(area(), "<OvCoordType>CGCS2000</OvCoordType>")

    with sandbox.read(kml(tmp_path / "a.ovkml", one + other), box=COUNTY, gcj02=True) as reading:
        rows = [row for batch in reading.batches for row in batch]

    assert all(row.shape and shapely.hausdorff_distance(row.shape, SQUARE) < 1e-9 for row in rows)
    assert [note.id for note in reading.opening.notes] == ["gcj02.moved"]


def test_coordinates_that_ovital_left_alone_are_taken_and_silence_is_said(tmp_path: Path) -> None:
    said = placemark(area(), "<OvAttr><OvIcon>4</OvIcon></OvAttr><OvCoordType>CGCS2000</OvCoordType>")

    _, (first, second) = here(kml(tmp_path / "a.ovkml", said + placemark(area())))

    assert [[note.id for note in row.notes if note.id.startswith("kml")] for row in (first, second)] == [
        [],
        ["kml.shift_unsaid"],
    ]


@pytest.mark.usefixtures("in_under_five_seconds_with_nothing_left")
class TestHostile:
    def test_a_remote_document_type_is_not_fetched(self, tmp_path: Path, listener: tuple[int, list[object]]) -> None:
        port, came = listener
        url = f"http://127.0.0.1:{port}/a.xsd"
        typed = kml(tmp_path / "b.kml", placemark(area()), head=f'<!DOCTYPE kml SYSTEM "{url}">')

        assert refused(typed).id == "kml.doctype"
        assert came == []

    def test_a_network_link_is_not_followed_and_its_row_says_so(
        self, tmp_path: Path, listener: tuple[int, list[object]]
    ) -> None:
        port, came = listener
        link = f"<NetworkLink><name>x</name><Link><href>http://127.0.0.1:{port}/a.kml</href></Link></NetworkLink>"

        _, rows = boxed(kml(tmp_path / "a.kml", link + placemark(area())))

        assert row_refusals(rows) == ["kml.network_link", None]
        assert came == []

    def test_a_hundred_thousand_folders_in_folders_are_refused(self, tmp_path: Path) -> None:
        depth = 100_000

        assert refused(kml(tmp_path / "a.kml", "<Folder>" * depth + "</Folder>" * depth)).id == "kml.too_deep"

    def test_a_kml_that_breaks_off_names_the_line(self, tmp_path: Path) -> None:
        path = kml(tmp_path / "a.kml", "\n\n" + placemark(area()))
        path.write_text(path.read_text("utf-8").replace("</Placemark>", "</Placmark>"), "utf-8")

        refusal = refused(path)

        assert (refusal.id, refusal.values["line"]) == ("kml.broken", 3)


@given(st.lists(st.tuples(st.floats(115.1, 115.8), st.floats(26.1, 26.6)), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_coordinates_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, positions: list[tuple[float, float]]
) -> None:
    points = "".join(placemark(f"<Point><coordinates>{x!r},{y!r}</coordinates></Point>") for x, y in positions)

    _, rows = here(kml(tmp_path_factory.mktemp("kml") / "a.kml", points))

    assert [(row.shape.x, row.shape.y) for row in rows if row.shape] == positions  # type: ignore[attr-defined]
