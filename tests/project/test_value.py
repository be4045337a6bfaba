"""Values: frozen records that are quick to import."""

from __future__ import annotations

import pytest

from pyvtrace.value import Value, replace


class Point(Value):
    x: int
    y: int = 0
    name: str = ""


def test_a_copy_with_changes() -> None:
    point = Point(1, name="here")
    assert replace(point, y=3) == Point(1, 3, "here")
    assert point == Point(1, 0, "here")


def test_a_field_that_is_not_there() -> None:
    with pytest.raises(TypeError, match="Point has no field 'z'"):
        replace(Point(1), z=3)
    with pytest.raises(TypeError, match="Point misses its field 'x'"):
        Point(y=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Point has no field 'x'"):
        Point(1, x=2)  # type: ignore[misc]
    with pytest.raises(TypeError, match="Point takes 3 fields, 4 given"):
        Point(1, 2, "", 3)  # type: ignore[call-arg]


def test_fields_in_any_order_by_their_names() -> None:
    assert Point(name="there", x=1) == Point(1, 0, "there")
