"""C declarations to D types."""

from __future__ import annotations

import pytest

from pyvtrace.lang import types as ty
from pyvtrace.providers.c_types import c_type, register_type

TASK = ty.Struct("struct", "task_struct", None, 0)

FIELDS = [
    ("int", 4, True, ty.INT),
    ("unsigned int", 4, False, ty.UINT),
    ("unsigned", 4, False, ty.UINT),
    ("long", 8, True, ty.LONG),
    ("long unsigned int", 8, False, ty.ULONG),
    ("unsigned long long", 8, False, ty.ULONGLONG),
    ("char", 1, True, ty.CHAR),
    ("char", 1, False, ty.Integer(1, False, "char")),
    ("pid_t", 4, True, ty.TYPEDEFS["pid_t"]),
    ("const int", 4, True, ty.INT),
    ("bool", 1, False, ty.Integer(1, False, "bool")),
    ("dev_t", 4, False, ty.Integer(4, False, "dev_t")),
    ("xfs_daddr_t", 8, True, ty.Integer(8, True, "xfs_daddr_t")),
    ("enum xfs_group_type", 1, False, ty.Integer(1, False, "enum xfs_group_type")),
    ("void *", 8, False, ty.Pointer(ty.VOID)),
    ("const void*", 8, False, ty.Pointer(ty.VOID)),
    ("const char *", 8, False, ty.Pointer(ty.CHAR)),
    ("struct task_struct *", 8, False, ty.Pointer(TASK)),
    ("struct task_struct **", 8, False, ty.Pointer(ty.Pointer(TASK))),
    ("void __seg_gs *", 8, False, ty.Pointer(ty.VOID)),
    ("some_t *", 8, False, ty.Pointer(ty.VOID)),
    ("void *", 4, False, ty.VOID),
    ("struct timespec", 8, False, ty.VOID),
    ("union tmigr_state", 8, False, ty.VOID),
    ("cpumask_t", 16, False, ty.VOID),
    ("u32", 0, False, ty.VOID),
]


@pytest.mark.parametrize(("text", "size", "signed", "type_"), FIELDS)
def test_the_size_decides_what_a_field_is(text: str, size: int, signed: bool, type_: ty.Type) -> None:
    assert c_type(text, size, signed) == type_


REGISTERS = [
    ("int", ty.INT),
    ("unsigned", ty.UINT),
    ("umode_t", ty.Integer(2, False, "umode_t")),
    ("size_t", ty.TYPEDEFS["size_t"]),
    ("loff_t", ty.Integer(8, True, "loff_t")),
    ("const clockid_t", ty.Integer(4, True, "clockid_t")),
    ("unsigned long", ty.ULONG),
    ("const enum landlock_rule_type", ty.Integer(4, False, "enum landlock_rule_type")),
    ("cap_user_header_t", ty.Integer(8, False, "cap_user_header_t")),
    ("const char *", ty.Pointer(ty.CHAR, user=True)),
    ("int *", ty.Pointer(ty.INT, user=True)),
    ("const char *const *", ty.Pointer(ty.Pointer(ty.CHAR, user=True), user=True)),
    ("const struct iovec *", ty.Pointer(ty.Struct("struct", "iovec", None, 0), user=True)),
]


@pytest.mark.parametrize(("text", "type_"), REGISTERS)
def test_the_name_decides_what_a_register_holds(text: str, type_: ty.Type) -> None:
    assert register_type(text) == type_
