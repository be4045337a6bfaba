"""A kernel that panics before the command starts is started again. The panics are real: these guests' first process
makes them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pyvtrace.vm import cpio, kernels
from pyvtrace.vm.control import Limits
from pyvtrace.vm.job import Job
from pyvtrace.vm.machine import Guest
from pyvtrace.vm.refusal import Panicked, Refused
from pyvtrace.vm.run import Streams, run
from pyvtrace.vm.store import Store, directory
from tests.vm.guests import PATIENCE, children

pytestmark = pytest.mark.usefixtures("kernels")

PANICS = "mount -t proc proc /proc; echo c >/proc/sysrq-trigger; sleep 100"
GIVES_UP = "exit 1"


class Started(NamedTuple):
    """What is said, and noted, of a guest whose first root file system is `initramfs`: `right`, or one that goes
    another way at first."""

    guest: Guest
    initramfs: Path
    right: bytes
    notes: list[str]
    streams: Streams

    def first_process(self, script: str) -> None:
        """The guest's first process shall do this instead. The kernel takes archives one after the other."""
        text = f"#!/bin/busybox sh\nexport PATH=/bin\n{script}\n".encode()
        self.initramfs.write_bytes(self.right + cpio.archive([cpio.file("init", text, 0o755)]))

    def cat(self, limits: Limits, note: Callable[[str], None] | None = None) -> int:
        job = Job(("cat",), "/", {"PATH": os.environ["PATH"]}, "guest", self.guest.kernel.modules)
        return run(self.guest, job, self.streams, limits, pytest.fail, note or self.notes.append)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Started]:
    """With `typed` to read, and where what it says goes to a file."""
    store = Store(directory(), pytest.fail)
    kernel = kernels.choose(store, "6.1", None)
    right = Path(store.initramfs(kernel)).read_bytes()
    read, write = os.pipe()
    os.write(write, b"typed")
    os.close(write)
    with (tmp_path / "said").open("wb") as said:
        streams = Streams(read, said.fileno(), said.fileno())
        yield Started(Guest(kernel, str(tmp_path / "initramfs"), "tcg"), tmp_path / "initramfs", right, [], streams)
    os.close(read)


def test_a_kernel_that_panics_at_first_is_started_again(machine: Started, tmp_path: Path) -> None:
    def note(text: str) -> None:
        machine.notes.append(text)
        if "again" in text:
            assert children(os.getpid()) == {}, "nothing of the guest that panicked is left"
            machine.initramfs.write_bytes(machine.right)

    machine.first_process(PANICS)
    assert machine.cat(Limits(boot=PATIENCE), note) == 0
    assert (tmp_path / "said").read_bytes() == b"typed"
    panicked, up = machine.notes
    assert panicked == "the guest's kernel panicked: sysrq triggered crash; starting it again"
    assert up.startswith("Linux 6.1.")


def test_a_kernel_that_panics_always_is_not_started_for_ever(machine: Started) -> None:
    machine.first_process(PANICS)
    with pytest.raises(Panicked, match=r"(?s)sysrq triggered crash; last words:.*sysrq_handle_crash"):
        machine.cat(Limits(boot=PATIENCE, boots=2))
    assert len(machine.notes) == 1
    assert os.read(machine.streams.stdin, 100) == b"typed", "no input was read"


def test_the_time_for_the_boot_counts_on(machine: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the first guest panics it is late, by our clock, and the second has two seconds left."""
    clock, boot, late, again = time.monotonic, 600.0, [0.0], []
    monkeypatch.setattr("pyvtrace.vm.control.time.monotonic", lambda: clock() + late[0])
    began = clock()

    def note(text: str) -> None:
        again.append(clock())
        late[0] = boot - (clock() - began) - 2
        machine.first_process("sleep 1000")

    machine.first_process(PANICS)
    with pytest.raises(Refused, match="has not started within 600 s"):
        machine.cat(Limits(boot=boot), note)
    assert clock() < again[0] + boot / 2


def test_what_would_happen_again_is_not_tried_again(machine: Started) -> None:
    machine.first_process(GIVES_UP)
    with pytest.raises(Refused, match="Attempted to kill init"):
        machine.cat(Limits(boot=PATIENCE))
    assert machine.notes == []
