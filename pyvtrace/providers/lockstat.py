"""The lockstat provider: locks of the kernel that are waited for, and those of programs that sleep in futex(2).

    adaptive-block, adaptive-spin    a mutex was got after sleeping, or after trying in a loop; both may be so
    rw-block                         a read-write semaphore was got after sleeping
    spin-spin, rw-spin               a spinning lock was got: a plain one, a read-write one
    futex-block                      a thread has slept for a futex

All fire when the wait is over, with the lock and with nanoseconds. Who gets a lock at once is not seen.
"""

from __future__ import annotations

from pyvtrace.providers.provider import LOCKSTAT_IDS
from pyvtrace.providers.stable import Does, Row, stable

_BEGIN, _END = "rawtp:lock::contention_begin", "rawtp:lock::contention_end"  # (lock, flags), (lock, ret)


def _of(what: str) -> str:
    """A word that a thread keeps of a lock: interrupts wait for locks in the middle of other waits."""
    return f"self->__lockstat_{what}[(uint64_t)args[0]]"


_SINCE, _FLAGS, _SPUN, _SLEPT = map(_of, ("since", "flags", "spun", "slept"))
# LCB_F_* in include/trace/events/lock.h; those of a realtime kernel are sleeping locks whatever they were.
_SPINS, _READS, _WRITES, _REALTIME, _MUTEX = 1, 2, 4, 8, 32
_RW = _READS | _WRITES

# A mutex begins with spinning, and again when it goes to sleep and whenever it wakes up to spin. Two beginnings of a
# spin without a sleep between them are two waits, of which one never ended.
_GO_ON = (
    f"if ({_SINCE} && !(args[1] & {_FLAGS} & {_SPINS})) {{"
    f" if ({_FLAGS} & {_SPINS}) {{ {_SPUN} += timestamp - {_SINCE}; }}"
    f" else {{ {_SLEPT} += timestamp - {_SINCE}; }}"
    f" }} else {{ {_SPUN} = 0; {_SLEPT} = 0; }}"
    f" {_SINCE} = timestamp; {_FLAGS} = args[1]"
)
_FORGET_MUTEX = Does(_END, "; ".join(f"{word} = (uint64_t)0" for word in (_SINCE, _FLAGS, _SPUN, _SLEPT)), last=True)
_FORGET = Does(_END, f"{_SINCE} = (uint64_t)0; {_FLAGS} = (uint64_t)0", last=True)
_NOTE_MUTEX = Does(_BEGIN, _GO_ON, f"args[1] & {_MUTEX}")
_NOTE = Does(_BEGIN, f"{_SINCE} = timestamp; {_FLAGS} = args[1]", f"!(args[1] & {_MUTEX})")
# What says the types comes first: D takes them from the first assignment that it meets.
_ALL = (_FORGET_MUTEX, _NOTE_MUTEX, _NOTE)
_SIMPLE = (_FORGET, _NOTE)

_GOT = f"{_SINCE} && args[1] == 0"
_MUTEXES = f"{_GOT} && ({_FLAGS} & {_MUTEX} || ({_FLAGS} & {_REALTIME} && !({_FLAGS} & {_RW})))"
_LAST = f"(timestamp - {_SINCE})"
_HOW = ("int", f"{_FLAGS} & {_READS} ? RW_READER : RW_WRITER")

# Commands of futex(2) that wait: WAIT, WAIT_BITSET, LOCK_PI, LOCK_PI2, WAIT_REQUEUE_PI.
_WAITS = " || ".join(f"(args->op & 127) == {command}" for command in (0, 9, 6, 13, 11))
_SLEEP = Does(
    "sdt:syscalls::sys_enter_futex",
    "self->__lockstat_slept_since = timestamp; self->__lockstat_word = (uint64_t)args->uaddr;"
    "self->__lockstat_value = (uint64_t)args->val",
    _WAITS,
)
_SLEEP_2 = Does(
    "sdt:syscalls::sys_enter_futex_wait",
    "self->__lockstat_slept_since = timestamp; self->__lockstat_word = (uint64_t)args->uaddr;"
    "self->__lockstat_value = (uint64_t)args->val",
)
_WORD = "self->__lockstat_word"
_ASLEEP = "self->__lockstat_slept_since"
# A thread that was interrupted has slept (EINTR, and the kernel's own 512 to 516); one that got another error has not.
_HAS_SLEPT = (
    f"{_ASLEEP} && (args->ret == 0 || args->ret == -ETIMEDOUT || args->ret == -EINTR ||"
    " (args->ret <= -512 && args->ret >= -516))"
)
_FUTEX = (
    ("uintptr_t", _WORD),
    ("uint64_t", f"timestamp - {_ASLEEP}"),
    ("int", "args->ret < -511 ? EINTR : -args->ret"),
    ("uint32_t", "self->__lockstat_value"),
)


def _woken(call: str) -> Does:
    return Does(f"sdt:syscalls::sys_exit_{call}", f"{_ASLEEP} = 0", _ASLEEP, last=True)


_UNSEEN = (
    "adaptive-acquire", "adaptive-acquire-error", "adaptive-release", "rw-acquire", "rw-release", "rw-upgrade",
    "rw-downgrade", "spin-acquire", "spin-release", "thread-spin",
)  # fmt: skip
_ALWAYS = (
    "the kernel has tracepoints where a lock has to be waited for, and none where it is got at once or given back; "
    "fbt has the functions, where the kernel lets them be traced"
)

LOCKSTAT = stable(
    "lockstat",
    LOCKSTAT_IDS,
    [
        Row(
            "adaptive-block",
            _END,
            (
                ("struct mutex *", "(struct mutex *)args[0]"),
                ("uint64_t", f"{_SLEPT} + ({_FLAGS} & {_SPINS} ? 0 : {_LAST})"),
            ),
            f"{_MUTEXES} && ({_SLEPT} || !({_FLAGS} & {_SPINS}))",
            _ALL,
        ),
        Row(
            "adaptive-spin",
            _END,
            (
                ("struct mutex *", "(struct mutex *)args[0]"),
                ("uint64_t", f"{_SPUN} + ({_FLAGS} & {_SPINS} ? {_LAST} : 0)"),
            ),
            f"{_MUTEXES} && ({_SPUN} || {_FLAGS} & {_SPINS})",
            _ALL,
        ),
        Row(
            "spin-spin",
            _END,
            (("struct raw_spinlock *", "(struct raw_spinlock *)args[0]"), ("uint64_t", _LAST)),
            f"{_GOT} && {_FLAGS} == {_SPINS}",
            _SIMPLE,
        ),
        Row(
            "rw-block",
            _END,
            (("struct rw_semaphore *", "(struct rw_semaphore *)args[0]"), ("uint64_t", _LAST), _HOW),
            f"{_GOT} && {_FLAGS} & {_RW} && !({_FLAGS} & {_SPINS})",
            _SIMPLE,
        ),
        Row(
            "rw-spin",
            _END,
            (("rwlock_t *", "(rwlock_t *)args[0]"), ("uint64_t", _LAST), _HOW),
            f"{_GOT} && {_FLAGS} & {_RW} && {_FLAGS} & {_SPINS}",
            _SIMPLE,
        ),
        Row("futex-block", "sdt:syscalls::sys_exit_futex", _FUTEX, _HAS_SLEPT, (_SLEEP, _woken("futex"))),
        Row("futex-block", "sdt:syscalls::sys_exit_futex_wait", _FUTEX, _HAS_SLEPT, (_SLEEP_2, _woken("futex_wait"))),
    ],
    dict.fromkeys(_UNSEEN, _ALWAYS),
)
