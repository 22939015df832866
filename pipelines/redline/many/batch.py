"""Many patches over every row of the sheet: tables in, tables out, and no database.

A portion gives the same numbers wherever it is worked on, and whatever is worked on beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pyarrow as pa
import shapely

from geo.area import area
from geo.crs import Floats, Shapes
from geo.overlay import flatten
from geo.overlay.index import Shared
from geo.reading import Row
from geo.refusal import GeoRefusal, Note
from geo.rings import Ints
from pipelines.redline.many.zones import Zones

PATCHES = pa.schema(
    [
        ("file", pa.string()),
        ("number", pa.int64()),
        ("name", pa.string()),
        ("survey_area_m2", pa.float64()),
        ("notes", pa.string()),
        ("refusal", pa.string()),
        ("geometry", pa.binary()),
    ]
)
"""Patches as they come. number: of the row in its file, from 1. survey_area_m2: of record, TD/T 1055.

notes, refusal: JSON, ids of texts and their values; what is refused has no geometry. geometry: WKB, EPSG:4490.
"""


@dataclass(frozen=True)
class Checked:
    """What a portion of patches gives; file and number tell which of them.

    patches: as they came, with `<row>_m2` of each row: every place once, null where nothing is loaded.
    findings: each feature that a patch meets, with the m² they share, be they another's too.
    classes: m² by class of each row, every place once, however many features lie on it.
    """

    patches: pa.Table
    findings: pa.Table
    classes: pa.Table


def patches_of(rows: Iterable[Row], *, file: str, named_by: Sequence[str]) -> pa.Table:
    """The rows of a file as patches; what is no area is refused."""
    return pa.Table.from_pylist([_patch(row, file, named_by) for row in rows], PATCHES)


def _patch(row: Row, file: str, named_by: Sequence[str]) -> dict[str, object]:
    refusal = row.refusal
    if refusal is None and row.survey_area_m2 is None:
        refusal = Note("check.no_area", {"kind": row.shape.geom_type if row.shape else "—"})
    return {
        "file": file,
        "number": row.number,
        "name": next((str(row.attributes[n]) for n in named_by if row.attributes.get(n)), str(row.number)),
        "survey_area_m2": None if refusal else row.survey_area_m2,
        "notes": said([asdict(note) for note in row.notes]),
        "refusal": said(asdict(refusal)) if refusal else None,
        "geometry": None if refusal else shapely.to_wkb(row.shape),
    }


def said(value: object) -> str:
    """A note, or several, as a column holds it."""
    return json.dumps(value, ensure_ascii=False, default=str)


def check_patches(patches: pa.Table, townships: Zones, rows: Sequence[Zones], *, on: date) -> Checked:
    """Lay patches over every row. on: the day on which zones must be in force.

    A patch of which no cut can be believed is refused, as a row of a file is, with its place.
    """
    shapes = np.asarray(shapely.from_wkb(patches["geometry"].to_numpy()), dtype=object)
    there = np.flatnonzero(~shapely.is_missing(shapes))
    met = [_met(zones, shapes[there], on) for zones in rows]
    if refused := {int(there[subject]): no for one in met for subject, no in one.refused.items()}:
        return check_patches(_refused(patches, refused), townships, rows, on=on)
    findings = pa.concat_tables([_findings(one, zones) for one, zones in zip(met, rows, strict=True)])
    classes = pa.concat_tables([_classes(one, zones) for one, zones in zip(met, rows, strict=True)])
    touched = patches.take(there)
    found = {"area_m2": area(shapes[there]), "townships": _names(_met(townships, shapes[there], on), townships, there)}
    found["made_up"] = np.isin(np.arange(len(there)), findings["subject"].filter(findings["made_up"]).to_numpy())
    found["unchecked"] = [",".join(zones.row for zones in rows if not zones.loaded)] * len(there)
    found |= {f"{zones.row}_m2": _m2(one, zones, len(there)) for one, zones in zip(met, rows, strict=True)}
    return Checked(_beside(patches, found, there), _of(touched, findings), _of(touched, classes))


@dataclass(frozen=True)
class _Met:
    """What subjects meet in one row, parallel: in order of subject, then precedence, of two on one ground the first.

    m2: shared. own: what is left of it once those before have taken their ground. refused: subjects not to be told.
    """

    subject: Ints
    zone: Ints
    m2: Floats
    own: Floats
    refused: Mapping[int, GeoRefusal]


def _met(zones: Zones, subjects: Shapes, on: date) -> _Met:
    shared = zones.index.areas(subjects)
    ranked = np.lexsort((shared.zone, zones.rank[shared.zone], shared.subject))
    met = _some(shared, ranked[zones.in_force(on)[shared.zone[ranked]]])
    own, refused = met.m2.copy(), dict[int, GeoRefusal]()
    at = np.flatnonzero(np.isin(met.subject, _on_common_ground(met, zones)))
    if len(at):
        own[at], refused = _own(zones, subjects, _some(met, at))
    return _Met(met.subject, met.zone, met.m2, own, refused)


def _some(shared: Shared, at: Ints) -> Shared:
    return Shared(shared.subject[at], shared.zone[at], shared.m2[at], shared.whole[at])


def _on_common_ground(met: Shared, zones: Zones) -> Ints:
    """The subjects that meet two zones which overlap, be it elsewhere: of the others each m² has one owner anyway."""
    pairs, n = zones.overlapping, len(zones.rank)
    near = np.flatnonzero(np.isin(met.zone, np.unique(np.append(pairs // max(n, 1), pairs % max(n, 1)))))
    subject, zone = met.subject[near], met.zone[near]
    found, apart = [np.empty(0, dtype=np.int64)], 1
    while (same := subject[apart:] == subject[:-apart]).any():
        first, second = np.minimum(zone[apart:], zone[:-apart]), np.maximum(zone[apart:], zone[:-apart])
        found.append(subject[apart:][same & np.isin(first * n + second, pairs)])
        apart += 1
    return np.unique(np.concatenate(found))


def _own(zones: Zones, subjects: Shapes, met: Shared) -> tuple[Floats, dict[int, GeoRefusal]]:
    """(m,) the m² that are left of each once all before it have taken their ground; which subjects cannot be cut."""
    own, refused = met.m2.copy(), dict[int, GeoRefusal]()
    left = np.full(len(met), None, dtype=object)
    for start, end in pairwise(np.flatnonzero(np.diff(met.subject, prepend=-1, append=-1))):
        one = _some(met, np.arange(start, end))
        try:
            pieces = zones.index.pieces(subjects, one)
            flat = flatten(pieces)
        except GeoRefusal as no:
            refused[int(one.subject[0])] = no
            continue
        left[start:end] = [None if now is before else now for now, before in zip(flat, pieces, strict=True)]
    changed = ~shapely.is_missing(left)
    own[changed] = area(left[changed])
    return own, refused


def _findings(met: _Met, zones: Zones) -> pa.Table:
    told = zones.told.select(["code", "name", "cls", "kind"]).take(met.zone)
    row = pa.array([zones.row] * len(met.zone), pa.string())
    columns = {"subject": met.subject, "row": row, **dict(zip(told.column_names, told.columns, strict=True))}
    return pa.table(columns | {"m2": met.m2, "made_up": zones.made_up[met.zone]})


def _classes(met: _Met, zones: Zones) -> pa.Table:
    number, names = zones.classes
    of = number[met.zone]
    order = np.lexsort((of, zones.rank[met.zone], met.subject))
    first = np.flatnonzero(np.diff(met.subject[order], prepend=-1) | np.diff(of[order], prepend=-1))
    m2 = np.add.reduceat(met.own[order], first) if len(first) else met.own
    cls = pa.array([names[i] for i in of[order][first]], pa.string())
    row = pa.array([zones.row] * len(first), pa.string())
    return pa.table({"subject": met.subject[order][first], "row": row, "cls": cls, "m2": m2})


def _m2(met: _Met, zones: Zones, subjects: int) -> pa.Array:
    """(n,) m² of each subject within a row; null where nothing is loaded, which is not nothing touched."""
    if not zones.loaded:
        return pa.nulls(subjects, pa.float64())
    m2 = np.bincount(met.subject, weights=met.own, minlength=subjects)
    return pa.array(m2.astype(np.float64))  # of nothing, numpy counts in integers


def _names(met: _Met, townships: Zones, n: Ints) -> list[str]:
    """(n,) the names of the townships of each subject, the largest first."""
    order = np.lexsort((-met.m2, met.subject))
    names = townships.told["name"].take(met.zone[order]).to_pylist()
    cuts = np.searchsorted(met.subject[order], np.arange(len(n) + 1))
    return ["、".join(names[start:end]) for start, end in pairwise(cuts)]


def _of(patches: pa.Table, found: pa.Table) -> pa.Table:
    """What was found, in the order of the patches, with each one's file and number instead of its place."""
    found = found.take(np.argsort(found["subject"].to_numpy(), kind="stable"))
    of = patches.select(["file", "number"]).take(found["subject"])
    return pa.table(of.columns + found.columns[1:], names=["file", "number", *found.column_names[1:]])


def _beside(patches: pa.Table, found: Mapping[str, object], there: Ints) -> pa.Table:
    """Patches with what was found beside them, and null beside those that are refused. The shape comes last."""
    at = np.full(len(patches), -1)
    at[there] = np.arange(len(there))
    place = pa.array(at, mask=at < 0)
    columns = {name: patches[name] for name in patches.column_names}
    shape = columns.pop("geometry")
    columns |= {name: pa.array(values).take(place) for name, values in found.items()}
    return pa.table(columns | {"geometry": shape})


def _refused(patches: pa.Table, refused: Mapping[int, GeoRefusal]) -> pa.Table:
    """Patches of which some are refused after all."""
    rows = patches.to_pylist()
    for at, no in refused.items():
        rows[at] |= {"refusal": said({"id": no.id, "values": no.values}), "geometry": None, "survey_area_m2": None}
    return pa.Table.from_pylist(rows, PATCHES)
