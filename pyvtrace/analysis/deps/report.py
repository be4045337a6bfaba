"""What the probes of `vtrace deps` saw, as rows: an endpoint each, and everything that was waited for.

Waits that were under way when the trace began, and those that still are, are completed from /proc: a thread that slept
all the time never passed a probe.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pyvtrace.analysis.deps.endpoints import Endpoint, EndpointKey, endpoint_of, failure, name_asked
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


class Dependency(Value):
    """One endpoint. `held` sockets of it were open at the beginning, `accepted` came to us. Histograms are in ns:
    `connects` from the request to the connection, `answers` from the end of a question to the first of its answer,
    of `questions` that were begun. `errors` by (whether it ended an attempt to connect, what it was). `asked` has
    answers by the name that DNS was asked for. `waited` is in ns."""

    endpoint: Endpoint
    held: int
    accepted: int
    connects: Histogram
    answers: Histogram
    questions: int
    sent: int
    received: int
    errors: Mapping[tuple[bool, str], int]
    asked: Mapping[str, Histogram]
    waited: int

    @property
    def failed(self) -> int:
        return sum(self.errors.values())


class Report(Value):
    """`time_ns` is the length of the trace; `dependencies` come in the order of how long each was waited for,
    then by name; `others` is what else was waited for, in ns, the most first; the bytes of `unmeasured` messages are
    not known."""

    time_ns: int
    dependencies: tuple[Dependency, ...]
    others: Mapping[str, int]
    unmeasured: int
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


class _Reading:
    def __init__(self, snapshot: Snapshot, beginning: Beginning, waits: Waits, asleep: Mapping[int, Asleep]) -> None:
        self._tables, self._snapshot = snapshot.tables, snapshot
        self._beginning, self._waits, self._asleep = beginning, waits, asleep
        self._paths = {int(address): str(path) for address, path in self._values("names")}
        self._endpoints: dict[EndpointKey, Endpoint] = {}

    def report(self) -> Report:
        waited = self._waited()
        rows = self._rows(waited)
        others = Counter({kind: ns for (kind, endpoint), ns in waited.items() if endpoint is None and ns})
        return Report(
            self._snapshot.time_ns - self._beginning.time_ns,
            tuple(sorted(rows, key=lambda row: (-row.waited, -(row.answers.sum or 0), row.endpoint.name))),
            dict(others.most_common()),
            sum(self._values("unmeasured").values()),
            self._snapshot.lost,
            self._snapshot.wall_ns,
        )

    # ------------------------------------------------------------------------------------------------------- endpoints

    def _rows(self, waited: Mapping[Waited, int]) -> Iterator[Dependency]:
        held = self._beginning.sockets.held
        connects, answers = self._distributions("connect"), self._distributions("answer")
        sums = {name: self._sums(name) for name in ("accepted", "questions", "sent", "received")}
        errors, asked = self._errors(), self._asked()
        waits = Counter({endpoint: ns for (_, endpoint), ns in waited.items() if endpoint is not None})
        no_connects, no_answers = self._empty("connect"), self._empty("answer")
        seen = (held, connects, answers, errors, waits, *sums.values())
        for endpoint in dict.fromkeys(one for table in seen for one in table if not self._own(one)):
            yield Dependency(
                endpoint,
                held.get(endpoint, 0),
                sums["accepted"][endpoint],
                connects.get(endpoint) or no_connects,
                answers.get(endpoint) or no_answers,
                sums["questions"][endpoint],
                sums["sent"][endpoint],
                sums["received"][endpoint],
                errors.get(endpoint, {}),
                asked.get(endpoint, {}),
                waits[endpoint],
            )

    def _endpoint(self, key: Key) -> Endpoint:
        numbers = (int(key[0]), int(key[1]), int(key[2]), int(key[3]))
        if numbers not in self._endpoints:
            self._endpoints[numbers] = endpoint_of(numbers, self._paths)
        return self._endpoints[numbers]

    def _values(self, name: str) -> dict[Key, int]:
        table = self._tables.get(name)
        if table is None:
            return {}
        spec = table.spec
        return {key: value_of(spec.function, spec.params, words) for key, words in table.rows.items()}

    def _sums(self, name: str) -> Counter[Endpoint]:
        found: Counter[Endpoint] = Counter()
        for key, value in self._values(name).items():
            found[self._endpoint(key)] += value
        return found

    def _distributions(self, name: str) -> dict[Endpoint, Histogram]:
        """Several keys may be one endpoint: IPv4 in sockets of both families, a service that bound its name again."""
        table = self._tables[name]
        keys: defaultdict[Endpoint, list[Key]] = defaultdict(list)
        for key in table.rows:
            keys[self._endpoint(key)].append(key)
        return {endpoint: _merged(table, some) for endpoint, some in keys.items()}

    def _empty(self, name: str) -> Histogram:
        return _merged(self._tables[name], ())

    def _errors(self) -> dict[Endpoint, Counter[tuple[bool, str]]]:
        found: defaultdict[Endpoint, Counter[tuple[bool, str]]] = defaultdict(Counter)
        for key, count in self._values("errors").items():
            found[self._endpoint(key)][int(key[4]) == _CONNECTING, failure(int(key[5]))] += count
        for (path, number), count in self._values("unreached").items():
            found[Endpoint("unix", str(path))][True, failure(int(number))] += count
        return found

    def _asked(self) -> dict[Endpoint, dict[str, Histogram]]:
        table = self._tables["asked_for"]
        keys: defaultdict[tuple[Endpoint, str], list[Key]] = defaultdict(list)
        for key in table.rows:
            keys[self._endpoint(key), name_asked(str(key[4]))].append(key)
        found: defaultdict[Endpoint, dict[str, Histogram]] = defaultdict(dict)
        for (endpoint, name), some in keys.items():
            found[endpoint][name] = _merged(table, some)
        return found

    # ----------------------------------------------------------------------------------------------------------- waits

    def _waited(self) -> Counter[Waited]:
        found: Counter[Waited] = Counter()
        for key, ns in self._values("waits").items():
            kind = self._waits.kinds[int(key[0])]
            found[self._what(kind, self._endpoint(key[1:]) if kind in (ENDPOINT, CLIENTS) else None)] += ns
        for thread, ns in self._outside():
            found[self._slept_in(thread)] += ns
        return found

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
        first, slept, ran = (
            {int(key[0]): at for key, at in self._values(name).items()} for name in ("first", "slept", "ran")
        )
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


def _merged(table: Table, keys: Iterable[Key]) -> Histogram:
    return histogram(table.spec.function, table.spec.params, table.merged(keys))


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
