"""What the command says: texts in the chosen language, tables, JSON, refusals and progress.

Answers go to standard output, everything said about the work to standard error, so that a pipe gets answers alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from enum import StrEnum
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table

from data.texts import Lang, text
from geo.refusal import Refusal


class Tongue(StrEnum):
    """Which languages a message is said in."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


_LANGS: dict[Tongue, Sequence[Lang]] = {Tongue.ZH: ("zh",), Tongue.EN: ("en",), Tongue.BOTH: ("zh", "en")}


@dataclass
class Voice:
    """The manner chosen on the command line."""

    tongue: Tongue = Tongue.BOTH
    as_json: bool = False

    @property
    def langs(self) -> Sequence[Lang]:
        return _LANGS[self.tongue]


voice = Voice()
_WIDE = 160
"""Columns where there is no terminal to ask."""
out = Console(soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)
err = Console(stderr=True, soft_wrap=True)


def spoken(id: str, /, **values: object) -> str:  # noqa: A002 -- as in Refusal
    """A text in the chosen language, or in both, Chinese first, a line each."""
    return "\n".join(text(id, lang, values) for lang in voice.langs)


def label(zh: str, en: str) -> str:
    """A short name, such as a column's, in the chosen language or both."""
    return {"zh": zh, "en": en}.get(voice.tongue.value, f"{zh} {en}")


def named(zh: str, en: str) -> str:
    """A name in the chosen language, or in both, a line each."""
    return {"zh": zh, "en": en}.get(voice.tongue.value, f"{zh}\n{en}")


def phrase(id: str, /, **values: object) -> str:  # noqa: A002 -- as in Refusal
    """As spoken, on one line."""
    return " ".join(text(id, lang, values) for lang in voice.langs)


def made_up(wanted: bool) -> dict[str, str]:
    """What a title says of made-up data: the values `made_up_zh` and `made_up_en` of its text, else empty."""
    return {f"made_up_{lang}": text("plan_table.made_up", lang) if wanted else "" for lang in ("zh", "en")}


def tell(id: str, /, **values: object) -> None:  # noqa: A002 -- as in Refusal
    """Say something about the work."""
    err.print(spoken(id, **values), markup=False, highlight=False)


def answer(value: Any, *tables: RenderableType) -> None:
    """Give the answer: JSON when asked for, else the tables."""
    if voice.as_json or not tables:
        said = json.dumps(value, ensure_ascii=False, default=_plain, indent=2)
        if out.is_terminal:
            out.print_json(said)
        else:
            out.file.write(f"{said}\n")  # colour is for eyes, and takes a minute at 30 MB
    else:
        out.print(*tables, sep="\n")


def answer_as(form: Callable[[], str], *tables: RenderableType) -> None:
    """Give an answer that has a form of its own as JSON: that, byte for byte, when asked for, else the tables."""
    if voice.as_json:
        out.file.write(form())
    else:
        out.print(*tables, sep="\n")


def refuse(refusal: Refusal) -> None:
    """Say no: in words, and as JSON on standard output when asked for."""
    if voice.as_json:
        said = {lang: text(refusal.id, lang, refusal.values) for lang in ("zh", "en")}
        answer({"refused": refusal.id, **said, "values": refusal.values})
    else:
        err.print(spoken(refusal.id, **refusal.values), style="red", markup=False, highlight=False)


def table(title: str, columns: Mapping[str, bool], rows: Iterable[Sequence[str]], *, below: str = "") -> Table:
    """A table; `columns` says of each heading whether it holds numbers, `below` what the reader must know of them."""
    drawn = Table(title=title, title_justify="left", caption=below or None, caption_justify="left")
    for heading, numeric in columns.items():
        # Fold, for the words of Chinese have no gaps and would lose their ends.
        drawn.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    return drawn


def below(drawn: Table, words: str) -> Table:
    """The table with words below it."""
    drawn.caption, drawn.caption_justify, drawn.caption_style = words, "left", "none"
    return drawn


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)
