"""How each node of the typed tree is computed into R0."""

from __future__ import annotations

from typing import Any

from pyvtrace.bpf import helpers as h
from pyvtrace.bpf import maps
from pyvtrace.bpf.isa import (
    R0,
    R1,
    R2,
    R3,
    R4,
    R7,
    R10,
    Code,
    Label,
    Note,
    atomic_add,
    call,
    fits,
    jump,
    jump_if,
    kernel_variable,
    load,
    map_fd,
    map_value,
    mov,
    store,
)
from pyvtrace.compile import aggregates, strings
from pyvtrace.compile.arithmetic import arithmetic, convert_register, operate
from pyvtrace.compile.frame import Place
from pyvtrace.compile.keys import build_key
from pyvtrace.compile.layout import DATA, TEXT, ArraySpec
from pyvtrace.compile.machine import COMMUTATIVE, FAULT_ADDRESS, Located, Machine, computes
from pyvtrace.lang import typed
from pyvtrace.lang.types import Integer, String, Trace, is_signed


@computes(typed.Constant)
def constant(m: Machine, e: Any) -> Code:
    yield mov(R0, e.value)


@computes(typed.Text)
def text(m: Machine, e: Any) -> Code:
    yield from m.text(R0, e.text)


@computes(typed.Builtin)
def builtin(m: Machine, e: Any) -> Code:
    yield Note(e.variable.name)
    yield from e.variable.code(m, e.variable)


@computes(typed.TypedArgument)
def typed_argument(m: Machine, e: Any) -> Code:
    yield Note(f"args[{e.index}]")
    yield from m.context.argument(m, e.index)
    # Probes that share a program may have arguments of other types: this clause knows those of its own.
    yield from m.settle(e.type)


@computes(typed.Variants)
def variants(m: Machine, e: Any) -> Code:
    yield from m.value(e.of(m.context.probes[0].id))


@computes(typed.Load)
def variable(m: Machine, e: Any) -> Code:
    symbol: typed.Symbol = e.symbol
    if e.keys:
        yield from element(m, symbol, e.keys)
        return
    base, offset = yield from m.locate(symbol, R0)
    yield Note(symbol.name)
    if symbol.type.is_scalar:
        yield load(R0, base, offset)
    else:
        yield mov(R0, base)
        yield R0 + offset


def element(m: Machine, symbol: typed.Symbol, keys: tuple[typed.Expr, ...]) -> Code:
    """An element of an associative array; all zeros where there is none."""
    array = m.layout.arrays[symbol.scope, symbol.name]
    missing, done = Label("missing"), Label("done")
    with m.frame.temporary(array.key_size) as key:
        yield from build_key(m, key, array.keys, array.key_size, keys, thread=symbol.scope == "self")
        yield from m.address(R2, key)
        yield map_fd(R1, array.map)
        yield call(h.MAP_LOOKUP)
    yield jump_if(R0, "==", 0, missing)
    if not symbol.type.is_scalar:
        yield jump(done)
        yield missing
        yield map_value(R0, TEXT, m.layout.zeros(array.value_size))
    else:
        yield load(R0, R0, 0)
        yield missing
    yield done


@computes(typed.Dereference)
def dereference(m: Machine, e: Any) -> Code:
    if not e.type.is_scalar:
        yield from aggregates.copied(m, e.pointer, e.type.size, text=isinstance(e.type, String))
        return
    with m.frame.temporary() as value, m.frame.temporary() as pointer:
        yield from m.value(e.pointer)
        yield from m.save(pointer)
        yield from aggregates.check_memory(m, e.pointer.type, pointer, e.type.size)
        yield from m.read_memory(e.pointer.type, value, e.type.size, pointer, text=False)
        yield from m.restore(R1, pointer)
        yield from m.fault_if(R0, "!=", 0, FAULT_ADDRESS, R1)
        yield load(R0, value.base, value.offset, e.type.size)
        yield from m.settle(e.type)


@computes(typed.KernelVariable)
def kernel_variable_address(m: Machine, e: Any) -> Code:
    """Through memory, where the verifier forgets what it is: D computes with it."""
    yield from m.need("scratch")
    number = m.buffer(8)
    yield Note(e.symbol.name)
    if e.symbol.per_cpu:
        yield kernel_variable(R1, e.symbol.btf)
        yield call(h.THIS_CPU_PTR)
    else:
        yield kernel_variable(R0, e.symbol.btf)
    yield from m.save(number)
    yield from m.restore(R0, number)


@computes(typed.Convert)
def convert(m: Machine, e: Any) -> Code:
    yield from m.value(e.operand)
    before = e.operand.type
    if not isinstance(e.type, Integer):
        return
    narrower = e.type.bytes < before.size
    same_size_other_sign = e.type.bytes == before.size < 8 and is_signed(e.type) != is_signed(before)
    sign_lost = before.size < e.type.bytes < 8 and is_signed(before) and not e.type.signed
    if narrower or same_size_other_sign or sign_lost:
        yield from m.settle(e.type)


@computes(typed.Unary)
def unary(m: Machine, e: Any) -> Code:
    yield from m.value(e.operand)
    yield -R0 if e.op == "-" else R0 ^ -1
    yield from m.settle(e.type)


@computes(typed.Not)
@computes(typed.Compare)
def condition(m: Machine, e: Any) -> Code:
    yield from m.boolean(e)


@computes(typed.Logical)
def logical(m: Machine, e: Any) -> Code:
    if e.op != "^^":
        yield from m.boolean(e)
        return
    with m.frame.temporary() as left:
        yield from m.boolean(e.left)
        yield from m.save(left)
        yield from m.boolean(e.right)
        yield from m.restore(R1, left)
        yield R0 ^ R1


@computes(typed.CompareStrings)
def compare_strings(m: Machine, e: Any) -> Code:
    yield from strings.compare(m, e.op, e.left, e.right)


@computes(typed.Binary)
def binary(m: Machine, e: Any) -> Code:
    small = isinstance(e.right, typed.Constant) and fits(e.right.value)
    if small and e.op not in "/%":
        yield from m.value(e.left)
        yield from arithmetic(m, e.op, e.right.value, e.type)
        return
    if e.op in COMMUTATIVE and m.is_simple(e.left) and not m.is_simple(e.right) and not typed.assigns(e.right):
        yield from m.operand(e.left, e.right)
    else:
        yield from m.operand(e.right, e.left)
    yield from arithmetic(m, e.op, R1, e.type)


@computes(typed.Conditional)
def conditional(m: Machine, e: Any) -> Code:
    otherwise, done = Label("else"), Label("done")
    yield from m.unless(e.test, otherwise)
    with m.branch_scope():
        yield from m.value(e.then)
    yield jump(done)
    yield otherwise
    with m.branch_scope():
        yield from m.value(e.otherwise)
    yield done


@computes(typed.Comma)
def comma(m: Machine, e: Any) -> Code:
    for part in e.parts:
        yield from m.value(part)


@computes(typed.Call)
def function_call(m: Machine, e: Any) -> Code:
    yield Note(f"{e.function.name}()")
    if not isinstance(e.type, Trace):
        yield from e.function.code(m, e)
        return
    yield from m.need("scratch")
    frames = m.buffer(e.type.size)
    yield from e.function.code(m, e, frames)
    yield from m.address(R0, frames)


# ----------------------------------------------------------------------------------------------------------- assignment


@computes(typed.Assign)
def assign(m: Machine, e: Any) -> Code:
    if not isinstance(e.target, typed.Load) or not (e.type.is_scalar or isinstance(e.type, String)):
        yield from aggregates.assign(m, e)
        return
    symbol: typed.Symbol = e.target.symbol
    if isinstance(symbol.type, String):
        yield from strings.assign(m, e)
    elif e.target.keys:
        array = m.layout.arrays[symbol.scope, symbol.name]
        with m.frame.temporary() as value, m.frame.temporary(array.key_size) as key:
            yield from m.value(e.value)
            yield from m.save(value)
            yield from build_key(m, key, array.keys, array.key_size, e.target.keys, thread=symbol.scope == "self")
            yield from put(m, array, key, value)
            yield from m.restore(R0, value)
    else:
        yield from m.value(e.value)
        base, offset = yield from _destination(m, symbol)
        yield Note(f"{symbol.name} =")
        yield store(base, offset, R0)


def _destination(m: Machine, symbol: typed.Symbol) -> Located:
    """Where a scalar lives, without losing R0."""
    if symbol.scope == "global":
        yield map_value(R1, DATA, m.layout.globals[symbol.name])
        return R1, 0
    wanted = "self" if symbol.scope == "self" else "scratch"
    place = Place(R7, m.layout.locals[symbol.name]) if wanted == "self" else m.clause_locals[symbol.name]
    if place.base is not R10 and wanted not in m.have:
        with m.frame.temporary() as kept:
            yield from m.save(kept)
            yield from m.need(wanted)
            yield from m.restore(R0, kept)
    return place.base, place.offset


def put(m: Machine, array: ArraySpec, key: Place, value: Place) -> Code:
    """Store the word `value` under a key; zero frees the element, as D has it."""
    free, done = Label("free"), Label("done")
    yield from m.restore(R1, value)
    yield jump_if(R1, "==", 0, free)
    yield from m.address(R2, key)
    yield from m.address(R3, value)
    yield map_fd(R1, array.map)
    yield mov(R4, maps.UPDATE_ANY)
    yield call(h.MAP_UPDATE)
    yield jump_if(R0, "==", 0, done)
    yield from m.count("dynamic")
    yield jump(done)
    yield free
    yield from m.address(R2, key)
    yield map_fd(R1, array.map)
    yield call(h.MAP_DELETE)
    yield done


@computes(typed.Update)
def update(m: Machine, e: Any) -> Code:
    """`target op= value`. Additions to what several CPUs share are atomic, so that counting N gives N."""
    if not isinstance(e.target, typed.Load):
        yield from aggregates.update(m, e)
        return
    symbol: typed.Symbol = e.target.symbol
    if e.target.keys:
        yield from _update_element(m, e, m.layout.arrays[symbol.scope, symbol.name])
        return
    if symbol.scope == "global" and e.op in "+-" and e.type.size == 8:
        yield from m.value(e.value)
        yield from convert_register(m, e.value.type, e.operation)
        if e.op == "-":
            yield -R0
        yield map_value(R1, DATA, m.layout.globals[symbol.name])
        yield mov(R2, R0)
        yield atomic_add(R1, 0, R0, fetch=True)
        if not e.old:
            yield R0 + R2
        return
    with m.frame.temporary() as amount, m.frame.temporary() as before:
        yield from m.value(e.value)
        yield from m.save(amount)
        base, offset = yield from m.locate(symbol, R1)
        yield load(R0, base, offset)
        yield from m.save(before)
        yield from operate(m, e, amount)
        base, offset = yield from _destination(m, symbol)
        yield store(base, offset, R0)
        if e.old:
            yield from m.restore(R0, before)


def _update_element(m: Machine, e: Any, array: ArraySpec) -> Code:
    symbol: typed.Symbol = e.target.symbol
    with m.frame.temporary() as amount, m.frame.temporary(array.key_size) as key:
        yield from m.value(e.value)
        yield from m.save(amount)
        yield from build_key(m, key, array.keys, array.key_size, e.target.keys, thread=symbol.scope == "self")
        if e.op in "+-" and e.type.size == 8:
            yield from _add_to_element(m, e, array, key, amount)
        else:
            yield from _change_element(m, e, array, key, amount)


def _look_up(m: Machine, array: ArraySpec, key: Place) -> Code:
    yield from m.address(R2, key)
    yield map_fd(R1, array.map)
    yield call(h.MAP_LOOKUP)


def _change_element(m: Machine, e: Any, array: ArraySpec, key: Place, amount: Place) -> Code:
    missing = Label("missing")
    with m.frame.temporary() as value, m.frame.temporary() as result:
        yield store(value.base, value.offset, 0)
        yield from _look_up(m, array, key)
        yield jump_if(R0, "==", 0, missing)
        yield load(R1, R0, 0)
        yield store(value.base, value.offset, R1)
        yield missing
        yield from m.restore(R0, value)
        yield from operate(m, e, amount)
        yield from m.save(result)
        yield from put(m, array, key, result)
        yield from m.restore(R0, value if e.old else result)


def _add_to_element(m: Machine, e: Any, array: ArraySpec, key: Place, amount: Place) -> Code:
    """Atomic, and so is the making of the element: of two CPUs that find none, one makes it and the other adds."""
    missing, done = Label("missing"), Label("done")
    yield from _look_up(m, array, key)
    yield jump_if(R0, "==", 0, missing)
    yield from _add_in_place(m, e, amount)
    yield jump(done)
    yield missing
    with m.frame.temporary() as result:
        yield from m.restore(R0, amount)
        if e.op == "-":
            yield -R0
        yield from m.save(result)
        yield from m.address(R2, key)
        yield from m.address(R3, result)
        yield map_fd(R1, array.map)
        yield mov(R4, maps.UPDATE_NEW)
        yield call(h.MAP_UPDATE)
        yield mov(R1, R0)
        yield mov(R0, 0) if e.old else load(R0, result.base, result.offset)
        yield jump_if(R1, "==", 0, done)
    dropped = Label("dropped")
    yield from _look_up(m, array, key)
    yield jump_if(R0, "==", 0, dropped)
    yield from _add_in_place(m, e, amount)
    yield jump(done)
    yield dropped
    yield from m.count("dynamic")
    yield mov(R0, 0)
    yield done


def _add_in_place(m: Machine, e: Any, amount: Place) -> Code:
    yield mov(R3, R0)
    yield from m.restore(R0, amount)
    if e.op == "-":
        yield -R0
    yield mov(R2, R0)
    yield atomic_add(R3, 0, R0, fetch=True)
    if not e.old:
        yield R0 + R2
