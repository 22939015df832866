"""From an honest file to a broken one, the same one for the same seed: pure, bytes in and bytes out."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from random import Random

from tests.fuzz.honest import packed

Mutation = Callable[[bytearray, Random], bytearray]

_HEAD = 512
_TEXTS = (".txt", ".csv", ".json", ".geojson", ".kml", ".ovkml", ".dxf", ".xml", ".prj", ".cpg")
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_WORD = re.compile(rb"[A-Za-z]{2,}")
_EXTREMES = [
    *b"NaN Infinity -inf 1e308 -1e308 1e999 0 -0 -1 180 90.01 2147483648 9223372036854775808 1.2.3 0x10 1_0".split(),
    *b"115.3 38634790 634790 2914100 26.3 true null =1+1 #REF! 115\xc2\xb061' \xef\xbc\x91\xef\xbc\x92".split(),
    *(b"", b"9" * 400, b"0." + b"0" * 400 + b"1", b'"26.3"'),
]
_INSERTED = [
    *(b"\x00", b"\x1b[2J", b"\xff\xfe", b"\xef\xbb\xbf", b"\xd0\xd5", b"\xe2\x80\xae", b"\r", b"\n\n", b"\t"),
    *(b",,,", b"@", b"]]>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<![CDATA[", b"&b;", b'"', b"'", b";", b"\\", b"%s%n"),
    *(b"]" * 40, b"[" * 2000, b"{" * 2000, b"../../", b"/vsicurl/http://127.0.0.1:9/a", b"file:///etc/passwd"),
    "杉木".encode("gbk"),
]
_INTEGERS = [0, 1, -1, 127, 255, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1]
_REALS = [float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, 0.0]


def mutated(content: bytes, ending: str, random: Random) -> bytes:
    """One to four mutations; those of a zip mostly fall on its members."""
    if zipfile.is_zipfile(io.BytesIO(content)) and random.random() < 0.75:
        return _member_mutated(content, random)
    held = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 4))):
        held = random.choice(_ANY + (_TEXT if ending in _TEXTS else _BINARY))(held, random)
    return bytes(held)


def _member_mutated(content: bytes, random: Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(random.randint(1, 2)):
        name = random.choice(list(members))
        what = random.random()
        if what < 0.1:
            members.pop(name)
        elif what < 0.2:
            members[name + random.choice((".txt", ".zip", "/", "x", ".shp", ".gdb/a"))] = members[name]
        else:
            members[name] = mutated(members[name], "." + name.rpartition(".")[2], random)
        if not members:
            break
    return packed(members)


def _place(held: bytearray, random: Random) -> int:
    """Anywhere, and half of the time near the beginning, where the structure is."""
    return random.randrange(min(len(held), _HEAD) if random.random() < 0.5 else len(held)) if held else 0


def _span(held: bytearray, random: Random) -> tuple[int, int]:
    start = _place(held, random)
    return start, min(len(held), start + random.choice((1, 4, 16, 64, 512, 4096)))


def _flip(held: bytearray, random: Random) -> bytearray:
    for _ in range(random.randint(1, 16) if held else 0):
        held[_place(held, random)] ^= 1 << random.randrange(8)
    return held


def _randomise(held: bytearray, random: Random) -> bytearray:
    start, end = _span(held, random)
    held[start:end] = random.choice((random.randbytes(end - start), bytes(end - start), b"\xff" * (end - start)))
    return held


def _cut(held: bytearray, random: Random) -> bytearray:
    return held[: _place(held, random)]


def _remove(held: bytearray, random: Random) -> bytearray:
    start, end = _span(held, random)
    del held[start:end]
    return held


def _double(held: bytearray, random: Random) -> bytearray:
    start, end = _span(held, random)
    held[start:start] = held[start:end] * random.choice((1, 2, 50))
    return held


def _integer(held: bytearray, random: Random) -> bytearray:
    code = random.choice("BHIQ")
    value = random.choice(_INTEGERS) % 256 ** struct.calcsize(code)
    return _over(held, struct.pack(random.choice("<>") + code, value), random)


def _real(held: bytearray, random: Random) -> bytearray:
    return _over(held, struct.pack(random.choice("<>") + "d", random.choice(_REALS)), random)


def _over(held: bytearray, patch: bytes, random: Random) -> bytearray:
    at = _place(held, random) // 4 * 4 + random.choice((0, 0, 0, 1))
    held[at : at + len(patch)] = patch
    return held


def _extreme(held: bytearray, random: Random) -> bytearray:
    return _replaced(held, _NUMBER, random.choice(_EXTREMES), random)


def _other_word(held: bytearray, random: Random) -> bytearray:
    words = [found[0] for found in _WORD.finditer(held)] or [b"a"]
    return _replaced(held, _WORD, bytes(random.choice(words)), random)


def _replaced(held: bytearray, pattern: re.Pattern[bytes], by: bytes, random: Random) -> bytearray:
    found = list(pattern.finditer(held))
    if found:
        start, end = random.choice(found).span()
        held[start:end] = by
    return held


def _insert(held: bytearray, random: Random) -> bytearray:
    at = _place(held, random)
    held[at:at] = random.choice(_INSERTED)
    return held


def _lines(held: bytearray, random: Random) -> bytearray:
    """A line left out, doubled, many times over, exchanged with another, or without one of its fields."""
    lines = held.split(b"\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at:at] = [lines[at]] * 1000
        case 3:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            fields = lines[at].split(b",")
            del fields[random.randrange(len(fields))]
            lines[at] = bytearray(b",".join(fields))
    return bytearray(b"\n".join(lines))


def _recoded(held: bytearray, random: Random) -> bytearray:
    text = held.decode("utf-8", "replace")
    return bytearray(text.encode(random.choice(("utf-16", "utf-16-be", "gbk", "utf-8-sig", "utf-32")), "replace"))


_ANY: tuple[Mutation, ...] = (_flip, _randomise, _cut, _remove, _double)
_BINARY: tuple[Mutation, ...] = (_integer, _integer, _real, _flip)
_TEXT: tuple[Mutation, ...] = (_extreme, _extreme, _extreme, _other_word, _insert, _lines, _lines, _recoded)
