"""What the site says of itself: which data it gives, how exactly, from whom, and what it does not show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from data.releasing import PublicLayer, limits, public_layers
from layers.ground.layer import catalogue, fields, layer_named
from pipelines.publish.pages.tables import Cell, Table, cells, columns
from pipelines.publish.pages.wording import Words

_NOT_FACTS = frozenset({"made_up"})
"""Columns that say something of a row and not of the ground."""


@dataclass(frozen=True)
class Download:
    """A file of open data that the publication holds beside its pages."""

    path: str
    """From the root, such as data/mines.csv."""
    words: str
    """The id of the text that says what it holds."""
    size: int
    """In bytes."""


def downloads(files: Sequence[Download], t: Words) -> Table:
    """The files by their order, each a link."""
    rows = [
        cells(Cell(t(of.words), file=of.path), PurePosixPath(of.path).suffix[1:].upper(), _size(of.size, t))
        for of in files
    ]
    named = columns((t(f"public.{head}") for head in ("holds", "format", "size")), numeric=(2,))
    return Table("files", t("public.files_caption", n=len(rows)), named, rows)


def _size(size: int, t: Words) -> str:
    return f"{t.number(max(size / 1000, 0.1), 1)} kB"


def exactness(t: Words) -> Table:
    """How exactly things may be told, and by whose word."""
    rows = []
    for limit in limits().values():
        confirmed = t("public.confirmed" if limit.confirmed else "public.unconfirmed")
        rows.append(cells(t.limit(limit), Cell(limit.source, chinese=True), confirmed))
    named = columns(t(f"public.{head}") for head in ("limit", "source", "standing"))
    return Table("limits", t("public.limits_caption"), named, rows)


def sources(t: Words) -> Table:
    """Every layer that is told of: who provides it, what becomes of its shapes, and which of its columns stay."""
    rows = [_source(layer, t) for layer in public_layers().values()]
    named = columns((t(f"public.{head}") for head in ("layer", "provided_by", "shapes", "kept_back")), wide=(3,))
    return Table("sources", t("public.sources_caption"), named, rows)


def _source(layer: PublicLayer, t: Words) -> list[Cell]:
    return cells(
        _layer(layer.layer, t), layer.provider(t.lang), t(f"public.shape_{layer.shape}"), t.joined(_kept_back(layer, t))
    )


def _kept_back(layer: PublicLayer, t: Words) -> list[str]:
    """The columns of a layer that stay in the house, by their names."""
    known = fields(layer_named(layer.layer))
    return [t.column(layer.layer, name) for name in known if name not in layer.columns and name not in _NOT_FACTS]


def unshown(t: Words) -> list[str]:
    """The layers of which nothing is told, by their names."""
    names = (str(layer.__tablename__) for layer in catalogue())
    return [_layer(name, t) for name in names if name not in public_layers()]


def _layer(name: str, t: Words) -> str:
    return t.of(layer_named(name))
