"""A report and its sealed form, which only the office's private key opens: libsodium's sealed box.

Sealed: a mark of the form, the first bytes of the public key's hash (so that another office's file is told from a
damaged one), and the box. In the box: the length of the words' JSON, the JSON, the photo as it came.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from geo.refusal import Refusal

_FORM, _PRIVATE, _PUBLIC = b"QSREPORT1", "qingshan-reports-private-1", "qingshan-reports-public-1"
_MARK_BYTES = 8
_LENGTH = struct.Struct(">I")


class ReportRefusal(Refusal):
    """A report that cannot be opened or found, or a key that is none."""


@dataclass(frozen=True)
class Report:
    """What a citizen reported. received_at: an aware moment; lon, lat: degrees as typed; photo: as it came."""

    number: str
    received_at: datetime
    words: str
    place: str = ""
    township: str = ""
    lon: float | None = None
    lat: float | None = None
    contact: str = ""
    photo: bytes | None = None


def pair() -> tuple[str, str]:
    """A new pair of keys as they are written: private, public."""
    made = PrivateKey.generate()
    return _written(_PRIVATE, bytes(made)), _written(_PUBLIC, bytes(made.public_key))


def public_of(private: str) -> str:
    """The public key of a written private one. Raises ReportRefusal."""
    return _written(_PUBLIC, bytes(_private(private).public_key))


def checked(public: str) -> str:
    """The written public key, if it is one. Raises ReportRefusal."""
    _read(_PUBLIC, public)
    return public


def seal(report: Report, public: str) -> bytes:
    """A report as only the private key opens it. Raises ReportRefusal for a key that is none."""
    key = PublicKey(_read(_PUBLIC, public))
    words = {**asdict(replace(report, photo=None)), "received_at": report.received_at.isoformat()}
    written = json.dumps(words, ensure_ascii=False).encode("utf-8", "replace")
    box = SealedBox(key).encrypt(_LENGTH.pack(len(written)) + written + (report.photo or b""))
    return _FORM + _mark(bytes(key)) + bytes(box)


def opened(sealed: bytes, private: str, *, number: str) -> Report:
    """The report of a sealed file. number: the file's name. Raises ReportRefusal: not one, another key's, damaged."""
    key = _private(private)
    form, mark, box = sealed[: len(_FORM)], sealed[len(_FORM) :][:_MARK_BYTES], sealed[len(_FORM) + _MARK_BYTES :]
    if form != _FORM:
        raise ReportRefusal("reports.damaged", number=number)
    if mark != _mark(bytes(key.public_key)):
        raise ReportRefusal(
            "reports.other_key", number=number, theirs=mark.hex(), ours=_mark(bytes(key.public_key)).hex()
        )
    try:
        inside = SealedBox(key).decrypt(box)
        (length,) = _LENGTH.unpack_from(inside)
        words = json.loads(inside[_LENGTH.size :][:length])
        photo = inside[_LENGTH.size + length :] or None
        report = Report(**{**words, "received_at": datetime.fromisoformat(words["received_at"]), "photo": photo})
    except (CryptoError, struct.error, ValueError, LookupError, TypeError) as error:
        raise ReportRefusal("reports.damaged", number=number) from error
    if report.number != number:
        raise ReportRefusal("reports.renamed", number=number, inside=report.number)
    return report


def _written(kind: str, key: bytes) -> str:
    return f"{kind} {base64.b64encode(key).decode()}\n"


def _read(kind: str, written: str) -> bytes:
    found, _, key = written.strip().partition(" ")
    try:
        plain = base64.b64decode(key, validate=True)
    except ValueError:
        plain = b""
    if found != kind or len(plain) != PublicKey.SIZE:
        raise ReportRefusal("reports.no_key", kind=kind)
    return plain


def _private(written: str) -> PrivateKey:
    return PrivateKey(_read(_PRIVATE, written))


def _mark(public: bytes) -> bytes:
    return hashlib.sha256(public).digest()[:_MARK_BYTES]
