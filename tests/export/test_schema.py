"""docs/schema: what every `--json` writes is what its schema says."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from pyvtrace import Session
from pyvtrace.export.json_programs import aggregations
from tests.conftest import PATIENCE, RunVtrace, Tracer, Workload
from tests.export.test_recording import SPECS, snapshot
from tests.schemas import SCHEMAS, VALIDATORS, kinds

BUSY = f"{sys.executable} -S -c 'import os, time\nfor _ in range(3000): os.getppid()\ntime.sleep(0.3)'"
BURN = "n=0; while [ $n -lt 300000 ]; do n=$((n + 1)); done"


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one_and_says_what_it_is_of(name: str) -> None:
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:pyvtrace:schema:{name}"
    assert schema["title"]
    for member, about in schema.get("properties", {}).items():
        assert about.get("description"), member


def test_bounds_and_units_have_their_meaning() -> None:
    view = SCHEMAS["view"]
    assert view["properties"]["unit"]["const"] == "ns"
    assert view["$defs"]["bucket"]["required"] == ["above", "upto", "count"]
    assert SCHEMAS["stack"]["properties"]["unit"]["enum"] == ["samples", "ns"]


@pytest.mark.parametrize("view", ["syscalls", "disk", "locks"])
def test_views(vtrace: RunVtrace, view: str) -> None:
    done = vtrace(view, "--json", "--waiting", "--duration", "0.5", "-i", "0.2")
    assert done.status == 0
    assert kinds(done.stdout) <= {"view"}
    if view == "syscalls":
        assert done.stdout


def test_a_view_by_every_key(vtrace: RunVtrace) -> None:
    done = vtrace("syscalls", "--json", "--by", "pid,comm,call,tid,uid,cgroup,errno", "-c", BUSY)
    assert kinds(done.stdout) == {"view"}


@pytest.mark.parametrize("view", ["profile", "offcpu"])
def test_stacks(vtrace: RunVtrace, view: str) -> None:
    assert kinds(vtrace(view, "--json", "-c", f"sh -c '{BURN}'" if view == "profile" else BUSY).stdout) == {"stack"}


def test_deps(vtrace: RunVtrace) -> None:
    asks = "import socket; s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname())"
    done = vtrace("deps", "--json", "-c", shlex.join([sys.executable, "-S", "-c", asks]))
    assert kinds(done.stdout) == {"deps"}
    assert [one["protocol"] for one in json.loads(done.stdout)["endpoints"]].count("tcp") >= 1


def test_loop(vtrace: RunVtrace) -> None:
    loop = "import select, time; poll = select.epoll(); poll.poll(0); time.sleep(0.02); poll.poll(0)"
    done = vtrace("loop", "--json", "-c", shlex.join([sys.executable, "-S", "-c", loop]))
    assert [kinds(line) for line in done.stdout.splitlines()] == [{"turn"}, {"loop"}]


def test_bubbles(
    tracer: Callable[..., Tracer], workload: Callable[..., Workload], vtrace: RunVtrace, tmp_path: Path
) -> None:
    work, file = workload("mutex_pair", 3, 100), str(tmp_path / "file")
    trace = tracer("bubbles", "-p", str(work.pid), "--json", "--record", file)
    trace.wait_for("tracing until")
    work.release()
    lines = trace.stop().stdout
    assert kinds(lines) == {"bubble"}
    assert any(wait["lock"] and wait["blame"] for line in lines.splitlines() for wait in json.loads(line)["waits"])
    assert kinds(vtrace("replay", file, "--json").stdout) == {"bubble"}


def test_checks(vtrace: RunVtrace, tmp_path: Path) -> None:
    spec, base = tmp_path / "vtrace.toml", str(tmp_path / "base.json")
    text = (
        '[[check]]\nname = "x"\ncommand = "cat /dev/null"\nruns = 2\nwarm-up = 0\nassert = ["syscall openat <= +1 %"]\n'
    )
    spec.write_text(text)
    assert vtrace("check", "record", "--spec", str(spec), "-o", base).status == 0
    spec.write_text(text.replace("/dev/null", "/dev/null /dev/null"))
    done = vtrace("check", "--spec", str(spec), "--baseline", base, "--json", "-")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert kinds(line) == {"check"}
    (check,) = json.loads(line)["checks"]
    assert (check["outcome"], bool(check["findings"][0]["why"])) == ("regression", True)


def test_the_list(vtrace: RunVtrace) -> None:
    assert kinds(vtrace("list", "--json").stdout) == {"script"}


OUTPUT = """
struct event { u32 pid; char comm[16]; };
BPF_PERF_OUTPUT(calls);
BPF_HASH(counts, u32);
BPF_HISTOGRAM(sizes, u64);
RAW_TRACEPOINT_PROBE(sys_enter)
{
    struct event event = {};
    if (ctx->args[1] != 110)
        return 0;
    event.pid = bpf_get_current_pid_tgid() >> 32;
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    calls.perf_submit(ctx, &event, sizeof(event));
    counts.increment(event.pid);
    sizes.increment(bpf_log2l(event.pid));
    return 0;
}
"""


def test_c_programs(vtrace: RunVtrace, tmp_path: Path) -> None:
    path = tmp_path / "calls.c"
    path.write_text(OUTPUT)
    done = vtrace("run", str(path), "--json", "-c", BUSY, timeout=4 * PATIENCE)
    assert kinds(done.stdout) == {"output-event", "aggregation"}


def test_doctor(vtrace: RunVtrace) -> None:
    assert kinds(vtrace("doctor", "--json").stdout) == {"doctor"}


def test_programs(vtrace: RunVtrace, tmp_path: Path) -> None:
    file = str(tmp_path / "file")
    program = """
    BEGIN { printf("text\\n"); trace(*(int *)0); @c[1, "a"] = count(); @s[stack(2)] = stddev(5); @m = min(-3); }
    BEGIN { @q = quantize(-5); @l = lquantize(3, 0, 10); @ll = llquantize(30, 10, 0, 3, 20); @e[pid] = exphist(7, 2); }
    BEGIN { exit(0); }
    """
    vtrace("--record", file, "-qn", program)
    assert kinds(vtrace("replay", file, "--json").stdout) == {"output", "said", "aggregation"}


def test_events(vtrace: RunVtrace, workload: Callable[..., Workload], tmp_path: Path) -> None:
    one = workload("getppid_loop", 3)
    program = """
    struct two { int a; int b; };
    syscall::getppid:entry { trace(pid); trace(execname); trace(*(struct two *)alloca(8)); @ = count(); }
    """
    with Session(program, pid=one.pid, record=tmp_path / "file") as session:
        one.release()
        session.wait(60)
    text = vtrace("replay", str(tmp_path / "file"), "--json").stdout
    assert kinds(text) == {"event", "aggregation"}
    events = [json.loads(line) for line in text.splitlines() if '"event"' in line]
    assert [event["values"] for event in events] == [[one.pid, "getppid_loop", {"hex": "00" * 8}]] * 3


def test_every_aggregating_function_and_losses(tmp_path: Path) -> None:
    rows = {spec.name: {(1, "a", "\n"): (1,) * spec.words} for spec in SPECS}
    text = "".join(json.dumps(thing) + "\n" for thing in aggregations(snapshot(rows, lost={"missed": 3})))
    assert kinds(text) == {"aggregation", "lost"}
    assert {json.loads(line).get("function") for line in text.splitlines()} == {*(s.function for s in SPECS), None}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("view", {"unit": "us"}),
        ("view", {"more": 1}),
        ("view", {"buckets": [{"above": 1, "count": 1}]}),
        ("view", {"p50": None}),
        ("view", {"key": {"pid": None}}),
    ],
)
def test_what_is_no_such_line_is_refused(kind: str, change: dict[str, object]) -> None:
    quantiles = {"p50": 1, "p90": 1, "p99": 1, "p999": 1}
    line = {"view": "syscalls", "measure": "calls", "time": 1.0, "interval": 1.0, "lost": {}, "key": {"pid": 1},
            "waiting": False, "unit": "ns", "new": {"count": 1, "total": 1}, "count": 1, "total": 1, "max": 1,
            **quantiles, "buckets": [{"above": 0, "upto": 1, "count": 1}]}  # fmt: skip
    VALIDATORS[kind].validate(line)
    with pytest.raises(ValidationError):
        VALIDATORS[kind].validate(line | change)
