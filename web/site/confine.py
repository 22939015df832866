"""What the site process takes away from itself before it answers anybody: files, network, programs, rights.

Landlock, which any process may put on itself, leaves it the folders that are named and nothing else to open, from ABI
4 no TCP port to open and nobody to call, from ABI 6 no other process to signal. The seccomp filter of the file reader
leaves it no new socket and no other program. Neither can be taken back. What is open stays open: the listening socket.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import struct
from dataclasses import dataclass
from pathlib import Path

from geo.refusal import Refusal
from geo.sandbox.confine import forbid_network_and_programs

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
"""Numbers of the three calls, the same on every processor."""
_ASK_ABI, _BENEATH, _SET_NO_NEW_PRIVILEGES = 1, 1, 38

_WRITE, _READ, _LIST, _REMOVE, _MAKE = 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 8
_FILES_BY_ABI = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
"""What can be forbidden of files from which ABI on: all of the first; then to link elsewhere, to cut short, ioctl."""
_NETWORK, _SCOPES = 0b11, 0b11
"""To bind and to connect by TCP; abstract sockets and signals."""
_NETWORK_FROM, _SCOPES_FROM = 4, 6


class SiteRefusal(Refusal):
    """The site process cannot start, or cannot serve what it was given."""


@dataclass(frozen=True)
class Confined:
    """How far the process is held: the ABI of Landlock, 0 without; whether seccomp is on; the user it runs as."""

    landlock: int
    seccomp: bool
    user: str


def confine(*, read: list[Path], write: list[Path], user: str | None, unconfined: bool = False) -> Confined:
    """Hold this process, for ever, to reading and writing beneath these folders.

    user: whom root becomes; of no meaning for others. unconfined: only root's rights are given up. Raises SiteRefusal
    where the kernel has no Landlock, a folder cannot be entered, or a thread runs already, which would stay free.
    """
    if len(os.listdir("/proc/self/task")) != 1:
        raise SiteRefusal("site.threads")
    if os.geteuid() == 0 and user:
        _become(user)
    name = pwd.getpwuid(os.geteuid()).pw_name
    if unconfined:
        return Confined(0, False, name)
    abi = _restrict(read, write)
    return Confined(abi, forbid_network_and_programs(), name)


def account(user: str) -> pwd.struct_passwd:
    """The account of a user. Raises SiteRefusal when there is none."""
    try:
        return pwd.getpwnam(user)
    except KeyError:
        raise SiteRefusal("site.no_user", user=user) from None


def _become(user: str) -> None:
    found = account(user)
    os.setgroups([])
    os.setresgid(*[found.pw_gid] * 3)
    os.setresuid(*[found.pw_uid] * 3)


def _restrict(read: list[Path], write: list[Path]) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(_CREATE, None, 0, _ASK_ABI)
    if abi < 1:
        raise SiteRefusal("site.no_landlock", reason=os.strerror(ctypes.get_errno()))
    ruleset = _checked(libc.syscall(_CREATE, *_handled(abi), 0))
    for folder, rights in _rights(read, write):
        beneath = _opened(folder)
        _checked(libc.syscall(_ADD_RULE, ruleset, _BENEATH, struct.pack("=Qi", rights, beneath), 0))
        os.close(beneath)
    _checked(libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(libc.syscall(_RESTRICT, ruleset, 0))
    os.close(ruleset)
    return int(abi)


def _opened(folder: Path) -> int:
    try:
        return os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        user = pwd.getpwuid(os.geteuid()).pw_name
        raise SiteRefusal("site.closed", folder=folder, user=user, reason=error.strerror) from error


def _handled(abi: int) -> tuple[bytes, int]:
    """The attributes of a ruleset that forbids all that this ABI can, and their size."""
    files = sum(rights for since, rights in _FILES_BY_ABI if abi >= since)
    words = [files]
    if abi >= _NETWORK_FROM:
        words.append(_NETWORK)
    if abi >= _SCOPES_FROM:
        words.append(_SCOPES)
    return struct.pack(f"={len(words)}Q", *words), 8 * len(words)


def _rights(read: list[Path], write: list[Path]) -> list[tuple[Path, int]]:
    reading = [(folder, _READ | _LIST) for folder in read]
    return reading + [(folder, _READ | _LIST | _WRITE | _MAKE | _REMOVE) for folder in write]


def _checked(done: int) -> int:
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done
