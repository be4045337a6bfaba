"""What is kept of one thread, for those who ask about one that still waits: the kernel runs this program then."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from pyvtrace.analysis.bubbles.storage import WORD, Places, Words, storage
from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.assembler import assemble
from pyvtrace.bpf.isa import R0, R1, R2, R3, R6, R7, R8, R10, Code, Label, call, jump_if, leave, load, mov, store
from pyvtrace.bpf.programs import TRACING
from pyvtrace.compile.code import code_spec
from pyvtrace.spec import CodeSpec, TaskIterator
from pyvtrace.target import Target

NAME = "kept"
# What follows a thread's storage: its number, and when it last got a processor.
_THREAD, _ARRIVAL = -16, -8  # on the stack
_MORE = 2


def told_of(words: Words, target: Target) -> CodeSpec:
    """The program."""
    return code_spec(assemble(_asked(words, target)), NAME, TRACING, TaskIterator())


def _asked(words: Words, target: Target) -> Code:
    """Its context is (what to write to, the thread or nothing)."""
    places, end = Places(target), Label("end")
    tid = target.member("task_struct", "pid")
    yield load(R6, R1, 0)
    yield load(R7, R1, 8)
    yield jump_if(R7, "==", 0, end)
    yield mov(R2, R7)
    yield from storage(end)
    yield mov(R8, R0)
    yield load(R1, R7, places.arrival.offset)
    yield store(R10, _ARRIVAL, R1)
    yield mov(R1, 0)
    if tid is not None:
        yield load(R1, R7, tid.offset, 4)
    yield store(R10, _THREAD, R1)
    yield load(R1, R6, 0)
    yield mov(R2, R8)
    yield mov(R3, size(words))
    yield call(h.SEQ_WRITE)
    yield load(R1, R6, 0)
    yield mov(R2, R10)
    yield R2 + _THREAD
    yield mov(R3, _MORE * WORD)
    yield call(h.SEQ_WRITE)
    yield end
    yield mov(R0, 0)
    yield leave()


def size(words: Words) -> int:
    """Of a thread's storage, in bytes."""
    return WORD * len(words)


def most(words: Words) -> int:
    """Bytes of an answer."""
    return size(words) + _MORE * WORD


class Kept(dict[str, int]):
    """The variables of a thread by their names. `gone` is when it left its processor, by the scheduler's clock: 0 if
    it has one, or was never seen to leave; short waits are counted up to then. `asked` is when it asked the device for
    what it waits for, 0 if it asked for nothing."""

    def __init__(self, variables: Mapping[str, int], arrival: int) -> None:
        super().__init__(variables)
        self.gone = self["off"]
        if 0 < self.gone < arrival:
            self["brief"] += arrival - self.gone
            self.gone = 0
        self.asked = self["asked"] if self["sleeps"] == self["naps"] + 1 else 0


def nothing(words: Words) -> Kept:
    """What is kept of a thread of which nothing was seen."""
    return Kept(dict.fromkeys(words, 0), 0)


def read(words: Words, answer: bytes, tid: int) -> Kept | None:
    """None if it is not about that thread."""
    if len(answer) != most(words):
        return None
    found = struct.unpack(f"<{len(answer) // WORD}Q", answer)
    thread, arrival = found[-_MORE:]
    return Kept({word: found[place // WORD] for word, place in words.items()}, arrival) if thread == tid else None
