"""How a rate is counted: what the law fixes, and what was chosen where the standards leave it open."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from hashlib import sha256

from data import facts, measuring
from data.measuring import Counted, Said

Code = tuple[str, str, str]
"""A rate, a classification system, and a code of it."""


@dataclass(frozen=True)
class Definition:
    """One permitted way to count every rate.

    choices: question → the option taken. codes: those that count, of all that are considered.
    """

    choices: Mapping[str, str]
    codes: frozenset[Code]

    def counted(self, rate: str, system: str) -> Mapping[str, Counted]:
        """The codes of a system that count in a rate, in the order of data/standards."""
        return self._tables.get((rate, system), {})

    @cached_property
    def _tables(self) -> Mapping[tuple[str, str], Mapping[str, Counted]]:
        tables: dict[tuple[str, str], dict[str, Counted]] = {}
        for counted in measuring.considered():
            if _code(counted) in self.codes:
                tables.setdefault((counted.rate, counted.system), {})[counted.code] = counted
        return tables

    @cached_property
    def fingerprint(self) -> str:
        """A short name that changes whenever anything is counted in another way."""
        facts_of = [c for c in measuring.considered() if _code(c) in self.codes]
        said = (sorted(self.choices.items()), facts_of, measuring.protection_forms())
        return sha256(repr(said).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Variant:
    """Another permitted definition, and in what it differs from the one in use."""

    figure: str
    """The figure that is counted otherwise."""
    difference: Said
    definition: Definition


@cache
def in_use() -> Definition:
    """The definition that data/standards/rates.toml chooses."""
    chosen = {choice.id: choice.chosen for choice in measuring.choices().values()}
    return Definition(chosen, frozenset(_code(c) for c in measuring.considered() if c.counts))


CODED: Mapping[str, str] = {
    "forest-coverage": "forest",
    "wetland-protection": "protected-wetland",
    "soil-conservation": "eroded",
}
"""The rates of which data/standards says which codes count, and the figure that the codes make up."""


def variants(figures: Collection[str]) -> Iterator[Variant]:
    """The other permitted definitions of figures: one question answered otherwise, one open code let in or left out."""
    used = in_use()
    for choice in measuring.choices().values():
        for option, said in choice.options.items():
            if choice.figure in figures and option != choice.chosen:
                difference = Said(f"{choice.zh}：{said.zh}", f"{choice.en}: {said.en}")
                yield Variant(choice.figure, difference, replace(used, choices={**used.choices, choice.id: option}))
    for counted in measuring.considered():
        if CODED[counted.rate] in figures and not counted.confirmed and _plays_a_part(used, counted):
            yield _toggled(used, counted)


def _plays_a_part(definition: Definition, counted: Counted) -> bool:
    """Whether the system of an open code is the one that forest is taken from."""
    by_survey = definition.choices["forest-source"] == "landclass"
    return counted.rate != "forest-coverage" or (counted.system == "landclass-1055") == by_survey


def _toggled(used: Definition, counted: Counted) -> Variant:
    code = facts.system(counted.system)[counted.code]
    zh, en = ("不计", "without") if _code(counted) in used.codes else ("计入", "with")
    said = Said(f"{zh}{code.zh}({counted.code})", f"{en} {code.en} ({counted.code})")
    return Variant(CODED[counted.rate], said, replace(used, codes=used.codes ^ {_code(counted)}))


def _code(counted: Counted) -> Code:
    return counted.rate, counted.system, counted.code
