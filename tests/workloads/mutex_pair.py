"""Two threads and one pthread mutex: `python -m tests.workloads.mutex_pair [ROUNDS [MILLISECONDS [PATH
[PROTOCOL [PRIORITY]]]]]`.

In each of ROUNDS (10) the holder takes the mutex; the waiter, told by a pipe that it is taken, waits for it. When it
sleeps, as /proc says, the holder keeps the mutex for MILLISECONDS (30), or, given a PATH, for one direct read of 4 KiB.

PROTOCOL is `none`, or `inherit`: the kernel then knows the owner and lends it the waiter's priority,
which is that of SCHED_FIFO where a PRIORITY is given.

The C library's own mutex, because Python's `threading.Lock` is a POSIX semaphore: it has no owner that a tracer could
find. A contended pthread_mutex_lock is one futex(FUTEX_WAIT) on the mutex's address, the holder's thread id stands 8
bytes after it (x86-64 glibc), and unlocking is one FUTEX_WAKE; the waiter's own unlock is one more, waking nobody,
since glibc marks a mutex taken after a wait as contended. Python's interpreter lock makes futex calls of its own, on
other addresses.

Truth: `holder` and `waiter` (thread ids), `mutex` (its address, the futex word), `held_ns`, `kept_ns` (what was held
while the waiter slept) and `waited_ns` by the threads' own clocks, one a round, and their sums.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from itertools import count
from queue import SimpleQueue
from time import monotonic_ns, sleep

from tests.workloads import gate
from tests.workloads.direct_reader import DirectFile

libc = ctypes.CDLL(None, use_errno=True)


PROTOCOLS = {"none": 0, "inherit": 1}  # PTHREAD_PRIO_*
FUTEX = {"202", "98"}  # for /proc/TID/syscall: x86-64 and the generic table


class Mutex:
    """A pthread mutex. ctypes releases the interpreter lock around both calls."""

    def __init__(self, protocol: str = "none") -> None:
        self._memory = ctypes.create_string_buffer(64)  # sizeof(pthread_mutex_t) is 40
        self.address = ctypes.addressof(self._memory)
        attributes = ctypes.create_string_buffer(64)
        libc.pthread_mutexattr_init(attributes)
        libc.pthread_mutexattr_setprotocol(attributes, PROTOCOLS[protocol])
        libc.pthread_mutex_init(ctypes.c_void_p(self.address), attributes)

    def lock(self) -> None:
        libc.pthread_mutex_lock(ctypes.c_void_p(self.address))

    def unlock(self) -> None:
        libc.pthread_mutex_unlock(ctypes.c_void_p(self.address))

    def is_slept_for(self, tid: int) -> bool:
        """Whether a thread of this process is asleep in a futex(2) on it."""
        with open(f"/proc/self/task/{tid}/syscall") as file:
            number, *arguments = file.read().split()
        return number in FUTEX and int(arguments[0], 16) == self.address


class Pair:
    """The two threads' work, and what their clocks said."""

    def __init__(self, rounds: int, hold: Callable[[], object], protocol: str, priority: int) -> None:
        self.mutex = Mutex(protocol)
        self.held_ns: list[int] = []
        self.kept_ns: list[int] = []
        self.waited_ns: list[int] = []
        self._rounds = rounds
        self._hold = hold
        self._priority = priority
        self._taken, self._tell_taken = os.pipe()
        self._free, self._tell_free = os.pipe()
        self._waiter: SimpleQueue[int] = SimpleQueue()
        os.write(self._tell_free, b".")

    def holder(self) -> None:
        waiter = self._waiter.get()
        for _ in range(self._rounds):
            os.read(self._free, 1)
            self.mutex.lock()
            start = monotonic_ns()
            os.write(self._tell_taken, b".")
            while not self.mutex.is_slept_for(waiter):
                pass
            slept = monotonic_ns()
            self._hold()
            end = monotonic_ns()
            self.mutex.unlock()
            self.held_ns.append(end - start)
            self.kept_ns.append(end - slept)

    def waiter(self) -> None:
        self._waiter.put(gate.gettid())
        if self._priority:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(self._priority))
        for _ in range(self._rounds):
            os.read(self._taken, 1)
            start = monotonic_ns()
            self.mutex.lock()
            self.waited_ns.append(monotonic_ns() - start)
            self.mutex.unlock()
            os.write(self._tell_free, b".")


def start_thread(work: Callable[[], None], opens: threading.Event) -> tuple[threading.Thread, int]:
    """A thread that waits for the gate, and its kernel id."""
    ids: SimpleQueue[int] = SimpleQueue()

    def run() -> None:
        ids.put(gate.gettid())
        opens.wait()
        work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, ids.get()


def main(
    rounds: str = "10", milliseconds: str = "30", path: str = "", protocol: str = "none", priority: str = "0"
) -> None:
    gate.name_thread("mutex_pair")
    file = DirectFile(path) if path else None
    block, seconds = count(), int(milliseconds) / 1000
    hold = (lambda: file.read(next(block))) if file else (lambda: sleep(seconds))
    pair = Pair(int(rounds), hold, protocol, int(priority))
    opens = threading.Event()
    holder, holder_id = start_thread(pair.holder, opens)
    waiter, waiter_id = start_thread(pair.waiter, opens)
    gate.wait(
        "mutex_pair",
        tids=[gate.gettid(), holder_id, waiter_id],
        holder=holder_id,
        waiter=waiter_id,
        mutex=pair.mutex.address,
    )
    opens.set()
    holder.join()
    waiter.join()
    gate.report(
        rounds=int(rounds),
        held_ns=pair.held_ns,
        held_sum_ns=sum(pair.held_ns),
        kept_ns=pair.kept_ns,
        kept_sum_ns=sum(pair.kept_ns),
        waited_ns=pair.waited_ns,
        waited_sum_ns=sum(pair.waited_ns),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
