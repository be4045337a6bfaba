"""Nothing is lost silently: what is kept and what is reported as lost add up to what there was."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tests.truth.live import Trace

CALLS = 100_000  # on each CPU
TRIES = 20


def test_records_and_drops_add_up_on_every_cpu(workload: Any) -> None:
    """A ring of one page that nobody empties until the flood is over."""
    work = workload("flood", CALLS)
    program = "syscall::getppid:entry /ppid == $1/ { trace(pid); }"
    with Trace(program, work.pid, bufsize="4096") as trace:
        truth = work.release()
    written = Counter(record.cpu for record in trace.records)
    assert not any(record.failed for record in trace.records)
    assert sum(written.values()) < 200
    for cpu, calls in truth["cpus"].items():
        assert written[int(cpu)] + trace.lost["principal"][int(cpu)] == calls


def test_records_and_drops_add_up_while_someone_reads(workload: Any) -> None:
    """The same with a reader that takes what there is again and again, so that the ring is full and emptied in turn. A
    busy machine may not let it in while a flood lasts, so there are floods until it does."""
    for _ in range(TRIES):
        work = workload("flood", CALLS)
        with Trace("syscall::getppid:entry /ppid == $1/ { trace(pid); }", work.pid, bufsize="64k") as trace:
            work.open()
            truth = read_until_done(trace, work)
        written = Counter(record.cpu for record in trace.records)
        assert trace.dropped("principal") > 0
        for cpu, calls in truth["cpus"].items():
            assert written[int(cpu)] + trace.lost["principal"][int(cpu)] == calls
        if sum(written.values()) > (64 << 10) // 32:
            return
    raise AssertionError("never more than the ring holds at once")


def read_until_done(trace: Trace, work: Any) -> Any:
    import threading

    done: list[Any] = []
    waiter = threading.Thread(target=lambda: done.append(work.truth()))
    waiter.start()
    while waiter.is_alive():
        trace.read()
    return done[0]


def test_the_command_prints_what_it_got_and_says_what_it_lost(workload: Any, tracer: Any) -> None:
    work = workload("flood", CALLS)
    program = 'BEGIN { printf("listening\\n"); } syscall::getppid:entry /ppid == $1/ { printf("%d %d\\n", cpu, pid); }'
    running = tracer("-q", "-xbufsize=4k", "-n", program, str(work.pid))
    running.wait_for("listening")
    truth = work.release()
    ended = running.stop()
    printed = Counter(line.split()[0] for line in ended.stdout.splitlines()[1:] if line)
    # Each line tells of the drops since the one before.
    dropped = Counter[str]()
    for count, cpu in re.findall(r"(\d+) drops? on CPU (\d+)", ended.stderr):
        dropped[cpu] += int(count)
    assert dropped.total() > 0
    for cpu, calls in truth["cpus"].items():
        assert printed[cpu] + dropped[cpu] == calls


COUNT = "syscall::close:entry /pid == $1 && arg0 >= $2/ { @[arg0] = count(); }"


def test_a_full_aggregation_keeps_its_oldest_keys_and_counts_the_rest(workload: Any) -> None:
    work = workload("numbered_calls", 1000, 3)
    with Trace(COUNT, work.pid, work.facts["first"], aggsize="4k") as trace:
        truth = work.release()
    kept = trace.values()
    assert 16 <= len(kept) < 1000
    assert kept == {(truth["first"] + number,): 3 for number in range(len(kept))}
    assert sum(kept.values()) + trace.dropped("aggregation") == 3 * 1000


def test_an_aggregation_with_room_loses_nothing(workload: Any) -> None:
    work = workload("numbered_calls", 1000, 3)
    with Trace(COUNT, work.pid, work.facts["first"]) as trace:
        truth = work.release()
    assert trace.values() == {(truth["first"] + number,): 3 for number in range(1000)}
    assert not any(map(sum, trace.lost.values()))


REMEMBER = """
int seen[int64_t];

syscall::close:entry
/pid == $1 && arg0 >= $2/
{
	seen[arg0] = seen[arg0] + 1;
	@assigned = count();
}

syscall::close:entry
/pid == $1 && arg0 >= $2 && seen[arg0]/
{
	@kept[arg0] = max(seen[arg0]);
}
"""


def test_variables_that_find_no_room_are_counted(workload: Any) -> None:
    work = workload("numbered_calls", 1000, 3)
    with Trace(REMEMBER, work.pid, work.facts["first"], dynvarsize="1k") as trace:
        truth = work.release()
    kept = trace.values("kept")
    assert 16 <= len(kept) < 1000
    assert kept == {(truth["first"] + number,): 3 for number in range(len(kept))}
    assert trace.values("assigned")[()] == 3 * 1000 == 3 * len(kept) + trace.dropped("dynamic")


def test_a_string_that_is_too_long_is_counted_and_cut(workload: Any) -> None:
    work = workload("failing_calls", 100)
    program = "syscall::openat:entry /pid == $1/ { @[copyinstr(arg1)] = count(); }"
    with Trace(program, work.pid, strsize="8") as trace:
        work.release()
    assert trace.values()[work.facts["path"][:7],] == 100
    assert trace.dropped("truncated") >= 100
