"""The program that records waits, `waits.d` with its gates, also for architectures on which a program cannot interrupt
its processor to tell of a thread in the thread itself."""

from __future__ import annotations

import os
import time

from pyvtrace.analysis.bubbles.gates import guarded
from pyvtrace.analysis.bubbles.rations import Ration, ration
from pyvtrace.analysis.bubbles.storage import INTERRUPT, Lacking, Limits, Words
from pyvtrace.runtime.program import compile_text
from pyvtrace.source import CompileError, Diagnostic, Source, Span
from pyvtrace.spec import ProgramSpec
from pyvtrace.target import Target

NAME = "waits.d"
_PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), NAME)

_DETAIL = 2
_FIRST = "self uint64_t off"  # the variable that holds what the scheduler's clock showed
_COARSE = 6  # CLOCK_MONOTONIC_COARSE (include/uapi/linux/time.h)
_ELSEWHERE = "sched:::on-cpu"
_USER_STACK = ' %k %k", tid, pid, execname,\n', '"", stack(28), ustack(24));\n}'


def detail(minimum: int) -> int:
    """From how many ns on waits are recorded where those of `minimum` make a bubble: a holder may have waited several
    times."""
    return max(1, minimum // _DETAIL)


def interrupts(target: Target) -> bool:
    """Whether programs see the interrupt that they give to their processor."""
    return target.raw_tracepoint(INTERRUPT) is not None


def compiled(target: Target, least: int, *, interrupt: bool | None = None, of: Ration | None = None) -> ProgramSpec:
    """What records waits of `least` ns and more, told of in an `interrupt` or at the switch, by default as `interrupts`
    says; `of` is the ration of them.

    Raises:
        CompileError: the kernel was built without what nothing can be told without.
    """
    if interrupt is None:
        interrupt = interrupts(target)
    text = script(interrupt=interrupt)
    source = Source(NAME, text)
    spec = compile_text(source, target, {}, ())
    # Ticks of the kernel's are what its coarse clocks go by.
    tick = round(1e9 * time.clock_getres(_COARSE))
    try:
        limits = Limits(least, tick, of or ration(target.cpus), interrupt)
        return guarded(spec, Words(text), limits, target)
    except Lacking as lacking:
        hint = f"use one that is built with {lacking.feature}, as distributions' are"
        at = text.index(_FIRST)
        span = Span(at, at + len(_FIRST))
        raise CompileError(source, [Diagnostic("D_CG_EXPR", span, str(lacking), hint)]) from None


def script(*, interrupt: bool) -> str:
    """The script as it is where there is INTERRUPT, else what comes closest."""
    text = _read()
    if interrupt:
        return text
    conversions, arguments = _USER_STACK
    for piece in (f"rawtp:::{INTERRUPT}", *_USER_STACK):
        if piece not in text:
            raise ValueError(f"the script has no {piece!r}")
    return (
        text.replace(f"rawtp:::{INTERRUPT}", _ELSEWHERE)
        .replace(conversions, conversions.replace(" %k %k", " %k"))
        .replace(arguments, arguments.replace(", ustack(24)", ""))
    )


def words() -> Words:
    """Where a thread's storage has what the script keeps of it."""
    return Words(_read())


def _read() -> str:
    with open(_PATH, encoding="utf-8") as file:
        return file.read()
