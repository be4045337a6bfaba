"""What a provider is: the probes it has, their arguments, and where the kernel attaches."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Argument, Probe
from pyvtrace.spec import AttachSpec
from pyvtrace.target import Target
from pyvtrace.value import Value


class Provider(Value):
    """`probes` yields those that a description matches, quickly for exact names; `arguments` are typed and read when
    asked for."""

    name: str
    probes: Callable[[Target, ProbeDescription], Iterable[Probe]]
    arguments: Callable[[Target, Probe], tuple[Argument, ...]]
    attach: Callable[[Target, Probe], AttachSpec]


# Ranges of probe ids: each provider's are its own.
SYSCALL_IDS, TRACEPOINT_IDS, RAW_IDS, TIMER_IDS = 1_000, 100_000, 200_000, 1 << 24
