"""What files brought: each batch, the rows of it that were refused, and what each source sent of a feature."""

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
    """Null when the file changed no layer: it held only refused rows, or what stood there already."""
    layer: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    epsg: Mapped[int] = mapped_column(Integer)
    """The CRS the file was read in; its refused rows go out in it again."""
    stated: Mapped[dict[str, str]] = mapped_column(JSONB)
    fixed: Mapped[dict[str, str]] = mapped_column(JSONB)
    """How attributes were matched, beyond their names, and what was set for every row: a continuation keeps it."""
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
    """What a source sent of a feature in one batch. Its newest that was not undone is the base of its next file.

    Never rewritten, so that what a file brought can be undone and the one before counts again.
    """

    __tablename__ = "sent"

    layer: Mapped[str] = mapped_column(Text, primary_key=True)
    feature: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    batch: Mapped[int] = mapped_column(BigInteger, ForeignKey(Batch.id), primary_key=True)
    over: Mapped[int | None] = mapped_column(BigInteger)
    """The version that the row said it was made over."""
    values: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """The columns that the file held but the shape; null when a replacing file ended the feature."""
    shape: Mapped[BaseGeometry | None] = mapped_column(Shape("GEOMETRY"))

    __table_args__ = ({"schema": "records"},)
