"""Which encoding a text is in, told by what it gives when it is decoded strictly, portion by portion."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path

WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
CODECS = {"UTF-8": "utf-8-sig", "GB18030": "gb18030", "UTF-16": "utf-16"}

_CHUNK = 1024 * 1024
_CHINESE = re.compile("[\u4e00-\u9fff]")
_FOREIGN = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u07ff]")
"""Letters in two bytes of UTF-8, but not ° or ×."""

Decoded = Callable[[str], Iterator[str]]
"""The text in an encoding, in portions. Going through it raises UnicodeDecodeError where it is not in it."""


def likely(decoded: Decoded) -> tuple[str, str]:
    """UTF-8 and GB18030, the likelier first: 杉木 in GBK is valid UTF-8 too, of letters that no file here holds."""
    foreign = _holds(_FOREIGN, decoded("UTF-8")) and not _holds(_CHINESE, decoded("UTF-8"))
    looks_gbk = foreign and _holds(_CHINESE, decoded("GB18030"))
    return ("GB18030", "UTF-8") if looks_gbk else ("UTF-8", "GB18030")


def bears(text: Iterator[str]) -> bool:
    """Whether it decodes to its end."""
    try:
        for _ in text:
            pass
    except UnicodeDecodeError:
        return False
    return True


def _holds(wanted: re.Pattern[str], text: Iterator[str]) -> bool:
    """Whether it is there, before anything that cannot be decoded."""
    try:
        return any(wanted.search(portion) for portion in text)
    except UnicodeDecodeError:
        return False


def encoding_of(path: Path) -> tuple[str, bool]:
    """UTF-16 for a text file with its mark, else UTF-8 or GB18030; and whether the whole file is sound in it."""
    with path.open("rb") as file:
        wide = file.read(2).startswith(WIDE_MARKS)
    order = ("UTF-16",) if wide else likely(lambda encoding: portions(path, encoding))
    sound = [encoding for encoding in order if bears(portions(path, encoding))]
    return (sound or ["UTF-16" if wide else "GB18030"])[0], bool(sound)


def portions(path: Path, encoding: str) -> Iterator[str]:
    """A text file in portions, decoded strictly."""
    decoder = codecs.getincrementaldecoder(CODECS[encoding])("strict")
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)
