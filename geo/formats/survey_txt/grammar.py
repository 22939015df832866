"""The lines of a coordinate file, as offices really write them. Pure: a line in, a value out.

parcel  n, area in 公顷, id, name, 面|线|点, sheet, use, land class, …, @
point   number, ring, X north, Y east
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from geo.formats.values import Column, Scalar, shown
from geo.refusal import Note

Figure = Literal["面", "线", "点"]

COLUMNS = (
    Column("界址点数", "integer"),
    Column("面积(公顷)", "real"),
    Column("地块编号", "text"),
    Column("地块名称", "text"),
    Column("图形属性", "text"),
    Column("图幅号", "text"),
    Column("地块用途", "text"),
    Column("地类编码", "text"),
    Column("其他属性", "text"),
)

_FIGURES: dict[str, Figure] = {"面": "面", "多边形": "面", "线": "线", "点": "点"}
_POSITIONS = ("地上", "地下", "地表")
"""Above or below ground, which some tools put where the land class belongs."""

_AREA = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(公顷|hm2|ha|亩|平方米|m2)?", re.IGNORECASE)
_M2 = {"公顷": 10_000.0, "hm2": 10_000.0, "ha": 10_000.0, "亩": 10_000.0 / 15, "平方米": 1.0, "m2": 1.0}
_FARTHEST = 1e9


@dataclass(frozen=True)
class ParcelLine:
    """What stands above a parcel's points. line: 0 when there was no such line."""

    line: int = 0
    attributes: dict[str, Scalar] = field(default_factory=lambda: {column.name: None for column in COLUMNS})
    figure: Figure = "面"
    declared_m2: float | None = None
    notes: tuple[Note, ...] = ()


def section(text: str) -> bool:
    """Whether a line is a heading such as [属性描述] or 【地块坐标】."""
    return text.startswith(("[", "【"))


def entry(text: str) -> tuple[str, str] | None:
    """Key and value of a line of the header; None for any other line."""
    key, equals, value = text.replace("＝", "=").partition("=")
    return (key.strip(), value.strip()) if equals and key.strip() else None


def parcel(line: int, text: str) -> ParcelLine | None:
    """The line that opens a parcel, which ends in @; None for any other line."""
    body = text.rstrip(",， \t").replace("＠", "@")
    if not body.endswith("@"):
        return None
    fields = _fields(body.removesuffix("@"))
    at = _figure_at(fields) or min(4, len(fields))
    count, area, code, name = _leading(fields[:at])
    declared, notes = _declared(line, area)
    hm2 = None if declared is None else round(declared / 10_000, 8)
    number = int(count) if count.isdecimal() and len(count) < 10 else None
    values: tuple[Scalar, ...] = (number, hm2, code, name, *_trailing(fields[at:]))
    attributes = {column.name: value or None for column, value in zip(COLUMNS, values, strict=True)}
    return ParcelLine(line, attributes, _FIGURES.get(str(attributes["图形属性"]), "面"), declared, notes)


def point(text: str) -> tuple[str, float, float] | None:
    """Ring, first and second coordinate of a point's line, both finite; None for a line that is none."""
    fields = _divided(text)
    if len(fields) == 3:
        fields.insert(1, "")
    return _point(fields, text)


def numbered_point(text: str) -> tuple[str, float, float] | None:
    """As `point`, of a line that has a ring number too."""
    fields = _divided(text)
    return _point(fields, text) if len(fields) == 4 else None


def _point(fields: list[str], text: str) -> tuple[str, float, float] | None:
    if len(fields) < 4 or "_" in text:
        return None
    try:
        first, second = float(fields[2]), float(fields[3])
    except ValueError:
        return None
    finite = abs(first) < _FARTHEST and abs(second) < _FARTHEST  # Never so for NaN.
    return (fields[1].strip(), first, second) if finite else None


def _divided(text: str) -> list[str]:
    """The fields of a line: at commas, and where there is none, at blanks and tabs."""
    if "，" in text:
        text = text.replace("，", ",")
    return text.split(",") if "," in text else text.split()


def _fields(body: str) -> list[str]:
    """Divided at commas; at full-width ones too, unless that tears a name apart. At tabs where there is no comma."""
    if "\t" in body and "," not in body:
        body = body.replace("\t", ",")
    plain = [part.strip() for part in body.split(",")]
    if "，" not in body or _figure_at(plain) is not None:
        return _without_last_empty(plain)
    return _without_last_empty([part.strip() for part in body.replace("，", ",").split(",")])


def _without_last_empty(fields: list[str]) -> list[str]:
    """The comma before @ leaves an empty field at the end."""
    return fields[:-1] if fields and not fields[-1] else fields


def _figure_at(fields: list[str]) -> int | None:
    return next((n for n, value in enumerate(fields) if n >= 2 and value in _FIGURES), None)


def _leading(fields: list[str]) -> tuple[str, str, str, str]:
    """Count, area, id and name from what stands before the figure: the area may come first, the count be missing."""
    if len(fields) > 4:
        fields = [*fields[:3], ",".join(fields[3:])]
    if len(fields) == 4:
        first, second, code, name = fields
        return (second, first, code, name) if _is_area(first) and not _is_area(second) else (first, second, code, name)
    first, code, name, *_ = [*fields, "", "", ""]
    return ("", first, code, name) if _is_area(first) else (first, "", code, name)


def _trailing(fields: list[str]) -> tuple[str, str, str, str, str]:
    """Figure, sheet, use, land class and whatever else stands there, as it stands."""
    figure, sheet, use, land_class, *rest = [*fields, "", "", "", ""]
    if land_class in _POSITIONS:
        land_class, rest = "", [land_class, *rest]
    return figure, sheet, use, land_class, ",".join(rest).strip(",")


def _is_area(text: str) -> bool:
    return bool(text) and not text.isdecimal() and _AREA.fullmatch(_narrow(text)) is not None


def _declared(line: int, text: str) -> tuple[float | None, tuple[Note, ...]]:
    """The area in m², None when it is left open; what cannot be read as one is said."""
    if not text or text in ("/", "-"):
        return None, ()
    found = _AREA.fullmatch(_narrow(text))
    if found is None:
        return None, (Note("survey_txt.area_unread", {"line": line, "text": shown(text, 40)}),)
    value = float(found[1]) * _M2[(found[2] or "公顷").lower()]
    return (value or None), ()


def _narrow(text: str) -> str:
    """Full-width digits and ㎡ as plain ones."""
    return unicodedata.normalize("NFKC", text).strip()
