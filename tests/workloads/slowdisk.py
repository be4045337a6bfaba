"""A block device whose requests take a set time: a loop device over a slow file.

    with SlowDisk(delay_ns=20_000_000) as disk:
        ... direct reads of disk.path take 20 ms each, and the block tracepoints of disk.device say so ...

Nothing stays behind, whoever is killed: the loop device clears itself when its last user closes it
(LO_FLAGS_AUTOCLEAR), the file system is mounted at no path, its server dies with the process that made the disk. The
loop driver passes requests on one at a time, so two readers at once see one and two delays.

A writable disk has a volatile cache: fsync(2) and its like make it flush, which takes the set time as well; so does a
discard.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from struct import Struct, pack
from time import monotonic, sleep

from tests.workloads.slow_file import NAME, detached_mount

LOOP_CONFIGURE, LOOP_CTL_GET_FREE = 0x4C0A, 0x4C82
LOOP_SET_STATUS64, LOOP_GET_STATUS64 = 0x4C04, 0x4C05
LO_FLAGS_READ_ONLY, LO_FLAGS_AUTOCLEAR, LO_FLAGS_PARTSCAN = 1, 4, 8
LOOP_INFO_SIZE, LOOP_INFO_FLAGS = 232, 52  # struct loop_info64, and where its flags are
BLKPG, BLKPG_ADD_PARTITION = 0x1269, 1
BLKPG_PARTITION = Struct("=qqi132x")  # start and length in bytes, number, names
# struct loop_config: fd, block size, loop_info64 (of which only its flags, 52 bytes in), reserved
LOOP_CONFIG = Struct("=II52xI176x64x")
CLEARED_WITHIN = 60.0  # seconds; the driver may clear the device from a work queue


class SlowDisk:
    """Context manager: `path` (/dev/loopN), `device` ("7:N", major:minor as tracepoints print it), `number` N, and
    `directory`, a path that leads any process of the user's to the slow file's directory.

    Every `every`-th request of a kind takes `delay_ns`, the others none; `size` in bytes. Raises OSError where the
    kernel has no FUSE or loop driver or the user may not use them. A bare os.fork() inside would keep the device open.
    """

    def __init__(self, delay_ns: int, every: int = 1, size: int = 64 << 20, *, writable: bool = False) -> None:
        self._delay_ns, self._every, self._size = delay_ns, every, size
        self._access = os.O_RDWR if writable else os.O_RDONLY
        self._server: subprocess.Popen[str]

    def __enter__(self) -> SlowDisk:
        with ExitStack() as undo:
            self._set_up(undo)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._undo.close()

    def _set_up(self, undo: ExitStack) -> None:
        fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        try:
            mount = detached_mount(fuse)
            undo.callback(os.close, mount)
            self._server = self._start_server(fuse)
            undo.callback(self._end_server)
        finally:
            os.close(fuse)  # the server's is the only one: when it dies, reads fail instead of waiting for ever
        self.directory = f"/proc/{os.getpid()}/fd/{mount}"
        backing = os.open(NAME, self._access | os.O_CLOEXEC, dir_fd=mount)
        try:
            self.number, loop = attach_loop(backing, self._access)
        finally:
            os.close(backing)
        undo.callback(self._wait_until_cleared)
        undo.callback(os.close, loop)
        self._loop = loop
        self.path = f"/dev/loop{self.number}"
        rdev = os.stat(self.path).st_rdev
        self.device = f"{os.major(rdev)}:{os.minor(rdev)}"

    def _start_server(self, fuse: int) -> subprocess.Popen[str]:
        arguments = map(str, (fuse, self._delay_ns, self._every, self._size))
        return subprocess.Popen(
            [sys.executable, "-m", "tests.workloads.slow_file", *arguments],
            pass_fds=[fuse],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    @property
    def server_pid(self) -> int:
        """Process id of the file's server."""
        return self._server.pid

    def _end_server(self) -> None:
        assert self._server.stdin and self._server.stdout
        self._server.stdin.close()
        self._server.stdout.close()
        self._server.wait()

    def _wait_until_cleared(self) -> None:
        deadline = monotonic() + CLEARED_WITHIN
        while os.path.exists(f"/sys/block/loop{self.number}/loop/backing_file"):
            if monotonic() > deadline:
                raise RuntimeError(f"{self.path} is still in use")
            sleep(0.001)

    @property
    def delay_ns(self) -> int:
        """What a delayed request takes; may be set while the disk is in use, for the requests that come then."""
        return self._delay_ns

    @delay_ns.setter
    def delay_ns(self, value: int) -> None:
        self._delay_ns = value
        self._ask(f"delay {value}")

    @property
    def every(self) -> int:
        """One request of how many is delayed; may be set as well."""
        return self._every

    @every.setter
    def every(self, value: int) -> None:
        self._every = value
        self._ask(f"every {value}")

    def truth(self) -> dict[str, int]:
        """`reads`, `writes`, `flushes` and `discards` so far, how many of them `delayed`, `held_ns` in all by the
        server's clock."""
        return self._ask("truth")

    def add_partition(self, start: int, length: int) -> tuple[int, int]:
        """(major, minor) of the disk's first partition, made now, of `length` bytes from `start`. A node has to be made
        for it. It goes with the disk."""
        info = bytearray(LOOP_INFO_SIZE)
        fcntl.ioctl(self._loop, LOOP_GET_STATUS64, info)
        info[LOOP_INFO_FLAGS] |= LO_FLAGS_PARTSCAN
        fcntl.ioctl(self._loop, LOOP_SET_STATUS64, info)
        partition = ctypes.create_string_buffer(BLKPG_PARTITION.pack(start, length, 1))
        request = pack("@iiiP", BLKPG_ADD_PARTITION, 0, BLKPG_PARTITION.size, ctypes.addressof(partition))
        fcntl.ioctl(self._loop, BLKPG, request)
        with open(f"/sys/block/loop{self.number}/loop{self.number}p1/dev") as file:
            major, minor = map(int, file.read().split(":"))
        return major, minor

    def _ask(self, line: str) -> dict[str, int]:
        assert self._server.stdin and self._server.stdout
        self._server.stdin.write(line + "\n")
        answer: dict[str, int] = json.loads(self._server.stdout.readline())
        return answer


def attach_loop(backing: int, access: int) -> tuple[int, int]:
    """(number, descriptor) of a free loop device set up over the open file `backing`."""
    flags = LO_FLAGS_AUTOCLEAR | (LO_FLAGS_READ_ONLY if access == os.O_RDONLY else 0)
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        while True:
            number = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
            loop = os.open(f"/dev/loop{number}", access | os.O_CLOEXEC)
            try:
                fcntl.ioctl(loop, LOOP_CONFIGURE, LOOP_CONFIG.pack(backing, 0, flags))
                return number, loop
            except OSError as error:
                os.close(loop)
                if error.errno != errno.EBUSY:  # someone else took the free one in between
                    raise
    finally:
        os.close(control)
