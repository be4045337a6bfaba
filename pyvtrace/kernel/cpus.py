"""Which CPUs there are."""

from __future__ import annotations

_DIRECTORY = "/sys/devices/system/cpu"


def possible() -> list[int]:
    """CPUs the kernel makes room for, online or not: per-CPU maps have a value for each up to the last."""
    return _cpus("possible")


def online() -> list[int]:
    """CPUs that run: the only ones a perf event can be opened on."""
    return _cpus("online")


def _cpus(state: str) -> list[int]:
    with open(f"{_DIRECTORY}/{state}", encoding="ascii") as file:
        return parse(file.read())


def parse(text: str) -> list[int]:
    """The kernel's list format: "0-3,8,10-11"."""
    numbers: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers
