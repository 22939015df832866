"""Project areas (生态工程): greening, tending, river and village belts, drawn as points, lines or polygons."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from sqlalchemy import Numeric, SmallInteger
from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import Layer, described


class Project(Layer, Base):
    """One project or part of one, tied to its task of the plan."""

    __tablename__ = "projects"
    zh, en = "生态工程", "project areas"
    shape_kind: ClassVar[str] = "GEOMETRY"

    code: Mapped[str] = described("项目编号", "code", exchange="XMBH")
    name: Mapped[str | None] = described("项目名称", "name", exchange="XMMC")
    kind: Mapped[str] = described("工程类型", "kind", exchange="GCLX", codes="project-kind")
    plan: Mapped[str | None] = described("所属方案", "plan it serves", exchange="SSFA")
    task: Mapped[int | None] = described("任务序号", "task number of the plan", exchange="RWXH", type_=SmallInteger)
    township: Mapped[str | None] = described("乡镇", "township code, 9 digits", exchange="XIANG", codes="townships")
    department: Mapped[str | None] = described("责任单位", "responsible department", exchange="ZRDW")
    stage: Mapped[str | None] = described("实施阶段", "stage", exchange="SSJD", codes="project-stage")
    planned_on: Mapped[date | None] = described("计划完成日期", "planned completion", exchange="JHWCRQ")
    done_on: Mapped[date | None] = described("实际完成日期", "completed", exchange="SJWCRQ")
    quantity: Mapped[float | None] = described(
        "工程量", "quantity of the works", exchange="GCL", type_=Numeric(14, 4, asdecimal=False)
    )
    quantity_unit: Mapped[str | None] = described("工程量单位", "unit of the quantity", exchange="GCLDW")
    cost_10k: Mapped[float | None] = described(
        "投资", "cost", exchange="TZ", unit="万元", type_=Numeric(12, 2, asdecimal=False)
    )
    document: Mapped[str | None] = described("批复文件", "document of approval", exchange="PFWH")
    remarks: Mapped[str | None] = described("备注", "remarks", exchange="BZ")
