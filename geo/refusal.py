"""Refusal: the one way in which the program says no.

A refusal carries the id of a message and its values; the Chinese and English texts stand in data/words
and are joined at the door. Each package draws its own tree below it.

    Refusal
    ├── GeoRefusal       geo: a file, a CRS, a shape
    ├── FactsRefusal     data: a fact that is missing or does not parse
    ├── LayerRefusal     layers: the database, the journal, a moment
    ├── EditRefusal      pipelines: an edit, a batch, a rule
    └── DoorRefusal      web: what was typed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Note:
    """Something said about a row, an edit or a file: the id of a text of data/words and its values."""

    id: str
    values: Mapping[str, object] = field(default_factory=dict)


class Refusal(Exception):
    """No, with a reason: `id` names a text of data/words, `values` fill it."""

    def __init__(self, id: str, **values: object) -> None:  # noqa: A002 -- the word used everywhere else
        super().__init__(id, values)
        self.id = id
        self.values = values

    def __reduce__(self) -> tuple[Callable[..., Refusal], tuple[type[Refusal], str, dict[str, object]]]:
        return _again, (type(self), self.id, self.values)

    def __str__(self) -> str:
        return f"{self.id} {self.values}" if self.values else self.id


def _again(kind: type[Refusal], id: str, values: dict[str, object]) -> Refusal:  # noqa: A002 -- as above
    """A refusal that has travelled between processes."""
    return kind(id, **values)


class GeoRefusal(Refusal):
    """What geo/ cannot read, place or mend."""
