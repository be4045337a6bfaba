"""The types of D: C's integers, D's strings, pointers and aggregates, with C's conversion rules.

Sizes are those of the LP64 data model, as DTrace uses for 64-bit kernels.
"""

from __future__ import annotations

from abc import abstractmethod

from pyvtrace.value import Value


class Type(Value):
    """Base of all types."""

    @property
    @abstractmethod
    def size(self) -> int:
        """What an object takes, in bytes."""

    @property
    def align(self) -> int:
        """What an object's address is a multiple of, in bytes."""
        return self.size or 1

    @property
    def is_scalar(self) -> bool:
        """True for what can stand in a condition: integers and pointers."""
        return isinstance(self, Integer | Pointer)


class Void(Type):
    @property
    def size(self) -> int:
        return 0

    def __str__(self) -> str:
        return "void"


class Dynamic(Type):
    """Of what has no value of its own in an expression: an aggregation."""

    @property
    def size(self) -> int:
        return 0

    def __str__(self) -> str:
        return "<DYN>"


class Integer(Type):
    """An integer of 1, 2, 4 or 8 bytes. `name` is what messages show (`int`, `uint32_t`, an enum's name); `constants`
    are names and values of an enum that the program defines."""

    bytes: int
    signed: bool
    name: str
    constants: tuple[tuple[str, int], ...] = ()

    @property
    def size(self) -> int:
        return self.bytes

    def __str__(self) -> str:
        return self.name

    def wrap(self, value: int) -> int:
        """`value` reduced to what an object of this type holds."""
        value &= (1 << (8 * self.bytes)) - 1
        if self.signed and value >> (8 * self.bytes - 1):
            value -= 1 << (8 * self.bytes)
        return value


class Float(Type):
    """A number with a fraction, of 4, 8 or 16 bytes. D keeps, copies and shows it, and computes with integers only."""

    bytes: int
    name: str

    @property
    def size(self) -> int:
        return self.bytes

    def __str__(self) -> str:
        return self.name


class Pointer(Type):
    """A pointer; `user` marks addresses of user space, `anywhere` those of which only the address itself tells, and
    `scratch` among these what alloca() gave."""

    to: Type
    user: bool = False
    anywhere: bool = False
    scratch: bool = False

    @property
    def size(self) -> int:
        return 8

    def __str__(self) -> str:
        return spelled(self)


class String(Type):
    """A D string, held in `capacity` bytes including its NUL.

    The capacity is what the compiler knows of it (16 for execname, the literal's length, strsize for copyinstr); all
    strings are one type to the language.
    """

    capacity: int = 256

    @property
    def size(self) -> int:
        return self.capacity

    @property
    def align(self) -> int:
        return 1

    def __str__(self) -> str:
        return "string"


class Trace(Type):
    """Addresses of code that the consumer names: of a stack, or a single one. `kind` is that of a `spec.FieldSpec`, in
    `words` of 8 bytes. It is no value that a program could compute with."""

    kind: str
    words: int

    @property
    def size(self) -> int:
        return 8 * self.words

    def __str__(self) -> str:
        return self.kind


class Array(Type):
    """An array of a fixed size."""

    element: Type
    length: int

    @property
    def size(self) -> int:
        return self.element.size * self.length

    @property
    def align(self) -> int:
        return self.element.align

    def __str__(self) -> str:
        return spelled(self)


class Routine(Type):
    """A function, to which there are pointers only. `parameters` is None where the prototype does not tell."""

    result: Type
    parameters: tuple[Type, ...] | None
    variadic: bool = False

    @property
    def size(self) -> int:
        return 0

    def __str__(self) -> str:
        return spelled(self)


class Member(Value):
    """A member of a struct or union; offsets in bits so that bit-fields need nothing else. `bits` is 0 otherwise."""

    name: str
    type: Type
    bit_offset: int
    bits: int = 0

    @property
    def offset(self) -> int:
        return self.bit_offset // 8


class Struct(Type):
    """A struct or union by its tag. `members` is None for a forward declaration, which is also what pointers point to:
    a type that leads back to itself would have no end. What a tag stands for is asked where a member is named."""

    keyword: str
    tag: str
    members: tuple[Member, ...] | None
    bytes: int

    @property
    def size(self) -> int:
        return self.bytes

    @property
    def align(self) -> int:
        return max((m.type.align for m in self.members or () if m.name or not m.bits), default=1)

    def __str__(self) -> str:
        return f"{self.keyword} {self.tag}" if self.tag else f"{self.keyword} <anonymous>"

    def member(self, name: str) -> Member | None:
        """The member of that name, of an anonymous struct or union inside too."""
        for member in self.members or ():
            if member.name == name:
                return member
            if not member.name and isinstance(member.type, Struct) and (inner := member.type.member(name)):
                return Member(name, inner.type, member.bit_offset + inner.bit_offset, inner.bits)
        return None


def spelled(type_: Type, declarator: str = "") -> str:
    """A type as C writes it, around the declarator of what has it."""
    match type_:
        case Pointer(to=Array() | Routine() as to):
            return spelled(to, f"(*{declarator})")
        case Pointer(to=to):
            return spelled(to, f"*{declarator}")
        case Array(element=element, length=length):
            return spelled(element, f"{declarator}[{length}]")
        case Routine(result=result, parameters=parameters, variadic=variadic):
            shown = [str(p) for p in parameters or ()] + ["..."] * variadic
            return spelled(result, f"{declarator}({', '.join(shown)})")
    return f"{type_} {declarator}" if declarator else str(type_)


def pointer_to(type_: Type, *, user: bool = False, anywhere: bool = False) -> Pointer:
    return Pointer(_pointed(type_), user, anywhere)


def pointing(pointer: Pointer, to: Type) -> Pointer:
    """A pointer to something else in the same memory."""
    return Pointer(_pointed(to), pointer.user, pointer.anywhere, pointer.scratch)


def _pointed(type_: Type) -> Type:
    return Struct(type_.keyword, type_.tag, None, 0) if isinstance(type_, Struct) and type_.tag else type_


VOID, DYNAMIC = Void(), Dynamic()
CHAR = Integer(1, True, "char")
UCHAR = Integer(1, False, "unsigned char")
SHORT = Integer(2, True, "short")
USHORT = Integer(2, False, "unsigned short")
INT = Integer(4, True, "int")
UINT = Integer(4, False, "unsigned int")
LONG = Integer(8, True, "long")
ULONG = Integer(8, False, "unsigned long")
LONGLONG = Integer(8, True, "long long")
ULONGLONG = Integer(8, False, "unsigned long long")
INT8 = Integer(1, True, "int8_t")
UINT8 = Integer(1, False, "uint8_t")
INT16 = Integer(2, True, "int16_t")
UINT16 = Integer(2, False, "uint16_t")
INT32 = Integer(4, True, "int32_t")
UINT32 = Integer(4, False, "uint32_t")
INT64 = Integer(8, True, "int64_t")
UINT64 = Integer(8, False, "uint64_t")

# C's typedefs that D scripts use without including anything (Dynamic Tracing Guide, "Types, Operators, Expressions").
TYPEDEFS: dict[str, Type] = {
    **{t.name: t for t in (INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64)},
    "intptr_t": Integer(8, True, "intptr_t"),
    "uintptr_t": Integer(8, False, "uintptr_t"),
    "size_t": Integer(8, False, "size_t"),
    "ssize_t": Integer(8, True, "ssize_t"),
    "off_t": Integer(8, True, "off_t"),
    "time_t": Integer(8, True, "time_t"),
    "pid_t": Integer(4, True, "pid_t"),
    "uid_t": Integer(4, False, "uid_t"),
    "gid_t": Integer(4, False, "gid_t"),
    "mode_t": Integer(4, False, "mode_t"),
    "dev_t": Integer(8, False, "dev_t"),
    "id_t": Integer(4, True, "id_t"),
    "zoneid_t": Integer(4, True, "zoneid_t"),
    "hrtime_t": Integer(8, True, "hrtime_t"),
    "uchar_t": Integer(1, False, "uchar_t"),
    "ushort_t": Integer(2, False, "ushort_t"),
    "uint_t": Integer(4, False, "uint_t"),
    "ulong_t": Integer(8, False, "ulong_t"),
    "longlong_t": Integer(8, True, "longlong_t"),
    "u_longlong_t": Integer(8, False, "u_longlong_t"),
    "ipaddr_t": Integer(4, False, "ipaddr_t"),
    "string": String(),
    "char": CHAR,
}


def promoted(type_: Integer) -> Integer:
    """C's integer promotion: anything narrower than int becomes int."""
    return INT if type_.bytes < 4 else type_


def common(left: Integer, right: Integer) -> Integer:
    """C's usual arithmetic conversions, over D's two ranks (32 and 64 bits)."""
    left, right = promoted(left), promoted(right)
    if left.bytes != right.bytes:
        return left if left.bytes > right.bytes else right
    if left.signed != right.signed:
        return right if left.signed else left
    return left


def is_signed(type_: Type) -> bool:
    """Whether it is an integer with a sign."""
    return isinstance(type_, Integer) and type_.signed
