"""Ecological protection red lines (生态保护红线)."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described


class Redline(SurveyedLayer, Base):
    """One polygon of the red line: a zone, what it is protected for, and how strictly.

    The official field list of the layer STBHHX could not be confirmed; the exchange names are those in common use.
    """

    __tablename__ = "redlines"
    zh, en = "生态保护红线", "ecological protection red lines"

    zone: Mapped[str | None] = described("红线片区", "zone of the red line", exchange="HXMC")
    function: Mapped[str | None] = described(
        "主导功能", "dominant ecological function", exchange="GNLX", codes="redline-function"
    )
    control: Mapped[str | None] = described(
        "管控分区",
        "core protection, general control, or red line outside protected areas",
        exchange="GKFQ",
        codes="redline-control",
        see="自然资发〔2022〕142号",
    )
    protected_area: Mapped[str | None] = described("自然保护地名称", "protected area it lies in", exchange="BHDMC")
    document: Mapped[str | None] = described("批准文件", "document that drew it", exchange="PZWH")
    in_force_from: Mapped[date | None] = described("有效期起", "in force from", exchange="YXQQ")
    in_force_to: Mapped[date | None] = described("有效期止", "in force to, that day included", exchange="YXQZ")
