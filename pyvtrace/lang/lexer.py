"""D text to tokens: one regular expression, with macro arguments put in place. No text is refused here: what is wrong
with a token travels with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pyvtrace.source import Diagnostic, Source, Span
from pyvtrace.value import Value, replace


class Token(Value):
    """`kind` is "number", "string", "char", "name", "op", "pragma", "end", or "bad" for what D has no use for; `text`
    is as written; `value` what a constant stands for; `problem` what is wrong with it, should it be used as a value.

    Macro arguments are in place: `text` is the argument's, `start` and `end` are those of what is written.
    """

    kind: str
    text: str
    start: int
    end: int
    value: int | str = 0
    problem: Diagnostic | None = None


class Macros(Value):
    """Macro variables: `arguments` for $1 and on, `named` for $target, $pid and the like. `default` (-xdefaultargs)
    makes missing arguments 0 or "" instead of errors, `unused` (-xargref) lets a program leave some unused."""

    arguments: Sequence[str] = ()
    named: Mapping[str, int] = {}
    default: bool = False
    unused: bool = False


_TOKEN = re.compile(
    r"""
      (?P<space>\s+|/\*.*?\*/|//[^\n]*|\#![^\n]*|\#\s*(?:line\s+)?\d+[^\n]*|\#\s*ident[^\n]*)
    | (?P<pragma>\#[^\n]*)
    | (?P<macro>\${1,2}(?:\d+|[A-Za-z_]\w*))
    | (?P<number>(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:[uU][lL]{0,2}|[lL]{1,2}[uU]?)?)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<string>"(?:[^"\\\n]|\\.)*"?)
    | (?P<char>'(?:[^'\\\n]|\\.)*'?)
    | (?P<open>/\*)
    | (?P<op><<=|>>=|\^\^|\+\+|--|->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^!~<>=?:;,.(){}\[\]@`])
    | (?P<bad>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}


def unescape(text: str) -> str:
    """C's escapes resolved."""

    def one(match: re.Match[str]) -> str:
        octal, hexadecimal, letter = match.groups()
        if letter == "\n":
            # A backslash at the end of a line goes on with the next.
            return ""
        if octal:
            return chr(int(octal, 8) & 0xFF)
        return chr(int(hexadecimal, 16)) if hexadecimal else _ESCAPES.get(letter, letter)

    return _ESCAPE.sub(one, text)


class Lexer:
    """All tokens of a program. What is wrong with a token is said where the parser meets it as a value: `lib.so.08` in
    a probe description is no octal number. `used` collects the positional macro arguments that the program refers to.
    """

    def __init__(self, source: Source, macros: Macros) -> None:
        self.source, self.macros = source, macros
        self.used: set[int] = set()

    def tokens(self) -> Iterator[Token]:
        """Every token, then one of kind "end"."""
        for match in _TOKEN.finditer(self.source.text, self.source.start):
            kind, text, start, end = match.lastgroup or "", match.group(), match.start(), match.end()
            match kind:
                case "space" if text.startswith("/*") and "/*" in text[2:]:
                    inner = self._inside(start + text.index("/*", 2))
                    yield Token("bad", text, start, end, problem=inner)
                case "space":
                    continue
                case "number":
                    yield self._number(text, start, end)
                case "string" | "char":
                    yield self._quoted(kind, text, start, end)
                case "macro":
                    yield self._macro(text, start, end)
                case "pragma" if not self._begins_line(start):
                    yield Token("bad", "#", start, start + 1)
                case "open":
                    problem = self._problem("D_SYNTAX", start, start + 2, "/* comment is not terminated", "add */")
                    yield Token("end", "", start, start, problem=problem)
                    return
                case _:
                    yield Token(kind, text, start, end)
        size = len(self.source.text)
        yield Token("end", "", size, size)

    def _begins_line(self, start: int) -> bool:
        """Whether only blanks stand before a place in its line: there `#` begins a control line."""
        text, first = self.source.text, self.source.start
        return not text[max(first, text.rfind("\n", first, start) + 1) : start].strip()

    def unused(self) -> Iterator[Diagnostic]:
        """A diagnostic for the first positional argument that the program does not refer to."""
        size = len(self.source.text)
        for number, argument in enumerate(self.macros.arguments if not self.macros.unused else (), 1):
            if number not in self.used:
                message = f"extraneous argument '{argument}' (${number} is not referenced)"
                hint = "-xdefaultargs allows for it" if self.macros.default else ""
                yield Diagnostic("D_MACRO_UNUSED", Span(size, size), message, hint)
                return

    def _problem(self, tag: str, start: int, end: int, message: str, hint: str = "") -> Diagnostic:
        return Diagnostic(tag, Span(start, end), message, hint)

    def _inside(self, start: int) -> Diagnostic:
        """A comment that begins in another one: its end would end both."""
        here = Span(start, start + 2)
        return Diagnostic("D_SYNTAX", here, "/* encountered inside a comment", "comments do not nest", caret=here)

    def _number(self, text: str, start: int, end: int) -> Token:
        digits = text.rstrip("uUlL")
        base = 16 if digits[:2] in ("0x", "0X") else 8 if len(digits) > 1 and digits[0] == "0" else 10
        problem = None
        value = 0
        # 22 octal digits hold 64 bits; int() of a longer text takes ever longer, and refuses in the end.
        significant = digits[2 if base == 16 else 0 :].lstrip("0")
        if base == 8 and (bad := significant.strip("01234567")):
            problem = self._problem("D_INT_DIGIT", start, end, f"constant {text} contains invalid digit {bad[0]}",
                                    "a leading 0 makes it octal")  # fmt: skip
        elif base == 16 and len(digits) == 2:
            problem = self._problem("D_SYNTAX", start, end, f'syntax error near "{digits[1]}"', "0x needs digits")
        elif len(significant) > 22 or (value := int(significant or "0", base)) >= 1 << 64:
            problem = self._problem("D_INT_OFLOW", start, end, f"constant {text} results in integer overflow",
                                    "the largest is 18446744073709551615")  # fmt: skip
            value = 0
        return Token("number", text, start, end, value, problem)

    def _quoted(self, kind: str, text: str, start: int, end: int) -> Token:
        quote = text[0]
        if len(text) < 2 or text[-1] != quote or _ESCAPE.sub("", text)[-1:] != quote:
            return Token(kind, text, start, end, "", self._unterminated(kind, quote, start, end))
        inside = unescape(text[1:-1])
        if kind == "string":
            return Token(kind, text, start, end, inside)
        raw = (
            inside.encode("utf-8", "surrogateescape") if max(inside, default="") > "\xff" else inside.encode("latin-1")
        )
        problem = None
        if not raw:
            problem = self._problem("D_CHR_NULL", start, end, "character constant cannot be empty")
        elif len(raw) > 8:
            problem = self._problem("D_CHR_OFLOW", start, end, "character constant is too long",
                                    "up to 8 characters make one integer")  # fmt: skip
        return Token(kind, text, start, end, int.from_bytes(raw[:8], "big"), problem)

    def _unterminated(self, kind: str, quote: str, start: int, end: int) -> Diagnostic:
        what, tag = ("string literal", "D_STR_NL") if kind == "string" else ("character constant", "D_CHR_NL")
        # DTrace has read on by then, and names the line that follows.
        after = self.source.text.find("\n", start) + 1 or len(self.source.text)
        message = f"newline encountered in {what}"
        return Diagnostic(tag, Span(after, after), message, f"add {quote}", caret=Span(start, end))

    def _macro(self, text: str, start: int, end: int) -> Token:
        argument = self._argument(text.lstrip("$"))
        if argument is None:
            if not (self.macros.default and text[1:].lstrip("$").isdigit()):
                what, hint = "argument", "arguments follow the program on the command line; -xdefaultargs makes it 0"
                if not text.lstrip("$").isdigit():
                    what, hint = "variable", "there are " + " ".join("$" + name for name in self.macros.named)
                problem = self._problem("D_MACRO_UNDEF", start, end, f"macro {what} {text} is not defined", hint)
                return Token("number", text, start, end, 0, problem)
            argument = "" if text.startswith("$$") else "0"
        if text.startswith("$$"):
            return Token("string", argument, start, end, argument)
        if re.fullmatch(r"0[xX][0-9a-fA-F]+|\d+", argument, re.ASCII):
            token = self._number(argument, start, end)
            return replace(token, problem=self._overflow(text, argument, start, end)) if token.problem else token
        if re.fullmatch(r"-\d{1,20}", argument, re.ASCII):
            return self._negative(argument, start, end)
        if re.fullmatch(r"[A-Za-z_]\w*", argument, re.ASCII):
            return Token("name", argument, start, end)
        message = f'syntax error near "{argument}"'
        problem = self._problem("D_SYNTAX", start, end, message, f"${text} makes it a string")
        return Token("bad", argument, start, end, 0, problem)

    def _argument(self, name: str) -> str | None:
        """The text that a macro variable stands for."""
        if not name.isdigit():
            value = self.macros.named.get(name)
            return None if value is None else str(value)
        number = int(name[:10])
        self.used.add(number)
        if number == 0:
            return self.source.name
        return self.macros.arguments[number - 1] if number <= len(self.macros.arguments) else None

    def _overflow(self, macro: str, argument: str, start: int, end: int) -> Diagnostic:
        message = f"macro argument {macro} constant {argument} results in integer overflow"
        return self._problem("D_MACRO_OFLOW", start, end, message, f"${macro} makes it a string")

    def _negative(self, text: str, start: int, end: int) -> Token:
        value = int(text)
        problem = None
        if value < -(1 << 63):
            problem = self._overflow(self.source.text[start:end], text, start, end)
            value = 0
        return Token("number", text, start, end, value, problem)
