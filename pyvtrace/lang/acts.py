"""Checking the actions whose arguments have rules of their own: tracemem(), print(), pcap(), freopen()."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.calls import arguments
from pyvtrace.lang.naming import whole
from pyvtrace.lang.printing import printf
from pyvtrace.lang.unsupported import IMPOSSIBLE
from pyvtrace.lang.values import Values
from pyvtrace.lang.vocabulary import Action, Parameter
from pyvtrace.value import replace

if TYPE_CHECKING:
    from pyvtrace.lang.check import Checker

_ANY = (Parameter("any"), Parameter("integer", shown="size_t"), Parameter("any", optional=True))


def tracemem(checker: Checker, action: Action, call: ast.Call) -> typed.Act:
    """An address, how many bytes to record, and how many of them to show."""
    scope = checker.scope
    address, size, *shown = arguments(checker.values, action.name, call, _ANY)
    if not address.type.is_scalar:
        message = (
            "tracemem( ) argument #1 is incompatible with prototype:\n"
            f"\tprototype: pointer or integer\n\t argument: {address.type}"
        )
        raise scope.fail("D_TRACEMEM_ADDR", address.span, message)
    if not (isinstance(size, typed.Constant) and isinstance(size.type, ty.Integer) and size.value > 0):
        message = "tracemem( ) argument #2 must be a non-zero positive integral constant expression"
        raise scope.fail("D_TRACEMEM_SIZE", size.span, message)
    if shown and not isinstance(shown[0].type, ty.Integer):
        message = (
            "tracemem( ) argument #3 is incompatible with prototype:\n"
            f"\tprototype: integer\n\t argument: {shown[0].type}"
        )
        raise scope.fail("D_TRACEMEM_ARGS", shown[0].span, message)
    memory = typed.Memory(ty.Array(ty.CHAR, size.value), address, address.span)
    return typed.Act(action, (memory, *shown), checker.number, span=call.span)


def printed(v: Values, value: typed.Expr) -> tuple[typed.Expr, ...]:
    """What print() shows: a value with all its members; for a pointer what lies there, and the pointer."""
    if not isinstance(value.type, ty.Pointer) or isinstance(value.type.to, ty.Routine):
        return (replace(value, type=whole(v, value.type)),)
    to = whole(v, value.type.to)
    if not to.size:
        message = f"print( ) argument #1 reference has type '{to}' with size 0; cannot print( ) it"
        raise v.fail("D_PRINT_SIZE", value.span, message, "cast it to a pointer to what is there")
    return typed.Memory(to, value, value.span), value


def naming(checker: Checker, action: Action, call: ast.Call) -> typed.Act:
    """A stack, or the name of an address, as a statement."""
    return typed.Act(action, (checker.values.base(call),), checker.number, span=call.span)


def pcap(checker: Checker, action: Action, call: ast.Call) -> typed.Act:
    """A packet and the protocol that it begins with: checked, then refused."""
    scope, given = checker.scope, len(call.args)
    if given != 2:
        message = f"pcap( ) prototype mismatch: {given} arg{'s' * (given != 1)} passed, 2 expected"
        raise scope.fail("D_PCAP_PROTO", call.span, message)
    packet, protocol = checker.values.all(call.args)
    wanted = ((packet, packet.type.is_scalar, "D_PCAP_ADDR", "pointer or integer"),
              (protocol, isinstance(protocol.type, ty.Integer), "D_PCAP_SIZE", "integer"))  # fmt: skip
    for number, (value, fits, tag, prototype) in enumerate(wanted, 1):
        if not fits:
            message = (
                f"pcap( ) argument #{number} is incompatible with prototype:\n"
                f"\tprototype: {prototype}\n\t argument: {value.type}"
            )
            raise scope.fail(tag, value.span, message)
    raise scope.fail("D_UNKNOWN", call.span, "pcap( ) is not supported", IMPOSSIBLE["pcap"])


def refused(checker: Checker, action: Action, call: ast.Call) -> typed.Act:
    """An action that there cannot be, once it is written as DTrace's is. All of them are destructive."""
    arguments(checker.values, action.name, call, action.parameters)
    if checker.speculates:
        raise checker.scope.fail("D_ACT_SPEC", call.span, "destructive actions may not follow speculate( )")
    hint = IMPOSSIBLE[action.name]
    raise checker.scope.fail("D_UNKNOWN", call.span, f"{action.name}( ) is not supported", hint)


def freopen(checker: Checker, action: Action, call: ast.Call) -> typed.Act:
    """As printf, but "" is a name, too: of where the output went at first."""
    match call.args:
        case (ast.StringLiteral(text=""),):
            return typed.Act(action, (), checker.number, format="", span=call.span)
        case (ast.StringLiteral(text="."), *_):
            message = 'freopen( ) argument #1 cannot be "."'
            raise checker.scope.fail("D_FREOPEN_INVALID", call.args[0].span, message, "name a file")
    return printf(checker, action, call)
