"""What tests of every layer share: running `vtrace`, running a workload behind its gate, and the proof that nothing of
ours is left in the kernel afterwards.

`vtrace(...)` runs the command to its end; `tracer(...)` starts it and waits for its words, so that a test attaches
first and opens a workload's gate then. No test sleeps in the hope that something has happened.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any, NamedTuple, Protocol

import pytest

from scripts.lib.bpf import NEXT_ID, ids
from tests.machine import Stolen

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VTRACE = os.path.join(sysconfig.get_path("scripts"), "vtrace")
# Seconds until something that hangs is a failure: in a guest on a busy machine, most of a minute is no sign of it.
PATIENCE = 180.0


def pytest_configure() -> None:
    """What a shell ignores for a job in the background, or nohup(1) does, is not ignored by what tests start."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


class Result(NamedTuple):
    """How a command ended: its output, and its exit status (negative: the signal that killed it)."""

    stdout: str
    stderr: str
    status: int


class RunVtrace(Protocol):
    def __call__(
        self,
        *arguments: str,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        cwd: str = ROOT,
        timeout: float = PATIENCE,
    ) -> Result: ...


@pytest.fixture
def vtrace() -> RunVtrace:
    """Runs `vtrace ARGUMENTS` to its end, in `cwd`, the top of the checkout; `env` is added to the environment."""

    def run(
        *arguments: str,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        cwd: str = ROOT,
        timeout: float = PATIENCE,
    ) -> Result:
        done = subprocess.run(
            [VTRACE, *arguments],
            input=stdin,
            cwd=cwd,
            env=os.environ | (env or {}),
            timeout=timeout,
            text=True,
            capture_output=True,
            check=False,
        )
        return Result(done.stdout, done.stderr, done.returncode)

    return run


class Tracer:
    """A `vtrace` that runs. `pid`; `stdout` and `stderr` so far."""

    def __init__(self, *arguments: str) -> None:
        # Unbuffered on our side of the pipe; the tool decides itself when it flushes.
        self._process = subprocess.Popen(
            [VTRACE, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self.pid = self._process.pid
        self._text = {"stdout": b"", "stderr": b""}
        self._news = threading.Condition()
        self._readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in self._text]
        for reader in self._readers:
            reader.start()

    @property
    def stdout(self) -> str:
        return self._text["stdout"].decode()

    @property
    def stderr(self) -> str:
        return self._text["stderr"].decode()

    def wait_for(self, words: str, timeout: float = PATIENCE) -> None:
        """Returns when it has printed `words`, on either stream; fails when it ends or `timeout` passes without."""

        def settled() -> bool:
            return self._said(words) or not any(reader.is_alive() for reader in self._readers)

        deadline = time.monotonic() + timeout
        with self._news:
            while not settled() and time.monotonic() < deadline:
                self._news.wait(0.05)
        assert self._said(words), f"vtrace did not say {words!r}:\n{self.stdout}{self.stderr}"

    def stop(self, how: signal.Signals = signal.SIGINT, timeout: float = PATIENCE) -> Result:
        """Sends the signal, then waits for the end."""
        self._process.send_signal(how)
        return self.wait(timeout)

    def wait(self, timeout: float = PATIENCE) -> Result:
        """Waits for the end."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            pytest.fail(f"vtrace is still there after {timeout} s:\n{self.stdout}{self.stderr}")
        for reader in self._readers:
            reader.join()
        return Result(self.stdout, self.stderr, self._process.returncode)

    def end(self) -> None:
        """Kills what still runs and closes what is open."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream
            stream.close()

    def _said(self, words: str) -> bool:
        return any(words.encode() in text for text in self._text.values())

    def _read(self, name: str) -> None:
        stream = getattr(self._process, name)
        while piece := os.read(stream.fileno(), 1 << 16):
            with self._news:
                self._text[name] += piece
                self._news.notify_all()


@pytest.fixture
def tracer() -> Iterator[Callable[..., Tracer]]:
    """Starts `vtrace ARGUMENTS`; what the test does not end is killed."""
    with contextlib.ExitStack() as started:

        def start(*arguments: str) -> Tracer:
            one = Tracer(*arguments)
            started.callback(one.end)
            return one

        yield start


class Workload:
    """One of tests/workloads, waiting at its gate. `facts` is what it said of itself: name, pid, tids ...;
    `stolen_ns` is known with the truth: `Stolen.most_ns` of the work's time."""

    def __init__(self, name: str, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.workloads.{name}", *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.facts: dict[str, Any] = self._line()
        self.pid: int = self.facts["pid"]
        self._come_to_rest()
        self._stolen = Stolen()
        self.stolen_ns = 0

    def open(self) -> None:
        """Opens the gate."""
        self._stolen = Stolen()
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def truth(self) -> dict[str, Any]:
        """What the work came to, when it is done and the process has ended."""
        truth = self._line()
        self.stolen_ns = self._stolen.most_ns()
        self._process.wait(PATIENCE)
        return truth

    def report(self) -> dict[str, Any]:
        """Opens the gate and waits for what the work came to; the process goes on."""
        self.open()
        return self._line()

    def release(self) -> dict[str, Any]:
        """Opens the gate and waits for the truth."""
        self.open()
        return self.truth()

    def end(self) -> None:
        """Kills what still runs and closes what is open."""
        self._process.kill()
        self._process.communicate()

    def _come_to_rest(self) -> None:
        """Waits until its first thread does: what it does on its way to the gate is no part of the work, and who
        attaches meanwhile would see some of it."""
        deadline = time.monotonic() + PATIENCE
        while _runs(self.pid):
            assert time.monotonic() < deadline, f"{self._process.args!r} does not come to its gate"
            time.sleep(0.001)

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"{self._process.args!r} ended without a word"
        said: dict[str, Any] = json.loads(line)
        return said


def _runs(tid: int) -> bool:
    """Whether a thread is on a processor or waits for one: for others, the kernel says what they wait in."""
    with open(f"/proc/{tid}/syscall") as file:
        return file.read().startswith("running")


@pytest.fixture
def workload() -> Iterator[Callable[..., Workload]]:
    """Starts a workload: `workload("getppid_loop", 1000)`; it waits at its gate."""
    with contextlib.ExitStack() as started:

        def start(name: str, *arguments: object) -> Workload:
            one = Workload(name, *arguments)
            started.callback(one.end)
            return one

        yield start


KernelObject = tuple[str, int]
# Seconds. The kernel frees programs after an RCU tasks grace period, a quarter of a second; a busy machine may have to
# wait for one for long.
GONE_WITHIN = PATIENCE


def kernel_objects() -> set[KernelObject]:
    """(kind, id) of every BPF program, map and link; empty for who may not ask, and such a user has made none."""
    return {(kind, number) for kind in NEXT_ID for number in ids(kind)}


def family() -> set[int]:
    """This process and all that descend from it."""
    parents: dict[int, int] = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stat:
            parents[int(pid)] = int(stat.read().rpartition(")")[2].split()[1])
    ours = {os.getpid()}
    while grown := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= grown
    return ours


def held_by_others() -> set[KernelObject]:
    """What processes outside this family hold open: another tracer may run on this machine, and is no fault of ours."""
    ours = family()
    held: set[KernelObject] = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) in ours:
            continue
        with contextlib.suppress(OSError):
            held |= held_by(int(pid))
    return held


def left_over(made: Set[KernelObject]) -> Set[KernelObject]:
    """Those of the objects that are still there, and that nobody outside this family holds."""
    there = made & kernel_objects()
    return there - held_by_others() if there else there


def held_by(pid: int) -> set[KernelObject]:
    """What a process holds open, of what it still has when it is looked at."""
    held: set[KernelObject] = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/fdinfo/{fd}") as info:
            held |= objects_of(info.read())
    return held


def open_files(pid: int) -> dict[int, str]:
    """What a process has open now, by descriptor; what it closes meanwhile is left out."""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
    return found


def objects_of(fdinfo: str) -> set[KernelObject]:
    pairs = (line.partition(":") for line in fdinfo.splitlines())
    return {(kind, int(value)) for key, _, value in pairs for kind in NEXT_ID if key == f"{kind}_id"}


@pytest.fixture(scope="session")
def _made_by() -> Iterator[dict[KernelObject, str]]:
    """Kernel object -> the test after which it was there. All of them have to go, which is waited for once, at the end:
    waiting in every test would cost each a grace period."""
    made_by: dict[KernelObject, str] = {}
    yield made_by
    deadline = time.monotonic() + GONE_WITHIN
    # What others hold can be let go by them at any moment, and is nobody's until the kernel has freed it.
    while (left := left_over(made_by.keys())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left, "left in the kernel: " + ", ".join(f"{kind} {n} by {made_by[kind, n]}" for kind, n in sorted(left))


@pytest.fixture(autouse=True)
def leftovers(request: pytest.FixtureRequest, _made_by: dict[KernelObject, str]) -> Iterator[None]:
    """Fails the run when a test leaves a BPF program, map or link behind, and names the test."""
    before = kernel_objects()
    yield
    for thing in kernel_objects() - before:
        _made_by.setdefault(thing, request.node.nodeid)
