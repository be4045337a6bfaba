"""Text in pictures."""

from __future__ import annotations

from html import escape


def xml_text(text: str) -> str:
    """As XML takes it: without what it cannot hold."""
    # Bytes that are no UTF-8 travel as surrogates, which are not printable either.
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return escape(clean, quote=True)
