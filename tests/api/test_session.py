"""Sessions against workloads whose truth is known."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import pyvtrace
from pyvtrace import LossWarning, ProgramError, Session, TracingError
from tests.cgroups import cgroup
from tests.conftest import ROOT, Workload

Start = Callable[..., Workload]
CALLS = "syscall::getppid:entry { @[execname] = count(); }"
NO_SHELL = 'syscall::getppid:entry /execname != "sh"/ { @[execname] = count(); }'
COMMAND = f"{sys.executable} -S -c 'import os\nfor _ in range(500): os.getppid()'"


def test_a_process_is_counted_exactly(workload: Start) -> None:
    one, other = workload("getppid_loop", 1000), workload("getppid_loop", 300)
    with Session(CALLS, pid=one.pid) as session:
        other.release()
        one.release()
        assert session.wait(60)
        assert dict(session.snapshot()[""]) == {("getppid_loop",): 1000}


def test_a_command_and_what_it_starts(workload: Start) -> None:
    other = workload("getppid_loop", 300)
    inner = COMMAND.replace("\n", ";").replace(";for", "\nfor")
    with Session(NO_SHELL, command=f'sh -c "{inner}; {inner}; true"') as session:
        other.release()
        assert session.wait(60)
        seen = session.snapshot()["@"]
    assert sum(seen.values()) == 1000  # type: ignore[arg-type]
    assert ("getppid_loop",) not in seen


def test_a_control_group() -> None:
    with cgroup(f"vtrace-test-{os.getpid()}", "inside") as directory:
        script = f'echo $$ > {directory}/cgroup.procs; exec "$@"'
        with Session(NO_SHELL, cgroup=os.path.dirname(directory)) as session:
            for wrapper in (["sh", "-c", script, "sh"], []):
                subprocess.run([*wrapper, "sh", "-c", COMMAND], check=True)
            assert sum(session.snapshot()[""].values()) == 500  # type: ignore[arg-type]


def test_a_name(workload: Start) -> None:
    one = workload("getppid_loop", 100)
    with Session(CALLS, comm=["nobody", "getppid_loop"], pid=one.pid) as session:
        one.release()
        session.wait(60)
        assert session.snapshot()[""]["getppid_loop"] == 100


def test_conditions_join_predicates_and_spare_timers() -> None:
    program = (
        "BEGIN { x = 1; } syscall::read:entry /x || arg0/ { n++; } syscall::read:return { n--; } tick-1s { exit(0); }"
    )
    with Session(program, pid=os.getpid()) as session:
        assert session.d == (
            f"BEGIN {{ x = 1; }} syscall::read:entry /(pid == {os.getpid()}) && (x || arg0)/ {{ n++; }} "
            f"syscall::read:return /(pid == {os.getpid()})/ {{ n--; }} tick-1s {{ exit(0); }}"
        )


def test_a_clause_without_a_body_is_narrowed_too() -> None:
    with Session("syscall::getppid:entry", pid=os.getpid()) as session:
        assert session.d == f"syscall::getppid:entry /(pid == {os.getpid()})/ {{ }}"
        os.getppid()


def test_lines_keep_their_numbers() -> None:
    program = "#pragma D option quiet\n\nint x;\nsyscall::getppid:entry\n{ trace(1 / x); }"
    with Session(program, command=COMMAND) as session:
        session.wait(60)
        assert {line.rpartition(", ")[2] for line in session.complaints} == {"line 5"}


def test_events_have_types(workload: Start) -> None:
    one = workload("getppid_loop", 3)
    program = r'syscall::getppid:entry { printf("%s %d\n", execname, pid); trace(arg0 * 0 - 5); trace(probefunc); }'
    with Session(program, pid=one.pid) as session:
        one.release()
        events = list(session.events())
    assert len(events) == 3
    assert {event.values for event in events} == {("getppid_loop", one.pid, -5, "getppid")}
    assert {event.text for event in events} == {f"getppid_loop {one.pid}\n-5getppid"}
    assert {str(event.probe) for event in events} == {"syscall:vmlinux:getppid:entry"}
    assert {event.clause for event in events} == {1}


def test_a_program_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.d").write_text("BEGIN { trace($1); trace($$2); exit($1); }")
    with Session(tmp_path / "a.d", arguments=[7, "x"]) as session:
        assert session.wait(60)
        assert session.status == 7
        assert [event.values for event in session.take()] == [(7, "x")]


def test_clear_and_trunc_count() -> None:
    with Session("BEGIN { @a[1] = count(); @b[1] = count(); trunc(@a); clear(@b); exit(0); }") as session:
        session.wait(60)
        assert dict(session.snapshot()["a"]) == {}
        assert dict(session.snapshot()["b"]) == {(1,): 0}


def test_snapshots_at_a_pace(workload: Start) -> None:
    one = workload("getppid_loop", 2000)
    with Session(CALLS, pid=one.pid) as session:
        pace = iter(session.every(0.05))
        assert dict(next(pace)[""]) == {}
        one.release()
        *_, last = pace
        assert last[""]["getppid_loop"] == 2000
        assert not session.running
    with Session("BEGIN { x = 1; }") as session:
        assert len(list(session.every(0.01, count=3))) == 3
        with pytest.raises(ValueError, match="no interval"):
            session.every(0)


def test_asyncio(workload: Start) -> None:
    one, other = workload("getppid_loop", 50), workload("getppid_loop", 70)

    async def counted(work: Workload) -> int:
        with Session(CALLS, pid=work.pid) as session:
            await asyncio.to_thread(work.release)
            seen = [snapshot async for snapshot in session.every(0.02)]
        return int(seen[-1][""]["getppid_loop"])  # type: ignore[arg-type]

    async def traced() -> list[object]:
        with Session("BEGIN { trace(3); exit(0); }") as session:
            return [event.values async for event in session.events()]

    async def all_of_them() -> tuple[int, int, list[object]]:
        return await asyncio.gather(counted(one), counted(other), traced())

    assert list(asyncio.run(all_of_them())) == [50, 70, [(3,)]]


def test_sessions_know_nothing_of_each_other(workload: Start) -> None:
    one = workload("getppid_loop", 10)
    with Session(CALLS, pid=one.pid) as outer:
        with Session(CALLS, pid=one.pid) as inner:
            one.open()
            inner.wait(60)
            assert inner.snapshot()[""]["getppid_loop"] == 10
        assert outer.wait(60)
        assert outer.snapshot()[""]["getppid_loop"] == 10


def test_sessions_in_threads() -> None:
    seen: list[int] = []

    def run(number: int) -> None:
        with Session(f"BEGIN {{ @ = sum({number}); exit(0); }}") as session:
            session.wait(60)
            seen.append(int(session.snapshot()[""].value))  # type: ignore[arg-type]

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(8))


def test_end_runs_once() -> None:
    with Session("BEGIN { @n = count(); } END { @n = count(); trace(2); }") as session:
        session.stop()
        session.stop()
        assert session.snapshot()["n"].value == 2
        assert [event.values for event in session.take()] == [(2,)]


# --------------------------------------------------------------------------------------------------------------- losses


def test_losses_are_told(workload: Start) -> None:
    one = workload("getppid_loop", 5000)
    session = Session("syscall::getppid:entry { trace(pid); }", pid=one.pid, options={"bufsize": "4k"})
    with pytest.warns(LossWarning, match=r"\d+ drops on CPU"), session:
        one.release()


def test_complaints_that_were_read_are_not_told_again(workload: Start) -> None:
    one = workload("getppid_loop", 5000)
    with Session("syscall::getppid:entry { trace(pid); }", pid=one.pid, options={"bufsize": "4k"}) as session:
        one.release()
        taken = len(session.take())
        session.stop()
        lost = sum(int(line.split()[0]) for line in session.complaints)
        assert session.snapshot().lost == {"principal": lost}
        assert taken + lost == 5000
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            session.close()


def test_faults_are_complaints() -> None:
    with Session("int x; BEGIN { trace(1 / x); } BEGIN { exit(0); }") as session:
        session.wait(60)
        (complaint,) = session.complaints
        assert complaint.endswith("(ID 1: dtrace:::BEGIN): divide-by-zero in action #1, line 1")


# --------------------------------------------------------------------------------------------------------------- errors


def test_a_program_with_problems() -> None:
    with pytest.raises(ProgramError) as caught, Session("BEGIN { trace(nothing); trace(nobody); }"):
        pass
    assert [problem.tag for problem in caught.value.diagnostics] == ["D_IDENT_UNDEF", "D_IDENT_UNDEF"]
    assert "^^^^^^^" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"pid": 999_999_999}, "failed to grab pid 999999999: No such process"),
        ({"command": "/no/such"}, "failed to execute /no/such: No such file or directory"),
        ({"cgroup": "/proc"}, "/proc is no cgroup of version 2"),
        ({"options": {"colour": "red"}}, "failed to set option colour"),
        ({"options": {"bufsize": "soon"}}, "failed to set option bufsize"),
    ],
)
def test_what_cannot_be_traced(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(TracingError, match=words), Session("BEGIN { exit(0); }", **arguments):  # type: ignore[arg-type]
        pass


def test_destructive_actions_have_to_be_permitted() -> None:
    with pytest.raises(TracingError, match="destructive"), Session('BEGIN { system("true"); }'):
        pass
    with Session('BEGIN { system("true"); exit(0); }', options={"destructive": True}) as session:
        assert session.wait(60)


def test_a_closed_session_says_so() -> None:
    with Session("BEGIN { @a = count(); }") as session:
        seen = session.snapshot()
    with pytest.raises(KeyError, match="no aggregation @b; it has @a"):
        seen["b"]
    with pytest.raises(ValueError, match="the session is not open"):
        session.snapshot()


# --------------------------------------------------------------------------------------------------------------- frames


def test_frames() -> None:
    counts = '@["a", 1] = count(); @["b", 2] = count(); @["b", 2] = count();'
    program = f"BEGIN {{ {counts} @q[1] = quantize(5); @e[1] = exphist(5); }}"
    with Session(program) as session:
        seen = session.snapshot()
    with pytest.raises(ValueError, match="2 parts in its key, and there are 1 names"):
        seen[""].columns(["comm"])
    for frame in (seen[""].to_pandas(["comm", "n"]), seen[""].to_polars(["comm", "n"])):
        assert sorted(zip(*(list(frame[name]) for name in ("comm", "n", "value")), strict=True)) == [
            ("a", 1, 1), ("b", 2, 2),
        ]  # fmt: skip
    assert seen["q"].columns() == {
        "key1": [1], "count": [1], "sum": [None], "max": [7], "p50": [7], "p90": [7], "p99": [7],
    }  # fmt: skip
    assert seen["e"].columns(["n"])["sum"] == [5]
    assert "<td>a</td><td>1</td><td>1</td>" in seen._repr_html_()
    assert seen[""].top(1) == [(("b", 2), 2)]


def test_names_are_there_when_asked_for() -> None:
    assert all(getattr(pyvtrace, name) for name in pyvtrace.__all__)
    assert set(pyvtrace.__all__) <= set(dir(pyvtrace))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        pyvtrace.nothing  # noqa: B018


def test_the_package_imports_nothing_heavy() -> None:
    code = "import sys, pyvtrace; print([m for m in sys.modules if m.startswith('pyvtrace.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "[]\n"


def test_stacks_are_text_in_keys_and_events() -> None:
    with Session('BEGIN { @[stack(2)] = count(); stack(1); printf("%a", caller); exit(0); }') as session:
        session.stop()
        (event,) = session.events()
        ((key,),) = session.snapshot()["_"]
    stack, caller = event.values
    assert str(stack).strip() == str(key).split()[0]
    assert str(stack).strip().startswith("vmlinux`")
    assert isinstance(caller, int)
    assert event.text.endswith(str(key).split()[1])


def test_a_session_is_entered_once() -> None:
    with Session("syscall::getppid:entry { @ = count(); }") as session:
        with pytest.raises(ValueError, match="open already"):
            session.__enter__()
        assert session.running


def test_a_command_writes_where_it_is_told_and_its_status_is_known(tmp_path: Path) -> None:
    with open(tmp_path / "said", "wb") as said:
        words = "sh -c 'read line; echo out; echo err >&2; exit 3'"
        reads, writes = os.pipe()
        with Session("BEGIN { }", command=words, streams=(reads, said.fileno(), said.fileno())) as session:
            assert session.command_status is None
            os.close(reads)
            os.close(writes)
            assert session.wait(60)
            assert session.command_status == 3
    assert (tmp_path / "said").read_text() == "out\nerr\n"
