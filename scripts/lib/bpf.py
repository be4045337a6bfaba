"""The little of bpf(2) that the benchmark and the tests ask for by themselves, apart from the tool they judge.

Which programs, maps and links exist; how often a program has run; and the smallest programs there are, as the floor
under every measurement.
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from struct import pack, pack_into, unpack_from

SYS_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}
PROG_LOAD, PROG_TEST_RUN, OBJ_GET_INFO_BY_FD, RAW_TRACEPOINT_OPEN, ENABLE_STATS = 5, 10, 15, 17, 32
PROG_GET_FD_BY_ID = 13
NEXT_ID = {"prog": 11, "map": 12, "link": 31}
PROG_TYPE_RAW_TRACEPOINT = 17
PROG_INFO_SIZE, RUN_TIME_OFFSET = 232, 192  # struct bpf_prog_info; the count follows

libc = ctypes.CDLL(None, use_errno=True)


def bpf(command: int, attributes: bytearray) -> int:
    """bpf(2). Raises OSError. Answers are written into `attributes`."""
    buffer = (ctypes.c_char * len(attributes)).from_buffer(attributes)
    number = SYS_BPF[platform.machine()]
    result: int = libc.syscall(ctypes.c_long(number), command, buffer, len(attributes))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), f"bpf command {command}")
    return result


def ids(kind: str) -> frozenset[int]:
    """Ids of every "prog", "map" or "link" of the system; empty for who may not ask (CAP_SYS_ADMIN)."""
    return frozenset(_walk(NEXT_ID[kind]))


def _walk(command: int) -> Iterator[int]:
    last = 0
    while True:
        attributes = bytearray(pack("=III", last, 0, 0))
        try:
            bpf(command, attributes)
        except (FileNotFoundError, PermissionError):
            return
        last = unpack_from("=I", attributes, 4)[0]
        yield last


def run_count(program: int) -> int:
    """How often program `program` (an id) ran while statistics were on; 0 when it is gone."""
    return runs(program)[1]


def runs(program: int) -> tuple[int, int]:
    """(nanoseconds it ran, how often) of program `program` while statistics were on; zeros when it is gone."""
    try:
        fd = bpf(PROG_GET_FD_BY_ID, bytearray(pack("=III", program, 0, 0)))
    except FileNotFoundError:
        return 0, 0
    try:
        return _runs(fd)
    finally:
        os.close(fd)


def _runs(fd: int) -> tuple[int, int]:
    info = ctypes.create_string_buffer(PROG_INFO_SIZE)
    bpf(OBJ_GET_INFO_BY_FD, bytearray(pack("=IIQ", fd, PROG_INFO_SIZE, ctypes.addressof(info))))
    spent, count = unpack_from("=2Q", info, RUN_TIME_OFFSET)
    return spent, count


def runs_are_timed() -> bool:
    """Whether statistics are on already: then every program costs more than it does, some several times as much."""
    program = load_raw_tracepoint(NOTHING)
    try:
        bpf(PROG_TEST_RUN, bytearray(pack("=I76x", program)))
        return _runs(program)[1] > 0
    finally:
        os.close(program)


@contextmanager
def statistics() -> Iterator[None]:
    """Counts and times every run of every program inside: never while something is measured."""
    fd = bpf(ENABLE_STATS, bytearray(pack("=II", 0, 0)))
    try:
        yield
    finally:
        os.close(fd)


def instruction(opcode: int, dst: int = 0, offset: int = 0, immediate: int = 0) -> bytes:
    return pack("=BBhi", opcode, dst, offset, immediate)


CALL, MOV_IMMEDIATE, EXIT = 0x85, 0xB7, 0x95
KTIME_GET_NS = 5
NOTHING = instruction(MOV_IMMEDIATE) + instruction(EXIT)
READ_CLOCK = instruction(CALL, immediate=KTIME_GET_NS) + NOTHING


def load_raw_tracepoint(code: bytes) -> int:
    """Descriptor of a loaded raw tracepoint program."""
    text = ctypes.create_string_buffer(code, len(code))
    license_name = ctypes.create_string_buffer(b"Apache-2.0")
    attributes = bytearray(128)
    where = ctypes.addressof(text), ctypes.addressof(license_name)
    pack_into("=IIQQ", attributes, 0, PROG_TYPE_RAW_TRACEPOINT, len(code) // 8, *where)
    return bpf(PROG_LOAD, attributes)


@contextmanager
def raw_tracepoints(code: bytes, *names: str) -> Iterator[None]:
    """`code` runs at each of the raw tracepoints inside."""
    program = load_raw_tracepoint(code)
    links = []
    try:
        for name in names:
            text = ctypes.create_string_buffer(name.encode())
            attributes = bytearray(pack("=QII", ctypes.addressof(text), program, 0))
            links.append(bpf(RAW_TRACEPOINT_OPEN, attributes))
        yield
    finally:
        for link in links:
            os.close(link)
        os.close(program)
