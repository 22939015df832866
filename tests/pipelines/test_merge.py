"""Three-way merge by field: its properties, over random rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipelines.edits.merge import merge, same
from tests.samples import square

FIELDS = ("land_class", "name", "area", "planted_on", "shape")
VALUES = st.one_of(
    st.none(), st.sampled_from(["马尾松", "杉木"]), st.floats(), st.integers(0, 2), st.builds(square, st.integers(0, 2))
)
ROWS = st.fixed_dictionaries(dict.fromkeys(FIELDS, VALUES))
EDITS = st.dictionaries(st.sampled_from(FIELDS), VALUES)
Row = Mapping[str, Any]


def equal(one: Row, other: Row) -> bool:
    return one.keys() == other.keys() and all(same(one[field], other[field]) for field in one)


def changed(base: Row, row: Row) -> set[str]:
    return {field for field, value in row.items() if not same(base[field], value)}


@given(base=ROWS, theirs=EDITS)
def test_no_change_of_mine_writes_nothing(base: Row, theirs: Row) -> None:
    merged = merge(base, {**base, **theirs}, base)

    assert (merged.fields, merged.conflicts) == ({}, ())


@given(base=ROWS, both=EDITS)
def test_the_same_change_twice_is_no_conflict(base: Row, both: Row) -> None:
    merged = merge(base, {**base, **both}, both)

    assert (merged.fields, merged.conflicts) == ({}, ())


@given(base=ROWS, edit=EDITS, mine_of=st.sets(st.sampled_from(FIELDS)))
def test_changes_of_different_fields_commute(base: Row, edit: Row, mine_of: set[str]) -> None:
    mine = {**base, **{f: v for f, v in edit.items() if f in mine_of}}
    theirs = {**base, **{f: v for f, v in edit.items() if f not in mine_of}}

    over_theirs, over_mine = merge(base, theirs, mine), merge(base, mine, theirs)

    assert over_theirs.conflicts == over_mine.conflicts == ()
    assert equal({**theirs, **over_theirs.fields}, {**base, **edit})
    assert equal({**mine, **over_mine.fields}, {**base, **edit})


@given(base=ROWS, theirs=EDITS, mine=EDITS)
def test_a_conflict_is_exactly_where_both_changed_to_different_values(base: Row, theirs: Row, mine: Row) -> None:
    stands = {**base, **theirs}
    both = changed(base, theirs) & changed(base, mine)

    merged = merge(base, stands, mine)

    assert {c.field for c in merged.conflicts} == {f for f in both if not same(theirs[f], mine[f])}
    for c in merged.conflicts:
        assert same(c.base, base[c.field])
        assert same(c.theirs, theirs[c.field])
        assert same(c.mine, mine[c.field])


@given(base=ROWS, theirs=EDITS, mine=EDITS)
def test_what_is_written_is_mine_and_only_what_i_alone_changed(base: Row, theirs: Row, mine: Row) -> None:
    merged = merge(base, {**base, **theirs}, mine)

    assert set(merged.fields) == changed(base, mine) - changed(base, theirs)
    assert all(same(value, mine[field]) for field, value in merged.fields.items())


@given(theirs=ROWS, mine=EDITS)
def test_a_base_that_holds_nothing_lets_mine_pass(theirs: Row, mine: Row) -> None:
    merged = merge({}, theirs, mine)

    assert merged.conflicts == ()
    assert set(merged.fields) == changed(theirs, mine)


def test_a_shape_drawn_from_another_corner_is_another_shape() -> None:
    one, turned = square(1), square(1).reverse()

    assert same(one, square(1))
    assert not same(one, turned)
    assert one.equals(turned)
