"""Checking `` `symbol ``: functions and variables of the kernel."""

from __future__ import annotations

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.naming import complete
from pyvtrace.lang.values import Values, checks
from pyvtrace.lang.vocabulary import KernelSymbol


@checks(ast.KernelSymbol)
def kernel_symbol(v: Values, e: ast.KernelSymbol) -> typed.Expr:
    """A variable's value; a function is its address."""
    found = _found(v, e)
    if found.type is None or isinstance(found.type, ty.Void):
        message = f"no symbolic type information is available for {found.module or 'vmlinux'}`{found.name}"
        hint = f"take its address, and say what is there: *(unsigned long *)&`{found.name}"
        raise v.fail("D_SYM_NOTYPES", e.span, message, hint)
    if isinstance(found.type, ty.Routine):
        return _address(found, found.type, e)
    type_ = complete(v, found.type)
    return typed.Dereference(type_, _address(found, type_, e), e.span)


def address(v: Values, e: ast.KernelSymbol) -> typed.Expr:
    """`` &`symbol ``, of one whose type is not known, too."""
    found = _found(v, e)
    return _address(found, found.type or ty.VOID, e)


def _found(v: Values, e: ast.KernelSymbol) -> KernelSymbol:
    found = v.scope.environment.symbol(e.module, e.name)
    shown = f"{e.module}`{e.name}"
    if found is None:
        hint = "/proc/kallsyms lists what there is; a kernel without CONFIG_KALLSYMS_ALL tells functions only"
        raise v.fail("D_IDENT_UNDEF", e.span, f"failed to resolve {shown}: Unknown symbol name", hint)
    if not (found.address or found.btf):
        message = f"cannot access {shown}: the kernel does not tell its address"
        raise v.fail(
            "D_SYM_BADREF",
            e.span,
            message,
            "kernel.kptr_restrict below 2 and CONFIG_KALLSYMS_ALL let root see them",
        )
    return found


def _address(found: KernelSymbol, type_: ty.Type, e: ast.KernelSymbol) -> typed.Expr:
    pointer = ty.pointer_to(type_)
    if found.btf:
        return typed.KernelVariable(pointer, found, e.span)
    return typed.Constant(pointer, found.address, e.span)
