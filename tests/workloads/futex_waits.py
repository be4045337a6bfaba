"""Waits for futexes, each ending in its own way: `python -m tests.workloads.futex_waits ROUNDS MILLISECONDS [WAY]`.

One thread makes futex(2) itself, ROUNDS times in each of these ways, on a word of its own for each:

- `timeout`: the time it gave, MILLISECONDS, runs out; `bitset` is the same by FUTEX_WAIT_BITSET and an absolute time;
- `signal`: a signal breaks the wait off after MILLISECONDS, and its handler returns;
- `changed`: the word is not what it says, so that it never waits; `wrong`: there is no word at that address;
- `own_call`, only if it is the WAY: the time runs out for futex_wait(2), which Linux has since 6.7;
- `stopped`: once only, a stop signal breaks off a wait of STOPPED_NS, which goes on after it.

With a WAY it is the only one. Truth: `words` (address by way); by way, `waited_ns`, its own clock around the calls, and
`slept_ns`, what of it was not spent on a processor or in a run queue; `stopped_ns`, and `stop_ns`, the most that the
stop took of it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import sys
from time import CLOCK_MONOTONIC, monotonic_ns

from tests.workloads import gate
from tests.workloads.accounts import awake_ns

SYS_FUTEX_WAIT = 455
SYS_FUTEX, SYS_WAIT4 = {"x86_64": (202, 61), "aarch64": (98, 260)}[platform.machine()]
STOPPED_NS = 600_000_000  # long enough for a busy machine to start the child that sends the stop signal
PRIVATE = 128
WAIT, WAIT_BITSET = 0 | PRIVATE, 9 | PRIVATE
ANY_BIT = 0xFFFFFFFF
FUTEX2_PRIVATE_U32 = 128 | 2

libc = ctypes.CDLL(None, use_errno=True)


class Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def futex(address: int, command: int, value: int, nanoseconds: int) -> int:
    """errno of a wait for at most (or until) `nanoseconds`; 0 after being woken."""
    limit = Timespec(*divmod(nanoseconds, 1_000_000_000))
    result = libc.syscall(ctypes.c_long(SYS_FUTEX), ctypes.c_void_p(address), command, value, ctypes.byref(limit),
                          None, ctypes.c_uint(ANY_BIT))  # fmt: skip
    return ctypes.get_errno() if result < 0 else 0


def expect(wanted: int, got: int) -> None:
    assert got == wanted, f"{os.strerror(got)} instead of {os.strerror(wanted)}"


def timeout(address: int, length: int) -> None:
    expect(errno.ETIMEDOUT, futex(address, WAIT, 0, length))


def bitset(address: int, length: int) -> None:
    expect(errno.ETIMEDOUT, futex(address, WAIT_BITSET, 0, monotonic_ns() + length))


def signalled(address: int, length: int) -> None:
    # Again and again: the first one may come while the call is still to be made.
    signal.setitimer(signal.ITIMER_REAL, length / 1e9, length / 1e9)
    expect(errno.EINTR, futex(address, WAIT, 0, 60_000_000_000))
    signal.setitimer(signal.ITIMER_REAL, 0)


def changed(address: int, length: int) -> None:
    expect(errno.EAGAIN, futex(address, WAIT, 1, length))


def wrong(address: int, length: int) -> None:
    expect(errno.EFAULT, futex(0x1000, WAIT, 0, length))


def own_call(address: int, length: int) -> None:
    """Nothing where the kernel has no such call."""
    limit = Timespec(*divmod(monotonic_ns() + length, 1_000_000_000))
    libc.syscall(ctypes.c_long(SYS_FUTEX_WAIT), ctypes.c_void_p(address), ctypes.c_ulong(0), ctypes.c_ulong(ANY_BIT),
                 FUTEX2_PRIVATE_U32, ctypes.byref(limit), CLOCK_MONOTONIC)  # fmt: skip
    assert ctypes.get_errno() in (errno.ETIMEDOUT, errno.ENOSYS)


stops: list[int] = []


def stopped(address: int, length: int) -> None:
    """A child stops this process when it sleeps, and lets it go on when it has stopped."""
    parent = os.getpid()
    hears, tells = os.pipe()
    child = os.fork()
    if not child:
        os.write(tells, stop_and_go(parent).to_bytes(8, "little"))
        os._exit(0)
    expect(errno.ETIMEDOUT, futex(address, WAIT, 0, STOPPED_NS))
    os.waitpid(child, 0)
    stops.append(int.from_bytes(os.read(hears, 8), "little"))


def stop_and_go(pid: int) -> int:
    """From before the process was told to stop until after it was told to go on, in ns."""

    def first_word(name: str) -> str:
        with open(f"/proc/{pid}/{name}") as file:
            return file.read().rpartition(")")[2].split()[0]

    while (call := first_word("syscall")) != str(SYS_FUTEX):
        if call == str(SYS_WAIT4):  # the wait is over already, and nothing was stopped
            return 0
    start = monotonic_ns()
    os.kill(pid, signal.SIGSTOP)
    while first_word("stat") != "T":
        pass
    os.kill(pid, signal.SIGCONT)
    return monotonic_ns() - start


WAYS = {"timeout": timeout, "bitset": bitset, "signal": signalled, "changed": changed, "wrong": wrong}
OTHER_WAYS = {"own_call": own_call}


def main(rounds: int, milliseconds: int, only: str = "") -> None:
    signal.signal(signal.SIGALRM, lambda number, frame: None)
    usual = [*(pair for pair in WAYS.items() for _ in range(rounds)), ("stopped", stopped)]
    ways = [(only, OTHER_WAYS[only])] * rounds if only else usual
    memory = {name: ctypes.create_string_buffer(64) for name, _ in ways}
    words = {name: ctypes.addressof(buffer) for name, buffer in memory.items()}
    gate.wait("futex_waits", words=words)
    waited, slept = dict.fromkeys(memory, 0), dict.fromkeys(memory, 0)
    for name, way in ways:
        before, start = awake_ns(), monotonic_ns()
        way(words[name], milliseconds * 1_000_000)
        took = monotonic_ns() - start
        waited[name] += took
        slept[name] += took - (awake_ns() - before)
    gate.report(rounds=rounds, set_ns=milliseconds * 1_000_000, waited_ns=waited, slept_ns=slept, stop_ns=sum(stops),
                stopped_ns=STOPPED_NS)  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
