"""Threads that wait for a lock or a device and have not come back yet: nothing that happens tells of them, so /proc is
asked.

What a traced program keeps of a thread is asked of the program itself (Linux 6.1 and newer); without it nobody knows
since when it waits.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from pyvtrace.kernel import bpf
from pyvtrace.value import Value

_MOST_READ = 1 << 16
_PAIR = struct.Struct("=2I")  # what `sleepers` writes of a thread: its process and itself
_INITIAL_PIDS = 0xEFFFFFFC  # inode of the first pid namespace (PROC_PID_INIT_INO of include/linux/proc_ns.h)
_ASLEEP, _IDLE, STOPPED = "SD", "I", "Tt"  # states of /proc/PID/stat


class Blocked(Value):
    """A thread, as a rule one that waits. `state` is that of /proc/PID/stat. `call` is the number of the system call,
    -1 outside of one; `stack` has the kernel's functions, innermost first, where the thread is in state D or all
    threads were asked for."""

    tid: int
    pid: int
    comm: str
    state: str
    call: int
    arguments: tuple[int, ...]
    stack: tuple[str, ...]

    @property
    def waits(self) -> bool:
        """Whether it could not go on."""
        return self.state in _ASLEEP + _IDLE + STOPPED


class Scan:
    """A look at every thread of the system, at most `most` of them; `left_out` counts the others of the last one.
    `sleepers` is a program that tells which may sleep: then only these are looked at."""

    def __init__(self, most: int, sleepers: int) -> None:
        self._most, self._sleepers = most, sleepers
        self.left_out = 0

    def threads(self, calls: frozenset[int]) -> Iterator[Blocked]:
        """Those that sleep in one of these system calls, or in state D."""
        return self._look(self._asleep() or _threads(_numbers("/proc")), calls)

    def all(self, pids: Collection[int]) -> Iterator[Blocked]:
        """All threads of these processes, or of all if there are none, whatever they do."""
        return self._look(_threads(pids or _numbers("/proc")), None)

    def _asleep(self) -> Iterator[tuple[int, int]] | None:
        """None where the kernel cannot ask the program, or its numbers of threads are not those of /proc."""
        try:
            if os.stat("/proc/self/ns/pid").st_ino != _INITIAL_PIDS:
                return None
            return _PAIR.iter_unpack(bpf.iterate_all(self._sleepers))
        except OSError:
            return None

    def _look(self, threads: Iterable[tuple[int, int]], calls: frozenset[int] | None) -> Iterator[Blocked]:
        looked, self.left_out = 0, 0
        for pid, tid in threads:
            looked += 1
            if looked > self._most:
                self.left_out += 1
                continue
            with suppress(OSError, ValueError, IndexError):
                found = _look(pid, tid, calls)
                if found is not None:
                    yield found


def thread(tid: int) -> Blocked | None:
    """One thread, whatever it does."""
    with suppress(OSError, ValueError, IndexError):
        (pid,) = (int(line.split()[1]) for line in _read(f"/proc/{tid}/status").splitlines() if line.startswith("Tgid"))
        return _look(pid, tid, None)
    return None


def _threads(pids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(pid, tid) of all threads of these processes."""
    return ((pid, tid) for pid in pids for tid in _numbers(f"/proc/{pid}/task"))


def _numbers(path: str) -> Iterator[int]:
    """One by one: a list of a hundred thousand threads takes ten megabytes."""
    with suppress(OSError), os.scandir(path) as found:
        for one in found:
            if one.name.isdigit():
                yield int(one.name)


def _read(path: str) -> str:
    """A small file of /proc: one read(2) gives it all, and a file object would take longer than the kernel."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, _MOST_READ).decode("utf-8", "replace")
    finally:
        os.close(file)


def _look(pid: int, tid: int, calls: frozenset[int] | None) -> Blocked | None:
    """A thread, if it sleeps in one of these system calls or in state D; None: whatever it does."""
    base = f"/proc/{pid}/task/{tid}"
    before, _, after = _read(f"{base}/stat").rpartition(")")
    state = after.split()[0]
    if calls is not None and state not in _ASLEEP:
        return None
    fields = _read(f"{base}/syscall").split()
    call = int(fields[0]) if fields and fields[0] != "running" else -1
    if state == "S" and calls is not None and call not in calls:
        return None
    arguments = tuple(int(field, 16) for field in fields[1:7]) if call >= 0 else ()
    stack = (
        tuple(line.split()[-1].split("/")[0] for line in _read(f"{base}/stack").splitlines())
        if state == "D" or calls is None
        else ()
    )
    return Blocked(tid, pid, before.partition("(")[2], state, call, arguments, stack)


def answer(program_fd: int, tid: int, most: int) -> bytes | None:
    """What a traced program has to say of a thread, nothing if it has seen nothing of it; None where the kernel cannot
    ask it."""
    try:
        return bpf.iterate(program_fd, tid, most)
    except OSError:
        return None


def first(map_fd: int, size: int = 8) -> bytes:
    """An array's first element, which has `size` bytes."""
    return bpf.map_lookup(map_fd, bytes(4), size) or bytes(size)


def set_first(map_fd: int, value: bytes) -> None:
    """Make it an array's first element."""
    bpf.map_update(map_fd, bytes(4), value)


def user_word(pid: int, address: int) -> int:
    """Four bytes of a process's memory; 0 where they cannot be read."""
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            return int.from_bytes(os.pread(memory.fileno(), 4, address), "little")
    except (OSError, OverflowError, ValueError):
        return 0


def command(pid: int) -> str:
    """What a process is called; "" if it is gone."""
    try:
        return _read(f"/proc/{pid}/comm").rstrip("\n")
    except OSError:
        return ""


def open_file(pid: int, number: int) -> str:
    """The path of an open file of a process; "" if it cannot be told."""
    try:
        return os.readlink(f"/proc/{pid}/fd/{number}")
    except OSError:
        return ""


def device_of(pid: int, number: int) -> int:
    """The device that an open file of a process is, or is on, by the kernel's dev_t; 0 if it cannot be told."""
    try:
        found = os.stat(f"/proc/{pid}/fd/{number}")
    except OSError:
        return 0
    device = found.st_rdev if stat.S_ISBLK(found.st_mode) else found.st_dev
    return os.major(device) << 20 | os.minor(device)
