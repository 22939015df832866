"""The other control layers (其他管控要素) in one table: farmland, urban boundary, water sources, mining rights, ..."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described


class Control(SurveyedLayer, Base):
    """One polygon of one kind of control. A kind of which no row is loaded counts as not checked, never as clear."""

    __tablename__ = "controls"
    zh, en = "管控要素", "control zones"
    natural_key = ("kind", "code")

    kind: Mapped[str] = described("管控类型", "kind of control", exchange="GKLX", codes="control-kind")
    grade: Mapped[str | None] = described("管控级别", "grade within the kind", exchange="GKJB", codes="control-grade")
    holder: Mapped[str | None] = described("权利人或管理单位", "holder or managing body", exchange="GLDW")
    document: Mapped[str | None] = described("依据文件", "document or licence number", exchange="PZWH")
    in_force_from: Mapped[date | None] = described("有效期起", "in force from", exchange="YXQQ")
    in_force_to: Mapped[date | None] = described("有效期止", "in force to, that day included", exchange="YXQZ")
