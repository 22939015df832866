"""A citizen's photo made safe: decoded and drawn anew in a child process that may be killed, with nothing of its EXIF.

Where and when it was taken, if it says so, is told beside it. The child is an interpreter of its own without network
and other programs; it is handed the photo on its standard input and opens no file of the office's.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from dataclasses import dataclass

from data.reporting import limits
from pipelines.reports.sealing import ReportRefusal

LENGTH = struct.Struct(">I")


@dataclass(frozen=True)
class Photo:
    """A JPEG without any metadata, and what the photo said of itself: degrees as its EXIF has them, time as written."""

    jpeg: bytes
    width: int
    height: int
    lon: float | None = None
    lat: float | None = None
    taken_at: str | None = None


def cleaned(photo: bytes) -> Photo:
    """The photo made safe. Raises ReportRefusal where it has too many pixels or cannot be decoded within the limits."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "pipelines.reports.drawing"],
            input=photo, capture_output=True, env={"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}, check=False,
            timeout=3 * limits().photo_cpu_s,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ReportRefusal("reports.photo_broken", reason="time") from None
    if done.returncode != 0 or len(done.stdout) < LENGTH.size:
        raise ReportRefusal("reports.photo_broken", reason=f"exit {done.returncode}")
    (length,) = LENGTH.unpack_from(done.stdout)
    said = json.loads(done.stdout[LENGTH.size :][:length])
    if "refused" in said:
        raise ReportRefusal(said["refused"], **said["values"])
    return Photo(jpeg=done.stdout[LENGTH.size + length :], **said)
