"""What a process gives up for good before it reads a foreign byte.

Once confined, a process may use its memory, the descriptors that it has, and the clock. It cannot
open a file or a socket, start or signal a process, read the memory of another one, keep a signal
from ending it, or take any of that back. This holds for root as well.

The filter is classic BPF over system call numbers (seccomp(2)). Every call that is not listed fails
with EPERM. A call of a foreign architecture ends the process, because its numbers mean something
else.

One folder of public data may stay readable. Landlock (landlock(7), Linux 5.13) then refuses every
other file, and the filter every way of opening that is not for reading alone. Without Landlock that
folder is closed too.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
from collections.abc import Iterable, Mapping
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_GET_ACTION_AVAILABLE: Final = 2
_INSTRUCTION: Final = 8

_RETURN_ALLOW: Final = 0x7FFF0000
_RETURN_EPERM: Final = 0x00050000 | errno.EPERM
_RETURN_KILL_PROCESS: Final = 0x80000000

# Offsets in `struct seccomp_data`. Of an argument it is the lower half, on processors whose lower
# half comes first.
_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_ARGUMENTS: Final = 16
_ARGUMENT: Final = 8

# BPF: load a word, jump when equal, jump when a bit is set, jump when greater or equal, return.
_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_SET: Final = 0x45
_JUMP_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06

# x86-64 has a second table of calls, whose numbers begin here.
_X32: Final = 0x4000_0000

_AUDIT: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Landlock: calls, the same on every machine, and rights by the version that knows them.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_READ_FILE: Final = 1 << 2
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_KNOWN: Final = 5

_LOOKING: Final = {"x86_64": {"stat": 4, "newfstatat": 262}, "aarch64": {"newfstatat": 79}}
# Calls that open a file, with the place of their flags among the arguments.
_OPENING: Final = {"x86_64": {2: 1, 257: 2}, "aarch64": {56: 2}}  # open, openat
# A file that is opened for reading may still be emptied (O_TRUNC). Landlock knows that only since
# Linux 6.2.
_NOT_READING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# Memory, descriptors that are open already, the clock, and the end. Nothing about signals: a child
# that could ignore its alarm, block it, or return from a handler that never ran would never end.
_ALLOWED: Final = {
    "x86_64": {
        "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9,
        "mprotect": 10, "munmap": 11, "brk": 12, "readv": 19, "writev": 20, "sched_yield": 24,
        "mremap": 25, "madvise": 28, "nanosleep": 35, "getpid": 39, "exit": 60, "gettimeofday": 96,
        "gettid": 186, "futex": 202, "sched_getaffinity": 204, "restart_syscall": 219,
        "clock_gettime": 228, "clock_nanosleep": 230, "exit_group": 231, "getrandom": 318,
    },
    "aarch64": {
        "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66, "ppoll": 73, "fstat": 80,
        "close": 57, "exit": 93, "exit_group": 94, "futex": 98, "nanosleep": 101,
        "clock_gettime": 113, "clock_nanosleep": 115, "sched_getaffinity": 123,
        "sched_yield": 124, "restart_syscall": 128, "gettimeofday": 169, "getpid": 172,
        "gettid": 178, "brk": 214, "munmap": 215, "mremap": 216, "mmap": 222, "mprotect": 226,
        "madvise": 233, "getrandom": 278,
    },
}  # fmt: skip


class NotConfined(Exception):
    """The kernel refused to confine this process."""


def is_supported() -> bool:
    """Check whether a process can be confined on this machine."""
    if platform.system() != "Linux" or platform.machine() not in _ALLOWED:
        return False

    # The kernel knows the answer that refuses a call.
    action = ctypes.c_uint32(_RETURN_EPERM & 0xFFFF0000)
    number = {"x86_64": 317, "aarch64": 277}[platform.machine()]
    found = _load_libc().syscall(number, _GET_ACTION_AVAILABLE, 0, ctypes.byref(action))
    return bool(found == 0)


def is_folder_supported() -> bool:
    """Check whether a confined process can read one folder and no other file."""
    return _read_landlock_version(_load_libc()) > 0


def limit_resources(*, memory: int, cpu_seconds: int, descriptors: int = 0) -> None:
    """Limit this process for good.

    `memory` is address space in bytes. It writes no byte to a file, opens no descriptor beyond the
    number `descriptors` and leaves no core dump.
    """
    for what, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, descriptors),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (limit, limit))


def confine_process(readable: str | None = None) -> None:
    """Give up every system call that is not listed, and every file that is not in `readable`.

    Raises NotConfined when the kernel refuses.
    """
    machine = platform.machine()
    if not is_supported():
        raise NotConfined(f"no confinement on {machine}")

    libc = _load_libc()
    _call_prctl(libc, _PR_SET_DUMPABLE, 0)
    _call_prctl(libc, _PR_SET_NO_NEW_PRIVS, 1)

    allowed, opening = dict(_ALLOWED[machine]), dict[int, int]()
    if readable is not None and is_folder_supported():
        _restrict_files(libc, readable)
        allowed |= _LOOKING[machine]
        opening = _OPENING[machine]

    program = ctypes.create_string_buffer(_build_filter(machine, allowed.values(), opening))
    header = struct.pack("HxxxxxxP", len(program) // _INSTRUCTION, ctypes.addressof(program))
    _call_prctl(libc, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header)


def _load_libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call_prctl(libc: ctypes.CDLL, option: int, value: int, pointer: bytes | None = None) -> None:
    unused = ctypes.c_ulong(0)
    second = ctypes.c_char_p(pointer) if pointer is not None else unused
    if libc.prctl(option, ctypes.c_ulong(value), second, unused, unused) != 0:
        raise NotConfined(f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _read_landlock_version(libc: ctypes.CDLL) -> int:
    return int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION))


def _restrict_files(libc: ctypes.CDLL, readable: str) -> None:
    """Let this process read the files in `readable` and use no other file."""
    version = min(_read_landlock_version(libc), _KNOWN)
    rights = struct.pack("Q", (1 << _RIGHTS[version]) - 1)
    ruleset = libc.syscall(_CREATE_RULESET, rights, ctypes.c_size_t(len(rights)), 0)
    if ruleset < 0:
        raise NotConfined(f"landlock: {os.strerror(ctypes.get_errno())}")

    folder = os.open(readable, os.O_PATH | os.O_DIRECTORY)
    rule = struct.pack("=Qi", _READ_FILE, folder)
    if (
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0) != 0
        or libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0
    ):
        raise NotConfined(f"landlock: {os.strerror(ctypes.get_errno())}")

    os.close(folder)
    os.close(ruleset)


def _build_filter(machine: str, numbers: Iterable[int], opening: Mapping[int, int]) -> bytes:
    """Return the filter of `machine`, 8 bytes an instruction.

    `numbers` are the calls that are left. `opening` are those that open a file, with the place of
    their flags.
    """
    parts = [
        _encode(_LOAD, _ARCHITECTURE),
        _encode(_JUMP_EQUAL, _AUDIT[machine], then=1),
        _encode(_RETURN, _RETURN_KILL_PROCESS),
        _encode(_LOAD, _NUMBER),
        _encode(_JUMP_AT_LEAST, _X32, otherwise=1),
        _encode(_RETURN, _RETURN_KILL_PROCESS),
    ]
    for number in sorted(numbers):
        parts.append(_encode(_JUMP_EQUAL, number, otherwise=1))
        parts.append(_encode(_RETURN, _RETURN_ALLOW))

    for number, place in sorted(opening.items()):
        parts.append(_encode(_JUMP_EQUAL, number, otherwise=4))
        parts.append(_encode(_LOAD, _ARGUMENTS + place * _ARGUMENT))
        parts.append(_encode(_JUMP_SET, _NOT_READING, then=1))
        parts.append(_encode(_RETURN, _RETURN_ALLOW))
        parts.append(_encode(_RETURN, _RETURN_EPERM))
    parts.append(_encode(_RETURN, _RETURN_EPERM))

    return b"".join(parts)


def _encode(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    """Return one instruction. `then` and `otherwise` count the instructions to skip."""
    return struct.pack("HBBI", code, then, otherwise, value)
