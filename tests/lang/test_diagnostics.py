"""Every error tag of this level: the smallest program that has it, the place it points at, and what it says."""

from __future__ import annotations

import pytest

from pyvtrace.runtime.program import compile_text
from pyvtrace.source import CompileError, Diagnostic, Source, render
from tests.frozen import FrozenTarget

TARGET = FrozenTarget()


def problems(text: str, *arguments: str, kind: str = "script", **options: str) -> list[Diagnostic]:
    try:
        compile_text(Source("test.d", text, kind), TARGET, options, arguments)
    except CompileError as error:
        return list(error.diagnostics)
    return []


# tag, program, the text that the caret marks, the message (or how it begins).
CASES = [
    ("D_SYNTAX", "BEGIN { trace(1 }", "}", 'syntax error near "}"'),
    ("D_SYNTAX", "BEGIN { x = 1; } END", "END", "expected predicate and/or actions following probe description"),
    ("D_SYNTAX", "BEGIN { x = 1; } `", "`", 'syntax error near "`"'),
    ("D_SYNTAX", "BEGIN { x = 1; /* more", "/*", "/* comment is not terminated"),
    ("D_SYNTAX", "BEGIN { x = " + "(" * 500 + "1" + ")" * 500 + "; }", "(", "more than 400 operators"),
    ("D_EMPTY", "", "", "empty D program translation unit"),
    ("D_STR_NL", 'BEGIN { trace("abc); }', '"abc); }', "newline encountered in string literal"),
    ("D_CHR_NL", "BEGIN { trace('a); }", "'a); }", "newline encountered in character constant"),
    ("D_CHR_NULL", "BEGIN { trace(''); }", "''", "character constant cannot be empty"),
    ("D_CHR_OFLOW", "BEGIN { trace('123456789'); }", "'123456789'", "character constant is too long"),
    ("D_INT_OFLOW", "BEGIN { trace(18446744073709551616); }", "18446744073709551616", "constant 18446744073709551616"),
    ("D_INT_DIGIT", "BEGIN { trace(089); }", "089", "constant 089 contains invalid digit 8"),
    ("D_MACRO_UNDEF", "BEGIN { trace($3); }", "$3", "macro argument $3 is not defined"),
    ("D_MACRO_UNDEF", "BEGIN { trace($nosuch); }", "$nosuch", "macro variable $nosuch is not defined"),
    ("D_PRAGMA_MALFORM", "#pragma D\nBEGIN { }", "#pragma D", "malformed #pragma"),
    ("D_PRAGMA_INVAL", "#pragma D nosuch x\nBEGIN { }", "#pragma D nosuch x", "invalid #pragma D control directive: n"),
    ("D_PRAGMA_DEPEND", "#pragma D depends_on library x.d\nBEGIN { }", "#pragma D depends_on library x.d", "main pro"),
    ("D_PRAGMA_MALFORM", "#pragma D attributes Good/Bad/Common x\nint x; BEGIN { }", "#pragma D attri", "malformed #p"),
    ("D_PRAGMA_MALFORM", "#pragma D binding 1 x\nint x; BEGIN { }", "#pragma D binding 1 x", "malformed #pragma bind"),
    ("D_PRAGMA_UNUSED", "#pragma D binding \"1.0\" x\nBEGIN { }", "#pragma D binding \"1.0\" x", "unused #pragma bin"),
    ("D_PRAGMA_OPTSET", "#pragma D option nosuch\nBEGIN { }", "#pragma D option nosuch", "failed to set option 'nosuc"),
    ("D_PRAGMA_OPTSET", "#pragma D option strsize=x\nBEGIN { }", "#pragma D option strsize=x", "failed to set option"),
    ("D_PDESC_INVAL", "a:b:c:d:e { }", "a:b:c:d:e", "invalid probe description a:b:c:d:e: too many fields"),
    ("D_PDESC_ZERO", "nosuch:::x { }", "nosuch:::x", "probe description nosuch:::x does not match any probes"),
    ("D_PRED_SCALAR", 'BEGIN /"x"/ { }', '"x"', "predicate result must be of scalar type"),
    ("D_IDENT_UNDEF", "BEGIN { trace(exename); }", "exename", "failed to resolve exename: Unknown variable name"),
    ("D_IDENT_UNDEF", "BEGIN { trace(@a); }", "@a", "failed to resolve @a: Unknown variable name"),
    ("D_IDENT_UNDEF", "BEGIN { trace(`nosuch); }", "`nosuch", "failed to resolve `nosuch: Unknown symbol name"),
    ("D_SYM_BADREF", "BEGIN { trace(&`hidden); }", "`hidden", "cannot access `hidden: the kernel does not tell"),
    ("D_SYM_NOTYPES", "BEGIN { x = `jiffies; }", "`jiffies", "no symbolic type information is available for vmlinux`j"),
    ("D_OP_WRITE", "BEGIN { *(int *)&`jiffies = 1; }", "*(int *)&`jiffies", "operator = can only be applied to a wr"),
    ("D_SYNTAX", "BEGIN { x = (nosuch_t *)arg0; }", "", "syntax error near"),
    ("D_TYPE_ERR", "BEGIN { x = (enum nosuch)1; }", "enum nosuch", "failed to resolve type enum nosuch"),
    ("D_IDENT_BADREF", "BEGIN { a[1] = 2; trace(a); }", "a", "array a may not be referenced without its index"),
    ("D_IDENT_BADREF", "BEGIN { a[1] = 2; a = 3; }", "a", "array a may not be assigned without its index"),
    ("D_VAR_UNDEF", "BEGIN { trace(self->x); }", "self->x", "self->x has not yet been declared or assigned"),
    ("D_VAR_UNSUP", "BEGIN { trace(zonename); }", "zonename", "variable zonename is not supported"),
    ("D_TRACE_DYN", "BEGIN { @a = count(); trace(@a); }", "@a", "trace( ) may not be applied to a dynamic expression"),
    ("D_FUNC_UNDEF", "BEGIN { strlem(1); }", "strlem(1)", "undefined function name: strlem"),
    ("D_UNKNOWN", "BEGIN { pcap(1, 2); }", "pcap(1, 2)", "pcap( ) is not supported"),
    ("D_STACK_PROTO", "BEGIN { stack(1, 2); }", "stack(1, 2)", "stack( ) prototype mismatch: too many arguments"),
    ("D_STACK_SIZE", "BEGIN { stack(0); }", "0",
     "stack( ) size must be a non-zero positive integral constant expression"),
    ("D_STACK_SIZE", "BEGIN { @[stack(pid)] = count(); }", "pid",
     "stack( ) size must be a non-zero positive integral constant expression"),
    ("D_USTACK_PROTO", "BEGIN { ustack(1, 2, 3); }", "ustack(1, 2, 3)",
     "ustack( ) prototype mismatch: too many arguments"),
    ("D_USTACK_FRAMES", "BEGIN { jstack(-1); }", "-1",
     "jstack( ) argument #1 must be a non-zero positive integer constant"),
    ("D_USTACK_STRSIZE", 'BEGIN { ustack(1, "a"); }', '"a"',
     "ustack( ) argument #2 must be a positive integer constant"),
    ("D_OP_DYN", "BEGIN { x = 1 + stack(); }", "stack()", "stack( ) has no value that a program can use"),
    ("D_TRACE_DYN", "BEGIN { trace(ustack()); }", "trace(ustack())",
     "trace( ) may not be applied to a dynamic expression"),
    ("D_OP_DYN", "BEGIN { a[stack()] = 1; }", "stack()", "stack( ) has no value that a program can use"),
    ("D_PROTO_ARG", "BEGIN { @[ustack()] = count(); @[stack()] = count(); }", "stack()",
     "@[ ] key #1 is incompatible with prototype:\n\tprototype: ustack\n\t      key: stack"),
    ("D_PROTO_ARG", "BEGIN { @[pid] = count(); @[stack()] = count(); }", "stack()",
     "@[ ] key #1 is incompatible with prototype:\n\tprototype: pid_t\n\t      key: stack"),
    ("D_PRINTF_ARG_TYPE", 'BEGIN { printf("%k", pid); }', "pid",
     "printf( ) argument #2 is incompatible with conversion #1 prototype:\n"
     "\tconversion: %k\n\t prototype: stack or ustack\n\t  argument: pid_t"),
    ("D_FUNC_IDKIND", "BEGIN { trace(pid(1)); }", "pid(1)", "pid is a variable, not a function"),
    ("D_DEREF_NONPTR", "BEGIN { x = 1; trace(x[1]); }", "x[1]", "cannot dereference non-pointer type"),
    ("D_DEREF_NONPTR", "BEGIN { x = 1; x[1] = 2; }", "x[1]", "cannot dereference non-pointer type"),
    ("D_ARR_BADREF", "BEGIN { x = 1; trace(x[1, 2]); }", "x", "cannot access x as an associative array"),
    ("D_PROTO_LEN", "BEGIN { trace(strlen()); }", "strlen()", "strlen( ) prototype mismatch: 0 args passed, 1 expecte"),
    ("D_PROTO_LEN", "BEGIN { a[1] = 2; trace(a[1, 2]); }", "a[1, 2]", "a[ ] prototype mismatch: 2 keys passed, 1 expe"),
    ("D_PROTO_ARG", "BEGIN { trace(strlen(1)); }", "1", "strlen( ) argument #1 is incompatible with prototype"),
    ("D_PROTO_ARG", 'BEGIN { @[1] = count(); @["x"] = count(); }', '"x"', "@[ ] key #1 is incompatible with prototype"),
    ("D_DECL_PROTO_TYPE", "int a[void]; BEGIN { }", "int a[void]", "array prototype may not use parameter"),
    ("D_OP_LVAL", "BEGIN { x = 1; 5 = x; }", "5", "operator = requires modifiable lvalue as an operand"),
    ("D_OP_WRITE", "BEGIN { pid = 4; }", "pid", "operator = can only be applied to a writable variable"),
    ("D_OP_INCOMPAT", "BEGIN { x = exit(0); }", "x", "a variable cannot hold a value of type void"),
    ("D_ALLOCA_SIZE", "BEGIN { x = alloca(257); }", "alloca(257)", "alloca( ) size 257 larger than scratch size 256"),
    ("D_OP_INT", 'BEGIN { x = "a" % 2; }', '"a" % 2', "operator % requires operands of integral type"),
    ("D_OP_ARITH", 'BEGIN { x = "a" * 2; }', '"a" * 2', "operator * requires operands of arithmetic type"),
    ("D_OP_ARITH", 'BEGIN { x = -"a"; }', '-"a"', "operator - requires an operand of arithmetic type"),
    ("D_OP_INCOMPAT", 'BEGIN { x = "a" + 2; }', '"a" + 2', 'operands have incompatible types: "string" + "int"'),
    ("D_OP_INCOMPAT", 'BEGIN { x = pid == "a"; }', 'pid == "a"', 'operands have incompatible types: "pid_t" == "strin'),
    ("D_OP_INCOMPAT", 'BEGIN { x = 1; x = "a"; }', 'x = "a"', 'operands have incompatible types: "int" = "string"'),
    ("D_OP_INCOMPAT", 'BEGIN { x = 1 ? "a" : 2; }', '1 ? "a" : 2', "operator ?: operands must have compatible types"),
    ("D_OP_INCOMPLETE", "BEGIN { x = (struct s *)0; trace(x->a); }", "x->a", "operator -> cannot be applied to a forw"),
    ("D_OP_PTR", "BEGIN { x = 1; trace(x->a); }", "x->a", "operator -> must be applied to a pointer"),
    ("D_DIV_ZERO", "BEGIN { x = 1 / 0; }", "1 / 0", "expression contains division by zero"),
    ("D_DEREF_NONPTR", "BEGIN { x = *1; }", "*1", "cannot dereference non-pointer type"),
    ("D_DEREF_VOID", "BEGIN { x = *(void *)1; }", "*(void *)1", "cannot dereference pointer to void"),
    ("D_ADDROF_VAR", "BEGIN { x = 1; y = &x; }", "&x", "cannot take address of dynamic variable"),
    ("D_CAST_INVAL", 'BEGIN { x = (int)"a"; }', '(int)"a"', 'invalid cast expression: cannot convert from "string" to'),
    ("D_SIZEOF_TYPE", "BEGIN { x = sizeof (void); }", "sizeof (void)", "cannot apply sizeof to an operand of type voi"),
    ("D_TYPE_ERR", "BEGIN { x = (long float)1; }", "long float", "failed to resolve type long float"),
    ("D_TYPE_MEMBER", "sdt:sched::sched_switch { trace(args->nosuch); }", "args->nosuch", "sdt:sched::sched_switch ha"),
    ("D_ARGS_IDX", "sdt:sched::sched_switch { trace(args[99]); }", "args[99]", "index 99 is out of range for sdt:sche"),
    ("D_PROTO_ARG", "sdt:sched::sched_switch { trace(args[pid]); }", "args[pid]", "args[ ] argument #1 is incompatib"),
    ("D_ARGS_IDX", "BEGIN { trace(args[0]); }", "args[0]", "index 0 is out of range for dtrace:::BEGIN args[ ]"),
    ("D_ARGS_MULTI", "sdt:sched::sched_switch, sdt:signal::signal_generate { trace(args[0]); }", "args[0]", "args[0]"),
    ("D_DECL_IDRED", "int x; string x; BEGIN { }", "string x", "identifier redefined: x"),
    ("D_DECL_IDRED", "int pid; BEGIN { }", "int pid", "identifier redefined: pid"),
    ("D_DECL_VOIDOBJ", "void x; BEGIN { }", "void x", "cannot have void object: x"),
    ("D_DECL_INCOMPLETE", "struct s x; BEGIN { }", "struct s x", "incomplete struct/union/enum struct s: x"),
    ("D_ARR_LOCAL", "BEGIN { this->a[1] = 2; }", "this->a[1]", "local variables may not be used as associative arrays"),
    ("D_AGG_FUNC", "BEGIN { @a = 5; }", "@a = 5", "@a must be assigned the result of an aggregating function"),
    ("D_CG_EXPR", "BEGIN { count(); }", "count()", "aggregating function count( ) may not be called from a D"),
    ("D_AGG_REDEF", "BEGIN { @a = count(); @a = sum(1); }", "@a = sum(1)", "aggregation redefined: @a"),
    ("D_LQUANT_MISMATCH", "BEGIN { @ = lquantize(1, 10, 5); }", "lquantize(1, 10, 5)", "lquantize( ) base (argument #"),
    ("D_LQUANT_BASETYPE", "BEGIN { @ = lquantize(1, pid, 5); }", "lquantize(1, pid, 5)", "lquantize( ) argument #"),
    ("D_LQUANT_MATCHBASE", "BEGIN { @ = lquantize(1, 0, 9); @ = lquantize(1, 1, 9); }", "@ = lquantize(1, 1, 9)", "lq"),
    ("D_LLQUANT_FACTORVAL", "BEGIN { @ = llquantize(1, 1, 0, 6, 20); }", "llquantize(1, 1, 0, 6, 20)", "llquantize( )"),
    ("D_TRACE_VOID", "BEGIN { trace(exit(0)); }", "exit(0)", "trace( ) may not be applied to a void expression"),
    ("D_PRINTF_FMT_EMPTY", 'BEGIN { printf(""); }', '""', "printf( ) format string is empty"),
    ("D_SYNTAX", 'BEGIN { printf("%hhd", 1); }', '"%hhd"', "format conversion #1 is undefined: %hhd"),
    ("D_PRINTF_ARG_PROTO", 'BEGIN { printf("%d"); }', 'printf("%d")', "printf( ) prototype mismatch: conversion #1 (%"),
    ("D_PRINTF_ARG_EXTRA", 'BEGIN { printf("x", 1); }', "1", "printf( ) prototype mismatch: only 0 arguments required"),
    ("D_PRINTF_ARG_TYPE", 'BEGIN { printf("%s", 1); }', "1", "printf( ) argument #2 is incompatible with conversion #"),
    ("D_PRINTF_AGG_CONV", 'BEGIN { printf("%@d", 1); }', 'printf("%@d", 1)', "%@ conversion requires an aggregation"),
    ("D_PRINTA_PROTO", "BEGIN { printa(); }", "printa()", "printa( ) prototype mismatch: 0 args passed, at least 1"),
    ("D_PRINTA_AGGARG", "BEGIN { printa(1); }", "1", "printa( ) argument #1 is incompatible with prototype"),
    ("D_PRINTA_AGGBAD", "BEGIN { printa(@a); }", "@a", "undefined aggregation: @a"),
    ("D_PRINTA_AGGKEY", "BEGIN { @a = count(); @b[1] = count(); printa(@a, @b); }", "@b", "printa( ): @a and @b do"),
    ("D_CLEAR_PROTO", "BEGIN { clear(); }", "clear()", "clear( ) prototype mismatch: 0 args passed, 1 expected"),
    ("D_CLEAR_AGGARG", "BEGIN { clear(1); }", "1", "clear( ) argument #1 is incompatible with prototype"),
    ("D_CLEAR_AGGBAD", "BEGIN { clear(@a); }", "@a", "undefined aggregation: @a"),
    ("D_TRUNC_AGGARG", "BEGIN { trunc(1); }", "1", "trunc( ) argument #1 is incompatible with prototype"),
    ("D_TRUNC_AGGBAD", "BEGIN { trunc(@a); }", "@a", "undefined aggregation: @a"),
    ("D_NORMALIZE_PROTO", "BEGIN { normalize(); }", "normalize()", "normalize( ) prototype mismatch: 0 args passed, 2"),
    ("D_NORMALIZE_AGGARG", "BEGIN { normalize(1, 2); }", "1", "normalize( ) argument #1 is incompatible with prototyp"),
    ("D_NORMALIZE_AGGBAD", "BEGIN { normalize(@a, 2); }", "@a", "undefined aggregation: @a"),
]  # fmt: skip


@pytest.mark.parametrize(("tag", "text", "marked", "message"), CASES, ids=[f"{c[0]}-{n}" for n, c in enumerate(CASES)])
def test_each_tag_has_its_place_and_its_words(tag: str, text: str, marked: str, message: str) -> None:
    first = problems(text)[0]
    assert first.tag == tag
    assert first.message.startswith(message)
    span = first.caret or first.span
    assert text[span.start : span.end].startswith(marked)


def test_arguments_that_the_program_does_not_use() -> None:
    (only,) = problems("BEGIN { }", "extra")
    assert (only.tag, only.message) == ("D_MACRO_UNUSED", "extraneous argument 'extra' ($1 is not referenced)")


def test_every_problem_is_told_at_once_in_order() -> None:
    text = "BEGIN { x = nosuch1; y = x + nosuch2; }\nnosuch:::x { }\nEND /nosuch4/ { if (nosuch5) { z = nosuch6; } }"
    assert [d.message.split()[3].rstrip(":") for d in problems(text) if d.tag == "D_IDENT_UNDEF"] == [
        "nosuch1", "nosuch2", "nosuch4", "nosuch5", "nosuch6",
    ]  # fmt: skip
    assert [d.tag for d in problems(text)].count("D_PDESC_ZERO") == 1


def test_the_parser_goes_on_behind_a_bad_statement() -> None:
    text = "BEGIN { x = = 1; y = 2; z = ) ; }\nEND { trace(] ; }"
    assert [d.message for d in problems(text)] == [
        'syntax error near "="',
        'syntax error near ")"',
        'syntax error near "]"',
    ]


def test_what_follows_from_a_mistake_is_none() -> None:
    assert len(problems("BEGIN { x = nosuch; trace(x); x++; a[x] = 1; trace(a[1]); }")) == 1


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("BEGIN { trace(exename); }", "did you mean 'execname'?"),
        ("BEGIN { self->time = 1; trace(self->tim); }", "did you mean 'self->time'?"),
        ("BEGIN { self->n = 1; trace(n); }", "there is self->n"),
        ("BEGIN { @ = quantise(1); }", "did you mean 'quantize'?"),
        ("BEGIN { @lat = count(); printa(@late); }", "did you mean 'lat'?"),
        ("sdt:sched::sched_switch { trace(args->next_pit); }", "did you mean 'next_pid'?"),
        ('BEGIN /execname/ { }', "compare it: == or !="),
    ],
)  # fmt: skip
def test_hints(text: str, hint: str) -> None:
    assert problems(text)[0].hint == hint


def drawn(text: str) -> list[str]:
    source = Source("t.d", text)
    return render(source, problems(text)).splitlines()[1:3]


def test_the_caret_stands_under_its_place_behind_tabs_and_wide_characters() -> None:
    assert drawn("BEGIN {\ttrace(nosuch); }") == ["    1 | BEGIN {\ttrace(nosuch); }", "      |        \t      ^^^^^^"]
    # Each of these characters takes two columns, the accent none.
    assert (
        drawn('BEGIN { printf("日本e\u0301", nosuch); }')[1]
        == "      | " + " " * len('BEGIN { printf("12345", ') + "^^^^^^"
    )


def test_a_long_line_is_shown_around_the_place() -> None:
    text = "BEGIN { " + "x = 1; " * 1000 + "y = nosuch; }"
    line, caret = drawn(text)
    assert len(line) < 200
    assert line[caret.index("^") : caret.index("^") + 6] == "nosuch"


def test_a_one_liner_is_told_by_its_part() -> None:
    source = Source("BEGIN /nosuch/ { }", "BEGIN /nosuch/ { }", "specifier")
    text = render(source, problems(source.text, kind="specifier"), tags=True)
    assert text.startswith(
        "vtrace: invalid probe specifier BEGIN /nosuch/ { }: [D_IDENT_UNDEF] in predicate: failed to resolve nosuch"
    )
