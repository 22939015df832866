"""Forest plots (小班) of the unified forest map."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described


class Plot(SurveyedLayer, Base):
    """A forest plot, 小班: the smallest stand that is surveyed and managed as one."""

    __tablename__ = "plots"
    zh, en = "森林小班", "forest plots"
    natural_key = ("township", "village", "compartment", "subcompartment")

    township: Mapped[str] = described("乡镇", "township code, 9 digits", exchange="XIANG")
    village: Mapped[str] = described("村", "village", exchange="CUN")
    compartment: Mapped[str] = described("林班", "compartment", exchange="LIN_BAN")
    subcompartment: Mapped[str] = described("小班号", "plot number", exchange="XIAO_BAN")
    land_class: Mapped[str] = described("地类", "land class", exchange="DI_LEI", codes="forest-2020")
