"""What a program that was taken over would try, run in a child's place.

`try_everything` returns, for each attempt, the name of the error that stopped it, or `done`. The
file is loaded by its path, so it imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

MACHINE = os.uname().machine
# pidfd_open, process_vm_readv, process_vm_writev, ptrace, io_uring_setup, memfd_create, execveat,
# bpf, unshare, keyctl, clone3, userfaultfd, prctl, shmget, mq_open, fcntl, ioctl, dup,
# sendmsg, recvmsg, rt_sigqueueinfo, tgkill, openat2, perf_event_open, mount, seccomp,
# landlock_create_ruleset
CALLS = {
    "x86_64": (
        434, 310, 311, 101, 425, 319, 322, 321, 272, 250, 435, 323, 157, 29, 240, 72, 16, 32, 46,
        47, 129, 234, 437, 298, 165, 317, 444,
    ),
    "aarch64": (
        434, 270, 271, 117, 425, 279, 281, 280, 97, 219, 435, 282, 167, 194, 180, 25, 29, 23,
        211, 212, 138, 131, 437, 241, 40, 277, 444,
    ),
}[MACHINE]  # fmt: skip
NAMES = (
    "pidfd", "vm_readv", "vm_writev", "ptrace", "io_uring", "memfd", "execveat", "bpf", "unshare",
    "keyctl", "clone3", "userfaultfd", "prctl", "shared memory", "named queue", "fcntl",
    "ioctl", "dup", "sendmsg", "recvmsg", "sigqueue", "tgkill", "openat2", "perf", "mount",
    "seccomp", "landlock",
)  # fmt: skip


def try_everything(targets: dict[str, Any]) -> dict[str, str]:
    """Try each way out. `targets` names a secret file, a database, a process and addresses."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = int(targets["pid"])
    found = {
        "read the master key": _try(lambda: os.close(os.open(targets["secret"], os.O_RDONLY))),
        "read the database": _try(lambda: os.close(os.open(targets["database"], os.O_RDONLY))),
        "write a file": _try(lambda: os.open(targets["secret"], os.O_WRONLY | os.O_APPEND)),
        "make a file": _try(lambda: os.open(targets["secret"] + ".new", os.O_CREAT | os.O_WRONLY)),
        "list a folder": _try(lambda: list(os.scandir("/"))),
        "empty a file": _try(lambda: os.truncate(targets["secret"] + ".spare", 0)),
        "read the parent's environment": _try(
            lambda: os.close(os.open(f"/proc/{parent}/environ", os.O_RDONLY))
        ),
        "open the parent's memory": _try(
            lambda: os.close(os.open(f"/proc/{parent}/mem", os.O_RDONLY))
        ),
        "signal the parent": _try(lambda: os.kill(parent, 0)),
        "signal the group": _try(lambda: os.killpg(0, 0)),
        "start a process": _try(_fork),
        "start a thread": _try(_start_thread),
        # What is tested is that it fails.
        "become a program": _try(lambda: os.execv("/bin/true", ["true"]))  # noqa: S606
        if targets.get("confined")
        else "done",
        "connect by TCP": _try(lambda: _connect(socket.AF_INET, tuple(targets["tcp"]))),
        "send by UDP": _try(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()),
        "connect to a socket in the file system": _try(
            lambda: _connect(socket.AF_UNIX, targets["unix"])
        ),
        "make a pair of sockets": _try(socket.socketpair),
        "make a pipe": _try(os.pipe),
        "raise a limit": _try(
            lambda: resource.setrlimit(resource.RLIMIT_CPU, resource.getrlimit(resource.RLIMIT_CPU))
        ),
        "put off its end": _try(lambda: signal.setitimer(signal.ITIMER_REAL, 3600)),
        "ignore its end": _try(lambda: signal.signal(signal.SIGALRM, signal.SIG_IGN)),
        "block its end": _try(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})),
        "open its own memory": _try(lambda: os.close(os.open("/proc/self/mem", os.O_RDWR))),
        "list its descriptors": _try(lambda: list(os.scandir("/proc/self/fd"))),
        "bind an abstract socket": _try(lambda: _bind("\0sayso")),
        "change its user": _try(lambda: os.setuid(os.getuid())),
        "change its root": _try(lambda: os.chdir("/")),
    }
    for name, number in zip(NAMES, CALLS, strict=True):
        found[name] = _call(libc, number, parent)
    return found


def _try(act: Callable[[], object]) -> str:
    try:
        act()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "no number")
    except RuntimeError:
        return "EPERM"  # a thread that the kernel refuses
    return "done"


def _fork() -> None:
    if (child := os.fork()) == 0:
        os._exit(0)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(child, 0)


def _start_thread() -> None:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()


def _connect(family: int, address: Any) -> None:
    with socket.socket(family) as one:
        one.connect(address)


def _bind(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(address)


def _call(libc: ctypes.CDLL, number: int, parent: int) -> str:
    """Make a call with arguments that need not be right: a refusal comes before they are read."""
    ctypes.set_errno(0)
    arguments = {
        "pidfd": (parent, 0, 0),
        "ptrace": (16, parent, 0),  # PTRACE_ATTACH
        "memfd": (ctypes.c_char_p(b"x"), 0, 0),
        "seccomp": (1, 0, 0),  # a filter. Without it the strict mode would end this process.
    }
    name = NAMES[CALLS.index(number)]
    result = libc.syscall(number, *arguments.get(name, (0, 0, 0)), 0, 0, 0)
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]
