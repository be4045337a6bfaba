"""Functions that are D themselves: expressions over the kernel's own structs, of which `it` is the argument.

Locks by include/linux/mutex.h, kernel/locking/rwsem.c (bit 0 of the count: a writer has it; bits from 8: readers) and
include/asm-generic/qrwlock.h (the low byte: a writer has it, 0x1ff: or waits; bits from 9: readers).
"""

from __future__ import annotations

from pyvtrace.lang.vocabulary import Parameter, Written

_MUTEX, _SEMAPHORE, _SPINNING = "struct mutex *", "struct rw_semaphore *", "rwlock_t *"
# The low three bits of a mutex's owner are flags.
_OWNER = "(it->owner.counter & ~7L)"


def _mutex(name: str, text: str, doc: str) -> Written:
    return Written(name, (Parameter("pointer", shown=_MUTEX),), forms=((_MUTEX, text),), doc=doc)


def _rwlock(name: str, semaphore: str, spinning: str, doc: str) -> Written:
    forms = ((_SEMAPHORE, semaphore), (_SPINNING, spinning))
    return Written(name, (Parameter("pointer", shown=f"{_SEMAPHORE} or {_SPINNING}"),), forms=forms, doc=doc)


_D_PATH = 'it == NULL ? "<unknown>" : __path(it->dentry, it->mnt)'

WRITTEN = (
    _mutex("mutex_owned", f"{_OWNER} == (long)curthread", "whether this thread has it"),
    _mutex("mutex_owner", f"(struct task_struct *){_OWNER}", "the thread that has it; NULL if none does"),
    _mutex("mutex_type_adaptive", "(it, 1)", "1: all of Linux's mutexes are"),
    _mutex("mutex_type_spin", "(it, 0)", "0: none is"),
    _rwlock(
        "rw_read_held",
        "(it->count.counter & 0x7fffffffffffff00) != 0",
        "(uint32_t)it->raw_lock.cnts.counter >> 9 != 0",
        "whether readers have it",
    ),
    _rwlock(
        "rw_write_held",
        "it->count.counter & 1",
        "(it->raw_lock.cnts.counter & 0xff) != 0",
        "whether a writer has it",
    ),
    _rwlock(
        "rw_iswriter",
        "it->count.counter & 1",
        "(it->raw_lock.cnts.counter & 0x1ff) != 0",
        "whether a writer has it or, of a spinning one, waits for it",
    ),
    Written(
        "d_path", (Parameter("pointer", shown="struct path *"),), forms=(("struct path *", _D_PATH),), doc="its name"
    ),
)
