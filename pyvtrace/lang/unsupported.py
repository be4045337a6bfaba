"""What DTrace's D has and this one has not: each with what to write instead, for it is no misspelling."""

from __future__ import annotations

from collections.abc import Mapping

# Words that begin a declaration: what they declare, and the way out.
DECLARATIONS: Mapping[str, tuple[str, str]] = {
    "provider": ("provider declarations are not supported", "they belong into the header of the traced program"),
    "import": ("import declarations are not supported", "leave it out: there are no D libraries"),
}


def _by_name(rows: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return {name: hint for names, hint in rows for name in names.split()}


# Functions and actions.
FUNCTIONS = _by_name(
    (
        ("breakpoint chill copyout copyoutstr panic raise system", "it changes what it traces; vtrace only observes"),
        ("stack ustack jstack", "aggregate by probefunc or execname instead"),
        ("speculation speculate commit discard", "keep what you need in self->, print it where the outcome is known"),
        ("sym func mod usym uaddr ufunc umod", 'print the address: printf("%p", arg0)'),
        ("htonl htonll htons ntohl ntohll ntohs", "shift and mask the bytes: (x & 0xff) << 8 | x >> 8 & 0xff"),
        ("inet_ntoa inet_ntoa6 inet_ntop link_ntop", "print the number with %x"),
        ("alloca bcopy copyin copyinto", "read one value: *(int *)arg1"),
        ("index rindex strchr strrchr strstr strtok substr", "compare whole strings with == or <, or take basename()"),
        ("cleanpath dirname d_path", "print the path as it is, or take basename()"),
        ("getmajor getminor", "shift and mask: major is dev >> 20, minor is dev & 0xfffff"),
        ("freopen ftruncate", "use -o FILE, or redirect the output"),
        ("mutex_owned mutex_owner mutex_type_adaptive mutex_type_spin", "trace sdt:lock::contention_begin"),
        ("rw_iswriter rw_read_held rw_write_held", "trace sdt:lock::contention_begin"),
        ("lltostr", 'printf("%d", x) prints it; a key can be the number itself'),
        ("rand", "take the low bits of timestamp"),
        ("progenyof", "compare ppid, or use -c and $target"),
        ("tracemem", "trace the values one by one"),
        ("pcap", "use tcpdump"),
        ("setopt", "use -x, or #pragma D option"),
    )
)
VARIABLES = _by_name(
    (
        ("curpsinfo curlwpsinfo curcpuinfo", "use pid, tid, execname, curcpu"),
        ("caller ucaller", "in profile probes arg0 is the kernel's address, arg1 the process's"),
        ("stackdepth ustackdepth ipl cwd root", "leave it out"),
        ("uregs", "arguments are arg0 to arg9"),
        ("zonename", "use cgroup"),
    )
)


def refusal(name: str, *, call: bool) -> tuple[str, str, str] | None:
    """(tag, message, hint) for a name of DTrace's that is not there; None for a name that D does not have."""
    if call and name in FUNCTIONS:
        return "D_FUNC_UNDEF", f"{name}( ) is not supported", FUNCTIONS[name]
    if not call and name in VARIABLES:
        return "D_VAR_UNSUP", f"variable {name} is not supported", VARIABLES[name]
    return None
