"""bpf(2) against the running kernel."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from ctypes import c_int
from mmap import PAGESIZE
from pathlib import Path

import pytest

from pyvtrace.bpf import helpers, maps, programs
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R10,
    Code,
    Label,
    call,
    jump_if,
    leave,
    load,
    map_fd,
    mov,
    store,
)
from pyvtrace.kernel import bpf, interrupts, map_contents
from pyvtrace.kernel.cpus import online
from pyvtrace.kernel.types import Types
from pyvtrace.spec import MapSpec
from scripts.lib.bpf import statistics
from tests.kernel.code import NOTHING, Kernel, count_calls_of


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    with Kernel() as kernel:
        yield kernel


def word(number: int, size: int = 8) -> bytes:
    return number.to_bytes(size, "little")


# ---------------------------------------------------------------------------------------------------------------- maps


def test_elements_come_and_go(kernel: Kernel) -> None:
    fd = kernel.map(maps.HASH, 4, 8, 10)
    assert bpf.map_lookup(fd, word(1, 4), 8) is None
    bpf.map_update(fd, word(1, 4), word(7))
    assert bpf.map_lookup(fd, word(1, 4), 8) == word(7)
    with pytest.raises(bpf.BpfError) as refused:
        bpf.map_update(fd, word(1, 4), word(8), bpf.BPF_NOEXIST)
    assert refused.value.errno == errno.EEXIST
    assert bpf.map_delete(fd, word(1, 4))
    assert not bpf.map_delete(fd, word(1, 4))


def test_descriptors_are_closed_on_exec(kernel: Kernel) -> None:
    for fd in (kernel.map(maps.ARRAY, 4, 8, 1), kernel.program(NOTHING)):
        assert fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC


def test_contents_are_written_and_frozen(kernel: Kernel) -> None:
    spec = MapSpec("strings-and more than 15", maps.ARRAY, 4, 8, 1, maps.RDONLY_PROG, b"constant", frozen=True)
    fd = kernel.own(bpf.map_create(spec))
    assert bpf.map_lookup(fd, bytes(4), 8) == b"constant"
    with pytest.raises(bpf.BpfError) as refused:
        bpf.map_update(fd, bytes(4), bytes(8))
    assert refused.value.errno == errno.EPERM


def test_a_map_that_cannot_be_filled_is_closed() -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(bpf.BpfError):
        bpf.map_create(MapSpec("frozen", maps.RINGBUF, 0, 0, 4096, contents=b"no element to write to"))
    assert os.listdir("/proc/self/fd") == before


def test_a_refused_map_says_which_one_and_why() -> None:
    with pytest.raises(bpf.BpfError, match="cannot create the map 'ring': Invalid argument"):
        bpf.map_create(MapSpec("ring", maps.RINGBUF, 0, 0, 4095))


# One element a batch makes every collision of two keys in a bucket overflow it.
@pytest.mark.parametrize("batch", [1, 2, 7, 1000, 4096])
def test_items_are_all_seen_once(kernel: Kernel, batch: int) -> None:
    fd = kernel.map(maps.HASH, 4, 8, 1000)
    want = {word(i, 4): word(i * i) for i in range(1000)}
    for key, value in want.items():
        bpf.map_update(fd, key, value)
    got = list(map_contents.items(fd, 4, 8, 1000, batch))
    assert len(got) == 1000
    assert dict(got) == want


def test_items_of_an_empty_map(kernel: Kernel) -> None:
    assert list(map_contents.items(kernel.map(maps.HASH, 4, 8, 10), 4, 8, 10)) == []


def test_items_where_the_kernel_has_no_batches(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    fd = kernel.map(maps.HASH, 4, 8, 100)
    want = {word(i, 4): word(i) for i in range(100)}
    for key, value in want.items():
        bpf.map_update(fd, key, value)
    attempt = bpf.attempt
    monkeypatch.setattr(
        bpf, "attempt", lambda command, a: (-1, errno.EINVAL) if "BATCH" in command else attempt(command, a)
    )
    walk = map_contents.items(fd, 4, 8, 100)
    first, _ = next(walk)
    bpf.map_delete(fd, first)  # the walk starts again from the front, and must not repeat itself
    got = [first, *(key for key, _ in walk)]
    assert sorted(got) == sorted(want)


def test_per_cpu_values_come_one_after_the_other(kernel: Kernel) -> None:
    cpus = os.sysconf("SC_NPROCESSORS_CONF")
    fd = kernel.map(maps.PERCPU_ARRAY, 4, 12, 1)
    values = b"".join(word(cpu + 1, 12) + bytes(4) for cpu in range(cpus))
    bpf.map_update(fd, bytes(4), values)
    assert bpf.map_lookup(fd, bytes(4), 16 * cpus) == values


def test_mapped_values_are_the_map(kernel: Kernel) -> None:
    fd = kernel.map(maps.ARRAY, 4, 8, 1000, maps.MMAPABLE)
    with bpf.map_mmap(fd, 8000, writable=True) as memory:
        memory[8:16] = word(42)
        assert bpf.map_lookup(fd, word(1, 4), 8) == word(42)
    plain = kernel.map(maps.ARRAY, 4, 8, 1)
    with pytest.raises(bpf.BpfError, match="cannot map the values of a map into memory"):
        bpf.map_mmap(plain, 8)


def test_task_storage_keeps_a_value_for_each_thread(kernel: Kernel) -> None:
    fd = kernel.map(maps.TASK_STORAGE, 4, 40, 0, maps.NO_PREALLOC)
    none = Label("none")
    program = kernel.program(
        (
            call(helpers.GET_CURRENT_TASK_BTF),
            map_fd(R1, "store"),
            mov(R2, R0),
            mov(R3, 0),
            mov(R4, 1),
            call(helpers.TASK_STORAGE_GET),
            jump_if(R0, "==", 0, none),
            load(R1, R0, 32),
            R1 + 1,
            store(R0, 32, R1),
            mov(R0, R1),
            none,
            leave(),
        ),
        store=fd,
    )
    assert [bpf.program_test_run(program) for _ in range(3)] == [1, 2, 3]


# ------------------------------------------------------------------------------------------------------------ programs


def test_arguments_are_the_context(kernel: Kernel) -> None:
    program = kernel.program((load(R0, R1, 0), load(R1, R1, 8), R0 + R1, leave()))
    assert bpf.program_test_run(program, (40, 2)) == 42
    assert bpf.program_test_run(program, (-1, 2)) == 1
    with pytest.raises(bpf.BpfError) as refused:
        bpf.program_test_run(program, (1,))
    assert refused.value.errno == errno.EINVAL


def test_a_test_run_on_a_cpu(kernel: Kernel) -> None:
    program = kernel.program((call(helpers.GET_SMP_PROCESSOR_ID), leave()))
    cpus = sorted(os.sched_getaffinity(0))
    assert [bpf.program_test_run(program, (), cpu) for cpu in cpus] == cpus
    with pytest.raises(bpf.BpfError) as refused:
        bpf.program_test_run(program, (), 4095)
    assert refused.value.errno == errno.ENXIO


def test_a_test_run_sees_the_caller(kernel: Kernel) -> None:
    program = kernel.program((call(helpers.GET_CURRENT_PID_TGID), R0 >> 32, leave()))
    assert bpf.program_test_run(program) == os.getpid()


LOOP = Label("loop")
REJECTED = {
    "a scalar as a pointer": ((mov(R1, 0), load(R0, R1, 0), leave()), 1, "R1 invalid mem access"),
    "a register nobody set": ((mov(R0, R2), leave()), 0, "R2 !read_ok"),
    "no result": ((leave(),), 0, "R0 !read_ok"),
    "an unknown helper": ((mov(R0, 0), call(9999), leave()), 1, "invalid func"),
    "a bad argument": ((mov(R1, 0), mov(R2, 0), mov(R3, 0), call(helpers.MAP_UPDATE), leave()), 3, "R1 type=scalar"),
    "an endless loop": ((mov(R0, 0), LOOP, R0 + 0, jump_if(R0, "==", 0, LOOP), leave()), 1, "infinite loop"),
}


@pytest.mark.parametrize("what", REJECTED)
def test_a_rejection_names_instruction_and_reason(kernel: Kernel, what: str) -> None:
    items, instruction, telling = REJECTED[what]
    with pytest.raises(bpf.VerifierError) as rejected:
        kernel.program(items)
    error = rejected.value
    assert telling in error.telling
    assert "processed" not in error.telling
    assert error.instruction == instruction
    assert error.telling in error.log
    assert str(error).startswith("cannot load the program 'test': rejected")


def test_a_long_log_is_read_whole(kernel: Kernel) -> None:
    """Each instruction is some 50 bytes of log; the first buffer is 64 KiB."""
    with pytest.raises(bpf.VerifierError) as rejected:
        kernel.program((mov(R0, 0), *(R0 + 1 for _ in range(4000)), load(R0, R0, 0), leave()))
    assert rejected.value.instruction == 4001
    assert len(rejected.value.log) > 1 << 16
    assert "R0 invalid mem access" in rejected.value.telling


def test_an_unknown_type_of_program_is_no_rejection() -> None:
    with pytest.raises(bpf.BpfError) as refused:
        bpf.program_load(9999, bytes((0xB7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0)), "test")
    assert not isinstance(refused.value, bpf.VerifierError)
    assert refused.value.hint == "this kernel does not have this type of program"


def test_a_raw_tracepoint_runs_the_program(kernel: Kernel) -> None:
    fd = kernel.map(maps.ARRAY, 4, 8, 1, maps.MMAPABLE)
    # sched_process_wait has one argument; only this process waits for its own child here.
    program = kernel.program(count_calls_of(os.getpid()), count=fd)
    link = bpf.raw_tracepoint_open("sched_process_wait", program)
    try:
        child = os.posix_spawn("/bin/true", ["true"], {})
        os.waitpid(child, 0)
    finally:
        os.close(link)
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    assert struct.unpack("=Q", bpf.map_lookup(fd, bytes(4), 8) or b"") == (1,)


def command_of_a_thread() -> Code:
    """Writes the name of the thread that it is asked about."""
    end, place = Label("end"), Types().member("task_struct", "comm")
    assert place is not None
    yield load(R6, R1, 0)
    yield load(R7, R1, 8)
    yield jump_if(R7, "==", 0, end)
    for word in (0, 8):
        yield load(R1, R7, place.offset + word)
        yield store(R10, word - 16, R1)
    yield load(R1, R6, 0)
    yield mov(R2, R10)
    yield R2 + -16
    yield mov(R3, 16)
    yield call(helpers.SEQ_WRITE)
    yield end
    yield mov(R0, 0)
    yield leave()


def iterator(kernel: Kernel, code: Code) -> int:
    number = Types().function("bpf_iter_task")
    assert number is not None
    return kernel.program(code, programs.TRACING, (bpf.BPF_TRACE_ITER, number))


def test_an_iterator_tells_of_the_thread_that_was_asked_for(kernel: Kernel) -> None:
    program = iterator(kernel, command_of_a_thread())
    for tid in (os.getpid(), os.getppid()):
        with open(f"/proc/{tid}/comm", encoding="utf-8") as file:
            assert bpf.iterate(program, tid, 100).rstrip(b"\0").decode() == file.read().rstrip("\n")
    child = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(child, 0)
    assert bpf.iterate(program, child, 100) == b""


def test_an_iterator_tells_of_all_threads(kernel: Kernel) -> None:
    """Of more than the kernel gathers before it hands over any of it (8 pages)."""
    program = iterator(kernel, command_of_a_thread())
    named, done, name = threading.Semaphore(0), threading.Event(), f"of {os.getpid()}"

    def wait() -> None:
        Path("/proc/thread-self/comm").write_text(name)
        named.release()
        done.wait()

    threads = [threading.Thread(target=wait) for _ in range(2_500)]
    assert 16 * len(threads) > 8 * PAGESIZE
    try:
        for thread in threads:
            thread.start()
            named.acquire()
        told = bpf.iterate_all(program)
    finally:
        done.set()
        for thread in threads:
            if thread.ident:
                thread.join()
    assert [found for (found,) in struct.iter_unpack("16s", told)].count(name.encode().ljust(16, b"\0")) == len(threads)


def test_a_program_for_something_else_is_no_iterator(kernel: Kernel) -> None:
    with pytest.raises(bpf.BpfError, match="cannot ask a program about a thread"):
        bpf.iterate(kernel.program(NOTHING), os.getpid(), 100)


def write_to_events() -> Code:
    """Writes eight bytes to the event of this CPU; the result is that of the helper."""
    yield store(R10, -8, 7)
    yield map_fd(R2, "events")
    yield mov(R3, 0xFFFFFFFF)
    yield mov(R4, R10)
    yield R4 + -8
    yield mov(R5, 8)
    yield call(helpers.PERF_EVENT_OUTPUT)
    yield leave()


def test_a_program_gives_its_cpu_an_interrupt_at_once(kernel: Kernel) -> None:
    count = kernel.map(maps.ARRAY, 4, 8, 1, maps.MMAPABLE)
    events = kernel.map(maps.PERF_EVENT_ARRAY, 4, 4, max(online()) + 1)
    writes = kernel.program(write_to_events(), events=events)
    kernel.own(bpf.raw_tracepoint_open("irq_work_entry", kernel.program(count_calls_of(os.getpid()), count=count)))
    assert c_int(bpf.program_test_run(writes)).value == -errno.ENOENT
    before = struct.unpack("=Q", bpf.map_lookup(count, bytes(4), 8) or b"")[0]
    with ExitStack() as held:
        interrupts.give(events, held)
        # More than there is room for.
        for written in range(1, 1001):
            assert bpf.program_test_run(writes) == 0
            assert struct.unpack("=Q", bpf.map_lookup(count, bytes(4), 8) or b"")[0] >= before + written
    # The buffers are gone.
    assert c_int(bpf.program_test_run(writes)).value == -errno.ENOSPC


def test_a_tracepoint_that_is_not_there(kernel: Kernel) -> None:
    with pytest.raises(bpf.BpfError, match="cannot attach to the tracepoint 'nonesuch'") as refused:
        bpf.raw_tracepoint_open("nonesuch", kernel.program(NOTHING))
    assert refused.value.hint == "this kernel has no such tracepoint"


def test_program_info_counts_runs(kernel: Kernel) -> None:
    program = kernel.program(count_calls_of(0), count=kernel.map(maps.ARRAY, 4, 8, 1))
    fresh = bpf.program_info(program)
    assert fresh.id > 0
    assert fresh.verified_instructions > 0
    assert (fresh.run_count, fresh.run_time_ns, fresh.recursion_misses) == (0, 0, 0)
    with statistics():
        kernel.own(bpf.raw_tracepoint_open("sched_process_wait", program))
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    info = bpf.program_info(program)
    assert info.run_count >= 1
    assert info.run_time_ns > 0
