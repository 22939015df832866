"""How progress and plans are judged: data/standards/plan.toml as frozen values. What a rule does is code of its id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

from data import facts
from data.texts import Lang


@dataclass(frozen=True)
class Rule:
    """One sentence of the rule of colours, with the numbers that its words name."""

    id: str
    zh: str
    en: str
    source: str
    confirmed: bool
    settings: Mapping[str, Any]

    def __getitem__(self, name: str) -> Decimal:
        """One of its numbers."""
        return Decimal(self.settings[name])

    def said(self, lang: Lang) -> str:
        """Its words with its numbers."""
        return (self.zh if lang == "zh" else self.en).format_map(self.settings)


@dataclass(frozen=True)
class Done:
    """The stage of a system from which on something counts as done."""

    system: str
    stage: str
    source: str
    confirmed: bool

    def includes(self, stage: str | None) -> bool:
        """Whether it is reached at a stage; not at one that is not stated or not of the system."""
        order = list(facts.system(self.system).codes)
        return stage in order and order.index(stage) >= order.index(self.stage)


@cache
def rules() -> Mapping[str, Rule]:
    """The rules by id, in the order in which they are printed."""
    return MappingProxyType({row["id"]: _rule(row) for row in _standing("judging")})


@cache
def entering() -> Rule:
    """What a value may be when it is entered."""
    return _rule(*_standing("entering"))


@cache
def done(system: str) -> Done:
    """From which stage of a system on something counts as done. Raises FactsRefusal where it is not said."""
    known = {row["system"]: Done(**row) for row in _standing("done")}
    if system not in known:
        raise facts.FactsRefusal("facts.no_done", system=system, known=", ".join(known))
    return known[system]


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(**{"settings": {}} | dict(row))


def _standing(kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = facts.read(facts.DATA / "standards" / "plan.toml", parse_float=Decimal)[kind]
    return found
