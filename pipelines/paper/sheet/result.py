"""What a check found, whole: the value that is stored, of which the screen and every paper are views.

Words that come from the layers, the clauses and the notes are held as they were told: later words change no result.
A field that is added needs a default, and is not written while it has it: so older results are read, and keep their
hash. One that is taken away, or means something else, needs a new VERSION.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from shapely.geometry.base import BaseGeometry

from data.measuring import Said
from geo.refusal import Refusal


class PaperRefusal(Refusal):
    """A paper that cannot be made."""


VERSION = 1
"""Of the form that a result is stored in."""
HM2, MU = 1e4, 1e4 / 15
"""m² in a hectare (公顷), and in a mu (亩)."""

Extent = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


@dataclass(frozen=True)
class Stamp:
    """Under which number a result was stored, when (in the county's time) and by whom."""

    number: int
    at: datetime
    person: str


@dataclass(frozen=True)
class InputFile:
    """A file that was checked, or one part of a shapefile or a File Geodatabase."""

    name: str
    sha256: str
    size: int
    kept: bool = False
    """Whether its bytes are kept with the result; above a size only the hash is."""


@dataclass(frozen=True)
class Remark:
    """Something that was said of the file or a parcel: the id of its text, and the words."""

    id: str
    zh: str
    en: str


@dataclass(frozen=True)
class LayerState:
    """A layer as it was checked: the last change that touched it, and when; 0 when none has."""

    id: str
    zh: str
    en: str
    no: int
    at: datetime | None


@dataclass(frozen=True)
class Proposed:
    """What was said of the land's use; None where nothing was. `said`: the same in words."""

    activity: str | None
    new_construction: bool | None
    temporary: bool | None
    built_on: date | None
    unbuilt: bool
    said: Said


@dataclass(frozen=True)
class Touched:
    """A feature that a parcel meets. Shapes: EPSG:4490."""

    code: str
    name: str
    cls: str
    m2: float
    """Of the piece, be it another's too."""
    kind: str
    piece: BaseGeometry
    """The ground that the parcel and the feature share."""
    near: BaseGeometry
    """The feature, as far as it lies in the parcel's window."""
    made_up: bool


@dataclass(frozen=True)
class Spot:
    """A zone of the sheet: its row, the class and the kind of the feature; empty where not stated."""

    row: str
    cls: str
    kind: str


@dataclass(frozen=True)
class Span:
    """The m² that a parcel shares with a row, at least and at most, when borders may be off by a tolerance."""

    low_m2: float
    high_m2: float
    tolerance_m: float


@dataclass(frozen=True)
class Finding:
    """One row of the sheet. m2, by_class: every place once, however many features lie on it."""

    id: str
    zh: str
    en: str
    checked: bool
    """Whether the layer holds anything: where it does not, the row is not checked, never clear; all below is empty."""
    m2: float | None
    hm2: float | None
    share: float | None
    by_class: Mapping[str, float]
    """Empty where the row is not broken down."""
    classes: Mapping[str, Said]
    """The names of the classes that the features have."""
    kinds: Mapping[str, Said]
    features: tuple[Touched, ...]
    """In order of precedence: of two on the same ground the first has it."""
    made_up: bool
    span: Span | None = None
    close: bool = False
    """Whether the accuracy of borders leaves it open if anything is touched."""
    near: tuple[Spot, ...] = ()
    """What is not touched, but within the tolerance."""


@dataclass(frozen=True)
class Applied:
    """A clause, the paper that it asks for, and where it stands."""

    id: str
    zh: str
    en: str
    applies: bool
    open: tuple[Remark, ...]
    """The conditions of which nothing was said; none: it applies."""
    zones: tuple[Spot, ...]
    """What leads to it."""
    paper: Said | None
    issuer: Said | None
    step: Said | None
    source: str
    clause: str | None
    place: str
    confirmed: bool
    in_force_from: date | None
    in_force_to: date | None
    note: Said | None


@dataclass(frozen=True)
class Village:
    """A village that a parcel lies in, by the code that features of a row state; its name by statistical codes."""

    code: str
    name: str | None
    m2: float
    row: str
    made_up: bool


@dataclass(frozen=True)
class Surveyed:
    """How a footprint was surveyed, and the standard error of its corners in m."""

    id: str
    zh: str
    en: str
    error_m: float
    source: str
    confirmed: bool


@dataclass(frozen=True)
class Parcel:
    """One parcel over every control layer. shape: MultiPolygon, EPSG:4490."""

    number: int
    name: str
    survey_area_m2: float
    """Of record, TD/T 1055, in the plane of its file."""
    area_m2: float
    """Additive: what its parts sum to."""
    bounds: Extent
    window: Extent
    """What is drawn of the ground about it."""
    townships: Mapping[str, float]
    notes: tuple[Remark, ...]
    findings: tuple[Finding, ...]
    clauses: tuple[Applied, ...]
    shape: BaseGeometry
    villages: tuple[Village, ...] = ()
    """The largest first."""

    @property
    def made_up(self) -> bool:
        return any(finding.made_up for finding in self.findings)


@dataclass(frozen=True)
class Refused:
    """A row of the file that is no parcel, and why."""

    parcel: int
    id: str
    zh: str
    en: str


@dataclass(frozen=True)
class Result:
    """A file that was checked. stored: None until it is."""

    version: int
    stored: Stamp | None
    county: Said
    file: str
    sha256: str
    """Of the file; of a folder, that of its list of files as sha256sum writes it."""
    files: tuple[InputFile, ...]
    crs: str
    crs_stated: bool
    survey_plane: int
    """EPSG code of that in which areas of record are computed."""
    plane: int
    """EPSG code of the plane in which coordinates are printed."""
    no: int
    """The last change that the check saw."""
    on: date
    """Lines and clauses in force on this day."""
    made_up: bool
    proposal: Proposed
    notes: tuple[Remark, ...]
    layers: tuple[LayerState, ...]
    parcels: tuple[Parcel, ...]
    refused: tuple[Refused, ...]
    screening: Said
    surveyed: Surveyed | None = None


def dms(degrees: float) -> str:
    """An angle in degrees, minutes and seconds."""
    seconds = round(degrees * 3600, 2)
    return f"{int(seconds // 3600)}°{int(seconds % 3600 // 60):02d}′{seconds % 60:05.2f}″"
