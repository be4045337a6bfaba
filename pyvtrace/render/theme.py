"""Glyphs and colours. What a colour says is said by a glyph too: NO_COLOR and colour blindness lose nothing.

`python -m pyvtrace.render.theme` shows both sets of glyphs and the ramp.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from pyvtrace.value import Value

Line = list[Segment]


class Glyphs(Value):
    """`levels` are cells of rising height after the empty one, `eighths` of rising width."""

    levels: str
    eighths: str
    ellipsis: str
    dot: str
    arrows: str


UNICODE = Glyphs(" ▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█", "…", "·", "↑↓")
ASCII = Glyphs(" .:-=+*#@", "    #####", ".", "-", "up/down")

WAITING = "~"  # in front of events that are set apart: they waited because that is what they are for

# Middle luminance throughout, so that every step reads on dark and on light terminals: from cold to hot.
RAMP = tuple(Style.parse(f"color({number})") for number in (67, 72, 107, 136, 166, 160))
PLAIN = Style.null()
BOLD, DIM, REVERSE = Style(bold=True), Style(dim=True), Style(reverse=True)
HEADING = Style(bold=True, underline=True)
WARNING = Style.parse("bold color(160)")


class Theme(Value):
    """How lines become text for one terminal. `colours` is None where there are none: then no escape code at all is
    written if `attributes` (bold, reverse) are off too."""

    glyphs: Glyphs = UNICODE
    colours: ColorSystem | None = ColorSystem.EIGHT_BIT
    attributes: bool = True

    def text(self, line: Iterable[Segment]) -> str:
        """A line as the terminal takes it."""
        return "".join([self._piece(segment.text, segment.style) for segment in line])

    def _piece(self, text: str, style: Style | None) -> str:
        if self.glyphs is ASCII:
            text = text if text.isascii() else "".join(c if c.isascii() else "?" * cell_len(c) for c in text)
        if style is None or not self.attributes:
            return text
        if self.colours is None:
            return style.without_color.render(text, color_system=ColorSystem.STANDARD)
        return style.render(text, color_system=self.colours)


PLAIN_TEXT = Theme(ASCII, None, False)


def unicode_locale(environment: Mapping[str, str]) -> bool:
    """Whether the locale's characters are UTF-8, by the variables the C library asks, in its order. Python's own idea
    is of no use here: it takes UTF-8 for the C locale too (PEP 540)."""
    name = next((environment[v] for v in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(v)), "C")
    return "utf8" in name.lower().replace("-", "")


def theme(environment: Mapping[str, str], encoding: str | None, *, terminal: bool) -> Theme:
    """The theme for an output stream: glyphs that both the locale and its encoding can show, and what colours and
    attributes it has if it is a terminal. NO_COLOR (no-color.org) takes the colours away."""
    glyphs = UNICODE if unicode_locale(environment) and _shows(encoding) else ASCII
    term = environment.get("TERM", "dumb")
    if not terminal or term in ("dumb", "unknown", ""):
        return Theme(glyphs, None, False)
    if environment.get("NO_COLOR"):
        return Theme(glyphs, None)
    many = "256" in term or environment.get("COLORTERM") in ("truecolor", "24bit")
    return Theme(glyphs, ColorSystem.EIGHT_BIT if many else ColorSystem.STANDARD)


def _shows(encoding: str | None) -> bool:
    try:
        UNICODE.levels.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


if __name__ == "__main__":
    for chosen in (UNICODE, ASCII):
        for system in (ColorSystem.EIGHT_BIT, ColorSystem.STANDARD, None):
            print(Theme(chosen, system).text(Segment(chosen.levels + " ", style) for style in RAMP))
