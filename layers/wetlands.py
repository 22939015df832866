"""Wetlands and micro-wetlands (湿地、小微湿地) in one table."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Numeric
from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described


class Wetland(SurveyedLayer, Base):
    """A wetland patch; a micro-wetland is one below 8 hm² that is managed as such (GB/T 42481-2023).

    stage, planned_on and done_on belong to restoration projects and are empty elsewhere.
    """

    __tablename__ = "wetlands"
    zh, en = "湿地", "wetlands"

    township: Mapped[str | None] = described("乡镇", "township code, 9 digits", exchange="XIANG", codes="townships")
    kind: Mapped[str | None] = described(
        "湿地型", "wetland type", exchange="SDX", codes="wetland-type", see="GB/T 24708-2009"
    )
    baseline: Mapped[str | None] = described(
        "调查口径", "survey in which it counts as wetland", exchange="DCKJ", codes="wetland-baseline"
    )
    area_hm2: Mapped[float | None] = described(
        "面积", "area as recorded", exchange="MIAN_JI", unit="hm²", type_=Numeric(12, 4, asdecimal=False)
    )
    protection_form: Mapped[str | None] = described(
        "湿地保护形式", "form of protection; empty: not protected", exchange="BHDSX", codes="wetland-protection"
    )
    protected_area: Mapped[str | None] = described(
        "自然保护地", "code of the protected area it lies in", exchange="BHDDM"
    )
    grade: Mapped[str | None] = described("湿地管理分级", "grade", exchange="SD_DJ", codes="wetland-grade")
    important_name: Mapped[str | None] = described("重要湿地名称", "name of the important wetland", exchange="ZYSD_BM")
    use: Mapped[str | None] = described("湿地利用方式", "use", exchange="SDLYFS")
    threat: Mapped[str | None] = described("受威胁状况", "threats", exchange="SDWXZK")
    micro: Mapped[bool] = described(
        "小微湿地",
        "managed as a micro-wetland",
        exchange="SFXWSD",
        see="GB/T 42481-2023",
        default=False,
        server_default="false",
    )
    restoration: Mapped[str | None] = described("修复模式", "mode of restoration", exchange="XFMS")
    stage: Mapped[str | None] = described("建设阶段", "stage of the project", exchange="JSJD", codes="wetland-stage")
    planned_on: Mapped[date | None] = described("计划完成日期", "planned completion", exchange="JHWCRQ")
    done_on: Mapped[date | None] = described("实际完成日期", "completed", exchange="SJWCRQ")
    remarks: Mapped[str | None] = described("备注", "remarks", exchange="BZ")
