"""An evidence pack proves itself: whole, of the files, areas and papers of its result; what was changed is refused."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.refusal import Refusal
from pipelines.paper.pack.packed import MANIFEST, RESULT, manifest, packed
from pipelines.paper.pack.verifying import verify
from pipelines.paper.sheet.document import result_sha256
from pipelines.paper.sheet.form import dumped
from pipelines.paper.sheet.making import made_with, papers
from pipelines.paper.sheet.result import InputFile, Result
from pipelines.paper.sheet.writers.zipped import unzipped, zipped
from tests.pipelines.results import CONTENT, STAMP, result

SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = InputFile("../范围.zip", SHA256, len(CONTENT), kept=True)


def sound(**more: Any) -> Result:
    return result(sha256=SHA256, files=(FILE,), **more)


def pack_of(told: Result) -> bytes:
    return packed(told, papers(told), {SHA256: CONTENT})


@pytest.fixture(scope="module")
def pack() -> bytes:
    return pack_of(sound())


@pytest.fixture
def verified(tmp_path: Path) -> Callable[[bytes], Any]:
    def run(content: bytes) -> Any:
        file = tmp_path / "包.zip"
        file.write_bytes(content)
        return verify(file)

    return run


def refused(verified: Callable[[bytes], Any], content: bytes) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        verified(content)
    return refusal.value


def remade(pack: bytes, change: Callable[[dict[str, bytes]], Any], *, listed: bool = False) -> bytes:
    """The pack with its members changed; with a manifest that lists them as they then are, when `listed`."""
    members = unzipped(pack)
    change(members)
    if listed:
        rest = {name: content for name, content in members.items() if name != MANIFEST}
        members[MANIFEST] = manifest(sound(), rest, made_with())
    return zipped(members, STAMP.at)


def test_a_pack_is_sound_and_says_which_result_it_holds(pack: bytes, verified: Callable[[bytes], Any]) -> None:
    found = verified(pack)

    assert (found.stamp.number, found.parcels, found.papers, found.unlike) == (12, 2, 5, ())
    assert found.result_sha256 == result_sha256(sound())


def test_a_pack_of_the_same_result_is_the_same_to_the_byte(pack: bytes) -> None:
    assert pack_of(sound()) == pack


def test_the_pack_holds_result_inputs_papers_and_the_names_of_its_inputs(pack: bytes) -> None:
    members = unzipped(pack)

    assert members[RESULT] == dumped(sound())
    assert members[f"inputs/{SHA256}"] == CONTENT
    assert {name.rpartition(".")[2] for name in members if name.startswith("papers/")} == {
        "docx", "pdf", "xlsx", "gpkg", "txt",
    }  # fmt: skip
    listed = json.loads(members[MANIFEST])
    assert listed["inputs"] == [{"name": "../范围.zip", "sha256": SHA256, "member": f"inputs/{SHA256}"}]
    assert listed["screening"] == "初筛结果，不作为审批依据"


PAPER = "papers/套合-12.docx"


@pytest.mark.parametrize(
    ("change", "id_", "entry"),
    [
        (lambda m: m.update({PAPER: m[PAPER] + b"x"}), "pack.changed", PAPER),
        (lambda m: m.update({RESULT: m[RESULT].replace(b"core", b"c0re")}), "pack.changed", RESULT),
        (lambda m: m.update({f"inputs/{SHA256}": b"other"}), "pack.changed", f"inputs/{SHA256}"),
        (lambda m: m.pop(PAPER), "pack.missing", PAPER),
        (lambda m: m.pop(RESULT), "pack.missing", RESULT),
        (lambda m: m.update({"papers/同意.docx": b"x"}), "pack.extra", "papers/同意.docx"),
        (lambda m: m.pop(MANIFEST), "pack.not_a_pack", MANIFEST),
    ],
)
def test_what_was_changed_taken_away_or_put_in_is_named(
    pack: bytes, verified: Callable[[bytes], Any], change: Callable[[Any], Any], id_: str, entry: str
) -> None:
    refusal = refused(verified, remade(pack, change))

    assert (refusal.id, refusal.values["entry"]) == (id_, entry)


@pytest.mark.parametrize(
    ("change", "id_"),
    [
        (lambda m: m.pop(PAPER), "pack.missing"),
        (lambda m: m.pop(f"inputs/{SHA256}"), "pack.missing"),
        (lambda m: m.update({PAPER: m["papers/套合-12.pdf"]}), "pack.paper"),
        (lambda m: m.update({"papers/同意.docx": b"x"}), "pack.extra"),
        (lambda m: m.update({"inputs/" + "0" * 64: b"x"}), "pack.extra"),
        (lambda m: m.update({f"inputs/{SHA256}": b"other"}), "pack.input"),
        (lambda m: m.update({RESULT: m[RESULT] + b"\n"}), "result.unreadable"),
    ],
)
def test_a_manifest_that_was_made_to_fit_hides_nothing(
    pack: bytes, verified: Callable[[bytes], Any], change: Callable[[Any], Any], id_: str
) -> None:
    assert refused(verified, remade(pack, change, listed=True)).id == id_


def doctored(change: Callable[[Result], Result]) -> bytes:
    """A pack made anew, manifest too, of a result that was changed; numbers are looked at before papers."""
    return packed(change(sound()), {}, {SHA256: CONTENT})


def with_red(told: Result, **more: Any) -> Result:
    first, *parcels = told.parcels
    red, *findings = first.findings
    return replace(told, parcels=(replace(first, findings=(replace(red, **more), *findings)), *parcels))


def smaller_piece(told: Result) -> Result:
    """The piece shrunk together with every number that it gives: only the zone beside it tells."""
    red = told.parcels[0].findings[0]
    core, outside = red.features
    half = replace(core, piece=told.parcels[0].findings[0].features[1].piece, m2=outside.m2)
    return with_red(told, features=(half, outside))


@pytest.mark.parametrize(
    ("change", "at"),
    [
        (lambda r: with_red(r, m2=1.0), "一号地 生态保护红线 m²"),
        (lambda r: with_red(r, hm2=0.0001), "一号地 生态保护红线 hm²"),
        (lambda r: with_red(r, share=0.01), "一号地 生态保护红线 %"),
        (lambda r: with_red(r, features=()), "一号地 生态保护红线 m²"),
        (lambda r: with_red(r, by_class={"core": 1.0, "outside": 1.0}), "一号地 生态保护红线 core"),
        (smaller_piece, "一号地 生态保护红线 001 W"),
        (lambda r: replace(r, parcels=(replace(r.parcels[0], area_m2=1e4),)), "一号地 m²"),
        (lambda r: replace(r, parcels=(replace(r.parcels[0], survey_area_m2=1e4),)), "一号地 TD/T 1055 m²"),
        (lambda r: replace(r, parcels=(replace(r.parcels[0], bounds=(115.0, 26.0, 116.0, 27.0)),)), "一号地 W"),
    ],
)
def test_a_number_that_the_shapes_do_not_give_is_named_though_all_else_was_made_to_fit(
    verified: Callable[[bytes], Any], change: Callable[[Result], Result], at: str
) -> None:
    refusal = refused(verified, doctored(change))

    assert refusal.id == "pack.area"
    assert str(refusal.values["at"]).endswith(at)


def test_a_shape_that_crosses_itself_is_refused_before_anything_is_counted(verified: Callable[[bytes], Any]) -> None:
    bow_tie = shapely.MultiPolygon(
        [shapely.Polygon([(115.35, 26.33), (115.36, 26.34), (115.36, 26.33), (115.35, 26.34)])]
    )

    refusal = refused(verified, doctored(lambda r: replace(r, parcels=(replace(r.parcels[0], shape=bow_tie),))))

    assert refusal.values == {"at": "$.parcels", "reason": "一号地"}


def test_papers_of_other_versions_are_held_against_their_hashes_and_said_not_to_be_compared(
    verified: Callable[[bytes], Any], pack: bytes
) -> None:
    members = unzipped(pack)
    members[PAPER] = zipped(unzipped(members[PAPER]), STAMP.at.replace(year=2025))
    rest = {name: content for name, content in members.items() if name != MANIFEST}
    members[MANIFEST] = manifest(sound(), rest, {**made_with(), "weasyprint": "1"})

    assert verified(zipped(members, STAMP.at)).unlike == (PAPER,)


def test_a_manifest_with_another_word_in_it_is_refused(pack: bytes, verified: Callable[[bytes], Any]) -> None:
    def change(members: dict[str, bytes]) -> None:
        members[MANIFEST] = members[MANIFEST].replace("初筛结果".encode(), "审批结果".encode())

    assert refused(verified, remade(pack, change)).id == "pack.manifest"


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip" * 100])
def test_what_is_no_zip_is_refused(verified: Callable[[bytes], Any], content: bytes) -> None:
    assert refused(verified, content).id == "zip.broken"


def written(*entries: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return held.getvalue()


def link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("papers/a.docx")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("content", "id_"),
    [
        (lambda: written(("../../etc/passwd", b"x")), "zip.escapes"),
        (lambda: written(("/etc/passwd", b"x")), "zip.escapes"),
        (lambda: written((link(), b"/etc/passwd")), "zip.link"),
        (lambda: written((RESULT, bytes(200 * 1024**2))), "zip.bomb"),
        (lambda: written(*((f"papers/{n}", b"") for n in range(1001))), "zip.too_many"),
    ],
)
def test_a_hostile_zip_is_refused_before_anything_in_it_is_read(
    verified: Callable[[bytes], Any], content: Callable[[], bytes], id_: str
) -> None:
    assert refused(verified, content()).id == id_


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice_is_refused(pack: bytes, verified: Callable[[bytes], Any]) -> None:
    members = unzipped(pack)

    assert refused(verified, written(*members.items(), (RESULT, members[RESULT]))).id == "pack.twice"


def test_a_size_that_lies_is_not_unpacked(pack: bytes, verified: Callable[[bytes], Any]) -> None:
    huge = bytearray(written((RESULT, bytes(50 * 1024**2))))
    with zipfile.ZipFile(io.BytesIO(huge)) as archive:
        (size,) = (info.file_size for info in archive.infolist())
    for at in (22, huge.index(b"PK\x01\x02") + 24):
        assert huge[at : at + 4] == size.to_bytes(4, "little")
        huge[at : at + 4] = (10).to_bytes(4, "little")

    assert refused(verified, bytes(huge)).id in ("zip.broken", "zip.too_large")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_flipped_bit_leaves_a_pack_sound(pack: bytes, verified: Callable[[bytes], Any], data: st.DataObject) -> None:
    at, bit = data.draw(st.integers(0, len(pack) - 1)), data.draw(st.integers(0, 7))
    flipped = bytearray(pack)
    flipped[at] ^= 1 << bit

    assert refused(verified, bytes(flipped)).id.partition(".")[0] in ("zip", "pack", "result")
