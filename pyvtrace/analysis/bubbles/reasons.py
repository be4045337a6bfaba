"""What a wait was for, from the kernel's functions that the thread waited in and the system call it had made.

The functions are the kernel's own names of 5.15 to 6.18. One that was renamed makes a wait that is "other", and names
the function, but no wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from pyvtrace.analysis.bubbles import waits
from pyvtrace.analysis.bubbles.waits import Kind
from pyvtrace.analysis.stacks import function

# The first that fits one of the frames. A wait for the device of a page fault is the fault's, one of FUSE a process's.
_RULES: tuple[tuple[str, Kind], ...] = (
    (
        r"try_to_free_(mem_cgroup_)?pages|shrink_node|balance_dirty_pages(_ratelimited(_flags)?)?"
        r"|(__)?mem_cgroup_handle_over_high|reclaim_throttle|__alloc_pages_direct_reclaim",
        waits.RECLAIM,
    ),
    (r"(__)?futex_(wait|lock_pi|wait_requeue_pi|wait_multiple|wait_queue\w*)", waits.FUTEX),
    (r"request_wait_answer|__fuse_request_send|__fuse_simple_request", waits.FUSE),
    (
        r"__mutex_lock\w*|mutex_lock\w*|rwsem_down_\w+_slowpath|__?down_(read|write|common)\w*|percpu_rwsem_wait"
        r"|rt_mutex_\w*lock\w*|rtlock_slowlock\w*",
        waits.KERNEL_LOCK,
    ),
    (r"io_schedule\w*|blk_io_schedule|folio_wait_bit\w*|__wait_on_buffer|submit_bio_wait|blk_execute_rq"
     r"|(jbd2_)?log_wait_commit|jbd2_log_wait_commit|wait_transaction_locked|xlog_wait\w*|rq_qos_wait|blk_mq_get_tag",
     waits.BLOCK),
    (r"(anon_)?pipe_(read|write|wait\w*)|wait_for_partner|fifo_open", waits.PIPE),
    (
        r"do_(sys_)?poll|do_select|core_sys_select|(do_)?ep_poll|do_epoll_wait|io_cqring_wait|ep_send_events",
        waits.POLL,
    ),
    (
        r"sk_wait_data|tcp_recvmsg(_locked)?|__skb_wait_for_more_packets|unix_stream_\w+|unix_wait_for_peer"
        r"|inet_csk_accept|sk_stream_wait_\w+|sock_alloc_send_pskb|inet_stream_connect|__inet_stream_connect"
        r"|inet_wait_for_connect|unix_dgram_\w+|skb_recv_datagram|udp_recvmsg",
        waits.SOCKET,
    ),
    (r"do_nanosleep|hrtimer_nanosleep|common_nsleep\w*", waits.TIMER),
    (r"do_wait|kernel_wait4|vfork\w*|wait_for_vfork_done", waits.CHILD),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), kind) for pattern, kind in _RULES)
_FAULTS = re.compile(r"exc_page_fault|do_user_addr_fault|handle_mm_fault|do_mem_abort")
# What the scheduler itself and its waiting helpers put on top of the function that a thread waits in.
_SCHEDULER = re.compile(r"__?schedule\w*|schedule\w*|preempt_schedule\w*|__cond_resched|io_schedule\w*|__traceiter\w*")
# The functions that take locks, in which nobody is who looks for a reason.
_LOCKS = re.compile(
    r"(__)?mutex_lock\w*|rwsem_\w+|(__)?down(_(read|write|common|interruptible|killable|timeout)\w*)?"
    r"|percpu_(down|rwsem)_\w+|__percpu_down_read|(__)?(rt_mutex|rtlock)_\w*lock\w*|ww_mutex_lock\w*"
)
_CALLS = re.compile(r"do_syscall_64|x64_sys_call|entry_SYSCALL\w*|do_int80\w*|invoke_syscall|el0_svc\w*")
# An interrupt, or a thread of the kernel's that does the rest of its work.
_INTERRUPT = re.compile(
    r"asm_(sysvec_\w+|common_interrupt)|el1h_64_irq\w*|el0t_64_irq\w*|run_ksoftirqd|napi_threaded_poll\w*|irq_thread"
)
# How the interrupt begins in which a wait is told of when its switch is done.
_RESUMED = re.compile(r"asm_sysvec_irq_work|asm_fred_entrypoint_kernel|finish_task_switch")
_MOST_RESUMED = 8
# What TCP and UDP send is delivered by whoever happens to be there.
_PEERS = re.compile(r"(anon_)?pipe_(read|write|release)|unix_(stream|dgram)_\w+|unix_release\w*")

FUTEX_COMMAND = 127
# WAIT, WAIT_BITSET; LOCK_PI, LOCK_PI2 (include/uapi/linux/futex.h).
_PLAIN, _INHERITING = (0, 9), (6, 13)
_WAITERS, OWNER = 0x80000000, 0x3FFFFFFF  # FUTEX_WAITERS, FUTEX_TID_MASK
_LARGEST_TID = 1 << 22  # PID_MAX_LIMIT of 64-bit kernels
LOCKED_WITH_WAITERS = 2  # the word of a mutex of glibc, musl, Rust or Go while somebody waits


def names(frames: Sequence[str]) -> list[str]:
    """Functions without their module and offset."""
    return [_name(frame) for frame in frames]


@lru_cache(maxsize=4096)
def _name(frame: str) -> str:
    return function(frame).rpartition("`")[2].partition(".")[0]


@lru_cache(maxsize=4096)
def of_stack(kernel: tuple[str, ...]) -> Kind:
    """What a thread that went to sleep with this stack waits for."""
    found = names(kernel)
    for pattern, kind in _COMPILED:
        if any(pattern.fullmatch(name) for name in found):
            if kind is waits.BLOCK and any(_FAULTS.fullmatch(name) for name in found):
                return waits.FAULT
            return kind
    return waits.OTHER


def place(kernel: Sequence[str]) -> str:
    """The function in which a thread sleeps: the first that is not the scheduler's; "" if the stack is empty."""
    return next((name for name in names(kernel) if not _SCHEDULER.fullmatch(name)), "")


def taken_in(kernel: Sequence[str]) -> str:
    """The function that wants the lock a thread waits for."""
    return next((name for name in names(kernel) if not (_SCHEDULER.fullmatch(name) or _LOCKS.fullmatch(name))), "")


def waited(kernel: tuple[str, ...]) -> tuple[str, ...]:
    """A stack as it was during the wait, without the interrupt that came when it was over."""
    ours = [place for place, name in enumerate(names(kernel[:_MOST_RESUMED]), 1) if _RESUMED.fullmatch(name)]
    return kernel[ours[-1] :] if ours else kernel


@lru_cache(maxsize=4096)
def in_call(kernel: tuple[str, ...]) -> bool:
    """Whether a stack is seen to be that of a system call."""
    return any(_CALLS.fullmatch(name) for name in names(kernel))


def by_interrupt(kernel: tuple[str, ...]) -> bool:
    """Whether a stack is that of an interrupt: who was interrupted has nothing to do with it."""
    return any(map(_is_interrupt, kernel))


def is_peer(kernel: tuple[str, ...]) -> bool:
    """Whether who wakes is seen to be at the other end of a pipe or a unix socket."""
    return any(map(_is_of_peer, kernel))


# Stacks are many, and their frames few.
@lru_cache(maxsize=4096)
def _is_interrupt(frame: str) -> bool:
    return _INTERRUPT.fullmatch(_name(frame)) is not None


@lru_cache(maxsize=4096)
def _is_of_peer(frame: str) -> bool:
    return _PEERS.fullmatch(_name(frame)) is not None


def is_user_lock(operation: int, value: int) -> bool:
    """Whether a futex system call with these arguments waits for a mutex, not for a condition or a semaphore."""
    command = operation & FUTEX_COMMAND
    waited = value & 0xFFFFFFFF
    return command in _INHERITING or (command in _PLAIN and (waited == LOCKED_WITH_WAITERS or is_owned(waited)))


def is_owned(word: int) -> bool:
    """Whether the word of a futex is of a robust or PI mutex that somebody waits for: it has the owner's number."""
    return bool(word & _WAITERS and 0 < word & OWNER <= _LARGEST_TID)


def user_lock_kind(operation: int, value: int) -> str:
    if operation & FUTEX_COMMAND in _INHERITING:
        return "PI mutex"
    return "robust mutex" if is_owned(value & 0xFFFFFFFF) else "mutex"


def kernel_lock_kind(flags: int) -> str:
    """Of the flags of contention_begin: 2 read, 4 write, 8 real-time, 16 per CPU, 32 mutex; none for a semaphore."""
    if flags & 32:
        return "mutex"
    if flags & 16:
        return "percpu rwsem"
    if flags & 8:
        return "rt mutex"
    return "rwsem read" if flags & 2 else "rwsem write" if flags & 4 else "semaphore"


# include/linux/blk_types.h, enum req_op
_OPERATIONS = {0: "read", 1: "write", 2: "flush", 3: "discard", 5: "secure erase", 9: "write zeroes"}


def block_operation(number: int) -> str:
    return _OPERATIONS.get(number, f"operation {number}")
