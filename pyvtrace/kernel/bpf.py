"""bpf(2): maps, programs, raw tracepoints and test runs, one ctypes structure a command.

File descriptors are plain integers, close-on-exec as the kernel makes them, and belong to the caller.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import struct
from collections.abc import Iterator
from ctypes import POINTER, Array, c_char, c_uint32, c_uint64

from pyvtrace.bpf import maps
from pyvtrace.kernel.syscall import BPF, KernelError, syscall
from pyvtrace.spec import MapSpec
from pyvtrace.value import Value

# ---------------------------------------------------------------------------------- numbers of include/uapi/linux/bpf.h

# Those that compiled programs need too are in pyvtrace.bpf.maps and pyvtrace.bpf.programs.

BPF_TRACE_RAW_TP, BPF_TRACE_FENTRY, BPF_TRACE_FEXIT, BPF_TRACE_ITER = 23, 24, 25, 28
BPF_PERF_EVENT, BPF_TRACE_KPROBE_MULTI, BPF_TRACE_UPROBE_MULTI = 41, 42, 48
BPF_ANY, BPF_NOEXIST, BPF_EXIST = 0, 1, 2
_TEST_RUN_ON_CPU = 1 << 0

# -------------------------------------------------------------------------------------------------- one shape a command

# Assigning a char array to such a field also keeps the array alive as long as the structure.
_Pointer = POINTER(c_char)


class _MapCreate(ctypes.Structure):
    _fields_ = (
        ("type", c_uint32),
        ("key_size", c_uint32),
        ("value_size", c_uint32),
        ("max_entries", c_uint32),
        ("flags", c_uint32),
        ("inner_map_fd", c_uint32),
        ("numa_node", c_uint32),
        ("name", c_char * 16),
        ("ifindex", c_uint32),
        ("btf_fd", c_uint32),
        ("btf_key_type", c_uint32),
        ("btf_value_type", c_uint32),
    )


class Element(ctypes.Structure):
    """Look-up, update, delete, freeze and next key; `value` is the next key there."""

    _fields_ = (("fd", c_uint32), ("_", c_uint32), ("key", _Pointer), ("value", _Pointer), ("flags", c_uint64))


class Batch(ctypes.Structure):
    _fields_ = (
        ("start", _Pointer),
        ("next", _Pointer),
        ("keys", _Pointer),
        ("values", _Pointer),
        ("count", c_uint32),
        ("fd", c_uint32),
        ("element_flags", c_uint64),
        ("flags", c_uint64),
    )


class _ProgramLoad(ctypes.Structure):
    _fields_ = (
        ("type", c_uint32),
        ("count", c_uint32),
        ("code", _Pointer),
        ("license", _Pointer),
        ("log_level", c_uint32),
        ("log_size", c_uint32),
        ("log", _Pointer),
        ("version", c_uint32),
        ("flags", c_uint32),
        ("name", c_char * 16),
        ("ifindex", c_uint32),
        ("expected_attach_type", c_uint32),
        ("btf_fd", c_uint32),
        ("func_info_size", c_uint32),
        ("func_info", _Pointer),
        ("func_info_count", c_uint32),
        ("line_info_size", c_uint32),
        ("line_info", _Pointer),
        ("line_info_count", c_uint32),
        ("attach_btf_id", c_uint32),
    )


class _TestRun(ctypes.Structure):
    _fields_ = (
        ("fd", c_uint32),
        ("result", c_uint32),
        ("data_size", c_uint32 * 2),
        ("data", _Pointer * 2),
        ("repeat", c_uint32),
        ("duration", c_uint32),
        ("context_size", c_uint32 * 2),
        ("context", _Pointer * 2),
        ("flags", c_uint32),
        ("cpu", c_uint32),
        ("batch_size", c_uint32),
        ("_", c_uint32),
    )


class _NamedOpen(ctypes.Structure):
    _fields_ = (("name", _Pointer), ("fd", c_uint32), ("_", c_uint32))


class _BtfLoad(ctypes.Structure):
    _fields_ = (("data", _Pointer), ("log", _Pointer), ("size", c_uint32), ("log_size", c_uint32), ("level", c_uint32))


class _Info(ctypes.Structure):
    _fields_ = (("fd", c_uint32), ("size", c_uint32), ("info", _Pointer))


class _LinkCreate(ctypes.Structure):
    """`words` begin the part that depends on the attach type."""

    _fields_ = (
        ("program", c_uint32),
        ("target", c_uint32),
        ("attach_type", c_uint32),
        ("flags", c_uint32),
        ("words", c_uint64 * 6),
    )


class _Word(ctypes.Structure):
    _fields_ = (("value", c_uint32), ("_", c_uint32))


_COMMANDS = {
    "BPF_MAP_CREATE": 0,
    "BPF_MAP_LOOKUP_ELEM": 1,
    "BPF_MAP_UPDATE_ELEM": 2,
    "BPF_MAP_DELETE_ELEM": 3,
    "BPF_MAP_GET_NEXT_KEY": 4,
    "BPF_PROG_LOAD": 5,
    "BPF_PROG_TEST_RUN": 10,
    "BPF_OBJ_GET_INFO_BY_FD": 15,
    "BPF_RAW_TRACEPOINT_OPEN": 17,
    "BPF_BTF_LOAD": 18,
    "BPF_MAP_FREEZE": 22,
    "BPF_MAP_LOOKUP_BATCH": 24,
    "BPF_LINK_CREATE": 28,
    "BPF_ITER_CREATE": 33,
}


class BpfError(KernelError):
    """bpf(2) refused a command."""


class VerifierError(BpfError):
    """The verifier rejected a program.

    `log` is its whole text; `telling` the line of it that says why, without statistics; `instruction` the slot (8 bytes
    each) of the rejected instruction, None where the log names none.
    """

    def __init__(self, number: int, task: str, log: str) -> None:
        super().__init__("BPF_PROG_LOAD", number, task)
        from pyvtrace.kernel.rejection import rejection

        self.log = log
        self.telling, self.instruction = rejection(log)

    def __str__(self) -> str:
        where = "" if self.instruction is None else f" at instruction {self.instruction}"
        return f"cannot {self.task}: rejected{where}: {self.telling}"

    @property
    def hint(self) -> str:
        return ""


def attempt(command: str, attributes: ctypes.Structure) -> tuple[int, int]:
    """(result, 0) or (-1, errno) of one command, for callers to whom a refusal is an answer."""
    return syscall(BPF, _COMMANDS[command], ctypes.addressof(attributes), ctypes.sizeof(attributes))


def _bpf(command: str, attributes: ctypes.Structure, task: str) -> int:
    result, number = attempt(command, attributes)
    if number:
        raise BpfError(command, number, task)
    return result


def _name(text: str) -> bytes:
    """A kernel object name: 15 bytes of letters, digits, `_` and `.`."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_.") else "_" for c in text[:15]).encode()


# ----------------------------------------------------------------------------------------------------------------- maps


def map_create(spec: MapSpec) -> int:
    """fd of a new map, filled and frozen as `spec` says.

    Raises:
        BpfError: the kernel refuses it.
    """
    attributes = _MapCreate(
        type=spec.type,
        key_size=spec.key_size,
        value_size=spec.value_size,
        max_entries=spec.max_entries,
        flags=spec.flags,
        name=_name(spec.name),
    )
    task = f"create the map {spec.name!r}"
    if spec.type == maps.TASK_STORAGE:
        # Local storage maps are refused without BTF for key and value (bpf_local_storage_map_alloc_check).
        attributes.btf_fd = btf_load(storage_btf(spec.value_size))
        attributes.btf_key_type, attributes.btf_value_type = 1, 2
    try:
        fd = _bpf("BPF_MAP_CREATE", attributes, task)
    finally:
        if attributes.btf_fd:
            os.close(attributes.btf_fd)
    try:
        if spec.contents is not None:
            map_update(fd, bytes(spec.key_size), spec.contents)
        if spec.frozen:
            map_freeze(fd)
    except BpfError:
        os.close(fd)
        raise
    return fd


def storage_btf(value_size: int) -> bytes:
    """The least BTF a storage map accepts: type 1 a 32-bit int for the key, type 2 a struct of `value_size` bytes."""
    types = struct.pack("=4I", 1, 1 << 24, 4, 32) + struct.pack("=3I", 5, 4 << 24, value_size)
    strings = b"\0int\0value\0"
    header = struct.pack("=HBB5I", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(strings))
    return header + types + strings


def btf_load(data: bytes) -> int:
    """fd of a BTF object with the types in `data`."""
    attributes = _BtfLoad(data=buffer(data), size=len(data))
    return _bpf("BPF_BTF_LOAD", attributes, "load the types of a map")


def buffer(data: bytes) -> Array[c_char]:
    return (c_char * len(data)).from_buffer_copy(data)


def map_lookup(fd: int, key: bytes, value_size: int) -> bytes | None:
    """A copy of the value under `key`; None where there is none.

    `value_size` is what the kernel copies: for per-CPU maps the size rounded up to 8, times the possible CPUs.
    """
    value = (c_char * value_size)()
    _, number = attempt("BPF_MAP_LOOKUP_ELEM", Element(fd=fd, key=buffer(key), value=value))
    if number == errno.ENOENT:
        return None
    if number:
        raise BpfError("BPF_MAP_LOOKUP_ELEM", number, "read an element of a map")
    return value.raw


def map_update(fd: int, key: bytes, value: bytes, flags: int = BPF_ANY) -> None:
    """Put `value` under `key`. BPF_NOEXIST and BPF_EXIST make it fail with EEXIST and ENOENT."""
    attributes = Element(fd=fd, key=buffer(key), value=buffer(value), flags=flags)
    _bpf("BPF_MAP_UPDATE_ELEM", attributes, "write an element of a map")


def map_delete(fd: int, key: bytes) -> bool:
    """Remove `key`; False if it was not there."""
    _, number = attempt("BPF_MAP_DELETE_ELEM", Element(fd=fd, key=buffer(key)))
    if number not in (0, errno.ENOENT):
        raise BpfError("BPF_MAP_DELETE_ELEM", number, "delete an element of a map")
    return number == 0


def map_freeze(fd: int) -> None:
    """Forbid user space to write from now on, ourselves included."""
    _bpf("BPF_MAP_FREEZE", _Word(value=fd), "freeze a map")


def queue_push(fd: int, value: bytes) -> None:
    """Put a value into a queue map, whose elements have no keys."""
    _bpf("BPF_MAP_UPDATE_ELEM", Element(fd=fd, value=buffer(value)), "fill a queue")


def map_mmap(fd: int, length: int, writable: bool = False, offset: int = 0) -> mmap.mmap:
    """The values of a BPF_F_MMAPABLE array: element i at i * (value size rounded up to 8), `length` bytes of them from
    `offset`, a multiple of the page size, on."""
    access = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    try:
        return mmap.mmap(fd, length, mmap.MAP_SHARED, access, offset=offset)
    except OSError as error:
        raise BpfError("mmap", error.errno or 0, "map the values of a map into memory") from None


# ------------------------------------------------------------------------------------------------------------- programs

_MOST_WRITTEN = 8 * mmap.PAGESIZE  # what the kernel gathers of an iterator's (bpf_seq_read)
_LICENSE = buffer(b"GPL\0")
# The verifier refuses a log over UINT_MAX >> 8 bytes on kernels before 5.18 or so.
# BPF_LOG_LEVEL1 and BPF_LOG_STATS of include/linux/bpf_verifier.h.
_EVERYTHING, _VERDICT = 1, 4
_LOG_SIZES = (1 << 16, 1 << 20, (1 << 24) - 1)


def program_load(type: int, code: bytes, name: str, *, expected_attach_type: int = 0, attach_btf_id: int = 0) -> int:
    """fd of a verified program; `code` is 8 bytes an instruction with map fds filled in.

    Raises:
        VerifierError: the program is not acceptable.
        BpfError: programs of this type are not, or not from us.
    """
    attributes = _ProgramLoad(
        type=type,
        count=len(code) // 8,
        code=buffer(code),
        license=_LICENSE,
        name=_name(name),
        expected_attach_type=expected_attach_type,
        attach_btf_id=attach_btf_id,
    )
    # A log costs the verifier several times the work of the check: only asked for when there is something to say.
    fd, number = _load(attributes)
    if number == 0:
        return fd
    log = b""
    # What the verifier gave up on is many instructions: it is asked for the verdict, not for the way there.
    level = _VERDICT if number == errno.E2BIG else _EVERYTHING
    for size in _LOG_SIZES:
        text = (c_char * size)()
        attributes.log, attributes.log_size, attributes.log_level = text, size, level
        fd, again = _load(attributes)
        if again == 0:
            return fd
        log = text.value
        if again != errno.ENOSPC:
            number = again
            break
    task = f"load the program {name!r}"
    if log.strip():
        raise VerifierError(number, task, log.decode(errors="replace"))
    raise BpfError("BPF_PROG_LOAD", number, task)


def _load(attributes: _ProgramLoad) -> tuple[int, int]:
    """EAGAIN means that a signal interrupted the verifier (kernel commit c3494801cd17): not our program's fault."""
    for _ in range(5):
        fd, number = attempt("BPF_PROG_LOAD", attributes)
        if number != errno.EAGAIN:
            break
    return fd, number


def program_test_run(fd: int, args: tuple[int, ...] = (), cpu: int | None = None) -> int:
    """Run a raw tracepoint program once, with `args` as its context; its u32 result.

    It sees this thread as the current task, unless `cpu` is another CPU than the one we are on: then it interrupts
    whatever runs there.

    Raises:
        BpfError: ENXIO if `cpu` is not online; EINVAL if the program reads more arguments than given.
    """
    attributes = _TestRun(fd=fd)
    if args:
        context = struct.pack(f"={len(args)}Q", *(argument & 0xFFFFFFFFFFFFFFFF for argument in args))
        attributes.context_size[0], attributes.context[0] = len(context), buffer(context)
    if cpu is not None:
        attributes.flags, attributes.cpu = _TEST_RUN_ON_CPU, cpu
    _bpf("BPF_PROG_TEST_RUN", attributes, "run a program" + ("" if cpu is None else f" on CPU {cpu}"))
    return int(attributes.result)


def raw_tracepoint_open(name: str, program_fd: int) -> int:
    """fd of the attachment of a program to a tracepoint; closing it detaches. A program that was loaded for one place
    (fentry, tp_btf) goes there, and is refused with any name."""
    attributes = _NamedOpen(name=buffer(name.encode() + b"\0") if name else None, fd=program_fd)
    return _bpf("BPF_RAW_TRACEPOINT_OPEN", attributes, f"attach to the tracepoint {name!r}")


def link_create(
    program_fd: int,
    target_fd: int,
    attach_type: int,
    words: tuple[int, ...] = (),
    task: str = "attach a program",
) -> int:
    """fd of a link; `words` are the u64 words that this attach type takes, `task` words the error."""
    attributes = _LinkCreate(program=program_fd, target=target_fd, attach_type=attach_type)
    attributes.words[: len(words)] = words
    return _bpf("BPF_LINK_CREATE", attributes, task)


class ProgramInfo(Value):
    """What the kernel knows of a program. Times and counts stay 0 unless run statistics are on (BPF_ENABLE_STATS);
    `recursion_misses` counts the runs it skipped because the program was already running on that CPU."""

    id: int
    run_time_ns: int
    run_count: int
    recursion_misses: int
    verified_instructions: int
    jited_length: int


def program_info(fd: int) -> ProgramInfo:
    """`struct bpf_prog_info`; members a kernel does not have read as 0."""
    info = (c_char * 232)()
    attributes = _Info(fd=fd, size=len(info), info=info)
    _bpf("BPF_OBJ_GET_INFO_BY_FD", attributes, "ask about a program")
    identifier, jited = struct.unpack_from("=I8xI", info, 4)
    time, count, misses, verified = struct.unpack_from("=QQQI", info, 192)
    return ProgramInfo(identifier, time, count, misses, verified, jited)


def iterate(program_fd: int, tid: int, most: int) -> bytes:
    """What an iterator program writes about a thread, `most` bytes of it; nothing if there is no such thread. Kernels
    that cannot be asked about one (before Linux 6.1) answer about all of them, which the program has to tell.

    Raises:
        BpfError: iterators cannot be had.
    """
    try:
        with _iterator(program_fd, "ask a program about a thread", struct.pack("=3I", tid, 0, 0)) as answer:
            return os.read(answer, most)
    except BpfError as error:
        if error.errno == errno.ESRCH:
            return b""
        raise


def iterate_all(program_fd: int) -> bytes:
    """What an iterator program writes about all threads, by their numbers.

    Raises:
        BpfError: iterators cannot be had.
    """
    with _iterator(program_fd, "ask a program about all threads") as answer:
        return b"".join(iter(lambda: os.read(answer, _MOST_WRITTEN), b""))


@contextlib.contextmanager
def _iterator(program_fd: int, task: str, which: bytes = b"") -> Iterator[int]:
    """What is read from; `which` is union bpf_iter_link_info."""
    held = buffer(which)
    about = (ctypes.addressof(held), len(which)) if which else ()
    link = link_create(program_fd, 0, BPF_TRACE_ITER, about, task)
    try:
        answer = _bpf("BPF_ITER_CREATE", _Word(value=link), task)
        try:
            yield answer
        finally:
            os.close(answer)
    finally:
        os.close(link)
