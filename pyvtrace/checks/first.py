"""A first spec for a command: what it did once, as a budget."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Sequence

from pyvtrace.analysis.compose import FAMILY_CLAUSES, FAMILY_DECLARATION
from pyvtrace.checks.measure import Command, measure, watched
from pyvtrace.checks.metrics import ENDS, Metric, filled

# Calls whose number is about what a program asks of the disk and of others, not about how it passes its time.
_TELLING = (
    "fsync", "fdatasync", "sync", "execve", "openat", "unlink", "unlinkat", "rename", "renameat2", "connect", "sendto",
    "sendmsg", "read", "pread64", "write", "pwrite64", "mmap", "clone", "clone3", "fork", "vfork",
)  # fmt: skip
_COUNTED = ("disk reads", "disk writes")
_TRIALS = 3


_EVERYTHING = """\
#pragma D option quiet

syscall:::entry
/ME/
{
	self->began = timestamp;
	@calls[probefunc] = count();
}

syscall:::return
/self->began/
{
	@times[probefunc] = sum(timestamp - self->began);
	self->began = 0;
}

"""


def first_spec(command: Sequence[str], calls: Collection[str], say: Callable[[str], None]) -> str:
    """TOML with one check: the counts that were the same in three runs, as budgets; a latency of the call that took
    most time against the baseline to come.

    Raises:
        CheckError: the command cannot be run or watched.
    """
    line = shlex.join(command)
    run = Command(line)
    seen = []
    for number in range(_TRIALS + 1):
        say(f"watching {line}: {'warming up' if not number else f'{number} of {_TRIALS}'}")
        counts, slowest = _calls(run)
        disks = measure(run, [Metric(subject, False) for subject in _COUNTED]).seen
        if number:
            seen.append({**counts, **{name: int(value) for name, value in disks.items() if isinstance(value, int)}})
    steady = [name for name in seen[0] if all(one.get(name) == seen[0][name] for one in seen)]
    sentences = [f"syscall {call} <= {seen[0][call]}" for call in _TELLING if call in steady and call in calls]
    sentences += [f"no {call}" for call in ("fsync", "execve") if all(call not in one for one in seen)]
    sentences += [f"{name} <= {seen[0][name]}" for name in _COUNTED if name in steady]
    # Relative: what is a fair time here is not one elsewhere.
    sentences += [f"p99({slowest}) <= +25 %"] if slowest else []
    name = command[0].rpartition("/")[2] or "command"
    listed = "".join(f"    {_quoted(sentence)},\n" for sentence in sentences)
    return (
        "# What is asserted was so in three runs of the command. Relative assertions need a baseline:\n"
        "#     vtrace check record -o base.json; vtrace check --baseline base.json\n"
        f"[[check]]\nname = {_quoted(name)}\ncommand = {_quoted(line)}\nruns = 5\nassert = [\n{listed}]\n"
    )


def _calls(command: Command) -> tuple[dict[str, int], str]:
    """How often each system call was made, and which one took most of the time."""
    text = FAMILY_DECLARATION + filled(_EVERYTHING, 0) + ENDS + FAMILY_CLAUSES
    snapshot, _ = watched(command, text)
    counts = {str(call): int(value) for (call,), value in snapshot["calls"].items() if isinstance(value, int)}
    times = [(value, str(call)) for (call,), value in snapshot["times"].items() if isinstance(value, int)]
    return counts, max(times)[1] if times else ""


def _quoted(text: str) -> str:
    """A TOML basic string."""
    import json

    return json.dumps(text, ensure_ascii=False)
