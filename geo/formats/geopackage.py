"""GeoPackage: looked into with SQLite's own means before GDAL opens it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from geo.formats import ogr
from geo.formats.choice import choose
from geo.formats.values import Bounds, Contents, Feature, Format, LayerListed, Source, shown
from geo.refusal import GeoRefusal

_MAGIC = b"SQLite format 3\x00"

_OWN_TRIGGERS = re.compile(
    r"(rtree_|gpkg_|trigger_(insert|delete)_feature_count_|feature_count_|fgti_|gpkgext_|rtree)", re.IGNORECASE
)
"""Those the standard and GDAL write themselves. Reading fires none; any other is a stranger's program."""


def sniff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == _MAGIC


@contextmanager
def read(source: Source, layer: str | None, bounds: Bounds) -> Iterator[tuple[Contents, Iterator[Feature]]]:
    """Open one feature table. Raises GeoRefusal for foreign triggers and views, and when the layer must be named."""
    layers = _layers(source, bounds)
    chosen = choose(layers, layer, source)
    with ogr.chosen_layer(
        source, driver="GPKG", format_name=FORMAT.name, layers=layers, chosen=chosen, bounds=bounds
    ) as opened:
        yield opened


def _layers(source: Source, bounds: Bounds) -> tuple[LayerListed, ...]:
    try:
        # immutable: nothing is written beside it, no journal is replayed; foreign functions stay asleep.
        with closing(sqlite3.connect(f"{source.path.as_uri()}?mode=ro&immutable=1", uri=True)) as base:
            base.execute("pragma trusted_schema = off")
            _refuse_programs(base, source)
            return tuple(_listed(base, table, column, kind, source, bounds) for table, column, kind in _tables(base))
    except (sqlite3.Error, UnicodeDecodeError) as error:  # The latter where a message quotes broken bytes.
        raise GeoRefusal("geopackage.broken", name=source.name, detail=shown(str(error), 200)) from error


def _refuse_programs(base: sqlite3.Connection, source: Source) -> None:
    for (name,) in base.execute("select name from sqlite_master where type = 'trigger'"):
        if not _OWN_TRIGGERS.match(name):
            raise GeoRefusal("geopackage.trigger", name=source.name, trigger=shown(name))
    views = {name for (name,) in base.execute("select name from sqlite_master where type = 'view'")}
    for table, _, _ in _tables(base):
        if table in views:
            raise GeoRefusal("geopackage.view", name=source.name, view=shown(table))


def _tables(base: sqlite3.Connection) -> list[tuple[str, str, str]]:
    asked = """
        select c.table_name, g.column_name, g.geometry_type_name
        from gpkg_contents c join gpkg_geometry_columns g using (table_name)
        where c.data_type = 'features' order by c.table_name
    """
    return base.execute(asked).fetchall()


def _listed(
    base: sqlite3.Connection, table: str, column: str, kind: str, source: Source, bounds: Bounds
) -> LayerListed:
    quoted, inside = _quoted(table), _quoted(column)
    count, longest = base.execute(f"select count(*), max(length({inside})) from {quoted}").fetchone()  # noqa: S608
    if (longest or 0) // 16 > 2 * bounds.vertices:
        raise GeoRefusal("file.monster", name=source.name, points=longest // 16, most=bounds.vertices)
    return LayerListed(table, int(count), kind)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


FORMAT = Format("GeoPackage", (".gpkg",), sniff, read)
