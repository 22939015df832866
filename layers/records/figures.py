"""What was counted of each township: the ledger of figures from which the rates come, kept by a follower."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, Double, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.ground.base import Base


class Figure(Base):
    """What the features of a class come to in one figure of one township.

    Written by the follower alone: it may be emptied at any time, and is then counted anew.
    """

    __tablename__ = "figures"

    township: Mapped[str] = mapped_column(Text, primary_key=True, comment="乡镇代码 / township code")
    figure: Mapped[str] = mapped_column(
        Text, primary_key=True, comment="land, forest, protected-forest, wetland, protected-wetland, eroded, redline"
    )
    cls: Mapped[str] = mapped_column("class", Text, primary_key=True, comment="类别 / class; empty: none counts")
    m2: Mapped[float] = mapped_column(Double, comment="面积 / area counted, m²")
    removed_m2: Mapped[float] = mapped_column(Double, comment="重叠扣除 / area not counted again, m²")
    features: Mapped[int] = mapped_column(Integer, comment="图斑数 / features")
    made_up: Mapped[bool] = mapped_column(comment="虚构样例 / made up")
    account: Mapped[str] = mapped_column(Text, comment="账户 / what is counted together")
    basis: Mapped[str] = mapped_column(Text, comment="口径 / definition and layers it was counted by")
    counted_on: Mapped[date] = mapped_column(Date, comment="日期 / day on which zones had to be in force")

    __table_args__ = ({"schema": "records"},)
