"""Shapes out of the short texts in which a map holds them: written from the docstring of `pack`, not from the code."""

from __future__ import annotations

import numpy as np

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def unpacked(path: str) -> list[tuple[int, int]]:
    """The steps of a packed path added up."""
    numbers, value, shift = [], 0, 0
    for letter in path:
        bits = LETTERS.index(letter)
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append(-(value + 1) // 2 if value % 2 else value // 2)
            value = shift = 0
    return list(zip(np.cumsum(numbers[::2]).tolist(), np.cumsum(numbers[1::2]).tolist(), strict=True))
