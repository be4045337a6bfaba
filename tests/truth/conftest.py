"""Tests that say which probes they fire are watched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.truth import fired


@pytest.fixture(autouse=True)
def seen_to_fire(request: pytest.FixtureRequest) -> Iterator[None]:
    descriptions = [one for mark in request.node.iter_markers(fired.MARK) for one in mark.args]
    if not descriptions:
        yield
        return
    with fired.watch(descriptions):
        yield
