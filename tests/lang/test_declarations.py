"""Declarations and aggregates that D refuses: the tag of each rule, and a place in the program."""

from __future__ import annotations

import pytest

from tests.lang.test_diagnostics import problems

# The tag, and a program that breaks its rule.
REFUSED = """\
D_DECL_ARRBIG        int a[0x7fffffff]; BEGIN { }
D_DECL_ARRNULL       int a[]; BEGIN { }
D_DECL_ARRSUB        int a[0]; BEGIN { }
D_DECL_ARRSUB        int a[-1]; BEGIN { }
D_DECL_ARRSUB        int a["x"]; BEGIN { }
D_DECL_ARRSUB        int a[pid]; BEGIN { }
D_DECL_BADCLASS      static int a; BEGIN { }
D_DECL_BADCLASS      auto int a; BEGIN { }
D_DECL_BADCLASS      register int a; BEGIN { }
D_DECL_BFCONST       struct s { int a : pid; }; BEGIN { }
D_DECL_BFCONST       struct s { int a : 0; }; BEGIN { }
D_DECL_BFSIZE        struct s { int a : 33; }; BEGIN { }
D_DECL_BFTYPE        struct s { string a : 3; }; BEGIN { }
D_DECL_BFTYPE        struct s { int *a : 3; }; BEGIN { }
D_DECL_CHARATTR      long char a; BEGIN { }
D_DECL_CLASS         static typedef int a; BEGIN { }
D_DECL_CLASS         self this int a; BEGIN { }
D_DECL_COMBO         int string a; BEGIN { }
D_DECL_COMBO         struct s int a; BEGIN { }
D_DECL_COMBO         short long a; BEGIN { }
D_DECL_COMBO         signed unsigned a; BEGIN { }
D_DECL_COMBO         long long long a; BEGIN { }
D_DECL_DYNOBJ        struct s { int a[string]; }; BEGIN { }
D_DECL_ENCONST       enum e { A = pid }; BEGIN { }
D_DECL_ENCONST       enum e { A = "x" }; BEGIN { }
D_DECL_ENOFLOW       enum e { A = 0x80000000 }; BEGIN { }
D_DECL_ENOFLOW       enum e { A = 0x7fffffff, B }; BEGIN { }
D_UNKNOWN            enum e { A, A }; BEGIN { }
D_DECL_IDRED         inline int x = 1; int x; BEGIN { }
D_DECL_IDRED         int x; inline int x = 1; BEGIN { }
D_DECL_IDRED         int x; char x; BEGIN { }
D_DECL_IDRED         int pid; BEGIN { }
D_DECL_INCOMPLETE    struct nosuch_s x; BEGIN { }
D_DECL_INCOMPLETE    struct s { struct nosuch_t x; }; BEGIN { }
D_DECL_LOCASSC       this int a[int]; BEGIN { }
D_ARR_LOCAL          BEGIN { this->a[1] = 1; }
D_DECL_LONGINT       long struct s a; BEGIN { }
D_DECL_LONGINT       long string a; BEGIN { }
D_DECL_MNAME         struct s { int; }; BEGIN { }
D_UNKNOWN            struct s { int a; char a; }; BEGIN { }
D_DECL_PARMCLASS     int a[static int]; BEGIN { }
D_DECL_PARMCLASS     int (*f)(register int); BEGIN { }
D_DECL_PROTO_NAME    int (*f)(int a, int a); BEGIN { }
D_DECL_PROTO_NAME    int (*f)(void x); BEGIN { }
D_DECL_PROTO_VOID    int (*f)(void, int); BEGIN { }
D_DECL_PROTO_VARARGS int (*f)(...); BEGIN { }
D_DECL_SCOPE         int x`y; BEGIN { }
D_DECL_SIGNINT       unsigned string a; BEGIN { }
D_DECL_SIGNINT       signed struct s a; BEGIN { }
D_DECL_TYPERED       struct s { int a; }; struct s { int b; }; BEGIN { }
D_DECL_IDRED         typedef int t; typedef char t; BEGIN { }
D_DECL_USELESS       int; BEGIN { }
D_DECL_VOIDATTR      unsigned void *a; BEGIN { }
D_DECL_VOIDOBJ       void a; BEGIN { }
D_DECL_VOIDOBJ       struct s { void a; }; BEGIN { }
D_ARR_BOUNDS         int a[4]; BEGIN { a[4] = 1; }
D_ARR_BOUNDS         int a[4]; BEGIN { trace(a[-1]); }
D_ARR_BADREF         int a[4]; BEGIN { trace(a["x"]); }
D_ARR_BADREF         int a[4]; BEGIN { trace(a[1, 2]); }
D_DEREF_NONPTR       int x; BEGIN { x[1] = 2; }
D_ADDROF_VAR         int x; BEGIN { trace(&x); }
D_ADDROF_VAR         struct s { int a; }; struct s x; BEGIN { trace(&x); }
D_ADDROF_LVAL        BEGIN { trace(&5); }
D_ADDROF_LVAL        BEGIN { trace(&(1 + 2)); }
D_ADDROF_BITFIELD    struct s { int a : 3; }; BEGIN { trace(&((struct s *)arg0)->a); }
D_SIZEOF_BITFIELD    struct s { int a : 3; }; struct s x; BEGIN { trace(sizeof (x.a)); }
D_SIZEOF_TYPE        BEGIN { trace(sizeof (void)); }
D_SIZEOF_TYPE        BEGIN { trace(sizeof (struct nosuch_q)); }
D_SIZEOF_TYPE        int (*f)(int); BEGIN { trace(sizeof (int (int))); }
D_OFFSETOF_TYPE      BEGIN { trace(offsetof(int, a)); }
D_OFFSETOF_TYPE      BEGIN { trace(offsetof(struct nosuch_r, a)); }
D_OFFSETOF_BITFIELD  struct s { int a : 3; }; BEGIN { trace(offsetof(struct s, a)); }
D_UNKNOWN            struct s { int a; }; BEGIN { trace(offsetof(struct s, b)); }
D_TYPE_MEMBER        struct s { int a; }; struct s x; BEGIN { trace(x.b); }
D_TYPE_ERR           enum nosuch x; BEGIN { }
D_TYPE_ERR           BEGIN { trace(sizeof (long float)); }
D_OP_SOU             int x; BEGIN { trace(x.a); }
D_OP_SOU             int *x; BEGIN { trace(x->a); }
D_OP_SOU             struct s { int a; }; struct s *x; BEGIN { trace(x.a); }
D_OP_PTR             int x; BEGIN { trace(x->a); }
D_OP_PTR             struct s { int a; }; struct s x; BEGIN { trace(x->a); }
D_OP_INCOMPLETE      BEGIN { x = (struct nosuch *)0; trace(x->a); }
D_OP_INCOMPAT        struct s { int a; }; struct t { int a; }; struct s x; struct t y; BEGIN { x = y; }
D_OP_INCOMPAT        struct s { int a; }; struct s x; BEGIN { x = 1; }
D_OP_INCOMPAT        int a[4]; int b[5]; BEGIN { a = b; }
D_OP_INCOMPAT        inline int x = "a"; BEGIN { }
D_OP_LVAL            enum e { A }; BEGIN { A = 2; }
D_OP_LVAL            inline int x = 1; BEGIN { x = 2; }
D_OP_LVAL            inline int x = 1; BEGIN { x++; }
D_OP_SCALAR          struct s { int a; }; struct s x; BEGIN { trace(!x); }
D_PRED_SCALAR        struct s { int a; }; struct s x; BEGIN /x/ { }
D_KEY_TYPE           struct s { int a; }; struct s x; BEGIN { @[x] = count(); }
D_CAST_INVAL         struct s { int a; }; BEGIN { trace((struct s)1); }
D_DEREF_FUNC         int (*f)(int); BEGIN { trace(*f); }
D_PRINTF_ARG_TYPE    struct s { int a; }; struct s x; BEGIN { printf("%d", x); }
D_VAR_UNDEF          struct s { int a; }; BEGIN { this->p.a = 1; } struct s q;
D_IDENT_BADREF       inline int f[int x] = x; BEGIN { trace(f); }
D_PROTO_LEN          inline int f[int x] = x; BEGIN { trace(f[1, 2]); }
D_PROTO_ARG          inline int f[int x] = x; BEGIN { trace(f["x"]); }
D_SYNTAX             struct { int a; }
D_SYNTAX             struct s { int a BEGIN { }
D_SYNTAX             enum e { }; BEGIN { }
D_SYNTAX             typedef; BEGIN { }
D_SYNTAX             int (a; BEGIN { }
D_IDENT_UNDEF        int a[x]; BEGIN { }
D_OP_ARRFUN          int a[4]; int b[4]; BEGIN { a = b; }
D_OP_INCOMPAT        int a[4]; BEGIN { a = 1; }
D_OP_ARRFUN          int a[4]; BEGIN { a += 1; }
D_OP_SCALAR          int a[4]; BEGIN { a++; }
D_OP_ARRFUN          int a[4]; BEGIN { x = a; }
"""
CASES = [line.split(None, 1) for line in REFUSED.splitlines()]


@pytest.mark.parametrize(("tag", "program"), CASES, ids=[" ".join(case) for case in CASES])
def test_is_refused_by_its_tag(tag: str, program: str) -> None:
    found = problems(program)
    assert [problem.tag for problem in found] == [tag]
    assert 0 <= found[0].span.start <= found[0].span.end <= len(program)


@pytest.mark.parametrize(
    "program",
    [
        '#pragma D binding "1.0" x\n#pragma D attributes Stable/Stable/Common x\nint x; BEGIN { }',
        "#pragma D attributes Evolving/Evolving/Common provider io args\nBEGIN { }",
        "int *a[4], (*b)[4], c; BEGIN { }",
        "int (*f)(int, char *, ...), (*g[3])(void), *h; BEGIN { }",
        "typedef struct s s_t; struct s { s_t *next; int a; }; s_t x; BEGIN { x.next = NULL; x.a = x.next == NULL; }",
        "struct s; struct s *x; BEGIN { x = NULL; }",
        "unsigned long long int a; long unsigned b; int short c; signed d; const volatile char e; BEGIN { }",
        "enum e { A, B = A + 2, }; enum e x; int y[B]; BEGIN { x = B; }",
        "extern int a; extern int a; BEGIN { a = 1; }",
        "self struct { int a; } s; BEGIN { self->s.a = 1; }",
        "int a[sizeof (long)]; BEGIN { a[7] = 1; }",
        "typedef int t; BEGIN { x = (t)1; } END { y = sizeof (t); }",
    ],
)
def test_is_accepted(program: str) -> None:
    assert not problems(program)


@pytest.mark.parametrize(("uses", "count"), [("x{0} + x{0}", 40), ("x{0} + 1", 2000)])
def test_inlines_of_inlines_end(uses: str, count: int) -> None:
    chain = "".join(f"inline int x{n + 1} = {uses.format(n)}; " for n in range(count))
    found = problems(f"inline int x0 = pid; {chain} BEGIN {{ trace(x{count}); }}")
    assert found[0].tag == "D_CG_EXPR"


def test_a_chain_of_constants_is_a_constant() -> None:
    chain = "".join(f"inline int x{n + 1} = x{n} + x{n}; " for n in range(100))
    assert not problems(f"inline int x0 = 1; {chain} int a[x3]; BEGIN {{ a[7] = x100; }}")
