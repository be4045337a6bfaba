"""Names by address: of ELF files, of what was split off them, of JITs, of the kernel; what processes do is followed."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvtrace.kernel import symbols_bcc, symbols_elf, symbols_process
from pyvtrace.kernel.symbols import Symbols
from pyvtrace.kernel.symbols_bcc import BccSymbols
from pyvtrace.kernel.symbols_elf import Image, open_elf
from pyvtrace.kernel.symbols_follow import Executed, Follower, Forked, Mapped
from pyvtrace.kernel.symbols_kernel import KernelSymbols
from pyvtrace.kernel.symbols_process import Area, PerfMap, Space, areas
from tests.workloads.call_chain import build

FUNCTIONS = ("inner", "middle", "outer", "main")


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def addresses(program: str) -> dict[str, tuple[int, int]]:
    """Address and size of functions, as nm(1) has them."""
    lines = (line.split() for line in run("nm", "-S", program).splitlines())
    return {line[3]: (int(line[0], 16), int(line[1], 16)) for line in lines if len(line) == 4 and line[2] in "Tt"}


def file_offset(program: str, address: int) -> int:
    """Where in the file the byte of an address is, as readelf(1) has the segments."""
    for line in run("readelf", "-lW", program).splitlines():
        fields = line.split()
        if fields[:1] == ["LOAD"]:
            offset, virtual, size = int(fields[1], 16), int(fields[2], 16), int(fields[4], 16)
            if virtual <= address < virtual + size:
                return address - virtual + offset
    raise AssertionError("not in a segment")


def image(path: str) -> Image:
    with open_elf(path) as elf:
        assert elf is not None
        return Image(elf, path)


@contextlib.contextmanager
def running(program: str) -> Iterator[int]:
    """The process id of the program while it waits at its gate."""
    process = subprocess.Popen([program, "sleep", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
    finally:
        process.communicate(b"\n")


# ------------------------------------------------------------------------------------------------------------------ ELF


@pytest.mark.parametrize("flags", [(), ("-pie", "-fPIE")])
def test_every_byte_of_a_function_is_named(tmp_path: Path, flags: tuple[str, ...]) -> None:
    program = build(str(tmp_path), *flags)
    names = image(program)
    for name in FUNCTIONS:
        start, size = addresses(program)[name]
        for inside in (0, 1, size - 1):
            assert names.find(file_offset(program, start + inside)) == (name, inside)


def test_a_stripped_file_names_what_others_link_with(tmp_path: Path) -> None:
    program = build(str(tmp_path), "-rdynamic")
    at = file_offset(program, addresses(program)["middle"][0])
    run("strip", program)
    assert image(program).is_stripped
    assert image(program).find(at + 2) == ("middle", 2)


def test_a_debug_file_names_what_was_stripped(tmp_path: Path) -> None:
    program = build(str(tmp_path), "-g", "-Wl,--build-id=sha1")
    at = file_offset(program, addresses(program)["inner"][0])
    debug = tmp_path / ".debug"
    debug.mkdir()
    run("objcopy", "--only-keep-debug", program, f"{debug}/call_chain.dbg")
    run("strip", program)
    assert image(program).find(at) is None
    run("objcopy", f"--add-gnu-debuglink={debug}/call_chain.dbg", program)
    assert image(program).find(at) == ("inner", 0)
    # One of another build must not give names.
    other = tmp_path / "other"
    other.mkdir()
    run(
        "objcopy", "--only-keep-debug", build(str(other), "-g", "-O0", "-Wl,--build-id=sha1"), f"{debug}/call_chain.dbg"
    )
    assert image(program).find(at) is None


def test_a_debug_file_is_found_by_the_build_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = build(str(tmp_path), "-g", "-Wl,--build-id=sha1")
    at = file_offset(program, addresses(program)["inner"][0])
    build_id = image(program).build_id
    assert build_id in run("readelf", "-n", program)
    directory = tmp_path / "lib" / ".build-id" / build_id[:2]
    directory.mkdir(parents=True)
    run("objcopy", "--only-keep-debug", program, f"{directory}/{build_id[2:]}.debug")
    run("strip", program)
    monkeypatch.setattr(symbols_elf, "DEBUG", str(tmp_path / "lib"))
    assert image(program).find(at) == ("inner", 0)


def test_mini_debug_info_names_what_was_stripped(tmp_path: Path) -> None:
    import lzma

    program = build(str(tmp_path))
    at = file_offset(program, addresses(program)["outer"][0])
    packed = tmp_path / "packed.xz"
    packed.write_bytes(lzma.compress(Path(program).read_bytes()))
    run("strip", program)
    run("objcopy", "--add-section", f".gnu_debugdata={packed}", program)
    assert image(program).find(at + 1) == ("outer", 1)


@pytest.mark.parametrize(
    "content", [b"", b"#!/bin/sh\n", b"\x7fELF\x02\x01" + bytes(20), b"\x7fELF\x02\x01" + b"\xff" * 90]
)
def test_what_is_no_elf_file_has_no_names(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    for name in (path, tmp_path / "nothing", tmp_path):
        with open_elf(str(name)) as elf:
            assert elf is None


def test_every_cut_of_a_file_is_no_disaster(tmp_path: Path) -> None:
    whole = Path(build(str(tmp_path))).read_bytes()
    for size in range(64, len(whole), 997):
        path = tmp_path / "cut"
        path.write_bytes(whole[:size])
        with open_elf(str(path)) as elf:
            # The headers of the sections stand at the end: there are no tables in a part of it.
            assert elf is None


# ------------------------------------------------------------------------------------------------------------ processes


def test_a_file_that_was_deleted_is_still_there_for_its_process(tmp_path: Path) -> None:
    program = build(str(tmp_path))
    middle = addresses(program)["middle"][0]
    with running(program) as pid:
        os.unlink(program)
        assert Symbols(bcc=False).user(pid, middle + 4) == "call_chain`middle+0x4"


def test_a_file_in_another_mount_namespace_is_found(tmp_path: Path) -> None:
    program = build(str(tmp_path))
    outer = addresses(program)["outer"][0]
    inside = tmp_path / "inside"
    inside.mkdir()
    script = f"mount -t tmpfs tmpfs {inside} && cp {program} {inside}/hidden && exec {inside}/hidden sleep 1"
    process = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        assert not (inside / "hidden").exists()
        assert Symbols(bcc=False).user(process.pid, outer) == "hidden`outer"
    finally:
        process.communicate(b"\n")


def test_copies_of_a_file_are_read_once_and_have_their_own_names(tmp_path: Path) -> None:
    """The build id says that they are copies: what one tells is known of the other, of which the symbols were taken."""
    program = build(str(tmp_path), "-Wl,--build-id=sha1")
    copy = str(tmp_path / "copy")
    run("strip", "-o", copy, program)
    outer = addresses(program)["outer"][0]
    symbols = Symbols(bcc=False)
    with running(program) as first, running(copy) as second:
        assert symbols.user(first, outer) == "call_chain`outer"
        assert symbols.user(second, outer) == "copy`outer"


def test_the_vdso_has_names() -> None:
    own = Path("/proc/self/maps").read_text()
    area = next(area for area in areas(own) if area.path == "[vdso]")
    names = Symbols(bcc=False)
    found = {names.user_symbol(os.getpid(), area.start + at) for at in range(0, area.end - area.start, 16)}
    assert any("clock_gettime" in name or "kernel_" in name for name in found)


CXX = r"""
#include <unistd.h>
namespace shop {
struct Cart {
	int add(int n) __attribute__((noinline));
};
int Cart::add(int n)
{
	char c;
	write(1, "x\n", 2);
	return read(0, &c, 1) + n;
}
}
int main()
{
	return shop::Cart().add(1);
}
"""


def test_cxx_names_are_as_written(tmp_path: Path) -> None:
    source, program = tmp_path / "names.cc", str(tmp_path / "names")
    source.write_text(CXX)
    run("c++", "-no-pie", "-o", program, str(source))
    start = addresses(program)["_ZN4shop4Cart3addEi"][0]
    with running(program) as pid:
        assert Symbols(bcc=False).user(pid, start) == "names`shop::Cart::add(int)"


def test_bcc_has_the_same_names(tmp_path: Path) -> None:
    module = symbols_bcc.load()
    assert module is not None, "tests/packages has python3-bpfcc"
    program = build(str(tmp_path))
    with running(program) as pid:
        names = BccSymbols(module)
        for name in FUNCTIONS:
            start = addresses(program)[name][0]
            assert names.find(pid, start + 3) == (name, 3)
            assert Symbols(bcc=False).user(pid, start + 3) == f"call_chain`{name}+0x3"
        assert names.find(pid, 16) is None
        names.forget(pid)


NARROW = """
.text
.globl _start
.type _start, @function
_start:
	push %ebp
	mov %esp, %ebp
	call waits
	mov $1, %eax
	xor %ebx, %ebx
	int $0x80
.size _start, . - _start
.globl waits
.type waits, @function
waits:
	mov $4, %eax
	mov $1, %ebx
	mov $line, %ecx
	mov $1, %edx
	int $0x80
	mov $3, %eax
	xor %ebx, %ebx
	mov $line, %ecx
	mov $1, %edx
	int $0x80
	ret
.size waits, . - waits
.data
line:	.ascii "\\n"
"""


@pytest.fixture
def narrow(tmp_path: Path) -> str:
    """A 32-bit program that writes a line and waits for one, in its function `waits`."""
    if os.uname().machine != "x86_64":
        pytest.fail("only x86-64 runs 32-bit programs of x86")
    source, code, program = (str(tmp_path / name) for name in ("narrow.s", "narrow.o", "narrow"))
    Path(source).write_text(NARROW)
    run("as", "--32", "-o", code, source)
    run("ld", "-m", "elf_i386", "-o", program, code)
    return program


def test_bcc_names_what_we_cannot_read(narrow: str) -> None:
    start = addresses(narrow)["waits"][0]
    with running(narrow) as pid:
        names = Symbols()
        assert names.user(pid, start + 3) == "narrow`waits+0x3"
        assert [*names.lacking()] == []


def test_without_bcc_it_says_what_to_install(narrow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbols_bcc, "DIRECTORIES", ())
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert symbols_bcc.load() is None
    start = addresses(narrow)["waits"][0]
    with running(narrow) as pid:
        names = Symbols()
        assert names.user(pid, start) == f"narrow`{start:#x}"
    assert [*names.lacking()] == [
        "1 address in narrow has no name: its file is gone, or none that can be read; bcc reads those of 32 bits: "
        "apt install python3-bpfcc (elsewhere: bcc-tools or python3-bcc; not from PyPI)"
    ]


def test_a_package_called_bcc_that_is_another_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bcc").mkdir()
    (tmp_path / "bcc" / "__init__.py").write_text("raise SystemExit('lattices')")
    monkeypatch.setattr(symbols_bcc, "DIRECTORIES", ())
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert symbols_bcc.load() is None


def test_what_was_mapped_last_is_what_is_there() -> None:
    space = Space(1, "1000-3000 r-xp 00000000 08:01 7 /one\n3000-4000 rw-p 0 08:01 7 /one\n")
    assert space.find(0x1FFF) == Area(0x1000, 0x3000, 0, "/one", 7, "08:01")
    assert space.find(0x3000) is None
    space.add(Area(0x2000, 0x3000, 0x500, "/two", 8, "08:01"))
    assert [area.path if (area := space.find(at)) else "" for at in (0x1FFF, 0x2000)] == ["/one", "/two"]
    child = Space(2, parent=space)
    child.add(Area(0x1000, 0x1800, 0, "/three", 9, "08:01"))
    assert [area.path if (area := child.find(at)) else "" for at in (0x1000, 0x1800)] == ["/three", "/one"]
    assert space.find(0x1000) == Area(0x1000, 0x3000, 0, "/one", 7, "08:01")


def test_a_perf_map_is_read_again_when_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "perf.map"
    path.write_text("1000 20 one\nnonsense\n1010 8 two words\n")
    perf_map = PerfMap(os.getpid())
    monkeypatch.setattr(perf_map, "_paths", [str(path)])
    assert [perf_map.find(at) for at in (0x1008, 0x1012, 0x2000)] == [("one", 8), ("two words", 2), None]
    with open(path, "a") as file:
        file.write("2000 10 three\n1000 20 moved\n")
    assert perf_map.find(0x2001) == ("three", 1)
    assert perf_map.find(0x1008) == ("moved", 8), "a JIT uses memory again"


def test_a_perf_map_that_is_no_file_does_not_hold_us_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    perf_map = PerfMap(os.getpid())
    monkeypatch.setattr(perf_map, "_paths", ["/dev/zero", str(tmp_path)])
    assert perf_map.find(1) is None


def test_fork_exec_and_mappings_are_followed(tmp_path: Path) -> None:
    program = build(str(tmp_path))
    follower = Follower()
    try:
        process = subprocess.Popen([program, "sleep", "1"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        process.wait()
        events = [event for event in follower.events() if getattr(event, "pid", 0) == process.pid]
    finally:
        follower.close()
    kinds = [type(event) for event in events]
    assert kinds.index(Executed) < kinds.index(Mapped)
    assert Forked in kinds or (os.getpid() != os.getppid() and kinds.count(Executed) == 1)
    paths = [event.area.path for event in events if isinstance(event, Mapped)]
    assert program in paths
    assert any("libc.so" in path for path in paths)


def test_a_process_that_has_ended_is_named_by_what_was_followed(tmp_path: Path) -> None:
    program = build(str(tmp_path))
    names = Symbols(bcc=False)
    names.follow()
    try:
        with running(program) as pid:
            pass
        assert not os.path.exists(f"/proc/{pid}")
        assert names.user(pid, addresses(program)["main"][0]) == "call_chain`main"
    finally:
        names.close()


def test_another_file_of_the_same_path_gives_no_names(tmp_path: Path) -> None:
    program = build(str(tmp_path))
    main = addresses(program)["main"][0]
    names = Symbols(bcc=False)
    names.follow()
    try:
        with running(program) as pid:
            pass
        os.rename(program, f"{program}.old")
        shutil.copy(f"{program}.old", program)
        assert names.user(pid, main) == f"call_chain`{main:#x}"
    finally:
        names.close()


def test_an_inner_pid_is_that_of_the_namespace() -> None:
    assert symbols_process.inner_pid(os.getpid()) == os.getpid()
    assert symbols_process.inner_pid(4194305) == 4194305


# --------------------------------------------------------------------------------------------------------------- kernel

KALLSYMS = """\
ffffffff81000000 T _stext
ffffffff81000010 T first
ffffffff81000010 T first_alias
ffffffff81000030 d some_data
ffffffff81000040 t second
ffffffff81000100 T _etext
ffffffffa0000000 t in_module\t[veth]
"""


def test_kernel_functions_and_modules(tmp_path: Path) -> None:
    path = tmp_path / "kallsyms"
    path.write_text(KALLSYMS)
    names = KernelSymbols(str(path))
    assert names.find(0xFFFFFFFF81000011) == ("vmlinux", "first", 1)
    assert names.find(0xFFFFFFFF81000045) == ("vmlinux", "second", 5)
    assert names.find(0xFFFFFFFFA0000002) == ("veth", "in_module", 2)
    assert names.find(0xFFFFFFFF81000200) is None, "behind the end of the text"
    assert names.find(0xFFFFFFFFA0100000) is None, "far behind the last"
    assert names.find(0x1000) is None
    assert names.range_of("second") == (0xFFFFFFFF81000040, 0xFFFFFFFF81000100)
    assert names.range_of("no_such") is None


def test_hidden_addresses_give_no_names(tmp_path: Path) -> None:
    path = tmp_path / "kallsyms"
    path.write_text("0000000000000000 T first\n0000000000000000 T second\n")
    names = KernelSymbols(str(path))
    assert names.hidden
    assert names.find(0xFFFFFFFF81000011) is None
    assert KernelSymbols(str(tmp_path / "none")).hidden
