"""The values that every door speaks: an edit, the occasion on which it is made, and its receipt."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from geo.refusal import Note, Refusal


class EditRefusal(Refusal):
    """An edit, or a batch of them, that cannot land."""


@dataclass(frozen=True)
class Occasion:
    """Who makes a change, through which door, why, and from which day it is true."""

    person: str
    door: str
    kind: str | None = None
    effective_on: date | None = None
    note: str | None = None
    undoes: int | None = None


@dataclass(frozen=True)
class Edit:
    """What somebody wants a feature to be: a new one, some fields of one that is there, or its end.

    fields: column → value, the shape (shapely, EPSG:4490) among them.
    base: what the writer had before them: a version, or the values themselves; None: the feature as it stands.
    """

    layer: str
    id: uuid.UUID
    fields: Mapping[str, Any]
    base: int | Mapping[str, Any] | None = None
    gone: bool = False


class Outcome(StrEnum):
    """What became of an edit."""

    ADDED = "added"
    REVISED = "revised"
    ENDED = "ended"
    UNCHANGED = "unchanged"
    CONFLICTED = "conflicted"
    """What could be merged has landed; the rest waits in the inbox."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Receipt:
    """The answer to one edit."""

    edit: Edit
    outcome: Outcome
    version: int | None = None
    """The version at which the feature stands now; None when it does not."""
    reasons: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()
