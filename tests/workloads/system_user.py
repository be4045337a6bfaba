"""N uses of the system in one way: `python -m tests.workloads.system_user OPERATION N [SIZE]`.

They stand between two calls of getppid(2), the only ones. OPERATION is

- `read`, `write`: N times each way there is to read or write SIZE bytes, and once one that fails;
- `semaphores`, `messages`: a semaphore, a queue is made, used N times in two ways, and removed;
- `threads`, `spawned`: N of them, one after the other; a spawned process begins by vfork(2), or what is like it;
- `yield`: the processor is given up until it was taken away N times, by a child that wants the same one.

Truth: `calls`, `bytes`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
import threading
from collections.abc import Callable, Iterator

from tests.workloads import gate

IPC_PRIVATE, IPC_CREAT, IPC_RMID, IPC_NOWAIT = 0, 0o1000, 0, 0o4000
NO_DESCRIPTOR = 1_000_000

libc = ctypes.CDLL(None, use_errno=True)

Truth = dict[str, int]


def read(count: int, size: int) -> Truth:
    fd, place = os.open("/dev/zero", os.O_RDONLY), [bytearray(size)]
    ways: list[Callable[[], object]] = [
        lambda: os.read(fd, size),
        lambda: os.readv(fd, place),
        lambda: os.pread(fd, size, 0),
        lambda: os.preadv(fd, place, 0),
    ]
    return each(count, size, ways, lambda: os.read(NO_DESCRIPTOR, size))


def write(count: int, size: int) -> Truth:
    fd, data = os.open("/dev/null", os.O_WRONLY), bytes(size)
    ways: list[Callable[[], object]] = [
        lambda: os.write(fd, data),
        lambda: os.writev(fd, [data]),
        lambda: os.pwrite(fd, data, 0),
        lambda: os.pwritev(fd, [data], 0),
    ]
    return each(count, size, ways, lambda: os.write(NO_DESCRIPTOR, data))


def each(count: int, size: int, ways: list[Callable[[], object]], failing: Callable[[], object]) -> Truth:
    for way in ways:
        for _ in range(count):
            way()
    with contextlib.suppress(OSError):
        failing()
    return {"calls": count * len(ways) + 1, "bytes": count * len(ways) * size}


def check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def semaphores(count: int, size: int) -> Truth:
    number = check(libc.semget(IPC_PRIVATE, 1, IPC_CREAT | 0o600))
    for _ in range(count):
        for change in (1, -1):
            # struct sembuf: of which semaphore, by how much, flags
            check(libc.semop(number, (ctypes.c_short * 3)(0, change, 0), 1))
    check(libc.semctl(number, 0, IPC_RMID))
    return {"calls": 2 * count + 2}


def messages(count: int, size: int) -> Truth:
    number = check(libc.msgget(IPC_PRIVATE, IPC_CREAT | 0o600))
    message = (ctypes.c_long * 2)(1, 0)
    for _ in range(count):
        check(libc.msgsnd(number, message, 8, IPC_NOWAIT))
        check(libc.msgrcv(number, message, 8, 0, IPC_NOWAIT))
    check(libc.msgctl(number, IPC_RMID, None))
    return {"calls": 2 * count + 2}


def threads(count: int, size: int) -> Truth:
    for _ in range(count):
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
    return {"calls": count}


def spawned(count: int, size: int) -> Truth:
    for _ in range(count):
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    return {"calls": count}


def yielding(count: int, size: int) -> Truth:
    last = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw + count
    calls = 0
    while resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw < last:
        os.sched_yield()
        calls += 1
    return {"calls": calls}


OPERATIONS = {
    "read": read,
    "write": write,
    "semaphores": semaphores,
    "messages": messages,
    "threads": threads,
    "spawned": spawned,
    "yield": yielding,
}


@contextlib.contextmanager
def rival() -> Iterator[None]:
    """A child on the only processor that this process has, too."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(writing)
        os.set_blocking(reading, False)
        while True:
            with contextlib.suppress(BlockingIOError):
                os.read(reading, 1)
                os._exit(0)
            os.sched_yield()
    os.close(reading)
    yield
    os.close(writing)
    os.waitpid(child, 0)


def main(operation: str, count: str, size: str = "0") -> None:
    with rival() if operation == "yield" else contextlib.nullcontext():
        gate.wait("system_user")
        os.getppid()
        truth = OPERATIONS[operation](int(count), int(size))
        os.getppid()
        gate.report(**truth)
        # What it came to can be read while this waits.
        os.read(0, 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
