"""Stacks of a program whose call chain is known, and of a system call whose way through the kernel is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pyvtrace.analysis.stacks import function
from pyvtrace.runtime.traces import frames_of
from tests.truth.live import ROOT, Trace
from tests.workloads.call_chain import build
from tests.workloads.generated_code import NAME

CALLS = 20
CHAIN = ["call_chain`inner", "call_chain`middle", "call_chain`outer", "call_chain`main"]
SLEEPS = "syscall::clock_nanosleep:entry /pid == $1/"
Start = Callable[..., Any]


def functions(text: object) -> list[str]:
    """The functions of a stack as it is printed, innermost first."""
    return [function(frame) for frame in frames_of(str(text))]


def test_a_process_that_has_ended_is_named_exactly(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", CALLS)
    with Trace(f"{SLEEPS} {{ @[ustack()] = count(); }}", work.pid) as trace:
        assert work.release() == {"calls": CALLS}
    (((stack,), (count,)),) = trace.rows().items()
    assert functions(stack)[:4] == CHAIN
    assert count == CALLS
    assert trace.dropped("stack") == 0


def test_a_stack_is_as_deep_as_it_is_asked_for(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", CALLS)
    with Trace(f"{SLEEPS} {{ @u[ustack(2)] = count(); @k[stack(2)] = count(); }}", work.pid) as trace:
        work.release()
    ((user,),), ((kernel,),) = trace.rows("u"), trace.rows("k")
    assert functions(user) == CHAIN[:2]
    assert len(functions(kernel)) == 2
    assert trace.dropped("stack") == 0, "the program decided that"


def test_what_an_option_cuts_is_counted(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", CALLS)
    with Trace(f"{SLEEPS} {{ @[ustack()] = count(); }}", work.pid, ustackframes="3") as trace:
        work.release()
    assert [functions(stack) for (stack,) in trace.rows()] == [CHAIN[:3]]
    assert trace.dropped("stack") == CALLS


def test_maxframes_cuts_what_the_program_asks_for(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", CALLS)
    with Trace(f"{SLEEPS} {{ @[ustack(50)] = count(); }}", work.pid, maxframes="1") as trace:
        work.release()
    assert [functions(stack) for (stack,) in trace.rows()] == [CHAIN[:1]]
    assert trace.dropped("stack") == CALLS


def test_clauses_of_one_aggregation_keep_their_depths(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", CALLS)
    text = f"{SLEEPS} {{ @[ustack(1)] = count(); }} {SLEEPS} {{ @[ustack(3)] = count(); }}"
    with Trace(text, work.pid) as trace:
        work.release()
    assert {tuple(functions(stack)): count for (stack,), (count,) in trace.rows().items()} == {
        tuple(CHAIN[:1]): CALLS,
        tuple(CHAIN[:3]): CALLS,
    }


def test_the_kernel_is_named_by_its_functions(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", CALLS)
    text = "sdt:sched::sched_switch /pid == $1 && (args->prev_state & 0xff)/ { @[stack()] = count(); }"
    with Trace(text, work.pid) as trace:
        work.release()
    asleep = [functions(stack) for (stack,) in trace.rows() if "do_nanosleep" in str(stack)]
    assert asleep, "it slept in clock_nanosleep"
    for stack in asleep:
        names = [name.removeprefix("vmlinux`") for name in stack]
        assert names[0] in ("__schedule", "schedule"), "tracing itself is not part of it"
        assert names.index("do_nanosleep") < names.index("hrtimer_nanosleep") < names.index("do_syscall_64")
    sleeps = sum(count for (stack,), (count,) in trace.rows().items() if "do_nanosleep" in str(stack))
    assert sleeps == CALLS


def test_the_variables_agree_with_the_stacks(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", 1)
    text = f"{SLEEPS} {{ @[stack(), ustack(), sym(caller), usym(ucaller), stackdepth, ustackdepth] = count(); }}"
    with Trace(text, work.pid) as trace:
        work.release()
    ((kernel, user, caller, ucaller, depth, user_depth),) = trace.rows()
    assert caller == functions(kernel)[1]
    assert ucaller == CHAIN[1]
    assert (depth, user_depth) == (len(frames_of(str(kernel))), len(frames_of(str(user))))


def test_single_addresses_by_function_and_module(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", CALLS)
    keys = "usym(ucaller), umod(ucaller), func(caller), mod(caller)"
    text = f"{SLEEPS} {{ @[{keys}] = count(); @a[uaddr(ucaller)] = count(); }}"
    with Trace(text, work.pid) as trace:
        work.release()
    (((symbol, module, caller, kernel), (count,)),) = trace.rows().items()
    assert (symbol, module, kernel, count) == (CHAIN[1], "call_chain", "vmlinux", CALLS)
    assert str(caller).startswith("vmlinux`")
    (((address,), _),) = trace.rows("a").items()
    assert function(str(address)) == CHAIN[1] != address


def test_a_variable_can_hold_a_stack(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", CALLS)
    text = f"""
    {SLEEPS} {{ held[tid] = ustack(3); self->one = ustack(2); }}
    syscall::clock_nanosleep:return /pid == $1/ {{ @a[held[tid]] = count(); @s[self->one] = count(); }}
    """
    with Trace(text, work.pid) as trace:
        work.release()
    assert [functions(stack) for (stack,) in trace.rows("a")] == [CHAIN[:3]]
    assert [functions(stack) for (stack,) in trace.rows("s")] == [CHAIN[:2]]


def test_a_stripped_program_is_shown_by_addresses_and_counted(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", CALLS, "-s")
    with Trace(f"{SLEEPS} {{ @[ustack(4)] = count(); }}", work.pid) as trace:
        work.release()
    (((stack,), _),) = trace.rows().items()
    frames = frames_of(str(stack))
    assert all(frame.startswith("call_chain`0x") for frame in frames)
    assert len(frames) == 4
    assert trace.session.names is not None
    (line,) = trace.session.names.lacking()
    assert line.startswith("4 addresses in call_chain have no name: it was stripped")


def test_noresolve_leaves_numbers(workload: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "sleep", 1)
    with Trace(f"{SLEEPS} {{ @[ustack(4), stack(2), sym(caller)] = count(); }}", work.pid, noresolve="") as trace:
        work.release()
    ((user, kernel, caller),) = trace.rows()
    assert all(frame.startswith("0x") for frame in (*frames_of(str(user)), *frames_of(str(kernel)), str(caller)))


@pytest.mark.parametrize("where", [(), ("-c",)], ids=["here", "in a container"])
def test_code_that_a_jit_made_has_the_name_it_wrote(workload: Start, where: tuple[str, ...]) -> None:
    work = workload("generated_code", CALLS, *where)
    with Trace(f"{SLEEPS} {{ @[ustack(1)] = count(); }}", work.pid) as trace:
        truth = work.report()
        trace.session.note()
    work.open()
    (((stack,), (count,)),) = trace.rows().items()
    assert functions(stack) == [f"[jit]`{NAME}"]
    assert count == truth["calls"] == CALLS


def test_a_function_that_node_compiled_is_what_burns(vtrace: Start, tmp_path: Path) -> None:
    """It does little else; V8 marks what its optimising compiler made with a star."""
    source = "function burns(n) { let s = 0; for (let i = 0; i < n; i++) s += Math.sqrt(i); return s }"
    script = tmp_path / "burns.js"
    script.write_text(f"{source} console.log(process.pid); for (let j = 0; j < 300; j++) burns(3e6);")
    command = f"node --perf-basic-prof --no-logfile-per-isolate --logfile={tmp_path}/v8.log {script}"
    ran = vtrace("-qn", "profile-499 /pid == $target && arg1/ { @[ufunc(arg1)] = count(); }", "-c", command)
    pid, _, rows = ran.stdout.partition("\n")
    os.unlink(f"/tmp/perf-{int(pid)}.map")
    counts = {name: int(count) for name, count in (line.rsplit(None, 1) for line in rows.strip().splitlines())}
    most = max(counts, key=lambda name: counts[name])
    assert most.strip().startswith("[jit]`JS:*burns "), ran.stdout
    assert counts[most] > sum(counts.values()) / 2


# ------------------------------------------------------------------------------------------------------ whole commands


def test_a_program_that_lives_for_milliseconds_is_named(vtrace: Start, tmp_path: Path) -> None:
    program = build(str(tmp_path))
    text = 'syscall::clock_nanosleep:entry /execname == "call_chain"/ { @[ustack(4)] = count(); }'
    ran = vtrace("-qn", text, "-c", f"sh -c 'echo | {program} sleep 3; true'")
    lines = [line.strip() for line in ran.stdout.splitlines() if "call_chain`" in line or line.strip().isdecimal()]
    assert [function(line) for line in lines] == [*CHAIN, "3"]


def test_offcpu_finds_where_it_slept_and_for_how_long(vtrace: Start, tmp_path: Path) -> None:
    program = build(str(tmp_path))
    ran = vtrace("offcpu", "--folded", "-c", f"{program} sleep {CALLS}", stdin="\n")
    assert ran.status == 0, ran.stderr
    asleep = [line for line in ran.stdout.splitlines() if "do_nanosleep" in line]
    inside = ";".join(reversed(CHAIN))
    assert asleep
    assert all(line.startswith("call_chain;") and inside in line for line in asleep)
    slept = sum(int(line.rpartition(" ")[2]) for line in asleep)
    assert slept >= CALLS * 1_000_000, "nanoseconds: a sleep is never shorter than it was set"


def test_profile_finds_what_burns(vtrace: Start, tmp_path: Path) -> None:
    program, picture = build(str(tmp_path)), tmp_path / "flames.svg"
    ran = vtrace("profile", "-F", "999", "--svg", str(picture), "-c", f"{program} burn 300", stdin="\n")
    assert ran.status == 0, ran.stderr
    boxes = {}
    for box in ElementTree.parse(picture).getroot().iter("{http://www.w3.org/2000/svg}g"):
        title, rect = box[0].text or "", box[1]
        boxes[title.split(" (")[0]] = float(rect.get("width", "0")), float(rect.get("y", "0"))
    widths = [boxes[name][0] for name in reversed(CHAIN)]
    assert widths == sorted(widths, reverse=True), "a caller is at least as wide as what it calls"
    heights = [boxes[name][1] for name in reversed(CHAIN)]
    assert heights == sorted(heights, reverse=True), "and below it"
    assert widths[-1] > 0


def test_profile_of_a_process_ends_with_it(workload: Start, tracer: Start, tmp_path: Path) -> None:
    work = workload("call_chain", tmp_path, "burn", 300)
    trace = tracer("profile", "-p", str(work.pid), "-F", "999", "--top", "1")
    trace.wait_for("until it ends")
    work.release()
    head, _, largest, *rest = trace.wait().stdout.splitlines()
    assert head.startswith("on CPU, ")
    assert f"call_chain ({work.pid})" in largest
    found = functions("\n".join(line for line in rest if "call_chain`" in line))
    # The C library's clock() has no frame pointer, and hides its caller.
    assert found in (CHAIN, CHAIN[1:])


def test_what_is_asked_for_in_vain(vtrace: Start, tmp_path: Path) -> None:
    assert vtrace("profile", "-p", "4194305").stderr.startswith("vtrace: no process 4194305")
    both = vtrace("profile", "--folded", "--svg", str(tmp_path / "x"), "-c", "true")
    assert (both.status, both.stderr.splitlines()[0]) == (2, "vtrace: --folded and --svg: one of the two")
    nowhere = vtrace("offcpu", "--svg", str(tmp_path / "no" / "x.svg"), "-c", "true")
    assert nowhere.status == 1
    assert "Traceback" not in nowhere.stderr


def test_the_gate_of_the_program(tmp_path: Path) -> None:
    """The workload says what the others say."""
    command = [sys.executable, "-m", "tests.workloads.call_chain", str(tmp_path), "sleep", "2"]
    ran = subprocess.run(command, cwd=ROOT, input="\n", capture_output=True, text=True, check=True)
    facts, truth = map(json.loads, ran.stdout.splitlines())
    assert (facts["name"], truth) == ("call_chain", {"calls": 2})
