"""A JSON document as a window that moves on: its outermost members, and the items of `features` one by one."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

from geo.formats.values import Source, shown
from geo.refusal import GeoRefusal

_CHUNK = 1024 * 1024
_SPACE = re.compile(r"[ \t\r\n]*")


class _Constant(Exception):
    pass


class Text:
    """The text of a file as a window that moves on: decoded JSON values, never the whole file."""

    def __init__(self, file: Any, source: Source, longest: int) -> None:
        self._file, self._source, self._longest = file, source, longest
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._json = json.JSONDecoder(parse_constant=_no_constant)
        self._window, self._at, self._ended, self._passed = "", 0, False, 0

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            found = _SPACE.match(self._window, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._window) or not self._more():
                return self._window[self._at : self._at + 1]

    def take(self, expected: str) -> str:
        """Step over one of the characters expected. Raises GeoRefusal at another."""
        found = self.peek()
        if not found or found not in expected:
            raise self.broken(f"{found or 'EOF'} ≠ {' '.join(expected)}")
        self._at += 1
        return found

    def value(self) -> Any:
        """The next JSON value, read on until it is whole."""
        self.peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._window, self._at)
            except RecursionError as error:
                raise GeoRefusal("geojson.too_deep", name=self._source.name) from error
            except _Constant as constant:
                raise self.broken(str(constant)) from constant
            except ValueError as error:
                if not self._wider():
                    raise self.broken(str(error)) from error
                continue
            if end == len(self._window) and self._more():
                continue  # A number may go on in the next chunk.
            self._at = end
            return value

    def broken(self, detail: str) -> GeoRefusal:
        return GeoRefusal(
            "geojson.broken", name=self._source.name, at=self._passed + self._at, detail=shown(detail, 120)
        )

    def _wider(self) -> bool:
        """As much again as is already waiting, so that a long feature is not parsed anew at every chunk."""
        waiting = len(self._window) - self._at
        if waiting > self._longest:
            raise GeoRefusal("geojson.monster", name=self._source.name, at=self._passed + self._at)
        return self._more(max(_CHUNK, waiting))

    def _more(self, size: int = _CHUNK) -> bool:
        if self._ended:
            return False
        raw = self._file.read(size)
        self._ended = not raw
        try:
            fresh = self._decode.decode(raw, final=self._ended)
        except UnicodeDecodeError as error:
            raise GeoRefusal("geojson.not_utf8", name=self._source.name) from error
        self._window, self._passed, self._at = self._window[self._at :] + fresh, self._passed + self._at, 0
        return bool(fresh) or not self._ended


class Document:
    """The members of the outermost object; `features` are handed out one by one as they come."""

    def __init__(self, text: Text, source: Source) -> None:
        self._text, self._source = text, source
        self.members: dict[str, Any] = {}

    @property
    def crs(self) -> str | None:
        """The name in the older `crs` member. Raises GeoRefusal for one that cannot be read."""
        stated = self.members.get("crs")
        if stated is None:
            return None
        name = stated.get("properties", {}).get("name") if isinstance(stated, dict) else None
        if not isinstance(name, str):
            raise GeoRefusal("crs.unreadable", stated=shown(json.dumps(stated, ensure_ascii=False), 120))
        return name

    def features(self) -> Iterator[Any]:
        self._text.take("{")
        while self._text.peek() != "}":
            name = self._name()
            if name == "features" and self._text.peek() == "[":
                yield from self._array()
                self.members[name] = True
            else:
                self._keep(name, self._text.value())
            if self._text.peek() == "}":
                break
            self._text.take(",")
        self._text.take("}")
        if self._text.peek():
            raise self._text.broken(self._text.peek())

    def _name(self) -> str:
        name = self._text.value()
        if not isinstance(name, str):
            raise self._text.broken(str(name))
        self._text.take(":")
        return name

    def _keep(self, name: str, value: Any) -> None:
        if name == "crs" and "features" in self.members and value is not None:
            raise GeoRefusal("geojson.crs_too_late", name=self._source.name)
        self.members[name] = value

    def _array(self) -> Iterator[Any]:
        self._text.take("[")
        if self._text.peek() == "]":
            self._text.take("]")
            return
        while True:
            yield self._text.value()
            if self._text.take(",]") == "]":
                return


def _no_constant(constant: str) -> Any:
    raise _Constant(constant)
