"""The slow disk is as slow as it says, and nothing of it stays behind, whoever is killed."""

from __future__ import annotations

import fcntl
import mmap
import os
import signal
import struct
import subprocess
import sys
import time

import pytest

from tests.workloads.direct_reader import DirectFile
from tests.workloads.disk_user import BLKDISCARD
from tests.workloads.slowdisk import CLEARED_WITHIN, SlowDisk

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MS = 1_000_000


def is_set_up(number: int) -> bool:
    return os.path.exists(f"/sys/block/loop{number}/loop/backing_file")


def goes_away(number: int) -> bool:
    deadline = time.monotonic() + CLEARED_WITHIN
    while is_set_up(number) and time.monotonic() < deadline:
        time.sleep(0.005)
    return not is_set_up(number)


def read_times(path: str, count: int) -> list[int]:
    with DirectFile(path) as file:
        return [file.read(number) for number in range(count)]


@pytest.mark.parametrize("delay_ms", [20, 5])
def test_a_read_takes_the_set_time(delay_ms: int) -> None:
    """Never less, and no more than that where nothing is in the way: a busy machine makes most of them late."""
    with SlowDisk(delay_ms * MS) as disk:
        times = read_times(disk.path, 10)
        while min(times) >= (delay_ms + 1) * MS and len(times) < 200:
            times += read_times(disk.path, 10)
    assert delay_ms * MS <= min(times) < (delay_ms + 1) * MS


def test_the_time_can_be_set_while_the_disk_is_in_use() -> None:
    with SlowDisk(30 * MS) as disk:
        slow = read_times(disk.path, 1)
        disk.delay_ns = 0
        quick = read_times(disk.path, 10)
    # Some may be late, on a busy machine, and not all.
    assert min(quick) < 30 * MS <= slow[0]


def test_every_third_read_is_slow_and_the_disk_counts_them() -> None:
    with SlowDisk(10 * MS, every=3) as disk:
        times = read_times(disk.path, 30)
        truth = disk.truth()
    # A busy machine makes some of the others late, and not ten of ten.
    assert [min(times[at::3]) >= 10 * MS for at in range(3)] == [False, False, True]
    assert (truth["reads"], truth["delayed"]) == (30, 10)
    assert truth["held_ns"] <= sum(times)


def test_the_device_is_gone_after_the_block() -> None:
    with SlowDisk(0) as disk:
        assert is_set_up(disk.number)
    assert not is_set_up(disk.number)


def test_killing_the_server_fails_reads_instead_of_hanging_them() -> None:
    with SlowDisk(10_000 * MS) as disk:
        code = "from tests.workloads.direct_reader import DirectFile as F; import sys; F(sys.argv[1]).read(0)"
        reader = subprocess.Popen([sys.executable, "-c", code, disk.path], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        while not disk.truth()["reads"]:
            pass
        os.kill(disk.server_pid, signal.SIGKILL)
        _, error = reader.communicate(timeout=60)
        assert "Input/output error" in error


def test_killing_the_owner_leaves_nothing() -> None:
    code = (
        "from tests.workloads.slowdisk import SlowDisk\n"
        "with SlowDisk(20_000_000) as disk: print(disk.number, disk.server_pid, flush=True); input()\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        number, server = map(int, owner.stdout.readline().split())
        owner.kill()
    assert goes_away(number)
    deadline = time.monotonic() + CLEARED_WITHIN
    while alive := os.path.exists(f"/proc/{server}/exe"):
        assert time.monotonic() < deadline, "the server outlived its owner"
    assert not alive


def test_a_writable_disk_keeps_what_is_written_and_counts_what_is_asked() -> None:
    block = mmap.mmap(-1, 8192)
    with SlowDisk(0, writable=True) as disk:
        fd = os.open(disk.path, os.O_RDWR | os.O_DIRECT)
        before = disk.truth()
        block[:] = b"truth..." * 1024
        os.pwritev(fd, [block], 4096)
        os.fsync(fd)
        block[:] = bytes(8192)
        os.preadv(fd, [block], 4096)
        kept = block[:]
        fcntl.ioctl(fd, BLKDISCARD, struct.pack("=QQ", 4096, 4096))
        os.preadv(fd, [block], 4096)
        discarded = block[:]
        os.close(fd)
        done = {kind: count - before[kind] for kind, count in disk.truth().items()}
    assert kept == b"truth..." * 1024
    assert discarded == bytes(4096) + kept[4096:]
    assert [done[kind] for kind in ("reads", "writes", "flushes", "discards")] == [2, 1, 1, 1]


def test_the_directory_of_the_disk_is_slow_too() -> None:
    with SlowDisk(20 * MS) as disk:
        start = time.monotonic_ns()
        with pytest.raises(PermissionError):
            os.mkdir(f"{disk.directory}/new")
        assert time.monotonic_ns() - start >= 20 * MS
        assert os.path.getsize(f"{disk.directory}/disk") == 64 << 20
