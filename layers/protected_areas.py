"""Protected areas (自然保护地): reserves, nature parks, wetland parks and small conservation plots."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described


class ProtectedArea(SurveyedLayer, Base):
    """One protected area, or one control zone of it where the zones are drawn apart."""

    __tablename__ = "protected_areas"
    zh, en = "自然保护地", "protected areas"

    kind: Mapped[str] = described("保护地类型", "kind", exchange="BHDLX", codes="protected-area-kind")
    grade: Mapped[str | None] = described("保护地级别", "grade", exchange="BHDJB", codes="protected-area-grade")
    control: Mapped[str | None] = described(
        "管控分区", "core protection or general control zone", exchange="GKFQ", codes="protected-area-zone"
    )
    authority: Mapped[str | None] = described("管理机构", "managing body", exchange="GLJG")
    document: Mapped[str | None] = described("批准文件", "document that set it up", exchange="PZWH")
    in_force_from: Mapped[date | None] = described("有效期起", "in force from", exchange="YXQQ")
    in_force_to: Mapped[date | None] = described("有效期止", "in force to, that day included", exchange="YXQZ")
