"""Land-class patches (地类图斑) of the land survey and its yearly updates."""

from __future__ import annotations

from sqlalchemy import Numeric, SmallInteger, String
from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described

_AREA = Numeric(15, 2, asdecimal=False)


class LandClass(SurveyedLayer, Base):
    """A land-class patch of the layer DLTB.

    The survey area minus the deducted area is the class area (TBDLMJ = TBMJ - KCMJ, KCMJ = TBMJ * KCXS).
    """

    __tablename__ = "landclass"
    zh, en = "地类图斑", "land-class patches"

    patch_number: Mapped[str | None] = described("图斑编号", "patch number", exchange="TBBH", see="TD/T 1057")
    land_class: Mapped[str] = described(
        "地类编码",
        "land class; a trailing letter marks a subclass, classes compare on the first four places",
        exchange="DLBM",
        codes="landclass-1055",
        see="TD/T 1055-2019",
        type_=String(5),
    )
    land_class_system: Mapped[str] = described(
        "地类分类标准",
        "classification system of the land class: 0303 means two things in two of them",
        exchange="DLFLBZ",
        codes="land-class-systems",
        default="landclass-1055",
        server_default="landclass-1055",
    )
    land_class_name: Mapped[str | None] = described("地类名称", "land class in words", exchange="DLMC")
    tenure: Mapped[str | None] = described("权属性质", "nature of the tenure", exchange="QSXZ")
    owner_code: Mapped[str | None] = described("权属单位代码", "code of the owner", exchange="QSDWDM")
    owner: Mapped[str | None] = described("权属单位名称", "owner", exchange="QSDWMC")
    place_code: Mapped[str | None] = described(
        "坐落单位代码", "code of the place, 19 digits, the first 12 the village", exchange="ZLDWDM"
    )
    place: Mapped[str | None] = described("坐落单位名称", "place", exchange="ZLDWMC")
    deducted_class: Mapped[str | None] = described(
        "扣除地类编码", "land class deducted", exchange="KCDLBM", codes="landclass-1055", type_=String(5)
    )
    deducted_share: Mapped[float | None] = described(
        "扣除地类系数", "share deducted", exchange="KCXS", unit="0–1", type_=Numeric(6, 4, asdecimal=False)
    )
    deducted_area_m2: Mapped[float | None] = described(
        "扣除地类面积", "area deducted", exchange="KCMJ", unit="m²", type_=_AREA
    )
    class_area_m2: Mapped[float | None] = described(
        "图斑地类面积", "area of the land class itself", exchange="TBDLMJ", unit="m²", type_=_AREA
    )
    field_slope: Mapped[str | None] = described("耕地坡度级别", "slope class of cropland", exchange="GDPDJB")
    detail: Mapped[str | None] = described("图斑细化代码", "detail code", exchange="TBXHDM")
    planting: Mapped[str | None] = described("种植属性代码", "planting attribute", exchange="ZZSXDM")
    urban: Mapped[str | None] = described("城镇村属性码", "town or village attribute", exchange="CZCSXM")
    year: Mapped[int | None] = described("数据年份", "year of the data", exchange="SJNF", type_=SmallInteger)
    remarks: Mapped[str | None] = described("备注", "remarks", exchange="BZ")
