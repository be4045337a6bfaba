"""Names of the kernel's: the compiler asks for them only where nothing else would make sense, for asking takes time."""

from __future__ import annotations

import pytest

from pyvtrace.runtime.program import compile_text
from pyvtrace.source import CompileError, Source
from pyvtrace.target import Enumerator, KernelSymbol, KernelType
from tests.frozen import FrozenTarget


class Asked(FrozenTarget):
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def named_type(self, name: str) -> KernelType | None:
        self.names.append(name)
        return super().named_type(name)

    def enumerator(self, name: str) -> Enumerator | None:
        self.names.append(name)
        return super().enumerator(name)

    def symbol(self, module: str, name: str) -> KernelSymbol | None:
        self.names.append(name)
        return super().symbol(module, name)


def asked(text: str) -> list[str]:
    target = Asked()
    compile_text(Source("names.d", text), target, {})
    return target.names


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN { x = 1; y = (x) - 1; z = (x) * y; w = (x) & y; trace((x + y) * (z)); }",
        "BEGIN { x = 1; y = 2; trace(sizeof (x)); trace(sizeof (x * y)); trace((x * y)); }",
        "BEGIN { trace((pid) + (long)timestamp); } syscall::read:entry /(arg0) && (arg1 > 3)/ { }",
        "enum { N = 3 }; int a[N]; inline int M = 2; int b[M + N]; BEGIN { a[1] = (N); b[0] = (M) - 1; }",
        "typedef int mine; struct s { mine m; }; struct s v; mine w[mine]; BEGIN { v.m = (mine)3; w[(mine)1] = 2; }",
        "pid_t p; self size_t s; BEGIN { p = (pid_t)1; trace(sizeof (uint64_t *)); trace(SIGTERM); trace(AF_INET); }",
        "syscall*:::entry, BEGIN { } tick-1s { }",
        "struct a { int x; }; struct b { int y; }; translator struct b < struct a *p > { y = p->x; }; BEGIN { }",
    ],
)
def test_a_program_that_names_nothing_of_the_kernel_asks_nothing(text: str) -> None:
    assert asked(text) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("gfp_t g; BEGIN { g = 1; }", ["gfp_t"]),
        ("gfp_t *g, h[u32]; BEGIN { }", ["gfp_t", "u32"]),
        ("self gfp_t g; BEGIN { }", ["gfp_t"]),
        ("struct s { u32 a, b; gfp_t *c; }; BEGIN { }", ["u32", "gfp_t"]),
        ("BEGIN { trace((u32)pid); trace((u32)-1); trace((gfp_t *)arg0 == NULL); }", ["u32", "gfp_t"]),
        (
            "BEGIN { trace(sizeof (u32)); trace(sizeof (gfp_t *)); trace((enum pid_type)1); }",
            ["u32", "gfp_t", "enum pid_type"],
        ),
        ("BEGIN { trace(PIDTYPE_SID); trace(&`vfs_read); }", ["PIDTYPE_SID", "vfs_read"]),
        ("typedef u32 mine; inline u32 one = 1; BEGIN { trace((mine)one); }", ["u32"]),
    ],
)
def test_each_name_is_asked_for_once(text: str, names: list[str]) -> None:
    assert sorted(asked(text)) == sorted(names)


@pytest.mark.parametrize("text", ["nosuch_t x; BEGIN { }", "BEGIN { trace((nosuch_t)1); }", "BEGIN { trace(NOSUCH); }"])
def test_what_the_kernel_does_not_know_is_wrong(text: str) -> None:
    with pytest.raises(CompileError):
        asked(text)
