"""Syntax tree to typed program: clauses, actions, aggregations, declarations; all problems in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pyvtrace.lang import ast, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.formats import BadFormat, Conversion, parse_format
from pyvtrace.lang.scope import AggregationInUse, Problem, Scope
from pyvtrace.lang.values import Values
from pyvtrace.lang.vocabulary import Action, Environment, Probe
from pyvtrace.source import CompileError, Source, Span

# From an option's name and the text of its value (None where there is no `=`) to its value in canonical form and, if
# it cannot be set, why.
ReadOption = Callable[[str, str | None], tuple[str, str]]


def check(
    source: Source,
    program: ast.Program,
    environment: Environment,
    *,
    strsize: int = 256,
    read_option: ReadOption = lambda name, value: (value or "1", ""),
    zdefs: bool = False,
) -> typed.Program:
    """The typed program.

    Raises:
        CompileError: with every problem, in source order.
    """
    checker = Checker(source, environment, strsize, read_option, zdefs=zdefs)
    for item in program.items:
        checker.item(item)
    scope = checker.scope
    if scope.problems:
        raise CompileError(source, sorted(scope.problems, key=lambda d: d.span.start))
    aggregations = tuple(
        typed.AggregationSymbol(a.number, a.name, a.function, a.params, tuple(a.keys or ()))
        for a in scope.aggregations.values()
    )
    return typed.Program(
        source, tuple(checker.clauses), tuple(scope.symbols.values()), aggregations, tuple(checker.options)
    )


class Checker:
    """Goes through a program once, in source order: D's variables exist from their first assignment on."""

    def __init__(
        self, source: Source, environment: Environment, strsize: int, read_option: ReadOption, *, zdefs: bool
    ) -> None:
        self.scope = Scope(source, environment, strsize)
        self.values = Values(self.scope)
        self.read_option, self.zdefs = read_option, zdefs
        self.clauses: list[typed.Clause] = []
        self.options: list[tuple[str, str]] = []
        self.number = 0

    def item(self, item: ast.Item) -> None:
        try:
            match item:
                case ast.Clause():
                    self.clause(item)
                case ast.Declaration():
                    keys = tuple(self.scope.resolve(key) for key in item.keys)
                    self.scope.declare(item.scope, item.name, self.scope.resolve(item.type), keys)
                case ast.Pragma(kind="option"):
                    self.option(item)
        except Problem as problem:
            self.scope.problems.append(problem.diagnostic)

    def option(self, pragma: ast.Pragma) -> None:
        name, equals, text = (part.strip() for part in pragma.argument.partition("="))
        value, why = self.read_option(name, text if equals else None)
        if why:
            raise self.scope.fail("D_PRAGMA_OPTSET", pragma.span, f"failed to set option '{name}': {why}")
        self.options.append((name, value))
        if name == "strsize":
            self.scope.strsize = int(value)
        elif name == "zdefs":
            self.zdefs = value != "0"

    # ------------------------------------------------------------------------------------------------------- clauses

    def clause(self, clause: ast.Clause) -> None:
        scope = self.scope
        scope.region = "probe description"
        probes = {p.id: p for description in clause.probes for p in self._match(description)}
        scope.probes, scope.arguments = tuple(probes[id_] for id_ in sorted(probes)), None
        scope.region = "predicate"
        predicate = None
        if clause.predicate is not None:
            predicate = self._attempt(lambda: self._predicate(clause.predicate))  # type: ignore[arg-type]
        scope.region = "action list"
        self.number = 0
        body = self.block(clause.body or ())
        scope.region = ""
        # DTrace prints the header line for every clause that ran, unless all it recorded went into aggregations.
        default = not any(isinstance(s, typed.Act | typed.Aggregate) for s in typed.flattened(body))
        index = len(self.clauses)
        self.clauses.append(typed.Clause(index, tuple(scope.probes), predicate, body, default, clause.span))

    def _match(self, description: ast.ProbeDescription) -> Sequence[Probe]:
        probes = self.scope.environment.match(description)
        if not probes and not self.zdefs:
            hint = self.scope.environment.hint(description) or "`vtrace -l` lists the probes there are"
            message = f"probe description {description} does not match any probes"
            raise self.scope.fail("D_PDESC_ZERO", description.span, message, hint)
        return probes

    def _predicate(self, expr: ast.Expr) -> typed.Expr:
        predicate = self.values.check(expr)
        if not predicate.type.is_scalar:
            raise self.scope.fail("D_PRED_SCALAR", expr.span, "predicate result must be of scalar type")
        return predicate

    def _attempt(self, check: Callable[[], typed.Expr]) -> typed.Expr | None:
        try:
            return check()
        except Problem as problem:
            self.scope.problems.append(problem.diagnostic)
            return None

    def block(self, body: Sequence[ast.Statement]) -> tuple[typed.Statement, ...]:
        checked: list[typed.Statement] = []
        for statement in body:
            try:
                checked.append(self.statement(statement))
            except Problem as problem:
                self.scope.problems.append(problem.diagnostic)
        return tuple(checked)

    def statement(self, statement: ast.Statement) -> typed.Statement:
        match statement:
            case ast.If(test=test, then=then, otherwise=otherwise, span=span):
                condition = self.values.condition(self.values.check(test), span, "if")
                return typed.If(condition, self.block(then), self.block(otherwise), span)
            case ast.Evaluate(expr=ast.Assign(target=ast.Aggregation() as target) as assign):
                return self.aggregate(target, assign)
            case ast.Evaluate(expr=ast.Call(name=name) as call) if name in self.scope.environment.actions:
                return self.action(self.scope.environment.actions[name], call)
            case ast.Evaluate(expr=expr, span=span):
                return typed.Evaluate(self.values.check(expr), span)
        raise AssertionError(statement)

    # -------------------------------------------------------------------------------------------------- aggregations

    def aggregate(self, target: ast.Aggregation, assign: ast.Assign) -> typed.Statement:
        scope = self.scope
        shown = "" if target.name == "_" else target.name
        call = assign.value
        if assign.op != "=" or not isinstance(call, ast.Call):
            message = f"@{shown} must be assigned the result of an aggregating function"
            raise scope.fail("D_AGG_FUNC", assign.span, message, "@ = count(), sum(x), quantize(x), ...")
        function = scope.environment.aggregating.get(call.name)
        if function is None:
            known = call.name in scope.environment.functions or call.name in scope.environment.actions
            hint = scope.nearest(call.name, list(scope.environment.aggregating))
            if known:
                message = f"@{shown} must be assigned the result of an aggregating function"
                raise scope.fail("D_AGG_FUNC", call.span, message, hint)
            raise scope.fail("D_FUNC_UNDEF", call.span, f"undefined function name: {call.name}", hint)
        args = self.values.arguments(call.name, call, function.parameters)
        fixed, rest = args[1 : 1 + function.constants], (*args[:1], *args[1 + function.constants :])
        constants = [a.value if isinstance(a, typed.Constant) else None for a in fixed]
        for tag, message in function.check(constants):
            raise scope.fail(tag, call.span, message)
        params = function.defaults(tuple(c for c in constants if c is not None))
        used = self._declared(target, function.name, params, assign.span)
        keys = self._keys(target, used)
        self.number += 1
        return typed.Aggregate(used.number, keys, rest, self.number, assign.span)

    def _declared(
        self, target: ast.Aggregation, function: str, params: tuple[int, ...], span: Span
    ) -> AggregationInUse:
        scope = self.scope
        shown = "" if target.name == "_" else target.name
        used = scope.aggregations.get(target.name)
        line = scope.source.line_of(span.start)
        if used is None:
            entry = scope.environment.aggregating[function]
            used = AggregationInUse(len(scope.aggregations), target.name, entry, params, line)
            scope.aggregations[target.name] = used
        elif used.function.name != function:
            message = (
                f"aggregation redefined: @{shown}\n\t current: @{shown} = {function}( )\n"
                f"\tprevious: @{shown} = {used.function.name}( ) : line {used.line}"
            )
            raise scope.fail("D_AGG_REDEF", span, message)
        elif used.params != params:
            tag = {"lquantize": "D_LQUANT_MATCHBASE", "llquantize": "D_LLQUANT_MATCHFACTOR"}.get(
                function, "D_PROTO_ARG"
            )
            message = f"{function}( ) of @{shown} has other bucket arguments than on line {used.line}"
            raise scope.fail(tag, span, message, f"there: {', '.join(map(str, used.params))}")
        return used

    def _keys(self, target: ast.Aggregation, used: AggregationInUse) -> tuple[typed.Expr, ...]:
        values = [self.values.check(key) for key in target.keys or ()]
        shown = "" if target.name == "_" else target.name
        if used.keys is None:
            used.keys = [v.type for v in values]
        if len(values) != len(used.keys):
            message = f"@{shown}[ ] prototype mismatch: {len(values)} keys passed, {len(used.keys)} expected"
            raise self.scope.fail("D_PROTO_LEN", target.span, message.replace("1 keys", "1 key"))
        keys = []
        for number, value in enumerate(values, 1):
            if isinstance(value.type, ty.Void | ty.Struct):
                raise self.scope.fail("D_KEY_TYPE", value.span, f"@{shown}[ ] key #{number} may not be a {value.type}")
            type_ = used.keys[number - 1]
            keys.append(self.values.key(value, type_, f"@{shown}[ ]", number))
            if isinstance(value.type, ty.String) and isinstance(type_, ty.String):
                used.keys[number - 1] = ty.String(max(type_.capacity, value.type.capacity))
        return tuple(keys)

    # ------------------------------------------------------------------------------------------------------- actions

    def action(self, action: Action, call: ast.Call) -> typed.Statement:
        self.number += 1
        return _SHAPES[action.shape](self, action, call)

    def plain(self, action: Action, call: ast.Call) -> typed.Act:
        name, scope = action.name, self.scope
        if name == "trace" and len(call.args) == 1 and self._is_void(call.args[0]):
            raise scope.fail("D_TRACE_VOID", call.span, "trace( ) may not be applied to a void expression")
        args = self.values.arguments(name, call, action.parameters)
        return typed.Act(action, args, self.number, span=call.span)

    def _is_void(self, expr: ast.Expr) -> bool:
        return isinstance(expr, ast.Call) and expr.name in self.scope.environment.actions

    def on_aggregation(self, action: Action, call: ast.Call) -> typed.Act:
        """clear, trunc, normalize, denormalize."""
        scope, upper = self.scope, action.name.upper().removeprefix("DE")
        if not call.args:
            message = f"{action.name}( ) prototype mismatch: 0 args passed, {1 + len(action.parameters)} expected"
            raise scope.fail(f"D_{upper}_PROTO" if upper != "TRUNC" else "D_PROTO_LEN", call.span, message)
        first = call.args[0]
        if not isinstance(first, ast.Aggregation):
            message = f"{action.name}( ) argument #1 is incompatible with prototype:\n\tprototype: aggregation"
            raise scope.fail(f"D_{upper}_AGGARG", first.span, message)
        used = self._used(first, f"D_{upper}_AGGBAD")
        rest = ast.Call(call.name, call.args[1:], call.span)
        args = self.values.arguments(action.name, rest, action.parameters)
        return typed.Act(action, args, self.number, aggregations=(used.number,), span=call.span)

    def _used(self, name: ast.Aggregation, tag: str) -> AggregationInUse:
        used = self.scope.aggregations.get(name.name)
        if used is None:
            shown = "" if name.name == "_" else name.name
            hint = self.scope.nearest(name.name, list(self.scope.aggregations))
            raise self.scope.fail(tag, name.span, f"undefined aggregation: @{shown}", hint)
        return used

    def printa(self, action: Action, call: ast.Call) -> typed.Act:
        scope = self.scope
        args = list(call.args)
        text: str | None = None
        if args and isinstance(args[0], ast.StringLiteral):
            text = args.pop(0).text  # type: ignore[attr-defined]
            self._format(text, call.span, "printa")
        if not args:
            message = f"printa( ) prototype mismatch: {len(call.args)} args passed, at least 1 expected"
            raise scope.fail("D_PRINTA_PROTO", call.span, message)
        numbers = []
        for arg in args:
            if not isinstance(arg, ast.Aggregation):
                message = "printa( ) argument is incompatible with prototype:\n\tprototype: aggregation"
                raise scope.fail("D_PRINTA_AGGARG", arg.span, message)
            numbers.append(self._used(arg, "D_PRINTA_AGGBAD"))
        if len({tuple(isinstance(k, ty.String) for k in n.keys or ()) for n in numbers}) > 1:
            raise scope.fail("D_PRINTA_AGGKEY", call.span, "printa( ) aggregations have different keys")
        return typed.Act(
            action, (), self.number, format=text, aggregations=tuple(n.number for n in numbers), span=call.span
        )

    def _format(self, text: str, span: Span, name: str) -> list[Conversion]:
        if not text:
            raise self.scope.fail("D_PRINTF_FMT_EMPTY", span, f"{name}( ) format string is empty")
        try:
            return [part for part in parse_format(text) if isinstance(part, Conversion)]
        except BadFormat as problem:
            raise self.scope.fail("D_PRINTF_ARG_FMT", span, str(problem)) from None

    def printf(self, action: Action, call: ast.Call) -> typed.Act:
        scope = self.scope
        if not call.args:
            raise scope.fail(
                "D_PROTO_LEN", call.span, "printf( ) prototype mismatch: 0 args passed, at least 1 expected"
            )
        if not isinstance(call.args[0], ast.StringLiteral):
            message = "printf( ) argument #1 is incompatible with prototype:\n\tprototype: string constant"
            raise scope.fail("D_PRINTF_ARG_FMT", call.args[0].span, message)
        text = call.args[0].text
        conversions = self._format(text, call.args[0].span, "printf")
        args = [self.values.check(arg) for arg in call.args[1:]]
        position = 0
        for number, conversion in enumerate(conversions, 1):
            if conversion.letter == "@":
                raise scope.fail(
                    "D_PRINTF_AGG_CONV", call.span, "%@ conversion requires an aggregation", "use printa()"
                )
            for _ in range(conversion.stars):
                self._given(args, position, number, conversion, "integer", call.span)
                position += 1
            self._given(args, position, number, conversion, "", call.span)
            position += 1
        if position < len(args):
            message = f"printf( ) prototype mismatch: only {position} arguments required by this format string"
            raise scope.fail("D_PRINTF_ARG_EXTRA", args[position].span, message)
        return typed.Act(action, tuple(args), self.number, format=text, span=call.span)

    def _given(
        self, args: Sequence[typed.Expr], position: int, number: int, conversion: Conversion, star: str, span: Span
    ) -> None:
        """One value of a conversion (or of its `*`) is there and of the right kind."""
        text = conversion.text
        if position >= len(args):
            message = (
                f"printf( ) prototype mismatch: conversion #{number} ({text}) is missing a corresponding value argument"
            )
            raise self.scope.fail("D_PRINTF_ARG_PROTO", span, message)
        arg = args[position]
        accepts, shown = _CONVERSIONS[star or _KINDS.get(conversion.letter, "integer")]
        if not accepts(arg.type):
            message = (
                f"printf( ) argument #{position + 2} is incompatible with conversion #{number} prototype:\n"
                f"\tconversion: {text}\n\t prototype: {shown}\n\t  argument: {arg.type}"
            )
            raise self.scope.fail("D_PRINTF_ARG_TYPE", arg.span, message)


_KINDS = {"s": "string", "S": "string", "ws": "string", "p": "pointer", "a": "pointer", "A": "pointer"}
_CONVERSIONS: Mapping[str, tuple[Callable[[ty.Type], bool], str]] = {
    "string": (lambda t: isinstance(t, ty.String), "char [] or string (or use stringof)"),
    "integer": (lambda t: t.is_scalar, "char, short, int, long, or long long"),
    "pointer": (lambda t: t.is_scalar, "pointer or integer"),
}
_SHAPES: Mapping[str, Callable[[Checker, Action, ast.Call], typed.Act]] = {
    "values": Checker.plain,
    "printf": Checker.printf,
    "printa": Checker.printa,
    "aggregation": Checker.on_aggregation,
}
