"""print() follows pointers: the address first, then what lies there."""

from __future__ import annotations

from tests.conftest import RunVtrace

PAIR = "struct pair { int left; char name[4]; }; struct outer { struct pair *inner; short deep[2]; };"


def test_what_a_pointer_points_to_follows_its_address(vtrace: RunVtrace) -> None:
    ran = vtrace(
        "-qn",
        PAIR + "BEGIN { this->p = (struct pair *)alloca(sizeof (struct pair)); this->p->left = -3; "
        'this->p->name = "abc"; printf("%#lx\\n", (uint64_t)this->p); print(this->p); exit(0); }',
    )
    address, *shown = ran.stdout.splitlines()
    assert shown == [f"{address} = *", "(struct pair) {", " .left = (int)-3,", ' .name = (char [4]) "abc",', "}", ""]


def test_pointers_inside_are_shown_as_addresses(vtrace: RunVtrace) -> None:
    ran = vtrace(
        "-qn",
        PAIR + "BEGIN { this->o = (struct outer *)alloca(sizeof (struct outer)); "
        "this->o->inner = (struct pair *)0x10; this->o->deep[1] = 7; print(this->o); exit(0); }",
    )
    assert ran.stdout.splitlines()[1:] == [
        "(struct outer) {",
        " .inner = (struct pair *)0x10,",
        " .deep = (short [2]) [",
        "  (short)0,",
        "  (short)7,",
        " ],",
        "}",
        "",
    ]


def test_what_the_kernel_has_is_followed(vtrace: RunVtrace) -> None:
    ran = vtrace("-qn", 'BEGIN { printf("%#lx\\n", (uint64_t)curthread->cred); print(curthread->cred); exit(0); }')
    address, first, second, *_ = ran.stdout.splitlines()
    assert (first, second) == (f"{address} = *", "(struct cred) {")


def test_a_pointer_to_a_number(vtrace: RunVtrace) -> None:
    ran = vtrace("-qn", "BEGIN { this->p = (int *)alloca(8); *this->p = 41; print(this->p); exit(0); }")
    assert ran.stdout.splitlines()[1:] == ["(int)41", ""]
