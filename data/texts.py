"""The texts of the program by id, Chinese and English, from data/words/*.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Lang = Literal["zh", "en"]

_WORDS = Path(__file__).parent / "words"


@cache
def texts() -> Mapping[str, Mapping[Lang, str]]:
    """Every text: id, such as `crs.ambiguous`, to its two languages. Raises ValueError when an id stands twice."""
    found: dict[str, Mapping[Lang, str]] = {}
    for file in sorted(_WORDS.glob("*.toml")):
        for area, entries in tomllib.loads(file.read_text("utf-8")).items():
            for name, pair in entries.items():
                key = f"{area}.{name}"
                if key in found:
                    raise ValueError(f"{key} stands twice, the second time in {file.name}")
                found[key] = MappingProxyType(pair)
    return MappingProxyType(found)


def text(id: str, lang: Lang, values: Mapping[str, object] | None = None) -> str:  # noqa: A002 -- as in Refusal
    """The text of an id with its values filled in. Raises KeyError for an id that has no text."""
    return texts()[id][lang].format_map(dict(values or {}))


def both(id: str, values: Mapping[str, object] | None = None) -> dict[Lang, str]:  # noqa: A002 -- as in Refusal
    """The text of an id in both languages. Raises KeyError for an id that has no text."""
    return {lang: text(id, lang, values) for lang in ("zh", "en")}


def unit(written: str, lang: Lang) -> str:
    """A unit as a language writes it; the counting words of Chinese have no English."""
    id_ = f"unit.{written}"
    return text(id_, lang) if id_ in texts() else written
