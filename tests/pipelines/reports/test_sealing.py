"""Numbers that tell when they are mistyped, and reports that open with one key only."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.reports import numbers
from pipelines.reports.numbers import SIGNS, check, drawn, grouped, read
from pipelines.reports.sealing import Report, ReportRefusal, checked, opened, pair, public_of, seal

PRIVATE, PUBLIC = pair()
AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
NUMBERS = st.lists(st.sampled_from(SIGNS), min_size=8, max_size=8).map(lambda s: "".join(s) + check("".join(s)))
REPORTS = st.builds(
    Report,
    number=NUMBERS,
    received_at=st.just(AT),
    words=st.text(max_size=50),
    place=st.text(max_size=20),
    lon=st.none() | st.floats(115, 116),
    lat=st.none() | st.floats(26, 27),
    contact=st.text(max_size=20),
    photo=st.none() | st.binary(min_size=1, max_size=200),
)


def test_the_check_sign_is_that_of_the_credit_code() -> None:
    # The example of GB 32100-2015.
    assert check("91350100M000100Y4") == "3"


@given(NUMBERS, st.integers(0, 8), st.sampled_from(SIGNS))
def test_one_sign_mistyped_is_told(number: str, at: int, sign: str) -> None:
    wrong = number[:at] + sign + number[at + 1 :]

    assert read(wrong) == (number if wrong == number else None)


@given(NUMBERS, st.integers(0, 7), st.integers(0, 7))
def test_two_signs_exchanged_are_told(number: str, one: int, other: int) -> None:
    signs = list(number)
    signs[one], signs[other] = signs[other], signs[one]
    wrong = "".join(signs)

    assert read(wrong) == (number if wrong == number else None)


@given(NUMBERS)
def test_a_number_is_read_however_it_is_written(number: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in number)
    taken_for = number.replace("1", "l" if "L" not in number else "I").replace("0", "o").replace("2", "z")

    assert read(grouped(number)) == read(f" {number.lower()} ") == read(wide) == number
    assert read(taken_for.replace("l", "I").replace("5", "s")) == number


@pytest.mark.parametrize("written", ["", "ABC", "0000-0000-0000", "../../etc", "%00", "编号", "V" * 9])
def test_what_is_no_number_is_not_read(written: str) -> None:
    assert read(written) is None


def test_numbers_are_drawn_from_all_there_are() -> None:
    many = {drawn() for _ in range(2000)}

    assert len(many) == 2000
    assert all(numbers.read(one) == one for one in many)
    assert {sign for one in many for sign in one} == set(SIGNS)


@given(REPORTS)
def test_what_was_sealed_opens_as_it_was(report: Report) -> None:
    assert opened(seal(report, PUBLIC), PRIVATE, number=report.number) == report


@given(REPORTS, st.data())
def test_one_byte_changed_never_opens(report: Report, data: st.DataObject) -> None:
    sealed = bytearray(seal(report, PUBLIC))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))

    with pytest.raises(ReportRefusal):
        opened(bytes(sealed), PRIVATE, number=report.number)


def test_nothing_of_a_report_can_be_seen_in_its_sealed_form() -> None:
    sealed = seal(Report("A", AT, words="canary words", contact="canary 13800000000", photo=b"canary photo"), PUBLIC)

    assert b"canary" not in sealed
    assert sealed != seal(Report("A", AT, words="canary words", contact="canary 13800000000"), PUBLIC)


def test_another_key_a_damaged_file_and_a_renamed_one_are_told_apart() -> None:
    sealed, (other, _) = seal(Report("A", AT, words="x"), PUBLIC), pair()

    for content, key, number, refusal in [
        (sealed, other, "A", "reports.other_key"),
        (sealed[:-1], PRIVATE, "A", "reports.damaged"),
        (b"", PRIVATE, "A", "reports.damaged"),
        (sealed, PRIVATE, "B", "reports.renamed"),
        (sealed, PUBLIC, "A", "reports.no_key"),
        (sealed, "", "A", "reports.no_key"),
    ]:
        with pytest.raises(ReportRefusal) as refused:
            opened(content, key, number=number)
        assert refused.value.id == refusal


def test_the_public_key_follows_from_the_private_one_and_neither_stands_for_the_other() -> None:
    assert public_of(PRIVATE) == checked(PUBLIC)
    with pytest.raises(ReportRefusal, match=r"reports\.no_key"):
        checked(PRIVATE)
