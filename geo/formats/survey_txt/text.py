"""A text file of unknown encoding as numbered lines, of which none is held that is too long to be honest."""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from pathlib import Path

from geo.formats.values import Source, shown
from geo.refusal import GeoRefusal

_CHUNK = 1024 * 1024
_HEAD = 4096
_LONGEST = 4096
_CHINESE = re.compile("[\u4e00-\u9fff]")
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]")
_BLANK = " \t\r\n\v\f\u00a0\u3000\ufeff\x1a"
_CODECS = {"UTF-8": "utf-8-sig", "GB18030": "gb18030", "UTF-16": "utf-16"}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_text(path: Path) -> bool:
    """Whether the head holds nothing that no text holds. UTF-16 passes, with its mark or without."""
    head = _head(path)
    return head.startswith(_WIDE_MARKS) or _is_unmarked_wide(head) or not _BINARY.search(head)


def encoding_of(source: Source) -> tuple[str, bool]:
    """UTF-8, GB18030 or UTF-16, and whether the whole file is sound in it.

    Raises GeoRefusal for UTF-16 without a mark: which way round its bytes stand would be a guess.
    """
    head = _head(source.path)
    if head.startswith(_WIDE_MARKS):
        return "UTF-16", _bears(source.path, "UTF-16")
    if _is_unmarked_wide(head):
        raise GeoRefusal("survey_txt.utf16", name=source.name)
    # 杉木 in GBK is valid UTF-8 too, of letters that no such file holds.
    looks_gbk = _is_chinese(source.path, "GB18030") and not _is_chinese(source.path, "UTF-8")
    order = ("GB18030", "UTF-8") if looks_gbk else ("UTF-8", "GB18030")
    return next(((encoding, True) for encoding in order if _bears(source.path, encoding)), ("GB18030", False))


def lines(source: Source, encoding: str) -> Generator[tuple[int, str], None, None]:
    """Line numbers from 1 and lines without the blanks around them; empty ones are left out.

    Raises GeoRefusal for a line longer than any of a coordinate file.
    """
    with source.path.open(encoding=_CODECS[encoding], errors="replace") as file:
        number = 0
        while line := file.readline(_LONGEST + 1):
            number += 1
            if len(line) > _LONGEST:
                raise GeoRefusal("survey_txt.long_line", name=source.name, line=number, text=shown(line, 40))
            if text := line.strip(_BLANK):
                yield number, text


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _is_unmarked_wide(head: bytes) -> bool:
    """Digits and commas in UTF-16 have a zero in every other byte, and no zero in the bytes between."""
    halves = head[0::2], head[1::2]
    most = [half.count(0) * 2 > len(half) > 0 for half in halves]
    return most[0] != most[1] and 0 in (half.count(0) for half in halves)


def _bears(path: Path, encoding: str) -> bool:
    try:
        for _ in _decoded(path, encoding):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _is_chinese(path: Path, encoding: str) -> bool:
    """Whether it holds a Chinese character in that encoding, before anything it cannot decode."""
    try:
        return any(_CHINESE.search(text) for text in _decoded(path, encoding))
    except UnicodeDecodeError:
        return False


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(_CODECS[encoding])("strict")
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)
