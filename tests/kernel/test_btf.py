"""BTF: types made for the purpose, whose answers are known; and the running kernel's, against what it does."""

from __future__ import annotations

import os
import struct

import pytest

from pyvtrace.bpf import helpers
from pyvtrace.bpf.isa import R0, call, leave, load
from pyvtrace.kernel import bpf
from pyvtrace.kernel.btf import VMLINUX, Btf, BtfError, Kind, open_vmlinux
from pyvtrace.target import KernelType, MemberPlace
from tests.kernel.code import Kernel


class Types:
    """Writes BTF."""

    def __init__(self) -> None:
        self.types, self.strings, self.count = b"", b"\0", 0

    def text(self, name: str) -> int:
        if not name:
            return 0
        encoded = b"\0" + name.encode() + b"\0"
        if encoded not in self.strings:
            self.strings += encoded[1:]
        return self.strings.index(encoded) + 1

    def add(self, kind: int, name: str = "", rest: int = 0, *words: int, entries: int = 0, flag: bool = False) -> int:
        """`rest` is the size or the type referred to, `words` what follows."""
        info = flag << 31 | kind << 24 | entries
        self.types += struct.pack(f"={3 + len(words)}I", self.text(name), info, rest, *words)
        self.count += 1
        return self.count

    def integer(self, name: str, size: int, *, signed: bool = False) -> int:
        return self.add(Kind.INT, name, size, signed << 24 | 8 * size)

    def struct(self, name: str, size: int, *members: tuple[str, int, int], kind: int = Kind.STRUCT) -> int:
        """`members`: name, type, offset in bits."""
        words = [word for member, type_, bits in members for word in (self.text(member), type_, bits)]
        return self.add(kind, name, size, *words, entries=len(members))

    def prototype(self, result: int, *parameters: tuple[str, int]) -> int:
        words = [word for name, type_ in parameters for word in (self.text(name), type_)]
        return self.add(Kind.FUNC_PROTO, "", result, *words, entries=len(parameters))

    def bytes(self) -> bytes:
        sizes = len(self.types), len(self.types), len(self.strings)
        return struct.pack("=HBB5I", 0xEB9F, 1, 0, 24, 0, *sizes) + self.types + self.strings


@pytest.fixture(scope="module")
def made() -> Btf:
    t = Types()
    character, integer, long = t.integer("char", 1), t.integer("int", 4, signed=True), t.integer("long unsigned int", 8)
    short = t.integer("short int", 2, signed=True)
    pid_t = t.add(Kind.TYPEDEF, "pid_t", integer)
    name = t.add(Kind.ARRAY, "", 0, character, integer, 16)
    word = t.add(Kind.CONST, "", t.add(Kind.VOLATILE, "", pid_t))
    # A struct with the name of a function and of a member, and a declaration before it.
    t.add(Kind.FWD, "task")
    anonymous = t.struct("", 8, ("low", integer, 0), ("high", word, 32), kind=Kind.UNION)
    inner = t.struct("inner", 8, ("flags", long, 0))
    shade = t.add(Kind.ENUM, "shade", 4, t.text("GREY"), 0, entries=1, flag=True)
    task = t.struct(
        "task",
        64,
        ("name", name, 0),
        ("", anonymous, 128),
        ("info", inner, 192),
        ("shade", shade, 256),
        ("s", short, 288),
    )
    t.add(
        Kind.STRUCT, "bits", 8, t.text("a"), integer, 3 << 24, t.text("b"), integer, 32, entries=2, flag=True
    )  # int a:3; int b;
    pointer = t.add(Kind.PTR, "", task)
    text = t.add(Kind.PTR, "", t.add(Kind.CONST, "", character))
    void = t.add(Kind.PTR, "", 0)
    callback = t.add(Kind.PTR, "", t.prototype(integer, ("", integer), ("", pointer)))
    unnamed = t.prototype(0, ("", void), ("", pointer), ("", text))
    t.add(Kind.TYPEDEF, "btf_trace_made", t.add(Kind.PTR, "", unnamed))
    t.add(Kind.TYPEDEF, "btf_trace_bare", t.add(Kind.PTR, "", unnamed))
    t.add(Kind.TYPEDEF, "btf_trace_none", t.add(Kind.PTR, "", t.prototype(0, ("", void))))
    named = t.prototype(0, ("__data", void), ("task", pointer), ("why", t.add(Kind.CONST, "", text)), ("f", callback))
    t.add(Kind.FUNC, "__bpf_trace_made", named)
    t.add(Kind.FUNC, "task", named)
    return Btf(t.bytes())


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("name", MemberPlace(0, 16)),
        ("low", MemberPlace(16, 4, True)),
        ("high", MemberPlace(20, 4, True)),
        ("info", MemberPlace(24, 8)),
        ("info.flags", MemberPlace(24, 8)),
        ("shade", MemberPlace(32, 4, True)),
        ("s", MemberPlace(36, 2, True)),
        ("flags", None),
        ("info.none", None),
        ("name.x", None),
        ("never", None),
    ],
)
def test_places_of_members(made: Btf, path: str, place: MemberPlace | None) -> None:
    assert made.member("task", path) == place


def test_bit_fields_have_no_place(made: Btf) -> None:
    assert made.member("bits", "a") is None
    assert made.member("bits", "b") == MemberPlace(4, 4, True)


def test_no_such_struct(made: Btf) -> None:
    assert made.member("never", "a") is None


def test_parameters_of_tracepoints(made: Btf) -> None:
    found = made.raw_tracepoint("made")
    assert found is not None
    assert [(p.name, p.type) for p in found] == [
        ("task", KernelType("pointer", "struct task *", 8)),
        ("why", KernelType("string", "const char *const", 8)),
        ("f", KernelType("pointer", "int (*)(int, struct task *)", 8)),
    ]
    assert [p.name for p in made.raw_tracepoint("bare") or ()] == ["arg0", "arg1"]
    assert made.raw_tracepoint("none") == ()
    assert made.raw_tracepoint("never") is None
    assert made.raw_tracepoints() == ["made", "bare", "none"]


@pytest.mark.parametrize(
    ("name", "kinds", "described"),
    [
        ("long unsigned int", (Kind.INT,), KernelType("int", "unsigned long", 8)),
        ("pid_t", (Kind.TYPEDEF,), KernelType("int", "pid_t", 4, True)),
        ("shade", (Kind.ENUM,), KernelType("int", "enum shade", 4, True)),
        ("inner", (Kind.STRUCT,), KernelType("other", "struct inner", 8)),
    ],
)
def test_descriptions(made: Btf, name: str, kinds: tuple[int, ...], described: KernelType) -> None:
    identifier = made.find(name, *kinds)
    assert identifier
    assert made.describe(identifier) == described


def test_a_name_is_found_by_kind_however_often_asked(made: Btf) -> None:
    function, struct_ = made.function("task"), made.find("task", Kind.STRUCT)
    assert function and struct_ and function != struct_
    for _ in range(100):
        assert made.function("task") == function
        assert made.find("task", Kind.STRUCT) == struct_
        assert made.find("task", Kind.STRUCT, Kind.FWD) == made.find("task", Kind.FWD)
        assert made.function("never") is None


@pytest.mark.parametrize("data", [b"", b"\x9f\xeb", bytes(100), b"\x7fELF" + bytes(100)])
def test_what_is_not_btf(data: bytes) -> None:
    with pytest.raises(BtfError):
        Btf(data)


def test_a_kind_from_the_future() -> None:
    types = Types()
    types.add(31, "strange")
    types.struct("known", 0)
    with pytest.raises(BtfError, match="unknown kind 31"):
        Btf(types.bytes()).find("known", Kind.STRUCT)


def test_a_kernel_without_btf() -> None:
    with pytest.raises(BtfError, match="No such file"):
        open_vmlinux(f"{VMLINUX}-none")


# ------------------------------------------------------------------------------------------------- the running kernel


@pytest.fixture(scope="module")
def vmlinux() -> Btf:
    return open_vmlinux()


def test_members_are_where_the_kernel_keeps_them(vmlinux: Btf) -> None:
    for path, want in (("pid", os.getpid()), ("comm", int.from_bytes(b"name of ", "little")), ("tgid", os.getpid())):
        place = vmlinux.member("task_struct", path)
        assert place
        with open("/proc/self/comm", "r+") as comm:
            before = comm.read().strip()
            comm.write("name of a test")
        with Kernel() as kernel:
            size = min(place.size, 4)
            program = kernel.program((call(helpers.GET_CURRENT_TASK_BTF), load(R0, R0, place.offset, size), leave()))
            assert bpf.program_test_run(program) == want & 0xFFFFFFFF
        with open("/proc/self/comm", "w") as comm:
            comm.write(before)


def test_parameters_of_the_kernels_tracepoints(vmlinux: Btf) -> None:
    want = {
        "sys_enter": ["regs", "id"],
        "sys_exit": ["regs", "ret"],
        "sched_process_exec": ["p", "old_pid", "bprm"],
        "block_rq_issue": ["rq"],
    }
    assert {name: [p.name for p in vmlinux.raw_tracepoint(name) or ()] for name in want} == want
    assert want.keys() < set(vmlinux.raw_tracepoints())
