"""Recordings: what is read back is what was seen, and of what is damaged that which comes before the damage."""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.builtins.distributions import MEANINGS, exphist_index, is_distribution
from pyvtrace.export.recording import Origin, Recorded, Recorder, RecordingFailed, changed, changes
from pyvtrace.export.replay import BadRecording, Noted, Printed, Recording
from pyvtrace.runtime.snapshot import Key, Rows, Snapshot, Table, Words
from pyvtrace.spec import AggregationSpec, FieldSpec, ProbeName

SECOND = 1_000_000_000
START, WALL = 5_000 * SECOND, 1_700_000_000 * SECOND
PARAMS: Mapping[str, tuple[int, ...]] = {"lquantize": (-10, 90, 10), "llquantize": (10, 0, 3, 20), "exphist": (2,)}
KINDS = ("int", "string", "ustack")
SPECS = tuple(
    AggregationSpec(
        number,
        function,
        function,
        PARAMS.get(function, ()),
        tuple(FieldSpec(0, 8, kind) for kind in KINDS),
        MEANINGS[function].words(PARAMS.get(function, ())),
    )
    for number, function in enumerate(MEANINGS)
)
ORIGIN = Origin("program", "made up", "BEGIN { }", SPECS, {"quiet": "1"}, {"by": ["pid"]})
Rowses = Mapping[str, Mapping[Key, Words]]


def snapshot(rows: Rowses, *, at: int = 0, drift: int = 0, lost: Mapping[str, int] | None = None) -> Snapshot:
    """A reading `at` ns after the start."""
    tables = {spec.name: Table(spec, rows.get(spec.name, {})) for spec in SPECS}
    return Snapshot(START + at, WALL + at + drift, tables, lost or {})


def record(path: Path, moments: Sequence[Snapshot], *, end: bool = True) -> Recorder:
    recorder = Recorder(path)
    recorder.begin(ORIGIN, moments[0])
    for moment in moments[1:]:
        recorder.take(moment)
    if end:
        recorder.close()
    return recorder


def plain(moment: Snapshot) -> tuple[object, ...]:
    """Everything that a snapshot says."""
    tables = {name: (table.spec.function, table.spec.params, dict(table.rows)) for name, table in moment.tables.items()}
    return moment.time_ns, moment.wall_ns, tables, dict(moment.lost)


# ------------------------------------------------------------------------------------------------------ what comes back

words64 = st.integers(0, (1 << 64) - 1)
texts = st.text(st.characters(exclude_categories=()), max_size=12)
stacks = st.lists(st.sampled_from(["a+0x1", "lib.so`f", "0x7f"]), max_size=4).map(
    lambda frames: "\n" + "".join(f"{'':14}{frame}\n" for frame in frames)
)
keys = st.tuples(st.integers(-(1 << 63), (1 << 64) - 1), texts, stacks)


def sparse(count: int) -> st.SearchStrategy[Words]:
    """Words of which some are not zero."""
    some = st.dictionaries(st.integers(0, count - 1), words64, max_size=6)
    return some.map(lambda found: tuple(found.get(place, 0) for place in range(count)))


tables_ = st.fixed_dictionaries(
    {spec.name: st.dictionaries(keys, sparse(spec.words), max_size=3) for spec in SPECS},
)
losses = st.dictionaries(st.sampled_from(["principal", "missed"]), st.integers(0, 1 << 40))


@given(st.lists(st.tuples(tables_, losses, st.integers(-(10**9), 10**9)), min_size=1, max_size=5))
def test_what_was_recorded_comes_back(
    tmp_path_factory: pytest.TempPathFactory, seen: list[tuple[Rowses, dict[str, int], int]]
) -> None:
    # What was lost is counted: it is told once and then only grows.
    counted = {"principal": 0, "missed": 0}
    moments = []
    for number, (rows, lost, drift) in enumerate(seen):
        counted = counted | lost
        moments.append(snapshot(rows, at=number * SECOND, drift=drift if number else 0, lost=counted))
    path = tmp_path_factory.mktemp("recording") / "file"
    record(path, moments)
    recording = Recording(path)
    assert (recording.damage, recording.remark) == ("", "")
    assert recording.origin == Origin("program", "made up", "BEGIN { }", SPECS, {"quiet": "1"}, {"by": ["pid"]})
    forth = [plain(recording.snapshot(number)) for number in range(len(recording))]
    assert forth == [plain(moment) for moment in moments]
    back = [plain(recording.snapshot(number)) for number in reversed(range(len(recording)))]
    assert back == forth[::-1]
    path.unlink()


@given(st.integers(1, 300).flatmap(lambda count: st.tuples(sparse(count), sparse(count))), st.sampled_from([0, 3]))
def test_changes_make_the_later_of_the_earlier(pair: tuple[Words, Words], counted: int) -> None:
    before, now = pair
    raw = [b"".join(word.to_bytes(8, "little") for word in words) for words in pair]
    found = changes(raw[0], raw[1], counted)
    assert changed(before, found, counted) == now
    assert len(found) <= 2 * (sum(a != b for a, b in zip(before, now, strict=True)) + 1)


def test_a_sum_of_what_follows_takes_no_room() -> None:
    before, now = [
        b"".join(word.to_bytes(8, "little") for word in words) for words in ((5, 0, 0, 2, 3), (9, 0, 0, 2, 7))
    ]
    assert changes(before, now, 3) == [4, 4]
    assert changes(before, now, 0) == [0, 4, 3, 4]


def steps(count: int, size: int, *, lone: bool = False) -> list[Snapshot]:
    """Moments of an exphist that grows, and of a count and a sum unless it is alone: key k of `size` sees a value in
    every (k % 7 + 1)th interval."""
    seen: dict[Key, list[int]] = {}
    moments = [snapshot({})]
    for number in range(1, count + 1):
        for k in range(size):
            if number % (k % 7 + 1):
                continue
            value = 1000 + 37 * number * (k + 1)
            words = seen.setdefault((k, f"command{k}", "\n"), [0] * MEANINGS["exphist"].words((2,)))
            words[0] += 1
            words[1] += value
            words[2] = max(words[2], value)
            words[6 + exphist_index(value, 2)] += 1
        histograms = {key: tuple(words) for key, words in seen.items()}
        counts = {key: (words[0],) for key, words in seen.items()}
        sums = {key: tuple(words[:2]) for key, words in seen.items()}
        held = {"exphist": histograms} if lone else {"exphist": histograms, "count": counts, "sum": sums}
        moments.append(snapshot(held, at=number * SECOND))
    return moments


def test_any_moment_is_found_from_any_other(tmp_path: Path) -> None:
    moments = steps(400, 5)
    record(tmp_path / "file", moments)
    assert (tmp_path / "file").read_bytes().count(b'{"frame":') > 2
    recording = Recording(tmp_path / "file")
    assert len(recording) == 401
    assert recording.duration_ns == 400 * SECOND
    for number in (400, 0, 399, 61, 60, 59, 200, 201, 202, 1):
        assert plain(recording.snapshot(number)) == plain(moments[number])
    with pytest.raises(IndexError, match="moments 0 to 400, not 401"):
        recording.snapshot(401)
    assert [recording.index(at) for at in (-1, 0, 10 * SECOND - 1, 10 * SECOND, 10**15)] == [0, 0, 9, 10, 400]


def test_a_key_that_went_and_came_again(tmp_path: Path) -> None:
    key: Key = (1, "a", "\n")
    seen = [{"count": {key: (7,)}}, {}, {"count": {key: (0,)}}, {"count": {key: (2,)}}]
    moments = [snapshot(rows, at=at) for at, rows in enumerate(seen)]
    record(tmp_path / "file", moments)
    recording = Recording(tmp_path / "file")
    assert [dict(recording.snapshot(n).tables["count"].rows) for n in range(4)] == [
        rows.get("count", {}) for rows in seen
    ]


def test_rows_as_they_were_read_from_the_kernel(tmp_path: Path) -> None:
    spec = next(spec for spec in SPECS if spec.name == "sum")
    copies = [(n).to_bytes(8, "little") + (1 << 62).to_bytes(8, "little") for n in (1, 2)]
    rows = Rows({(1, "a", "\n"): copies}, spec)
    first = snapshot({})
    second = Snapshot(START + 1, WALL + 1, first.tables | {"sum": Table(spec, rows)}, {})
    record(tmp_path / "file", [first, second])
    assert plain(Recording(tmp_path / "file").snapshot(1)) == plain(second)


def test_what_was_printed_comes_back_in_order(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "file")
    recorder.begin(ORIGIN, snapshot({}))
    recorder.output("one\n", START + 10)
    recorder.output("two\n", START + 11)
    recorder.output("\udcff late\n", START + SECOND)
    recorder.complain("3 drops on CPU 0", START + SECOND + 5)
    event = Recorded(7, ProbeName("syscall", "vmlinux", "read", "entry"), 1, 2, (-5, "name", b"\0\xff"), "-5name")
    recorder.event(event)
    silent = Recorded(9, ProbeName("syscall", "vmlinux", "read", "entry"), 1, 2, (), '"values":[],')
    recorder.event(silent)
    recorder.note({"gone": [[1, 2]]}, START + 2 * SECOND)
    recorder.take(snapshot({}, at=2 * SECOND))
    recorder.output("at the end\n", START + 2 * SECOND + 1)
    recorder.close()
    recording = Recording(tmp_path / "file")
    assert list(recording.printed()) == [
        Printed("output", 10, "one\ntwo\n"),
        Printed("output", SECOND, "\udcff late\n"),
        Printed("said", SECOND + 5, "3 drops on CPU 0"),
        Printed("output", 2 * SECOND + 1, "at the end\n"),
    ]
    assert list(recording.events()) == [event, silent]
    assert recording.event_times == [7, 9]
    assert [recording.event(number) for number in (1, 0)] == [silent, event]
    assert [recording.is_silent(number) for number in (0, 1)] == [False, True]
    assert list(recording.notes()) == [Noted(2 * SECOND, {"gone": [[1, 2]]})]


# ------------------------------------------------------------------------------------------------------------- the size


def buckets(moments: Sequence[Snapshot]) -> int:
    """Buckets that are not empty in what the intervals added."""
    found = 0
    for before, now in itertools.pairwise(moments):
        for name, table in now.tables.items():
            first = 3 if name == "exphist" else 0
            for key, words in table.rows.items():
                earlier = before.tables[name].rows.get(key, (0,) * len(words))
                changed = [a != b for a, b in zip(earlier[first:], words[first:], strict=True)]
                found += sum(changed) if is_distribution(name) else any(changed)
    return found


@pytest.mark.parametrize(("count", "size"), [(10, 200), (60, 40), (600, 10)])
def test_at_most_forty_bytes_a_bucket(tmp_path: Path, count: int, size: int) -> None:
    # One value a key and interval is the least that there can be: the cost of a key is shared by one bucket.
    moments = steps(count, size, lone=True)
    record(tmp_path / "none", moments[:1])
    record(tmp_path / "file", moments)
    taken = (tmp_path / "file").stat().st_size - (tmp_path / "none").stat().st_size
    assert taken / buckets(moments) <= 40


# ----------------------------------------------------------------------------------------------------------- the damage


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[Snapshot]]:
    """A recording with everything in it, and its moments."""
    path = tmp_path_factory.mktemp("whole") / "file"
    moments = steps(4, 3)
    recorder = Recorder(path)
    recorder.begin(ORIGIN, moments[0])
    for moment in moments[1:]:
        recorder.output("text\n", moment.time_ns)
        recorder.event(Recorded(moment.time_ns - START, ProbeName("a", "b", "c::d", "e"), 0, 1, (1,), "1"))
        recorder.take(moment)
    recorder.close()
    return path.read_bytes(), moments


def readable(path: Path) -> Recording | str:
    """The recording, with all of it looked at, or why there is none."""
    try:
        recording = Recording(path)
    except BadRecording as problem:
        return str(problem)
    for number in range(len(recording)):
        recording.snapshot(number)
    list(recording.printed()), list(recording.events())
    return recording


def test_cut_off_anywhere_it_has_all_whole_intervals(tmp_path: Path, whole: tuple[bytes, list[Snapshot]]) -> None:
    data, moments = whole
    path = tmp_path / "file"
    ends = [at + 1 for at in range(len(data)) if data[at : at + 1] == b"\n"]
    moment_ends = [
        end
        for start, end in zip([0, *ends], ends, strict=False)
        if data[start + 9 : end].startswith((b'{"at"', b'{"frame"'))
    ]
    assert len(moment_ends) == len(moments) == 5
    for size in range(len(data)):
        path.write_bytes(data[:size])
        there = sum(end <= size for end in moment_ends)
        found = readable(path)
        if not there:
            assert isinstance(found, str)
            assert str(path) in found
            continue
        assert isinstance(found, Recording)
        assert plain(found.snapshot(len(found) - 1)) == plain(moments[there - 1])
        assert len(found) == there
        assert not found.damage
        assert found.remark


def test_a_byte_that_is_another_is_told_with_its_place(tmp_path: Path, whole: tuple[bytes, list[Snapshot]]) -> None:
    data, moments = whole
    path = tmp_path / "file"
    starts = [0, *(at + 1 for at in range(len(data)) if data[at : at + 1] == b"\n")]
    for at in range(0, len(data) - 1, 7):
        broken = bytearray(data)
        broken[at] ^= 0x15
        path.write_bytes(broken)
        found = readable(path)
        start = max(start for start in starts if start <= at)
        told = found if isinstance(found, str) else found.damage or found.remark
        assert f"at byte {start}" in told
        if isinstance(found, Recording):
            assert plain(found.snapshot(len(found) - 1)) == plain(moments[len(found) - 1])
            assert data.index(b'"frame"') < at


def with_checksum(thing: object) -> bytes:
    body = json.dumps(thing).encode()
    return b"%08x %b\n" % (zlib.crc32(body), body)


def test_a_newer_format_is_refused_with_both_versions(tmp_path: Path, whole: tuple[bytes, list[Snapshot]]) -> None:
    first, _, rest = whole[0].partition(b"\n")
    header = json.loads(first[9:]) | {"version": 2}
    (tmp_path / "file").write_bytes(with_checksum(header) + rest)
    told = readable(tmp_path / "file")
    assert isinstance(told, str)
    assert "recorded by a newer vtrace (format 2, this one reads up to 1); it is of program made up" in told


def test_lines_that_a_later_vtrace_adds_are_left_out(tmp_path: Path, whole: tuple[bytes, list[Snapshot]]) -> None:
    data, moments = whole
    first, _, rest = data.partition(b"\n")
    (tmp_path / "file").write_bytes(first + b"\n" + with_checksum({"more": 1}) + rest)
    found = readable(tmp_path / "file")
    assert isinstance(found, Recording)
    assert plain(found.snapshot(4)) == plain(moments[4])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"no recording\n",
        b"{}\n",
        bytes(4096),
        with_checksum([]),
        with_checksum({}),
        with_checksum({"format": "vtrace recording", "version": 1}),
        with_checksum({"format": "vtrace recording", "version": "x"}),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(BadRecording, match=str(tmp_path)):
        Recording(tmp_path / "file")
    with pytest.raises(BadRecording, match=r"cannot read .*: No such file or directory"):
        Recording(tmp_path / "other")


@pytest.mark.parametrize(
    "line",
    [
        {"at": 1, "drift": 0, "rows": [[10_000, 0, 1]]},
        {"at": 1, "drift": 0, "rows": [[0, 100_000, 1]]},
        {"at": 1, "drift": 0, "rows": [[0, 0]]},
        {"at": 1, "drift": 0},
        {"at": 1, "drift": 0, "rows": 5},
        {"at": 1, "drift": 0, "rows": [], "gone": [0]},
        {"at": "soon"},
        {"texts": 5, "keys": []},
        {"texts": [], "keys": [[0, [10_000]]]},
        {"texts": [], "keys": [[0, 1]]},
        {"output": 5},
    ],
)
def test_a_line_that_makes_no_sense_is_damage(tmp_path: Path, line: object) -> None:
    record(tmp_path / "file", steps(1, 1)[:1])
    data = (tmp_path / "file").read_bytes()
    (tmp_path / "file").write_bytes(data + with_checksum(line))
    told = ""
    try:
        recording = Recording(tmp_path / "file")
        told = recording.damage
        assert plain(recording.snapshot(0)) == plain(snapshot({}))
        recording.snapshot(len(recording) - 1)
        list(recording.printed())
    except BadRecording as problem:
        told = str(problem)
    assert f"damaged at byte {len(data)}" in told


# ------------------------------------------------------------------------------------------------------------- the file


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"precious")
    with pytest.raises(RecordingFailed, match="it is there already, and nothing is written over"):
        Recorder(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"precious"
    with pytest.raises(RecordingFailed, match="No such file or directory"):
        Recorder(tmp_path / "none" / "file")


def test_a_recording_that_was_not_begun_leaves_no_file_but_one_that_was_there(tmp_path: Path) -> None:
    Recorder(tmp_path / "file").close()
    assert not (tmp_path / "file").exists()
    (tmp_path / "file").touch()
    Recorder(tmp_path / "file").close()
    assert (tmp_path / "file").exists()


def test_a_file_has_one_recorder(tmp_path: Path) -> None:
    first = Recorder(tmp_path / "file")
    with pytest.raises(RecordingFailed, match="another process records to it"):
        Recorder(tmp_path / "file")
    first.begin(ORIGIN, snapshot({}))
    first.close()
    assert plain(Recording(tmp_path / "file").snapshot(0)) == plain(snapshot({}))


def test_a_disk_that_is_full_is_told_and_ends_the_recording() -> None:
    recorder = Recorder("/dev/full")
    with pytest.raises(RecordingFailed, match="cannot write /dev/full: No space left on device"):
        recorder.begin(ORIGIN, snapshot({}))
    recorder.take(snapshot({}, at=1))
    recorder.close()


def test_each_interval_is_in_the_file_at_once(tmp_path: Path) -> None:
    moments = steps(3, 2)
    recorder = record(tmp_path / "file", moments, end=False)
    recording = Recording(tmp_path / "file")
    assert plain(recording.snapshot(3)) == plain(moments[3])
    assert "no end" in recording.remark
    recorder.close()
    assert Recording(tmp_path / "file").remark == ""
