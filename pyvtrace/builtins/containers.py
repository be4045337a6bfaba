"""Which container a thread is in, from the names of its cgroups."""

from __future__ import annotations

from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf.isa import R0, R1, R2, R3, R4, R5, R8, R9, Code, Label, call, jump, jump_if, load, mov, store
from pyvtrace.builtins.machine import Machine
from pyvtrace.builtins.walks import at_index, each_byte, is_equal
from pyvtrace.lang.vocabulary import Variable

CONTAINER_SIZE = 16
_DIGITS, _SHOWN = 64, 12
# "cri-containerd-", the digits, ".scope": a name that is longer names no container.
_NAME = 128
# The cgroup of a thread, and those above: a container may have cgroups of its own, as systemd in one makes them.
_LEVELS = 6
_PATH = (("task_struct", "cgroups"), ("css_set", "dfl_cgrp"), ("cgroup", "kn"))


def container(m: Machine, variable: Variable) -> Code:
    """The first 12 digits of the id, as docker, podman and crictl show it; "" outside of containers.

    Runtimes put the 64 hexadecimal digits of the id into the name of the container's cgroup: the digits alone, or
    `docker-…scope`, `libpod-…scope`, `cri-containerd-…scope`, `crio-…scope`. The nearest name with room for
    them counts.
    """
    path = [m.target.member(*step) for step in _PATH]
    # Linux 6.15 renamed the member (kernel commit 633488947ef6).
    up = m.target.member("kernfs_node", "__parent") or m.target.member("kernfs_node", "parent")
    name = m.target.member("kernfs_node", "name")
    if up is None or name is None or None in path:
        yield from m.text(R0, "")
        return
    none, found, done = Label("no container"), Label("long name"), Label("done")
    yield from m.need("scratch")
    yield from m.need("task")
    text, node, pointer = m.buffer(_NAME + CONTAINER_SIZE), m.buffer(8), m.buffer(8)
    yield mov(R0, R8)
    for place in path:
        assert place is not None
        yield load(R0, R0, place.offset)
    yield from m.save(node)
    for _ in range(_LEVELS):
        yield from _follow(m, node, name.offset, pointer)
        yield mov(R3, R0)
        yield from m.address(R1, text)
        yield mov(R2, _NAME)
        yield call(h.PROBE_READ_KERNEL_STR)
        yield jump_if(R0, "s>", _DIGITS, found)
        yield from _follow(m, node, up.offset, node)
        yield jump_if(R0, "==", 0, none)
    yield jump(none)
    yield found
    # Behind the name is what a longer one left there.
    yield R0 & (_NAME - 1)
    yield R0 + R9
    yield store(R0, text.offset, 0, 1)
    yield from _find_digits(text)
    yield jump_if(R2, "==", 0, none)
    yield R2 - (_DIGITS - 1)
    yield from at_index(m, text, R2, _NAME)
    yield store(R0, _SHOWN, 0, 1)
    yield jump(done)
    yield none
    yield from m.text(R0, "")
    yield done


def _follow(m: Machine, node: Any, offset: int, into: Any) -> Code:
    """R0 and `into` = the pointer at `offset` of what `node` points to. What went through memory is a number to the
    verifier, and has to be read."""
    yield from m.restore(R3, node)
    yield R3 + offset
    yield from m.address(R1, into)
    yield mov(R2, 8)
    yield call(h.PROBE_READ_KERNEL)
    yield from m.restore(R0, into)


def _find_digits(text: Any) -> Code:
    """R2 = the index of the last digit of the id; 0 if there are not so many in a row."""

    def body() -> Code:
        """R1: digits in a row up to here."""
        yield mov(R5, R0)
        yield R5 - ord("0")
        yield mov(R3, R5)
        yield R3 - 10
        yield R3 >> 63
        yield R5 >> 63
        yield R3 ^ R5
        yield R0 - ord("a")
        yield mov(R5, R0)
        yield R5 - 6
        yield R5 >> 63
        yield R0 >> 63
        yield R5 ^ R0
        yield R3 | R5
        yield R1 + 1
        yield R1.alu("*", R3)
        # The index of the 64th, kept from where there is one.
        yield mov(R3, R1)
        yield from is_equal(R3, _DIGITS)
        yield R3.alu("*", R4)
        yield R2 | R3

    yield mov(R1, 0)
    yield mov(R2, 0)
    yield from each_byte(text, _NAME, body)
