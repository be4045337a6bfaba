"""Types as C writes them: specifiers, definitions of aggregates, and declarators around names."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Sequence

from pyvtrace.lang import ast
from pyvtrace.lang.lexer import Token
from pyvtrace.lang.tokens import TokenReader
from pyvtrace.lang.types import TYPEDEFS

_TYPE_WORDS = "void char short int long float double signed unsigned struct union enum string"
QUALIFIERS = ("const", "volatile", "restrict", "userland")
TYPE_WORDS = frozenset((*_TYPE_WORDS.split(), *QUALIFIERS))
# Words of C and D that no variable and no function can have for its name (Dynamic Tracing Guide, "Keywords").
_WORDS_OF_D = (
    "auto break case continue counter default do else extern for goto if import inline offsetof probe provider "
    "register return self sizeof static stringof switch this translator typedef while xlate"
)
RESERVED = TYPE_WORDS | frozenset(_WORDS_OF_D.split())
_CLASSES = frozenset(("typedef", "auto", "register", "static", "extern", "self", "this", "inline"))

# Names as the kernel's types have them.
_TYPE_LIKE = re.compile(r"\w+_t|(?:__)?[us](?:8|16|32|64)|bool", re.ASCII)

# A name ("" where there is none) and what the declarator makes of the type.
Declarator = tuple[str, tuple[ast.Derivation, ...]]


class TypeNames:
    """The typedef names in force: D's own, those of a program, and those that `shipped` says D libraries have. Theirs
    end in `_t`, so that libraries are not looked into for any name. `is_foreign` is asked for names where only a type
    of the kernel's would make sense."""

    def __init__(
        self,
        shipped: Callable[[str], bool] = lambda name: False,
        is_foreign: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self._names = set(TYPEDEFS)
        self._shipped = shipped
        self.is_foreign = is_foreign

    def add(self, name: str) -> None:
        self._names.add(name)

    def is_given(self, name: str) -> bool:
        """Whether it stands for a type already; names of our libraries may be taken."""
        return name in self._names

    def __contains__(self, name: str) -> bool:
        return name in self._names or (name.endswith("_t") and self._shipped(name))


class TypeParser(TokenReader):
    """Type names and declarators; `types` are the typedef names in force."""

    def __init__(self, tokens: Sequence[Token], types: TypeNames) -> None:
        super().__init__(tokens)
        self.types = types
        # Names that the program gives to constants of its own.
        self.constants: set[str] = set()

    @abstractmethod
    def conditional(self) -> ast.Expr:
        """A constant expression: an expression without assignments and commas."""

    def starts_type(self, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.kind == "name" and (token.text in TYPE_WORDS or token.text in self.types)

    # The kernel's types take time to ask for, so that is done only where what follows leaves no other meaning.

    def starts_declarator(self, ahead: int) -> bool:
        """Whether a type's name, of the kernel's perhaps, and a declarator stand there."""
        if self.starts_type(ahead):
            return True
        at = ahead + 1
        while self.peek(at).text == "*":
            at += 1
        declares = self.peek(at).kind == "name" and (at == ahead + 1 or self.peek(at + 1).text in ("=", ";", "[", ","))
        return declares and self._is_foreign(ahead)

    def starts_cast(self, ahead: int) -> bool:
        """Whether a type stands there, behind a parenthesis that may as well begin an expression."""
        if self.starts_type(ahead):
            return True
        at = ahead + 1
        while self.peek(at).text == "*":
            at += 1
        if self.peek(at).text != ")":
            return False
        operand = self.peek(at + 1)
        begins = operand.kind in ("name", "number", "char", "string") or operand.text in ("(", "~", "!", "`")
        # `(x) - 1` is a difference, unless x looks like the name of a type.
        looks = operand.text in ("-", "+", "*", "&") and _TYPE_LIKE.fullmatch(self.peek(ahead).text) is not None
        return (begins or looks or at > ahead + 1) and self._is_foreign(ahead)

    def _is_foreign(self, ahead: int) -> bool:
        token = self.peek(ahead)
        return token.kind == "name" and token.text not in self.constants and self.types.is_foreign(token.text)

    def type_name(self) -> ast.TypeName:
        """A type without a name, as casts have it."""
        start = self.token.start
        base = self.specifiers()
        _, derived = self.declarator(named=False)
        return self.derive(base, derived, start)

    def derive(self, base: ast.TypeName, derived: tuple[ast.Derivation, ...], start: int) -> ast.TypeName:
        return ast.TypeName(base.words, derived, base.user, base.definition, self.since(start))

    # ----------------------------------------------------------------------------------------------------- specifiers

    def specifiers(self) -> ast.TypeName:
        start = self.token.start
        words: list[str] = []
        user = False
        definition: tuple[ast.MemberDeclaration, ...] | tuple[ast.Enumerator, ...] | None = None
        while self.starts_type() or (not words and self._is_foreign(0)):
            if words and self.token.text not in TYPE_WORDS:
                break
            word = self.advance().text
            if word in QUALIFIERS:
                user = user or word == "userland"
                continue
            words.append(word)
            if word in ("struct", "union", "enum"):
                tag = self.advance().text if self.token.kind == "name" else ""
                if tag and self.token.text == "`" and self.peek(2).text == "{":
                    self._scoped()
                words.append(tag)
                if self.token.text == "{" and self.token.kind == "op":
                    self.deeper()
                    definition = self.enumerators() if word == "enum" else self.members()
                    self.depth -= 1
                elif not tag:
                    self.fail()
        if not words:
            self.fail()
        return ast.TypeName(tuple(words), (), user, definition, self.since(start))

    def members(self) -> tuple[ast.MemberDeclaration, ...]:
        self.expect("{")
        found: list[ast.MemberDeclaration] = []
        while not self.accept("}"):
            start = self.token.start
            base = self.specifiers()
            if self.token.text == ";":
                found.append(ast.MemberDeclaration(base, "", None, self.since(start)))
            else:
                found.append(self.member(base))
                while self.accept(","):
                    found.append(self.member(base))
            self.expect(";")
        if not found:
            self.fail("struct and union definitions need a member", hint="write one: int x;")
        return tuple(found)

    def member(self, base: ast.TypeName) -> ast.MemberDeclaration:
        start = self.token.start
        name, derived = ("", ()) if self.token.text == ":" else self.declarator(named=None)
        if not name and self.token.text != ":":
            self.fail("member declaration requires a name", "D_DECL_MNAME", "write one: int x;")
        bits = self.conditional() if self.accept(":") else None
        return ast.MemberDeclaration(self.derive(base, derived, start), name, bits, self.since(start))

    def enumerators(self) -> tuple[ast.Enumerator, ...]:
        self.expect("{")
        found: list[ast.Enumerator] = []
        while not found or (self.accept(",") and self.token.text != "}"):
            start = self.token.start
            name = self.declared_name()
            self.constants.add(name)
            value = self.conditional() if self.accept("=") else None
            found.append(ast.Enumerator(name, value, self.since(start)))
        self.expect("}")
        return tuple(found)

    # ---------------------------------------------------------------------------------------------------- declarators

    def declarator(self, *, named: bool | None = True) -> Declarator:
        """C's `*name[2]`, `(*name)(int)`, ... `named` says whether there has to be a name: yes, no, or (None) as it
        comes, in parameters."""
        self.deeper()
        pointers: list[ast.Derivation] = []
        while token := self.accept("*", *QUALIFIERS):
            if token.text == "*":
                pointers.append(ast.PointerTo())
        name = ""
        inner: tuple[ast.Derivation, ...] = ()
        if self.token.text == "(" and self._is_nested(named):
            self.advance()
            name, inner = self.declarator(named=named)
            self.expect(")")
        elif named is not False and self.token.text == "`":
            self._scoped()
        elif named is not False and self.token.kind == "name":
            name = self.declared_name()
        elif named:
            self.fail()
        suffixes: list[ast.Derivation] = []
        while self.token.kind == "op" and self.token.text in ("[", "("):
            suffixes.append(self.subscript() if self.token.text == "[" else self.parameters())
        self.depth -= 1
        return name, (*pointers, *reversed(suffixes), *inner)

    def declared_name(self) -> str:
        """A name that something is given here: a name of the kernel's cannot be."""
        if self.token.kind == "name" and self.token.text in RESERVED:
            self.fail()
        name = self.name()
        if self.token.text == "`":
            self._scoped()
        return name

    def _scoped(self) -> None:
        self.fail("D scoping operator may not be used in the name of a declaration", "D_DECL_SCOPE")

    def _is_nested(self, named: bool | None) -> bool:
        """Whether the parenthesis here is around a declarator; else it begins parameters."""
        following = self.peek()
        if following.text in ("*", "(", "["):
            return True
        return named is not False and following.kind == "name" and not self.starts_type(1)

    def subscript(self) -> ast.Derivation:
        start = self.advance().start
        if self.accept("]"):
            return ast.ArrayOf(None, self.since(start))
        if self.starts_type() or self.token.text in (*_CLASSES, ".") or self._is_key_type():
            types, names = self._typed_list("]")
            return ast.Keyed(types, names, self.since(start))
        bound = self.conditional()
        self.expect("]")
        return ast.ArrayOf(bound, self.since(start))

    def _is_key_type(self) -> bool:
        """Whether the tuple of an array begins here with a type of the kernel's."""
        following = self.peek()
        return (following.kind == "name" or following.text in ("]", ",", "*")) and self._is_foreign(0)

    def parameters(self) -> ast.Derivation:
        start = self.advance().start
        if self.accept(")"):
            return ast.Returning((), (), False, self.since(start))
        types, names = self._typed_list(")")
        variadic = self.tokens[self.at - 2].text == "."
        return ast.Returning(types, names, variadic, self.since(start))

    def _variadic(self, close: str, types: Sequence[ast.TypeName]) -> None:
        """`...`, which functions may have for their last parameter."""
        what = "function" if close == ")" else "array"
        if not types or close != ")":
            message = f"{what} prototype may not use a variable-length argument list"
            self.fail(message, "D_DECL_PROTO_VARARGS", "an argument comes first" if close == ")" else "")
        for _ in range(3):
            self.expect(".")
        if self.token.text == ",":
            self.fail("function prototype has an argument behind ...", "D_DECL_PROTO_VARARGS", "... comes last")

    def _typed_list(self, close: str) -> tuple[tuple[ast.TypeName, ...], tuple[str, ...]]:
        """Parameters, up to and including the closing bracket; `...` may be the last."""
        types: list[ast.TypeName] = []
        names: list[str] = []
        while not types or self.accept(","):
            if self.token.text == ".":
                self._variadic(close, types)
                break
            if self.token.text in _CLASSES:
                message = "inappropriate storage class in function or associative array parameter list"
                self.fail(message, "D_DECL_PARMCLASS")
            start = self.token.start
            base = self.specifiers()
            name, derived = self.declarator(named=None)
            types.append(self.derive(base, derived, start))
            names.append(name)
        self.expect(close)
        return tuple(types), tuple(names)
