"""bcc's own tools, unmodified, with headers made of BTF: each is asked about something whose answer is known.

Tools without kprobes only: these run on any kernel.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pyvtrace.cprobes import tools
from pyvtrace.cprobes.words import words
from tests.conftest import PATIENCE, VTRACE, RunVtrace, Workload

Start = Callable[..., Workload]
Trace = Callable[..., Any]


@pytest.fixture(autouse=True)
def unbuffered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools say that they trace when they do."""
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")


def test_syscount_counts_exactly(tracer: Trace, workload: Start) -> None:
    work = workload("getppid_loop", 4321)
    tool = tracer("bcc", "syscount", "-p", str(work.pid))
    tool.wait_for("Ctrl+C to quit")
    work.release()
    assert re.search(r"^getppid\s+4321$", tool.stop().stdout, re.MULTILINE)


def test_a_probe_of_trace_is_made_of_its_arguments(tracer: Trace, workload: Start) -> None:
    """The tree has what the arguments name, too: the script itself has no word of task_struct's members."""
    work = workload("forker", 2)
    tool = tracer("bcc", "trace", 't:sched:sched_process_exit "pid %d", args->pid')
    tool.wait_for("FUNC")
    children = work.release()["children"]
    # Each processor has a buffer of its own: what came last need not be printed last.
    for child in children:
        tool.wait_for(f"pid {child}\n")
    said = tool.stop().stdout
    assert all(said.count(f"pid {child}\n") == 1 for child in children)


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        (("runqlat", "1", "1"), r"usecs\s+: count\s+distribution\n(\s+\d+ -> \d+\s+: \d+.*\n)+"),
        (("runqlen", "1", "1"), r"runqlen\s+: count\s+distribution\n(\s+\d+\s+: \d+.*\n)+"),
        (("hardirqs", "1", "1"), r"HARDIRQ\s+TOTAL_usecs\n"),
        (("softirqs", "1", "1"), r"SOFTIRQ\s+TOTAL_usecs\n(\w+\s+\d+\n)*(timer|sched|rcu)\s+\d+\n"),
        (("profile", "-f", "1"), r"^[^\n]+ \d+$"),
        (("syscount", "-d", "1", "-L"), r"SYSCALL\s+COUNT\s+TIME \(us\)\n"),
        (("argdist", "-n", "1", "-i", "1", "-C", "t:sched:sched_switch():u32:args->prev_pid"), r"COUNT\s+EVENT\n"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_a_tool_runs_to_its_end(vtrace: RunVtrace, workload: Start, arguments: tuple[str, ...], shape: str) -> None:
    """While one process sleeps and wakes all the time, and another runs: there is something to see."""
    work = workload("sleeper", 100_000, 1)
    work.open()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            done = vtrace("bcc", *arguments)
        finally:
            busy.kill()
    work.end()
    assert "Traceback" not in done.stderr
    assert done.status == 0, done.stderr
    assert re.search(shape, done.stdout, re.MULTILINE), done.stdout


def test_the_words_of_a_tool_are_those_of_all_it_is_made_of() -> None:
    """netqtop keeps its program in a file of its own; pythoncalls is a shell script over another."""
    assert "net_device" in words("\n".join(tools._texts(tools.find("netqtop")))).names
    assert "linux/netdevice.h" in words("\n".join(tools._texts(tools.find("netqtop")))).includes


def test_any_script_runs_with_its_arguments_and_status(vtrace: RunVtrace, tmp_path: Any) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "#!/usr/bin/python3\n"
        "import os, sys\n"
        "from bcc import BPF\n"
        "b = BPF(text='struct task_struct; BPF_HASH(n, u32); RAW_TRACEPOINT_PROBE(sys_enter) { u32 pid ="
        " bpf_get_current_pid_tgid() >> 32; if (ctx->args[1] == 110) n.increment(pid); return 0; }')\n"
        "for _ in range(50): os.getppid()\n"
        "print(sys.argv[1:], b['n'][__import__('ctypes').c_uint(os.getpid())].value)\n"
        "sys.exit(9)\n"
    )
    done = vtrace("bcc", str(path), "one", "--two")
    assert (done.stdout, done.status) == ("['one', '--two'] 50\n", 9), done.stderr


def test_the_kernels_own_mounts_stay_as_they_were(tmp_path: Any) -> None:
    """What a tool finds mounted is in a namespace of its own. As this is, for others may mount something meanwhile."""
    script = 'cat /proc/mounts >before && "$@" >out && cat /proc/mounts >after'
    subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", VTRACE, "bcc", "runqlen", "1", "1"],
                   cwd=tmp_path, check=True, timeout=PATIENCE)  # fmt: skip
    assert "runqlen" in (tmp_path / "out").read_text()
    assert (tmp_path / "before").read_text() == (tmp_path / "after").read_text()
