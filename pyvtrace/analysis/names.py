"""Parts of keys as people read them: the spelling of each kind of key that a script's header can declare."""

from __future__ import annotations

import errno
import signal as signals
import time as clocks
from collections.abc import Callable, Mapping

from pyvtrace.analysis.units import duration as spelled_duration
from pyvtrace.analysis.units import size as bytes_
from pyvtrace.runtime.snapshot import Key

# kind -> number -> name, for what only the machine that was traced can name: devices, control groups, locks.
Names = Mapping[str, Mapping[int, str]]
Part = int | str

_MINOR_BITS = 20  # of the kernel's own dev_t, which tracepoints show


def text(value: Part, names: Mapping[int, str]) -> str:
    """A name as the process chose it, with what could confuse a terminal replaced."""
    shown = str(value)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else "?" for c in shown)


def number(value: Part, names: Mapping[int, str]) -> str:
    return names.get(int(value)) or str(value)


def device(value: Part, names: Mapping[int, str]) -> str:
    dev = int(value)
    return names.get(dev) or f"{dev >> _MINOR_BITS}:{dev & ((1 << _MINOR_BITS) - 1)}"


# The letter after F (flush first) of the kernel's rwbs, linux/blktrace_api.h and blk_fill_rwbs().
_OPERATIONS = {"R": "read", "W": "write", "D": "discard", "Z": "zone"}


def operation(value: Part, names: Mapping[int, str]) -> str:
    """read, write, sync (a write somebody waits for), flush, discard, zone, other (the kernel's N: write
    zeroes and whatever has no letter of its own)."""
    flags = str(value)
    if flags.startswith("F"):
        flags = flags[1:]
        if flags[:1] in ("", "F"):
            return "flush"
    name = _OPERATIONS.get(flags[:1], "other")
    return "sync" if name == "write" and "S" in flags else name


def size(value: Part, names: Mapping[int, str]) -> str:
    """A class of sizes by its upper bound: 0 for requests without data, negative for the one without bound."""
    bound = int(value)
    return f"<={bytes_(bound)}" if bound > 0 else "-" if bound == 0 else "larger"


def address(value: Part, names: Mapping[int, str]) -> str:
    return names.get(int(value)) or f"0x{int(value) & (1 << 64) - 1:x}"


def error(value: Part, names: Mapping[int, str]) -> str:
    return errno.errorcode.get(int(value), str(value)) if value else "ok"


def duration(value: Part, names: Mapping[int, str]) -> str:
    return spelled_duration(int(value))


def size_of(value: Part, names: Mapping[int, str]) -> str:
    """A number of bytes."""
    return bytes_(int(value))


def signal(value: Part, names: Mapping[int, str]) -> str:
    """SIGTERM; a number where it has no name."""
    number = int(value)
    return signals.Signals(number).name if number in _SIGNALS else str(number)


_SIGNALS = frozenset(map(int, signals.Signals))


def time(value: Part, names: Mapping[int, str]) -> str:
    """Nanoseconds since 1970 as a time of the day, here."""
    seconds, rest = divmod(int(value), 10**9)
    return f"{clocks.strftime('%H:%M:%S', clocks.localtime(seconds))}.{rest // 10**6:03}"


Speller = Callable[[Part, Mapping[int, str]], str]
SPELLERS: dict[str, Speller] = {
    "time": time,
    "duration": duration,
    "bytes": size_of,
    "signal": signal,
    "number": number,
    "text": text,
    "device": device,
    "operation": operation,
    "size": size,
    "address": address,
    "errno": error,
    "cgroup": number,
}
# Kinds that are numbers: flushed right, and numbers in JSON. Durations are in ns.
NUMERIC = frozenset(("number", "duration", "bytes"))


class Spelling:
    """Spells tuples of the given kinds; every part is spelled once and remembered."""

    def __init__(self, kinds: tuple[str, ...], names: Names) -> None:
        self._parts = [(SPELLERS[kind], names.get(kind, {}), dict[Part, str]()) for kind in kinds]

    def __call__(self, key: Key) -> tuple[str, ...]:
        shown = []
        for part, (spell, names, known) in zip(key, self._parts, strict=True):
            if part not in known:
                known[part] = spell(part, names)
            shown.append(known[part])
        return tuple(shown)
