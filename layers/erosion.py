"""Soil-erosion patches (水土流失图斑) of the yearly monitoring."""

from __future__ import annotations

from sqlalchemy import Numeric, SmallInteger
from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described


class ErosionPatch(SurveyedLayer, Base):
    """A patch of one erosion intensity in one year's dynamic monitoring; slight (微度) does not count as loss."""

    __tablename__ = "erosion"
    zh, en = "水土流失图斑", "soil-erosion patches"
    natural_key = ("year", "code")

    year: Mapped[int] = described("监测年度", "year of the monitoring", exchange="JCND", type_=SmallInteger)
    kind: Mapped[str | None] = described("侵蚀类型", "kind of erosion", exchange="QSLX", codes="erosion-kind")
    intensity: Mapped[str] = described(
        "侵蚀强度", "intensity", exchange="QSQD", codes="erosion-intensity", see="SL 190-2007"
    )
    modulus: Mapped[float | None] = described(
        "侵蚀模数",
        "soil loss",
        exchange="QSMS",
        unit="t/(km²·a)",
        see="SL 190-2007",
        type_=Numeric(9, 1, asdecimal=False),
    )
    slope: Mapped[str | None] = described("坡度级", "slope class", exchange="PO_DU", codes="slope-class")
    cover: Mapped[float | None] = described(
        "林草盖度", "plant cover", exchange="LCGD", unit="%", type_=Numeric(5, 2, asdecimal=False)
    )
    township: Mapped[str | None] = described("乡镇", "township code, 9 digits", exchange="XIANG", codes="townships")
    watershed: Mapped[str | None] = described("小流域代码", "code of the small watershed", exchange="XLYDM")
    measure: Mapped[str | None] = described("治理措施", "measure of control", exchange="ZLCS")
