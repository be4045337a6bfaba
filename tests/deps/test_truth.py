"""`vtrace deps` against processes that know whom they call, how often, and how long they waited."""

from __future__ import annotations

import json
import shlex
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pyvtrace.analysis.deps.program import SCRIPT, program, waits_of
from pyvtrace.analysis.deps.report import Beginning
from pyvtrace.analysis.deps.report import report as reported
from pyvtrace.analysis.deps.sockets import Sockets
from pyvtrace.analysis.library import read_script
from pyvtrace.analysis.script import parse_script
from pyvtrace.cli.tracing import Asked as Whom
from pyvtrace.cli.tracing import conditions
from tests.conftest import RunVtrace, Tracer, Workload
from tests.truth.live import Trace
from tests.workloads import asks_several, caller, datagrams, talker, troubled
from tests.workloads import endpoints as many
from tests.workloads.slowdisk import SlowDisk

MS = 1_000_000
BUCKET = 2**0.25  # a quantile is at most so much greater than the true value
WORDS = "tracing until"

Seen = Callable[..., tuple[dict[str, Any], Workload, Mapping[str, Any]]]


@pytest.fixture
def seen(tracer: Callable[..., Tracer], workload: Callable[..., Workload]) -> Seen:
    """Traces a workload from before its gate to its end: what was reported, the workload, and its truth."""

    def run(name: str, *arguments: object) -> tuple[dict[str, Any], Workload, Mapping[str, Any]]:
        work = workload(name, *arguments)
        trace = tracer("deps", "-p", str(work.pid), "--json")
        trace.wait_for(WORDS)
        truth = work.release() | {"stolen_ns": work.stolen_ns}
        result = trace.wait()
        assert result.status == 0, result.stderr
        (line,) = result.stdout.splitlines()
        report: dict[str, Any] = json.loads(line)
        # An interrupt that wakes somebody while another waking is looked at is missed, seldom that of the caller; calls
        # are never missed.
        lost = {kind: count for kind, count in report["lost"].items() if count and kind != "missed"}
        assert not lost, lost
        return report, work, truth

    return run


def endpoints(report: Mapping[str, Any]) -> dict[str, Any]:
    return {one["name"]: one for one in report["endpoints"]}


def unaccounted(report: Mapping[str, Any], truth: Mapping[str, Any]) -> int:
    """Of a caller's time, in ns, the most that is not waiting for endpoints: it ran, it waited for something else, a
    processor among it, or the processor it had was taken from the machine."""
    others = sum(other["waited"] for other in report["others"].values())
    return int(truth["cpu_ns"] + truth["stolen_ns"] + others)


def waited(report: Mapping[str, Any], kind: str) -> int:
    return int(report["others"].get(kind, {"waited": 0})["waited"])


def awake(report: Mapping[str, Any], truth: Mapping[str, Any]) -> int:
    """Of a caller's time, in ns, the most that it ran, or would have if the machine had let it: what it is late by when
    it begins to wait for what is on its way already."""
    return int(truth["cpu_ns"] + truth["stolen_ns"] + waited(report, "processor"))


def half_took(answer: Mapping[str, Any], seconds: float, late_ns: int) -> bool:
    """Whether half of the answers took at least so long, but for what the caller was late to wait: the service may
    have begun when the call that asks has not returned. That is shared by all that took less than the median."""
    return bool(answer["p50"] >= seconds * 1000 * MS - 2 * late_ns / answer["count"])


@pytest.mark.parametrize("how", ["blocking", "asyncio"])
@pytest.mark.parametrize("old", ["", "old"])
def test_five_services_of_which_one_is_slow(seen: Seen, how: str, old: str) -> None:
    rounds = 20
    report, work, truth = seen("caller", how, rounds, *[old] * bool(old))
    found = endpoints(report)
    services, slow = work.facts["services"], work.facts["slow"]
    assert sorted(found) == sorted(services)
    for name in services:
        one = found[name]
        assert one["questions"] == one["answer"]["count"] == rounds, name
        assert (one["sent"], one["received"]) == (rounds * caller.QUESTION, rounds * caller.ANSWER)
        assert one["connect"]["count"] == (0 if old else 1)
        assert not one["errors"]
        # To the trace a wait begins after the question was sent and ends when the answer has come; to the caller when
        # it has got it, which is later by what it was on a processor or wanted to be.
        late = unaccounted(report, truth)
        assert truth["waited_ns"][name] - late <= one["waited"] <= truth["waited_ns"][name] + late
        assert one["answer"]["total"] <= truth["waited_ns"][name] + late
    assert report["endpoints"][0]["name"] == slow
    answer = found[slow]["answer"]
    assert half_took(answer, caller.SLOW, awake(report, truth))
    assert answer["p50"] <= truth["median_ns"][slow] * BUCKET + MS
    for name in services:
        if name != slow:
            assert answer["p50"] > 2 * found[name]["answer"]["p50"]
    if not old or how == "blocking":
        held = [one["open_before"] for one in report["endpoints"] if one["protocol"] == "tcp"]
        assert held == [1 if old else 0] * 4


def test_shares_add_up_and_are_of_all_that_was_waited_for(seen: Seen) -> None:
    report, work, truth = seen("caller", "blocking", 10)
    parts = [*report["endpoints"], *report["others"].values()]
    assert sum(part["waited"] for part in parts) == report["waited"]
    assert round(sum(part["share"] for part in parts), 1) == 100.0
    # One thread waits, or wants a processor, or has one: by its own clock it was so long at work.
    idle = truth["whole_ns"] - truth["cpu_ns"] - truth["stolen_ns"]
    assert idle <= report["waited"] <= report["interval"] * 1000 * MS
    slow = endpoints(report)[work.facts["slow"]]
    assert abs(slow["share"] - 100 * slow["waited"] / report["waited"]) <= 0.1


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("refused", "refused"),
        ("refused-later", "refused"),
        ("unreachable", "no network"),
        ("missing", "no such socket"),
    ],
)
def test_connections_that_do_not_come_about_are_counted(seen: Seen, what: str, error: str) -> None:
    report, work, _ = seen("troubled", what, 7)
    found = endpoints(report)
    assert list(found) == [work.facts["server"]]
    one = found[work.facts["server"]]
    assert one["errors"] == [{"connecting": True, "what": error, "count": 7}]
    assert one["connect"]["count"] == one["answer"]["count"] == 0


def test_a_connection_that_waits_for_room_in_the_queue(seen: Seen) -> None:
    """The first request for it is dropped, and repeated after a second (RFC 6298)."""
    report, work, truth = seen("troubled", "backlog", 1)
    one = endpoints(report)[work.facts["server"]]
    assert one["connect"]["count"] == 2
    assert 1000 * MS <= one["connect"]["max"] <= truth["whole_ns"]
    assert one["waited"] <= truth["whole_ns"]
    assert one["waited"] >= one["connect"]["max"] - unaccounted(report, truth)


def test_connections_that_are_reset(seen: Seen) -> None:
    report, work, _ = seen("troubled", "reset", 6)
    one = endpoints(report)[work.facts["server"]]
    assert one["errors"] == [{"connecting": False, "what": "reset", "count": 6}]
    assert (one["connect"]["count"], one["questions"], one["answer"]["count"]) == (6, 6, 0)
    assert one["sent"] == 6 * troubled.QUESTION


@pytest.mark.parametrize("what", ["dns", "dns-unconnected", "dns-tcp"])
def test_names_that_a_slow_name_server_is_asked_for(seen: Seen, what: str) -> None:
    report, work, truth = seen("troubled", what, 5)
    one = endpoints(report)[work.facts["server"]]
    connected = what == "dns-tcp"
    assert (one["protocol"], one["connect"]["count"]) == (("tcp", 6) if connected else ("udp", 0))
    assert one["answer"]["count"] == one["questions"] == 6
    assert {name: times["count"] for name, times in one["asked"].items()} == dict(
        zip(troubled.NAMES, (5, 1), strict=True)
    )
    assert half_took(one["answer"], troubled.DELAY, awake(report, truth))
    assert one["answer"]["total"] <= truth["whole_ns"]
    sizes = [len(troubled.query(name)) + 2 * connected for name in [*[troubled.NAMES[0]] * 5, troubled.NAMES[1]]]
    assert one["sent"] == one["received"] == sum(sizes)
    assert truth["whole_ns"] - unaccounted(report, truth) <= one["waited"] <= truth["whole_ns"]


@pytest.mark.parametrize("how", ["recvfrom", "recvmsg", "select"])
def test_one_socket_that_asks_several_at_once(seen: Seen, how: str) -> None:
    """Answers come in another order than the questions went, and each is of who sent it."""
    rounds = 10
    report, work, truth = seen("asks_several", how, rounds)
    found = endpoints(report)
    servers = work.facts["servers"]
    assert sorted(found) == sorted(servers)
    for name, delay, size in zip(servers, asks_several.DELAYS, asks_several.ANSWER, strict=True):
        one = found[name]
        assert one["questions"] == one["answer"]["count"] == rounds, name
        assert (one["sent"], one["received"]) == (rounds * asks_several.QUESTION, rounds * size)
        assert half_took(one["answer"], delay, awake(report, truth))
        assert one["answer"]["total"] <= truth["took_ns"][name]
        assert one["waited"] <= truth["took_ns"][name]
    # All that is waited for is the next one that answers, until the slowest has.
    slowest = max(asks_several.DELAYS) * 1000 * MS
    assert sum(one["waited"] for one in found.values()) >= rounds * slowest - unaccounted(report, truth)


def test_many_connections_to_one_endpoint_are_one_row(seen: Seen) -> None:
    report, work, truth = seen("troubled", "pool", 8)
    (one,) = report["endpoints"]
    assert one["name"] == work.facts["server"]
    assert one["connect"]["count"] == 8
    assert one["questions"] == one["answer"]["count"] == 8 * troubled.CALLS
    assert one["sent"] == 8 * troubled.CALLS * caller.QUESTION
    assert one["received"] == 8 * troubled.CALLS * caller.ANSWER
    assert half_took(one["answer"], troubled.DELAY, awake(report, truth))
    # Eight wait at once.
    assert truth["whole_ns"] < one["waited"] <= 8 * truth["whole_ns"]


def test_endpoints_for_which_there_is_no_room_are_counted(workload: Callable[..., Workload]) -> None:
    """Each datagram is a question to an address of its own: what has no row has lost exactly that and its bytes. The
    room is a small one here; that of the command is for 65,536 endpoints."""
    script = parse_script(read_script(SCRIPT), SCRIPT)
    work = workload("datagrams", 5000)
    text = program(script, conditions(Whom((work.pid,)), False), work.pid, ())
    small = text.replace("aggsize=16m", "aggsize=32k")
    assert small != text
    with Trace(small) as trace:
        truth = work.release()
        snapshot = trace.session.snapshot()
    beginning = Beginning(0, work.pid, Sockets({}, {}, frozenset(), False), {}, {})
    seen = reported(snapshot, beginning, waits_of(script), {})
    assert 0 < len(seen.dependencies) < truth["sent"]
    kept = sum(one.questions + one.sent // datagrams.SIZE for one in seen.dependencies)
    assert seen.lost["aggregation"] == 2 * truth["sent"] - kept
    assert {one.sent for one in seen.dependencies} <= {0, datagrams.SIZE}
    assert {one.questions for one in seen.dependencies} <= {0, 1}


@pytest.mark.parametrize("what", talker.WAYS)
def test_ways_to_talk_to_services(seen: Seen, what: str) -> None:
    """Counts are exact, and what the caller waited for is its endpoints'."""
    report, _, truth = seen("talker", what)
    found = endpoints(report)
    counts = {
        name: [one["connect"]["count"], one["questions"], one["answer"]["count"], one["sent"], one["received"]]
        for name, one in found.items()
    }
    assert counts == truth["talks"]
    errors = {name: {error["what"]: error["count"] for error in one["errors"]} for name, one in found.items()}
    assert {name: some for name, some in errors.items() if some} == truth["errors"]
    for one in found.values():
        answer = one["answer"]
        assert not answer["count"] or half_took(answer, talker.DELAY, awake(report, truth)), one["name"]
        assert (
            one["open_before"] == ({"tcp": 2, "udp": 1}[one["protocol"]] if what == "open" else 0) or what == "silence"
        )
    # What is left of the delays is what the caller did meanwhile, or wanted a processor for.
    late = awake(report, truth) + waited(report, "other")
    slow = sum(one["waited"] for one in found.values())
    assert slow >= truth["slow"] * talker.DELAY * 1000 * MS - late
    if what != "threads":
        assert slow <= truth["whole_ns"]


@pytest.mark.parametrize("how", ["tcp", "udp"])
def test_more_endpoints_than_distributions(seen: Seen, how: str) -> None:
    """Two kilobytes a distribution, in 16 MiB: fewer than 10,000. Every answer is in the exact counts."""
    count = 10_000
    report, work, _ = seen("endpoints", how, count)
    found = endpoints(report)
    assert sorted(found) == sorted(f"{many.address(place)}:{work.facts['port']}" for place in range(count))
    answers = [one["answer"] for one in report["endpoints"]]
    connects = [one["connect"] for one in report["endpoints"]]
    assert {one["count"] for one in answers} == {1}
    assert {one["count"] for one in connects} == {1 if how == "tcp" else 0}
    assert {one["sent"] for one in report["endpoints"]} == {many.SIZE}
    distributed = [one for one in [*answers, *connects] if one["buckets"]]
    assert all(one["total"] == one["max"] for one in distributed)
    times = count * (2 if how == "tcp" else 1)
    assert 0 < report["undistributed"] == times - len(distributed) < times
    assert all(one["max"] is None for one in answers if not one["buckets"])


def test_a_command_and_its_children(vtrace: RunVtrace) -> None:
    """A shell starts two processes, one after the other, that ask a service of this one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=caller.serve, args=(server, caller.QUICK), daemon=True).start()
        port = server.getsockname()[1]
        ask = (
            f"import socket; end = socket.create_connection(('127.0.0.1', {port})); "
            f"end.sendall(bytes({caller.QUESTION})); end.recv({caller.ANSWER}, socket.MSG_WAITALL)"
        )
        one = shlex.join([sys.executable, "-c", ask])
        result = vtrace("deps", "--json", "-c", shlex.join(["sh", "-c", f"{one}; {one}"]))
        # Closing alone leaves a thread in accept() where it is.
        server.shutdown(socket.SHUT_RDWR)
    assert result.status == 0, result.stderr
    found = endpoints(json.loads(result.stdout))[f"127.0.0.1:{port}"]
    assert (found["connect"]["count"], found["answer"]["count"]) == (2, 2)
    assert found["received"] == 2 * caller.ANSWER


def test_who_never_answers(seen: Seen) -> None:
    report, work, _ = seen("troubled", "silent", 4)
    one = endpoints(report)[work.facts["server"]]
    # Nothing came in between: it is one question in four parts.
    assert (one["questions"], one["answer"]["count"], one["sent"]) == (1, 0, 4 * troubled.QUESTION)


def test_a_wait_that_began_before_the_trace_is_its_endpoints(seen: Seen) -> None:
    report, work, truth = seen("troubled", "old-wait", 3)
    one = endpoints(report)[work.facts["server"]]
    assert one["open_before"] == 1
    # A call that was under way when the trace began is a wait, but nobody saw which socket it was for.
    assert one["received"] == 2
    # Whoever reads waits while the service sleeps, three times; what is left is a processor's.
    assert 3 * troubled.DELAY * 1000 * MS - awake(report, truth) <= one["waited"] <= report["interval"] * 1000 * MS


def test_a_wait_that_goes_on_all_the_time(tracer: Callable[..., Tracer], workload: Callable[..., Workload]) -> None:
    """The reader is asleep before the trace and after it; nobody tells the service to answer."""
    work = workload("troubled", "old-wait", 1)
    trace = tracer("deps", "-p", str(work.pid), "--json", "--duration", "1")
    report = json.loads(trace.wait().stdout)
    one = endpoints(report)[work.facts["server"]]
    assert one["waited"] == pytest.approx(report["interval"] * 1000 * MS, abs=1)
    assert waited(report, "pipes") == one["waited"]  # the other thread, at its gate
    assert one["share"] == 50.0


def test_waiting_to_be_asked_is_idle(seen: Seen) -> None:
    report, work, truth = seen("troubled", "served", 5)
    one = endpoints(report)[work.facts["server"]]
    assert one["inwards"]
    assert one["accepted"] == 1
    assert (one["waited"], one["answer"]["count"]) == (0, 0)
    assert one["sent"] == one["received"] == 5 * troubled.QUESTION
    assert 5 * troubled.DELAY * 1000 * MS - awake(report, truth) <= waited(report, "clients") <= truth["whole_ns"]


def test_other_waits_have_their_names(seen: Seen) -> None:
    report, _, truth = seen("troubled", "unlike", 4)
    assert not report["endpoints"]
    late = awake(report, truth) + waited(report, "other") + waited(report, "disk")
    for kind in troubled.KINDS:
        assert waited(report, kind) >= 4 * troubled.DELAY * 1000 * MS - late, kind
        # Of a lock the one who waits for it and the one who waits to release it.
        assert waited(report, kind) <= truth["whole_ns"] * (2 if kind == "locks" else 1), kind


def test_waits_for_a_slow_disk_are_the_disks(seen: Seen) -> None:
    with SlowDisk(20 * MS) as slow:
        report, _, truth = seen("direct_reader", slow.path, 10)
    assert not report["endpoints"]
    # All but what it did itself, before and after it slept.
    disk = waited(report, "disk")
    assert 10 * 20 * MS - awake(report, truth) <= disk <= truth["sum_ns"]
    # The other share is that of the gate, which stays closed as long as this machine likes.
    assert abs(report["others"]["disk"]["share"] - 100 * disk / report["waited"]) <= 0.1
