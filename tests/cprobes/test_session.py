"""C programs from Python, against workloads whose truth is known."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyvtrace import Histogram, LossWarning, ProgramError, Session, Sum, TracingError
from tests.conftest import Workload
from tests.cprobes.programs import CALLS
from tests.truth.live import Missed, again_if_missed

Start = Callable[..., Workload]
# What follows counts each getppid() of one process, in one way or another.
HEAD = """
struct value { u64 calls; s64 less; char comm[16]; };
struct pair { u16 low; u64 high; };
BPF_HASH(plain, u32);
BPF_HASH(change, u32, s64);
BPF_HASH(both, u32, struct value);
BPF_HASH(pairs, struct pair, u32);
BPF_ARRAY(slots, u64, 8);
BPF_ARRAY(one, u64, 1);
BPF_PERCPU_ARRAY(each, u64, 1);
BPF_TABLE("percpu_hash", u32, u64, spread, 16);
BPF_TABLE("lru_hash", u32, u64, recent, 16);
BPF_STACK_TRACE(stacks, 64);

RAW_TRACEPOINT_PROBE(sys_enter)
{
    u32 pid = bpf_get_current_pid_tgid() >> 32, seven = 7, zero = 0;
    if (ctx->args[1] != 110 || pid != VTRACE_PID)
        return 0;
"""
TAIL = "\nreturn 0; }\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield tmp_path / "cache"


@again_if_missed
def test_calls_are_counted_exactly(workload: Start) -> None:
    one, other = workload("getppid_loop", 1234), workload("getppid_loop", 77)
    with Session.from_c(CALLS, pid=(one.pid, other.pid)) as session:
        one.release()
        other.release()
        assert session.wait(60)
        snapshot = session.snapshot()
    if snapshot.lost.get("missed"):
        raise Missed
    assert list(snapshot) == ["counts"], "a table that the program deletes from is its own business"
    counts = snapshot["counts"]
    name = "getppid_loop"[:15]
    assert (counts[one.pid, name], counts[other.pid, name]) == (1234, 77)
    assert counts.function == "count"


def run(workload: Start, body: str, calls: int = 10) -> tuple[int, dict[str, dict[object, object]]]:
    """The process, and every table, after so many calls."""
    work = workload("getppid_loop", calls)
    with Session.from_c(HEAD + body + TAIL, pid=work.pid, define={"VTRACE_PID": work.pid}) as session:
        work.release()
        assert session.wait(60)
        return work.pid, {name: dict(held) for name, held in session.snapshot().items()}  # type: ignore[arg-type]


def test_every_kind_of_table_reads_as_what_it_holds(workload: Start) -> None:
    pid, seen = run(
        workload,
        """
        plain.increment(pid);
        s64 none = 0, *down = change.lookup_or_try_init(&pid, &none);
        if (down) *down -= 3;
        struct value empty = {}, *value;
        bpf_get_current_comm(&empty.comm, sizeof(empty.comm));
        value = both.lookup_or_try_init(&pid, &empty);
        if (value) { value->calls++; value->less -= 2; }
        struct pair pair = {};
        pair.low = 9; pair.high = 1ULL << 40;
        pairs.increment(pair);
        slots.increment(seven);
        one.increment(zero);
        each.increment(zero);
        // bcc's increment() puts new keys into plain hashes only.
        u64 nothing = 0, *count = spread.lookup_or_try_init(&pid, &nothing);
        if (count) ++*count;
        count = recent.lookup_or_try_init(&pid, &nothing);
        if (count) ++*count;
        """,
    )
    comm = "getppid_loop"
    assert seen == {
        "plain": {(pid,): 10},
        "change": {(pid,): -30},
        "both.calls": {(pid, comm): 10},
        "both.less": {(pid, comm): -20},
        "pairs": {(9, 1 << 40): 10},
        "slots": {(7,): 10},
        "one": {(): 10},
        "each": {(): 10},
        "spread": {(pid,): 10},
        "recent": {(pid,): 10},
    }


def test_signed_numbers_are_sums(workload: Start) -> None:
    work = workload("getppid_loop", 1)
    with Session.from_c(
        HEAD + "s64 x = -5; change.update(&pid, &x);" + TAIL, define={"VTRACE_PID": work.pid}
    ) as session:
        work.release()
        assert session.snapshot()["change"][work.pid] == Sum(-5)
        assert session.snapshot()["change"].function == "sum"


LOGARITHMS = """
struct key { u32 pid; u64 slot; };
BPF_HISTOGRAM(direct);
BPF_HISTOGRAM(keyed, struct key);
BPF_HISTOGRAM(linear, int, 10);
BPF_ARRAY(next, u64, 1);

RAW_TRACEPOINT_PROBE(sys_enter)
{
    int zero = 0;
    if (ctx->args[1] != 110 || bpf_get_current_pid_tgid() >> 32 != VTRACE_PID)
        return 0;
    u64 *value = next.lookup(&zero);
    if (!value)
        return 0;
    *value += 1;
    direct.increment(bpf_log2l(*value));
    struct key key = {};
    key.pid = VTRACE_PID;
    key.slot = bpf_log2l(*value);
    keyed.increment(key);
    linear.increment(*value / 10);
    return 0;
}
"""


def test_histograms_are_quantize_and_lquantize(workload: Start) -> None:
    """The values are 1, 2, ... 100."""
    work = workload("getppid_loop", 100)
    with Session.from_c(
        LOGARITHMS, pid=work.pid, define={"VTRACE_PID": work.pid}, tables=("direct", "keyed", "linear")
    ) as s:
        work.release()
        assert s.wait(60)
        direct, keyed, linear = (s.snapshot()[name] for name in ("direct", "keyed", "linear"))
    wanted = {2**k - 1: min(2**k, 101) - 2 ** (k - 1) for k in range(1, 8)}
    for histogram in (direct.value, keyed[work.pid]):
        assert isinstance(histogram, Histogram)
        assert {bucket.upper: bucket.count for bucket in histogram.buckets() if bucket.count} == wanted
    assert linear.function == "lquantize"
    assert isinstance(linear.value, Histogram)
    # 100 / 10 is past the last of ten slots, and bcc's array has no room for it.
    assert [b.count for b in linear.value.buckets() if b.count] == [9, *[10] * 9]


EVENTS = """
struct event {{ u32 pid; s16 less; char comm[16]; u8 bytes[4]; u64 count; }};
{declaration}
BPF_ARRAY(counted, u64, 1);

RAW_TRACEPOINT_PROBE(sys_enter)
{{
    int zero = 0;
    struct event event = {{}};
    u64 *count = counted.lookup(&zero);
    if (ctx->args[1] != 110 || bpf_get_current_pid_tgid() >> 32 != VTRACE_PID || !count)
        return 0;
    event.pid = bpf_get_current_pid_tgid() >> 32;
    event.less = -7;
    event.bytes[0] = 0xab;
    event.count = ++*count;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    {submit};
    return 0;
}}
"""


@pytest.mark.parametrize(
    ("declaration", "submit"),
    [
        ("BPF_PERF_OUTPUT(events);", "events.perf_submit(ctx, &event, sizeof(event))"),
        ("BPF_RINGBUF_OUTPUT(events, 64);", "events.ringbuf_output(&event, sizeof(event), 0)"),
    ],
    ids=["perf", "ring"],
)
def test_events_come_one_by_one(workload: Start, declaration: str, submit: str) -> None:
    work = workload("getppid_loop", 300)
    text = EVENTS.format(declaration=declaration, submit=submit)
    with Session.from_c(text, pid=work.pid, define={"VTRACE_PID": work.pid}) as session:
        work.release()
        seen = [event.values for event in session.events()]
        assert session.complaints == ()
    assert sorted(seen) == [(work.pid, -7, "getppid_loop", "ab000000", n) for n in range(1, 301)]


def test_events_without_room_are_counted(workload: Start) -> None:
    """Nobody reads while 20,000 events are written: what is there and what is lost is all of them."""
    work = workload("getppid_loop", 20_000)
    text = EVENTS.format(
        declaration="BPF_PERF_OUTPUT(events);", submit="events.perf_submit(ctx, &event, sizeof(event))"
    )
    with Session.from_c(text, pid=work.pid, define={"VTRACE_PID": work.pid}) as session:
        work.release()
        session.stop()
        taken, lost = len(session.take()), session.snapshot().lost["principal"]
        assert lost > 0
        assert taken + lost == 20_000
        assert session.complaints == (f"{lost} events dropped: there was no room in the output buffer",)


def test_a_full_table_is_a_complaint(workload: Start) -> None:
    work = workload("getppid_loop", 10)
    text = """
    BPF_HASH(calls, u64, u64, 4);
    RAW_TRACEPOINT_PROBE(sys_enter) {
        u64 now = bpf_ktime_get_ns();
        if (ctx->args[1] == 110 && bpf_get_current_pid_tgid() >> 32 == VTRACE_PID) calls.increment(now);
        return 0;
    }
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", LossWarning)
        with Session.from_c(text, define={"VTRACE_PID": work.pid}) as session:
            work.release()
            assert sum(session.snapshot()["calls"].values()) == 4  # type: ignore[arg-type]
    assert [str(warning.message) for warning in said] == [
        "table calls is full: of keys that came when it was, nothing is known"
    ]


def test_what_clang_refuses_has_its_places() -> None:
    text = "TRACEPOINT_PROBE(sched, sched_switch) {\n    int x = 1\n    int y = x\n    return y;\n}\n"
    with pytest.raises(ProgramError) as refused, Session.from_c(text):
        pass
    assert [d.tag for d in refused.value.diagnostics] == ["C_COMPILE"] * 2
    lines = [text.count("\n", 0, d.span.start) + 1 for d in refused.value.diagnostics]
    assert lines == [2, 3]
    assert "program.c:2:14: error: expected ';'" in str(refused.value)
    assert "    int y = x\n             ^\n" in str(refused.value)


def test_functions_that_are_declared_nowhere_are_refused() -> None:
    with pytest.raises(ProgramError, match=r"program\.c:2:8: error: implicit declaration of function 'nobody'"):
        Session.from_c("TRACEPOINT_PROBE(sched, sched_switch) {\nreturn nobody(3); }").__enter__()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("int count(struct pt_regs *ctx) { return 0; }", "nothing says where count() is to be attached"),
        ("BPF_HASH(counts);", "program.c has no function to attach"),
        ("RAW_TRACEPOINT_PROBE(no_such_thing) { return 0; }", "attach to the tracepoint 'no_such_thing'"),
        ("TRACEPOINT_PROBE(sched, no_such_thing) { return 0; }", "no_such_thing"),
        (
            'BPF_TABLE_PINNED("hash", u32, u64, kept, 10, "/sys/fs/bpf/kept");\n' + CALLS,
            "it would outlive us: declare it",
        ),
        (
            "RAW_TRACEPOINT_PROBE(sys_enter) { u64 *p = (u64 *)ctx->args[0]; char *c = 0; return *(int *)(c + 8); }",
            "the kernel's verifier refused raw_tracepoint__sys_enter()",
        ),
        (
            "RAW_TRACEPOINT_PROBE(sys_enter) { char a[700] = {}; bpf_get_current_comm(&a, 700); return a[99]; }",
            "512 bytes of stack",
        ),
    ],
    ids=["no-place", "no-function", "no-raw-tracepoint", "no-tracepoint", "pinned", "verifier", "stack"],
)  # fmt: skip
def test_what_cannot_run_is_one_message(text: str, message: str) -> None:
    with (
        pytest.raises((TracingError, ProgramError), match=message.replace("(", r"\(").replace(")", r"\)")),
        Session.from_c(text),
    ):
        pass


def test_a_kind_that_cannot_be_shown_is_said(workload: Start) -> None:
    work = workload("getppid_loop", 1)
    with Session.from_c(HEAD + "plain.increment(pid);" + TAIL, define={"VTRACE_PID": work.pid}) as session:
        work.release()
        assert session.complaints == ("table stacks is not shown: it keeps stacks by number",)
