"""Values that somebody stated for a year: announced from above, reported by a department, or set by the city.

Rows are only ever added; history.sql refuses the rest. Of a subject, year and series the row known last stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    Text,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from layers.ground.base import Base
from layers.ground.journal import Change

SERIES = ("announced", "reported", "assigned")
"""公布值, from above: it alone meets a rate's target. 填报值, by a department. 市下达: the number of a target."""


class Stated(Base):
    """One value as it was stated, by whom, in which document, on which day."""

    __tablename__ = "stated"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    change: Mapped[int] = mapped_column(BigInteger, ForeignKey(Change.id), server_default="0", index=True)
    """This transaction's own; the trigger writes it."""
    series: Mapped[str] = mapped_column(Text, comment="系列 / announced, reported or assigned")
    plan: Mapped[str | None] = mapped_column(Text, comment="方案 / plan of the target; empty: the subject is a rate")
    subject: Mapped[str] = mapped_column(Text, comment="指标或目标 / id of a rate, or of a target of the plan")
    year: Mapped[int] = mapped_column(SmallInteger, comment="年度 / year the value is of")
    value: Mapped[Decimal | None] = mapped_column(
        Numeric, comment="数值，按原样 / as written, with its decimals; empty: what was stated before is withdrawn"
    )
    unit: Mapped[str] = mapped_column(Text, comment="单位 / unit")
    body: Mapped[str] = mapped_column(Text, comment="发布或填报机关 / body that stated it")
    document: Mapped[str] = mapped_column(Text, comment="文号或文件名 / document")
    stated_on: Mapped[date] = mapped_column(Date, comment="发布或填报日期 / day on which it was stated")
    note: Mapped[str | None] = mapped_column(Text, comment="说明 / note")
    made_up: Mapped[bool] = mapped_column(server_default="false", comment="虚构样例 / made up")

    __table_args__ = (
        CheckConstraint(f"series in {SERIES}", name="series"),
        CheckConstraint("year between 1949 and 2999", name="year"),
        CheckConstraint("value not in ('NaN', 'Infinity', '-Infinity')", name="value_finite"),
        CheckConstraint("stated_on between '1949-10-01' and '2999-12-31'", name="stated_on"),
        CheckConstraint("plan is not null or series <> 'assigned'", name="rate_not_assigned"),
        Index("stated_subject", "plan", "subject", "year"),
        {"schema": "records"},
    )


def standing(session: Session) -> Sequence[Stated]:
    """What stands of every subject, year and series, as the session sees it; what was withdrawn is not there.

    In a session of the past: as known at its change, of what had been stated by its day. This transaction's own rows
    count as known last. Ordered by plan (rates first), subject, series and year.
    """
    return session.scalars(select(Stated).from_statement(_STANDING)).all()


def told(session: Session) -> Sequence[tuple[Stated, Change]]:
    """Every statement that the session sees, replaced and withdrawn ones too, with its change; as they were told."""
    known = (func.coalesce(Change.no, 0) <= func.journal.past_no(), Stated.stated_on <= func.journal.past_on())
    found = select(Stated, Change).join(Change, Change.id == Stated.change).where(*known)
    return [(said, change) for said, change in session.execute(found.order_by(Change.no.nulls_last(), Stated.id))]


_STANDING = text("""
    select * from (
        select distinct on (s.plan, s.subject, s.series, s.year) s.*
          from records.stated s join journal.changes c on c.id = s.change
         where (c.no is null or c.no <= journal.past_no()) and s.stated_on <= journal.past_on()
         order by s.plan, s.subject, s.series, s.year, c.no desc nulls first, s.id desc
    ) newest
     where value is not null
     order by plan nulls first, subject, series, year
""").columns(*Stated.__table__.columns)
