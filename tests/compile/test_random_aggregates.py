"""Random reads and writes of members and elements, in all scopes, run in the kernel and by a model."""

from __future__ import annotations

import random

import pytest

from tests.conftest import RunVtrace
from tests.fuzz import seed, tries

DECLARATIONS = """
struct inner { signed char c; unsigned f : 5; int g : 9; short s[3]; };
struct outer { long a; struct inner in[2][2]; uint8_t b; };
struct outer v0; self struct outer v1; this struct outer v2; struct outer v3[int]; long i, j;
"""
PLACES = ("v0", "self->v1", "this->v2", "v3[7]", "v3[6]", "v3[i + 5]")
# A member's path, with its bits and whether it has a sign.
MEMBERS = (
    ("a", 64, True),
    ("b", 8, False),
    ("in[{0}][{1}].c", 8, True),
    ("in[{0}][{1}].f", 5, False),
    ("in[{0}][{1}].g", 9, True),
    ("in[{0}][{1}].s[{0} + {1}]", 16, True),
)
UPDATES = ("=", "+=", "-=", "^=", "*=", "|=")
PROGRAMS = tries(6)


class Model:
    """What the members hold, and the program that was made of random statements."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.held: dict[str, int] = {}
        self.statements: list[str] = []
        self.shown: list[int] = []

    def place(self) -> tuple[str, str, int, bool]:
        """A member as it is written, its name in the model, its bits and sign. `i` is 1 and `j` 0."""
        root = self.chance.choice(PLACES)
        path, bits, signed = self.chance.choice(MEMBERS)
        numbers = self.chance.randrange(2), self.chance.randrange(2)
        written = [self.chance.choice((str(n), "ji"[n], f"i - {1 - n}")) for n in numbers]
        known = root.replace("i + 5", "6")
        return f"{root}.{path.format(*written)}", f"{known}.{path.format(*numbers)}", bits, signed

    def step(self) -> None:
        text, name, bits, signed = self.place()
        op, number = self.chance.choice(UPDATES), self.chance.randint(-300, 300)
        before = self.held.get(name, 0)
        after = {"=": number, "+=": before + number, "-=": before - number, "^=": before ^ number,
                 "*=": before * number, "|=": before | number}[op]  # fmt: skip
        after &= (1 << bits) - 1
        if signed and after >> bits - 1:
            after -= 1 << bits
        self.held[name] = after
        self.statements.append(f"{text} {op} {number};")

    def show(self) -> None:
        text, name, _, _ = self.place()
        self.statements.append(f'printf("%d ", (long){text});')
        self.shown.append(self.held.get(name, 0))

    def program(self) -> str:
        for _ in range(25):
            self.step()
            self.show()
        body = "\n".join(self.statements)
        return f"{DECLARATIONS}\nBEGIN {{ i = 1; j = 0;\n{body}\nexit(0); }}"


@pytest.mark.parametrize("number", range(PROGRAMS))
def test_members_hold_what_a_model_says(number: int, vtrace: RunVtrace) -> None:
    model = Model(random.Random(seed(number)))
    program = model.program()
    ran = vtrace("-q", "-n", program)
    assert ran.stderr == ""
    assert [int(word) for word in ran.stdout.split()] == model.shown, program
