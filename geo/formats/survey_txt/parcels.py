"""A parcel on its way from lines to a feature: points by ring, then the shape that the rings make."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.crs import Floats
from geo.formats.survey_txt.grammar import Figure, ParcelLine, point
from geo.formats.survey_txt.header import Frame, frame_of, kinds
from geo.formats.values import Bounds, Feature, shown
from geo.nesting import even_odd
from geo.refusal import Note


class Draft:
    """The points of one parcel as they come. A ring ends where its number changes, or at its first point."""

    def __init__(self, number: int, heading: ParcelLine, bounds: Bounds) -> None:
        self.number, self.heading, self._bounds = number, heading, bounds
        self._first, self._second, self._line = array("d"), array("d"), array("q")
        self._starts: list[int] = []
        self._ring, self._closed = "", False
        self.refusal: Note | None = None

    def add(self, line: int, text: str) -> None:
        """Take one line of the parcel. What cannot be taken refuses the parcel, and the rest is passed over."""
        if self.refusal is not None:
            return
        taken = point(text)
        if taken is None:
            self._refuse(Note("survey_txt.line", {"line": line, "text": shown(text, 60)}))
        elif len(self._line) >= self._bounds.vertices:
            self._refuse(Note("shape.too_many_points", {"most": self._bounds.vertices}))
        else:
            self._add(line, *taken)

    def _refuse(self, note: Note) -> None:
        self.refusal = note
        for points in (self._first, self._second, self._line):
            del points[:]

    def _add(self, line: int, ring: str, first: float, second: float) -> None:
        n = len(self._line)
        start = self._starts[-1] if self._starts else 0
        returns = n > start and ring == self._ring and (first, second) == (self._first[start], self._second[start])
        if returns and self._closed:
            return  # The closing point, given twice.
        if n == 0 or ring != self._ring or (self._closed and self.heading.figure == "面"):
            self._starts.append(n)
        self._ring = ring
        self._closed = returns and n - start >= 3
        self._first.append(first)
        self._second.append(second)
        self._line.append(line)

    @property
    def points(self) -> int:
        return len(self._line)

    def frame(self) -> Frame | None:
        """How its coordinates are to be taken, None when they are no known kind of pair, or the parcel is refused."""
        kind = kinds(np.array(self._first), np.array(self._second))
        self.refusal = self.refusal or self._odd(kind)
        return frame_of(int(kind[0])) if self.refusal is None and len(kind) else None

    def feature(self, whole: Frame | None) -> Feature:
        """The parcel as a feature, in a file whose coordinates are of one frame."""
        notes, shape = self.heading.notes, None
        frame = self.frame()
        self.refusal = self.refusal or self._foreign(frame, whole)
        if self.refusal is None:
            shape = self._shape(turned=frame is not None and frame.turned)
        if shape is not None and frame is not None and frame.turned and not frame.degrees:
            notes = (*notes, Note("survey_txt.turned", {"line": self._line[0], "text": self._pair(0)}))
        declared = self.heading.declared_m2 if self.heading.figure == "面" else None
        return Feature(self.number, self.heading.attributes, shape, self.refusal, notes, declared)

    def _odd(self, kind: NDArray[np.int64]) -> Note | None:
        """The point that is of another kind than most of the parcel's: turned, without its prefix, or mistyped."""
        if not len(kind) or (kind == kind[0]).all():
            return None
        values, counts = np.unique(kind, return_counts=True)
        at = int(np.flatnonzero(kind != values[counts.argmax()])[0])
        return Note("survey_txt.odd_point", {"line": self._line[at], "text": self._pair(at)})

    def _foreign(self, frame: Frame | None, whole: Frame | None) -> Note | None:
        if frame is None or whole is None or (frame.degrees, frame.prefix) == (whole.degrees, whole.prefix):
            return None
        return Note("survey_txt.other_zone", {"line": self._line[0], "here": frame.said(), "file": whole.said()})

    def _pair(self, at: int) -> str:
        return f"{self._first[at]:.10g}, {self._second[at]:.10g}"

    def _shape(self, *, turned: bool) -> BaseGeometry | None:
        east, north = (self._first, self._second) if turned else (self._second, self._first)
        xy = np.column_stack([np.array(east), np.array(north)])
        least = {"面": 3, "线": 2, "点": 1}[self.heading.figure]
        runs = np.split(xy, self._starts[1:])
        for start, run in zip(self._starts or [0], runs, strict=True):
            if _distinct(run) < least:
                line = self._line[start] if len(run) else self.heading.line
                values = {"line": line, "count": _distinct(run), "least": least}
                self.refusal = Note("survey_txt.too_few", values)
                return None
        return _built(self.heading.figure, runs)


def _distinct(xy: Floats) -> int:
    """How many different points there are, counted to three."""
    if not len(xy):
        return 0
    others = xy[(xy != xy[0]).any(axis=1)]
    return 1 + min(2, len(others)) if len(others) < 2 else 2 + bool((others != others[0]).any())


def _built(figure: Figure, runs: Sequence[Floats]) -> BaseGeometry:
    if figure == "面":
        return even_odd(runs)
    if figure == "线":
        return shapely.LineString(runs[0]) if len(runs) == 1 else shapely.MultiLineString(list(runs))
    points = np.concatenate(runs)
    return shapely.Point(points[0]) if len(points) == 1 else shapely.MultiPoint(points)
