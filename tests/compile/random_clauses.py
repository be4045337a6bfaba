"""Random clauses of the model, over the variables of one program."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.compile import c_model as c
from tests.compile import d_model as d

EDGES = (0, 1, 2, 3, 7, 8, 31, 63, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1,
         2**63, 2**64 - 1)  # fmt: skip
WORDS = ("", "a", "b", "ab", "ba", "aab", "/a/b", "//", "b/", "seven77", "eight888", "a/longer/path.txt")
SCOPES = {"": "", "self ": "self->", "this ": "this->"}
ELEMENTS = 5
# How deep expressions are; deep ones find little that shallow ones do not, and take longest.
DEPTHS = (1, 1, 2, 2, 3)


class Clauses:
    """Makes variables, `declarations` of them, and clauses with them."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.declarations: list[str] = []
        # Each makes one place, with indices that are so deep.
        self._numbers: list[Callable[[int], d.Place]] = []
        self._words: list[Callable[[int], d.Words]] = []
        for number, (scope, prefix) in enumerate(SCOPES.items()):
            self._declare(scope, prefix, number)

    def _declare(self, scope: str, prefix: str, n: int) -> None:
        types = [self._chance.choice(c.TYPES) for _ in range(8)]
        keys = [[self._chance.choice((*c.TYPES, d.STRING)) for _ in range(self._chance.randint(1, 2))] for _ in "123"]
        shown = [", ".join(key.name for key in one) for one in keys]
        scalar, other, array, element, member, bits, inner, _ = types
        width = self._chance.randint(1, 8 * bits.size)
        struct = f"struct s{n}"
        self.declarations += [
            f"{struct} {{ char a; {member.name} m; {bits.name} b : {width}; {inner.name} v[{ELEMENTS}]; char z; }};",
            f"{scope}{scalar.name} x{n}; {scope}{other.name} y{n}; {scope}{array.name} v{n}[{ELEMENTS}];",
            f"{scope}{struct} s{n}; {scope}string t{n}; {scope}char c{n}[12];",
        ]
        self._numbers += [
            lambda depth: d.Place(f"{prefix}x{n}", scalar),
            lambda depth: d.Place(f"{prefix}y{n}", other),
            lambda depth: d.Place(f"{prefix}v{n}", array, index=self._index(depth), count=ELEMENTS),
            *self._members(f"{prefix}s{n}", lambda depth: [], (member, bits, width, inner)),
        ]
        self._words.append(lambda depth: d.Words(f"{prefix}t{n}"))
        self._words.append(lambda depth: d.Words(f"{prefix}c{n}", size=12))
        if scope == "this ":
            return
        self.declarations.append(
            f"{scope}{element.name} a{n}[{shown[0]}]; {scope}{struct} e{n}[{shown[1]}]; {scope}string w{n}[{shown[2]}];"
        )
        self._numbers += [
            lambda depth: d.Place(f"{prefix}a{n}", element, keys=self._keys(keys[0], depth)),
            *self._members(f"{prefix}e{n}", lambda depth: self._keys(keys[1], depth), (member, bits, width, inner)),
        ]
        self._words.append(lambda depth: d.Words(f"{prefix}w{n}", keys=self._keys(keys[2], depth)))

    def _members(
        self,
        name: str,
        keys: Callable[[int], list[tuple[c.Node, c.CType]]],
        types: tuple[c.CType, c.CType, int, c.CType],
    ) -> list[Callable[[int], d.Place]]:
        member, bits, width, inner = types
        return [
            lambda depth: d.Place(name, member, keys=keys(depth), tail=".m"),
            lambda depth: d.Place(name, bits, keys=keys(depth), tail=".b", bits=width),
            lambda depth: d.Place(name, inner, keys=keys(depth), tail=".v", index=self._index(depth), count=ELEMENTS),
        ]

    def _keys(self, types: list[c.CType], depth: int) -> list[tuple[c.Node, c.CType]]:
        return [(self.words(depth - 1) if key is d.STRING else self._small(depth - 1), key) for key in types]

    def _small(self, depth: int) -> c.Node:
        """A number that comes up again."""
        match self._chance.randrange(4):
            case 0:
                return c.Infix("&", self._stepped(), _literal(1))
            case 1:
                return c.Infix("&", self.number(depth), _literal(1))
        return _literal(self._chance.randrange(3))

    def _index(self, depth: int) -> c.Node:
        """Seldom outside, and never so that it is known beforehand."""
        match self._chance.randrange(8):
            case 0:
                return self._variable()
            case 1 | 2:
                return c.Infix("&", c.Infix("^", self._variable(), self.number(depth - 1)), _literal(3))
            case 3 | 4:
                return c.Infix("&", self._stepped(), _literal(3))
        return _literal(self._chance.randrange(ELEMENTS))

    def _stepped(self) -> c.Node:
        """A variable; what changes it makes the order visible in which indices are evaluated."""
        variable = self._chance.choice(self._numbers[:2])(0)
        if self._chance.random() < 0.5:
            return variable
        return c.Step(self._chance.choice(("++", "--")), variable, prefix=self._chance.random() < 0.5)

    def _variable(self) -> c.Node:
        return self._chance.choice(self._numbers[:2])(0)

    def number(self, depth: int) -> c.Node:
        choice, inner = self._chance.choice, depth - 1
        if depth <= 0:
            return self._literal() if choice((True, False)) else self._variable()
        match choice(("infix",) * 6 + ("literal", "place", "place", "prefix", "cast", "choice", "assign", "step",
                      "sequence", "divide", "compare", "call")):  # fmt: skip
            case "literal":
                return self._literal()
            case "place":
                return choice(self._numbers)(inner)
            case "prefix":
                return c.Prefix(choice("-+~!"), self.number(inner))
            case "cast":
                return c.Cast(choice(c.TYPES), self.number(inner))
            case "choice":
                return c.Choice(self.number(inner), self.number(inner), self.number(inner))
            case "sequence":
                return c.Sequence(choice((self.number, self.words))(inner), self.number(inner))
            case "assign":
                op = choice(("=", "=", *(op + "=" for op in c.ARITHMETIC)))
                operand = self.number(inner)
                operand = _odd(operand) if op[0] in "/%" else operand
                return c.Assignment(op, choice(self._numbers)(inner), operand)
            case "step":
                return c.Step(choice(("++", "--")), choice(self._numbers)(inner), prefix=choice((True, False)))
            case "divide":
                divisor = _odd(self.number(inner)) if choice((True, False)) else self._variable()
                return d.Division(choice("/%"), self.number(inner), divisor)
            case "compare":
                return d.Comparison(choice(list(c.COMPARISONS)), self.words(inner), self.words(inner))
            case "call":
                return self._call(choice(("strlen", "index", "rindex")), inner)
        op = choice([op for op in c.POWERS if op not in "/%"])
        return c.Infix(op, self.number(inner), self.number(inner))

    def words(self, depth: int) -> c.Node:
        choice, inner = self._chance.choice, depth - 1
        if depth <= 0:
            return d.Quoted(choice(WORDS)) if choice((True, False)) else choice(self._words[:2])(0)
        match choice(("quoted", "place", "place", "call", "call", "choice", "assign")):
            case "place":
                return choice(self._words)(inner)
            case "call":
                return self._call(choice(("strjoin", "substr", "strstr", "basename", "lltostr")), inner)
            case "choice":
                return d.ChoiceOfStrings(self.number(inner), self.words(inner), self.words(inner))
            case "assign":
                return c.Assignment("=", choice(self._words)(inner), self.words(inner))
        return d.Quoted(choice(WORDS))

    def _call(self, name: str, depth: int) -> c.Node:
        makers = {"s": self.words, "l": self.number, "n": self._short}
        return d.Call(name, [makers[letter](depth) for letter in d.FUNCTIONS[name][0]])

    def _short(self, depth: int) -> c.Node:
        """A number about as large as a string is long."""
        number = self._chance.randint(-9, 9)
        if self._chance.random() < 0.5:
            return _literal(number) if number >= 0 else c.Prefix("-", _literal(-number))
        return c.Infix("%", self._variable(), _literal(9))

    def _literal(self) -> c.Node:
        number = self._chance.choice(EDGES)
        return _literal(number)

    def statements(self, nested: int) -> tuple[d.Statement, ...]:
        return tuple(self._statement(nested) for _ in range(self._chance.randint(1, 2)))

    def _statement(self, nested: int) -> d.Statement:
        choice = self._chance.choice
        depth = choice(DEPTHS)
        match choice(("if", "number", "number", "words", "trace", "trace", "trace words", "trace words")):
            case "if" if nested:
                return d.If(self.number(1), self.statements(nested - 1), self.statements(nested - 1))
            case "number":
                return d.Evaluate(c.Assignment("=", choice(self._numbers)(1), self.number(depth)))
            case "words":
                return d.Evaluate(c.Assignment("=", choice(self._words)(1), self.words(depth)))
            case "trace words":
                return d.Evaluate(self.words(depth), traced=True)
        return d.Evaluate(self.number(depth), traced=True)

    def clause(self) -> d.Clause:
        predicate = self.number(1) if self._chance.random() < 0.2 else None
        return d.Clause(predicate, self.statements(2))


def _literal(number: int) -> c.Literal:
    # ISO C 6.4.4.1: the first type of the list in which the constant fits.
    return c.Literal(c.spelled(number), next(t for t in (c.INT, c.LONG, c.ULONG) if t.wrap(number) == number), number)


def _odd(divisor: c.Node) -> c.Node:
    return c.Infix("|", divisor, _literal(1))
