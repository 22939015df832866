"""The frames in which a sandboxed reader answers: JSON and WKB, never anything that runs when it is read.

A frame is one letter, two lengths, a JSON head and a blob: O the opening, B a batch of rows, R a refusal, E the end.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any, BinaryIO

import shapely
from shapely.errors import ShapelyError

from geo.formats.values import Column, LayerListed, Scalar
from geo.reading import Opening, Row
from geo.refusal import GeoRefusal, Note

_PREFIX = struct.Struct(">cII")
_LARGEST = 512 * 1024**2
_PLAIN = (str, int, float, bool, type(None))

Answer = Opening | list[Row]


class Garbled(Exception):
    """The child sent what no reader of ours sends."""


def send(stream: BinaryIO, answer: Answer | GeoRefusal | None) -> None:
    """Write one frame; None is the end."""
    match answer:
        case Opening():
            _frame(stream, b"O", asdict(answer))
        case GeoRefusal():
            _frame(stream, b"R", {"id": answer.id, "values": answer.values})
        case None:
            _frame(stream, b"E", {})
        case rows:
            shapes = [b"" if row.shape is None else shapely.to_wkb(row.shape) for row in rows]
            _frame(stream, b"B", [_row_out(*pair) for pair in zip(rows, shapes, strict=True)], b"".join(shapes))


def receive(read: Callable[[int], bytes]) -> Iterator[Answer]:
    """The answers of a child, from a function that gives exactly n bytes. Raises its GeoRefusal, or Garbled."""
    while True:
        letter, head_bytes, blob_bytes = _PREFIX.unpack(read(_PREFIX.size))
        if max(head_bytes, blob_bytes) > _LARGEST:
            raise Garbled
        head, blob = read(head_bytes), read(blob_bytes)
        if letter == b"E":
            return
        yield _answer(letter, head, blob)


def _answer(letter: bytes, head: bytes, blob: bytes) -> Answer:
    try:
        said = json.loads(head)
        if letter == b"R":
            refusal = GeoRefusal(str(said["id"]), **_values(said["values"]))
        else:
            return _opening(said) if letter == b"O" else _rows(said, blob)
    except (LookupError, AttributeError, TypeError, ValueError, RecursionError, ShapelyError) as error:
        raise Garbled from error
    raise refusal


def _frame(stream: BinaryIO, letter: bytes, head: Any, blob: bytes = b"") -> None:
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    stream.write(_PREFIX.pack(letter, len(text), len(blob)))
    stream.write(text)
    stream.write(blob)
    stream.flush()


def _row_out(row: Row, shape: bytes) -> list[Any]:
    attributes = {name: _scalar_out(value) for name, value in row.attributes.items()}
    notes = [asdict(note) for note in row.notes]
    refusal = asdict(row.refusal) if row.refusal else None
    return [row.number, attributes, len(shape), row.survey_area_m2, row.survey_epsg, notes, refusal]


def _rows(said: list[list[Any]], blob: bytes) -> list[Row]:
    cuts: list[bytes | None] = []
    at = 0
    for entry in said:
        length = int(entry[2])
        cuts.append(blob[at : at + length] if length else None)
        at += length
    shapes = shapely.from_wkb(cuts)
    return [_row_in(entry, shape) for entry, shape in zip(said, shapes, strict=True)]


def _row_in(entry: list[Any], shape: Any) -> Row:
    number, attributes, _, area, epsg, notes, refusal = entry
    return Row(
        number=int(number),
        attributes={str(name): _scalar_in(value) for name, value in attributes.items()},
        shape=shape,
        survey_area_m2=None if area is None else float(area),
        survey_epsg=None if epsg is None else int(epsg),
        notes=tuple(_note(note) for note in notes),
        refusal=None if refusal is None else _note(refusal),
    )


def _opening(said: dict[str, Any]) -> Opening:
    return Opening(
        **said
        | {
            "layers": tuple(LayerListed(**layer) for layer in said["layers"]),
            "columns": tuple(Column(**column) for column in said["columns"]),
            "notes": tuple(_note(note) for note in said["notes"]),
        }
    )


def _note(said: dict[str, Any]) -> Note:
    return Note(str(said["id"]), _values(said["values"]))


def _values(said: dict[str, Any]) -> dict[str, Any]:
    return {str(name): value if isinstance(value, _PLAIN) else str(value) for name, value in said.items()}


def _scalar_out(value: Scalar) -> Any:
    """Plain values as they are; the others as [kind, text], which no plain value looks like."""
    if isinstance(value, datetime):
        return ["datetime", value.isoformat()]
    if isinstance(value, date):
        return ["date", value.isoformat()]
    if isinstance(value, time):
        return ["time", value.isoformat()]
    if isinstance(value, bytes):
        return ["bytes", base64.b64encode(value).decode("ascii")]
    return value


_FROM_TEXT: dict[str, Callable[[str], Scalar]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "bytes": lambda text: base64.b64decode(text, validate=True),
}


def _scalar_in(value: Any) -> Scalar:
    if isinstance(value, _PLAIN):
        return value
    kind, text = value
    return _FROM_TEXT[kind](text)
