"""What files brought: each batch, the rows of it that were refused, and what a source sent last of each feature."""

from __future__ import annotations

import uuid
from typing import Any

from shapely.geometry.base import BaseGeometry
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.ground.base import Base, Shape
from layers.ground.journal import Change

MODES = ("revise", "add", "replace")


class Batch(Base):
    """One file that landed as one change; `continues` is the batch whose refused rows it brings again."""

    __tablename__ = "batches"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    change: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Change.id))
    """Null when the file held nothing new but refused rows."""
    layer: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    continues: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("records.batches.id"))

    __table_args__ = (CheckConstraint(f"mode in {MODES}", name="mode"), {"schema": "records"})


class RefusedRow(Base):
    """A row of a batch that did not land, as the file gave it, until a continuation brings it in."""

    __tablename__ = "refused_rows"

    batch: Mapped[int] = mapped_column(BigInteger, ForeignKey(Batch.id), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    shape: Mapped[BaseGeometry | None] = mapped_column(Shape("GEOMETRY"))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    landed_in: Mapped[int | None] = mapped_column(BigInteger, ForeignKey(Batch.id))

    __table_args__ = ({"schema": "records"},)


class Sent(Base):
    """What a source sent last of a feature: the base over which its next file is merged."""

    __tablename__ = "sent"

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    feature: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    values: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """The columns that the file held, the shape among them, as to_json writes them."""

    __table_args__ = ({"schema": "records"},)
