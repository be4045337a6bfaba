"""What this process may do, and why the kernel said no: capabilities, limits, policies. Read only when it did, and by
`vtrace doctor`."""

from __future__ import annotations

import errno
import os
import resource

from pyvtrace.kernel.syscall import ENOTSUPP

CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF = 21, 38, 39
CAPABILITIES = {CAP_SYS_ADMIN: "CAP_SYS_ADMIN", CAP_PERFMON: "CAP_PERFMON", CAP_BPF: "CAP_BPF"}

# What each command needs, and in the end a trace both: maps are made for programs that read the kernel. CAP_SYS_ADMIN
# stands for both (Documentation/admin-guide/perf-security.rst, bpf(2)).
_NEEDS = {
    "BPF_PROG_LOAD": (CAP_BPF, CAP_PERFMON),
    "BPF_RAW_TRACEPOINT_OPEN": (CAP_BPF, CAP_PERFMON),
    "BPF_LINK_CREATE": (CAP_BPF, CAP_PERFMON),
    "BPF_PROG_TEST_RUN": (CAP_BPF, CAP_PERFMON),
    "BPF_ENABLE_STATS": (CAP_SYS_ADMIN,),
    "perf_event_open": (CAP_PERFMON,),
    "PERF_EVENT_IOC_SET_BPF": (CAP_BPF, CAP_PERFMON),
}


def read(path: str) -> str:
    """A small file's text without the newline at its end; empty if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def status(field: str) -> str:
    """One field of /proc/self/status."""
    for line in read("/proc/self/status").splitlines():
        if line.startswith(field + ":"):
            return line.partition(":")[2].strip()
    return ""


def effective() -> frozenset[int]:
    """Numbers of the capabilities in force."""
    mask = int(status("CapEff") or "0", 16)
    return frozenset(bit for bit in range(64) if mask >> bit & 1)


def missing(command: str, have: frozenset[int]) -> list[str]:
    """Names of the capabilities that a trace needs for a command and `have` lacks."""
    if CAP_SYS_ADMIN in have:
        return []
    return [CAPABILITIES[number] for number in _NEEDS.get(command, (CAP_BPF, CAP_PERFMON)) if number not in have]


def user_namespace() -> bool:
    """Whether this process is not in the initial user namespace: bpf(2) looks at capabilities in that one only."""
    return read("/proc/self/uid_map").split() != ["0", "0", "4294967295"]


def policies() -> list[str]:
    """What besides capabilities may be forbidding things, as far as it can be seen from here."""
    found = []
    if status("Seccomp") == "2":
        found.append("a seccomp filter (a container's default profile blocks bpf and perf_event_open)")
    lockdown = read("/sys/kernel/security/lockdown")
    if "[integrity]" in lockdown or "[confidentiality]" in lockdown:
        found.append(f"kernel lockdown ({lockdown.partition('[')[2].partition(']')[0]})")
    if user_namespace():
        found.append("a user namespace (capabilities count in the initial one only)")
    if modules := read("/sys/kernel/security/lsm"):
        found.append(f"a policy of a security module ({modules})")
    return found


def explain(command: str, number: int) -> str:
    """A sentence on why `command` failed with errno `number` and what to do; empty if there is nothing to add."""
    match number:
        case errno.EPERM | errno.EACCES:
            return _refused(command)
        case errno.ENOSYS:
            return "this kernel was built without CONFIG_BPF_SYSCALL, or a sandbox hides the system call"
        case errno.ENOMEM if command == "BPF_MAP_CREATE":
            return "not enough memory: make it smaller (aggsize, bufsize, dynvarsize)"
        case errno.EINVAL if command == "BPF_PROG_LOAD":
            return "this kernel does not have this type of program"
        case errno.ENOENT if command == "BPF_RAW_TRACEPOINT_OPEN":
            return "this kernel has no such tracepoint"
        case errno.ENOENT if command == "perf_event_open":
            return "this kernel has no such tracepoint or counter"
        case errno.EMFILE:
            return "too many open files: raise the limit (ulimit -n)"
        case _ if number == ENOTSUPP or number == errno.EOPNOTSUPP:
            return "this kernel does not support it"
    return ""


def _refused(command: str) -> str:
    if lacking := missing(command, effective()):
        text = f"needs {' and '.join(lacking)}: run it as root, e.g. with sudo"
        paranoid = read("/proc/sys/kernel/perf_event_paranoid")
        if command == "perf_event_open" and paranoid not in ("", "-1"):
            text += f", or lower kernel.perf_event_paranoid (now {paranoid})"
        if command.startswith("BPF_") and read("/proc/sys/kernel/unprivileged_bpf_disabled") not in ("", "0"):
            text += " (kernel.unprivileged_bpf_disabled is set)"
        return text
    causes = policies()
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if command == "BPF_MAP_CREATE" and soft != resource.RLIM_INFINITY:
        causes.append(f"the limit of locked memory ({soft >> 10} KiB; before 5.11 maps count: ulimit -l unlimited)")
    who = "root" if os.geteuid() == 0 else "this user"
    if not causes:
        return f"{who} has the capabilities, so a policy of this system (LSM, sandbox) forbids it"
    return f"{who} has the capabilities; it may be forbidden by " + " or ".join(causes)
