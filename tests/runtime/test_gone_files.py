"""Probes in files of processes that end while the probes are put in place."""

from __future__ import annotations

import os

import pytest

from pyvtrace.kernel.syscall import KernelError
from pyvtrace.kernel.target import LiveTarget
from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Session
from pyvtrace.source import Source
from pyvtrace.spec import Uprobes
from pyvtrace.value import replace

# Above the highest number that a process can have.
NOBODY = 4194305


def attach_in(file: str) -> None:
    """Attach a probe that was compiled for malloc() to the same place of another file."""
    target = LiveTarget()
    spec = compile_text(Source("x", "pid$target:libc:malloc:entry { @ = count(); }"), target, {}, (), os.getpid())
    (program,) = spec.programs
    assert isinstance(program.attach, Uprobes)
    points = tuple(replace(point, file=file) for point in program.attach.points)
    moved = replace(program, attach=replace(program.attach, points=points, pid=0))
    with Session(replace(spec, programs=(moved,)), target) as session:
        session.attach()


def test_a_file_behind_the_root_of_a_process_goes_with_it() -> None:
    attach_in(f"/proc/{NOBODY}/root/lib/libc.so.6")


def test_any_other_file_has_to_be_there() -> None:
    with pytest.raises(KernelError, match=r"/nowhere/libc\.so\.6: No such file or directory"):
        attach_in("/nowhere/libc.so.6")
