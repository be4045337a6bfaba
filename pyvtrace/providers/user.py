"""Functions of programs: `pid1234:module:function:name` in one process, `uprobe:path:function:name` in all.

A module is a file that the process has mapped: `libc.so.6`, `libc`, its path, or `a.out` for the program itself. A path
may also be of a file that is mapped later (dlopen). Names are `entry`, `return`, and offsets: hexadecimal digits as in
DTrace, or `+0x10`. What globs find has one name an address; a name that is written out may be any.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Argument, Probe, Refusal
from pyvtrace.providers.made import Made
from pyvtrace.providers.pattern import Pattern, glob
from pyvtrace.providers.provider import PID_IDS, UPROBE_IDS, Provider
from pyvtrace.spec import AttachSpec, ProbeName, Uprobes, UserPoint
from pyvtrace.target import Functions, Mapped, NoAccess, Place, Target
from pyvtrace.value import Value

# Compiled by `re` when the first description asks.
_PID = r"(?a)pid(\d+)"
_OFFSET = r"(?ai)\+(0x[0-9a-f]+|\d+)|([0-9a-f]+)"
_MAIN = "a.out"
_SHOWN = 8
# What the kernel must have, for probes in programs of any kind.
NEEDED = ("uprobe", "attach cookie")


class FunctionKey(Value):
    """A probe in the functions at `places` of a file; of process `pid`, or of all (0)."""

    pid: int
    file: str
    places: tuple[int, ...]
    returns: bool


class Module(Value):
    """A file with functions, by the name that its probes have."""

    name: str
    file: str


def offset_of(name: str) -> int | None:
    """The offset that a probe's name means; None for other names."""
    parts = re.fullmatch(_OFFSET, name)
    if parts is None:
        return None
    return int(parts[1], 0) if parts[1] else int(parts[2], 16)


def _kinds(name: str) -> Iterator[str]:
    """The names of probes that a field means: offsets only where one is written."""
    if offset_of(name) is not None:
        yield name
    else:
        yield from filter(glob(name), ("entry", "return"))


class UserFunctions:
    """The probes that both providers make out of functions."""

    def __init__(self, ids: range) -> None:
        self.made = Made(ids)

    def probes(self, target: Target, provider: str, pid: int, module: Module, pattern: Pattern) -> Iterator[Probe]:
        functions = target.functions(module.file)
        kinds = list(_kinds(pattern.text))
        if isinstance(functions, NoAccess) or not kinds:
            return
        for function, places in _chosen(functions, pattern):
            for kind in kinds:
                offset = offset_of(kind) or 0
                at = tuple(p.offset + offset for p in places if not offset or offset < p.size)
                if not at:
                    continue
                returns = kind == "return"
                key = FunctionKey(pid, module.file, at, returns)
                name = ProbeName(provider, module.name, function, kind)
                if made := self.made.probe(name, module.file, key, returns=returns):
                    yield made


def _chosen(functions: Functions, pattern: Pattern) -> Iterable[tuple[str, Sequence[Place]]]:
    wanted = pattern.function
    if wanted.literal is not None:
        return [(wanted.literal, functions.at[wanted.literal])] if wanted.literal in functions.at else []
    # Of several names of one address the plainest: not `__libc_malloc`, but `malloc`. A program may have some 100,000
    # functions, so only those are looked at that have a name which fits.
    meant = {place.offset for function, places in functions.at.items() if wanted(function) for place in places}
    names: dict[int, tuple[int, int, str, Place]] = {}
    for function, places in functions.at.items():
        if not any(place.offset in meant for place in places):
            continue
        rank = (len(function) - len(function.lstrip("_")), len(function), function)
        for place in places:
            if place.offset not in names or rank < names[place.offset][:3]:
                names[place.offset] = (*rank, place)
    found: dict[str, list[Place]] = {}
    for _, _, function, place in names.values():
        if wanted(function):
            found.setdefault(function, []).append(place)
    return found.items()


def arguments(target: Target, probe: Probe) -> tuple[Argument, ...]:
    """None: what the registers hold is argN, of types that the program does not tell."""
    return ()


def attach(target: Target, probe: Probe) -> AttachSpec:
    return Uprobes(probe.key.pid, probe.key.returns)


def points(target: Target, probe: Probe) -> Iterator[UserPoint]:
    return (UserPoint(probe.key.file, place, 0, probe.id) for place in probe.key.places)


# ----------------------------------------------------------------------------------------------------------------- pid


def pid_of(provider: str) -> int:
    """The process of `pid1234`; 0 if it names none."""
    parts = re.fullmatch(_PID, provider)
    return int(parts[1]) if parts else 0


def _fits(one: Mapped, text: str) -> bool:
    """Whether a field means a mapped file. `libc` means `libc.so.6` as well."""
    if text == _MAIN:
        return one.main
    wanted = glob(text)
    names = (one.name, one.path, one.name.partition(".so")[0])
    return wanted(one.name) if wanted.literal is None else wanted.literal in names


def modules(target: Target, pid: int, text: str) -> list[Module]:
    """The files of a process that a module field means; a path that is not mapped yet may be later."""
    mapped = target.mapped(pid)
    if isinstance(mapped, NoAccess):
        return []
    found = [Module(_MAIN if text == _MAIN else one.name, one.file) for one in mapped if _fits(one, text)]
    if not found and text.startswith("/"):
        found = [Module(os.path.basename(text), text)]
    return found


def pid_provider() -> Provider:
    functions = UserFunctions(PID_IDS)

    def probes(target: Target, description: ProbeDescription) -> list[Probe]:
        pid, pattern = pid_of(description.provider), Pattern(description)
        if not pid:
            return []
        asked = modules(target, pid, description.module)
        found = (p for one in asked for p in functions.probes(target, description.provider, pid, one, pattern))
        return sorted(found, key=lambda probe: probe.id)

    return Provider(
        "pid",
        PID_IDS,
        probes,
        arguments,
        attach,
        named=functions.made.named,
        serves=lambda name: re.fullmatch(_PID, name) is not None,
        points=points,
        refusal=pid_refusal,
    )


def unsupported(target: Target) -> Refusal | None:
    """Why this kernel puts no probes into programs."""
    for feature in NEEDED:
        if not target.feature(feature):
            message = f"this kernel puts no probes into programs: {feature}: {target.lacking(feature)}"
            return Refusal("D_PROC_NODEV", message, "`vtrace doctor` shows what is missing")
    return None


def pid_refusal(target: Target, description: ProbeDescription, found: Sequence[Probe]) -> Refusal | None:
    if not glob(description.provider).literal:
        return None
    pid = pid_of(description.provider)
    if not pid:
        tag, why = ("D_PDESC_ZERO", "") if description.provider == "pid" else ("D_PROC_BADPID", ", and 0 is none")
        hint = "pid1234:..., or pid$target:... with the process of -p or -c"
        return Refusal(tag, f"the pid provider needs a process{why}", hint)
    mapped = target.mapped(pid)
    if isinstance(mapped, NoAccess):
        return Refusal("D_PROC_GRAB", mapped.reason, mapped.hint)
    if found:
        return unsupported(target)
    asked = modules(target, pid, description.module)
    if not asked:
        names = [one.name for one in mapped]
        close = nearest(description.module, names)
        hint = f"{close}{' ' * bool(close)}it has {listed(names)}; one that comes later needs its path"
        return Refusal("D_PDESC_ZERO", f"process {pid} has no {description.module} mapped", hint)
    return missing(target, asked, description)


def missing(target: Target, asked: Sequence[Module], description: ProbeDescription) -> Refusal:
    """Why files that are there have no such probe."""
    where = asked[0].name if len(asked) == 1 else "any module"
    tables = [target.functions(module.file) for module in asked]
    readable = [table for table in tables if not isinstance(table, NoAccess)]
    if not readable:
        refused = next(table for table in tables if isinstance(table, NoAccess))
        return Refusal("D_PROC_LIB", refused.reason, refused.hint)
    function, name = description.function, description.name
    if function == "-":
        return _at_address(description)
    places = [place for table in readable for place in table.at.get(function, ())]
    if places and (offset := offset_of(name)) is not None:
        size = max(place.size for place in places)
        hint = f"it is {size} bytes long" if size else "the file does not tell how long it is"
        return Refusal("D_PROC_OFF", f"offset {offset:#x} is outside of {function}", hint)
    if places and not list(_kinds(name)):
        message = f"'{name}' is no probe of a function"
        return Refusal("D_PROC_NAME", message, "entry, return, or an offset into it in hexadecimal digits")
    if function and any(map(glob(function), (name for table in readable for name in table.chosen))):
        hint = "the linker chooses one of several when a program starts, whose names are not exported"
        return Refusal("D_PROC_FUNC", f"{function} in {where} is not one function", hint)
    hint = nearest(function, [known for table in readable for known in table.at])
    if any(table.stripped for table in readable):
        hint = f"{hint} " if hint else ""
        hint += "(only exported functions are known: it is stripped)"
    # To DTrace a function is missing where its module is named; else another one may have it.
    named = glob(function).literal and glob(description.module).literal
    tag = "D_PROC_FUNC" if named else "D_PDESC_ZERO"
    return Refusal(tag, f"no function {function} in {where}", hint or "it may be inlined everywhere")


def _at_address(description: ProbeDescription) -> Refusal:
    """Of the function `-`, whose probes DTrace names by their addresses in the program."""
    hint = "name the function, and the offset into it: pid$target:a.out:main:1c"
    if description.module not in ("", _MAIN):
        return Refusal("D_PROC_LIB", "only the a.out module is valid with the '-' function", hint)
    if glob(description.name).literal is None or not description.name:
        return Refusal("D_PROC_NAME", "only individual addresses may be specified with the '-' function", hint)
    return Refusal("D_PROC_FUNC", "probes at addresses are not supported", hint)


def nearest(name: str, names: Sequence[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, sorted(set(names)), 3, 0.7)
    return f"did you mean {' or '.join(close)}?" if close else ""


def listed(names: Sequence[str]) -> str:
    """The first few of many names."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


# -------------------------------------------------------------------------------------------------------------- uprobe


def _file_of(target: Target, module: str) -> str:
    """The file that a module field names; "" if there is none."""
    path = module if module.startswith("/") else target.locate(module)
    return path if path and not isinstance(target.functions(path), NoAccess) else ""


def uprobe_provider() -> Provider:
    functions = UserFunctions(UPROBE_IDS)

    def probes(target: Target, description: ProbeDescription) -> list[Probe]:
        if description.provider != "uprobe" or not glob(description.module).literal:
            return []
        path, pattern = _file_of(target, description.module), Pattern(description)
        found = functions.probes(target, "uprobe", 0, Module(path, path), pattern) if path else ()
        return sorted(found, key=lambda probe: probe.id)

    return Provider(
        "uprobe",
        UPROBE_IDS,
        probes,
        arguments,
        attach,
        named=functions.made.named,
        points=points,
        refusal=uprobe_refusal,
    )


def uprobe_refusal(target: Target, description: ProbeDescription, found: Sequence[Probe]) -> Refusal | None:
    if found or description.provider != "uprobe":
        return unsupported(target) if found else None
    module = description.module
    if not glob(module).literal:
        return Refusal("D_PROC_LIB", "uprobe needs a file", "uprobe:/path/to/program:function:entry")
    path = module if module.startswith("/") else target.locate(module)
    if not path:
        return Refusal("D_PROC_LIB", f"there is no library or program {module}", "give its path")
    return missing(target, [Module(path, path)], description)
