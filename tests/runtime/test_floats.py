"""The numbers with a fraction that the machine keeps, as printf() shows them."""

from __future__ import annotations

import math
import struct

import pytest

from pyvtrace.runtime.printf import to_float


@pytest.mark.parametrize("value", [0.0, -1.5, 2.0, 3.0e38, 1e-45, math.inf, -math.inf])
def test_float_and_double(value: float) -> None:
    assert to_float(struct.pack("<f", value)) == struct.unpack("<f", struct.pack("<f", value))[0]
    assert to_float(struct.pack("<d", value)) == value


@pytest.mark.parametrize("text", ["0", "-1.5", "3", "1e300", "-2.5e-300", "inf", "-inf", "1e4000"])
def test_long_double(text: str) -> None:
    import ctypes

    # libc makes the machine's own bytes of a text; nothing in Python shows them.
    kept = ctypes.create_string_buffer(16)
    libc = ctypes.CDLL(None)
    assert libc.sscanf(text.encode(), b"%Lf", kept) == 1
    assert to_float(kept.raw) == float(text)


def test_no_number() -> None:
    assert math.isnan(to_float(struct.pack("<d", math.nan)))
    assert math.isnan(to_float(b"\xff" * 16))
