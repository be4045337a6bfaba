"""The options that all scripts have: whom they are about, how often they show something, when they end."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyvtrace.analysis.library import Place, display
from tests.cgroups import cgroup, inside
from tests.conftest import RunVtrace, Tracer, Workload
from tests.scripts.pages import ours
from tests.scripts.ran import MISSED, act, run

SCRIPTS = {place.name: place for place in ours()}
# Of these one cannot tell, or not beforehand, whose an event is; their pages say so.
NOBODYS = {"cpu/hardirqs", "cpu/softirqs", "net/resets", "net/retransmits", "sched/migrations", "sched/runqlen"}
# These are about $target.
OF_ONE = {"memory/allocs", "runtimes/nodegc"}
# Views with a command of their own, where these are options as well.
COMMANDS = {"cpu/profile", "sched/offcpu", "loop/turns", "deps/waits"}
NARROWED = sorted(SCRIPTS.keys() - NOBODYS - OF_ONE - COMMANDS)


@pytest.fixture(scope="module")
def empty_group() -> Iterator[str]:
    with cgroup(f"vtrace-scripts-{os.getpid()}") as group:
        yield group


def test_scripts_that_cannot_be_narrowed_are_those() -> None:
    assert {name for name, place in SCRIPTS.items() if not place.read().filters} == NOBODYS | OF_ONE
    assert len(SCRIPTS) >= 40


@pytest.mark.parametrize("name", NARROWED)
def test_nothing_is_seen_of_who_is_nobody(vtrace: RunVtrace, name: str, empty_group: str) -> None:
    """With every condition at once, in the program: it compiles, the kernel takes it, and nobody fulfils them."""
    words = ["-p", str(os.getpid()), "--comm", "nobody", "--cgroup", empty_group, "--duration", "0.1", "--json"]
    if display(SCRIPTS[name].read()) in ("table", "view"):
        words += ["-i", "0.05"]
    done = vtrace("run", name, *words)
    assert (done.stdout, MISSED.sub("", done.stderr), done.status) == ("", "", 0)


@pytest.mark.parametrize("name", sorted(NOBODYS))
def test_what_cannot_be_narrowed_says_so(vtrace: RunVtrace, name: str) -> None:
    done = vtrace("run", name, "--comm", "nobody", "--duration", "0.1")
    assert (done.stdout, done.status) == ("", 2)
    assert "No such option" in done.stderr
    assert "--comm" in done.stderr
    done = vtrace("run", name, "--duration", "0.1", "--json", "-c", "true")
    assert (MISSED.sub("", done.stderr), done.status) == ("", 0)


@pytest.mark.parametrize("option", ["--comm", "--cgroup"])
def test_each_condition_alone_decides(tmp_path: Path, empty_group: str, option: str) -> None:
    """Two commands do the same; the condition is true of one of them."""
    file = tmp_path / "opened"
    file.touch()
    other = f"cat {file}" if option == "--cgroup" else f"head {file}"
    first = inside(empty_group, f"cat {file}") if option == "--cgroup" else f"cat {file}"
    both = shlex.join(["sh", "-c", f"{first}; {other}"])
    ran = run("files/opens", both, option, "cat" if option == "--comm" else empty_group)
    assert [row["comm"] for row in ran.rows if row["path"] == str(file)] == ["cat"]


def test_one_process_of_two(tracer: Callable[..., Tracer], workload: Callable[..., Workload]) -> None:
    one, other = workload("getppid_loop", 500), workload("getppid_loop", 300)
    trace = tracer("run", "syscalls/counts", "-p", str(one.pid), "--json")
    trace.wait_for("tracing until")
    other.release()
    one.release()
    rows = map(json.loads, trace.wait().stdout.splitlines())
    assert [row["calls"] for row in rows if row["key"]["call"] == "getppid"] == [500]


def test_a_process_and_a_command(tracer: Callable[..., Tracer], workload: Callable[..., Workload]) -> None:
    """Of either, and of nobody else."""
    one, other = workload("getppid_loop", 500), workload("getppid_loop", 300)
    command = f"{sys.executable} -S -c 'import os\nfor _ in range(70): os.getppid()'"
    trace = tracer("run", "syscalls/counts", "-p", str(one.pid), "-c", command, "-i", "0.1", "--json")
    trace.wait_for('"getppid"},"calls":70,')
    other.release()
    one.release()
    rows = map(json.loads, trace.wait().stdout.splitlines())
    assert [row["calls"] for row in rows if row["key"]["call"] == "getppid"][-1] == 570


def test_an_interval_shows_what_was_seen_until_then() -> None:
    slowly = f"{sys.executable} -S -c 'import os, time\nfor _ in range(6): os.getppid(); time.sleep(0.1)'"
    ran = run("syscalls/counts", slowly, "-i", "0.2")
    calls = [row["calls"] for row in ran.of(call="getppid")]
    assert calls == sorted(calls)
    assert (len(calls) >= 2, calls[-1]) == (True, 6)


def test_a_duration_ends_what_would_go_on(vtrace: RunVtrace) -> None:
    done = vtrace("run", "syscalls/counts", "--duration", "0.3", "-c", "sleep 600")
    assert done.status == 0
    assert "openat" in done.stdout


def test_every_script_has_a_page_and_a_test() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    elsewhere = COMMANDS | {"locks/processes", "syscalls/processes"}  # tests/truth, tests/deps, tests/loop
    assert {name for name in SCRIPTS if f'"{name}"' not in tests.replace(Path(__file__).read_text(), "")} <= elsewhere
    assert all(isinstance(place, Place) and place.read().question for place in SCRIPTS.values())


def test_the_user_of_all_options_at_once() -> None:
    ran = run("syscalls/errors", act("calls.calls", 5, 7), "--comm", "call*", "--duration", "60", "--top", "3")
    assert ran.one(call="rmdir", comm="calls", error="ENOENT", pid=ran.truth["pid"])["failed"] == 7
    assert len(ran.rows) <= 3
