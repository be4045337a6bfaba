"""What sessions of Python programs cost: `python -m scripts.lib.bench.session`.

Prints one JSON line:

* `snapshot_cpu_ms`: CPU time of a snapshot of 10,000 keys with a histogram each, all of which changed
* `session_percent`: part of a processor that a session takes that reads 1,000 such keys ten times a second
* `recording_percent`: the same while it is recorded
* `import_ms`: CPU time of `import pyvtrace` in a new interpreter, the interpreter's own start left out
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable

from pyvtrace import Session
from pyvtrace.cli.showing import collect_rarely
from scripts.lib.bench.view import cpu_of, put_keys, put_words

PROGRAM = "syscall::getppid:entry /pid == 0/ { @[pid, execname, probefunc] = exphist(timestamp, 2); }"
MANY, FEW = 10_000, 1_000
READINGS = 9
HZ, SECONDS = 10, 3
OPTIONS = {"aggsize": "24m"}
IMPORT = "import time; start = time.process_time(); import pyvtrace; print((time.process_time() - start) * 1000)"


def main() -> None:
    collect_rarely()
    imports = [float(subprocess.check_output([sys.executable, "-c", IMPORT])) for _ in range(READINGS)]
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            "snapshot_cpu_ms": 1000 * snapshot_seconds(),
            "session_percent": 100 * share(None),
            "recording_percent": 100 * share(os.path.join(folder, "recording")),
            "import_ms": statistics.median(imports),
        }
    print(json.dumps(figures))


def filled(session: Session, count: int) -> Callable[[], None]:
    """Gives the session's aggregation so many keys; the function changes the words of all of them."""
    (aggregation,) = session.spec.aggregations
    keys: list[tuple[int | str, ...]] = [
        (pid, f"process{pid}", next(iter(session.spec.probes))) for pid in range(count)
    ]
    put_keys(session._live, aggregation, keys)
    chooser = random.Random(1)

    def change() -> None:
        for cpu in range(aggregation.storage.cpus):
            put_words(session._live, aggregation, cpu, chooser, count)

    change()
    return change


def snapshot_seconds() -> float:
    """CPU time of one snapshot, the median of several."""
    with Session(PROGRAM, options=OPTIONS) as session:
        change = filled(session, MANY)
        times = []
        for _ in range(READINGS):
            change()
            times.append(cpu_of(lambda: session.snapshot()))
        assert len(session.snapshot()[""]) == MANY
        return statistics.median(times)


def share(record: str | None) -> float:
    """CPU time a second of a session that is read ten times a second."""
    with Session(PROGRAM, options=OPTIONS, record=record) as session:
        change = filled(session, FEW)
        spent = 0.0
        pace = iter(session.every(1 / HZ))
        for _ in range(HZ * SECONDS):
            change()
            spent += cpu_of(lambda: next(pace))
        return spent / SECONDS


if __name__ == "__main__":
    main()
