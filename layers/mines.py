"""Abandoned mines left by history (历史遗留废弃矿山) and their restoration."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Numeric, SmallInteger
from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described

_HM2 = Numeric(10, 4, asdecimal=False)


class Mine(SurveyedLayer, Base):
    """A mine patch of the national verification whose liable party is gone, so that government restores it."""

    __tablename__ = "mines"
    zh, en = "历史遗留废弃矿山", "abandoned mines"

    code: Mapped[str] = described("核查图斑编号", "number in the verified list", exchange="TBBH")
    township: Mapped[str | None] = described("乡镇", "township code, 9 digits", exchange="XIANG", codes="townships")
    mineral: Mapped[str | None] = described("矿种", "mineral", exchange="KZ")
    programme: Mapped[str | None] = described(
        "所属工程", "programme it belongs to, such as 画眉坳独立工矿区改造提升", exchange="SSGC"
    )
    subproject: Mapped[str | None] = described("子项目", "sub-project of the programme", exchange="ZXM")
    stage: Mapped[str | None] = described("修复阶段", "stage", exchange="XFJD", codes="mine-stage")
    method: Mapped[str | None] = described("修复方式", "method of restoration", exchange="XFFS", codes="mine-method")
    planned_on: Mapped[date | None] = described("计划完成日期", "planned completion", exchange="JHWCRQ")
    done_on: Mapped[date | None] = described("工程验收日期", "works accepted", exchange="GCYSRQ")
    closed_on: Mapped[date | None] = described("销号日期", "struck off the list", exchange="XHRQ")
    document: Mapped[str | None] = described("验收文件", "document of acceptance", exchange="YSWH")
    damaged_hm2: Mapped[float | None] = described(
        "损毁土地面积", "damaged land", exchange="SHMJ", unit="hm²", type_=_HM2
    )
    hazards_removed: Mapped[int | None] = described(
        "消除地质安全隐患点", "geological hazards removed", exchange="XCYHD", unit="处", type_=SmallInteger
    )
    slopes_hm2: Mapped[float | None] = described(
        "治理边坡与采坑面积", "slopes and pits treated", exchange="ZLBPCK", unit="hm²", type_=_HM2
    )
    cropland_added_hm2: Mapped[float | None] = described(
        "新增耕园地面积", "cropland and orchard gained", exchange="XZGYD", unit="hm²", type_=_HM2
    )
    green_added_hm2: Mapped[float | None] = described(
        "新增林草湿面积", "forest, grass and wetland gained", exchange="XZLCS", unit="hm²", type_=_HM2
    )
    remarks: Mapped[str | None] = described("备注", "remarks", exchange="BZ")
