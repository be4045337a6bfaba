"""One bubble as an SVG: a row a thread, those who hold others up first, and what each moment of a wait was in the end
about by its colour. The title of a bar, which a browser shows under the pointer, says it in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyvtrace.analysis import units
from pyvtrace.analysis.bubbles import blame
from pyvtrace.analysis.bubbles.blame import Root, Share
from pyvtrace.analysis.bubbles.bubbles import Blamed, Bubble
from pyvtrace.analysis.bubbles.names import Devices, root_name, thread_name
from pyvtrace.render.bubbles import doing
from pyvtrace.render.svg import xml_text

WIDTH, LEFT, MARGIN, HEAD, ROW = 1200, 260, 10, 64, 18
MOST_ROWS = 60
_CHARACTERS = 34  # of a name at the left
_CHARACTER = 7.3  # width of one, in pixels
_BASE = 13  # of text in a row, from its top
_TICKS = 5
_NARROWEST = 0.1  # of a bar, in pixels: what is less cannot be seen
_COLOURS = {
    blame.DEVICE: "#d95f02",
    blame.CPU: "#1b9e77",
    blame.RUN_QUEUE: "#7570b3",
    blame.TIMER: "#66a61e",
    blame.LIMIT: "#e7298a",
    blame.RECLAIM: "#e6ab02",
    blame.DEADLOCK: "#b2182b",
    blame.SHORT: "#8dd3c7",
    blame.NETWORK: "#1f78b4",
    blame.STOPPED: "#a6761d",
    blame.UNKNOWN: "#999999",
}


def timeline(bubble: Bubble, title: str, devices: Devices) -> str:
    """The picture as text."""
    rows = _rows(bubble)
    shown, more = rows[:MOST_ROWS], len(rows) - MOST_ROWS
    drawn = [list(_device(bubble, root, devices)) for root, _ in bubble.roots() if root.kind == blame.DEVICE]
    drawn += [list(_row(bubble, row, devices)) for row in shown]
    drawn += [[_text(MARGIN, _BASE, f"{more} more threads")]] if more > 0 else []
    height = HEAD + ROW * (len(drawn) + 1) + MARGIN
    body = [*_head(title, height), *_legend(bubble), *_axis(bubble, height)]
    for place, row in enumerate(drawn):
        body += [f'<g transform="translate(0,{HEAD + ROW * (place + 1)})">', *row, "</g>"]
    return "\n".join([*body, "</svg>", ""])


def _rows(bubble: Bubble) -> list[list[Blamed]]:
    """Waits by thread: holders first, those who hold up most of all; then by how long they waited."""
    held: dict[int, int] = {}
    for one in bubble.waits:
        for share in one.shares:
            for hop in share.hops[1:]:
                held[hop.wait.thread.tid] = held.get(hop.wait.thread.tid, 0) + share.ns
    by_thread: dict[int, list[Blamed]] = {}
    for one in bubble.waits:
        by_thread.setdefault(one.wait.thread.tid, []).append(one)
    return sorted(
        by_thread.values(),
        key=lambda row: (-held.get(row[0].wait.thread.tid, 0), -sum(one.wait.spent for one in row)),
    )


def _across(bubble: Bubble, at: int) -> float:
    whole = max(1, bubble.ended - bubble.began)
    return LEFT + (WIDTH - LEFT - MARGIN) * (at - bubble.began) / whole


def _device(bubble: Bubble, root: Root, devices: Devices) -> Iterator[str]:
    """From when to when a device was waited for."""
    yield _text(MARGIN, _BASE, root_name(root, devices)[:_CHARACTERS])
    spans = sorted(
        (share.began, share.ended)
        for one in bubble.waits
        for share in one.shares
        if (share.root.kind, share.root.which) == (root.kind, root.which)
    )
    merged: list[tuple[int, int]] = []
    for began, ended in spans:
        if merged and began <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], ended)
        else:
            merged.append((began, ended))
    for began, ended in merged:
        yield _bar(bubble, began, ended, root.kind, f"{root_name(root, devices)}: {units.duration(ended - began)}")


def _bar(bubble: Bubble, began: int, ended: int, kind: str, says: str) -> str:
    left, right = _across(bubble, began), _across(bubble, ended)
    place = f'x="{left:.2f}" y="2" width="{right - left:.2f}" height="{ROW - 4}"'
    return f'<rect {place} fill="{_COLOURS[kind]}"><title>{xml_text(says)}</title></rect>'


def _row(bubble: Bubble, row: Sequence[Blamed], devices: Devices) -> Iterator[str]:
    yield _text(MARGIN, _BASE, thread_name(row[0].wait.thread)[:_CHARACTERS])
    for one in row:
        for share in one.shares:
            if _across(bubble, share.ended) - _across(bubble, share.began) >= _NARROWEST:
                yield _bar(bubble, share.began, share.ended, share.root.kind, _words(one, share, devices))
        room = int((_across(bubble, one.wait.ended) - _across(bubble, one.wait.began)) / _CHARACTER) - 1
        if len(what := doing(one.wait)) <= room:
            yield _text(_across(bubble, one.wait.began) + 4, _BASE, what, style=' fill="#fff"')


def _words(one: Blamed, share: Share, devices: Devices) -> str:
    by_way = [thread_name(hop.wait.thread) for hop in share.hops[1:]]
    way = f", by way of {', '.join(by_way)}" if by_way else ""
    name = thread_name(one.wait.thread)
    return f"{name}, {one.wait.kind.name}: {units.duration(share.ns)} for {root_name(share.root, devices)}{way}"


def _axis(bubble: Bubble, height: int) -> Iterator[str]:
    length = bubble.ended - bubble.began
    for tick in range(_TICKS + 1):
        at = length * tick // _TICKS
        x = _across(bubble, bubble.began + at)
        yield f'<line x1="{x:.1f}" y1="{HEAD + 4}" x2="{x:.1f}" y2="{height - MARGIN}" stroke="#ddd"/>'
        anchor = "start" if tick == 0 else "end" if tick == _TICKS else "middle"
        yield _text(x, HEAD, units.duration(at), anchor)


def _legend(bubble: Bubble) -> Iterator[str]:
    x = LEFT
    for kind in dict.fromkeys(root.kind for root, _ in bubble.roots()):
        yield f'<rect x="{x}" y="34" width="12" height="12" fill="{_COLOURS[kind]}"/>'
        yield _text(x + 17, 45, kind)
        x += 40 + 8 * len(kind)


def _head(title: str, height: int) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">'
    yield "<style>text{font:12px monospace}</style>"
    yield f'<rect width="{WIDTH}" height="{height}" fill="#fdfdf8"/>'
    yield _text(MARGIN, 22, title)


def _text(x: float, y: float, text: str, anchor: str = "start", style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}"{style}>{xml_text(text)}</text>'
