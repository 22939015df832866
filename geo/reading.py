"""From an exchange file to rows in storage: mended, measured in the file's own plane, moved to EPSG:4490.

This is what happens inside the sandbox; nothing here limits itself.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo import gcj02
from geo.area import survey_area
from geo.crs import DEGREES, STORAGE, Box, Floats, Shapes, Taken, name_of, said, take_crs, to_storage, zones
from geo.declared import Agreement, compare
from geo.formats.values import Bounds, Column, Contents, Feature, LayerListed, Scalar, shown
from geo.refusal import GeoRefusal, Note
from geo.repair import Mend, Settled, repair

_ROWS = 500
_VERTICES = 100_000
_SAMPLED = 1000


@dataclass(frozen=True)
class Opening:
    """What is known of a file before its rows.

    count: rows, None when the format does not say. epsg: the CRS it is read in; crs_stated: by the file itself, not
    found by trying. survey_epsg: the plane its areas of record are computed in.
    """

    format: str
    layer: str
    layers: tuple[LayerListed, ...]
    count: int | None
    columns: tuple[Column, ...]
    encoding: str | None
    epsg: int
    crs_name: str
    crs_stated: bool
    survey_epsg: int
    notes: tuple[Note, ...]


class Row(NamedTuple):
    """A row of a file. number: from 1. shape: EPSG:4490, None when refused. Points and lines have no area."""

    number: int
    attributes: dict[str, Scalar]
    shape: BaseGeometry | None
    survey_area_m2: float | None
    survey_epsg: int | None
    notes: tuple[Note, ...]
    refusal: Note | None


@dataclass(frozen=True)
class Job:
    """What is to be read, and what is expected of it. folder: an empty one to work in.

    agreement: how near a declared area must be to the computed one; None asks nothing. gcj02: that the file is said to
    be off by GCJ-02, and is to be moved back.
    """

    path: Path
    folder: Path
    box: Box | None
    margin_km: float
    layer: str | None
    bounds: Bounds
    agreement: Agreement | None = None
    gcj02: bool = False


def read(job: Job, *, mend: Mend | None = None) -> Generator[Opening | list[Row], None, None]:
    """The opening, then the rows in batches. Raises GeoRefusal for what concerns the file as a whole."""
    from geo.formats.registry import open_file  # noqa: PLC0415 -- every format's library, for the child alone

    with open_file(job.path, layer=job.layer, folder=job.folder, bounds=job.bounds) as (contents, features):
        ahead = _ahead(features)
        taken = _taken(contents, ahead, job)
        survey_epsg = taken.epsg if taken.epsg in zones() or taken.epsg in DEGREES else STORAGE
        notes = _of_gcj02(contents, ahead, taken, stated=job.gcj02)
        yield _opening(contents, taken, survey_epsg, notes)
        around = job.box.grown(job.margin_km) if job.box else None
        plane = _Plane(taken.epsg, survey_epsg, job.agreement)
        for batch in _batches(_unshifted(_then(ahead, features), contents.layer, stated=job.gcj02)):
            yield _rows(batch, plane, around, mend)


def _then(ahead: list[Feature], rest: Iterator[Feature]) -> Iterator[Feature]:
    while ahead:
        yield ahead.pop(0)
    yield from rest


def _ahead(features: Iterator[Feature]) -> list[Feature]:
    """As many features as the CRS is judged by, fewer when they are large."""
    ahead: list[Feature] = []
    vertices = 0
    for feature in islice(features, _SAMPLED):
        ahead.append(feature)
        vertices += int(shapely.get_num_coordinates(feature.shape))
        if vertices > _VERTICES:
            break
    return ahead


def _taken(contents: Contents, ahead: list[Feature], job: Job) -> Taken:
    firsts = [shapely.get_coordinates(f.shape)[:1] for f in ahead if f.shape is not None]
    sample = np.concatenate([*firsts, np.empty((0, 2))])
    whole = len(ahead) < _SAMPLED
    if not len(sample) and contents.stated_crs is None and whole:
        return Taken(STORAGE, name_of(STORAGE), stated=False)  # Nothing to place: every row is refused anyway.
    return take_crs(contents.stated_crs, sample, box=job.box, margin_km=job.margin_km)


def _of_gcj02(contents: Contents, ahead: list[Feature], taken: Taken, *, stated: bool) -> tuple[Note, ...]:
    """That a file is moved back, by how much; else that it names GCJ-02 itself. Raises GeoRefusal when it cannot be."""
    if stated and taken.epsg not in DEGREES:
        raise GeoRefusal("gcj02.not_degrees", name=taken.name)
    if stated:
        drawn = np.concatenate([shapely.get_coordinates(feature.shape) for feature in ahead] or [np.empty((0, 2))])
        metres = np.nanmean(gcj02.metres_apart(drawn, gcj02.unshifted(drawn))) if len(drawn) else 0
        return (Note("gcj02.moved", {"metres": f"{metres:.0f}"}),)
    values = (f"{n}={v}" for feature in ahead for n, v in feature.attributes.items() if isinstance(v, str))
    named = gcj02.says_so([contents.layer, *values]) if taken.epsg in DEGREES else None
    return (Note("gcj02.named", {"text": shown(named, 60)}),) if named else ()


def _unshifted(features: Iterator[Feature], name: str, *, stated: bool) -> Iterator[Feature]:
    """Features where they really are. Raises GeoRefusal for one that says it is in GCJ-02 when nobody stated it."""
    for feature in features:
        if feature.gcj02 and not stated:
            raise GeoRefusal("kml.shifted", name=name, row=feature.number, system="GCJ-02")
        if not stated or feature.gcj02 is False or feature.shape is None:
            yield feature
        else:
            yield replace(feature, shape=shapely.transform(feature.shape, gcj02.unshifted))


def _opening(contents: Contents, taken: Taken, survey_epsg: int, notes: tuple[Note, ...]) -> Opening:
    return Opening(
        format=contents.format,
        layer=contents.layer,
        layers=contents.layers,
        count=contents.count,
        columns=contents.columns,
        encoding=contents.encoding,
        epsg=taken.epsg,
        crs_name=taken.name,
        crs_stated=taken.stated,
        survey_epsg=survey_epsg,
        notes=(*contents.notes, *notes),
    )


def _batches(features: Iterator[Feature]) -> Iterator[list[Feature]]:
    batch: list[Feature] = []
    vertices = 0
    for feature in features:
        batch.append(feature)
        vertices += int(shapely.get_num_coordinates(feature.shape))
        if len(batch) >= _ROWS or vertices >= _VERTICES:
            yield batch
            batch, vertices = [], 0
    if batch:
        yield batch


def _rows(batch: list[Feature], plane: _Plane, around: Box | None, mend: Mend | None) -> list[Row]:
    settled = repair(_array([feature.shape for feature in batch]), measure=plane.measure, mend=mend)
    kept = _array([s.shape for s in settled])
    areas = plane.measure(kept)
    stored = _stored(kept, plane.epsg, mend)
    inside = _inside(stored, around)
    for n, note in plane.odd_areas(batch, kept, areas):
        settled[n] = replace(settled[n], notes=(*settled[n].notes, note))
    return [
        _row(feature, done, shape, float(area), plane.survey_epsg, bool(lies))
        for feature, done, shape, area, lies in zip(batch, settled, stored, areas, inside, strict=True)
    ]


@dataclass(frozen=True)
class _Plane:
    """Where a file's shapes are, and where their areas of record are computed."""

    epsg: int
    survey_epsg: int
    agreement: Agreement | None

    def measure(self, shapes: Shapes) -> Floats:
        same = self.survey_epsg == self.epsg
        return survey_area(shapes if same else to_storage(shapes, self.epsg), epsg=self.survey_epsg)

    def odd_areas(self, batch: list[Feature], kept: Shapes, areas: Floats) -> Iterator[tuple[int, Note]]:
        """Which of the features declare another area than theirs, and what is to be said of it."""
        for n, (feature, shape, area) in enumerate(zip(batch, kept, areas, strict=True)):
            if self.agreement is None or feature.declared_m2 is None or not area > 0:
                continue
            flat = float(shapely.area(shape)) if self.epsg in zones() else None
            note = compare(feature.declared_m2, float(area), flat, self.agreement)
            if note is not None:
                yield n, note


def _row(
    feature: Feature, settled: Settled, shape: BaseGeometry | None, area: float, survey_epsg: int, inside: bool
) -> Row:
    refusal = feature.refusal or settled.refusal
    notes = feature.notes + settled.notes
    if refusal is None and shape is not None and not inside:
        refusal = _outside(shape)
    if refusal is not None or shape is None:
        return Row(feature.number, feature.attributes, None, None, None, notes, refusal)
    if shape.geom_type != "MultiPolygon":
        return Row(feature.number, feature.attributes, shape, None, None, notes, None)
    return Row(feature.number, feature.attributes, shape, area, survey_epsg, notes, None)


def _stored(kept: Shapes, epsg: int, mend: Mend | None) -> Shapes:
    """In EPSG:4490. What touches itself within a rounding may cross there: it is mended once more."""
    stored = to_storage(kept, epsg)
    broken = ~shapely.is_valid(stored) & ~shapely.is_missing(stored)
    broken &= np.isfinite(shapely.bounds(stored)).all(axis=1)
    if broken.any():
        stored[broken] = _array([s.shape for s in repair(stored[broken], mend=mend)])
    return stored


def _inside(shapes: Shapes, around: Box | None) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    bounds = shapely.bounds(shapes)
    if around is None:
        return np.asarray(np.isfinite(bounds).all(axis=1))
    return around.holds(bounds[:, :2]) & around.holds(bounds[:, 2:])


def _outside(shape: BaseGeometry) -> Note:
    west, south, east, north = shape.bounds
    landed = said(Box(west, south, east, north))
    return Note("shape.outside", {"landed": landed})


def _array(shapes: list[BaseGeometry | None]) -> Shapes:
    held = np.empty(len(shapes), dtype=object)
    held[:] = shapes
    return held
