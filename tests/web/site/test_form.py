"""The reader of forms: however a form is cut on its way it is the same, and nothing that is sent breaks it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.reporting import limits
from tests.web.site.offices import PHOTO, TYPED, multipart
from tests.web.site.sites import finished
from web.site import form

_KIND = "multipart/form-data; boundary=0123456789abcdef"


def read(pieces: list[bytes], *, keep_photo: bool = True, length: str = "") -> form.Form:
    return finished(lambda: form.read(_sent(pieces), _KIND, length, keep_photo=keep_photo))


def _sent(pieces: list[bytes]) -> Callable[[], Awaitable[MutableMapping[str, Any]]]:
    waiting = [*pieces]

    async def receive() -> MutableMapping[str, Any]:
        if not waiting:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    return receive


@given(st.lists(st.integers(0, 1800), max_size=12))
def test_a_form_is_the_same_however_it_is_cut(at: list[int]) -> None:
    whole = multipart(TYPED, PHOTO)
    cuts = [0, *sorted(at), len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(cuts)]

    came = read(pieces)

    assert (came.typed, came.photo, came.problems, came.cut) == (TYPED, PHOTO, [], False)


@given(st.binary(max_size=400), st.integers(0, 1500))
def test_whatever_is_sent_ends_in_a_form_or_in_words(noise: bytes, at: int) -> None:
    whole = multipart(TYPED, PHOTO)

    for content in (noise, whole[:at] + noise + whole[at:], whole[:at] + noise):
        came = read([content])
        assert came.problems or came.typed["words"]
        assert all(problem.status in {400, 408, 413, 415} for problem in came.problems)


def test_a_client_that_hangs_up_is_known() -> None:
    whole = multipart(TYPED)

    async def cut_short() -> form.Form:
        pieces = [whole[:50]]

        async def receive() -> MutableMapping[str, Any]:
            return (
                {"type": "http.request", "body": pieces.pop(), "more_body": True}
                if pieces
                else {"type": "http.disconnect"}
            )

        return await form.read(receive, _KIND, "", keep_photo=True)

    with pytest.raises(form.ClientGone):
        finished(cut_short)


def test_the_second_of_two_fields_of_one_name_and_unknown_ones_are_passed_over() -> None:
    first, second = multipart({"words": "first", "other": "x" * 100_000}), multipart({**TYPED, "words": "second"})

    came = read([first.removesuffix(b"--0123456789abcdef--\r\n") + second])

    assert came.typed == {**TYPED, "words": "first"}


def test_a_photo_that_will_be_refused_anyway_is_not_kept() -> None:
    came = read([multipart(TYPED, PHOTO)], keep_photo=False)

    assert (came.photo, came.typed, came.problems) == (None, TYPED, [])


def test_words_are_counted_as_people_count_them() -> None:
    most = "字" * limits().words

    assert read([multipart({**TYPED, "words": f"  {most}\r\n"})]).problems == []
    assert [problem.id for problem in read([multipart({**TYPED, "words": f"{most}字"})]).problems] == [
        "report_page.too_long"
    ]


def test_lines_stay_and_control_characters_go() -> None:
    came = read([multipart({**TYPED, "words": "一\r\n二\x1b[31m三\x00"})])

    assert came.typed["words"] == "一\n二[31m三"


@pytest.mark.parametrize(
    ("lon", "lat", "position"),
    [
        ("115.36", "26.33", (115.36, 26.33)),
        ("１１５．３６", " 26.33 ", (115.36, 26.33)),
        ("115.01", "26.04", (115.01, 26.04)),
    ],
)
def test_a_position_in_the_county_and_its_margin_is_taken(lon: str, lat: str, position: tuple[float, float]) -> None:
    came = read([multipart({**TYPED, "lon": lon, "lat": lat})])

    assert (came.problems, came.position()) == ([], position)
