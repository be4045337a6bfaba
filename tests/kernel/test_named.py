"""What programs call by the kernel's names: in BTF written for the purpose, and in a list of symbols."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyvtrace.kernel.btf import Btf, Kind
from pyvtrace.kernel.kallsyms import find
from pyvtrace.kernel.named import enumerator, named, variable
from pyvtrace.target import KernelSymbol, KernelType
from tests.kernel.test_btf import Types

INT = KernelType("int", "int", 4, True)


@pytest.fixture(scope="module")
def made() -> Btf:
    t = Types()
    integer = t.integer("int", 4, signed=True)
    inner = t.add(Kind.TYPEDEF, "inner_t", integer)
    t.add(Kind.TYPEDEF, "outer_t", inner)
    t.add(Kind.ENUM, "color", 4, t.text("RED"), 3, t.text("GREEN"), 7, entries=2)
    t.add(Kind.ENUM, "level", 4, t.text("LOW"), 0xFFFFFFFF, entries=1, flag=True)
    t.add(Kind.ENUM64, "wide", 8, t.text("HUGE"), 5, 1, t.text("TINY"), 0xFFFFFFFE, 0xFFFFFFFF, entries=2, flag=True)
    each = t.add(Kind.VAR, "each", integer, 1)
    t.add(Kind.VAR, "one", integer, 1)
    t.add(Kind.DATASEC, ".data..percpu", 4, each, 0, 4, entries=1)
    prototype = t.prototype(integer, ("a", integer))
    t.add(Kind.FUNC, "work", prototype)
    return Btf(t.bytes())


def test_a_typedef_is_an_integer_of_its_own_name(made: Btf) -> None:
    assert named(made, "outer_t") == KernelType("int", "outer_t", 4, True)
    assert named(made, "enum color") == KernelType("int", "enum color", 4)
    assert [named(made, name) for name in ("color", "enum outer_t", "never")] == [None, None, None]


@pytest.mark.parametrize(
    ("name", "type_", "value"),
    [
        ("RED", "enum color", 3),
        ("GREEN", "enum color", 7),
        ("LOW", "enum level", -1),
        ("HUGE", "enum wide", (1 << 32) + 5),
        ("TINY", "enum wide", -2),
    ],
)
def test_a_constant_has_the_value_and_the_sign_of_its_enum(made: Btf, name: str, type_: str, value: int) -> None:
    found = enumerator(made, name)
    assert found is not None
    assert (found.type.name, found.value) == (type_, value)


@pytest.mark.parametrize("name", ["never", "int", "color", "each", "a"])
def test_other_names_are_no_constants(made: Btf, name: str) -> None:
    assert enumerator(made, name) is None


def test_a_variable_of_each_cpu_is_told_from_one_for_all(made: Btf) -> None:
    assert variable(made, "each") == KernelSymbol("each", "", 0, INT, 7, True)
    assert variable(made, "one") == KernelSymbol("one", "", 0, INT, 8)
    assert variable(made, "work") == KernelSymbol("work", "", 0, KernelType("function", "int (int)", 0))
    assert variable(made, "color") is None


@pytest.fixture
def listed(tmp_path: Path) -> str:
    file = tmp_path / "kallsyms"
    file.write_text("00000000000000a0 T twice\n0000000000000000 D hidden\n00000000000000b0 t twice\t[ext4]\n")
    return str(file)


@pytest.mark.parametrize(
    ("module", "name", "place"),
    [
        ("", "twice", ("vmlinux", 0xA0)),
        ("vmlinux", "twice", ("vmlinux", 0xA0)),
        ("kernel", "twice", ("vmlinux", 0xA0)),
        ("ext4", "twice", ("ext4", 0xB0)),
        ("", "hidden", ("vmlinux", 0)),
        ("xfs", "twice", None),
        ("", "twic", None),
        ("", "T twice", None),
    ],
)
def test_a_symbol_is_found_by_name_and_module(
    listed: str, module: str, name: str, place: tuple[str, int] | None
) -> None:
    found = find(module, name, None, listed)
    assert (found and (found.module, found.address)) == place


def test_what_the_list_does_not_have_has_a_type_and_no_address(listed: str) -> None:
    known = KernelSymbol("each", "", 0, INT, 7, True)
    assert find("", "each", known, listed) == KernelSymbol("each", "vmlinux", 0, INT)
    assert find("ext4", "each", known, listed) is None
    assert find("", "each", known, "/nonexistent") == KernelSymbol("each", "vmlinux", 0, INT)
