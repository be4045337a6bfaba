"""What a check can ask about a command, and the D that counts it.

A metric is a subject ("disk reads", "syscall fsync", an aggregation of the check's own program) seen as a number of
events or as a distribution of times. Everything is about the command and what it starts. Times are in ns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pyvtrace.analysis.compose import FAMILY, FAMILY_CLAUSES, FAMILY_DECLARATION
from pyvtrace.value import Value

# Bounds of its buckets are 2.2 % apart: an effect smaller than that cannot be told from where in a bucket a run fell.
SCALE = 5
# Tells a command that could not be watched from one that did nothing.
ENDED = "check_ended"
ENDS = f"rawtp:::sched_process_exit\n/pid == $target/\n{{\n\t@{ENDED} = count();\n}}\n"


class Subject(Value):
    """A kind of event. `counted` is D in which COUNT stands for what counts, ME for the condition that
    the event is the command's; `timed` the same with TIME(ns), "" where an event takes no time; ADD(n) adds."""

    name: str
    meaning: str
    counted: str
    timed: str = ""
    unit: str = ""


_READ, _WRITE = "(args[0]->b_flags & B_READ)", "(args[0]->b_flags & B_WRITE)"
# Its end comes in an interrupt, to whoever is there: the request remembers.
_TIMED_IO = """\
io:::start
/ME && CONDITION/
{
	check_began_ID[args[0]->b_edev, args[0]->b_blkno] = timestamp;
}

io:::done
/check_began_ID[args[0]->b_edev, args[0]->b_blkno]/
{
	TIME(timestamp - check_began_ID[args[0]->b_edev, args[0]->b_blkno]);
	check_began_ID[args[0]->b_edev, args[0]->b_blkno] = 0;
}
"""
_TIMED_CALL = """\
syscall::CALL:entry
/ME/
{
	self->check_began_ID = timestamp;
}

syscall::CALL:return
/self->check_began_ID/
{
	TIME(timestamp - self->check_began_ID);
	self->check_began_ID = 0;
}
"""
# FUTEX_WAIT, FUTEX_LOCK_PI, FUTEX_WAIT_BITSET and FUTEX_LOCK_PI2, whatever their flags.
WAITS = "((arg1 & 127) == 0 || (arg1 & 127) == 6 || (arg1 & 127) == 9 || (arg1 & 127) == 13)"


def _counted(probe: str, condition: str = "") -> str:
    return f"{probe}\n/ME{condition and ' && ' + condition}/\n{{\n\tCOUNT;\n}}\n"


def _requests(name: str, meaning: str, condition: str) -> Subject:
    return Subject(name, meaning, _counted("io:::start", condition), _TIMED_IO.replace("CONDITION", condition or "1"))


SUBJECTS: Mapping[str, Subject] = {
    subject.name: subject
    for subject in (
        _requests("disk reads", "requests to read from a disk", _READ),
        _requests("disk writes", "requests to write to a disk", _WRITE),
        _requests("disk requests", "requests to a disk", ""),
        Subject(
            "disk bytes",
            "bytes read from disks and written to them",
            "io:::start\n/ME/\n{\n\tADD(args[0]->b_bcount);\n}\n",
            unit="B",
        ),
        Subject("page faults", "accesses to memory that was not there yet", _counted("rawtp:::page_fault_user")),
        Subject(
            "lock contention",
            "waits for a lock, of the kernel or a futex",
            _counted("rawtp:::contention_begin") + _counted("syscall::futex:entry", WAITS),
        ),
        Subject("context switches", "times a thread left its processor", _counted("rawtp:::sched_switch")),
        Subject("processes", "processes and threads started", _counted("rawtp:::sched_process_fork")),
        Subject("syscalls", "system calls", _counted("syscall:::entry")),
    )
}


class Metric(Value):
    """A subject and how it is seen. `subject` is a name of SUBJECTS, "syscall NAME", or "@NAME" of the check's own
    program; `timed` is whether its times are asked for, or only how many events there were."""

    subject: str
    timed: bool

    @property
    def name(self) -> str:
        """As reports and baselines call it."""
        return f"time of {self.subject}" if self.timed else self.subject

    @property
    def unit(self) -> str:
        if self.timed:
            return "ns"
        return SUBJECTS[self.subject].unit if self.subject in SUBJECTS else ""

    @property
    def own(self) -> bool:
        """Whether the check's own program aggregates it."""
        return self.subject.startswith("@")


def subject_of_call(call: str) -> Subject:
    """A system call by its name."""
    return Subject(
        f"syscall {call}", f"calls of {call}", _counted(f"syscall::{call}:entry"), _TIMED_CALL.replace("CALL", call)
    )


def subject(name: str) -> Subject:
    """What a metric's `subject` names, other than an aggregation."""
    return SUBJECTS[name] if name in SUBJECTS else subject_of_call(name.removeprefix("syscall "))


def aggregation(place: int) -> str:
    """The name of the aggregation that the metric at this place of a program is counted in."""
    return f"check_{place}"


def program(metrics: Sequence[Metric], own: str = "") -> str:
    """The D that measures: a clause or two a metric, `own` (which is narrowed already), and one that notes the end of
    the command, so that a command that could not be watched is told from one that did nothing."""
    parts = ["#pragma D option quiet\n", FAMILY_DECLARATION, declarations(metrics)]
    for place, metric in enumerate(metrics):
        if not metric.own:
            parts.append(clauses(metric, place))
    parts.append(own if own.endswith("\n") or not own else own + "\n")
    parts += [ENDS, FAMILY_CLAUSES]
    return "\n".join(part for part in parts if part)


def filled(text: str, place: int, who: str = FAMILY) -> str:
    """D with a condition in place of ME, and names of its own in place of those that end with _ID."""
    return re.sub(r"_ID\b", f"_{place}", re.sub(r"\bME\b", who, text))


def declarations(metrics: Sequence[Metric]) -> str:
    """The variables of the clauses of metrics, by their places."""
    timed = [place for place, metric in enumerate(metrics) if metric.timed and metric.subject.startswith("disk")]
    return "".join(f"uint64_t check_began_{place}[dev_t, uint64_t];\n" for place in timed)


def clauses(metric: Metric, place: int, who: str = FAMILY) -> str:
    """The D that aggregates a metric in the aggregation of its place."""
    what, at = subject(metric.subject), aggregation(place)
    d = what.timed if metric.timed else what.counted
    d = filled(d, place, who).replace("COUNT", f"@{at} = count()")
    d = re.sub(r"\bTIME\((.*)\);", rf"@{at} = exphist(\1, {SCALE});", d)
    return re.sub(r"\bADD\((.*)\);", rf"@{at} = sum(\1);", d)
