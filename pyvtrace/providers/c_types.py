"""C's declarations, as tracefs and BTF print them, to D's types."""

from __future__ import annotations

from pyvtrace.lang.types import (
    CHAR,
    INT,
    LONG,
    LONGLONG,
    SHORT,
    TYPEDEFS,
    UCHAR,
    UINT,
    ULONG,
    ULONGLONG,
    USHORT,
    VOID,
    Array,
    Integer,
    Member,
    Pointer,
    Routine,
    Struct,
    Type,
)
from pyvtrace.target import KernelType

_QUALIFIERS = frozenset(("const", "volatile", "restrict", "__user", "__rcu", "__percpu", "__iomem", "__seg_gs"))
_SPELLINGS = {
    "signed char": CHAR,
    "short int": SHORT,
    "short unsigned int": USHORT,
    "unsigned short int": USHORT,
    "signed int": INT,
    "unsigned": UINT,
    "long int": LONG,
    "long unsigned int": ULONG,
    "unsigned long int": ULONG,
    "long long int": LONGLONG,
    "unsigned long long int": ULONGLONG,
}
# The kernel's own typedefs that arguments of system calls have, or pointers point to.
_KERNEL_NAMES = {
    (1, True): "s8 __s8",
    (1, False): "u8 __u8 bool",
    (2, True): "s16 __s16",
    (2, False): "u16 __u16 umode_t __be16 __le16",
    (4, True): "s32 __s32 key_t key_serial_t mqd_t timer_t clockid_t rwf_t",
    (4, False): "u32 __u32 uint u_int qid_t __be32 __le32 gfp_t",
    (8, True): "s64 __s64 loff_t __kernel_old_time_t",
    (8, False): "u64 __u64 aio_context_t ino_t sector_t __be64 __le64",
}
_INTEGERS: dict[str, Integer] = {
    **{name: type_ for name, type_ in TYPEDEFS.items() if isinstance(type_, Integer)},
    **{t.name: t for t in (CHAR, UCHAR, SHORT, USHORT, INT, UINT, LONG, ULONG, LONGLONG, ULONGLONG)},
    **{name: Integer(*kind, name) for kind, names in _KERNEL_NAMES.items() for name in names.split()},
    **_SPELLINGS,
}


def c_type(text: str, size: int, signed: bool, *, user: bool = False) -> Type:
    """The type of a scalar declared as `text` that lies in `size` bytes.

    What has no value in D is void: a struct, an array, anything of a size that no integer has. `user` says that
    pointers point into the process.
    """
    words = _words(text)
    if words[-1:] == ["*"]:
        return Pointer(_pointee(words[:-1], user), user) if size == 8 else VOID
    name = " ".join(words)
    # The size decides, not the name: dev_t has 4 bytes inside the kernel and 8 outside.
    known = _INTEGERS.get(name)
    if known and (known.bytes, known.signed) == (size, signed):
        return known
    if size not in (1, 2, 4, 8) or words[:1] in (["struct"], ["union"]):
        return VOID
    return Integer(size, signed, name)


def register_type(text: str) -> Type:
    """The type of a system call's argument: tracefs describes the 8 bytes of its register, so the name decides."""
    name = " ".join(_words(text))
    if name.startswith("enum "):
        return Integer(4, False, name)
    return _INTEGERS.get(name) or c_type(text, 8, False, user=True)


def struct_type(kernel: KernelType) -> Struct:
    """A struct or union with its members. One inside that was not asked for is a forward declaration with its size."""
    keyword, _, tag = kernel.name.partition(" ")
    members = tuple(Member(m.name, any_type(m.type), m.bit_offset, m.bits) for m in kernel.members)
    return Struct(keyword, "" if tag == "(anonymous)" else tag, members or None, kernel.size)


def any_type(kernel: KernelType) -> Type:
    """Any type of the kernel; void for what D has no values of."""
    match kernel.kind:
        case "struct" | "union":
            return struct_type(kernel)
        case "array":
            return Array(any_type(kernel.members[0].type), kernel.length)
        case "string":
            return Pointer(CHAR)
        case "function":
            return Routine(VOID, None)
        case "pointer" if "(" in kernel.name:
            return Pointer(Routine(VOID, None))
    return c_type(kernel.name, kernel.size, kernel.signed)


def _words(text: str) -> list[str]:
    return [word for word in text.replace("*", " * ").split() if word not in _QUALIFIERS]


def _pointee(words: list[str], user: bool) -> Type:
    match words:
        case [*inner, "*"]:
            return Pointer(_pointee(inner, user), user)
        case ["struct" | "union" as keyword, tag]:
            return Struct(keyword, tag, None, 0)
    return _INTEGERS.get(" ".join(words), VOID)
