"""One row's full histogram: a line a range of whole buckets, with its bounds, count, share and bar."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count

from rich.segment import Segment

from pyvtrace.analysis import units
from pyvtrace.analysis.histogram import Bucket, Histogram
from pyvtrace.render.strips import ranks
from pyvtrace.render.theme import BOLD, DIM, PLAIN, RAMP, Glyphs, Line

_QUANTILES = (0.5, 0.9, 0.99, 0.999)
_SIDE = 27  # cells in front of the bar
_LEAST = 4  # lines of ranges below which a picture says nothing


def facts(name: str, histogram: Histogram, width: int, glyphs: Glyphs) -> Line:
    """What the histogram comes to, in one line."""
    events = histogram.count
    figures = [f"{units.count(events)} event{'s' * (events != 1)}", f"total {units.duration(histogram.sum or 0)}"]
    figures += [f"p{q * 100:g} {units.duration(histogram.quantile(q))}" for q in _QUANTILES]
    figures.append(f"max {units.duration(histogram.max)}")
    line, used = [Segment(name, BOLD)], len(name)
    for figure in figures:
        text = f"  {figure}"
        if used + len(text) > width:
            break
        line.append(Segment(text, PLAIN))
        used += len(text)
    return line


def ranges(histogram: Histogram, most: int) -> list[Bucket]:
    """The buckets from the first to the last in use, as many of them joined as it takes to be at most `most`: parts of
    an octave, then whole ones, at bounds that stay where they are when the histogram grows."""
    buckets = list(histogram.buckets())
    octave = 1 << histogram.params[0]
    for step in chain((part for part in (1, 2) if part < octave), count(octave, octave)):
        joined = [
            Bucket(some[0].lower, some[-1].upper, sum(bucket.count for bucket in some))
            for some in (buckets[at : at + step] for at in range(0, len(buckets), step))
        ]
        used = [place for place, bucket in enumerate(joined) if bucket.count]
        if not used:
            return []
        if used[-1] - used[0] < max(1, most):
            return joined[used[0] : used[-1] + 1]
    return []


def picture(histogram: Histogram, width: int, height: int, glyphs: Glyphs) -> Iterator[Line]:
    """At most `height` lines."""
    shown = ranges(histogram, height - 1)
    if height < _LEAST or not shown:
        return
    yield [Segment(f"{'up to':>8} {'events':>8} {'share':>7}", DIM)]
    total, most = histogram.count, max(bucket.count for bucket in shown)
    colours = ranks([bucket.count for bucket in shown], len(RAMP))
    for bucket, colour in zip(shown, colours, strict=True):
        share = f"{100 * bucket.count / total:6.2f}%" if bucket.count else ""
        events = units.count(bucket.count) if bucket.count else ""
        yield [
            Segment(f"{units.duration(min(bucket.upper, histogram.max)):>8} {events:>8} {share:>7} ", PLAIN),
            Segment(bar(bucket.count, most, width - _SIDE, glyphs), RAMP[colour - 1] if colour else PLAIN),
        ]


def bar(events: int, most: int, width: int, glyphs: Glyphs) -> str:
    """A bar of `width` cells for `most`; a count that is not zero is never invisible."""
    if events <= 0 or width <= 0:
        return ""
    eighths = max(1, (events * width * 8 + most - 1) // most)
    whole, rest = divmod(eighths, 8)
    if glyphs.eighths[1] == " ":
        # Without eighths a bar is rounded to whole cells, up.
        return glyphs.eighths[8] * (whole + (rest > 0))
    return glyphs.eighths[8] * whole + (glyphs.eighths[rest] if rest else "")
