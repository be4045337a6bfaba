"""The sched provider: threads on processors and in the queues before them.

    off-cpu, on-cpu      a thread leaves its processor, another one has it
    preempt, sleep       why it leaves: it could go on, or it waits for something
    remain-cpu           the scheduler was asked and chose the thread that ran already
    enqueue, dequeue     a thread begins and ceases to wait for a processor; the one that runs is in no queue
    wakeup               the current thread, or an interrupt, wakes one that sleeps
    woken                the same of the thread that is woken
    change-pri           a thread inherits a priority, or loses it again, for a lock that it holds
    surrender            another processor is told to choose anew
    tick                 the clock of the scheduler's accounts ticks

Idle threads are seen by off-cpu and on-cpu only: they wait in no queue and are never in want of a processor.
"""

from __future__ import annotations

from pyvtrace.providers.provider import SCHED_IDS
from pyvtrace.providers.stable import Row, function, stable

_SWITCH = "rawtp:sched::sched_switch"  # (preempt, prev, next, prev_state)
_MIGRATE = "rawtp:sched::sched_migrate_task"  # (p, dest_cpu)
_TICK = "rawtp:timer::hrtimer_expire_entry"
_MERELY_PRIORITY = "Linux has no such thing: priorities and sched_yield(2) are all that a program can ask for"
_CAPS = "Linux limits processor time by cgroups and tells of no single thread that has to wait for it"


def _thread(of: str) -> tuple[tuple[str, str], ...]:
    return ("lwpsinfo_t *", of), ("psinfo_t *", of)


def _queued(thread: str, cpu: str) -> tuple[tuple[str, str], ...]:
    return (*_thread(thread), ("cpuinfo_t *", cpu))


_FRONT = (("int", "0"),)
# One that was put aside is still in the state in which it ran, or was about to sleep when it was interrupted.
_COULD_RUN = "(args[0] || args[3] == 0) && args[1]->pid"
# TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, TASK_RTLOCK_WAIT (include/linux/sched.h): neither stopped nor dead.
_SLEEPS = "!args[0] && args[3] & 0x1003"
# Not one that is just being woken, for which sched_wakeup follows, nor one that sleeps and is still to be taken out.
_WAITING = "args[0]->on_rq && args[0]->__state == 0"
_INHERITED = "args[1] != NULL && args[1]->prio < args[0]->normal_prio ? args[1]->prio : args[0]->normal_prio"

SCHED = stable(
    "sched",
    SCHED_IDS,
    [
        # At a switch they fire in this order.
        Row("preempt", _SWITCH, when=_COULD_RUN),
        Row("sleep", _SWITCH, when=_SLEEPS),
        Row("enqueue", _SWITCH, _queued("args[1]", "cpu") + _FRONT, _COULD_RUN),
        Row("dequeue", _SWITCH, _queued("args[2]", "cpu"), "args[2]->pid"),
        Row("off-cpu", _SWITCH, _thread("args[2]")),
        Row("on-cpu", _SWITCH, thread=2, own_stack=True),
        Row("remain-cpu", "rawtp:::sched_exit_tp", when="!args[0] && tid"),
        # A thread that has not left its processor yet is made to stay.
        Row(
            "enqueue",
            "rawtp:sched::sched_wakeup",
            _queued("args[0]", "(int)args[0]->thread_info.cpu") + _FRONT,
            "!args[0]->on_cpu",
        ),
        Row("enqueue", "rawtp:sched::sched_wakeup_new", _queued("args[0]", "(int)args[0]->thread_info.cpu") + _FRONT),
        Row("dequeue", _MIGRATE, _queued("args[0]", "(int)args[0]->thread_info.cpu"), _WAITING),
        Row("enqueue", _MIGRATE, _queued("args[0]", "args[1]") + _FRONT, _WAITING),
        Row("wakeup", "rawtp:sched::sched_waking", _thread("args[0]")),
        Row("change-pri", "rawtp:sched::sched_pi_setprio", (*_thread("args[0]"), ("int", _INHERITED))),
        Row("surrender", "rawtp:::sched_set_need_resched_tp", _thread("args[0]"), "args[1] != cpu"),
        *(
            Row(
                "tick",
                _TICK,
                _thread("curthread"),
                f"(uint64_t)args[0]->function == (uint64_t)&`{handler}",
                lacks=function(handler),
            )
            # The second since 6.9.
            for handler in ("tick_sched_timer", "tick_nohz_handler")
        ),
        Row("woken", "rawtp:sched::sched_waking", _thread("curtask"), thread=0),
    ],
    {
        "schedctl-nopreempt": _MERELY_PRIORITY,
        "schedctl-preempt": _MERELY_PRIORITY,
        "schedctl-yield": _MERELY_PRIORITY,
        "cpucaps-sleep": _CAPS,
        "cpucaps-wakeup": _CAPS,
    },
)
