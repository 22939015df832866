"""What the demo gives: steps, each one change, of rows, each the values of one feature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple

from pipelines.edits.stating import Statement

SOURCE = "示例数据,虚构 / made-up sample"
Kind = Literal["real", "boundary", "correction", "method"]


class Row(NamedTuple):
    """One feature of one step. A later row of the same natural key carries the columns that change, and its key."""

    layer: str
    values: dict[str, Any]
    gone: bool = False


@dataclass(frozen=True)
class Step:
    """One change, of rows or of stated values: true from `effective_on`; `kind` empty where it was not stated."""

    effective_on: date
    zh: str
    en: str
    kind: Kind | None
    rows: list[Row]
    stated: Sequence[Statement] = ()


@dataclass(frozen=True)
class Demo:
    """A county by its seed: the base first, then its past in the order in which it was entered."""

    seed: int
    steps: list[Step]

    def of(self, layer: str) -> list[dict[str, Any]]:
        """The rows of a layer as its base has them."""
        return [row.values for step in self.steps[:1] for row in step.rows if row.layer == layer]


def sample(layer: str, values: Mapping[str, Any]) -> Row:
    """A made-up feature."""
    return Row(layer, {"source": SOURCE, "made_up": True, **values})


def samples(layer: str, columns: Mapping[str, Iterable[Any]]) -> list[Row]:
    """Made-up features by column, every column of one length."""
    plain = [_plain(values) for values in columns.values()]
    return [sample(layer, dict(zip(columns, row, strict=True))) for row in zip(*plain, strict=True)]


def _plain(values: Any) -> Sequence[Any]:
    return values.tolist() if hasattr(values, "tolist") else list(values)
