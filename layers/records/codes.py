"""The codes of the classification systems as rows, so that QGIS and SQL have value lists to join."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, SmallInteger, delete, insert
from sqlalchemy.orm import Mapped, mapped_column

from data import facts
from layers.ground.base import Base


class CodeRow(Base):
    """One code of one system, copied from data/standards at set-up; the files stay the truth."""

    __tablename__ = "codes"
    __table_args__ = {"schema": "records"}  # noqa: RUF012 -- SQLAlchemy reads it as it stands

    system: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(SmallInteger, comment="次序 / order within the system")
    zh: Mapped[str]
    en: Mapped[str]
    source: Mapped[str] = mapped_column(comment="来源 / standard or text it comes from")
    clause: Mapped[str | None]
    in_force_from: Mapped[date | None]
    in_force_to: Mapped[date | None]
    confirmed: Mapped[bool] = mapped_column(comment="已证实 / found in a published text")
    note: Mapped[str | None]


def rows() -> Iterator[dict[str, Any]]:
    """Every code of every system, as values for CodeRow."""
    for system in facts.systems().values():
        for rank, code in enumerate(system.codes.values(), start=1):
            yield _row(system, code, rank)


def load(connection: Connection) -> None:
    """Make the table say what data/standards says."""
    connection.execute(delete(CodeRow))
    connection.execute(insert(CodeRow), list(rows()))


def _row(system: facts.CodeSystem, code: facts.Code, rank: int) -> dict[str, Any]:
    return {
        "system": system.id,
        "code": code.code,
        "rank": rank,
        "zh": code.zh,
        "en": code.en,
        "source": system.source,
        "clause": system.clause,
        "in_force_from": system.in_force_from,
        "in_force_to": system.in_force_to,
        "confirmed": code.confirmed,
        "note": code.note or system.note,
    }
