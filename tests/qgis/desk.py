"""What a forester does at the QGIS desk, one scene a run: `/usr/bin/python3 desk.py SCENE`, the answer as JSON.

Runs under the system's Python, which has PyQGIS, and imports nothing of the project. The services `now` and `then` of
PGSERVICEFILE say where the database is and who is logged in.
"""

from __future__ import annotations

import json
import sys

from qgis.core import (
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsFillSymbol,
    QgsGeometry,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsPalLayerSettings,
    QgsProject,
    QgsRendererCategory,
    QgsTextFormat,
    QgsValueRelationFieldFormatter,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
    QgsVectorLayerUtils,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

FRESH = "MultiPolygon(((115.357 26.33, 115.358 26.33, 115.358 26.331, 115.357 26.331, 115.357 26.33)))"
BOW_TIE = "MultiPolygon(((115.351 26.33, 115.352 26.331, 115.352 26.33, 115.351 26.331, 115.351 26.33)))"


def table(name: str, service: str = "now") -> QgsVectorLayer:
    """A layer of PostGIS, added to the project as the browser panel would."""
    schema, _, relation = name.partition(".")
    place = 'key=\'"system","code"\' ' if schema == "records" else "key='id' srid=4490 type=MultiPolygon "
    shape = "" if schema == "records" else " (shape)"
    layer = QgsVectorLayer(f'service=\'{service}\' {place}table="{schema}"."{relation}"{shape}', name, "postgres")
    QgsProject.instance().addMapLayer(layer)
    return layer


def by_number(layer: QgsVectorLayer) -> dict:
    return {feature["subcompartment"]: feature for feature in layer.getFeatures()}


def save_apart() -> dict:
    """A save with QGIS as it comes: transactions switched off."""
    return _session("6", "4")


def save_grouped() -> dict:
    """The same with the project's automatic transaction groups, and a second layer edited beside it."""
    QgsProject.instance().setAutoTransaction(True)
    wetlands = table("layers.wetlands")
    plots = table("layers.plots")
    plots.startEditing()
    wetlands.addFeature(_new(wetlands, code="W-1", source="外业"))
    return _session("7", "5", plots) | {"wetlands saved": not wetlands.isEditable()}


def _session(added: str, ended: str, plots: QgsVectorLayer | None = None) -> dict:
    """Change an attribute with Chinese text, move a vertex, add a plot, delete one; then save."""
    plots = plots or table("layers.plots")
    plots.startEditing()
    there, column = by_number(plots), plots.fields().indexFromName
    one = there["1"]
    corner = one.geometry().vertexAt(0)
    plots.changeAttributeValue(one.id(), column("remarks"), f"第{added}号补植马尾松,郁闭度复核")
    plots.changeAttributeValue(one.id(), column("canopy"), 0.65)
    plots.moveVertex(corner.x() - 0.00005, corner.y() - 0.00005, one.id(), 0)
    plots.addFeature(_plot(plots, added))
    plots.deleteFeature(there[ended].id())
    return {"saved": plots.commitChanges(), "said": plots.commitErrors()}


def _plot(layer: QgsVectorLayer, number: str):
    key = {"township": "360732100", "village": "001", "compartment": "0001", "subcompartment": number}
    return _new(layer, code=f"QGIS-{number}", land_class="030100", source="外业", **key)


def _new(layer: QgsVectorLayer, **values: str):
    given = {layer.fields().indexFromName(name): value for name, value in values.items()}
    return QgsVectorLayerUtils.createFeature(layer, QgsGeometry.fromWkt(FRESH), given)


def refused() -> dict:
    """What QGIS says of each write that the database does not take, and of two that it takes."""
    plots = table("layers.plots")
    one, column = by_number(plots)["1"].id(), plots.fields().indexFromName
    said = {
        "another id": _try(plots, one, column("id"), "{00000000-0000-0000-0000-0000000000ff}"),
        "no land class": _try(plots, one, column("land_class"), None),
        "a key that is taken": _try(plots, one, column("subcompartment"), "2"),
        "a code too long": _try(plots, one, column("land_class"), "0301000"),
        "a version of one's own": _try(plots, one, column("version"), 99),
    }
    plots.startEditing()
    plots.changeGeometry(one, QgsGeometry.fromWkt(BOW_TIE))
    said["a shape that crosses itself"] = _save(plots)
    return said | {"truncate": [plots.dataProvider().truncate(), " ".join(plots.dataProvider().errors())]}


def half() -> dict:
    """A save of which one part is refused, with transactions switched off."""
    return _half(table("layers.plots"), "半")


def half_grouped() -> dict:
    """The same with automatic transaction groups."""
    QgsProject.instance().setAutoTransaction(True)
    return _half(table("layers.plots"), "一半")


def _half(plots: QgsVectorLayer, remarks: str) -> dict:
    plots.startEditing()
    plots.changeAttributeValue(by_number(plots)["2"].id(), plots.fields().indexFromName("remarks"), remarks)
    added = plots.addFeature(_plot(plots, "2"))
    return {"drawn": added, "saved": _save(plots)}


def _try(plots: QgsVectorLayer, feature: int, column: int, value: object) -> list:
    plots.startEditing()
    plots.changeAttributeValue(feature, column, value)
    return _save(plots)


def _save(plots: QgsVectorLayer) -> list:
    saved = plots.commitChanges()
    said = " ".join(" ".join(plots.commitErrors()).split())
    plots.rollBack()
    return [saved, said]


def read_past() -> dict:
    """The past through a service that names its moment, and whether it can be edited."""
    plots = table("past.plots", "then")
    rows = sorted((f["subcompartment"], int(f["version"])) for f in plots.getFeatures())
    return {
        "rows": rows,
        "may edit": plots.startEditing(),
        "reader may": table("layers.plots", "reader").startEditing(),
    }


def value_list() -> dict:
    """The land classes as a value relation to records.codes, and what QGIS shows as a column's comment."""
    codes, plots = table("records.codes"), table("layers.plots")
    asked = {"Layer": codes.id(), "Key": "code", "Value": "zh", "FilterExpression": "\"system\" = 'forest-2020'"}
    pairs = {item.key: item.value for item in QgsValueRelationFieldFormatter.createCache(asked)}
    return {"pairs": pairs, "comment": plots.fields().field("canopy").comment()}


def draw(path: str) -> dict:
    """The plots as a picture, coloured by land class and labelled in Chinese."""
    plots = table("layers.plots")
    colours = {"030100": "#2f7d4f", "030200": "#9cc45b", "030301": "#c9b458"}
    plots.setRenderer(
        QgsCategorizedSymbolRenderer(
            "land_class",
            [QgsRendererCategory(k, QgsFillSymbol.createSimple({"color": c}), k) for k, c in colours.items()],
        )
    )
    label, words = QgsPalLayerSettings(), QgsTextFormat()
    words.setSize(11)
    label.fieldName, label.isExpression = "'小班' || \"subcompartment\"", True
    label.setFormat(words)
    plots.setLabeling(QgsVectorLayerSimpleLabeling(label))
    plots.setLabelsEnabled(True)
    settings = QgsMapSettings()
    settings.setLayers([plots])
    settings.setDestinationCrs(plots.crs())
    settings.setExtent(plots.extent().buffered(0.0003))
    settings.setOutputSize(QSize(1000, 400))
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(path)
    seen = {image.pixelColor(x, y).name() for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)}
    return {"errors": [e.message for e in job.errors()], "forest is green": colours["030100"] in seen}


SCENES = (save_apart, save_grouped, refused, half, half_grouped, read_past, value_list, draw)

if __name__ == "__main__":
    desk = QgsApplication([], False)
    desk.initQgis()
    scene = next(s for s in SCENES if s.__name__ == sys.argv[1])
    sys.stdout.write("\n" + json.dumps(scene(*sys.argv[2:]), ensure_ascii=False))
    QgsProject.instance().removeAllMapLayers()
    desk.exitQgis()
