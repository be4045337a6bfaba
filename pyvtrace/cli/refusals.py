"""Programs that cannot run, in words: with problems of their own, for want of something on this machine, or refused by
the kernel's verifier, which is a fault of the compiler and told so that it can be mended."""

from __future__ import annotations

from pyvtrace.cli.console import hint
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.kernel.tracefs import MOUNT_COMMAND
from pyvtrace.runtime.session import Rejected
from pyvtrace.source import CompileError, Diagnostic, render

# Problems that have to do with what arguments a probe has.
_ABOUT_ARGUMENTS = frozenset(("D_ARGS_IDX", "D_ARGS_NONE", "D_ARGS_TYPE", "D_TYPE_MEMBER"))
_REPORT = "this is a fault of vtrace, not of the program: please report it, with what -e -S prints for the program"


# What a kernel may withhold from programs, by what its verdict names.
_WITHHELD = {
    "bpf_probe_write_user": "this kernel lets no program write to a process: leave out copyout() and copyoutstr()"
}


def rejection(rejected: Rejected) -> str:
    """The verifier's verdict, the D that it comes from, and what to report."""
    source = rejected.source.of(rejected.span.start)
    place = Diagnostic("", rejected.span, "", f"from {source.name}" if source.kind == "script" else "")
    name, verdict = rejected.program.name, rejected.error.telling
    return f"could not enable tracing: the kernel refused the code of {name}: {verdict}\n" + (
        place.context(source) + hint(next((why for what, why in _WITHHELD.items() if what in verdict), _REPORT))
    )


def problems(error: CompileError, target: LiveTarget, *, tags: bool) -> str:
    """Every problem of a program, and what this machine lacks if that may be behind one."""
    text = render(error.source, error.diagnostics, tags=tags)
    if any(diagnostic.tag in _ABOUT_ARGUMENTS for diagnostic in error.diagnostics):
        if not target.tracefs:
            text += hint(f"arguments are known by name and type from tracefs only: {MOUNT_COMMAND}")
        if target.types.btf() is None:
            text += hint("this kernel shows no BTF (CONFIG_DEBUG_INFO_BTF), which has the arguments of rawtp probes")
    return text
