"""Functions of the kernel in each way in which it puts probes there, against reads and writes of this process: fentry,
one kprobe.multi for all, and a perf event each. All count the same, and know the same arguments."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

from pyvtrace.kernel import features
from pyvtrace.spec import FunctionTrace, Kprobes
from pyvtrace.value import replace
from tests.truth.live import Trace

CALLS, SIZE = 200, 777
FEW = "fbt::vfs_read:KIND, fbt::vfs_write:KIND"
MANY = "fbt::vfs_*:KIND"
# The ways that are left when the kernel is said not to have some, and what is asked of each.
WAYS = {
    "fentry": ((), FEW),
    "kprobe multi": ((), MANY),
    "kprobe multi for few": (("fentry",), FEW),
    "perf events": (("kprobe multi",), MANY),
    "perf events for few": (("fentry", "kprobe multi"), FEW),
}


@pytest.fixture(params=WAYS)
def places(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A description with KIND in place of `entry` or `return`."""
    unwanted, description = WAYS[request.param]
    deny(monkeypatch, unwanted)
    return description


def deny(monkeypatch: pytest.MonkeyPatch, names: Iterable[str]) -> None:
    for name in names:
        monkeypatch.setitem(features._answers, name, replace(features.ask(name), works=False, reason="not wanted"))


def work() -> None:
    source, sink = os.open("/dev/zero", os.O_RDONLY), os.open("/dev/null", os.O_WRONLY)
    for _ in range(CALLS):
        os.write(sink, os.read(source, SIZE))
    os.close(source)
    os.close(sink)


def test_entries_know_their_arguments(places: str) -> None:
    """Of `vfs_*` some have no third argument, and what is in its register then is no 777 of this process."""
    text = f"{places.replace('KIND', 'entry')} /pid == $1 && arg2 == {SIZE}/ {{ @[probefunc, probename] = count(); }}"
    with Trace(text, os.getpid()) as trace:
        work()
    found = trace.values()
    assert (found["vfs_read", "entry"], found["vfs_write", "entry"]) == (CALLS, CALLS)
    assert trace.dropped("missed") == 0


def test_returns_know_their_results(places: str) -> None:
    text = f"{places.replace('KIND', 'return')} /pid == $1 && arg1 == {SIZE}/ {{ @[probefunc, arg0] = count(); }}"
    with Trace(text, os.getpid()) as trace:
        work()
    assert trace.values() == {("vfs_read", -1): CALLS, ("vfs_write", -1): CALLS}


@pytest.mark.parametrize("unwanted", [(), ("fentry",), ("fentry", "kprobe multi")], ids=["fentry", "multi", "perf"])
def test_typed_arguments_are_the_same_in_every_way(unwanted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    deny(monkeypatch, unwanted)
    text = f"""
        fbt::vfs_read:entry /pid == $1 && args[2] == {SIZE}/ {{
            @names[stringof(args[0]->f_path.dentry->d_name.name)] = count(); self->in = 1;
        }}
        fbt::vfs_read:return /self->in/ {{ @results[args[1]] = count(); self->in = 0; }}
    """
    with Trace(text, os.getpid()) as trace:
        work()
    assert trace.values("names") == {("zero",): CALLS}
    assert trace.values("results") == {(SIZE,): CALLS}
    attached = {type(program.attach) for program in trace.session.spec.programs}
    assert (FunctionTrace in attached, Kprobes in attached) == (not unwanted, bool(unwanted))


def test_many_are_one_program() -> None:
    """Cookies tell the program its places, however many there are; clauses for all and for one tell them apart."""
    text = f"""
        fbt::vfs_*:entry /pid == $1 && arg2 == {SIZE}/ {{ @all[probefunc] = count(); }}
        fbt::vfs_read:entry /pid == $1 && arg2 == {SIZE}/ {{ @one = count(); }}
    """
    with Trace(text, os.getpid()) as trace:
        work()
    programs = [p.attach for p in trace.session.spec.programs if isinstance(p.attach, Kprobes)]
    assert len(programs) == 1 and len(programs[0].points) > 30
    assert trace.values("one") == {(): CALLS}
    assert trace.values("all")[("vfs_write",)] == CALLS
