"""Monitoring sections (监测断面) of rivers, with the station that reports from there."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import Layer, described


class Section(Layer, Base):
    """A monitoring section: a point on a river, its target class, and how its station reports."""

    __tablename__ = "sections"
    zh, en = "监测断面", "monitoring sections"
    shape_kind: ClassVar[str] = "POINT"

    code: Mapped[str] = described("断面编码", "code", exchange="DMBM")
    name: Mapped[str | None] = described("断面名称", "name", exchange="DMMC")
    river: Mapped[str | None] = described("所在河流", "river", exchange="HLMC")
    township: Mapped[str | None] = described("乡镇", "township code, 9 digits", exchange="XIANG", codes="townships")
    watershed: Mapped[str | None] = described("小流域代码", "code of the small watershed", exchange="XLYDM")
    level: Mapped[str | None] = described(
        "断面级别", "level at which it is assessed; empty: not known", exchange="DMJB", codes="section-level"
    )
    target_class: Mapped[str | None] = described(
        "水质目标", "target class", exchange="SZMB", codes="water-class", see="GB 3838-2002"
    )
    station_mn: Mapped[str | None] = described("设备唯一标识", "station number MN", exchange="MN", see="HJ 212")
    unit: Mapped[str | None] = described(
        "重金属上报单位", "unit in which the station sends heavy metals", exchange="SBDW", codes="concentration-unit"
    )
    cycle_h: Mapped[int | None] = described(
        "监测周期", "expected cycle of the station", exchange="JCZQ", unit="h", type_=SmallInteger
    )
    position_note: Mapped[str | None] = described("位置说明", "how its position is known", exchange="WZSM")
