"""Checks that were stored, each under a short number: the result as it was told, and the files that it was told of.

Rows are only ever added; history.sql refuses the rest.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, Identity, Integer, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from layers.ground.base import Base


class StoredCheck(Base):
    """One file that was checked. `result` is the form of pipelines/paper/sheet, to the byte; the rest comes from it."""

    __tablename__ = "checks"

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), comment="时间 / when it was stored")
    person: Mapped[str] = mapped_column(Text, comment="人员 / who stored it")
    no: Mapped[int] = mapped_column(BigInteger, comment="变更号 / the last change that the check saw")
    in_force_on: Mapped[date] = mapped_column(Date, comment="界线以该日有效者为准 / lines in force on this day")
    file_name: Mapped[str] = mapped_column(Text, comment="文件 / file")
    sha256: Mapped[str] = mapped_column(Text, comment="文件的 SHA-256 / of the file")
    parcels: Mapped[int] = mapped_column(Integer, comment="地块数 / parcels")
    made_up: Mapped[bool] = mapped_column(comment="虚构样例 / made up")
    result: Mapped[str] = mapped_column(Text, comment="结果 / the result, as JSON")
    result_sha256: Mapped[str] = mapped_column(Text, comment="结果的 SHA-256 / of the result")

    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("result_sha256 = encode(sha256(convert_to(result, 'UTF8')), 'hex')", name="result_sha256"),
        {"schema": "records"},
    )


class KeptFile(Base):
    """The bytes of a file that was checked, once however often it was."""

    __tablename__ = "kept_files"

    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        CheckConstraint("sha256 = encode(sha256(content), 'hex')", name="sha256"),
        {"schema": "records"},
    )
