"""What DTrace's D has and this one has not: each with what to write instead, for it is no misspelling."""

from __future__ import annotations

from collections.abc import Mapping

# Words that begin a declaration: what they declare, and the way out.
DECLARATIONS: Mapping[str, tuple[str, str]] = {
    "import": ("import declarations are not supported", "leave it out: D libraries are found with -L"),
}


def _by_name(rows: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return {name: hint for names, hint in rows for name in names.split()}


# Actions that cannot be had from a BPF program.
IMPOSSIBLE = _by_name(
    (
        ("breakpoint", "there is no kernel debugger to stop in"),
        ("chill", "a BPF program must not wait"),
        ("pcap", "use tcpdump"),
        ("panic", "a BPF program cannot stop the machine"),
        ("stop", "raise(SIGSTOP), which is 19, does the same to the process"),
    )
)
VARIABLES = _by_name(
    (
        ("cwd root", "leave it out"),
        ("zonename", "use cgroup"),
    )
)


def refusal(name: str) -> tuple[str, str, str] | None:
    """(tag, message, hint) for a name of DTrace's that is not there; None for a name that D does not have."""
    if name in VARIABLES:
        return "D_VAR_UNSUP", f"variable {name} is not supported", VARIABLES[name]
    return None
