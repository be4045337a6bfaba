"""Probes in programs: a C program says what it calls how often with which arguments, and the trace says the same."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyvtrace.kernel import features
from pyvtrace.target import NoAccess
from pyvtrace.value import replace
from tests.truth.live import ROOT, Trace

SOURCE = os.path.join(ROOT, "tests/workloads/functions.c")
LATE = 'void late(long n) { __asm__ volatile(""); }\n'
CALLS = 1000


def built(path: Path, *flags: str, source: str = SOURCE) -> str:
    subprocess.run(["gcc", "-O1", *flags, "-o", path, source, "-ldl", "-pthread"], check=True)
    return str(path)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return built(tmp_path_factory.mktemp("functions") / "functions")


class Functions:
    """The running program. `inside` is where in `eight` there is a label."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid, self.inside = map(int, self._line().split())

    def work(self) -> None:
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        assert self._line() == b"done\n"

    def _line(self) -> bytes:
        assert self._process.stdout
        return self._process.stdout.readline()

    def end(self) -> int:
        """Its exit status, after it was told that there is no more to do."""
        self._process.communicate()
        return self._process.returncode


@pytest.fixture
def running(program: str) -> Iterator[Functions]:
    one = Functions(program)
    yield one
    assert one.end() == 0, "a traced program goes on as if it were not"


@pytest.fixture(params=["uprobe multi", "perf events"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways in which the kernel can be asked."""
    if request.param == "perf events":
        no = replace(features.ask("uprobe multi"), works=False, reason="not wanted")
        monkeypatch.setitem(features._answers, "uprobe multi", no)


@pytest.mark.usefixtures("way")
def test_arguments_at_entry_and_results_at_return(running: Functions) -> None:
    text = """
        pid$1:a.out:eight:entry { @rest[arg1, arg2, arg3, arg4, arg5, arg6, arg7] = count(); @sum = sum(arg0); }
        pid$1:a.out:eight:return { @sums = sum(arg1); @where[arg0] = count(); }
        pid$1:a.out:negative:entry { @args[(int)arg0, (unsigned char)arg1] = count(); }
        pid$1:a.out:negative:return { @results[(int)arg1] = count(); }
    """
    with Trace(text, running.pid) as trace:
        running.work()
    assert trace.values("rest") == {(2, 3, 4, 5, 6, 7, 8): CALLS}
    assert trace.values("sum") == {(): sum(range(CALLS))}
    assert trace.values("sums") == {(): sum(i + 35 for i in range(CALLS))}
    assert trace.values("where") == {(-1,): CALLS}
    assert trace.values("args") == {(i, 200): 1 for i in range(10)}
    assert trace.values("results") == {(-i - 200,): 1 for i in range(10)}


@pytest.mark.usefixtures("way")
def test_one_program_tells_its_probes_apart(running: Functions) -> None:
    text = """
        pid$1:a.out:eight:entry, pid$1:a.out:negative:entry, pid$1:a.out:other:entry {
            @all[probefunc, probename] = count();
        }
        pid$1:a.out:negative:entry { @some = count(); }
        pid$1:a.out:neg*:, pid$1:a.out:oth*: { @globs[probemod, probefunc, probename] = count(); }
    """
    with Trace(text, running.pid) as trace:
        running.work()
    # `other` is called by a thread of the process, and by a child, which is another process.
    calls = {"eight": CALLS, "negative": 10, "other": 1}
    assert trace.values("all") == {(name, "entry"): count for name, count in calls.items()}
    assert trace.values("some") == {(): 10}
    assert trace.values("globs") == {
        ("a.out", name, kind): calls[name] for name in ("negative", "other") for kind in ("entry", "return")
    }


@pytest.mark.usefixtures("way")
def test_a_place_inside_a_function(running: Functions) -> None:
    with Trace(f"pid$1:a.out:eight:{running.inside:x} {{ @[probename] = count(); }}", running.pid) as trace:
        running.work()
    assert trace.values() == {(f"{running.inside:x}",): CALLS}


def instructions(program: str, function: str) -> list[int]:
    """Where the instructions of a function begin, from its first byte on, as the disassembler has them."""
    shown = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", f"--disassemble={function}", program], capture_output=True, check=True
    )
    at = [int(line.split(b":")[0], 16) for line in shown.stdout.splitlines() if line.startswith(b"    ")]
    return [address - at[0] for address in at]


@pytest.mark.usefixtures("way")
def test_every_instruction_of_a_function(running: Functions, program: str) -> None:
    """`eight` has no branch but its return, `negative` neither: each instruction is reached by each call."""
    calls = {"eight": CALLS, "negative": 10}
    offsets = {function: instructions(program, function) for function in calls}
    assert all(len(found) > 3 and found[0] == 0 for found in offsets.values())
    places = ", ".join(f"pid$1:a.out:{name}:{offset:x}" for name, found in offsets.items() for offset in found)
    with Trace(f"{places} {{ @[probefunc, probename] = count(); }}", running.pid) as trace:
        running.work()
    assert trace.values() == {(name, f"{offset:x}"): count for name, count in calls.items() for offset in offsets[name]}


@pytest.mark.usefixtures("way")
def test_a_static_probe_with_a_counter(running: Functions) -> None:
    text = """
        work$1:::one-two { @typed[args[0] + args[1], args[2]] = count(); @sum = sum(arg0); @least = min(args[1]); }
        work*:::one__two /pid == $1/ { @all[probeprov, probefunc, probename] = count(); }
    """
    with Trace(text, running.pid) as trace:
        running.work()
    assert trace.values("typed") == {(0, 7): 100}
    assert trace.values("sum") == {(): sum(range(1, 101))}
    assert trace.values("least") == {(): -100}
    assert trace.values("all") == {("work", "marked", "one-two"): 100}


@pytest.mark.parametrize("flags", [("-static",), ("-rdynamic", "-s"), ("-no-pie",)])
def test_programs_of_all_kinds(tmp_path: Path, flags: tuple[str, ...]) -> None:
    one = Functions(built(tmp_path / "other", *flags))
    with Trace("pid$1:a.out:eight:entry { @ = sum(arg0); }", one.pid) as trace:
        one.work()
    assert trace.values() == {(): sum(range(CALLS))}
    assert one.end() == 0


def test_a_library_that_is_loaded_later(tmp_path: Path, program: str) -> None:
    (tmp_path / "late.c").write_text(LATE)
    library = built(tmp_path / "late.so", "-shared", "-fPIC", source=str(tmp_path / "late.c"))
    one = Functions(program, library)
    with Trace(f"pid$1:{library}:late:entry {{ @[probemod] = sum(arg0); }}", one.pid) as trace:
        one.work()
    assert trace.values() == {("late.so",): 0 + 1 + 2 + 3 + 4}
    assert one.end() == 0


def test_uprobe_is_for_every_process(program: str, running: Functions) -> None:
    second = Functions(program)
    with Trace(f"uprobe:{program}:eight:entry {{ @[pid] = count(); }}") as trace:
        running.work()
        second.work()
        second.work()
    assert trace.values() == {(running.pid,): CALLS, (second.pid,): 2 * CALLS}
    assert second.end() == 0


@pytest.mark.usefixtures("way")
def test_children_are_seen_by_uprobe_alone(program: str, running: Functions) -> None:
    text = f"""
        pid$1:a.out:other:entry {{ @pid[pid == $1] = count(); }}
        uprobe:{program}:other:entry {{ @uprobe[pid == $1, ppid == $1] = count(); }}
    """
    with Trace(text, running.pid) as trace:
        running.work()
    assert trace.values("pid") == {(1,): 1}
    assert trace.values("uprobe") == {(1, 0): 1, (0, 1): 1}


@pytest.mark.usefixtures("way")
def test_a_program_in_place_of_another_is_traced_in_the_files_of_both(program: str) -> None:
    """The probes are made while it is the shell; what it becomes forks once."""
    shell = ["/bin/sh", "-c", f"read line; exec {program}"]
    with subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        libc_is_there(process.pid)
        text = f"""
            pid$1:libc.so.6:fork:entry {{ @fork[pid == $1, execname] = count(); }}
            uprobe:{program}:eight:entry {{ @eight[pid == $1, execname] = count(); }}
        """
        with Trace(text, process.pid) as trace:
            process.communicate(b"\n\n")
    assert trace.values("fork") == {(1, "functions"): 1}
    assert trace.values("eight") == {(1, "functions"): CALLS}


def libc_is_there(pid: int) -> None:
    """Waits until a process that has just been started has mapped it."""
    while "libc.so.6" not in Path(f"/proc/{pid}/maps").read_text():
        pass


def test_a_command_is_traced_from_its_first_call_on(program: str, vtrace: Callable[..., Any]) -> None:
    text = (
        'pid$target:a.out:main:entry { printf("main\\n"); } pid$target:libc.so.6:getpid:entry { printf("getpid\\n"); }'
    )
    done = vtrace("-qn", text, "-c", f"{program}")
    assert [word for word in done.stdout.split() if word.isalpha()] == ["main", "getpid"]


def test_killed_it_leaves_no_probe(program: str, running: Functions, tracer: Callable[..., Any]) -> None:
    def code() -> bytes:
        with open(f"/proc/{running.pid}/maps") as maps:
            start = next(line for line in maps if line.rstrip().endswith(program) and " r-xp " in line)
        first, last = (int(word, 16) for word in start.split()[0].split("-"))
        with open(f"/proc/{running.pid}/mem", "rb") as memory:
            memory.seek(first)
            return memory.read(last - first)

    before = code()
    trace = tracer("-qn", "BEGIN { printf(\"in place\\n\"); } pid$target:a.out:eight:entry { @ = count(); }",
                   "-p", str(running.pid))  # fmt: skip
    trace.wait_for("in place")
    trace.stop(signal.SIGKILL)
    running.work()
    assert code() == before


COUNTED = """
def counted(n):
    return n
for n in range(1234):
    counted(n)
"""


def test_pythons_own_probes(tmp_path: Path, vtrace: Callable[..., Any]) -> None:
    """Of calls that Python 3.11 makes without leaving its loop it tells the entry only while `line` is enabled, too."""
    script = tmp_path / "script.py"
    script.write_text(COUNTED)
    text = """
        python$target:::function-entry /copyinstr(arg1) == "counted"/ { @[copyinstr(args[0]), args[2]] = count(); }
        python$target:::function__return /copyinstr(arg1) == "counted"/ { @back = count(); }
        python$target:::line /copyinstr(arg1) == "counted"/ { @lines[args[2]] = count(); }
    """
    done = vtrace("-qn", text, "-c", f"/usr/bin/python3 {script}")
    assert done.stdout.split() == [str(script), "2", "1234", "1234", "3", "1234"]


@pytest.mark.parametrize(
    ("description", "tag", "words"),
    [
        ("pid$target:libnope:f:entry", "D_PDESC_ZERO", ["has no libnope mapped", "libc.so.6"]),
        ("pid$target:a.out:eihgt:entry", "D_PROC_FUNC", ["no function eihgt in a.out", "did you mean eight"]),
        (
            "pid$target:a.out:inlined:entry",
            "D_PROC_FUNC",
            ["no function inlined in", "may be inlined everywhere"],
        ),
        (
            "pid$target:libz.so.1:inflate:entry",
            "D_PDESC_ZERO",
            ["has no libz.so.1 mapped", "libc.so.6", "needs its path"],
        ),
        ("pid$target:libc.so.6:memcpy:entry", "D_PROC_FUNC", ["memcpy in libc.so.6 is not one function"]),
        ("pid$target:a.out:eight:ffff", "D_PROC_OFF", ["offset 0xffff is outside of eight"]),
        ("pid$target:a.out:eight:exit", "D_PROC_NAME", ["'exit' is no probe of a function"]),
        ("work$target:::three", "D_PDESC_ZERO", ["has no probe three", "it has one-two"]),
        ("nosuch$target:::three", "D_PDESC_ZERO", ["has no provider nosuch", "it has work"]),
        ("pid0:::", "D_PROC_BADPID", ["needs a process"]),
        ("pid:::", "D_PDESC_ZERO", ["needs a process"]),
        ("pid$target::eihgt:entry", "D_PDESC_ZERO", ["no function eihgt in any module"]),
        ("pid$target:a.out:eihgt:exit", "D_PROC_FUNC", ["no function eihgt in a.out"]),
        ("pid$target:a.out:eihgt*:entry", "D_PDESC_ZERO", ["no function eihgt* in a.out"]),
        ("pid$target:libc.so.6:-:1c", "D_PROC_LIB", ["only the a.out module is valid with the '-' function"]),
        ("pid$target:a.out:-:*", "D_PROC_NAME", ["only individual addresses may be specified"]),
        ("work0:::three", "D_PROC_BADPID", ["'work0' does not contain a valid pid"]),
        ("123:::three", "D_PROC_BADPROV", ["'123' is not a valid provider"]),
        ("work4194999:::three", "D_PROC_GRAB", ["process 4194999 does not exist"]),
        ("pid4194999:::", "D_PROC_GRAB", ["process 4194999 does not exist"]),
        ("pid2:::", "D_PROC_GRAB", ["process 2"]),
        ("uprobe:nosuch:f:entry", "D_PROC_LIB", ["no library or program nosuch"]),
        ("uprobe:/etc/passwd:f:entry", "D_PROC_LIB", ["/etc/passwd cannot be traced: it is no ELF file"]),
        ("uprobe:/nosuch:f:entry", "D_PROC_LIB", ["/nosuch cannot be read: No such file or directory"]),
    ],
)
def test_refusals(program: str, vtrace: Callable[..., Any], description: str, tag: str, words: list[str]) -> None:
    done = vtrace("-x", "errtags", "-n", f"{description} {{ }}", "-c", program)
    assert done.status == 1
    assert f"[{tag}]" in done.stderr and "^" in done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def test_a_stripped_program_has_what_it_exports(tmp_path: Path, vtrace: Callable[..., Any]) -> None:
    done = vtrace("-n", "pid$target:a.out:eight:entry { }", "-c", built(tmp_path / "stripped", "-s"))
    assert done.status == 1
    assert "no function eight in a.out" in done.stderr
    assert "(only exported functions are known: it is stripped)" in done.stderr


def test_a_32_bit_program_is_refused(tmp_path: Path, vtrace: Callable[..., Any]) -> None:
    source = tmp_path / "old.c"
    source.write_text('void _start(void) { for (;;) __asm__ volatile("int $0x80" :: "a"(29)); }')
    program = str(tmp_path / "old")
    subprocess.run(["gcc", "-m32", "-nostdlib", "-static", "-o", program, source], check=True)
    with subprocess.Popen([program]) as process:
        try:
            refused = [
                vtrace("-n", f"pid{process.pid}:a.out:_start:entry {{ }}"),
                vtrace("-n", f"uprobe:{program}:_start:entry {{ }}"),
            ]
        finally:
            process.kill()
    for done in refused:
        assert done.status == 1
        assert f"{program} cannot be traced: it is a 32-bit program, and only 64-bit ones can be traced" in done.stderr


def test_a_process_of_another_user_is_not_looked_at(running: Functions) -> None:
    from pyvtrace.kernel import mapped

    answer, tell = os.pipe()
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        found = mapped.mapped(running.pid)
        os.write(tell, f"{found.reason}; {found.hint}".encode() if isinstance(found, NoAccess) else b"it was")
        os._exit(0)
    os.waitpid(child, 0)
    said = os.read(answer, 4096).decode()
    os.close(answer)
    os.close(tell)
    assert said == f"process {running.pid} may not be looked at: it belongs to user 0; run it as root, with sudo"


def test_listing(running: Functions, vtrace: Callable[..., Any]) -> None:
    done = vtrace("-l", "-n", "pid$target:a.out:ne?ative:", "-p", str(running.pid))
    assert [line.split()[1:] for line in done.stdout.splitlines()[1:]] == [
        [f"pid{running.pid}", "a.out", "negative", kind] for kind in ("entry", "return")
    ]
