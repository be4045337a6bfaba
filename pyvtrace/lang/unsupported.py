"""What DTrace's D has and this one has not: each with what to write instead, for it is no misspelling."""

from __future__ import annotations

from collections.abc import Mapping

# Words that begin a declaration: what they declare, and the way out.
DECLARATIONS: Mapping[str, tuple[str, str]] = {
    "provider": ("provider declarations are not supported", "they belong into the header of the traced program"),
    "import": ("import declarations are not supported", "leave it out: D libraries are found with -L"),
}


def _by_name(rows: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return {name: hint for names, hint in rows for name in names.split()}


# Functions and actions.
FUNCTIONS = _by_name(
    (
        ("d_path", "take args[0]->... of a probe that has the path as text"),
        ("mutex_owned mutex_owner mutex_type_adaptive mutex_type_spin", "trace sdt:lock::contention_begin"),
        ("rw_iswriter rw_read_held rw_write_held", "trace sdt:lock::contention_begin"),
        ("pcap", "use tcpdump"),
    )
)
# What cannot be done from a BPF program.
IMPOSSIBLE = _by_name(
    (
        ("breakpoint", "there is no kernel debugger to stop in"),
        ("chill", "a BPF program must not wait"),
        ("panic", "a BPF program cannot stop the machine"),
        ("stop", "raise(SIGSTOP), which is 19, does the same to the process"),
    )
)
VARIABLES = _by_name(
    (
        ("cwd root", "leave it out"),
        ("uregs", "arguments are arg0 to arg9"),
        ("zonename", "use cgroup"),
    )
)


def refusal(name: str, *, call: bool) -> tuple[str, str, str] | None:
    """(tag, message, hint) for a name of DTrace's that is not there; None for a name that D does not have."""
    if call and name in IMPOSSIBLE:
        return "D_UNKNOWN", f"{name}( ) is not supported", IMPOSSIBLE[name]
    if call and name in FUNCTIONS:
        return "D_FUNC_UNDEF", f"{name}( ) is not supported", FUNCTIONS[name]
    if not call and name in VARIABLES:
        return "D_VAR_UNSUP", f"variable {name} is not supported", VARIABLES[name]
    return None
