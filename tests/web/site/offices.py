"""A site with an inbox, the office's command over it, and reports sent as a browser sends them."""

from __future__ import annotations

import io
import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image

from pipelines.reports.inbox import Inbox
from pipelines.reports.taking import make_keys
from tests.web.site.sites import COMMAND, Answer, Running, open_folder, published, running

TYPED = {"words": "河边有人倒渣土", "place": "江背镇桥头", "township": "360732101", "contact": "13800000000"}
PHOTO = b"\xff\xd8\xff" + bytes(1000)
BOUNDARY = "0123456789abcdef"
_ADDRESSES = itertools.count(1)


@dataclass(frozen=True)
class Office:
    """A site with its inbox, and the office's command over it."""

    site: Running
    inbox: Inbox
    key: Path

    def does(self, *words: str) -> subprocess.CompletedProcess[str]:
        return command(*words, "--inbox", str(self.inbox.place), "--key", str(self.key))

    def answers(self, *words: str) -> Any:
        ran = self.does(*words, "--json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, "reports", *words], capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def opened_office() -> Iterator[Office]:
    place = open_folder()
    inbox, key = Inbox(place / "inbox"), place / "private" / "key"
    make_keys(key, inbox)
    with running(published(place / "folder"), "--inbox", str(inbox.place)) as site:
        yield Office(site, inbox, key)
    shutil.rmtree(place)


def multipart(fields: Mapping[str, str], photo: bytes | None = None) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()
    ]
    if photo is not None:
        head = (
            'Content-Disposition: form-data; name="photo"; filename="../../a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        )
        parts.append(f"--{BOUNDARY}\r\n{head}".encode() + photo + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def post(
    site: Running, fields: Mapping[str, str], photo: bytes | None = None, path: str = "/report", **headers: str
) -> Answer:
    """As nginx on this machine sends it on, from one address each unless it is named."""
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    headers.setdefault("X_Forwarded_For", f"198.51.100.{next(_ADDRESSES)}")
    return site.ask(path, "POST", multipart(fields, photo), Content_Type=kind, **headers)


def sent(site: Running, fields: Mapping[str, str], photo: bytes | None = None, **headers: str) -> str:
    """The number under which a report was taken."""
    answer = post(site, fields, photo, **headers)
    assert answer.status == 303, answer.body.decode()
    return answer.headers["location"].removeprefix("/report/")


def looked_up(site: Running, number: str) -> str:
    answer = site.ask(f"/report/{number}")
    assert answer.status == 200
    return answer.body.decode()


def photo_with_position() -> bytes:
    exif = Image.Exif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", (26.0, 19.0, 48.0)
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", (115.0, 21.0, 36.0)
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "green").save(out, "JPEG", exif=exif)
    return out.getvalue()
