"""One refresh of a live view with ten thousand keys, all of which changed: `python -m scripts.lib.bench.view`.

The session is a real one, its maps are in the kernel; keys and words are put there as its programs put them, on every
CPU. A refresh is the reading, the grouping into rows and the drawing of a large terminal. Two shapes of ten thousand
keys are tried: as many processes with one call each, and a hundred processes with a hundred calls each.

Prints one JSON line: `cpu_ms` of a refresh (the median of several, of the dearer shape), and `more_mib`, the memory
that it takes at its peak over what the same view takes without a key.
"""

from __future__ import annotations

import json
import random
import statistics
import struct
import time
from collections.abc import Callable, Iterator

from pyvtrace.analysis.compose import compose
from pyvtrace.builtins.distributions import EXPHIST_COUNT, EXPHIST_FIRST, EXPHIST_MAX, EXPHIST_SUM, exphist_bounds
from pyvtrace.cli.showing import collect_rarely
from pyvtrace.cli.tracing import KEYS, OPTIONS
from pyvtrace.cli.views import load
from pyvtrace.kernel import bpf
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.render.theme import Theme
from pyvtrace.render.view import View
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.source import Source
from pyvtrace.spec import AggregationSpec, FieldSpec

COUNT = 10_000
SHAPES = ((COUNT, 1), (100, 100))  # processes, calls of each
REFRESHES = 9
WIDTH, HEIGHT = 200, 50
SPREAD = 24  # buckets that a key uses: six octaves
FIRST_PID = 1000


def main() -> None:
    collect_rarely()
    figures = [measure(*shape) for shape in SHAPES]
    print(json.dumps({name: max(figure[name] for figure in figures) for name in figures[0]}))


def measure(processes: int, calls: int) -> dict[str, float]:
    script = load("syscalls")
    target = LiveTarget()
    text = compose(script, options=OPTIONS)
    spec = compile_text(Source("view", text), target, {})
    (aggregation,) = spec.aggregations
    if aggregation.storage.capacity < COUNT:
        raise SystemExit(f"a view has room for {aggregation.storage.capacity} keys here, not for {KEYS}")
    view, theme = View(script, script.row, {}), Theme()
    chooser = random.Random(1)
    with Session(spec, target) as session:
        view.start(session.snapshot())

        def refresh() -> None:
            view.take(session.watch())
            "\n".join(theme.text(line) for line in view.lines(WIDTH, HEIGHT, theme.glyphs)).encode()

        for _ in range(REFRESHES):
            refresh()
        bare = memory("VmRSS")
        names = list(spec.probes)[:calls]
        keys: list[tuple[int | str, ...]] = [
            (FIRST_PID + pid, f"process{pid}", name) for pid in range(processes) for name in names
        ]
        put_keys(session, aggregation, keys)
        times = []
        for _ in range(REFRESHES):
            for cpu in range(aggregation.storage.cpus):
                put_words(session, aggregation, cpu, chooser)
            reset_peak()
            times.append(cpu_of(refresh))
        return {"cpu_ms": statistics.median(times) * 1000, "more_mib": (memory("VmHWM") - bare) / 1024}


def cpu_of(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


# ----------------------------------------------------------------------------------------------- what programs would do


def put_keys(session: Session, aggregation: AggregationSpec, keys: list[tuple[int | str, ...]]) -> None:
    """Give each key the next slot."""
    storage = aggregation.storage
    for slot, parts in enumerate(keys):
        raw = bytearray(storage.key_size)
        for field, part in zip(aggregation.keys, parts, strict=True):
            raw[field.offset : field.offset + field.size] = part_bytes(field, part)
        bpf.map_update(session.maps[storage.index], bytes(raw), slot.to_bytes(4, "little"))
    state = next(m for m in session.spec.maps if m.name == session.spec.state)
    with bpf.map_mmap(session.maps[session.spec.state], state.value_size, writable=True) as words:
        words[storage.allocated : storage.allocated + 8] = len(keys).to_bytes(8, "little")


def part_bytes(field: FieldSpec, part: int | str) -> bytes:
    data = part.encode() if isinstance(part, str) else part.to_bytes(field.size, "little")
    return data[: field.size].ljust(field.size, b"\0")


def put_words(
    session: Session, aggregation: AggregationSpec, cpu: int, chooser: random.Random, count: int = COUNT
) -> None:
    storage = aggregation.storage
    for slot in range(count):
        words = struct.pack(f"<{aggregation.words}Q", *some_words(aggregation, chooser))
        element = (cpu * storage.capacity + slot).to_bytes(4, "little")
        bpf.map_update(session.maps[storage.values], element, words)


def some_words(aggregation: AggregationSpec, chooser: random.Random) -> Iterator[int]:
    """A histogram around some time between a microsecond and a millisecond."""
    scale = aggregation.params[0]
    first = chooser.randrange(10 << scale, 14 << scale)
    counts = [chooser.randrange(1, 3000) for _ in range(SPREAD)]
    bounds = exphist_bounds(scale)[first + 1 : first + 1 + SPREAD]
    words = [0] * aggregation.words
    words[EXPHIST_COUNT] = sum(counts)
    words[EXPHIST_SUM] = sum(count * bound for count, bound in zip(counts, bounds, strict=True))
    words[EXPHIST_MAX] = bounds[-1]
    words[EXPHIST_FIRST + 1 + first : EXPHIST_FIRST + 1 + first + SPREAD] = counts
    return iter(words)


# ---------------------------------------------------------------------------------------------------------- its memory


def memory(what: str) -> int:
    """A figure of /proc/self/status, in KiB."""
    with open("/proc/self/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what + ":"))


def reset_peak() -> None:
    """Let the peak of memory be what is in use now (proc(5), clear_refs)."""
    with open("/proc/self/clear_refs", "w", encoding="utf-8") as file:
        file.write("5")


if __name__ == "__main__":
    main()
