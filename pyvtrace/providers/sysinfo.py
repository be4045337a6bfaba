"""The sysinfo provider: what the system does, by the names that kstat(1M) and mpstat(1M) gave the counts.

A probe fires when a count would grow, by args[0]. Linux keeps no such counters, so there is no pointer to one.
"""

from __future__ import annotations

from pyvtrace.providers.provider import SYSINFO_IDS
from pyvtrace.providers.stable import Row, stable
from pyvtrace.providers.syscall import COMPAT_TABLES, table

_READ = ("read", "readv", "pread64", "preadv", "preadv2")
_WRITE = ("write", "writev", "pwrite64", "pwritev", "pwritev2")
_EXEC = ("execve", "execveat")
_SEMAPHORE = ("semget", "semctl", "semop", "semtimedop", "semtimedop_time64")
_MESSAGE = ("msgget", "msgctl", "msgsnd", "msgrcv")
# Where the registers that a call was made with keep its number.
_NUMBER = {"x86_64": "orig_ax", "aarch64": "syscallno"}
# A call of a 32-bit program: TS_COMPAT (arch/x86/include/asm/thread_info.h).
_IS_COMPAT = "(curthread->thread_info.status & 2)"

_ENTER, _EXIT = "rawtp:raw_syscalls::sys_enter", "rawtp:raw_syscalls::sys_exit"
_SWITCH, _NEW_TASK = "rawtp:sched::sched_switch", "rawtp:task::task_newtask"
_CONTENTION, _BIO = "rawtp:lock::contention_begin", "rawtp:block::block_bio_queue"
# CLONE_VFORK and CLONE_THREAD (include/uapi/linux/sched.h); threads of the kernel (PF_KTHREAD) fork nothing.
_VFORK, _THREAD = "(args[1] & 0x4000)", "(args[1] & 0x10000)"
_FORKS = f"!{_THREAD} && !(curthread->flags & 0x200000)"
# LCB_F_* (include/trace/events/lock.h). A wait for a mutex begins with a phase of spinning, just once.
_LCB_READ, _LCB_WRITE, _LCB_MUTEX_SPINS = "args[1] & 2", "args[1] & 4", "args[1] == 0x21"
# The lowest byte of a bio's operation: 0 reads, 1 writes (include/linux/blk_types.h).
_OPERATION = "args[0]->bi_iter.bi_size && (args[0]->bi_opf & 0xff)"


def _by(amount: str) -> tuple[tuple[str, str], ...]:
    return (("int64_t", amount),)


def _calls(architecture: str, number: str, names: tuple[str, ...]) -> str:
    """The condition that a call is one of those with these names; `number` is an expression for its own."""
    native, compat = (
        " || ".join(f"{number} == {calls[name]}" for name in names if name in calls)
        for calls in (table(architecture), table(COMPAT_TABLES.get(architecture, "")))
    )
    return f"(({native}) && !{_IS_COMPAT} || ({compat}) && {_IS_COMPAT})" if compat else f"({native})"


def _returns(architecture: str, names: tuple[str, ...]) -> str:
    """The same for a call that returns. Its number is in memory, and is read once."""
    condition = _calls(architecture, "this->__sysinfo_call", names)
    return f"args[1] > 0 && (this->__sysinfo_call = args[0]->{_NUMBER[architecture]}, {condition})"


def _rows(architecture: str) -> list[Row]:
    one = _by("1")
    return [
        *_call_rows(architecture),
        Row("sysfork", _NEW_TASK, one, f"{_FORKS} && !{_VFORK}"),
        Row("sysvfork", _NEW_TASK, one, f"{_FORKS} && {_VFORK}"),
        Row("nthreads", _NEW_TASK, one),
        Row("pswitch", _SWITCH, one),
        # As the kernel itself counts it (nivcsw in kernel/sched/core.c); idling is no thread's wish or fate.
        Row("inv_swtch", _SWITCH, one, "args[1]->pid != 0 && (args[0] || args[1]->__state == 0)"),
        Row("idlethread", _SWITCH, one, "args[2]->pid == 0"),
        Row("mutex_adenters", _CONTENTION, one, _LCB_MUTEX_SPINS),
        Row("rw_rdfails", _CONTENTION, one, _LCB_READ),
        Row("rw_wrfails", _CONTENTION, one, _LCB_WRITE),
        Row("xcalls", "rawtp:csd::csd_queue_cpu", one),
        Row("bread", _BIO, one, f"{_OPERATION} == 0"),
        Row("bwrite", _BIO, one, f"{_OPERATION} == 1"),
        Row("trap", "rawtp:exceptions::page_fault_user", one),
        Row("trap", "rawtp:exceptions::page_fault_kernel", one),
        Row("modload", "rawtp:module::module_load", one),
        Row("modunload", "rawtp:module::module_free", one),
    ]


def _call_rows(architecture: str) -> list[Row]:
    """None for architectures whose calls are not known."""
    if architecture not in _NUMBER:
        return []
    one, result = _by("1"), _by("args[1]")
    called = {"sysread": _READ, "syswrite": _WRITE, "sysexec": _EXEC, "sema": _SEMAPHORE, "msg": _MESSAGE}
    return [
        *(Row(name, _ENTER, one, _calls(architecture, "args[1]", calls)) for name, calls in called.items()),
        Row("readch", _EXIT, result, _returns(architecture, _READ)),
        Row("writech", _EXIT, result, _returns(architecture, _WRITE)),
    ]


_BUFFERS = "Linux caches pages of files, not buffers of devices"
_TICKS = "Linux has no tracepoint for its ticks; profile:::profile-97 /arg0/ samples the kernel, /arg1/ programs"
_UFS = "this was about UFS; rawtp:ext4::: is about ext4"
_REFUSED = {
    "bawrite": "Linux makes all writes of pages asynchronous; io:::start /!(args[0]->b_flags & B_READ)/",
    "cpu_ticks_idle": _TICKS,
    "cpu_ticks_kernel": _TICKS,
    "cpu_ticks_user": _TICKS,
    "cpu_ticks_wait": _TICKS,
    "intrblk": "interrupts of Linux do not block",
    "lread": f"{_BUFFERS}; rawtp:block::block_touch_buffer is what there is",
    "lwrite": f"{_BUFFERS}; rawtp:block::block_dirty_buffer is what there is",
    "namei": "Linux has no tracepoint there; fbt::filename_lookup:entry",
    "phread": "Linux has no raw devices; io:::start /args[0]->b_flags & B_PHYS/",
    "phwrite": "Linux has no raw devices; io:::start /args[0]->b_flags & B_PHYS/",
    "procovf": "Linux has no table of processes that could overflow; syscall::clone*:return /errno == EAGAIN/",
    "ufsdirblk": _UFS,
    "ufsiget": _UFS,
    "ufsinopage": _UFS,
    "ufsipage": _UFS,
    "wait_ticks_io": _TICKS,
}

SYSINFO = stable("sysinfo", SYSINFO_IDS, _rows, _REFUSED)
