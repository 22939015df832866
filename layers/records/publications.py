"""Publications: drafts by their hash, the release decisions that were made on them, reviews, and what was switched on.

Rows are only ever added; history.sql refuses the rest. Each row carries the login that wrote it, which nobody chooses.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, ForeignKey, Identity, Integer, Text, func
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from layers.ground.base import Base

_SHA256 = "'^[0-9a-f]{64}$'"


class Signed:
    """Who wrote a row and when: the trigger writes both, whatever was sent."""

    @declared_attr
    def number(cls) -> Mapped[int]:  # noqa: N805 -- SQLAlchemy hands the class in
        return mapped_column(BigInteger, Identity(always=True), primary_key=True, sort_order=-1)

    @declared_attr
    def login(cls) -> Mapped[str]:  # noqa: N805 -- as above
        return mapped_column(Text, server_default=func.session_user(), comment="数据库登录名 / database login")

    @declared_attr
    def at(cls) -> Mapped[datetime]:  # noqa: N805 -- as above
        return mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp(), comment="时间 / when")


class Draft(Signed, Base):
    """A publication as it would go out, all maps in it, marked as not released."""

    __tablename__ = "drafts"

    no: Mapped[int] = mapped_column(BigInteger, comment="变更号 / the last change it knows")
    on: Mapped[date] = mapped_column(Date, comment="日期 / the day it is true on")
    plan: Mapped[str] = mapped_column(Text, comment="方案 / plan")
    hash: Mapped[str] = mapped_column(Text, unique=True, comment="送审稿的 SHA-256 / of the draft's manifest")
    manifest: Mapped[str] = mapped_column(Text, comment="清单 / the manifest")
    files: Mapped[int] = mapped_column(Integer, comment="文件数 / files")
    made_up: Mapped[bool] = mapped_column(comment="虚构样例 / made up")

    __table_args__ = (
        CheckConstraint(f"hash ~ {_SHA256}", name="hash"),
        CheckConstraint("hash = encode(sha256(convert_to(manifest, 'UTF8')), 'hex')", name="manifest"),
        {"schema": "records"},
    )


class Release(Signed, Base):
    """A release decision: what allows the maps of one draft, and of no other, to be shown to the public."""

    __tablename__ = "releases"

    hash: Mapped[str] = mapped_column(Text, index=True, comment="送审稿的 SHA-256 / of the draft it was made on")
    secrecy_no: Mapped[str] = mapped_column(Text, comment="保密审查文号 / number of the secrecy review")
    approval_no: Mapped[str] = mapped_column(Text, comment="审图号 / map approval number")
    approver: Mapped[str] = mapped_column(Text, comment="批准人 / approver")
    decided_on: Mapped[date] = mapped_column(Date, comment="批准日期 / day of the decision")
    expires_on: Mapped[date] = mapped_column(Date, comment="有效期止，含当日 / last day it holds")
    note: Mapped[str | None] = mapped_column(Text, comment="说明 / note")

    __table_args__ = (
        CheckConstraint(f"hash ~ {_SHA256}", name="hash"),
        CheckConstraint("expires_on >= decided_on", name="expires_on"),
        *(CheckConstraint(f"btrim({c}) <> ''", name=c) for c in ("secrecy_no", "approval_no", "approver")),
        {"schema": "records"},
    )


class Review(Signed, Base):
    """What a second person found of a draft. The trigger refuses the login that made it."""

    __tablename__ = "reviews"

    draft: Mapped[int] = mapped_column(BigInteger, ForeignKey(Draft.number), index=True)
    accepted: Mapped[bool] = mapped_column(comment="同意 / accepted")
    note: Mapped[str | None] = mapped_column(Text, comment="意见 / what was found")

    __table_args__ = ({"schema": "records"},)


class Switch(Signed, Base):
    """What the public was shown from then on: the site made of a draft under a decision, or without one."""

    __tablename__ = "switches"

    draft: Mapped[int] = mapped_column(BigInteger, ForeignKey(Draft.number), index=True)
    release: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey(Release.number), comment="发布批准 / the decision; empty: tables alone"
    )
    hash: Mapped[str] = mapped_column(Text, comment="站点的 SHA-256 / of the site's manifest")
    back: Mapped[bool] = mapped_column(comment="回退 / a rollback to an earlier one")

    __table_args__ = (CheckConstraint(f"hash ~ {_SHA256}", name="hash"), {"schema": "records"})
