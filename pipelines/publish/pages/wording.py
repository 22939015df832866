"""What a page says, in one language: texts by id, names of codes and columns, numbers, days and quarters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from data import facts
from data.releasing import Limit, limits
from data.texts import Lang, text, unit
from layers.ground.layer import Field, fields, layer_named
from pipelines.publish.public import Quarter, Released

ABSENT = "—"
_HTML: Mapping[Lang, str] = {"zh": "zh-CN", "en": "en"}
_DETAILS = re.compile(r"[;:]|, (?=\d|such as|in the|to which)")
"""Where the English description of a column goes on from its name; a list goes on too, and is a name still."""
_SIGNS = str.maketrans(",;()", "，；（）")
_HALF_WIDTH = re.compile(r"(?<=[\u4e00-\u9fff）》”])[,;(]|[,;](?=[\u4e00-\u9fff（《“])|\)")


@dataclass(frozen=True)
class Words:
    """The words of one language."""

    lang: Lang

    def __call__(self, id: str, **values: object) -> str:  # noqa: A002 -- as in Refusal
        """A text of data/words."""
        return text(id, self.lang, values)

    @property
    def html(self) -> str:
        """The language as HTML names it."""
        return _HTML[self.lang]

    def of(self, named: Any) -> str:
        """The name of what has one as `zh` and `en`: Chinese in Chinese punctuation, English with a capital."""
        if self.lang == "en":
            return _capital(named.en)
        return _HALF_WIDTH.sub(lambda sign: sign[0].translate(_SIGNS), named.zh)

    def limit(self, limit: Limit) -> str:
        """How exactly something may be told."""
        return self.of(limit).format(value=limit.value)

    def code(self, system: str, code: str | None) -> str:
        """The name of a code; what the system does not know stands as it is, nothing as a dash."""
        if code is None:
            return ABSENT
        known = facts.system(system)
        return self.of(known[code]) if code in known else code

    def day(self, day: date | None) -> str:
        if day is None:
            return ABSENT
        if self.lang == "zh":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {day:%B} {day.year}"

    def quarter(self, quarter: Quarter) -> str:
        year, number = quarter.label.split("Q")
        return self("public.quarter", year=year, number=number)

    def number(self, value: float | Decimal | None, decimals: int | None = None) -> str:
        """With separators; half up to so many decimals, else as it is, a whole number without any."""
        if value is None:
            return ABSENT
        exact = Decimal(int(value) if isinstance(value, float) and value.is_integer() else str(value))
        return f"{exact if decimals is None else exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):,}"

    def hm2(self, value: float | Decimal | None) -> str:
        """An area in hm², never more exact than areas may be told."""
        return self.number(value, limits()["hm2_decimals"].value)

    def joined(self, names: Iterable[str]) -> str:
        return ("、" if self.lang == "zh" else ", ").join(names)

    def column(self, layer: str, name: str) -> str:
        """What a column is called; of its English description what comes before the details."""
        return _DETAILS.split(self.of(field_of(layer, name)))[0]

    def value(self, feature: Released, name: str) -> str:
        """A column of a feature in words, with its unit; areas as they may be told."""
        field, value = field_of(feature.layer, name), feature.values[name]
        if value is None:
            return ABSENT
        if field.codes:
            return self.code(field.codes, str(value))
        if isinstance(value, date):
            return self.day(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._measured(value, field.unit or feature.values.get(f"{name}_unit"))
        return str(value)

    def _measured(self, value: float, written: str | None) -> str:
        said = self.hm2(value) if written == "hm²" else self.number(value)
        return f"{said} {self.unit(written)}".rstrip()

    def unit(self, written: str | None) -> str:
        """A unit as a reader of this language knows it."""
        return self("public.hm2") if written == "hm²" else unit(written or "", self.lang)


def field_of(layer: str, name: str) -> Field:
    """How a column describes itself."""
    return _fields(layer)[name]


@cache
def _fields(layer: str) -> Mapping[str, Field]:
    return fields(layer_named(layer))


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
