"""Townships (乡镇): the county's reporting units on the ground."""

from __future__ import annotations

from sqlalchemy import Numeric
from sqlalchemy.orm import Mapped

from layers.ground.base import Base
from layers.ground.layer import SurveyedLayer, described


class Township(SurveyedLayer, Base):
    """A township by its 9-digit administrative code; the economic development zone stands among them."""

    __tablename__ = "townships"
    zh, en = "乡镇", "townships"

    code: Mapped[str] = described("行政区代码", "administrative code, 9 digits", exchange="XZQDM")
    name: Mapped[str | None] = described("行政区名称", "name", exchange="XZQMC")
    pinyin: Mapped[str | None] = described("拼音", "name in pinyin", exchange="PINYIN")
    kind: Mapped[str | None] = described("类型", "town, township or zone", exchange="XZQLX", codes="township-kind")
    seat_lon: Mapped[float | None] = described(
        "驻地经度", "longitude of the seat", exchange="ZDJD", unit="°", type_=Numeric(8, 5, asdecimal=False)
    )
    seat_lat: Mapped[float | None] = described(
        "驻地纬度", "latitude of the seat", exchange="ZDWD", unit="°", type_=Numeric(7, 5, asdecimal=False)
    )
    official_area_m2: Mapped[float | None] = described(
        "公布土地面积",
        "land area as published, to which parts are adjusted; empty where none is published",
        exchange="GBMJ",
        unit="m²",
        type_=Numeric(16, 2, asdecimal=False),
    )
