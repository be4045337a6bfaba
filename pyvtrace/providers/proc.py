"""The proc provider: processes and threads from beginning to end, and their signals.

    exec, exec-failure, exec-success       execve(2) is called, fails, or has put another program in place
    create, start, exit                    a process is made, begins to run, ends
    lwp-create, lwp-start, lwp-exit        the same of every thread, the first one of a process included
    signal-send, signal-discard            a signal is sent, and is thrown away because the process ignores it
    signal-handle                          a handler is about to run
    signal-clear                           sigwait(3) and the like take a signal

Each is of the thread that does it; what is made or gets a signal is in the arguments.
"""

from __future__ import annotations

from pyvtrace.providers.provider import PROC_IDS
from pyvtrace.providers.stable import Does, Row, parameters, stable

_FORK = "rawtp:sched::sched_process_fork"  # (parent, child)
_SWITCH, _NEXT = "rawtp:sched::sched_switch", 2
_EXIT = "rawtp:sched::sched_process_exit"  # (p, group_dead)
_GENERATE = "rawtp:signal::signal_generate"  # (sig, info, task, group, result)
_THREAD = ("lwpsinfo_t *", "args[2]"), ("psinfo_t *", "args[2]"), ("int", "args[0]")

# The new thread keeps that it is new until it gets its first processor.
_FIRST = (
    Does(_FORK, "self->__proc_new = 1", thread=1),
    Does(_SWITCH, "self->__proc_new = 0", "self->__proc_new", last=True, thread=_NEXT),
)
# What wait(2) tells of the process (kernel/exit.c, wait_task_zombie): 4 is SIGNAL_GROUP_EXIT.
_STATUS = "(args[0]->signal->flags & 4 ? args[0]->signal->group_exit_code : args[0]->exit_code)"
_HOW = (("int", f"{_STATUS} & 0x7f ? {_STATUS} & 0x80 ? CLD_DUMPED : CLD_KILLED : CLD_EXITED"),)
# Where the kernel does not say which thread is the last: threads that end at once may all find that none is left.
_OVER = Does(
    _EXIT,
    "self->__proc_over = __first(args[0]->group_leader->start_boottime ^ ((uint64_t)args[0]->tgid << 40))",
    "!args[0]->signal->live.counter",
)

PROC = stable(
    "proc",
    PROC_IDS,
    [
        Row("exec", "sdt:syscalls::sys_enter_execve", (("string", "copyinstr((uintptr_t)args->filename)"),)),
        Row("exec", "sdt:syscalls::sys_enter_execveat", (("string", "copyinstr((uintptr_t)args->filename)"),)),
        Row("exec-failure", "sdt:syscalls::sys_exit_execve", (("int", "-args->ret"),), "args->ret < 0"),
        Row("exec-failure", "sdt:syscalls::sys_exit_execveat", (("int", "-args->ret"),), "args->ret < 0"),
        Row("exec-success", "rawtp:sched::sched_process_exec", (("string", "stringof(args[2]->filename)"),)),
        Row("create", _FORK, (("psinfo_t *", "args[1]"),), "args[1]->pid == args[1]->tgid"),
        Row("lwp-create", _FORK, (("lwpsinfo_t *", "args[1]"), ("psinfo_t *", "args[1]"))),
        Row("start", _SWITCH, when="self->__proc_new && tid == pid", steps=_FIRST, thread=_NEXT),
        Row("lwp-start", _SWITCH, when="self->__proc_new", steps=_FIRST, thread=_NEXT),
        Row("lwp-exit", _EXIT),
        Row("exit", _EXIT, _HOW, "args[1]", lacks=parameters("sched_process_exit", 2, 2)),
        Row("exit", _EXIT, _HOW, "self->__proc_over", (_OVER,), lacks=parameters("sched_process_exit", 1, 1)),
        Row("signal-send", _GENERATE, _THREAD),
        # TRACE_SIGNAL_IGNORED (include/trace/events/signal.h).
        Row("signal-discard", _GENERATE, _THREAD, "args[4] == 1"),
        # 0 is SIG_DFL and 1 SIG_IGN.
        Row(
            "signal-handle",
            "rawtp:signal::signal_deliver",
            (("int", "args[0]"), ("siginfo_t *", "args[1]"), ("uintptr_t", "(uintptr_t)args[2]->sa.sa_handler")),
            "(uintptr_t)args[2]->sa.sa_handler > 1",
        ),
        Row("signal-clear", "sdt:syscalls::sys_exit_rt_sigtimedwait", (("int", "args->ret"),), "args->ret > 0"),
    ],
    {"fault": "Linux does not number machine faults; use signal-send of SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP"},
)
