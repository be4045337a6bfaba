"""Programs that were right, or wrong in a known way, with random mistakes: each gives diagnostics with a place, or code
that the verifier takes. Never another exception, never a hang."""

from __future__ import annotations

import os
import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.runtime.program import compile_text
from pyvtrace.runtime.session import Rejected, Session
from pyvtrace.source import CompileError, Source, render
from tests.conftest import ROOT
from tests.fuzz import thorough
from tests.programs import TARGET

PATIENCE = 20.0  # seconds; a program of this size takes a hundredth of one
# Larger ones take their time; what is special in them is found in smaller ones as well.
LARGEST = 4000
TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\w+|\s+|<<=|>>=|\+\+|--|->|&&|\|\||\^\^|[-+*/%&|^<>=!]=|<<|>>|[^\w\s]')
NUMBERS = ("0", "1", "-1", "2", "63", "64", "255", "4096", "65536", "2147483647", "4294967295", "9223372036854775808",
           "18446744073709551615", "0x7fffffffffffffff", "99999999999999999999")  # fmt: skip
AT_ONCE = 10


def corpus() -> list[list[str]]:
    """The tokens of every program of the tests and of those that are shipped."""
    found = []
    for top in ("tests/d", "probes"):
        for directory, _, names in sorted(os.walk(os.path.join(ROOT, top))):
            for name in sorted(name for name in names if name.endswith(".d")):
                with open(os.path.join(directory, name), encoding="utf-8", errors="surrogateescape") as file:
                    text = file.read()
                if len(text) <= LARGEST:
                    found.append(TOKEN.findall(text))
    return found


CORPUS = corpus()
STATEMENT = re.compile(r"(?<=[;{])[^;{}]*;")
STATEMENTS = [found for program in CORPUS for found in STATEMENT.findall("".join(program))]


def kind(piece: str) -> str:
    """What a token may be replaced by and still be read: a word, a number, a string, an operator."""
    return (
        "word" if piece[0].isalpha() else "number" if piece[0].isdigit() else piece[0] if piece[0] in '"();{}' else "+"
    )


KINDS: dict[str, list[str]] = {}
for _piece in sorted({piece for program in CORPUS for piece in program if not piece.isspace()}):
    KINDS.setdefault(kind(_piece), []).append(_piece)


def mutated(chance: random.Random) -> str:
    """A program of the corpus with tokens deleted, doubled, swapped, replaced, and with statements of other ones."""
    pieces = list(chance.choice(CORPUS))
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        words = [at for at, piece in enumerate(pieces) if not piece.isspace()]
        if not words:
            break
        at, other = chance.choice(words), chance.choice(words)
        alike = [at for at in words if kind(pieces[at]) == kind(pieces[other])]
        match chance.choice(
            ("delete", "double", "swap", "swap", "word", *("like",) * 6, "number", "statement", "statement")
        ):
            case "delete":
                del pieces[at]
            case "double":
                pieces.insert(at, pieces[other])
            case "swap":
                at = chance.choice(alike)
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case "word":
                pieces[at] = _word(chance)
            case "like":
                pieces[at] = chance.choice(KINDS[kind(pieces[at])])
            case "number":
                numbers = [at for at in words if kind(pieces[at]) == "number"]
                pieces[chance.choice(numbers or [at])] = chance.choice(NUMBERS)
            case "statement":
                ends = [at for at in words if pieces[at] in (";", "{")]
                pieces.insert(chance.choice(ends or [at]) + 1, chance.choice(STATEMENTS))
    return "".join(pieces)


def _word(chance: random.Random) -> str:
    return chance.choice(KINDS[chance.choice(sorted(KINDS))])


def random_tokens(chance: random.Random) -> str:
    """Words of the corpus in no order."""
    return " ".join(_word(chance) for _ in range(chance.randint(1, 40)))


def check(text: str) -> str:
    """Compiles and loads; the tag of the first diagnostic, "" if there is none."""
    started = time.monotonic()
    source = Source("mistake.d", text)
    try:
        spec = compile_text(source, TARGET, {}, [], 1)
        with Session(spec, TARGET):
            return ""
    except CompileError as error:
        assert error.diagnostics, text
        for found in error.diagnostics:
            assert re.fullmatch(r"D_[A-Z0-9_]+", found.tag), f"{found}\n{text}"
            assert found.message, f"{found}\n{text}"
            assert 0 <= found.span.start <= found.span.end, f"{found}\n{text}"
        assert render(error.source, error.diagnostics, tags=True)
        return error.diagnostics[0].tag
    except Rejected as problem:
        pytest.fail(f"{problem}\n{text}\n{problem.error.log[-2000:]}")
    except Exception as problem:
        problem.add_note(text)
        raise
    finally:
        assert time.monotonic() - started < PATIENCE, f"it hangs:\n{text}"


@thorough(programs=60, shrink=False)
@given(st.randoms(use_true_random=True))
def test_a_program_with_mistakes_has_a_diagnostic_or_loads(chance: random.Random) -> None:
    for _ in range(AT_ONCE):
        check(mutated(chance))


@thorough(programs=30, shrink=False)
@given(st.randoms(use_true_random=True))
def test_tokens_in_any_order_have_a_diagnostic_or_load(chance: random.Random) -> None:
    for _ in range(AT_ONCE):
        check(random_tokens(chance))
