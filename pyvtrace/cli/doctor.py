"""`vtrace doctor`: what this kernel, this user and this machine allow, and what to do about each no."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

from pyvtrace.value import Value

_USAGE = """Usage: vtrace doctor [--json]

\t--json  one JSON object instead of the table
"""


class Check(Value):
    """One line of the table: `purpose` is what it is for, `advice` what to do about a no. The main job (syscall
    one-liners) needs the `essential` ones."""

    name: str
    works: bool
    purpose: str
    since: str = ""
    reason: str = ""
    advice: str = ""
    essential: bool = False


class Machine(Value):
    """Who asked, and where; `policies` are what besides capabilities may forbid things; `timed` is whether the kernel
    times every run of every BPF program."""

    kernel: str
    architecture: str
    user: str
    capabilities: tuple[str, ...]
    policies: tuple[str, ...]
    timed: bool


def main(arguments: Sequence[str]) -> int:
    """`vtrace doctor [--json]`; the arguments begin with the word doctor."""
    if unknown := [word for word in arguments[1:] if word not in ("--json", "--help")]:
        sys.stderr.write(f"vtrace: doctor takes no {unknown[0]}\n{_USAGE}")
        return 2
    if "--help" in arguments:
        sys.stdout.write(_USAGE)
        return 0
    return doctor(json="--json" in arguments)


def doctor(*, json: bool = False) -> int:
    """Print the table, or with `json` one JSON object; 0 if syscall one-liners work here, else 1."""
    machine, checks = _machine(), list(examine())
    ready = all(check.works for check in checks if check.essential)
    if json:
        _print_json(machine, checks, ready)
    elif sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        _print_table(machine, checks, ready)
    else:
        print("\n".join(_plain(machine, checks, ready)))
    return 0 if ready else 1


# -------------------------------------------------------------------------------------------------------------- asking


def examine() -> Iterator[Check]:
    """Every feature of the kernel, then what else the machine should have."""
    from pyvtrace.kernel.features import FEATURES, ask

    for answer in map(ask, FEATURES):
        it = answer.feature
        advice = "" if answer.works else answer.hint or it.remedy
        yield Check(it.name, answer.works, it.purpose, it.since, answer.reason, advice, it.essential)
    yield _bcc()


def _bcc() -> Check:
    """bcc comes from the distribution; what PyPI calls bcc is something else."""
    from pyvtrace.kernel.symbols_bcc import PACKAGES, load, places

    if load() is not None:
        return Check("bcc", True, _BCC_PURPOSE)
    found = next(places(), "")
    other = next((f"{p}/bcc" for p in sys.path if os.path.isfile(f"{p}/bcc/__init__.py")), "")
    reason = "not installed"
    if found:
        reason = f"{found} is there, and its library libbcc.so.0 is not"
    elif other:
        reason = f"{other} is another package of that name"
    return Check("bcc", False, _BCC_PURPOSE, reason=reason, advice=PACKAGES)


_BCC_PURPOSE = "names in 32-bit processes and others that our own reader has none for"


def _machine() -> Machine:
    from pyvtrace.kernel.privilege import CAPABILITIES, effective, policies
    from pyvtrace.kernel.statistics import runs_are_timed

    uname, uid = os.uname(), os.geteuid()
    have = effective()
    names = tuple(name for number, name in CAPABILITIES.items() if number in have)
    user = "root" if uid == 0 else f"uid {uid}"
    return Machine(uname.release, uname.machine, user, names, tuple(policies()), runs_are_timed())


# ------------------------------------------------------------------------------------------------------------- telling


def _headline(machine: Machine) -> list[str]:
    lines = [
        f"Linux {machine.kernel} {machine.architecture}",
        f"{machine.user}, {' '.join(machine.capabilities) or 'without a capability that matters here'}",
    ]
    if machine.policies:
        lines.append("may be forbidding things: " + ", ".join(machine.policies))
    if machine.timed:
        lines.append("every run of a BPF program is timed, which costs more than most programs do:")
        lines.append("-> sysctl kernel.bpf_stats_enabled=0; if it is 0, end bpftop or what else asks for it")
    return lines


def _verdict(checks: list[Check], ready: bool) -> str:
    if ready:
        return "Syscall one-liners work here."
    lacking = ", ".join(check.name for check in checks if check.essential and not check.works)
    return f"Syscall one-liners do not work here: no {lacking}."


def _told_once(checks: list[Check]) -> Iterator[tuple[Check, list[str]]]:
    """Each check with the lines below it: the reason and the advice, spelled out the first time only."""
    told: set[str] = set()
    for check in checks:
        lines = [check.reason] if check.reason else []
        if check.advice:
            lines.append("-> as above" if check.advice in told else f"-> {check.advice}")
        told.add(check.advice)
        yield check, lines


def _plain(machine: Machine, checks: list[Check], ready: bool) -> Iterator[str]:
    yield from _headline(machine)
    width = max(len(check.name) for check in checks)
    for check, lines in _told_once(checks):
        yield f"{'yes' if check.works else 'no':3}  {check.name:{width}}  {check.purpose}"
        yield from (f"{'':{width + 7}}{line}" for line in lines)
    yield _verdict(checks, ready)


def _print_table(machine: Machine, checks: list[Check], ready: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("", "feature", "what it is for; what to do", box=None, pad_edge=False)
    for check, lines in _told_once(checks):
        works = Text("yes", "green") if check.works else Text("no", "bold red" if check.essential else "yellow")
        text = Text.assemble((check.purpose, "dim"), *(("\n" + line, "bold") for line in lines))
        table.add_row(works, Text(check.name), text)
    console = Console(highlight=False)
    for line in _headline(machine):
        console.print(Text(line))
    console.print(table)
    console.print(Text(_verdict(checks, ready), "bold green" if ready else "bold red"))


def _print_json(machine: Machine, checks: list[Check], ready: bool) -> None:
    from json import dumps

    def plain(value: Value) -> dict[str, object]:
        return {field: getattr(value, field) for field in value.__match_args__}  # type: ignore[attr-defined]

    print(dumps({"ready": ready, "machine": plain(machine), "checks": [plain(check) for check in checks]}))
