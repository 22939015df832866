"""The number under which a report is looked up: eight signs drawn at random and one that checks them.

Signs, weights and modulus are those of the unified social credit code (GB 32100-2015, 4.2): no I, O, Z, S or V, and any
one sign mistyped, or any two exchanged, is told. 31⁸ numbers, some 8.5·10¹¹, are too many to go through.
"""

from __future__ import annotations

import secrets
import unicodedata

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LENGTH, _GROUP = 8, 3
_MEANT = str.maketrans({"I": "1", "O": "0", "Z": "2", "S": "5"})
"""What stands for a sign that it is easily taken for, as no number holds it."""


def drawn() -> str:
    """A new number, which nobody can guess."""
    signs = "".join(secrets.choice(SIGNS) for _ in range(_LENGTH))
    return signs + check(signs)


def check(signs: str) -> str:
    """The sign that follows these: GB 32100-2015, 4.2.5, for any length."""
    total = sum(SIGNS.index(sign) * pow(3, at, 31) for at, sign in enumerate(signs))
    return SIGNS[-total % 31]


def read(written: str) -> str | None:
    """The number that somebody has typed, in whatever groups, case and width; None when it cannot be one."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", written).upper() if sign.isalnum()).translate(_MEANT)
    if len(plain) != _LENGTH + 1 or not set(plain) <= set(SIGNS):
        return None
    return plain if check(plain[:-1]) == plain[-1] else None


def grouped(number: str) -> str:
    """As people read it out: 7K3-M9Q-XWR."""
    return "-".join(number[at : at + _GROUP] for at in range(0, len(number), _GROUP))
