"""What a provider is: the probes it has, their arguments, where the kernel attaches; and which ids are whose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Argument, Probe, Refusal
from pyvtrace.spec import AttachSpec, KernelPoint, ProbeName, UserPoint
from pyvtrace.target import Target
from pyvtrace.value import Value


def without_types(target: Target, description: ProbeDescription) -> str:
    """Why a provider whose probes are known by the kernel's types has none; empty where it knows these."""
    if not description.provider or not (why := no_types(target)):
        return ""
    return f"it needs the kernel's types, and {why}"


def no_types(target: Target) -> str:
    """Why nothing is known of the kernel's types; empty where it is."""
    if target.feature("BTF"):
        return ""
    return f"there is no BTF ({target.lacking('BTF')}): CONFIG_DEBUG_INFO_BTF=y makes it"


def _nothing_to_say(target: Target, description: ProbeDescription) -> str:
    return ""


def _none_refused(target: Target, description: ProbeDescription, found: Sequence[Probe]) -> Refusal | None:
    return None


class Provider(Value):
    """A provider asks the `Target` it is given and nothing else.

    `probes` yields the probes that a description's module, function and name fit, in id order; it is asked only for
    descriptions whose provider fits, and reads nothing about what an exact name cannot mean. `arguments` are those of
    `args[]`, read when asked for. `hint` says why a description finds nothing here, if that is not its spelling.

    `aliases` are further names that descriptions may call it by: the probes keep the first. `reserved` are probe names
    that mean this provider's probe where no provider is written. `named` finds a name by id without a search.

    Some providers have probes only where one asks for them by name. Then `serves` says whether a name that no provider
    has, such as pid1234, is one of theirs. `points` are the places of a probe, for ways to attach that put one program
    in many. `refusal` says why a description cannot be enabled, because it fits nothing or the kernel forbids it.
    """

    name: str
    ids: range
    probes: Callable[[Target, ProbeDescription], Iterable[Probe]]
    arguments: Callable[[Target, Probe], tuple[Argument, ...]]
    attach: Callable[[Target, Probe], AttachSpec]
    hint: Callable[[Target, ProbeDescription], str] = _nothing_to_say
    named: Callable[[Target, int], ProbeName | None] | None = None
    aliases: tuple[str, ...] = ()
    reserved: tuple[str, ...] = ()
    serves: Callable[[str], bool] | None = None
    points: Callable[[Target, Probe], Iterable[UserPoint | KernelPoint]] | None = None
    refusal: Callable[[Target, ProbeDescription, Sequence[Probe]], Refusal | None] = _none_refused


# Every id fits the u32 of a record, and all but those of calls that nobody made yet fit the six columns of DTrace's
# output. The kernel numbers events with 16 bits, hence the widths of the two tracepoint ranges. No architecture has
# calls whose numbers would lead beyond the syscall range; one that somebody makes nonetheless is called by its number,
# unless the same program has probes in functions.
DTRACE_IDS = range(1, 10)
TIMER_IDS = range(10, 10_000)
TRACEPOINT_IDS = range(10_000, 80_000)
RAW_IDS = range(80_000, 190_000)
STABLE_IDS = range(190_000, 200_000)
SYSCALL_IDS = range(200_000, 400_000)
PID_IDS = range(400_000, 560_000)
UPROBE_IDS = range(560_000, 660_000)
USDT_IDS = range(660_000, 700_000)
FBT_IDS = range(700_000, 1_000_000)

# Of the stable ones.
IO_IDS = STABLE_IDS[:100]
SCHED_IDS = STABLE_IDS[1000:1100]
PROC_IDS = STABLE_IDS[1100:1200]
LOCKSTAT_IDS = STABLE_IDS[1200:1300]
CPC_IDS = STABLE_IDS[2000:4000]
VMINFO_IDS = STABLE_IDS[4900:5000]
SYSINFO_IDS = STABLE_IDS[5000:5100]
IP_IDS = STABLE_IDS[5200:5300]
TCP_IDS = STABLE_IDS[5300:5400]
UDP_IDS = STABLE_IDS[5400:5500]

# Providers whose modules are imported when they are needed.
TABLES = {
    "io": ("io", IO_IDS),
    "sched": ("sched", SCHED_IDS),
    "proc": ("proc", PROC_IDS),
    "lockstat": ("lockstat", LOCKSTAT_IDS),
    "cpc": ("cpc", CPC_IDS),
    "vminfo": ("vminfo", VMINFO_IDS),
    "sysinfo": ("sysinfo", SYSINFO_IDS),
    "ip": ("network", IP_IDS),
    "tcp": ("network", TCP_IDS),
    "udp": ("network", UDP_IDS),
}


def deferred(name: str, module: str, ids: range) -> Provider:
    """A provider whose module is imported when something is asked of it: a start that does not, does not pay for it.
    The module calls it by its name in upper case."""

    def own() -> Provider:
        from importlib import import_module

        provider: Provider = getattr(import_module(f"pyvtrace.providers.{module}"), name.upper())
        return provider

    def named(target: Target, identifier: int) -> ProbeName | None:
        find = own().named
        return find(target, identifier) if find else None

    return Provider(
        name,
        ids,
        probes=lambda target, description: own().probes(target, description),
        arguments=lambda target, probe: own().arguments(target, probe),
        attach=lambda target, probe: own().attach(target, probe),
        hint=lambda target, description: own().hint(target, description),
        named=named,
        refusal=lambda target, description, found: own().refusal(target, description, found),
    )
