"""The formats that surveyors and field staff send, from the file to the map layer, by the real command."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import ezdxf
import pytest

from tests.web.conftest import Ran

RING = "115.35,26.33,0 115.352,26.33,0 115.352,26.332,0 115.35,26.332,0 115.35,26.33,0"
OVKML = f"""<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>潋江小微湿地</name>
<OvCoordType>CGCS2000</OvCoordType><ExtendedData><Data name="code"><value>WS-901</value></Data></ExtendedData><Polygon>
<outerBoundaryIs><LinearRing><coordinates>{RING}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>
</Document></kml>"""
CSV = """code,点号,X,Y
WS-901,J1,2914100.123,38634790.456
WS-901,J2,2914100.123,38634890.456
WS-901,J3,2914200.123,38634890.456
"""


def drawing() -> str:
    document = ezdxf.new()
    corners = [(38634790.456, 2914100.123), (38634890.456, 2914100.123), (38634890.456, 2914200.123)]
    document.modelspace().add_lwpolyline(corners, close=True)
    document.modelspace().add_text("WS-901", dxfattribs={"insert": (38634870, 2914120)})
    text = StringIO()
    document.write(text)
    return text.getvalue()


FILES = {"湿地.ovkml": OVKML, "界址点.csv": CSV, "红线图.dxf": drawing()}

TEXT_IS_CODE = {".dxf": ("--field", "text=code")}


@pytest.mark.parametrize("name", FILES)
def test_what_the_field_sends_becomes_a_wetland(asked: Callable[..., Any], tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FILES[name], "utf-8")

    said = asked("import", "wetlands", str(path), "--source", "潋江镇", *TEXT_IS_CODE.get(path.suffix, ()))

    assert said["counts"] == {"added": 1}


@pytest.mark.parametrize(("lang", "remedy"), [("zh", "请在奥维导出时选 CGCS2000"), ("en", "export it in CGCS2000")])
def test_shifted_coordinates_are_refused_with_the_remedy(
    qingshan: Callable[..., Ran], tmp_path: Path, lang: str, remedy: str
) -> None:
    path = tmp_path / "湿地.ovkml"
    path.write_text(OVKML.replace("CGCS2000", "GCJ02"), "utf-8")

    ran = qingshan("--lang", lang, "import", "wetlands", str(path))

    assert ran.returncode == 1
    assert remedy in ran.stderr
