"""alloca(), copyin(), copyinto() and bcopy(): memory of a clause."""

from __future__ import annotations

import ctypes

import pytest

from pyvtrace.source import CompileError
from tests.programs import traced

TEXT = ctypes.create_string_buffer(b"hello, memory", 32)
AT = ctypes.addressof(TEXT)


def test_copyin_gives_what_the_process_has() -> None:
    text = f"this->p = (char *)copyin({AT:#x}, 6); trace(stringof(this->p)); trace(this->p[1]);"
    text += f"trace(*(short *)this->p); trace(stringof(copyin({AT:#x} + 7, 7)));"
    assert traced(f"BEGIN {{ {text} }}") == ["hello,", ord("e"), int.from_bytes(b"he", "little"), "memory"]


def test_copyinto_and_bcopy_write_where_alloca_is() -> None:
    text = f"""this->d = (char *)alloca(32);
    copyinto({AT:#x}, 5, (void *)(this->d + 2)); trace(stringof(this->d + 2));
    bcopy((void *)(this->d + 3), (void *)(this->d + 2), 4); trace(stringof(this->d + 2));
    trace(this->d[7]);"""
    assert traced(f"BEGIN {{ {text} }}") == ["hello", "elloo", 0]


def test_memory_is_handed_out_in_words() -> None:
    text = "this->a = alloca(9); this->b = alloca(1); trace((char *)this->b - (char *)this->a);"
    assert traced(f"BEGIN {{ {text} }}") == [16]


@pytest.mark.parametrize(
    ("statement", "fault", "value"),
    [
        ("n = 257; alloca(n);", 5, 0),
        ("n = -1; alloca(n);", 5, 0),
        ("alloca(200); alloca(64);", 5, 0),
        ("copyin(AT, 512);", 5, 0),
        ("copyin(8, 4);", 1, 8),
        ("copyinto(AT, 4, (void *)8);", 1, 8),
        ("bcopy((void *)8, alloca(8), 8);", 1, 8),
    ],
)
def test_what_cannot_be_is_a_fault(statement: str, fault: int, value: int) -> None:
    statement = statement.replace("AT", f"{AT:#x}")
    assert traced(f"BEGIN {{ {statement} }} ERROR {{ trace(arg4); trace(arg5); }}") == [fault, value]


@pytest.mark.parametrize("distance", [-1, 250, 1 << 40])
def test_nothing_else_can_be_written_to(distance: int) -> None:
    text = f"this->d = (char *)alloca(16); bcopy((void *)this->d, (void *)(this->d + {distance}), 8);"
    assert traced(f"BEGIN {{ {text} }} ERROR {{ trace(arg4); }}") == [1]


def test_each_clause_has_all_of_it() -> None:
    clause = "BEGIN { alloca(250); trace(1); }"
    assert traced(clause * 3) == [1, 1, 1]
    assert traced("BEGIN { alloca(3000); trace(1); }", scratchsize="4k") == [1]


@pytest.mark.parametrize(
    ("call", "tag"),
    [
        ("alloca()", "D_PROTO_LEN"), ("alloca(257)", "D_ALLOCA_SIZE"), ("alloca(-1)", "D_ALLOCA_SIZE"),
        ('alloca("a")', "D_PROTO_ARG"), ("copyin(1)", "D_PROTO_LEN"),
        ("copyin(\"a\", 1)", "D_PROTO_ARG"), ("copyinto(1, 2, 3)", "D_PROTO_ARG"), ("bcopy(1, 2, 3)", "D_PROTO_ARG"),
        ("trace(bcopy((void *)1, (void *)2, 3))", "D_TRACE_VOID"),
    ],
)  # fmt: skip
def test_calls_are_checked(call: str, tag: str) -> None:
    with pytest.raises(CompileError) as error:
        traced(f"BEGIN {{ {call}; }}")
    assert [d.tag for d in error.value.diagnostics] == [tag]
