"""What every exchange format is read as, and written from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Literal

from shapely.geometry.base import BaseGeometry

from geo.refusal import Note

Scalar = str | int | float | bool | date | datetime | time | bytes | None
Kind = Literal["text", "integer", "real", "boolean", "date", "time", "datetime", "bytes"]


@dataclass(frozen=True)
class Column:
    """An attribute of a layer. width: characters of a text, digits of a number; None where the format has none."""

    name: str
    kind: Kind
    width: int | None = None


@dataclass(frozen=True)
class LayerListed:
    """A layer that a file holds. count: None when counting would mean reading it through."""

    name: str
    count: int | None
    geometry: str


@dataclass(frozen=True)
class Contents:
    """What a reader says of a file before its first feature. stated_crs: WKT, URN or code, None when it says none."""

    format: str
    layer: str
    layers: tuple[LayerListed, ...]
    count: int | None
    columns: tuple[Column, ...]
    encoding: str | None
    stated_crs: str | None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class Feature:
    """A row as it stands in the file. number: from 1. refusal: why its shape could not be read. notes: what is odd.

    declared_m2: the area that the format itself says the shape has, where it says one. gcj02: whether the format itself
    says that the shape is in GCJ-02, None where it says nothing.
    """

    number: int
    attributes: dict[str, Scalar]
    shape: BaseGeometry | None
    refusal: Note | None = None
    notes: tuple[Note, ...] = ()
    declared_m2: float | None = None
    gcj02: bool | None = None


@dataclass(frozen=True)
class Source:
    """A file, or folder, under a name of ours, and the name the sender knows it by."""

    path: Path
    name: str


Opened = AbstractContextManager[tuple[Contents, Iterator[Feature]]]


@dataclass(frozen=True)
class Bounds:
    """What one feature and one archive may hold."""

    vertices: int = 1_000_000
    entries: int = 10_000
    unpacked_bytes: int = 6 * 1024**3
    ratio: int = 100


@dataclass(frozen=True)
class Format:
    """An exchange format: its name, its file endings, how its first bytes are known, and its reader."""

    name: str
    endings: tuple[str, ...]
    sniff: Callable[[Path], bool]
    open: Callable[[Source, str | None, Bounds], Opened]


def shown(name: str, longest: int = 80) -> str:
    """A name from outside, fit to be printed: without control characters, its middle left out when it is long."""
    clean = "".join(c if c.isprintable() else "�" for c in name)
    half = longest // 2
    return clean if len(clean) <= longest else f"{clean[:half]}…{clean[-half + 1 :]}"
