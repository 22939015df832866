"""The entities of a drawing as shapes: closed polylines, circles and hatches enclose, others are lines and points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
import shapely
from ezdxf import recover
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.hatch import Hatch
from ezdxf.entities.mtext import MText
from ezdxf.entities.polyline import Polyline
from ezdxf.entities.text import Text
from ezdxf.lldxf.const import DXFError
from ezdxf.path import Path, from_hatch, make_path
from numpy.typing import NDArray
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.formats.values import Bounds, Feature, Source, shown
from geo.nesting import even_odd
from geo.refusal import GeoRefusal, Note

TOLERANCE = 0.01
"""How far a chord may be from its arc, in units of the drawing: a centimetre."""

_PIECES = 48
"""Curves by which ezdxf draws an arc before it is cut: with fewer they are off by up to 0.03 % of the radius."""

_CORNERS = 3
_FAULTS = (DXFError, ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)
_CURVES = {"LWPOLYLINE", "POLYLINE", "LINE", "ARC", "CIRCLE", "ELLIPSE", "SPLINE"}
_SOLID = {"REGION", "3DSOLID", "BODY", "SURFACE"}


class _Fault(Exception):
    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self.note = note


@dataclass(frozen=True)
class Drawn:
    """An entity of the model space as a shape, or why it is none."""

    layer: str
    kind: str
    handle: str
    shape: BaseGeometry | None
    refusal: Note | None


@dataclass(frozen=True)
class Opened:
    """What a drawing holds. texts: what is written, and where. passed: kinds of entities that are no shapes."""

    shapes: tuple[Drawn, ...]
    texts: tuple[tuple[str, shapely.Point], ...]
    passed: Counter[str]
    encoding: str


def opened(source: Source, bounds: Bounds) -> Opened:
    """Read a drawing, mending what its structure lacks. Raises GeoRefusal when it cannot be read."""
    try:
        document, _ = recover.readfile(source.path)
        return _sorted(document, bounds)
    except _FAULTS as error:
        detail = str(error).replace(str(source.path), source.name) or type(error).__name__
        raise GeoRefusal("file.unreadable", name=source.name, detail=shown(detail, 200)) from error


def features(drawing: Opened, layer: str) -> list[Feature]:
    """The shapes of one layer, each with the texts of the drawing that stand in it and in none smaller."""
    drawn = [one for one in drawing.shapes if one.layer == layer]
    named = _named([one.shape for one in drawn], drawing.texts)
    return [
        Feature(
            number,
            {"layer": one.layer, "type": one.kind, "handle": one.handle, "text": "、".join(texts) or None},
            one.shape,
            one.refusal,
        )
        for number, (one, texts) in enumerate(zip(drawn, named, strict=True), start=1)
    ]


def _sorted(document: Drawing, bounds: Bounds) -> Opened:
    shapes: list[Drawn] = []
    texts: list[tuple[str, shapely.Point]] = []
    passed: Counter[str] = Counter()
    for entity in document.modelspace():
        if isinstance(entity, Text | MText):
            texts += _written(entity)
        elif build := _builder(entity):
            shapes.append(_drawn(entity, build, bounds))
        else:
            passed[shown(entity.dxftype(), 40)] += 1
    return Opened(tuple(shapes), tuple(texts), passed, str(document.encoding))


def _written(entity: Text | MText) -> list[tuple[str, shapely.Point]]:
    text = " ".join((entity.plain_text() if isinstance(entity, Text) else str(entity.plain_text())).split())
    at = entity.dxf.insert
    return [(text, shapely.Point(at.x, at.y))] if text and np.isfinite((at.x, at.y)).all() else []


def _builder(entity: DXFEntity) -> Callable[[DXFEntity, Bounds], BaseGeometry] | None:
    kind = entity.dxftype()
    if isinstance(entity, Polyline) and (entity.is_poly_face_mesh or entity.is_polygon_mesh):
        return None
    if kind in _CURVES:
        return _curve
    if kind in ("HATCH", "MPOLYGON"):
        return _hatch
    return {"POINT": _point}.get(kind, _refused if kind in _SOLID else None)


def _drawn(entity: DXFEntity, build: Callable[[DXFEntity, Bounds], BaseGeometry], bounds: Bounds) -> Drawn:
    shape: BaseGeometry | None = None
    refusal: Note | None = None
    try:
        shape = build(entity, bounds)
    except _Fault as fault:
        refusal = fault.note
    except (ShapelyError, *_FAULTS):
        refusal = Note("shape.too_few_points")
    handle = str(entity.dxf.handle or "")
    return Drawn(str(entity.dxf.get("layer", "0")), entity.dxftype(), handle, shape, refusal)


def _refused(entity: DXFEntity, bounds: Bounds) -> BaseGeometry:  # noqa: ARG001 -- as its siblings
    raise _Fault(Note("dxf.solid", {"kind": entity.dxftype(), "handle": str(entity.dxf.handle or "—")}))


def _point(entity: DXFEntity, bounds: Bounds) -> BaseGeometry:  # noqa: ARG001 -- as its siblings
    return shapely.Point(entity.dxf.location.x, entity.dxf.location.y)


def _curve(entity: DXFEntity, bounds: Bounds) -> BaseGeometry:
    path = make_path(entity, segments=_PIECES)
    vertices = _flat(path, bounds)
    return shapely.Polygon(vertices) if path.is_closed and len(vertices) > _CORNERS else shapely.LineString(vertices)


def _hatch(entity: DXFEntity, bounds: Bounds) -> BaseGeometry:
    if not isinstance(entity, Hatch):
        raise _Fault(Note("dxf.solid", {"kind": entity.dxftype(), "handle": str(entity.dxf.handle or "—")}))
    rings = [vertices[:, :2] for vertices in (_flat(path, bounds) for path in from_hatch(entity))]
    whole = [ring for ring in rings if len(np.unique(ring, axis=0)) >= _CORNERS]
    if not whole:
        raise _Fault(Note("shape.too_few_points"))
    return even_odd(whole)


def _flat(path: Path, bounds: Bounds) -> NDArray[np.float64]:
    """(n, 2) vertices of a path, (n, 3) when any has a height; a huge arc ends at the limit, not in the memory."""
    too_many = _Fault(Note("shape.too_many_points", {"most": bounds.vertices}))
    if _needed(path) > bounds.vertices:
        raise too_many
    vertices = [tuple(vertex) for vertex in islice(path.flattening(TOLERANCE, segments=2), bounds.vertices + 1)]
    if len(vertices) > bounds.vertices:
        raise too_many
    held = np.array(vertices, dtype=np.float64).reshape(-1, 3)
    return held if held[:, 2].any() else held[:, :2]


def _needed(path: Path) -> float:
    """About as many vertices as curves take: they are cut in memory, before anything can be counted."""
    control = np.array([tuple(vertex) for vertex in path.control_vertices()])
    lengths = np.linalg.norm(np.diff(control, axis=0), axis=1) if path.has_curves else np.zeros(1)
    return float(np.sqrt(lengths.sum() / TOLERANCE))


def _named(shapes: list[BaseGeometry | None], texts: Iterable[tuple[str, shapely.Point]]) -> list[list[str]]:
    named: list[list[str]] = [[] for _ in shapes]
    sound = [(at, shape) for at, shape in enumerate(shapes) if shape is not None and shapely.is_valid(shape)]
    areal = [(at, shape) for at, shape in sound if shapely.area(shape) > 0]
    tree = shapely.STRtree([shape for _, shape in areal])
    for text, place in texts:
        around = [areal[found] for found in tree.query(place, predicate="within")]
        if around:
            named[min(around, key=lambda one: float(shapely.area(one[1])))[0]].append(text)
    return named
