"""Constants that D programs use without including anything: address families, signals, error numbers.

They are macros to the kernel, so its type information does not have them. A program may give their names to things of
its own.
"""

from __future__ import annotations

_FAMILIES = {
    "AF_UNSPEC": 0,
    "AF_UNIX": 1,
    "AF_LOCAL": 1,
    "AF_INET": 2,
    "AF_INET6": 10,
    "AF_NETLINK": 16,
    "AF_PACKET": 17,
}


def value(name: str) -> int | None:
    """The value of a constant; None if there is none of that name."""
    if name in _FAMILIES:
        return _FAMILIES[name]
    if name.startswith("SIG"):
        import signal

        return next((number for number in signal.Signals if number.name == name), None)
    if name.startswith("E"):
        import errno

        number = getattr(errno, name, None)
        return number if isinstance(number, int) else None
    return None
