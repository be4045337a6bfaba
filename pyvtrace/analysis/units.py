"""Numbers as people read them: durations, rates and sizes in at most six characters; and durations as they are written.

`python -m pyvtrace.analysis.units` shows a ladder of each.
"""

from __future__ import annotations

import re

NS, US, MS, S = 1, 1_000, 1_000_000, 1_000_000_000
MINUTE, HOUR, DAY = 60 * S, 3600 * S, 86400 * S
WIDTH = 6

_STEPS = ((US, NS, "ns"), (MS, US, "us"), (S, MS, "ms"), (100 * S, S, "s"))
_CLOCKS = ((HOUR, MINUTE, "m", S, "s"), (100 * HOUR, HOUR, "h", MINUTE, "m"), (100 * DAY, DAY, "d", HOUR, "h"))
_UNITS = {"ns": NS, "us": US, "ms": MS, "s": S, "m": MINUTE, "min": MINUTE, "h": HOUR, "hour": HOUR, "d": DAY}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)")


def three_digits(n: int, unit: int) -> str:
    """n / unit, below 1000, with three significant digits and rounded down so that no unit is overstepped: 1.23, 45.6,
    789."""
    if n < 10 * unit:
        return f"{n // unit}.{n * 100 // unit % 100:02}"
    return f"{n // unit}.{n * 10 // unit % 10}" if n < 100 * unit else str(n // unit)


def duration(ns: int) -> str:
    """Nanoseconds in their largest fitting unit: 999ns, 1.23us, 45.6ms, 12.3s, 2m05s, 3h07m, 4d11h, 123d, 45y."""
    if ns < 0:
        return "-" + duration(-ns)
    if ns < US:
        return f"{ns}ns"
    for limit, unit, name in _STEPS:
        if ns < limit:
            return three_digits(ns, unit) + name
    for limit, major, name, minor, small in _CLOCKS:
        if ns < limit:
            return f"{ns // major}{name}{ns % major // minor:02}{small}"
    days = ns // DAY
    return f"{days}d" if days < 10_000 else f"{min(days // 365, 99_999)}y"


def rounded(ns: int) -> str:
    """A power of ten of nanoseconds: 1us, 100ms, 10s."""
    for unit, name in ((S, "s"), (MS, "ms"), (US, "us")):
        if ns >= unit:
            return f"{ns // unit}{name}"
    return f"{ns}ns"


def count(n: int) -> str:
    """A count: 0, 42, 9999, 12.3k, 4.56M, 7.89G."""
    if n < 10_000:
        return str(n)
    for limit, unit, name in ((10**6, 10**3, "k"), (10**9, 10**6, "M"), (10**12, 10**9, "G")):
        if n < limit:
            return three_digits(n, unit) + name
    return three_digits(min(n, 999 * 10**12), 10**12) + "T"


def rate(per_second: float) -> str:
    """Events a second: small ones with a decimal, for 0.3/s is not 0."""
    if per_second <= 0:
        return "0"
    if per_second < 9.95:
        return f"{max(per_second, 0.1):.1f}"
    return count(round(per_second))


def size(bytes_: int) -> str:
    """A size in bytes: 512, 4K, 1.5M, 3G."""
    for unit, name in ((1 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")):
        if bytes_ >= unit:
            return f"{bytes_ / unit:.1f}".removesuffix(".0") + name
    return str(bytes_)


class BadDuration(ValueError):
    """A text that is no duration; says what one looks like."""


def parse_duration(text: str, default: str = "") -> int:
    """Nanoseconds of "10ms", "1.5s", "250us"; `default` is the unit of a bare number, "" where one is refused.

    Raises:
        BadDuration: `text` is no duration.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    unit = (match.group(2) or default) if match else ""
    if match is None or unit not in _UNITS:
        raise BadDuration(f"{text!r} is no duration: write a number and ns, us, ms, s, m, h or d, as in 10ms")
    return round(float(match.group(1)) * _UNITS[unit])


if __name__ == "__main__":
    for power in range(19):
        n = 1_234_567_891_234_567_891 // 10 ** (19 - power)
        print(f"{n:>20}  {duration(n):>6}  {count(n):>6}  {rate(n / 100):>6}  {size(n):>7}")
