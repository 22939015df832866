"""A text file of unknown encoding as numbered lines, of which none is held that is too long to be honest."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path

from geo.formats.encoding import CODECS, WIDE_MARKS
from geo.formats.values import Source, shown
from geo.refusal import GeoRefusal

_HEAD = 4096
_LONGEST = 4096
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]")
_BLANK = " \t\r\n\v\f\u00a0\u3000\ufeff\x1a"


def is_text(path: Path) -> bool:
    """Whether the head holds nothing that no text holds. UTF-16 passes, with its mark or without."""
    head = _head(path)
    return head.startswith(WIDE_MARKS) or _is_unmarked_wide(head) or not _BINARY.search(head)


def refuse_unmarked(source: Source) -> None:
    """Refuse UTF-16 without a mark: which way round its bytes stand would be a guess."""
    head = _head(source.path)
    if not head.startswith(WIDE_MARKS) and _is_unmarked_wide(head):
        raise GeoRefusal("survey_txt.utf16", name=source.name)


def lines(source: Source, encoding: str, *, longest: int = _LONGEST) -> Generator[tuple[int, str], None, None]:
    """Line numbers from 1 and lines without the blanks around them. Raises GeoRefusal for one longer than allowed."""
    with source.path.open(encoding=CODECS[encoding], errors="replace") as file:
        number = 0
        while line := file.readline(longest + 1):
            number += 1
            if len(line) > longest:
                raise GeoRefusal("survey_txt.long_line", name=source.name, line=number, text=shown(line, 40))
            yield number, line.strip(_BLANK)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _is_unmarked_wide(head: bytes) -> bool:
    """Digits and commas in UTF-16 have a zero in every other byte, and no zero in the bytes between."""
    halves = head[0::2], head[1::2]
    most = [half.count(0) * 2 > len(half) > 0 for half in halves]
    return most[0] != most[1] and 0 in (half.count(0) for half in halves)
