"""A flame graph as an SVG that needs nothing else: a box a function, as wide as its part of the whole, callers below.

The title of a box, which a browser shows under the pointer, has the whole name and the exact amount.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from pyvtrace.render.svg import xml_text
from pyvtrace.spec import JIT_FRAME
from pyvtrace.value import Value

WIDTH, ROW, MARGIN, HEAD = 1200, 17, 10, 44
_CHARACTER = 7.0  # width of one at the size of the text
_NARROWEST = 0.05  # of a box, in pixels: what is less cannot be seen
_KERNEL = "_[k]"

Path = Sequence[str]


class _Box:
    """A function, called by what is below it."""

    def __init__(self) -> None:
        self.amount = 0
        self.callees: dict[str, _Box] = {}


class Placed(Value):
    """Where a box is: `depth` counts from the root, `left` and `width` are parts of the whole."""

    name: str
    depth: int
    left: float
    width: float
    amount: int


def _tree(paths: Iterable[tuple[Path, int]]) -> _Box:
    root = _Box()
    for path, amount in paths:
        root.amount += amount
        box = root
        for name in path:
            box = box.callees.setdefault(name, _Box())
            box.amount += amount
    return root


def place(paths: Iterable[tuple[Path, int]]) -> list[Placed]:
    """All boxes; functions that call the same are one, in the order of their names."""
    root = _tree(paths)
    placed, work = [], [("all", root, 0, 0.0)]
    whole = root.amount or 1
    while work:
        name, box, depth, left = work.pop()
        placed.append(Placed(name, depth, left, box.amount / whole, box.amount))
        for callee in sorted(box.callees):
            work.append((callee, box.callees[callee], depth + 1, left))
            left += box.callees[callee].amount / whole
    return placed


def flame_graph(paths: Iterable[tuple[Path, int]], title: str, spell: Callable[[int], str]) -> str:
    """The picture as text; `spell` writes an amount with its unit."""
    boxes = place(paths)
    deepest = max(box.depth for box in boxes)
    height = HEAD + (deepest + 1) * ROW + MARGIN
    return "\n".join([*_head(title, height), *_shown(boxes, height, spell), "</svg>", ""])


def _head(title: str, height: int) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">'
    yield (
        "<style>text{font:12px monospace;fill:#111;pointer-events:none}rect{stroke:#fff;stroke-width:.5}"
        "g:hover rect{stroke:#000}</style>"
    )
    yield f'<rect width="{WIDTH}" height="{height}" fill="#fdfdf8" stroke="none"/>'
    yield f'<text x="{WIDTH // 2}" y="26" text-anchor="middle" style="font-size:16px">{xml_text(title)}</text>'


def _shown(boxes: Sequence[Placed], height: int, spell: Callable[[int], str]) -> Iterator[str]:
    room = WIDTH - 2 * MARGIN
    for box in boxes:
        width = box.width * room
        if width < _NARROWEST:
            continue
        x, y = MARGIN + box.left * room, height - MARGIN - (box.depth + 1) * ROW
        about = f"{box.name} ({spell(box.amount)}, {100 * box.width:.2f}%)"
        text = _fitting(box.name, width)
        yield (
            f"<g><title>{xml_text(about)}</title>"
            f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{ROW - 1}" fill="{_colour(box.name)}"/>'
            + (f'<text x="{x + 3:.2f}" y="{y + 12}">{xml_text(text)}</text>' if text else "")
            + "</g>"
        )


def _fitting(name: str, width: float) -> str:
    """The name without its module where that makes it fit, cut where nothing does."""
    most = int((width - 6) / _CHARACTER)
    if most < 3:
        return ""
    for shown in (name, name.rpartition("`")[2]):
        if len(shown) <= most:
            return shown
    return f"{shown[: most - 2]}.."


def _colour(name: str) -> str:
    """Always the same of a function: kernel in orange, JITs in green, all else in yellow to red."""
    shade = sum(ord(character) * (place + 1) for place, character in enumerate(name)) % 40
    if name.endswith(_KERNEL):
        return f"hsl({28 + shade // 8},85%,{62 + shade // 4}%)"
    if name.startswith(JIT_FRAME):
        return f"hsl({110 + shade // 2},50%,{62 + shade // 4}%)"
    return f"hsl({shade + 8},80%,{68 + shade // 4}%)" if "`" in name else f"hsl(210,25%,{78 + shade // 4}%)"
