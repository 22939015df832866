"""The journal's tables. The triggers in history.sql alone write versions and a change's number and time."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.ground.base import Base, Shape

KINDS = ("real", "boundary", "correction", "method")
"""Why a number moved: the ground, a line, a mistake, or the way of counting. Null: not stated."""

DOORS = ("qgis", "sql", "web", "import", "field", "undo", "cli", "demo")


class Change(Base):
    """One committed transaction on the layers: who, when, through which door, why, and true from which day."""

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    no: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    """Its place in the order of commits, from 1, without gaps; null until commit."""
    at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was committed; rises with no."""
    person: Mapped[str] = mapped_column(Text)
    door: Mapped[str] = mapped_column(Text)
    kind: Mapped[str | None] = mapped_column(Text)
    effective_on: Mapped[date | None] = mapped_column(Date)
    """The day from which it is true; the day of the commit, in the county's time, unless it was stated."""
    note: Mapped[str | None] = mapped_column(Text)
    undoes: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("journal.changes.id"))

    __table_args__ = (
        CheckConstraint(f"kind in {KINDS}", name="kind"),
        CheckConstraint(f"door in {DOORS}", name="door"),
        CheckConstraint(
            "(no is null) = (at is null) and (no is null or effective_on is not null)", name="stamped_whole"
        ),
        Index("changes_unstamped", "id", postgresql_where=text("at is null")),
        Index("changes_at", "at"),
        {"schema": "journal"},
    )


class Version(Base):
    """A replaced row, or the end of a feature: what stood at (id, version), and the change that made it so."""

    __tablename__ = "versions"

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    change: Mapped[int] = mapped_column(BigInteger, ForeignKey("journal.changes.id"), index=True)
    """The change that brought this version about (not the one that replaced it)."""
    row: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The columns without the shape; null for the end of a feature."""
    shape: Mapped[BaseGeometry | None] = mapped_column(Shape("GEOMETRY"))
    gone: Mapped[bool] = mapped_column(server_default="false")

    __table_args__ = (
        CheckConstraint("gone = (row is null)", name="row_unless_gone"),
        Index("versions_ended", "layer", "id", postgresql_where=text("gone")),
        {"schema": "journal"},
    )


class InboxItem(Base):
    """One field of an edit that could not land: three values, and what somebody decided."""

    __tablename__ = "inbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    change: Mapped[int] = mapped_column(BigInteger, ForeignKey("journal.changes.id"), index=True)
    layer: Mapped[str] = mapped_column(Text)
    feature: Mapped[uuid.UUID] = mapped_column(Uuid)
    field: Mapped[str] = mapped_column(Text)
    """A column, or `*` for the feature as a whole when one side ended it."""
    base: Mapped[Any | None] = mapped_column(JSONB)
    theirs: Mapped[Any | None] = mapped_column(JSONB)
    mine: Mapped[Any | None] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text, server_default="open")
    decided_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("journal.changes.id"))

    __table_args__ = (
        CheckConstraint("state in ('open', 'taken', 'left')", name="state"),
        Index("inbox_open", "layer", "feature", postgresql_where=text("state = 'open'")),
        {"schema": "journal"},
    )


class Cursor(Base):
    """How far a follower has read the journal."""

    __tablename__ = "cursors"

    follower: Mapped[str] = mapped_column(Text, primary_key=True)
    upto: Mapped[int] = mapped_column(BigInteger, server_default="0")
    moved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = ({"schema": "journal"},)
