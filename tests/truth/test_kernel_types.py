"""Arguments of tracepoints that point to the kernel's structs, against a workload that knows whom it started."""

from __future__ import annotations

from typing import Any

from tests.truth.live import Trace

PROGRAM = """
rawtp:sched::sched_process_fork
/args->parent->tgid == $1 && args[1]->pid == args->child->tgid/
{
	@children[args->child->tgid, args->child->real_parent->tgid, args->child->comm] = count();
}
"""


def test_members_behind_arguments_are_those_of_the_processes(workload: Any) -> None:
    work = workload("forker", 5)
    with Trace(PROGRAM, work.pid) as trace:
        truth = work.release()
    assert trace.values("children") == {(child, work.pid, "forker"): 1 for child in truth["children"]}
