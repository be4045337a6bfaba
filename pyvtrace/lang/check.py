"""Syntax tree to typed program: clauses, actions, aggregations, declarations; all problems in one go."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from pyvtrace.lang import assignment as assignment  # registers the check of its nodes
from pyvtrace.lang import ast, derived, typed
from pyvtrace.lang import types as ty
from pyvtrace.lang.acts import freopen, naming, pcap, printed, refused, tracemem
from pyvtrace.lang.calls import arguments, unknown_function
from pyvtrace.lang.declarations import declare
from pyvtrace.lang.order import out_of_order
from pyvtrace.lang.pragmas import check_names, check_pragma
from pyvtrace.lang.printing import aggregation, printa, printf
from pyvtrace.lang.provided import declare_provider
from pyvtrace.lang.scope import AggregationInUse, Problem, Scope
from pyvtrace.lang.traces import is_naming
from pyvtrace.lang.values import TRANSLATED, Values
from pyvtrace.lang.variables import check_key, count_mismatch, key_part, multidimensional, wider_key
from pyvtrace.lang.vocabulary import Action, Environment, Origin, Probe, Step
from pyvtrace.source import CompileError, Source, Span
from pyvtrace.value import replace

# A blank that is neither beside the `=` nor within quotation marks.
_SUPERFLUOUS = re.compile(r"""^(?:[^"\s]|"[^"]*"|\s*=\s*)*\s+[^=\s]""")
# From an option's name and the text of its value (None where there is no `=`) to its value in canonical form and, if
# it cannot be set, why.
ReadOption = Callable[[str, str | None], tuple[str, str]]


def check(
    source: Source,
    program: ast.Program,
    environment: Environment,
    *,
    strsize: int = 256,
    scratchsize: int = 256,
    frames: Mapping[str, int] = {},
    read_option: ReadOption = lambda name, value: (value or "1", ""),
    zdefs: bool = False,
) -> typed.Program:
    """The typed program. `frames` has the options that say how deep stacks are.

    Raises:
        CompileError: with every problem, in source order.
    """
    checker = Checker(Scope(source, environment, strsize, scratchsize), read_option, zdefs=zdefs)
    checker.scope.frames = {**checker.scope.frames, **frames}
    for item in program.items:
        checker.item(item)
    scope = checker.scope
    check_names(scope, checker.pragmas)
    if scope.problems:
        raise CompileError(scope.source, sorted(scope.problems, key=lambda d: d.span.start))
    aggregations = tuple(
        typed.AggregationSymbol(a.number, a.name, a.function, a.params, tuple(a.keys or ()))
        for a in scope.aggregations.values()
    )
    clauses, steps = tuple(checker.clauses), checker.numbered_steps()
    symbols = tuple(scope.symbols.values())
    return typed.Program(scope.source, clauses, symbols, aggregations, tuple(checker.options), steps)


def split_option(pragma: ast.Pragma) -> tuple[str, str | None]:
    """Name and value of `#pragma D option name=value`; the value is None where there is no `=`."""
    name, equals, value = pragma.argument.partition("=")
    return name.strip(), value.strip() if equals else None


class Checker:
    """Goes through a program once, in source order: D's variables exist from their first assignment on."""

    def __init__(self, scope: Scope, read_option: ReadOption, *, zdefs: bool) -> None:
        self.scope = scope
        self.values = Values(self.scope)
        self.read_option, self.zdefs = read_option, zdefs
        self.clauses: list[typed.Clause] = []
        self.options: list[tuple[str, str]] = []
        self.pragmas: list[ast.Pragma] = []
        self.steps: dict[Step, typed.Clause] = {}
        self.number = 0
        # Whether the clause has speculated already.
        self.speculates = False

    def item(self, item: ast.Item) -> None:
        try:
            match item:
                case ast.Clause(span=span) if self._in_library(span):
                    message = "a D library declares and does not trace: it has no clauses"
                    raise self.scope.fail("D_SYNTAX", span, message, "put it into a script")
                case ast.Clause():
                    self.clause(item)
                case ast.Declaration() | ast.Typedef() | ast.Inline() | ast.TypeDeclaration() | ast.Translator():
                    declare(self.values, item)
                case ast.ProviderDeclaration():
                    declare_provider(self.values, item)
                case ast.Pragma(kind="option"):
                    self.option(item)
                case ast.Pragma(kind="depends_on", span=span) if self._in_library(span):
                    pass
                case ast.Pragma():
                    check_pragma(self.scope, item)
                    self.pragmas.append(item)
        except Problem as problem:
            self.scope.report(problem)

    def _in_library(self, span: Span) -> bool:
        return self.scope.source.of(span.start).kind == "library"

    def option(self, pragma: ast.Pragma) -> None:
        if not pragma.argument.strip('= "') or _SUPERFLUOUS.search(pragma.argument):
            message = f"superfluous arguments specified for #pragma option: {pragma.argument}"
            raise self.scope.fail("D_PRAGMA_MALFORM", pragma.span, message, "#pragma D option name=value")
        name, text = split_option(pragma)
        value, why = self.read_option(name, text)
        if why:
            to = "" if text is None else f" to '{text}'"
            raise self.scope.fail("D_PRAGMA_OPTSET", pragma.span, f"failed to set option '{name}'{to}: {why}")
        self.options.append((name, value))

    # ------------------------------------------------------------------------------------------------------- clauses

    def clause(self, clause: ast.Clause) -> None:
        scope = self.scope
        scope.region = "probe description"
        probes: dict[int, Probe] = {}
        scope.unmatched = False
        for description in clause.probes:
            try:
                probes.update((p.id, p) for p in self._match(description))
            except Problem as problem:
                scope.report(problem)
                scope.unmatched = True
        scope.probes = tuple(probes[id_] for id_ in sorted(probes))
        scope.in_clause = True
        guards = self._guards(scope.probes)
        scope.region = "predicate"
        predicate = self._attempt(clause.predicate) if clause.predicate is not None else None
        scope.region = "action list"
        self.number, self.speculates = 0, False
        body = self.block(clause.body or ())
        for span, tag, message in out_of_order(body):
            scope.report(scope.fail(tag, span, message))
        scope.region, scope.in_clause = "", False
        # Only a clause that says nothing has the default action: one that just keeps a variable records nothing.
        default = not clause.body
        index = len(self.clauses)
        self.clauses.append(typed.Clause(index, tuple(scope.probes), predicate, body, default, clause.span, guards))

    def _guards(self, probes: Sequence[Probe]) -> dict[int, typed.Expr]:
        """The conditions of probes that are made of others, after the steps that those may go by."""
        for step in derived.steps(probes):
            if step not in self.steps:
                piece = derived.piece(self.values, step.probe, step.does, step.when)
                with derived.standing_at(self.values, step.probe):
                    predicate = self._predicate(piece.predicate) if piece.predicate else None
                    body = self.block(piece.body or ())
                probe = replace(step.probe, origin=Origin(step.probe, (), thread=step.thread))
                self.steps[step] = typed.Clause(0, (probe,), predicate, body, False, piece.span)
        found = {probe.id: derived.guard(self.values, probe) for probe in probes}
        return {id_: guard for id_, guard in found.items() if guard is not None}

    def numbered_steps(self) -> tuple[tuple[typed.Clause, ...], tuple[typed.Clause, ...]]:
        """The steps that come first and those that come last, counted on from the program's clauses."""
        counted = [(step, replace(clause, index=number))
                   for number, (step, clause) in enumerate(self.steps.items(), len(self.clauses))]  # fmt: skip
        first, last = ([clause for step, clause in counted if step.last is late] for late in (False, True))
        return tuple(first), tuple(last)

    def _match(self, description: ast.ProbeDescription) -> Sequence[Probe]:
        probes = self.scope.environment.match(description)
        refusal = self.scope.environment.refusal(description, probes)
        if refusal and (probes or not self.zdefs):
            raise self.scope.fail(refusal.tag, description.span, refusal.message, refusal.hint)
        if not probes and not self.zdefs:
            hint = self.scope.environment.hint(description) or "`vtrace -l` lists the probes there are"
            message = f"probe description {description} does not match any probes"
            # DTrace does not say where that is.
            self.scope.region = ""
            raise self.scope.fail("D_PDESC_ZERO", description.span, message, hint)
        return probes

    def _predicate(self, expr: ast.Expr) -> typed.Expr:
        predicate = self.values.check(expr)
        if not predicate.type.is_scalar:
            hint = "compare it: == or !=" if isinstance(predicate.type, ty.String) else f"this is a {predicate.type}"
            raise self.scope.fail("D_PRED_SCALAR", expr.span, "predicate result must be of scalar type", hint)
        return predicate

    def _attempt(self, expr: ast.Expr) -> typed.Expr | None:
        try:
            return self._predicate(expr)
        except Problem as problem:
            self.scope.report(problem)
            return None

    def block(self, body: Sequence[ast.Statement]) -> tuple[typed.Statement, ...]:
        checked: list[typed.Statement] = []
        for statement in body:
            try:
                checked.append(self.statement(statement))
            except Problem as problem:
                self.scope.report(problem)
        return tuple(checked)

    def statement(self, statement: ast.Statement) -> typed.Statement:
        self.number += 1
        match statement:
            case ast.If():
                return self.conditional(statement, self.number)
            case ast.Evaluate(expr=expr, span=span):
                match expr:
                    case ast.Assign(target=ast.Aggregation() as target):
                        return self.aggregate(target, expr)
                    case ast.Call(name=name) if name in self.scope.environment.actions:
                        action = self.scope.environment.actions[name]
                        made = _SHAPES[action.shape](self, action, expr)
                        self.speculates = self.speculates or name == "speculate"
                        return made
                # The value is of no use to anybody, but its evaluation may change a variable, or fault.
                return self.evaluate(expr, self.number, span)
        raise AssertionError(statement)

    def evaluate(self, expr: ast.Expr, number: int, span: Span) -> typed.Statement:
        match expr:
            case ast.Assign(target=ast.Index(base=ast.Aggregation() as base, span=place)):
                raise multidimensional(self.values, base, place)
        if isinstance(expr, ast.Aggregation) and expr.keys is not None:
            raise self.scope.fail("D_AGG_NULL", span, "expression has null effect", "assign it: @[...] = count();")
        value = self.values.shown_one(expr)
        if isinstance(value, typed.NoValue):
            if value.what == TRANSLATED:
                message = "expression may not evaluate to result of dynamic type"
                raise self.scope.fail("D_CG_DYN", span, message, "take a member of it")
            if isinstance(value.type, ty.Dynamic):
                raise self.scope.fail("D_AGG_NULL", span, "expression has null effect", "assign it: @ = count();")
            message = f"{value.what} may not be called from a D expression (D program context required)"
            raise self.scope.fail("D_CG_EXPR", span, message, "an aggregating function is assigned: @ = count();")
        return typed.Evaluate(value, number, span)

    def conditional(self, statement: ast.If, number: int) -> typed.Statement:
        """Both branches are checked even if the condition is wrong."""
        test: typed.Expr | None = None
        try:
            test = self.values.check(statement.test)
            self.values.condition(test, statement.test.span, "condition of if must be of scalar type")
        except Problem as problem:
            self.scope.report(problem)
        then, otherwise = self.block(statement.then), self.block(statement.otherwise)
        if test is None:
            raise Problem(None)
        return typed.If(test, then, otherwise, number, statement.span)

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
            hint = scope.nearest(call.name, list(scope.environment.aggregating))
            if call.name in scope.environment.functions or call.name in scope.environment.actions:
                message = f"@{shown} must be assigned the result of an aggregating function"
                raise scope.fail("D_AGG_FUNC", call.span, message, hint)
            raise unknown_function(self.values, call)
        # What the function says of a constant that is none is more to the point than what a prototype says.
        wanted = {True: "any", False: "scalar"}
        parameters = tuple(
            replace(p, accepts=wanted[p.optional]) if p.accepts == "constant" else p for p in function.parameters
        )
        # What is no scalar has a tag of its own.
        parameters = tuple(replace(p, accepts="whatever") if not n else p for n, p in enumerate(parameters))
        args = arguments(self.values, call.name, call, parameters)
        if args and not args[0].type.is_scalar:
            message = f"{call.name}( ) argument #1 must be of scalar type"
            raise scope.fail("D_AGG_SCALAR", args[0].span, message, f"this is a {args[0].type}")
        fixed, rest = args[1 : 1 + function.constants], (*args[:1], *args[1 + function.constants :])
        constants = [a.value if isinstance(a, typed.Constant) else None for a in fixed]
        for tag, message in function.check(constants):
            raise scope.fail(tag, call.span, message)
        params = function.defaults(tuple(c for c in constants if c is not None))
        used = self._declared(target, function.name, params, assign.span)
        keys = self._keys(target, used)
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
            parts = zip(used.function.parts, used.params, params, strict=True)
            (tag, part), before, now = next(p for p in parts if p[1] != p[2])
            message = f"{function}( ) {part} doesn't match previous declaration: expected {before}, found {now}"
            raise scope.fail(tag, span, message, f"line {used.line} has it")
        return used

    def _keys(self, target: ast.Aggregation, used: AggregationInUse) -> tuple[typed.Expr, ...]:
        """The tuple, which may widen the aggregation's."""
        values = self.values.shown(target.keys or ())
        name = "@" if target.name == "_" else f"@{target.name}"
        if used.keys is None:
            for number, value in enumerate(values, 1):
                if not isinstance(value.type, ty.Trace):
                    check_key(self.values, value, f"{name}[ ]", number)
            used.keys = [value.type for value in values]
        if len(values) != len(used.keys):
            message = count_mismatch(name, len(values), len(used.keys))
            raise self.scope.fail("D_PROTO_LEN", target.span, message)
        # As in DTrace, the first use decides what integers a key has; strings may be of any length.
        keys = tuple(
            key_part(self.values, value, type_, f"{name}[ ]", number)
            for number, (value, type_) in enumerate(zip(values, used.keys, strict=True), 1)
        )
        used.keys = [wider_key(type_, key.type) for type_, key in zip(used.keys, keys, strict=True)]
        return keys

    # ------------------------------------------------------------------------------------------------------- actions

    def plain(self, action: Action, call: ast.Call) -> typed.Act:
        name, scope = action.name, self.scope
        if name == "trace" and len(call.args) == 1 and is_naming(scope.environment, call.args[0]):
            message = "trace( ) may not be applied to a dynamic expression"
            raise scope.fail("D_TRACE_DYN", call.span, message, "make it a statement of its own")
        if name == "trace" and len(call.args) == 1:
            self._can_be_traced(call.args[0])
        args = arguments(self.values, name, call, action.parameters)
        if name == "print":
            args = printed(self.values, args[0])
        return typed.Act(action, args, self.number, span=call.span)

    def _can_be_traced(self, expr: ast.Expr) -> None:
        value = self.values.base(expr)
        if isinstance(value.type, ty.Void):
            raise self.scope.fail("D_TRACE_VOID", expr.span, "trace( ) may not be applied to a void expression")
        if isinstance(value, typed.Translated | typed.Variants) and derived.is_translated(value):
            what = "translated pointer" if isinstance(value.type, ty.Pointer) else "dynamic expression"
            hint = "take a member of it: xlate <type> (x).member"
            raise self.scope.fail("D_TRACE_DYN", expr.span, f"trace( ) may not be applied to a {what}", hint)
        if isinstance(value.type, ty.Dynamic):
            message = "trace( ) may not be applied to a dynamic expression"
            raise self.scope.fail("D_TRACE_DYN", expr.span, message, "printa() shows an aggregation")

    def on_aggregation(self, action: Action, call: ast.Call) -> typed.Act:
        """clear, trunc, normalize, denormalize."""
        tags, upper = _AGGREGATION_TAGS[action.name], action.name.upper().removeprefix("DE")
        least = 1 + sum(not parameter.optional for parameter in action.parameters)
        given, most = len(call.args), 1 + len(action.parameters)
        if not least <= given <= most:
            expected = str(most) if least == most else f"at least {least}" if given < least else f"at most {most}"
            message = f"{action.name}( ) prototype mismatch: {given} args passed, {expected} expected"
            raise self.scope.fail(tags[0], call.span, message)
        used = aggregation(self, call, 0, f"D_{upper}_AGGARG", f"D_{upper}_AGGBAD")
        args = self.values.all(call.args[1:])
        if args and not args[0].type.is_scalar:
            message = f"{action.name}( ) argument #2 must be of scalar type"
            raise self.scope.fail(tags[1], args[0].span, message, f"this is a {args[0].type}")
        return typed.Act(action, args, self.number, aggregations=(used.number,), span=call.span)


# Actions on one aggregation: the tags of a wrong number of arguments, and of a second one of the wrong type.
_AGGREGATION_TAGS: Mapping[str, tuple[str, str]] = {
    "clear": ("D_CLEAR_PROTO", ""),
    "trunc": ("D_TRUNC_PROTO", "D_TRUNC_SCALAR"),
    "normalize": ("D_NORMALIZE_PROTO", "D_NORMALIZE_SCALAR"),
    "denormalize": ("D_NORMALIZE_PROTO", ""),
}
_SHAPES: Mapping[str, Callable[[Checker, Action, ast.Call], typed.Act]] = {
    "values": Checker.plain,
    "printf": printf,
    "printa": printa,
    "aggregation": Checker.on_aggregation,
    "tracemem": tracemem,
    "pcap": pcap,
    "refused": refused,
    "naming": naming,
    "freopen": freopen,
}
