"""Small watersheds (小流域), each with the one it drains into, and the ecologically clean ones among them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Numeric
from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described


class Watershed(SurveyedLayer, Base):
    """A small watershed; stage and dates belong to those built as ecologically clean ones and are empty elsewhere."""

    __tablename__ = "watersheds"
    zh, en = "小流域", "small watersheds"

    code: Mapped[str] = described("小流域代码", "code", exchange="XLYDM")
    name: Mapped[str | None] = described("小流域名称", "name", exchange="XLYMC")
    river: Mapped[str | None] = described("所属河流", "river", exchange="HLMC")
    downstream: Mapped[str | None] = described(
        "下游小流域代码", "code of the watershed it drains into; empty at the county's edge", exchange="XYDM"
    )
    township: Mapped[str | None] = described("乡镇", "township code, 9 digits", exchange="XIANG", codes="townships")
    stage: Mapped[str | None] = described(
        "建设阶段",
        "stage as an ecologically clean watershed",
        exchange="JSJD",
        codes="watershed-stage",
        see="SL/T 534-2023",
    )
    planned_on: Mapped[date | None] = described("计划完成日期", "planned completion", exchange="JHWCRQ")
    done_on: Mapped[date | None] = described("实际完成日期", "completed", exchange="SJWCRQ")
    eroded_hm2: Mapped[float | None] = described(
        "水土流失面积", "eroded area before", exchange="LSMJ", unit="hm²", type_=Numeric(10, 2, asdecimal=False)
    )
    treated_hm2: Mapped[float | None] = described(
        "综合治理面积", "area treated", exchange="ZLMJ", unit="hm²", type_=Numeric(10, 2, asdecimal=False)
    )
    rating: Mapped[float | None] = described(
        "评级得分",
        "score of the provincial rating",
        exchange="PJDF",
        unit="分",
        see="DB36/T 1344.2-2020",
        type_=Numeric(5, 1, asdecimal=False),
    )
    document: Mapped[str | None] = described("验收文件", "document of acceptance", exchange="YSWH")
