"""勘测定界界址点坐标 TXT: the coordinate file that surveyors send, one feature a parcel.

No standard gives its grammar, so whatever can be understood in one way only is read, and said where it is odd. The
number of points is not believed: a parcel goes on to the next line that ends in @. Holes are what lies inside, whatever
the rings are numbered. X is the northing; where the two are turned round no pair can be read both ways in China.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import chain

from geo.formats.choice import sole
from geo.formats.encoding import encoding_of
from geo.formats.survey_txt import grammar
from geo.formats.survey_txt.header import PLACING, Frame, stated_crs
from geo.formats.survey_txt.parcels import Draft
from geo.formats.survey_txt.text import is_text, lines, refuse_unmarked
from geo.formats.values import Bounds, Contents, Feature, Format, Source, shown
from geo.refusal import GeoRefusal, Note

_LOOKED_AT = 1000
_POINTS_LOOKED_AT = 100_000
"""Parcels and points within which one must show how its coordinates are to be taken."""


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open a coordinate file: one layer, named as the file."""
    refuse_unmarked(source)
    encoding, whole = encoding_of(source.path)
    with closing(lines(source, encoding)) as numbered:
        sheet = _Sheet(numbered, source, bounds)
        drafts = sheet.drafts()
        ahead = sheet.look_ahead(drafts)
        chosen = sole(layer, source)
        stated, notes = stated_crs(sheet.header, sheet.frame)
        broken = () if whole else (Note("survey_txt.text_broken", {"encoding": encoding}),)
        contents = Contents(
            format=FORMAT.name,
            layer=chosen.name,
            layers=(chosen,),
            count=None,
            columns=grammar.COLUMNS,
            encoding=encoding,
            stated_crs=stated,
            notes=(*broken, *sheet.skipped(), *notes),
        )
        yield contents, (draft.feature(sheet.frame) for draft in chain(ahead, drafts))


class _Sheet:
    """The lines of a file sorted into its header and its parcels."""

    def __init__(self, numbered: Iterator[tuple[int, str]], source: Source, bounds: Bounds) -> None:
        self._lines, self._source, self._bounds = numbered, source, bounds
        self.header: dict[str, str] = {}
        self.frame: Frame | None = None
        self._passed: tuple[int, str] | None = None
        self._passed_count = 0
        self._begun = 0

    def look_ahead(self, drafts: Iterator[Draft]) -> list[Draft]:
        """The parcels up to the first that shows the frame. Raises GeoRefusal when there is no parcel at all."""
        ahead: list[Draft] = []
        for draft in drafts:
            ahead.append(draft)
            self.frame = draft.frame()
            seen = sum(held.points for held in ahead)
            if self.frame is not None or len(ahead) == _LOOKED_AT or seen > _POINTS_LOOKED_AT:
                break
        if not ahead:
            raise GeoRefusal("survey_txt.nothing", name=self._source.name)
        return ahead

    def skipped(self) -> tuple[Note, ...]:
        """What stood before the first parcel and was not understood."""
        if self._passed is None:
            return ()
        line, text = self._passed
        return (Note("survey_txt.skipped", {"count": self._passed_count, "line": line, "text": shown(text, 40)}),)

    def drafts(self) -> Iterator[Draft]:
        draft: Draft | None = None
        for line, text in ((line, text) for line, text in self._lines if text):
            heading = grammar.parcel(line, text)
            if heading is not None or grammar.section(text):
                if draft is not None:
                    yield draft
                draft = self._begin(heading) if heading is not None else None
            elif draft is None and (said := grammar.entry(text)):
                self._keep(line, *said)
            elif draft is None and not self._begun and grammar.point(text) is None:
                self._passed = self._passed or (line, text)
                self._passed_count += 1
            else:
                draft = self._begin(grammar.ParcelLine()) if draft is None else draft
                draft.add(line, text)
        if draft is not None:
            yield draft

    def _begin(self, heading: grammar.ParcelLine) -> Draft:
        self._begun += 1
        return Draft(self._begun, heading, self._bounds)

    def _keep(self, line: int, key: str, value: str) -> None:
        """Keep a line of the header. Raises GeoRefusal when a second header puts what follows elsewhere."""
        before = self.header.get(key)
        if self._begun and key in PLACING and before != value:
            name, old, new = self._source.name, shown(before or "—", 40), shown(value, 40)
            raise GeoRefusal("survey_txt.second_header", name=name, line=line, key=key, before=old, value=new)
        self.header[key] = value


FORMAT = Format("界址点坐标 TXT", (".txt",), is_text, read)
