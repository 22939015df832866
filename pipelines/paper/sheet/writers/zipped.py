"""Zips that come out the same again: members in their order, each dated as the result was stored."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime


def zipped(members: Mapping[str, bytes], at: datetime) -> bytes:
    """A zip of members, names in UTF-8, dated to the two seconds that a zip knows."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, at.timetuple()[:6])
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, content)
    return held.getvalue()


def unzipped(archive: bytes) -> dict[str, bytes]:
    """The members of a zip of our own making."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {info.filename: opened.read(info) for info in opened.infolist()}
