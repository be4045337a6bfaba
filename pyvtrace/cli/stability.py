"""The stability attributes that -v shows (Dynamic Tracing Guide, "Stability").

Scripts see them only in this text. What DTrace computes for a program is the least of all it names, which for a program
that leaves any part of a probe's name open is the same three words.
"""

from __future__ import annotations

from collections.abc import Mapping

Attributes = tuple[str, str, str]
_STABLE, _PRIVATE = ("Stable", "Stable", "Common"), ("Private", "Private", "Unknown")
# Names of kernel modules and functions are nobody's promise, so only providers without them have more.
_PROBES: Mapping[str, Attributes] = {
    "dtrace": _STABLE,
    "profile": ("Evolving", "Evolving", "Common"),
}
_OPEN = ("Unstable", "Unstable", "Common")


_WORDS = ("Identifier Names: ", "Data Semantics:   ", "Dependency Class: ")


def _block(title: str, attributes: Attributes) -> str:
    lines = (f"\t\t{word}{attribute}\n" for word, attribute in zip(_WORDS, attributes, strict=True))
    return f"\n\t{title}\n{''.join(lines)}"


def of_program(kind: str, name: str) -> str:
    """The text for a program; `kind` is "script" or "description"."""
    return (
        f"\nStability attributes for {kind} {name}:\n"
        + _block("Minimum Probe Description Attributes", _OPEN)
        + _block("Minimum Statement Attributes", _STABLE)
        + "\n"
    )


def of_probe(provider: str) -> str:
    """The text for a probe and its arguments."""
    attributes = _PROBES.get(provider, _PRIVATE)
    return _block("Probe Description Attributes", attributes) + _block("Argument Attributes", attributes)
