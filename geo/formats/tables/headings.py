"""Which column of a coordinate table is which, by the words of its heading."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, cast

from geo.formats.values import Scalar

Role = Literal["x", "y", "north", "east", "parcel", "ring", "point", "number", "beside", "wkt"]

_BRACKETS = re.compile(r"[(\[【][^)\]】]*[)\]】]")
_NOISE = re.compile(r"[\W_]+")
_UNIT = re.compile(r"(?<=.)(米|度|m)$")


def roles_of(cells: Sequence[Scalar]) -> dict[Role, int]:
    """The columns that a row of headings names; the first of two that are called alike."""
    found: dict[Role, int] = {}
    for at, cell in enumerate(cells):
        role = _role(cell) if isinstance(cell, str) else None
        if role is not None:
            found.setdefault(role, at)
    return found


def places(roles: dict[Role, int]) -> bool:
    """Whether they are enough to place a row by."""
    return "wkt" in roles or {"x", "y"} <= roles.keys() or {"north", "east"} <= roles.keys()


def _role(cell: str) -> Role | None:
    """A heading as it stands, without what is in brackets, without its unit: the first that is known."""
    text = unicodedata.normalize("NFKC", cell).casefold()
    for written in (_BRACKETS.sub("", text), text):
        plain = _NOISE.sub("", written)
        for word in (plain, _UNIT.sub("", plain)):
            if word in _words():
                return _words()[word]
    return None


@cache
def _words() -> dict[str, Role]:
    listed = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {word: cast(Role, role) for role, words in listed.items() for word in words}
