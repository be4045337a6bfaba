"""Options: the canonical form of every kind of value, and that the table covers all of DTrace's."""

from __future__ import annotations

import re

import pytest

from pyvtrace.runtime.options import MOOT, OPTIONS, REFUSED, BadOption, canonical, is_set, number, setting
from tests.conftest import RunVtrace

# Dynamic Tracing Guide, "Options and Tunables", and dtrace(8) of DTrace 2.
NAMES = """
    aggpercpu amin argref core cpp cppargs cpphdrs cpppath ctypes ctfpath defaultargs debug debugassert define
    disasm dofstashpath droptags dtypes empty errtags evaltime incdir iregs kdefs knodefs late lazyload ldpath
    libdir linkmode linktype linknommap modpath nolibs pgmax preallocate procfspath pspec stdc strip syslibdir
    sysslice tree tregs udefs undef unodefs useruid verbose version zdefs aggsize bpflog bpflogsize bufsize
    bufpolicy bufresize cleanrate cpu destructive dynvarsize grabanon jstackframes jstackstrsize lockmem
    maxframes nspec pcapsize scratchsize specsize stackframes statusrate strsize ustackframes noresolve
    aggrate aggsortkey aggsortkeypos aggsortpos aggsortrev flowindent quiet quietresize rawbytes stackindent
    switchrate printsize
"""


def test_every_option_of_dtrace_has_a_row() -> None:
    assert OPTIONS.keys() == set(NAMES.split())


def test_what_has_no_effect_says_why() -> None:
    assert [o.name for o in OPTIONS.values() if o.standing in (MOOT, REFUSED) and not o.why] == []


def test_defaults_are_values_of_their_kind() -> None:
    flags = [o for o in OPTIONS.values() if o.kind == "flag"]
    assert {o.default for o in flags} == {"0"}
    assert all(int(o.default) >= o.least for o in OPTIONS.values() if o.kind in ("size", "int", "time") and o.default)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("quiet", None, "1"),
        ("quiet", "1", "1"),
        ("quiet", "0", "0"),
        ("bufsize", "4096", "4096"),
        ("bufsize", "0x1000", "4096"),
        ("bufsize", "010", "8"),
        ("bufsize", "4k", "4096"),
        ("bufsize", "4K", "4096"),
        ("aggsize", "2m", str(2 << 20)),
        ("aggsize", "1g", str(1 << 30)),
        ("aggsize", "1t", str(1 << 40)),
        ("switchrate", "10", "100000000"),
        ("switchrate", "10hz", "100000000"),
        ("switchrate", "10ns", "10"),
        ("switchrate", "10us", "10000"),
        ("switchrate", "10msec", "10000000"),
        ("switchrate", "2sec", "2000000000"),
        ("switchrate", "1m", "60000000000"),
        ("switchrate", "1h", "3600000000000"),
        ("switchrate", "1day", "86400000000000"),
        ("aggsortkeypos", "3", "3"),
        ("bufpolicy", "switch", "switch"),
        ("cpppath", "/bin/cpp", "/bin/cpp"),
    ],
)
def test_values(name: str, text: str | None, value: str) -> None:
    assert canonical(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("quiet", "maybe"),
        ("bufsize", None),
        ("bufsize", ""),
        ("bufsize", "k"),
        ("bufsize", "4kb"),
        ("bufsize", "-1"),
        ("bufsize", "09"),
        ("bufsize", "4g"),
        ("strsize", "0"),
        ("switchrate", "0"),
        ("switchrate", "1fortnight"),
        ("aggsortpos", "x"),
        ("stdc", "q"),
        ("bufpolicy", "nosuch"),
        ("cpppath", None),
    ],
)
def test_what_is_no_value(name: str, text: str | None) -> None:
    refusal = canonical(name, text)
    assert isinstance(refusal, BadOption)
    assert refusal.why.startswith("Invalid value for specified option")


@pytest.mark.parametrize("name", ["ctypes", "grabanon", "linkmode", "late"])
def test_what_would_change_a_program_is_refused(name: str) -> None:
    assert isinstance(canonical(name, "1"), BadOption)


def test_settings_fall_back_to_defaults() -> None:
    assert setting({}, "strsize") == "256"
    assert number({"strsize": "100"}, "strsize") == 100
    assert (is_set({}, "quiet"), is_set({"quiet": "0"}, "quiet"), is_set({"quiet": "1"}, "quiet")) == (
        False,
        False,
        True,
    )


@pytest.mark.parametrize("word", ["yes", "Enable", "enabled", "TRUE", "on", "set", "1", "2", "0x10"])
def test_words_that_set_a_flag(word: str) -> None:
    assert canonical("quiet", word) == "1"


@pytest.mark.parametrize("word", ["no", "disable", "Disabled", "false", "off", "unset", "", "0"])
def test_words_that_unset_a_flag(word: str) -> None:
    assert canonical("quiet", word) == "0"


def test_frames_are_no_size() -> None:
    assert isinstance(canonical("stackframes", "1k"), BadOption)


COUNTING = """
tick-10ms { @ = count(); n++; }
tick-10ms /n < 6/ { printa("%@d ", @); }
tick-10ms /n == 6/ { exit(0); }
END { printa("end %@d\\n", @); }
"""


def test_aggrate_is_how_long_a_reading_is_good_for(vtrace: RunVtrace) -> None:
    ran = vtrace("-q", "-x", "aggrate=1h", "-n", COUNTING)
    *read, end, last = ran.stdout.split()
    assert len(read) == 5
    assert len(set(read)) == 1
    assert (end, last) == ("end", "6")


def test_without_aggrate_what_is_printed_is_of_its_moment(vtrace: RunVtrace) -> None:
    numbers = [int(word) for word in vtrace("-q", "-n", COUNTING).stdout.replace("end", "").split()]
    assert numbers == sorted(numbers)
    assert all(number >= n for n, number in enumerate(numbers[:-1], 1))
    assert numbers[-1] == 6


def test_switchrate_is_when_records_are_read(vtrace: RunVtrace) -> None:
    # 100 records of more than a hundred bytes do not fit into 4096, and nobody reads them until exit() is seen.
    text = 'tick-1ms { n++; } tick-1ms /n <= 100/ { printf("%s\\n", execname); tracemem(curthread, 128); } '
    ran = vtrace("-q", "-x", "switchrate=1h", "-x", "bufsize=4k", "-n", text + "tick-1ms /n == 100/ { exit(0); }")
    assert ran.status == 0
    assert sum(int(n) for n in re.findall(r"(?m)^vtrace: (\d+) drops? on CPU \d+$", ran.stderr)) >= 60
