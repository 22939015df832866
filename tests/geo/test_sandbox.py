"""The child process: what it gives back, what stops it, and that nothing of it stays."""

from __future__ import annotations

import gc
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import sandbox
from geo.crs import from_storage
from geo.formats.values import Column
from geo.formats.writing import Layout, write
from geo.reading import Opening, Row
from geo.refusal import GeoRefusal, Note
from geo.sandbox import Limits, wire
from tests.geo.craft import COUNTY, RING, SQUARE, boxed, geojson, polygon, refused, write_shapefile
from tests.geo.test_area import HOLE, OUTER, east_first


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders go; empty again after every test."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def many(path: Path, count: int) -> Path:
    return geojson(path, *[polygon(RING)] * count)


@pytest.mark.parametrize(("stated", "epsg"), [(4526, 4526), (None, 4526), (None, 4547)])
def test_a_shapefile_in_a_zone_brings_its_survey_area_and_lies_in_storage(
    tmp_path: Path, stated: int | None, epsg: int
) -> None:
    parcel = shapely.Polygon(east_first(OUTER), [east_first(HOLE)])
    if epsg == 4547:
        parcel = shapely.transform(parcel, lambda xy: xy - [38_000_000, 0])
    path = write_shapefile(tmp_path, "地块", [parcel], epsg=stated)

    opening, (row,) = boxed(path)

    assert (opening.epsg, opening.crs_stated, opening.survey_epsg) == (epsg, stated is not None, epsg)
    assert (opening.format, opening.layer, opening.count, opening.encoding) == ("Shapefile", "地块", 1, "UTF-8")
    assert row.survey_epsg == epsg
    assert row.survey_area_m2 == pytest.approx(453_482.7897, abs=0.01)  # the check value of the standard's formula
    assert row.shape is not None
    back = from_storage(np.array([row.shape], dtype=object), epsg)[0]
    assert shapely.hausdorff_distance(back, parcel) < 1e-5


def test_a_file_in_a_plane_without_a_survey_formula_is_measured_in_degrees(tmp_path: Path) -> None:
    mercator = from_storage(np.array([SQUARE], dtype=object), 3857)[0]
    layout = Layout("a", (Column("n", "integer"),), epsg=3857)
    write([({"n": 1}, mercator)], tmp_path / "a.gpkg", layout)

    opening, (row,) = boxed(tmp_path / "a.gpkg")

    assert (opening.epsg, opening.survey_epsg, row.survey_epsg) == (3857, 4490, 4490)
    assert row.survey_area_m2 == pytest.approx(1_106_351.03, abs=0.01)


def test_points_and_lines_have_no_area(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [115.3, 26.3]}
    line = {"type": "LineString", "coordinates": [[115.3, 26.3], [115.4, 26.4]]}

    _, rows = boxed(geojson(tmp_path / "a.geojson", point, line))

    assert [(row.shape.geom_type, row.survey_area_m2) for row in rows if row.shape] == [
        ("Point", None),
        ("MultiLineString", None),
    ]


def test_rows_come_in_batches_in_order_and_none_is_lost(tmp_path: Path) -> None:
    with sandbox.read(many(tmp_path / "a.geojson", 1234), box=COUNTY) as reading:
        batches = list(reading.batches)

    assert len(batches) > 2
    assert [row.number for batch in batches for row in batch] == list(range(1, 1235))
    assert [row.attributes["n"] for batch in batches for row in batch] == list(range(1234))


def test_a_reading_left_in_the_middle_leaves_no_process_and_no_folder(tmp_path: Path, scratch: Path) -> None:
    with sandbox.read(many(tmp_path / "a.geojson", 20_000), box=COUNTY) as reading:
        next(reading.batches)
        assert len(list(scratch.iterdir())) == 1

    gc.collect()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_an_error_of_the_caller_passes_through_and_cleans_up(tmp_path: Path) -> None:
    def divide(batch: list[Row]) -> float:
        return len(batch) / 0

    with sandbox.read(many(tmp_path / "a.geojson", 2000), box=COUNTY) as reading, pytest.raises(ZeroDivisionError):
        divide(next(reading.batches))


def test_too_little_memory_is_a_refusal_that_names_the_limit(tmp_path: Path) -> None:
    long = polygon([[115.3 + 1e-7 * n, 26.3] for n in range(600_000)] + [[115.37, 26.4], [115.3, 26.3]])
    path = geojson(tmp_path / "a.geojson", long)

    refusal = refused(path, limits=Limits(memory_bytes=300 * 1024**2))

    assert (refusal.id, refusal.values["most"]) == ("sandbox.memory", 300)


def test_too_much_computing_is_a_refusal_that_names_the_limit(tmp_path: Path) -> None:
    path = many(tmp_path / "a.geojson", 60_000)

    refusal = refused(path, limits=Limits(cpu_s=1, wall_s=60))

    assert (refusal.id, refusal.values["most"]) == ("sandbox.cpu", 1)


def test_too_long_a_wait_is_a_refusal_that_names_the_limit(tmp_path: Path) -> None:
    # A pipe that nobody writes to is the file that never comes to an end.
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        endless = Path(folder) / "a.geojson"
        os.mkfifo(endless)

        refusal = refused(endless, limits=Limits(wall_s=2))

    assert (refusal.id, refusal.values["most"]) == ("sandbox.wall", 2)


def test_two_files_are_read_at_once_from_two_threads(tmp_path: Path) -> None:
    path = many(tmp_path / "a.geojson", 1000)
    counted: list[int] = []
    threads = [threading.Thread(target=lambda: counted.append(len(boxed(path)[1]))) for _ in range(2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counted == [1000, 1000]


def test_the_child_sees_nothing_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_shapefile(tmp_path, "a", names=["横柏"])
    monkeypatch.setenv("SHAPE_ENCODING", "ASCII")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")

    assert boxed(path)[1][0].attributes == {"NAME": "横柏"}


def test_a_layer_asked_for_by_a_wrong_name_is_refused_with_those_there_are(tmp_path: Path) -> None:
    refusal = refused(many(tmp_path / "a.geojson", 1), layer="b")

    assert (refusal.id, refusal.values["layers"]) == ("file.no_such_layer", "a(?)")


ROW = Row(
    number=7,
    attributes={
        "text": "横柏",
        "none": None,
        "true": True,
        "number": 2**60,
        "real": 0.1,
        "day": date(2026, 11, 23),
        "at": datetime(2026, 11, 23, 8, 15, tzinfo=timezone(timedelta(hours=8))),
        "hour": time(8, 15, 0, 5),
        "bytes": b"\x00\xff",
    },
    shape=shapely.MultiPolygon([SQUARE]),
    survey_area_m2=1_106_351.0306,
    survey_epsg=4490,
    notes=(Note("shape.mended", {"x": "1", "before_m2": 0.5}),),
    refusal=None,
)
GONE = Row(8, {}, None, None, None, (), Note("shape.missing"))
OPENING = Opening("GeoJSON", "a", (), None, (Column("n", "integer"),), None, 4490, "CGCS2000", False, 4490, ())


def frames() -> bytes:
    stream = BytesIO()
    for answer in (OPENING, [ROW, GONE], None):
        wire.send(stream, answer)
    return stream.getvalue()


def received(sent: bytes) -> list[wire.Answer]:
    stream = BytesIO(sent)

    def exactly(size: int) -> bytes:
        read = stream.read(size)
        if len(read) < size:
            raise EOFError
        return read

    return list(wire.receive(exactly))


def test_what_is_sent_in_frames_is_received() -> None:
    assert received(frames()) == [OPENING, [ROW, GONE]]


def test_a_refusal_in_a_frame_is_raised_with_its_values() -> None:
    stream = BytesIO()
    wire.send(stream, GeoRefusal("crs.swapped", x="1", y="2"))

    with pytest.raises(GeoRefusal) as refused_:
        received(stream.getvalue())

    assert (refused_.value.id, refused_.value.values) == ("crs.swapped", {"x": "1", "y": "2"})


@given(at=st.integers(0, 400), byte=st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_a_garbled_frame_is_known_as_such_or_harmless(at: int, byte: int) -> None:
    sent = bytearray(frames())
    sent[at % len(sent)] = byte

    try:
        answers = received(bytes(sent))
    except (wire.Garbled, EOFError, GeoRefusal):
        return
    assert all(isinstance(answer, Opening | list) for answer in answers)


def test_a_frame_larger_than_any_of_ours_is_not_waited_for() -> None:
    with pytest.raises(wire.Garbled):
        received(b"B\xff\xff\xff\xff\x00\x00\x00\x00")


def test_a_json_head_that_is_no_row_is_garbled() -> None:
    head = json.dumps([["x"]]).encode()

    with pytest.raises(wire.Garbled):
        received(b"B" + len(head).to_bytes(4, "big") + bytes(4) + head)
