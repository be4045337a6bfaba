"""D text to tokens: one regular expression, with macro arguments put in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.source import Diagnostic, Source, Span
from pyvtrace.value import Value


class Token(Value):
    """`kind` is "number", "string", "char", "name", "op", "pragma" or "end"; `text` as written; `value` what a constant
    stands for."""

    kind: str
    text: str
    start: int
    end: int
    value: int | str = 0
    span: Span = Span(0, 0)


class Macros(Value):
    """Macro variables: `arguments` for $1 and on, `named` for $target, $pid and the like. `default` (-xdefaultargs)
    makes missing arguments 0 or "" instead of errors."""

    arguments: Sequence[str] = ()
    named: Mapping[str, int] = {}
    default: bool = False


_TOKEN = re.compile(
    r"""
      (?P<space>\s+|/\*.*?\*/|//[^\n]*|\#![^\n]*|\#\s*(?:line\s+)?\d+[^\n]*|\#\s*ident[^\n]*)
    | (?P<pragma>\#\s*pragma[^\n]*)
    | (?P<macro>\${1,2}(?:\d+|[A-Za-z_]\w*))
    | (?P<number>0[xX][0-9a-fA-F]*[uUlL]*|\d+[uUlL]*)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<string>"(?:[^"\\\n]|\\.)*"?)
    | (?P<char>'(?:[^'\\\n]|\\.)*'?)
    | (?P<op><<=|>>=|\^\^|\+\+|--|->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^!~<>=?:;,.(){}\[\]@`])
    | (?P<open>/\*)
    | (?P<bad>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}


def unescape(text: str) -> str:
    """C's escapes resolved."""

    def one(match: re.Match[str]) -> str:
        octal, hexadecimal, letter = match.groups()
        if octal:
            return chr(int(octal, 8) & 0xFF)
        return chr(int(hexadecimal, 16)) if hexadecimal else _ESCAPES.get(letter, letter)

    return _ESCAPE.sub(one, text)


class LexError(Exception):
    """A token that is none; carries its diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


class Lexer:
    """All tokens of a program. `used` collects the positional macro arguments it refers to."""

    def __init__(self, source: Source, macros: Macros) -> None:
        self.source, self.macros = source, macros
        self.used: set[int] = set()

    def tokens(self) -> Iterator[Token]:
        """Every token, then one of kind "end".

        Raises:
            LexError: at the first thing that is no token.
        """
        for match in _TOKEN.finditer(self.source.text, self.source.start):
            kind, text, start, end = match.lastgroup or "", match.group(), match.start(), match.end()
            match kind:
                case "space":
                    continue
                case "number":
                    yield self._number(text, start, end)
                case "string" | "char":
                    yield self._quoted(kind, text, start, end)
                case "macro":
                    yield self._macro(text, start, end)
                case "open":
                    raise self._error("D_SYNTAX", start, end, "/* comment is not terminated")
                case "bad":
                    raise self._error("D_SYNTAX", start, end, f'syntax error near "{text}"')
                case _:
                    yield Token(kind, text, start, end)
        size = len(self.source.text)
        yield Token("end", "", size, size)

    def _error(self, tag: str, start: int, end: int, message: str) -> LexError:
        return LexError(Diagnostic(tag, Span(start, end), message))

    def _number(self, text: str, start: int, end: int) -> Token:
        digits = text.rstrip("uUlL")
        base = 16 if digits[:2] in ("0x", "0X") else 8 if len(digits) > 1 and digits[0] == "0" else 10
        try:
            value = int(digits, base)
        except ValueError:
            raise self._error("D_INT_DIGIT", start, end, f"constant {text} contains an invalid digit") from None
        if value >= 1 << 64:
            raise self._error("D_INT_OFLOW", start, end, f"constant {text} results in integer overflow")
        return Token("number", text, start, end, value)

    def _quoted(self, kind: str, text: str, start: int, end: int) -> Token:
        quote = text[0]
        if len(text) < 2 or text[-1] != quote:
            what, tag = ("string literal", "D_STR_NL") if kind == "string" else ("character constant", "D_CHR_NL")
            after = self.source.text.find("\n", start) + 1 or len(self.source.text)
            raise self._error(tag, after, after, f"newline encountered in {what}")
        inside = unescape(text[1:-1])
        if kind == "string":
            return Token(kind, text, start, end, inside)
        if not inside:
            raise self._error("D_CHR_NULL", start, end, "character constant cannot be empty")
        if len(inside) > 8:
            raise self._error("D_CHR_OFLOW", start, end, "character constant is too long")
        return Token(kind, text, start, end, int.from_bytes(inside.encode("latin-1", "replace"), "big"))

    def _macro(self, text: str, start: int, end: int) -> Token:
        name = text.lstrip("$")
        if name.isdigit():
            number = int(name)
            self.used.add(number)
            if number == 0:
                argument: str | None = self.source.name
            elif number <= len(self.macros.arguments):
                argument = self.macros.arguments[number - 1]
            else:
                argument = None
        else:
            value = self.macros.named.get(name)
            argument = None if value is None else str(value)
        if argument is None:
            if not (self.macros.default and name.isdigit()):
                what = "argument" if name.isdigit() else "variable"
                raise self._error("D_MACRO_UNDEF", start, end, f"macro {what} {text} is not defined")
            argument = "" if text.startswith("$$") else "0"
        if text.startswith("$$"):
            return Token("string", text, start, end, argument)
        if re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", argument):
            return self._number(argument, start, end)
        if re.fullmatch(r"-\d+", argument):
            return Token("number", argument, start, end, int(argument))
        return Token("name", argument, start, end)

    def unused(self) -> Iterator[Diagnostic]:
        """A diagnostic for each positional argument that the program does not refer to."""
        size = len(self.source.text)
        for number, argument in enumerate(self.macros.arguments, 1):
            if number not in self.used:
                message = f"extraneous argument '{argument}' (${number} is not referenced)"
                yield Diagnostic("D_MACRO_UNUSED", Span(size, size), message)
                return
