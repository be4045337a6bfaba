"""The built-in variables: type and code of each (Dynamic Tracing Guide, "Built-in Variables")."""

from __future__ import annotations

from collections.abc import Callable

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R8, Code, call, extend, load, mov
from pyvtrace.builtins.containers import CONTAINER_SIZE, container
from pyvtrace.builtins.machine import Machine
from pyvtrace.builtins.stacks import STACK_VARIABLES
from pyvtrace.lang.types import INT, INT64, LONG, TYPEDEFS, UINT64, Integer, Pointer, String, Struct
from pyvtrace.lang.vocabulary import Variable

PROBE_NAME_CAPACITY = 64
COMM_SIZE = 16


def _member(path: str, otherwise: Callable[[], Code]) -> Callable[[Machine, Variable], Code]:
    """A member of the current task, or a helper where the kernel's types are not to be had."""

    def code(m: Machine, variable: Variable) -> Code:
        place = m.target.member("task_struct", path)
        if place is None:
            yield from otherwise()
            return
        yield from m.need("task")
        yield load(R0, R8, place.offset, place.size)
        if isinstance(variable.type, Integer):
            yield from extend(R0, place.size, signed=variable.type.signed)

    return code


def _helper(number: int, *, upper: bool = False, signed: bool = False) -> Callable[[], Code]:
    """The lower or upper half of a helper's result."""

    def code() -> Code:
        yield call(number)
        if upper:
            yield R0 >> 32
        yield from extend(R0, 4, signed=signed)

    return code


def _through(m: Machine, *chain: tuple[str, str]) -> Code:
    """R0 = what members of the task, and of what those point to, lead to; 0 where this kernel has no such thing."""
    places = [m.target.member(*member) for member in chain]
    yield from m.need("task")
    yield mov(R0, R8)
    for place in places:
        yield load(R0, R0, place.offset, place.size) if place else mov(R0, 0)
        if place is None:
            return


def _half(number: int, member: str, *, upper: bool = False) -> Callable[[Machine, Variable], Code]:
    def code(m: Machine, variable: Variable) -> Code:
        if m.context.thread >= 0:
            yield from _through(m, ("task_struct", "real_cred"), ("cred", member))
        else:
            yield from _helper(number, upper=upper)()

    return code


def parent(m: Machine, variable: Variable) -> Code:
    """The thread group id of the parent, through two pointers that the verifier follows: such loads cannot fault, and
    give 0 where there is nothing."""
    up, tgid = m.target.member("task_struct", "real_parent"), m.target.member("task_struct", "tgid")
    if up is None or tgid is None:
        yield mov(R0, 0)
        return
    yield from m.need("task")
    yield load(R0, R8, up.offset)
    yield load(R0, R0, tgid.offset, tgid.size)


def curthread(m: Machine, variable: Variable) -> Code:
    # A number to the verifier, not R8's pointer: D may compute with it.
    yield from m.context.task_number(m)


def curtask(m: Machine, variable: Variable) -> Code:
    yield call(h.GET_CURRENT_TASK)


def execname(m: Machine, variable: Variable) -> Code:
    yield from m.need("scratch")
    name = m.buffer(COMM_SIZE)
    yield from m.comm_into(name)
    yield from m.address(R0, name)


def timestamp(m: Machine, variable: Variable) -> Code:
    yield from m.clock()


def walltimestamp(m: Machine, variable: Variable) -> Code:
    """CLOCK_MONOTONIC plus the offset to CLOCK_REALTIME that the session keeps in the data map."""
    yield from m.clock()
    yield from m.wall_offset(R1)
    yield R0 + R1


def vtimestamp(m: Machine, variable: Variable) -> Code:
    """Nanoseconds this thread has run."""
    yield from m.run_time()


def cpu(m: Machine, variable: Variable) -> Code:
    yield call(h.GET_SMP_PROCESSOR_ID)


def cgroup(m: Machine, variable: Variable) -> Code:
    if m.context.thread >= 0:
        cgroup = (("task_struct", "cgroups"), ("css_set", "dfl_cgrp"), ("cgroup", "kn"), ("kernfs_node", "id"))
        yield from _through(m, *cgroup)
    else:
        yield call(h.GET_CURRENT_CGROUP_ID)


def argument(m: Machine, variable: Variable) -> Code:
    yield from m.context.number(m, variable.index)


def error_number(m: Machine, variable: Variable) -> Code:
    yield from m.context.error_number(m)


def probe_text(m: Machine, variable: Variable) -> Code:
    yield from m.context.probe_text(m, variable.name)


def probe_id(m: Machine, variable: Variable) -> Code:
    yield from m.context.probe_id(m)


def enabled_probe(m: Machine, variable: Variable) -> Code:
    yield mov(R0, m.clause)


def interrupt_level(m: Machine, variable: Variable) -> Code:
    yield mov(R0, 0)


_PID, _UID = TYPEDEFS["pid_t"], TYPEDEFS["uid_t"]
_NAME = String(PROBE_NAME_CAPACITY)

_TASK = Pointer(Struct("struct", "task_struct", None, 0))
VARIABLES: dict[str, Variable] = {
    v.name: v
    for v in (
        Variable("pid", _PID, _member("tgid", _helper(h.GET_CURRENT_PID_TGID, upper=True)), "process id"),
        Variable("tid", _PID, _member("pid", _helper(h.GET_CURRENT_PID_TGID)), "thread id"),
        Variable("ppid", _PID, parent, "parent's process id"),
        Variable("uid", _UID, _half(h.GET_CURRENT_UID_GID, "uid.val"), "real user id"),
        Variable("gid", TYPEDEFS["gid_t"], _half(h.GET_CURRENT_UID_GID, "gid.val", upper=True), "real group id"),
        Variable("curthread", _TASK, curthread, "the kernel's struct task_struct of this thread"),
        Variable(
            "curtask", _TASK, curtask, "curthread of the thread that runs, whomever the probe is about", extension=True
        ),
        Variable("execname", String(COMM_SIZE), execname, "command name, at most 15 bytes"),
        Variable("comm", String(COMM_SIZE), execname, "execname, as other tools call it", extension=True),
        Variable("timestamp", UINT64, timestamp, "nanoseconds of CLOCK_MONOTONIC", clock=True),
        Variable("vtimestamp", UINT64, vtimestamp, "nanoseconds this thread has run"),
        Variable("walltimestamp", INT64, walltimestamp, "nanoseconds since 1970-01-01 UTC", clock=True),
        Variable("cpu", INT, cpu, "CPU number", extension=True),
        Variable("errno", INT, error_number, "error number of the last system call, in its return probe"),
        Variable("cgroup", UINT64, cgroup, "id of the cgroup (v2): the inode of its directory", extension=True),
        Variable("container", String(CONTAINER_SIZE), container, "short id of the container", extension=True),
        Variable("probeprov", _NAME, probe_text, "provider of the probe"),
        Variable("probemod", _NAME, probe_text, "module of the probe"),
        Variable("probefunc", _NAME, probe_text, "function of the probe"),
        Variable("probename", _NAME, probe_text, "name of the probe"),
        Variable("id", TYPEDEFS["uint_t"], probe_id, "id of the probe"),
        Variable("epid", TYPEDEFS["uint_t"], enabled_probe, "number of the clause, as errors name it"),
        Variable("ipl", TYPEDEFS["uint_t"], interrupt_level, "0: Linux has no interrupt priority levels"),
        *STACK_VARIABLES,
        *(Variable(f"arg{n}", LONG, argument, f"argument {n} as an integer", index=n) for n in range(10)),
    )
}
