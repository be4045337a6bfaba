"""Which context a probe's program gets, by what its provider keyed it with."""

from __future__ import annotations

from collections.abc import Sequence

from pyvtrace.compile.context import REGISTERS, Context, RecordContext, SyscallContext, TimerContext, WordsContext
from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Probe
from pyvtrace.providers.profile import TimerKey
from pyvtrace.providers.registry import ProbeTable
from pyvtrace.providers.syscall import COMPAT_TABLES, SyscallKey, identity, tables
from pyvtrace.providers.tracepoint import RawKey, TracepointKey, field_type
from pyvtrace.target import Target


def _at_tracepoint(context: Context, name: str) -> Context:
    context.tracing_functions = (f"__bpf_trace_{name}", f"__traceiter_{name}")
    return context


def context_for(probes: Sequence[Probe], target: Target, table: ProbeTable) -> Context:
    """The context of a program that serves `probes`, which share one attach point."""
    first = probes[0]
    match first.key:
        case SyscallKey(returns=returns):
            known = table.match(ProbeDescription("syscall", "", "", first.name.name))
            context = SyscallContext(
                probes,
                REGISTERS[target.architecture],
                returns=returns,
                compat=target.architecture in COMPAT_TABLES,
                first=identity(0, compat=False, returns=returns),
                known=[p.id for p in known],
                sigreturn=[calls["rt_sigreturn"] for calls in tables(target.architecture).values()],
            )
            return _at_tracepoint(context, "sys_exit" if returns else "sys_enter")
        case TracepointKey(group=group, name=name):
            form = target.tracepoint(group, name)
            fields = form.fields if form else ()
            return RecordContext(probes, fields, [field_type(f) for f in fields])
        case RawKey(name=name):
            return _at_tracepoint(WordsContext(probes, [a.type for a in table.arguments(first)]), name)
        case TimerKey():
            return TimerContext(probes, REGISTERS[target.architecture])
    return Context(probes)
