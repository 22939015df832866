"""The worked example of a survey coordinate file (勘测定界界址点坐标), and the short way to read its variants."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo import reading
from geo.declared import Agreement
from geo.formats.values import Bounds
from geo.reading import Opening, Row
from tests.geo.craft import COUNTY

HEADER = """[属性描述]
格式版本号=1.01
数据产生单位=兴国县自然资源局
数据产生日期=2026-11-23
坐标系=2000国家大地坐标系
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号=38
精度=0.001
转换参数=,,,,,,
[地块坐标]
"""
PARCEL = "11,45.3483,1,测试图斑1,面,,生态修复,,@\n"
OUTER = """J1,1,2914100.000,38634790.000
J2,1,2914912.345,38634825.678
J3,1,2914890.500,38635430.250
J4,1,2914410.125,38635445.750
J5,1,2914059.400,38635090.000
J1,1,2914100.000,38634790.000
"""
HOLE = """J6,2,2914400.000,38634990.000
J7,2,2914400.000,38635090.000
J8,2,2914520.000,38635090.000
J9,2,2914520.000,38634990.000
J6,2,2914400.000,38634990.000
"""
EXAMPLE = HEADER + PARCEL + OUTER + HOLE
OUTER_M2, HOLE_M2, NET_M2 = 465_477.3884, 11_994.5988, 453_482.7897
"""By the formula of TD/T 1055 with edges cut to 70 m; geodesics cut as finely (GeographicLib) give 453 482.786."""
PLANE_M2 = 453_687.1094

AGREEMENT = Agreement(hm2=0.0001, share=0.001)


def written(path: Path, text: str, encoding: str = "gbk") -> Path:
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    return path


def rows_of(tmp_path: Path, text: str, encoding: str = "gbk") -> tuple[Opening, list[Row]]:
    """Read in this process, declared areas compared."""
    path = written(tmp_path / "地块.txt", text, encoding)
    (tmp_path / "work").mkdir(exist_ok=True)
    for old in (tmp_path / "work").iterdir():
        old.unlink()
    job = reading.Job(path, tmp_path / "work", COUNTY, 2.0, None, Bounds(), AGREEMENT)
    opening, *batches = list(reading.read(job))
    assert isinstance(opening, Opening)
    return opening, [row for batch in batches if not isinstance(batch, Opening) for row in batch]


def only(tmp_path: Path, text: str, encoding: str = "gbk") -> Row:
    _, (row,) = rows_of(tmp_path, text, encoding)
    assert row.refusal is None, row.refusal
    return row


def said(row: Row) -> list[str]:
    return [note.id for note in row.notes]


def is_the_example(row: Row) -> bool:
    return row.survey_area_m2 == pytest.approx(NET_M2, abs=2e-3)
