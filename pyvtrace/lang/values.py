"""Checking expressions: names resolved, C's conversions made explicit, constants folded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.scope import Scope
from pyvtrace.lang.vocabulary import Parameter
from pyvtrace.source import Span


class Values:
    """Untyped expressions to typed ones, within a scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def check(self, e: ast.Expr) -> typed.Expr:
        """The typed form of an expression.

        Raises:
            Problem: the first thing wrong with it.
        """
        return _CHECKS[type(e)](self, e)

    # -------------------------------------------------------------------------------------------------------- leaves

    def number(self, e: ast.Number) -> typed.Expr:
        unsigned, long = "u" in e.suffix, "l" in e.suffix
        value = e.value
        if e.character:
            return typed.Constant(ty.INT if value < 1 << 31 else ty.LONG, value, e.span)
        candidates: list[ty.Integer] = [ty.INT, ty.UINT, ty.LONG, ty.ULONG]
        # A decimal constant without u stays signed while it fits (ISO C 6.4.4.1).
        if unsigned:
            candidates = [ty.UINT, ty.ULONG]
        elif e.decimal:
            candidates = [ty.INT, ty.LONG, ty.ULONG]
        if long:
            candidates = [c for c in candidates if c.bytes == 8]
        type_ = next(c for c in candidates if c.wrap(value) == value)
        return typed.Constant(type_, value, e.span)

    def string(self, e: ast.StringLiteral) -> typed.Expr:
        return typed.Text(ty.String(len(e.text.encode("utf-8", "surrogateescape")) + 1), e.text, e.span)

    def identifier(self, e: ast.Identifier) -> typed.Expr:
        scope = self.scope
        variable = scope.environment.variables.get(e.name)
        symbol = scope.symbols.get(("global", e.name))
        if symbol is not None and not symbol.keys:
            return typed.Load(symbol.type, symbol, (), e.span)
        if symbol is None and variable is not None:
            return typed.Builtin(variable.type, variable, e.span)
        if e.name == "NULL":
            return typed.Constant(ty.Pointer(ty.VOID), 0, e.span)
        if symbol is not None:
            message = f"array {e.name} may not be referenced without its index"
            raise scope.fail("D_IDENT_BADREF", e.span, message, f"write {e.name}[...]")
        names = [*scope.environment.variables, *(n for s, n in scope.symbols if s == "global")]
        hint = scope.nearest(e.name, names)
        raise scope.fail("D_IDENT_UNDEF", e.span, f"failed to resolve {e.name}: Unknown variable name", hint)

    def scoped(self, e: ast.Scoped) -> typed.Expr:
        symbol = self.scope.symbols.get((e.scope, e.name))
        if symbol is None:
            name = f"{e.scope}->{e.name}"
            raise self.scope.fail("D_VAR_UNDEF", e.span, f"{name} has not yet been declared or assigned")
        return typed.Load(symbol.type, symbol, (), e.span)

    def index(self, e: ast.Index) -> typed.Expr:
        if isinstance(e.base, ast.Identifier) and e.base.name == "args":
            return self._args(e)
        symbol = self._array(e.base)
        if symbol is None:
            name = _spelled(e.base)
            raise self.scope.fail("D_IDENT_UNDEF", e.span, f"failed to resolve {name}: Unknown variable name")
        return typed.Load(symbol.type, symbol, self.keys(e, symbol.keys, _spelled(e.base)), e.span)

    def _array(self, base: ast.Expr) -> typed.Symbol | None:
        match base:
            case ast.Identifier(name=name):
                return self.scope.symbols.get(("global", name))
            case ast.Scoped(scope=scope, name=name):
                return self.scope.symbols.get((scope, name))
        raise self.scope.fail("D_ARR_BADREF", base.span, "operator [] can only be applied to an array")

    def keys(self, e: ast.Index, types: tuple[ty.Type, ...], name: str) -> tuple[typed.Expr, ...]:
        """The tuple of an associative array, converted to its key types."""
        if len(e.keys) != len(types):
            message = f"{name}[ ] prototype mismatch: {len(e.keys)} keys passed, {len(types)} expected"
            raise self.scope.fail("D_PROTO_LEN", e.span, message.replace("1 keys", "1 key"))
        return tuple(
            self.key(self.check(key), type_, f"{name}[ ]", number)
            for number, (key, type_) in enumerate(zip(e.keys, types, strict=True), 1)
        )

    def key(self, value: typed.Expr, type_: ty.Type, what: str, number: int) -> typed.Expr:
        """One part of a tuple, or a problem that shows both types."""
        if isinstance(value.type, ty.String) != isinstance(type_, ty.String):
            message = (
                f"{what} key #{number} is incompatible with prototype:\n\tprototype: {type_}\n\t      key: {value.type}"
            )
            raise self.scope.fail("D_PROTO_ARG", value.span, message)
        return value if isinstance(type_, ty.String) else convert(value, type_)

    def _args(self, e: ast.Index) -> typed.Expr:
        index = self.check(e.keys[0])
        if len(e.keys) != 1 or not isinstance(index, typed.Constant):
            raise self.scope.fail("D_ARGS_IDX", e.span, "index of args[ ] must be an integer constant")
        arguments = self.scope.probe_arguments()
        if not 0 <= index.value < len(arguments):
            message = f"index {index.value} is out of range for {self._probe()} args[ ]"
            raise self.scope.fail("D_ARGS_IDX", e.span, message, f"it has {len(arguments)} arguments")
        return typed.TypedArgument(arguments[index.value].type, index.value, e.span)

    def _probe(self) -> str:
        return str(self.scope.probes[0].name) if self.scope.probes else "this clause's"

    def access(self, e: ast.Access) -> typed.Expr:
        if isinstance(e.base, ast.Identifier) and e.base.name == "args":
            arguments = self.scope.probe_arguments()
            names = [a.name for a in arguments]
            if e.name not in names:
                hint = self.scope.nearest(e.name, names) or f"its arguments: {', '.join(names) or 'none'}"
                raise self.scope.fail("D_TYPE_MEMBER", e.span, f"{self._probe()} has no argument {e.name}", hint)
            return typed.TypedArgument(arguments[names.index(e.name)].type, names.index(e.name), e.span)
        base = self.check(e.base)
        op = "->" if e.arrow else "."
        target = base.type.to if isinstance(base.type, ty.Pointer) else base.type
        if isinstance(target, ty.Struct):
            message = f"operator {op} cannot be applied to a forward declaration: no {target} definition is available"
            raise self.scope.fail("D_OP_INCOMPLETE", e.span, message)
        raise self.scope.fail("D_OP_SOU", e.span, f"operator {op} must be applied to a struct or union")

    def aggregation(self, e: ast.Aggregation) -> typed.Expr:
        name = "" if e.name == "_" else e.name
        if e.name not in self.scope.aggregations:
            message = f"failed to resolve @{name}: Unknown variable name"
            raise self.scope.fail("D_IDENT_UNDEF", e.span, message)
        raise self.scope.fail("D_SYM_BADREF", e.span, f"aggregation @{name} may not be used as a value")

    def kernel_symbol(self, e: ast.KernelSymbol) -> typed.Expr:
        message = f"failed to resolve {e.module}`{e.name}: no symbol of the kernel can be read by this language level"
        raise self.scope.fail("D_IDENT_UNDEF", e.span, message)

    # ----------------------------------------------------------------------------------------------------- operators

    def unary(self, e: ast.Unary) -> typed.Expr:
        if e.op == "&":
            raise self.scope.fail("D_ADDROF_VAR", e.span, "cannot take address of dynamic variable")
        operand = self.check(e.operand)
        match e.op:
            case "!":
                self.condition(operand, e.span, "!")
                return fold(typed.Not(ty.INT, operand, e.span))
            case "*":
                return self._dereference(operand, e.span)
        integer = self.integer(operand, e.op, e.span)
        type_ = ty.promoted(integer)
        operand = convert(operand, type_)
        return operand if e.op == "+" else fold(typed.Unary(type_, e.op, operand, e.span))

    def _dereference(self, operand: typed.Expr, span: Span) -> typed.Expr:
        if not isinstance(operand.type, ty.Pointer):
            raise self.scope.fail("D_DEREF_NONPTR", span, "cannot dereference non-pointer type")
        if isinstance(operand.type.to, ty.Void):
            raise self.scope.fail("D_DEREF_VOID", span, "cannot dereference pointer to void")
        if not operand.type.to.is_scalar:
            raise self.scope.fail("D_OP_INCOMPLETE", span, f"cannot read a value of type {operand.type.to}")
        return typed.Dereference(operand.type.to, operand, span)

    def integer(self, e: typed.Expr, op: str, span: Span) -> ty.Integer:
        """The type of an integer operand."""
        if isinstance(e.type, ty.Integer):
            return e.type
        if isinstance(e.type, ty.Pointer) and op in ("+", "-", "%", "&", "*", "/", "|", "^"):
            return ty.ULONG
        raise self.scope.fail(
            "D_OP_INT", span, f"operator {op} requires operands of integral type", f"this is a {e.type}"
        )

    def condition(self, e: typed.Expr, span: Span, op: str) -> typed.Expr:
        if not (e.type.is_scalar or isinstance(e.type, ty.String)):
            raise self.scope.fail("D_OP_SCALAR", span, f"operator {op} requires operands of scalar type")
        return e

    def binary(self, e: ast.Binary) -> typed.Expr:
        left, right = self.check(e.left), self.check(e.right)
        if e.op in ("&&", "||", "^^"):
            self.condition(left, e.span, e.op)
            self.condition(right, e.span, e.op)
            return fold(typed.Logical(ty.INT, e.op, left, right, e.span))
        if e.op in ("<", "<=", ">", ">=", "==", "!="):
            return self._comparison(e, left, right)
        return self.arithmetic(e.op, left, right, e.span)

    def arithmetic(self, op: str, left: typed.Expr, right: typed.Expr, span: Span) -> typed.Expr:
        first, second = self.integer(left, op, span), self.integer(right, op, span)
        if op in ("<<", ">>"):
            type_ = ty.promoted(first)
            right = convert(right, ty.promoted(second))
        else:
            type_ = ty.common(first, second)
            right = convert(right, type_)
        if op in "/%" and isinstance(right, typed.Constant) and right.value == 0:
            raise self.scope.fail("D_DIV_ZERO", span, "expression contains division by zero")
        return fold(typed.Binary(type_, op, convert(left, type_), right, span))

    def _comparison(self, e: ast.Binary, left: typed.Expr, right: typed.Expr) -> typed.Expr:
        strings = isinstance(left.type, ty.String) + isinstance(right.type, ty.String)
        if strings == 2:
            return typed.CompareStrings(ty.INT, e.op, left, right, e.span)
        if strings == 1:
            if _is_null(left) or _is_null(right):
                text, null = (left, right) if _is_null(right) else (right, left)
                empty = typed.Text(ty.String(1), "", null.span)
                return typed.CompareStrings(ty.INT, e.op, text, empty, e.span)
            message = f'operands have incompatible types: "{left.type}" {e.op} "{right.type}"'
            raise self.scope.fail("D_OP_INCOMPAT", e.span, message)
        type_: ty.Type = ty.ULONG
        if isinstance(left.type, ty.Integer) and isinstance(right.type, ty.Integer):
            type_ = ty.common(left.type, right.type)
        return fold(typed.Compare(ty.INT, e.op, convert(left, type_), convert(right, type_), e.span))

    def conditional(self, e: ast.Conditional) -> typed.Expr:
        test = self.condition(self.check(e.test), e.span, "?:")
        then, otherwise = self.check(e.then), self.check(e.otherwise)
        if isinstance(then.type, ty.String) and isinstance(otherwise.type, ty.String):
            type_: ty.Type = ty.String(max(then.type.capacity, otherwise.type.capacity))
            return typed.Conditional(type_, test, then, otherwise, e.span)
        if isinstance(then.type, ty.Integer) and isinstance(otherwise.type, ty.Integer):
            type_ = ty.common(then.type, otherwise.type)
        elif then.type.is_scalar and otherwise.type.is_scalar:
            type_ = then.type if isinstance(then.type, ty.Pointer) else otherwise.type
        else:
            raise self.scope.fail("D_OP_INCOMPAT", e.span, "operator ?: operands must have compatible types",
                                  f"{then.type} and {otherwise.type}")  # fmt: skip
        return fold(typed.Conditional(type_, test, convert(then, type_), convert(otherwise, type_), e.span))

    def comma(self, e: ast.Comma) -> typed.Expr:
        parts = tuple(self.check(part) for part in e.parts)
        return typed.Comma(parts[-1].type, parts, e.span)

    def cast(self, e: ast.Cast) -> typed.Expr:
        type_ = self.scope.resolve(e.type)
        operand = self.check(e.operand)
        if isinstance(type_, ty.String):
            return self._string_of(operand, e.span)
        if not type_.is_scalar or not operand.type.is_scalar:
            message = f'invalid cast expression: cannot convert from "{operand.type}" to "{type_}"'
            raise self.scope.fail("D_CAST_INVAL", e.span, message)
        return fold(typed.Convert(type_, operand, e.span))

    def sizeof_type(self, e: ast.SizeofType) -> typed.Expr:
        return self._sizeof(self.scope.resolve(e.type), e.span)

    def sizeof_expr(self, e: ast.SizeofExpr) -> typed.Expr:
        return self._sizeof(self.check(e.operand).type, e.span)

    def _sizeof(self, type_: ty.Type, span: Span) -> typed.Expr:
        if not type_.size:
            raise self.scope.fail("D_SIZEOF_TYPE", span, f"cannot apply sizeof to an operand of type {type_}")
        return typed.Constant(ty.ULONG, type_.size, span)

    def string_of(self, e: ast.StringOf) -> typed.Expr:
        return self._string_of(self.check(e.operand), e.span)

    def _string_of(self, operand: typed.Expr, span: Span) -> typed.Expr:
        if isinstance(operand.type, ty.String):
            return operand
        function = self.scope.environment.functions.get("stringof")
        if function is None or not operand.type.is_scalar:
            message = f'cannot convert an expression of type "{operand.type}" to a string'
            raise self.scope.fail("D_STRINGOF_TYPE", span, message, "copyinstr() reads a string of the process")
        return typed.Call(ty.String(self.scope.strsize), function, (operand,), span)

    # ---------------------------------------------------------------------------------------------------- assignment

    def assign(self, e: ast.Assign) -> typed.Expr:
        if e.op != "=":
            return self.update(e.op[:-1], e.target, self.check(e.value), e.span)
        value = self.check(e.value)
        target = self.target(e.target, value, e.op)
        if isinstance(target.type, ty.String) and (isinstance(value.type, ty.String) or _is_null(value)):
            return typed.Assign(target.type, target, value, e.span)
        if isinstance(target.type, ty.String) or isinstance(value.type, ty.String) or not value.type.is_scalar:
            message = f'operands have incompatible types: "{target.type}" = "{value.type}"'
            raise self.scope.fail("D_OP_INCOMPAT", e.span, message)
        return typed.Assign(target.type, target, convert(value, target.type), e.span)

    def update(self, op: str, place: ast.Expr, value: typed.Expr, span: Span, *, old: bool = False) -> typed.Expr:
        target = self.target(place, value, op + "=")
        left = self.integer(target, op + "=", span)
        right = self.integer(value, op + "=", span)
        type_ = ty.promoted(left) if op in ("<<", ">>") else ty.common(left, right)
        if op in "/%" and isinstance(value, typed.Constant) and value.value == 0:
            raise self.scope.fail("D_DIV_ZERO", span, "expression contains division by zero")
        value = convert(value, ty.promoted(right) if op in ("<<", ">>") else type_)
        return typed.Update(target.type, op, target, value, type_, old, span)

    def step(self, e: ast.Step) -> typed.Expr:
        one = typed.Constant(ty.INT, 1, e.span)
        return self.update(e.op[0], e.operand, one, e.span, old=not e.prefix)

    def target(self, place: ast.Expr, value: typed.Expr, op: str) -> typed.Load:
        """What is assigned to: a variable declared now if the program has not seen it."""
        scope = self.scope
        keys: tuple[typed.Expr, ...] = ()
        match place:
            case ast.Index(base=ast.Identifier(name=name)):
                where = "global"
            case ast.Index(base=ast.Scoped(scope=where, name=name)):
                pass
            case ast.Identifier(name=name):
                where = "global"
            case ast.Scoped(scope=where, name=name):
                pass
            case _:
                raise scope.fail("D_OP_LVAL", place.span, f"operator {op} requires modifiable lvalue as an operand")
        if where == "global" and (where, name) not in scope.symbols and name in scope.environment.variables:
            raise scope.fail("D_OP_WRITE", place.span, f"operator {op} can only be applied to a writable variable")
        symbol = scope.symbols.get((where, name))
        if isinstance(place, ast.Index):
            if symbol is None:
                types = tuple(self._key_type(self.check(key)) for key in place.keys)
                symbol = scope.declare(where, name, _variable_type(value), types)
            keys = self.keys(place, symbol.keys, _spelled(place.base))
        elif symbol is None:
            symbol = scope.declare(where, name, _variable_type(value))
        elif symbol.keys:
            raise scope.fail("D_IDENT_BADREF", place.span, f"array {name} may not be assigned without its index")
        return typed.Load(symbol.type, symbol, keys, place.span)

    def _key_type(self, key: typed.Expr) -> ty.Type:
        if isinstance(key.type, ty.String):
            return ty.String(self.scope.strsize)
        return ty.promoted(key.type) if isinstance(key.type, ty.Integer) else key.type

    # --------------------------------------------------------------------------------------------------------- calls

    def call(self, e: ast.Call) -> typed.Expr:
        environment = self.scope.environment
        function = environment.functions.get(e.name)
        if function is None:
            if e.name in environment.aggregating:
                raise self.scope.fail("D_AGG_NULL", e.span, f"{e.name}( ) is an aggregating function",
                                      f"write @ = {e.name}(...)")  # fmt: skip
            if e.name in environment.actions:
                message = f"{e.name}( ) is an action and has no value"
                raise self.scope.fail("D_OP_ACT", e.span, message)
            names = [*environment.functions, *environment.actions]
            hint = self.scope.nearest(e.name, names)
            raise self.scope.fail("D_FUNC_UNDEF", e.span, f"undefined function name: {e.name}", hint)
        args = self.arguments(e.name, e, function.parameters)
        type_ = function.result([a.type for a in args])
        if isinstance(type_, ty.String):
            type_ = ty.String(min(type_.capacity, self.scope.strsize) if e.name != "copyinstr" else self.scope.strsize)
        return typed.Call(type_, function, args, e.span)

    def arguments(self, name: str, e: ast.Call, parameters: tuple[Parameter, ...]) -> tuple[typed.Expr, ...]:
        """Arguments checked against a prototype."""
        least = sum(not p.optional for p in parameters)
        if not least <= len(e.args) <= len(parameters):
            expected = str(len(parameters)) if least == len(parameters) else f"at least {least}"
            passed = f"{len(e.args)} arg{'s' * (len(e.args) != 1)}"
            message = f"{name}( ) prototype mismatch: {passed} passed, {expected} expected"
            raise self.scope.fail("D_PROTO_LEN", e.span, message)
        return tuple(
            self.argument(name, number, self.check(arg), parameter)
            for number, (arg, parameter) in enumerate(zip(e.args, parameters, strict=False), 1)
        )

    def argument(self, name: str, number: int, value: typed.Expr, parameter: Parameter) -> typed.Expr:
        if not _ACCEPTS[parameter.accepts](value):
            message = (
                f"{name}( ) argument #{number} is incompatible with prototype:\n"
                f"\tprototype: {parameter.shown or parameter.accepts}\n\t argument: {value.type}"
            )
            raise self.scope.fail("D_PROTO_ARG", value.span, message)
        return value


_ACCEPTS: dict[str, Callable[[typed.Expr], bool]] = {
    "integer": lambda e: isinstance(e.type, ty.Integer),
    "string": lambda e: isinstance(e.type, ty.String),
    "pointer": lambda e: isinstance(e.type, ty.Pointer),
    "pointer or integer": lambda e: e.type.is_scalar,
    "scalar": lambda e: e.type.is_scalar,
    "any": lambda e: not isinstance(e.type, ty.Void),
    "constant": lambda e: isinstance(e, typed.Constant),
}

_CHECKS: dict[type[ast.Expr], Callable[[Values, Any], typed.Expr]] = {
    ast.Number: Values.number, ast.StringLiteral: Values.string, ast.Identifier: Values.identifier,
    ast.Scoped: Values.scoped, ast.KernelSymbol: Values.kernel_symbol, ast.Aggregation: Values.aggregation,
    ast.Index: Values.index, ast.Access: Values.access, ast.Call: Values.call, ast.Unary: Values.unary,
    ast.Step: Values.step, ast.Binary: Values.binary, ast.Conditional: Values.conditional, ast.Assign: Values.assign,
    ast.Comma: Values.comma, ast.Cast: Values.cast, ast.SizeofType: Values.sizeof_type,
    ast.SizeofExpr: Values.sizeof_expr, ast.StringOf: Values.string_of,
}  # fmt: skip


def _is_null(e: typed.Expr) -> bool:
    return isinstance(e, typed.Constant) and e.value == 0


def _spelled(e: ast.Expr) -> str:
    return f"{e.scope}->{e.name}" if isinstance(e, ast.Scoped) else getattr(e, "name", "array")


def _variable_type(value: typed.Expr) -> ty.Type:
    """The type a variable gets from the first value assigned to it."""
    return value.type


def convert(e: typed.Expr, type_: ty.Type) -> typed.Expr:
    """The expression as a value of a scalar type."""
    if e.type == type_:
        return e
    return fold(typed.Convert(type_, e, e.span))


def fold(e: typed.Expr) -> typed.Expr:
    """A constant for an expression of constants."""
    from pyvtrace.lang.folding import evaluate

    value = evaluate(e)
    return e if value is None else typed.Constant(e.type, value, e.span)
