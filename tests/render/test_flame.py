"""Flame graphs: where the boxes are, and that the picture is XML whatever the names are."""

from __future__ import annotations

from xml.etree import ElementTree

from pyvtrace.render.flame import HEAD, MARGIN, ROW, WIDTH, Placed, flame_graph, place

PATHS = [(("a", "b"), 1), (("a", "c"), 2), (("a",), 3), (("d",), 2)]


def spell(amount: int) -> str:
    return f"{amount} ms"


def test_a_box_is_as_wide_as_its_part_and_lies_on_its_caller() -> None:
    assert sorted(place(PATHS), key=lambda box: (box.depth, box.left)) == [
        Placed("all", 0, 0.0, 1.0, 8),
        Placed("a", 1, 0.0, 0.75, 6),
        Placed("d", 1, 0.75, 0.25, 2),
        Placed("b", 2, 0.0, 0.125, 1),
        Placed("c", 2, 0.125, 0.25, 2),
    ]


def test_nothing_is_a_graph_too() -> None:
    assert place([]) == [Placed("all", 0, 0.0, 0.0, 0)]
    ElementTree.fromstring(flame_graph([], "nothing", spell))


def test_the_picture() -> None:
    root = ElementTree.fromstring(flame_graph(PATHS, "a <title> & more", spell))
    height = HEAD + 3 * ROW + MARGIN
    assert (root.get("width"), root.get("height")) == (str(WIDTH), str(height))
    boxes = {box[0].text: box[1] for box in root.iter("{http://www.w3.org/2000/svg}g")}
    assert set(boxes) == {"all (8 ms, 100.00%)", "a (6 ms, 75.00%)", "d (2 ms, 25.00%)", "b (1 ms, 12.50%)",
                          "c (2 ms, 25.00%)"}  # fmt: skip
    box = boxes["c (2 ms, 25.00%)"]
    room = WIDTH - 2 * MARGIN
    assert float(box.get("x", "")) == MARGIN + 0.125 * room
    assert float(box.get("width", "")) == 0.25 * room
    assert float(box.get("y", "")) == height - MARGIN - 3 * ROW


def test_names_that_xml_cannot_hold() -> None:
    odd = 'x<y> & "z"\udcff\x01\x00'
    root = ElementTree.fromstring(flame_graph([((odd,), 1)], odd, spell))
    (title,) = [g[0].text for g in root.iter("{http://www.w3.org/2000/svg}g") if "all" not in (g[0].text or "")]
    assert (
        title == 'x<y> & "z"\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} (1 ms, 100.00%)'
    )


def test_a_deep_stack_is_no_recursion() -> None:
    path = tuple(f"f{number}" for number in range(3000))
    assert max(box.depth for box in place([(path, 1)])) == 3000
