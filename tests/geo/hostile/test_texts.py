"""Hostile coordinate files beside the forty of `attacks.py`: each with its answer in words, and nothing left."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from data.texts import text as worded
from geo.refusal import GeoRefusal
from geo.sandbox import Bounds, Limits
from tests.geo.craft import boxed, refused, zipped
from tests.geo.formats.survey_txt import EXAMPLE, HEADER, OUTER, PARCEL, written
from tests.geo.hostile.making import circle

BLANKS = " " * 1_000_000

pytestmark = pytest.mark.usefixtures("in_under_five_seconds_with_nothing_left")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [20, 300, 100_000])
def test_noise_under_the_ending_txt_is_refused_in_words(tmp_path: Path, seed: int, size: int) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(random.Random(seed * size).randbytes(size))

    said = refused(path)

    assert said.id in {"file.not_what_it_says", "survey_txt.nothing", "survey_txt.long_line", "survey_txt.utf16"}
    assert worded(said.id, "zh", said.values)
    assert worded(said.id, "en", said.values)


@pytest.mark.parametrize(
    "head", [b"PK\x03\x04\x14\x00", b"SQLite format 3\x00", b"\x7fELF\x02\x01", b"%PDF-1.7\n\x00\x01"]
)
def test_another_kind_of_file_renamed_txt_is_refused(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(head + bytes(range(256)) * 20)

    assert refused(path).id == "file.not_what_it_says"


@pytest.mark.parametrize(
    "text",
    [
        "兴国县历史遗留废弃矿山说明\n一、概况\n",
        HEADER,
        "[属性描述]\n" * 1000,
        '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>\n',
        "\n" * 100_000,
    ],
    ids=["prose", "header alone", "headings alone", "VRT", "empty lines"],
)
def test_a_text_without_coordinates_is_refused_as_such(tmp_path: Path, text: str) -> None:
    assert refused(written(tmp_path / "a.txt", text)).id == "survey_txt.nothing"


@pytest.mark.parametrize(
    "text",
    [
        f"115.3{BLANKS}26.3\n115.31 26.3\n115.31 26.31\n",
        f"POINT{BLANKS}x",
        f"POINT (115.3{BLANKS}26.3)",
        f"SRID=4490;{BLANKS}POINT (115.3 26.3)",
        f"115°{BLANKS}x",
        "(" * 100_000,
        "[" * 100_000 + "115.3,26.3",
        "POINT(" * 20_000,
        "115.3,26.3;115.31,26.3;115.31,26.31\n" * 1_000,
    ],
    ids=[
        "positions",
        "WKT",
        "in WKT",
        "EWKT",
        "angle",
        "brackets",
        "square brackets",
        "WKT in WKT",
        "one ring a thousand times",
    ],
)
def test_a_text_made_to_be_slow_is_answered_in_time(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "a.txt", text, "utf-8")

    try:
        said = "read" if boxed(path)[1] else "nothing"
    except GeoRefusal as refusal:
        said = refusal.id

    assert said != "nothing"
    assert not said.startswith("sandbox.")


def test_a_parcel_just_within_the_bound_is_read_within_the_memory(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", HEADER + PARCEL.replace("45.3483", "") + circle(999_999))

    _, (row,) = boxed(path)

    assert row.refusal is None


def test_a_million_lines_without_a_parcel_line_do_not_pile_up(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "一行说明\n" * 1_000_000)

    assert refused(path).id == "survey_txt.nothing"


def test_a_line_of_ten_megabytes_is_refused_by_its_number(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", HEADER + PARCEL + "J1,1," + "9" * 10_000_000)

    said = refused(path)

    assert (said.id, said.values["line"]) == ("survey_txt.long_line", 14)


def test_the_bound_on_vertices_is_the_callers(tmp_path: Path) -> None:
    _, (row,) = boxed(written(tmp_path / "a.txt", EXAMPLE), limits=Limits(bounds=Bounds(vertices=10)))

    assert row.refusal is not None
    assert row.refusal.values == {"most": 10}


def test_two_thousand_rings_one_in_the_other_are_told_apart(tmp_path: Path) -> None:
    rings = "".join(
        f"J,{n},{2_914_000 + x},{38_634_000 + y}\n"
        for n, d in enumerate(np.linspace(1, 5_000, 2_000).round(3))
        for x, y in ((-d, -d), (d, -d), (d, d), (-d, d))
    )

    _, (row,) = boxed(written(tmp_path / "a.txt", HEADER + PARCEL.replace("45.3483", "") + rings))

    assert row.refusal is None
    assert row.shape is not None
    assert len(row.shape.geoms) == 1_000
    assert all(len(part.interiors) == 1 for part in row.shape.geoms)


@pytest.mark.parametrize(
    "code", ['=HYPERLINK("http://x")', "+init=/etc/passwd", "/etc/passwd", "http://127.0.0.1/a.prj"]
)
def test_a_header_that_names_something_else_as_its_system_is_refused(tmp_path: Path, code: str) -> None:
    path = written(tmp_path / "a.txt", EXAMPLE.replace("2000国家大地坐标系", code))

    said = refused(path)

    assert said.id == "crs.unreadable"


def test_a_bad_name_in_a_refusal_carries_no_control_characters(tmp_path: Path) -> None:
    late = HEADER + PARCEL + OUTER.rsplit("J1", 1)[0] + circle(200) + "\x07\x1b[31m坏行\n"

    _, (row,) = boxed(written(tmp_path / "a.txt", late))

    assert row.refusal is not None
    assert row.refusal.values["text"] == "\ufffd\ufffd[31m坏行"


def test_a_nested_archive_does_not_hide_behind_the_ending_txt(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", written(tmp_path / "地块.txt", EXAMPLE))
    inner.rename(tmp_path / "inner.txt")

    assert refused(zipped(tmp_path / "a.zip", tmp_path / "inner.txt")).id == "zip.nested"
