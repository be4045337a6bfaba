"""The io provider against a slow disk and programs that know what they asked of it."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from typing import Any

import pytest

from tests.truth.live import MS, Missed, Trace, again_if_missed
from tests.workloads.memory_user import zram
from tests.workloads.slowdisk import SlowDisk

B_DONE, B_ERROR, B_PAGEIO, B_READ, B_WRITE = 0x2, 0x4, 0x10, 0x40, 0x100
STRINGS = {"strsize": "64"}

# Of the disk given as $$1: where, how much, in which direction; the same at both ends of a request.
PROGRAM = """
io:::start /args[1]->dev_statname == $$1/
{
	@start[pid, args[0]->b_blkno, args[0]->b_bcount, args[0]->b_flags & (B_READ | B_WRITE)] = count();
	@device[args[1]->dev_major, args[1]->dev_minor, args[1]->dev_name, args[1]->dev_pathname] = count();
	asked[args[0]->b_edev, args[0]->b_blkno] = timestamp;
}

io:::done /args[1]->dev_statname == $$1/
{
	@done[args[0]->b_blkno, args[0]->b_bcount, args[0]->b_flags & (B_READ | B_WRITE)] = count();
	@left[args[0]->b_resid, args[0]->b_error, args[0]->b_flags & (B_DONE | B_ERROR)] = count();
}

io:::done /args[1]->dev_statname == $$1 && asked[args[0]->b_edev, args[0]->b_blkno]/
{
	@took = max(timestamp - asked[args[0]->b_edev, args[0]->b_blkno]);
	@paired = count();
	asked[args[0]->b_edev, args[0]->b_blkno] = 0;
}
"""


def counts(trace: Trace, name: str) -> dict[Any, int]:
    """What was counted, all of it.

    Raises:
        Missed: not all of it.
    """
    if trace.dropped("missed"):
        raise Missed(f"{trace.dropped('missed')} firings")
    return dict(trace.values(name))


@pytest.mark.fires("io::block_getrq:start", "io::block_rq_complete:done")
@pytest.mark.parametrize(
    ("operation", "direction", "size"),
    [("read", B_READ, 4096), ("read", B_READ, 65536), ("write", B_WRITE, 8192), ("discard", B_WRITE, 65536)],
)
@again_if_missed
def test_every_request_starts_and_is_done_once_with_its_place_and_size(
    workload: Any, operation: str, direction: int, size: int
) -> None:
    with SlowDisk(2 * MS, writable=True) as disk:
        name = f"loop{disk.number}"
        work = workload("disk_user", operation, disk.path, 20, size)
        with Trace(PROGRAM, name, **STRINGS) as trace:
            truth = work.release()
    places = [number * size // 512 for number in range(truth["count"])]
    assert counts(trace, "start") == {(work.pid, place, size, direction): 1 for place in places}
    assert counts(trace, "done") == {(place, size, direction): 1 for place in places}
    assert counts(trace, "left") == {(0, 0, B_DONE): 20}
    major, minor = map(int, disk.device.split(":"))
    assert counts(trace, "device") == {(major, minor, name, f"/dev/{name}"): 20}
    assert counts(trace, "paired") == {(): 20}
    (longest,) = counts(trace, "took").values()
    assert 2 * MS <= longest <= max(truth["each_ns"])


@again_if_missed
def test_reads_that_the_kernel_joins_are_done_as_one(workload: Any) -> None:
    """Four neighbours, the last first: each is put in front of the request that the first of them began."""
    with SlowDisk(5 * MS) as disk:
        work = workload("disk_user", "backwards", disk.path, 10, 16384)
        with Trace(PROGRAM, f"loop{disk.number}", **STRINGS) as trace:
            work.release()
    assert sum(counts(trace, "start").values()) == 10
    assert counts(trace, "done") == {(number * 32, 16384, B_READ): 1 for number in range(10)}


@pytest.mark.fires("io::block_bio_queue:start", "io::block_bio_complete:done")
@pytest.mark.parametrize(("operation", "direction", "size"), [("read", B_READ, 4096), ("write", B_WRITE, 8192)])
@again_if_missed
def test_a_device_without_requests_starts_and_completes_what_it_is_given(
    workload: Any, operation: str, direction: int, size: int
) -> None:
    with zram(1 << 20) as device:
        name = os.path.basename(device)
        work = workload("disk_user", operation, device, 20, size)
        number = os.stat(device).st_rdev
        with Trace(PROGRAM, name, **STRINGS) as trace:
            work.release()
    places = [number * size // 512 for number in range(20)]
    assert counts(trace, "start") == {(work.pid, place, size, direction): 1 for place in places}
    assert counts(trace, "done") == {(place, size, direction): 1 for place in places}
    assert counts(trace, "left") == {(0, 0, B_DONE): 20}
    assert counts(trace, "device") == {(os.major(number), os.minor(number), name, device): 20}
    assert counts(trace, "paired") == {(): 20}


@again_if_missed
def test_a_flush_is_a_request_of_who_syncs_and_those_of_the_kernel_are_none(workload: Any) -> None:
    with SlowDisk(1 * MS, writable=True) as disk:
        work = workload("disk_user", "fsync", disk.path, 5)
        with Trace(PROGRAM, f"loop{disk.number}", **STRINGS) as trace:
            work.release()
    sizes: Counter[int] = Counter()
    for (pid, _, size, _), number in counts(trace, "start").items():
        assert pid == work.pid
        sizes[size] += number
    assert sizes == {4096: 5, 0: 5}
    assert sum(counts(trace, "done").values()) == 10


FILES = """
io:::start /args[1]->dev_statname == $$1 && args[2]->fi_name != "<none>"/
{
	this->size = args[0]->b_bcount;
	this->paged = args[0]->b_flags & B_PAGEIO;
	@files[args[2]->fi_pathname, args[2]->fi_dirname, args[2]->fi_name, args[2]->fi_fs, this->paged] = sum(this->size);
}

io:::done /args[1]->dev_statname == $$1 && args[2]->fi_name != "<none>"/
{
	@done[args[2]->fi_pathname] = sum(args[0]->b_bcount);
}

io:::start /args[1]->dev_statname == $$1 && args[2]->fi_name == "<none>"/
{
	@none[args[2]->fi_pathname, args[2]->fi_dirname, args[2]->fi_fs] = count();
}
"""


@again_if_missed
def test_what_is_written_back_is_said_to_be_of_its_file(workload: Any) -> None:
    with SlowDisk(0, writable=True) as disk:
        make = ["mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "nodiscard,lazy_itable_init=0", disk.path]
        subprocess.run(make, check=True, capture_output=True)
        work = workload("disk_user", "buffered", disk.path, 5, 65536)
        with Trace(FILES, f"loop{disk.number}", **STRINGS) as trace:
            truth = work.release()
    assert counts(trace, "files") == {("/file", "/", "file", "ext4", B_PAGEIO): truth["bytes"]}
    assert counts(trace, "done") == {("/file",): truth["bytes"]}
    assert set(counts(trace, "none")) == {("<none>", "<none>", "<none>")}


@again_if_missed
def test_a_read_past_the_page_cache_has_no_file(workload: Any) -> None:
    with SlowDisk(0) as disk:
        work = workload("direct_reader", disk.path, 3)
        with Trace(FILES, f"loop{disk.number}", **STRINGS) as trace:
            work.release()
    assert counts(trace, "files") == {}
    assert counts(trace, "none") == {("<none>", "<none>", "<none>"): 3}


@again_if_missed
def test_args_as_integers_are_those_of_the_tracepoint(workload: Any) -> None:
    program = """
    io:::start /pid == $1/ { @["io", arg0 == (int64_t)args[0]->b_addr, arg0 != 0, arg5] = count(); }
    rawtp:block::block_getrq /pid == $1/ { @["rawtp", 0, arg0 != 0, arg5] = count(); }
    """
    with SlowDisk(0) as disk:
        work = workload("direct_reader", disk.path, 7)
        with Trace(program, work.pid) as trace:
            work.release()
    assert counts(trace, "_") == {("io", 0, 1, 0): 7, ("rawtp", 0, 1, 0): 7}


def test_probes_of_one_tracepoint_share_a_program() -> None:
    text = "io:::start { @a = count(); } io:::start { @b = count(); } rawtp:block::block_getrq { @c = count(); }"
    with Trace(text) as trace:
        names = sorted(program.name for program in trace.session.spec.programs)
    assert names == ["block_bio_queue", "block_getrq"]


def test_file_descriptors_are_of_their_files(tmp_path: Any) -> None:
    path = tmp_path / "directory" / "file"
    path.parent.mkdir()
    program = """
    syscall::getppid:entry /pid == $1/
    {
        @[fds[$2].fi_pathname, fds[$2].fi_dirname, fds[$2].fi_name, fds[$2].fi_oflags & O_ACCMODE, fds[$2].fi_offset] =
            count();
    }
    """
    with open(path, "w") as file:
        file.write("x" * 100)
        file.flush()
        with Trace(program, os.getpid(), file.fileno()) as trace:
            os.getppid()
    assert counts(trace, "_") == {(str(path), str(path.parent), "file", os.O_WRONLY, 100): 1}


WAITS = """
io:::start /args[1]->dev_statname == $$1/ { self->asked = timestamp; }

io:::wait-start /args[1]->dev_statname == $$1/
{
	@start[pid, args[0]->b_blkno, args[0]->b_bcount, args[0]->b_flags & (B_READ | B_WRITE), args[2]->fi_name] = count();
	self->slept = timestamp;
	slept[tid] = timestamp;
	self->sleeps[1] = 1;
}

io:::wait-done /args[1]->dev_statname == $$1/
{
	@done[pid, args[0]->b_blkno, args[0]->b_bcount, args[0]->b_flags & (B_READ | B_WRITE), args[2]->fi_name] = count();
	@who[execname, uid, gid, curthread->pid == tid, ppid, curpsinfo->pr_pid == pid, self->sleeps[1]] = count();
	@same = sum(self->slept == slept[tid]);
	@shortest = min(timestamp - self->asked);
	@longest = max(timestamp - self->slept);
}
"""


@pytest.mark.fires("io:::wait-start", "io:::wait-done")
@again_if_missed
def test_who_waits_for_a_request_is_the_thread_that_made_it(workload: Any) -> None:
    """A wait is done in the name of who waited, though the kernel is still at another thread then. Requests take so
    long that a thread of a busy machine sleeps before they are done, be it for less long."""
    with SlowDisk(100 * MS) as disk:
        work = workload("direct_reader", disk.path, 10)
        with Trace(WAITS, f"loop{disk.number}", **STRINGS) as trace:
            truth = work.release()
    expected = {(work.pid, number * 8, 4096, B_READ, "<none>"): 1 for number in range(10)}
    assert counts(trace, "start") == counts(trace, "done") == expected
    assert counts(trace, "who") == {("direct_reader", os.getuid(), os.getgid(), 1, os.getpid(), 1, 1): 10}
    assert counts(trace, "same") == {(): 10}
    (shortest,), (longest,) = counts(trace, "shortest").values(), counts(trace, "longest").values()
    assert shortest >= 100 * MS
    assert 0 < longest <= max(truth["each_ns"])
