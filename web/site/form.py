"""A report's form as it comes in: multipart, read piece by piece, with no more of it kept than may be."""

from __future__ import annotations

import asyncio
import math
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from data import facts
from data.reporting import Limits, limits
from web.site.answers import Receive

if TYPE_CHECKING:  # it is nowhere else
    from python_multipart.multipart import MultipartCallbacks

FIELDS = ("place", "township", "lon", "lat", "words", "contact")
_PHOTO = "photo"
_SHORT = 40
"""Characters of a field that has no bound of its own."""
_BYTES_A_CHARACTER = 4
_SIGNS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_METRES_A_DEGREE = 100_000


@dataclass(frozen=True)
class Problem:
    """What is wrong with a form: the id of its text, the status it is answered with, the field it is about."""

    id: str
    status: int = 400
    field: str = ""


@dataclass
class Form:
    """What came in. problems: in the order found; cut: the client goes on sending, and is to be hung up."""

    typed: dict[str, str] = field(default_factory=dict)
    photo: bytes | None = None
    problems: list[Problem] = field(default_factory=list)
    cut: bool = False

    def position(self) -> tuple[float, float] | None:
        """Longitude and latitude as typed, once nothing is wrong with them."""
        lon, lat = (_number(self.typed.get(name, "")) for name in ("lon", "lat"))
        return None if lon is None or lat is None else (lon, lat)


class ClientGone(Exception):
    """The client hung up before its form was whole."""


async def read(receive: Receive, content_type: str, length: str, *, keep_photo: bool) -> Form:
    """Read a form to its end, or to the bound on what is read. keep_photo: False where it will be refused anyway.

    Raises ClientGone.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        return Form(problems=[Problem("report_page.not_form", 415)])
    if length.isdecimal() and len(length) < 19 and int(length) > limits().drained_bytes:
        return Form(problems=[Problem("report_page.form_too_large", 413)], cut=True)
    parts = _Parts(limits(), keep_photo=keep_photo)
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())
        async with asyncio.timeout(limits().form_s):
            whole = await _feed(parser, receive)
        parser.finalize()
    except FormParserError:
        return Form(problems=[Problem("report_page.broken")], cut=True)
    except TimeoutError:
        return Form(problems=[Problem("report_page.slow", 408)], cut=True)
    form = parts.form()
    if not whole:
        form.problems, form.cut = [Problem("report_page.form_too_large", 413)], True
    elif not parts.ended:
        form.problems = [Problem("report_page.broken")]
    else:
        _judge(form)
    return form


async def _feed(parser: MultipartParser, receive: Receive) -> bool:
    """Hand the parser all that comes; whether that was all, within the bound."""
    total, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        total += len(message["body"])
        if total > limits().drained_bytes:
            return False
        parser.write(message["body"])
        more = message.get("more_body", False)
    return True


class _Parts:
    """Keeps of each part that has a known name as much as its field may hold, and one byte more to tell that."""

    def __init__(self, bounds: Limits, *, keep_photo: bool) -> None:
        most = {"words": bounds.words, "place": bounds.place, "contact": bounds.contact}
        self._most = {name: _BYTES_A_CHARACTER * most.get(name, _SHORT) for name in FIELDS}
        self._most[_PHOTO] = bounds.photo_bytes if keep_photo else 0
        self._kept: dict[str, bytearray] = {}
        self._header: dict[bytes, bytearray] = {}
        self._name, self._value = bytearray(), bytearray()
        self._field = ""
        self._too_long: list[str] = []
        self._keep_photo = keep_photo
        self.ended = False

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._header.clear, "on_header_field": self._on_name, "on_header_value": self._on_value,
            "on_header_end": self._on_header, "on_headers_finished": self._on_headers, "on_part_data": self._on_data,
            "on_end": self._on_end,
        }  # fmt: skip

    def form(self) -> Form:
        """What was kept; text that is not UTF-8, or a part too long, as a problem."""
        made = Form(photo=bytes(self._kept.pop(_PHOTO, b"")) or None)
        for name, kept in self._kept.items():
            made.typed[name] = _plain(kept.decode("utf-8", "replace"))
        if _PHOTO in self._too_long:
            made.photo = None
            if self._keep_photo:
                made.problems.append(Problem("report_page.photo_too_large", 413, _PHOTO))
        made.problems += [Problem("report_page.too_long", 400, name) for name in self._too_long if name != _PHOTO]
        return made

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        self._header[bytes(self._name).lower()] = self._value
        self._name, self._value = bytearray(), bytearray()

    def _on_headers(self) -> None:
        _, options = parse_options_header(bytes(self._header.get(b"content-disposition", b"")))
        name = options.get(b"name", b"").decode("latin-1")
        # A second part of the same name would add to the first: it is passed over, as unknown ones are.
        self._field = name if name in self._most and name not in self._kept else ""
        if self._field:
            self._kept[self._field] = bytearray()

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if not self._field or self._field in self._too_long:
            return
        kept = self._kept[self._field]
        kept += data[start:end]
        if len(kept) > self._most[self._field]:
            self._too_long.append(self._field)
            del kept[self._most[self._field] :]

    def _on_end(self) -> None:
        self.ended = True


def is_photo(start: bytes) -> bool:
    """Whether a file that begins so is JPEG, PNG, WebP or HEIC."""
    if start.startswith(_SIGNS):
        return True
    return (start[:4], start[8:12]) == (b"RIFF", b"WEBP") or (start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS)


def _judge(form: Form) -> None:
    """Add what is wrong with the fields."""
    typed, most = form.typed, {"words": limits().words, "place": limits().place, "contact": limits().contact}
    if not typed.get("words"):
        form.problems.append(Problem("report_page.no_words", 400, "words"))
    if not typed.get("place") and not typed.get("township") and not typed.get("lon"):
        form.problems.append(Problem("report_page.no_place", 400, "place"))
    told = {problem.field for problem in form.problems}
    form.problems += [
        Problem("report_page.too_long", 400, name)
        for name, length in most.items()
        if len(typed.get(name, "")) > length and name not in told
    ]
    if typed.get("township") and typed["township"] not in {one.code for one in facts.townships()}:
        form.problems.append(Problem("report_page.no_township", 400, "township"))
    if (typed.get("lon") or typed.get("lat")) and not _in_county(form.position()):
        form.problems.append(Problem("report_page.not_here", 400, "lon"))
    if form.photo and not is_photo(form.photo[:16]):
        form.photo = None
        form.problems.append(Problem("report_page.no_photo", 415, _PHOTO))


def _plain(text: str) -> str:
    """Text without control characters, in lines that end alike."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "".join(sign for sign in lines if sign in "\n\t" or unicodedata.category(sign) != "Cc")


def _number(written: str) -> float | None:
    try:
        found = float(unicodedata.normalize("NFKC", written))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _in_county(position: tuple[float, float] | None) -> bool:
    if position is None:
        return False
    (lon, lat), (west, south, east, north) = position, facts.county().box
    margin = facts.county().margin_m / _METRES_A_DEGREE
    return west - margin <= lon <= east + margin and south - margin <= lat <= north + margin
