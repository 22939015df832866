"""The form of a result: read(write(result)) is the result, and what is not one is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.paper.sheet.form import ResultRefusal, dumped, loaded
from tests.pipelines.results import bent, finding, parcel, result

offsets = st.lists(st.floats(-100, 100), min_size=8, max_size=8)


@given(offsets=offsets, name=st.text(max_size=20), no=st.integers(0, 2**60), share=st.floats(0, 1))
def test_a_result_read_back_is_the_result_to_the_last_digit(
    offsets: list[float], name: str, no: int, share: float
) -> None:
    shape = bent(*offsets)
    held = replace(finding("redline", shape, [(shape, "core")]), share=share)
    made = result(no=no, parcels=(parcel(1, name.encode("utf-8", "replace").decode(), shape, (held,)),))

    again = loaded(dumped(made))

    assert again == made
    assert dumped(again) == dumped(made)


def test_what_was_added_later_is_not_written_while_it_has_its_default_so_that_older_results_keep_their_hash() -> None:
    (file,) = result().files
    kept = result(files=(replace(file, kept=True),))

    assert "kept" not in json.loads(dumped(result()))["files"][0]
    assert json.loads(dumped(kept))["files"][0]["kept"] is True
    assert loaded(dumped(result())) == result()


def mangled(change: Callable[[Any], Any]) -> bytes:
    given = json.loads(dumped(result()))
    change(given)
    return json.dumps(given).encode()


@pytest.mark.parametrize(
    ("change", "at"),
    [
        (lambda r: r.update(no="7"), "$.no"),
        (lambda r: r.update(no=True), "$.no"),
        (lambda r: r.pop("layers"), "$.layers"),
        (lambda r: r.update(verdict="许可"), "$"),
        (lambda r: r.update(on="2026-13-01"), "$.on"),
        (lambda r: r["stored"].update(at="now"), "$.stored.at"),
        (lambda r: r["parcels"][0].update(bounds=[1.0, 2.0]), "$.parcels[0].bounds"),
        (lambda r: r["parcels"][1].update(area_m2=None), "$.parcels[1].area_m2"),
        (lambda r: r["parcels"][0]["townships"].update(甲="1"), "$.parcels[0].townships.甲"),
        (lambda r: r["parcels"][0].update(shape={"type": "Point", "coordinates": [1, 2]}), "$.parcels[0].shape"),
        (lambda r: r["parcels"][0]["shape"].update(coordinates=[[[["x"]]]]), "$.parcels[0].shape"),
        (lambda r: r["parcels"][0]["shape"].pop("type"), "$.parcels[0].shape"),
        (lambda r: r["parcels"][0].update(shape=[]), "$.parcels[0].shape"),
        (lambda r: r["parcels"][0]["findings"][0]["features"][1].update(m2=1e999), "$"),
        (lambda r: r.update(parcels={}), "$.parcels"),
    ],
)
def test_what_is_not_as_it_is_in_a_result_is_refused_with_its_place(change: Callable[[Any], Any], at: str) -> None:
    with pytest.raises(ResultRefusal) as refusal:
        loaded(mangled(change))

    assert (refusal.value.id, refusal.value.values["at"]) == ("result.unreadable", at)


@pytest.mark.parametrize("form", [b"", b"[]", b"\xff", b"[" * 100_000, b"null"])
def test_what_is_no_result_at_all_is_refused(form: bytes) -> None:
    with pytest.raises(ResultRefusal) as refusal:
        loaded(form)

    assert refusal.value.id == "result.unreadable"


def test_a_result_of_a_newer_program_is_refused_with_both_versions() -> None:
    with pytest.raises(ResultRefusal) as refusal:
        loaded(mangled(lambda r: r.update(version=2)))

    assert (refusal.value.id, refusal.value.values) == ("result.version", {"version": "2", "known": 1})
