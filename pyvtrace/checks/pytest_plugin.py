"""pytest: the fixture `vtrace` and the marker of the same name, for tests of what code asks of the kernel.

    def test_saving_is_one_fsync(vtrace):
        with vtrace.watch("syscalls") as seen:
            save()
        assert seen.count("fsync") == 1
        assert seen.latency("write").p99 < ms(5)

    @pytest.mark.vtrace("syscall fsync <= 1", "no execve")
    def test_saving():
        save()

pytest loads this module in every run that has pyvtrace installed: what it needs is imported when a test asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pyvtrace.checks.watch import Watch

_INI = "vtrace_unprivileged"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(_INI, "What becomes of tests that watch where tracing is not allowed: fail or skip.", default="fail")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "vtrace(*assertions): what the kernel may see of the test, as in `vtrace check`: syscall fsync <= 1"
    )
    if config.getini(_INI) not in ("fail", "skip"):
        raise pytest.UsageError(f"{_INI} is fail or skip, not {config.getini(_INI)!r}")


class Vtrace:
    """What the fixture gives."""

    def __init__(self, unprivileged: str) -> None:
        self._unprivileged = unprivileged

    def watch(self, *what: str) -> Watch:
        """A `pyvtrace.checks.watch.Watch`, on entering which a test without privilege fails or is skipped."""
        from pyvtrace.api.errors import TracingError
        from pyvtrace.checks.watch import Watch

        unprivileged = self._unprivileged

        class Watching(Watch):
            def __enter__(self) -> Watch:
                try:
                    return super().__enter__()
                except TracingError as error:
                    if unprivileged == "skip":
                        pytest.skip(f"not watched: {error}")
                    pytest.fail(f"cannot be watched: {error}", pytrace=False)

        return Watching(*what)


@pytest.fixture
def vtrace(pytestconfig: pytest.Config) -> Vtrace:
    """`vtrace.watch("syscalls")`: what this process asks of the kernel while a block runs."""
    return Vtrace(pytestconfig.getini(_INI))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """The function of a test with the marker runs watched, and its assertions are judged when it has passed."""
    marker = pyfuncitem.get_closest_marker("vtrace")
    if marker is None:
        return (yield)
    from pyvtrace.checks.marked import Marked, NoAssertion

    try:
        marked = Marked(marker.args)
    except NoAssertion as problem:
        pytest.fail(str(problem), pytrace=False)
    with Vtrace(pyfuncitem.config.getini(_INI)).watch(*marked.what) as seen:
        result = yield
    if broken := marked.broken(seen):
        pytest.fail(broken, pytrace=False)
    return result


def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """A time that is not as it should be shows what it is a figure of."""
    if type(left).__name__ != "Time" and type(right).__name__ != "Time":
        return None
    from pyvtrace.analysis.units import duration
    from pyvtrace.checks.watch import Time

    def spelled(side: Any) -> str:
        return repr(side) if isinstance(side, Time) or not isinstance(side, int) else duration(side)

    time = left if isinstance(left, Time) else right
    assert isinstance(time, Time)
    return [f"{spelled(left)} {op} {spelled(right)}", *str(time.of).strip("\n").splitlines()]
