"""What the probes of `vtrace deps` saw, as rows: an endpoint each, and everything that was waited for.

Waits that were under way when the trace began, and those that still are, are completed from /proc: a thread that slept
all the time never passed a probe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pyvtrace.analysis.deps.endpoints import Endpoint, endpoint_of, failure, name_asked
from pyvtrace.analysis.deps.program import CLIENTS, DISK, ENDPOINT, OTHER, PIPES, Waits
from pyvtrace.analysis.deps.sockets import Asleep, Sockets
from pyvtrace.analysis.histogram import Histogram, histogram
from pyvtrace.builtins.distributions import value_of
from pyvtrace.runtime.snapshot import Key, Snapshot, Table
from pyvtrace.value import Value

_CONNECTING = 1  # of an error's key: it ended an attempt to connect


class Beginning(Value):
    """What is known when a trace begins: by the clock of `Snapshot.time_ns`, of the processes named; empty for a
    command, whose threads all begin later. `names` has system calls by number."""

    time_ns: int
    pid: int
    sockets: Sockets
    asleep: Mapping[int, Asleep]
    names: Mapping[int, str]


class Times(Value):
    """`count` times, `total` ns in all; `keys` of `table` have how they are distributed, as far as there was room."""

    count: int
    total: int
    table: Table | None = None
    keys: tuple[Key, ...] = ()

    @property
    def distribution(self) -> Histogram | None:
        """In ns; None where nothing is known of it. Put together whenever it is asked for: a screen shows forty of what
        may be thousands."""
        if self.table is None or not self.keys:
            return None
        spec = self.table.spec
        return histogram(spec.function, spec.params, self.table.merged(self.keys))


_NEVER = Times(0, 0)


class Dependency(Value):
    """One endpoint. `held` sockets of it were open at the beginning, `accepted` came to us. `connects` are from the
    request to the connection, `answers` from the end of a question to the first of its answer, of `questions` that were
    begun. `errors` by (whether it ended an attempt to connect, what it was). `asked` has answers by the name that DNS
    was asked for. `waited` is in ns."""

    endpoint: Endpoint
    held: int
    accepted: int
    connects: Times
    answers: Times
    questions: int
    sent: int
    received: int
    errors: Mapping[tuple[bool, str], int]
    asked: Mapping[str, Times]
    waited: int

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    @property
    def unanswered(self) -> int:
        """Questions of the process's own without an answer."""
        return 0 if self.endpoint.inwards else max(0, self.questions - self.answers.count)


def together(rows: Sequence[Dependency], endpoint: Endpoint) -> Dependency:
    """The sums of several; distributions and names are not kept."""
    errors: Counter[tuple[bool, str]] = Counter()
    for row in rows:
        errors.update(row.errors)
    return Dependency(
        endpoint,
        sum(row.held for row in rows),
        sum(row.accepted for row in rows),
        Times(sum(row.connects.count for row in rows), sum(row.connects.total for row in rows)),
        Times(sum(row.answers.count for row in rows), sum(row.answers.total for row in rows)),
        sum(row.questions for row in rows),
        sum(row.sent for row in rows),
        sum(row.received for row in rows),
        errors,
        {},
        sum(row.waited for row in rows),
    )


class Report(Value):
    """`time_ns` is the length of the trace; `dependencies` come in the order of how long each was waited for,
    then by name; `others` is what else was waited for, in ns, the most first; the bytes of `unmeasured` messages are
    not known; `undistributed` times are counted, and had no room in a distribution."""

    time_ns: int
    dependencies: tuple[Dependency, ...]
    others: Mapping[str, int]
    unmeasured: int
    undistributed: int
    lost: Mapping[str, int]
    wall_ns: int

    @property
    def waited(self) -> int:
        return sum(self.others.values()) + sum(one.waited for one in self.dependencies)

    @property
    def quiet(self) -> bool:
        """Whether nothing was said to or heard from any endpoint."""
        return not any(
            one.questions or one.received or one.sent or one.connects.count or one.failed or one.accepted
            for one in self.dependencies
        )


def report(snapshot: Snapshot, beginning: Beginning, waits: Waits, asleep: Mapping[int, Asleep]) -> Report:
    """`asleep` is what threads sleep in at the time of the snapshot."""
    return _Reading(snapshot, beginning, waits, asleep).report()


Waited = tuple[str, Endpoint | None]


class _Timed:
    """`Times` while they are added up."""

    __slots__ = ("count", "keys", "total")

    def __init__(self) -> None:
        self.count = self.total = 0
        self.keys: tuple[Key, ...] = ()

    def times(self, table: Table) -> Times:
        return Times(self.count, self.total, table, self.keys) if self.count else _NEVER


class _Row:
    """An endpoint while what is known of it is added up: several keys may be one, as IPv4 in sockets of both families,
    or a service that bound its name again."""

    __slots__ = (
        "accepted", "answer", "asked", "connect", "endpoint", "errors", "held", "questions", "received", "sent",
        "waited",
    )  # fmt: skip

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.held = self.accepted = self.questions = self.sent = self.received = self.waited = 0
        self.connect, self.answer = _Timed(), _Timed()
        self.errors: Counter[tuple[bool, str]] | None = None
        self.asked: dict[str, _Timed] | None = None

    def fail(self, connecting: bool, what: str, count: int) -> None:
        self.errors = self.errors or Counter()
        self.errors[connecting, what] += count


class _Reading:
    """Each table is gone through once, and a key's endpoint is found by the numbers in it: of very many endpoints,
    names and what hashes them are most of the work."""

    def __init__(self, snapshot: Snapshot, beginning: Beginning, waits: Waits, asleep: Mapping[int, Asleep]) -> None:
        self._tables, self._snapshot = snapshot.tables, snapshot
        self._beginning, self._waits, self._asleep = beginning, waits, asleep
        self._paths = {int(address): str(path) for (address, path), _ in self._values("names")}
        self._rows: dict[Endpoint, _Row] = {}
        self._found: dict[Key, _Row] = {}
        self._others: Counter[str] = Counter()

    def report(self) -> Report:
        self._read_sums()
        undistributed = self._read_times("connect", "connects") + self._read_times("answer", "answers")
        self._read_errors()
        self._read_asked()
        self._read_waits()
        lost = dict(self._snapshot.lost)
        # What was added up without a distribution is no loss but of that.
        undistributed = min(undistributed, lost.get("aggregation", 0))
        if undistributed:
            lost["aggregation"] -= undistributed
        return Report(
            self._snapshot.time_ns - self._beginning.time_ns,
            tuple(sorted(self._dependencies(), key=lambda row: (-row.waited, -row.answers.total, row.endpoint.name))),
            {kind: ns for kind, ns in self._others.most_common() if ns},
            sum(count for _, count in self._values("unmeasured")),
            undistributed,
            lost,
            self._snapshot.wall_ns,
        )

    # ------------------------------------------------------------------------------------------------------- endpoints

    def _dependencies(self) -> Iterator[Dependency]:
        connect, answer, names = (self._tables[name] for name in ("connect", "answer", "asked_for"))
        # Of very many, what was added up and what comes of it need not be there at once.
        self._found.clear()
        while self._rows:
            _, row = self._rows.popitem()
            if self._own(row.endpoint):
                continue
            yield Dependency(
                row.endpoint,
                row.held,
                row.accepted,
                row.connect.times(connect),
                row.answer.times(answer),
                row.questions,
                row.sent,
                row.received,
                row.errors or {},
                {name: timed.times(names) for name, timed in row.asked.items()} if row.asked else {},
                row.waited,
            )

    def _row(self, key: Key) -> _Row:
        """By the numbers of an endpoint."""
        row = self._found.get(key)
        if row is None:
            row = self._found[key] = self._row_of(endpoint_of(key, self._paths))
        return row

    def _row_of(self, endpoint: Endpoint) -> _Row:
        row = self._rows.get(endpoint)
        if row is None:
            row = self._rows[endpoint] = _Row(endpoint)
        return row

    def _values(self, name: str) -> Iterator[tuple[Key, int]]:
        table = self._tables.get(name)
        if table is not None:
            spec = table.spec
            for key, words in table.heads(spec.words):
                yield key, value_of(spec.function, spec.params, words)

    def _read_sums(self) -> None:
        for endpoint, count in self._beginning.sockets.held.items():
            self._row_of(endpoint).held += count
        for key, count in self._values("accepted"):
            self._row(key).accepted += count
        for key, count in self._values("questions"):
            self._row(key).questions += count
        for key, size in self._values("sent"):
            self._row(key).sent += size
        for key, size in self._values("received"):
            self._row(key).received += size

    def _read_times(self, distributions: str, totals: str) -> int:
        """How many of those added up are in no distribution."""
        left = 0
        for key, (count, total) in self._tables[totals].heads(2):
            timed: _Timed = getattr(self._row(key), distributions)
            timed.count += count
            timed.total += total
            left += count
        for key, (count,) in self._tables[distributions].heads(1):
            getattr(self._row(key), distributions).keys += (key,)
            left -= count
        return max(0, left)

    def _read_errors(self) -> None:
        for key, count in self._values("errors"):
            self._row(key[:4]).fail(int(key[4]) == _CONNECTING, failure(int(key[5])), count)
        for (path, number), count in self._values("unreached"):
            self._row_of(Endpoint("unix", str(path))).fail(True, failure(int(number)), count)

    def _read_asked(self) -> None:
        for key, (count, total) in self._tables["asked_for"].heads(2):
            row = self._row(key[:4])
            row.asked = row.asked or {}
            timed = row.asked.setdefault(name_asked(str(key[4])), _Timed())
            timed.count += count
            timed.total += total
            timed.keys += (key,)

    # ----------------------------------------------------------------------------------------------------------- waits

    def _read_waits(self) -> None:
        for key, ns in self._values("waits"):
            kind = self._waits.kinds[int(key[0])]
            self._wait(*self._what(kind, self._endpoint(key[1:]) if kind in (ENDPOINT, CLIENTS) else None), ns)
        for thread, ns in self._outside():
            self._wait(*self._slept_in(thread), ns)

    def _endpoint(self, key: Key) -> Endpoint:
        """For what may be no row of its own."""
        row = self._found.get(key)
        return endpoint_of(key, self._paths) if row is None else row.endpoint

    def _wait(self, kind: str, endpoint: Endpoint | None, ns: int) -> None:
        if endpoint is None:
            self._others[kind] += ns
        else:
            self._row_of(endpoint).waited += ns

    def _what(self, kind: str, endpoint: Endpoint | None) -> Waited:
        """Waiting to be asked is being idle; a socket between threads of one process is no endpoint."""
        if endpoint is None or endpoint.inwards:
            return (CLIENTS if endpoint is not None else kind), None
        if self._own(endpoint):
            return OTHER, None
        return ENDPOINT, endpoint

    def _own(self, endpoint: Endpoint) -> bool:
        """Whether it is a pair of sockets that the process made for itself, as event loops do to wake themselves."""
        return endpoint.protocol == "unix" and endpoint.address == f"socketpair of process {self._beginning.pid}"

    def _outside(self) -> Iterator[tuple[Asleep, int]]:
        """(what a thread slept in, how long) of waits whose begin or end lies outside of the trace."""
        first, slept, ran = ({int(key[0]): at for key, at in self._values(name)} for name in ("first", "slept", "ran"))
        began, now = self._beginning, self._snapshot.time_ns
        for tid, thread in began.asleep.items():
            if tid in first:
                yield thread, max(0, first[tid] - began.time_ns)
            elif tid in self._asleep and tid not in slept:
                yield thread, now - began.time_ns
        for tid, thread in self._asleep.items():
            if slept.get(tid, 0) > ran.get(tid, 0):
                yield thread, max(0, now - slept[tid])

    def _slept_in(self, thread: Asleep) -> Waited:
        """By the call's name, and where that says too little by what its descriptor is of."""
        kind = self._waits.of_call(self._beginning.names.get(thread.number, ""))
        if kind:
            return kind, None
        if thread.file.startswith("socket:["):
            endpoint = self._beginning.sockets.peers.get(int(thread.file[8:-1]))
            return (OTHER, None) if endpoint is None else self._what(ENDPOINT, endpoint)
        return (PIPES if thread.file.startswith("pipe:[") else DISK if thread.file[:1] == "/" else OTHER), None


def percents(parts: Iterable[int]) -> list[float]:
    """Shares in percent with one decimal that add up to 100.0: what rounding leaves goes to who lost most by it."""
    amounts = list(parts)
    whole = sum(amounts)
    if not whole:
        return [0.0] * len(amounts)
    tenths = [amount * 1000 // whole for amount in amounts]
    order = sorted(range(len(amounts)), key=lambda place: -(amounts[place] * 1000 % whole))
    for place in order[: 1000 - sum(tenths)]:
        tenths[place] += 1
    return [tenth / 10 for tenth in tenths]
