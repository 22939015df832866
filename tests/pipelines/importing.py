"""Files of a bureau and the short way to take them in, for the tests of intake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fiona
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import URL, Engine, select
from sqlalchemy.orm import Session

from data import facts
from geo import sandbox
from geo.crs import Box, from_storage
from layers.ground.history import last_no
from layers.ground.journal import InboxItem
from layers.plots import Plot
from pipelines.files.batch import Plan, Report
from pipelines.files.intake import take
from tests.samples import occasion, square

Record = tuple[dict[str, Any], BaseGeometry | None]

BUREAU = {
    "XIANG": "str:3", "CUN": "str:3", "LIN_BAN": "str:4", "XIAO_BAN": "str:6", "DI_LEI": "str:6",
    "YU_BI_DU": "float:6.2", "YOU_SHI_SZ": "str:20", "REMARKS": "str:80",
}  # fmt: skip
"""Fields of a forest bureau's shapefile (林地"一张图")."""


def stand(number: int, *, shape: BaseGeometry | None = None, **fields: Any) -> Record:
    """A row of a bureau's file: the plot `number` of compartment 0001, 0.001° wide."""
    values = {
        "XIANG": "100",
        "CUN": "001",
        "LIN_BAN": "0001",
        "XIAO_BAN": str(number),
        "DI_LEI": "030100",
        "YU_BI_DU": 0.6,
        "YOU_SHI_SZ": None,
        "REMARKS": None,
    }
    return {**values, **fields}, shape or square(number % 300, number // 300).geoms[0]


def shapefile(
    path: Path,
    rows: Iterable[Record],
    *,
    epsg: int = 4526,
    wkt: str | None = "",
    encoding: str = "GBK",
    cpg: bool = False,
    fields: Mapping[str, str] = BUREAU,
) -> Path:
    """A zipped shapefile as a bureau sends it. wkt: what the .prj says; None: there is none; "": the CRS's own."""
    plain = path.with_suffix(".shp")
    through_gdal(plain, rows, driver="ESRI Shapefile", epsg=epsg, fields=fields, encoding=encoding)
    if wkt != "":
        plain.with_suffix(".prj").unlink()
    if wkt:
        plain.with_suffix(".prj").write_text(wkt)
    if not cpg:
        plain.with_suffix(".cpg").unlink(missing_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part != path:
                archive.write(part, part.name)
                part.unlink()
    return path


def through_gdal(
    path: Path, rows: Iterable[Record], *, driver: str, epsg: int, fields: Mapping[str, str] = BUREAU, **how: Any
) -> Path:
    """Rows, with shapes in EPSG:4490, written by GDAL in another CRS."""
    records = list(rows)
    moved = from_storage(np.array([shape for _, shape in records], dtype=object), epsg)
    kind = next((s.geom_type for s in moved if s is not None), "Polygon")
    schema = {"geometry": kind, "properties": dict(fields)}
    with fiona.open(path, "w", driver=driver, schema=schema, crs=f"EPSG:{epsg}", **how) as out:
        for (values, _), shape in zip(records, moved, strict=True):
            geometry = None if shape is None else shapely.geometry.mapping(shape)
            properties = {name: values.get(name) for name in fields}
            out.write({"type": "Feature", "properties": properties, "geometry": geometry})
    return path


def geojson(path: Path, rows: Iterable[Record]) -> Path:
    features = [
        {"type": "Feature", "properties": values, "geometry": shapely.geometry.mapping(shape) if shape else None}
        for values, shape in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return path


def taken(engine: Engine, path: Path, *, layer: str = "plots", dataset: str | None = None, **plan: Any) -> Report:
    """Take a file in as the command does, and commit when it lands."""
    asked = Plan(**{"layer": layer, "source": "林业局", "file_name": path.name, "sha256": "0", **plan})
    county = facts.county()
    with (
        sandbox.read(path, box=Box(*county.box), margin_km=2.0, layer=dataset) as reading,
        Session(engine) as session,
    ):
        report = take(session, reading, asked, occasion(door="import"), progress=lambda _rows: None)
        (session.commit if report.lands else session.rollback)()
    return report


def plots(engine: Engine) -> dict[str, Plot]:
    with Session(engine) as session:
        return {plot.subcompartment: plot for plot in session.scalars(select(Plot))}


def column(engine: Engine, name: str) -> dict[str, Any]:
    """One column of every plot, by plot number."""
    return {number: getattr(plot, name) for number, plot in sorted(plots(engine).items())}


def changes(engine: Engine) -> int:
    with Session(engine) as session:
        return last_no(session)


def waiting(engine: Engine) -> list[tuple[str, Any, Any]]:
    """What the inbox holds: field, theirs, mine."""
    with Session(engine) as session:
        items = session.scalars(select(InboxItem).where(InboxItem.state == "open").order_by(InboxItem.id))
        return [(item.field, item.theirs, item.mine) for item in items]


def refusals(report: Report) -> dict[int | None, list[str]]:
    """The refused rows of a report with the ids of what was said."""
    return {r.number: [note.id for note in r.said] for r in report.rows if r.outcome == "refused"}


@dataclass(frozen=True)
class Said:
    """What the command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def arguments(*words: object) -> list[str]:
    """The command line of `qingshan`, through this interpreter."""
    return [sys.executable, "-c", "from web.terminal.main import run; run()", *map(str, words)]


def environment(url: URL) -> dict[str, str]:
    stated = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return {**os.environ, "DATABASE_URL": stated, "COLUMNS": "200"}


def qingshan(url: URL, *words: object) -> Said:
    """Run the real command to its end."""
    how: dict[str, Any] = {"env": environment(url), "capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run(arguments(*words), check=False, **how)
    return Said(done.returncode, done.stdout, done.stderr)
