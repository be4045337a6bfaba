"""What a block of Python asks of the kernel, and the pytest plugin that judges it: in this process, and in a pytest of
its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyvtrace.checks.problems import CheckError
from pyvtrace.checks.watch import Time, ms, us, watch

Pytest = Callable[..., subprocess.CompletedProcess[str]]


def test_a_block_is_watched_and_nothing_else(tmp_path: Path) -> None:
    file = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    os.write(file, b"before")
    with watch("syscalls") as seen:
        for _ in range(7):
            os.write(file, b"x")
        os.fsync(file)
    os.write(file, b"after")
    assert seen.count("write") == 7
    assert seen.count("syscall fsync") == 1
    assert seen.count("execve") == 0
    # The session that watches makes calls of its own: none of them is seen, nor the switch.
    assert set(seen.calls) <= {"write", "fsync"}
    assert seen.count("syscalls") == 8
    assert seen.latency("write").count == 7
    assert 0 < seen.latency("write").p50 <= seen.latency("write").max <= seen.latency("fsync").max + ms(1000)


def test_a_sleep_takes_its_time() -> None:
    with watch() as seen:
        time.sleep(0.02)
    took = seen.latency("clock_nanosleep")
    assert ms(20) <= took.max < ms(2000)
    assert isinstance(took.max, Time)
    assert us(1500) == ms(1.5) == 1_500_000


def test_children_are_watched_too() -> None:
    with watch("processes", "syscalls") as seen:
        subprocess.run(["/bin/true"], check=True)
    assert seen.count("processes") == 1
    assert seen.count("execve") == 1


def test_a_program_of_ones_own() -> None:
    reader, writer = os.pipe()
    with watch("syscall::write:entry { @bytes = sum(arg2); @sizes = exphist(arg2); }") as seen:
        os.write(writer, b"123")
        os.write(writer, b"12345")
    os.close(reader)
    os.close(writer)
    assert seen.count("@bytes") == 8
    assert (seen.count("@sizes"), seen.latency("@sizes").max) == (2, 5)
    with pytest.raises(CheckError, match="read was not watched"):
        seen.count("read")
    with pytest.raises(CheckError, match="no times are known of @bytes"):
        seen.latency("@bytes")


def test_what_did_not_happen_has_no_latency_and_what_is_nothing_is_refused() -> None:
    with watch() as seen, pytest.raises(CheckError, match="not over"):
        seen.count("read")
    with pytest.raises(CheckError, match="there was no fsync"):
        seen.latency("fsync")
    with pytest.raises(CheckError, match="did you mean 'disk reads'"), watch("disk raeds"):
        pass


# ------------------------------------------------------------------------------------------------------ the plugin


_HEAD = "import os, time, pytest\nfrom pyvtrace.checks.watch import ms\n"


@pytest.fixture
def run_pytest(tmp_path: Path) -> Pytest:
    """Runs pytest on a file of tests, in a process and a directory of its own."""

    def run(
        tests: str, *options: str, ini: str = "", prefix: tuple[str, ...] = (), head: str = _HEAD
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
        (tmp_path / "test_it.py").write_text(head + tests)
        command = [*prefix, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, str(tmp_path)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    return run


def test_the_fixture_and_a_failure_with_its_histogram(run_pytest: Pytest) -> None:
    ran = run_pytest(
        """
def test_holds(vtrace):
    with vtrace.watch("syscalls") as seen:
        os.stat("/")
    assert seen.count("fsync") == 0

def test_fails(vtrace):
    with vtrace.watch("syscalls") as seen:
        time.sleep(0.03)
    assert seen.latency("clock_nanosleep").p99 < ms(5)
"""
    )
    assert "1 failed, 1 passed" in ran.stdout, ran.stdout
    told = re.search(r"p99\(clock_nanosleep\) ([\d.]+)ms < 5\.00ms", ran.stdout)
    # A machine that is busy lets it sleep longer, and none less.
    assert told is not None and float(told[1]) >= 30, ran.stdout
    assert "|@@@@@@@@@@@@@@@" in ran.stdout.replace(" ", "")


def test_the_marker_judges_a_test(run_pytest: Pytest) -> None:
    ran = run_pytest(
        """
@pytest.mark.vtrace("no fsync", "syscall write <= 1", "max(write) < 60s")
def test_holds(tmp_path):
    os.write(os.open(tmp_path / "x", os.O_WRONLY | os.O_CREAT), b"x")

@pytest.mark.vtrace("no fsync", "disk bytes < 1G")
def test_breaks(tmp_path):
    os.fsync(os.open(tmp_path / "x", os.O_WRONLY | os.O_CREAT))

@pytest.mark.vtrace("no fsnc")
def test_says_nothing():
    pass

@pytest.mark.vtrace("p99(read) <= +5 %")
def test_is_relative():
    pass

@pytest.mark.vtrace
def test_asserts_nothing():
    pass
"""
    )
    assert "4 failed, 1 passed" in ran.stdout, ran.stdout
    assert "no fsync: syscall fsync was 1" in ran.stdout
    assert "nothing is known of 'fsnc'; did you mean 'fsync'?" in ran.stdout
    assert "is about a baseline: a test has none" in ran.stdout
    assert "the marker vtrace asserts nothing" in ran.stdout


_WATCHES = """
def test_watches(vtrace):
    with vtrace.watch() as seen:
        pass
    assert seen.count("fsync") == 0
"""


@pytest.mark.parametrize(("ini", "outcome"), [("", "1 failed"), ("vtrace_unprivileged = skip", "1 skipped")])
def test_without_privilege_nothing_passes(run_pytest: Pytest, ini: str, outcome: str) -> None:
    # Root without capabilities may read its virtual environment, and may not load programs.
    drop = ("setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon", "--no-new-privs")
    ran = run_pytest(_WATCHES, "-rs", ini=ini, prefix=drop)
    assert outcome in ran.stdout, ran.stdout
    assert "CAP_BPF" in ran.stdout


def test_several_workers_watch_at_once(run_pytest: Pytest) -> None:
    tests = "@pytest.mark.parametrize('n', range(8))\ndef test_counts(vtrace, n):\n"
    tests += "    with vtrace.watch() as seen:\n        for _ in range(n):\n            os.getppid()\n"
    tests += "    assert seen.count('getppid') == n\n"
    ran = run_pytest(tests, "-n", "2")
    assert "8 passed" in ran.stdout, ran.stdout + ran.stderr


def test_a_run_that_watches_nothing_imports_nothing(run_pytest: Pytest) -> None:
    ran = run_pytest(
        """
def test_nothing():
    loaded = {name for name in sys.modules if name.startswith("pyvtrace.")}
    assert loaded == {"pyvtrace.checks", "pyvtrace.checks.pytest_plugin"}
""",
        head="import sys\n",
    )
    assert "1 passed" in ran.stdout, ran.stdout
