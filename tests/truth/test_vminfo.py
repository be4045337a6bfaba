"""The vminfo provider against programs that know how many pages they used, and how."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from tests.truth.live import Missed, Trace, again_if_missed
from tests.workloads.slowdisk import SlowDisk

# What the workload does between its two calls of getppid, by probe.
PROGRAM = """
self int inside;
syscall::getppid:entry /pid == $1/ { self->inside = !self->inside; }
vminfo::: /self->inside/ { @sums[probename] = sum(arg0); @counts[probename] = count(); }
"""


def told(work: Any, *extra: str) -> tuple[dict[str, int], dict[str, int]]:
    """Sums and numbers of firings, by probe."""
    with Trace(PROGRAM + "".join(extra), work.pid) as trace:
        work.release()
    return tuple({key[0]: value for key, value in trace.values(name).items()} for name in ("sums", "counts"))  # type: ignore[return-value]


@pytest.fixture
def disk() -> Any:
    with SlowDisk(0, writable=True) as disk:
        make = ["mkfs.ext4", "-q", "-F", "-b", "4096", "-O", "^has_journal", "-E", "nodiscard,lazy_itable_init=0"]
        subprocess.run([*make, disk.path], check=True, capture_output=True)
        yield disk


@pytest.mark.fires("vminfo:::as_fault", "vminfo:::zfod")
@pytest.mark.parametrize("pages", [1, 100, 3000])
def test_pages_touched_are_faults_and_filled_with_zeroes(workload: Any, pages: int) -> None:
    sums, counts = told(workload("memory_user", "anonymous", pages))
    assert sums == counts == {"as_fault": pages, "zfod": pages}


@pytest.mark.fires("vminfo:::cow_fault", "vminfo:::prot_fault")
@pytest.mark.parametrize("pages", [1, 500])
def test_pages_written_while_a_child_has_them_are_copied(workload: Any, pages: int) -> None:
    sums, _ = told(workload("memory_user", "copied", pages))
    assert sums == {"as_fault": pages, "cow_fault": pages, "prot_fault": pages}


@pytest.mark.fires("vminfo:::maj_fault", "vminfo:::pgin", "vminfo:::pgpgin", "vminfo:::fspgin")
def test_pages_of_a_file_that_are_not_in_memory_are_major_faults_and_read(workload: Any, disk: Any) -> None:
    sums, counts = told(workload("memory_user", "file", 40, disk.path))
    assert sums == counts == dict.fromkeys(("as_fault", "maj_fault", "pgin", "pgpgin", "fspgin"), 40)


@pytest.mark.fires("vminfo:::pgout", "vminfo:::pgpgout", "vminfo:::fspgout")
def test_pages_that_are_synchronized_are_written(workload: Any, disk: Any) -> None:
    sums, counts = told(workload("memory_user", "saved", 30, disk.path))
    for name in ("pgout", "pgpgout", "fspgout"):
        assert sums[name] == counts[name] == 30


def test_what_is_read_past_the_page_cache_is_no_paging(workload: Any) -> None:
    with SlowDisk(0) as disk:
        sums, _ = told(workload("memory_user", "direct", 16, disk.path))
    assert sums == {}


@pytest.mark.fires("vminfo:::anonpgin", "vminfo:::anonpgout")
def test_memory_that_is_swapped_is_written_once_and_read_once(workload: Any) -> None:
    sums, counts = told(workload("memory_user", "swapped", 64))
    assert sums["anonpgout"] == sums["pgpgout"] == sums["anonpgin"] == sums["pgpgin"] == 64
    assert counts["pgin"] == counts["anonpgin"]
    assert counts["pgout"] == counts["anonpgout"]
    assert 1 <= sums["maj_fault"] <= sums["as_fault"]
    assert not {"fspgin", "fspgout", "zfod"} & set(sums)


class OthersToo(Missed):
    """Memory of somebody else's was taken back meanwhile, which the system's counters have as well."""


@pytest.mark.fires("vminfo:::scan", "vminfo:::dfree")
@pytest.mark.parametrize(
    ("kind", "count", "other"),
    [
        pytest.param("file", "fsfree", "anonfree", marks=pytest.mark.fires("vminfo:::fsfree")),
        pytest.param("anonymous", "anonfree", "fsfree", marks=pytest.mark.fires("vminfo:::anonfree")),
    ],
)
@again_if_missed
def test_pages_that_are_taken_back_are_scanned_and_freed_as_the_kernel_counts_them(
    workload: Any, kind: str, count: str, other: str
) -> None:
    """When nobody else's memory is short, what the system counts is what the workload did."""
    program = """
    vminfo::: /pid == $1/ { @[probename] = sum(args[0]); }
    vminfo:::scan, vminfo:::dfree /pid != $1/ { @others = count(); }
    """
    work = workload("reclaimed", kind, 5000)
    with Trace(program, work.pid) as trace:
        truth = work.release()
    if trace.values("others"):
        raise OthersToo
    own, others = truth["freed_file"], truth["freed_anon"]
    if kind == "anonymous":
        own, others = others, own
    assert own >= 4000
    found = {key[0]: value for key, value in trace.values().items()}
    assert (found["scan"], found["dfree"]) == (truth["scanned"], truth["freed"])
    assert (found[count], found.get(other, 0)) == (own, others)


@pytest.mark.fires("vminfo:::kernel_asflt")
def test_addresses_that_the_kernel_has_not_are_its_own_faults() -> None:
    """A D program reads where nothing is, and the kernel takes the fault for it."""
    bad = "syscall::getppid:entry /pid == $1/ { trace(*(int *)0xffffc00000001000); }"
    with Trace("vminfo:::kernel_asflt /pid == $1/ { @ = count(); }", os.getpid()) as trace, Trace(bad, os.getpid()):
        for _ in range(25):
            os.getppid()
    assert trace.values() == {(): 25}


@pytest.mark.parametrize(
    ("name", "why"),
    [("swapin", "Linux swaps pages, not processes"), ("execpgin", "Linux does not tell pages of programs")],
)
def test_what_linux_has_not_is_refused_with_the_reason(vtrace: Any, name: str, why: str) -> None:
    done = vtrace("-n", f"vminfo:::{name} {{ exit(0); }}")
    assert done.status == 1
    assert f"vminfo:::{name} does not match any probes" in done.stderr
    assert why in done.stderr
