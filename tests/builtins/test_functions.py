"""The functions in the kernel against models of what the Dynamic Tracing Guide says of them."""

from __future__ import annotations

import ctypes
import ipaddress
import itertools
import os
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvtrace.source import CompileError
from tests.builtins.test_strings import PATHS, quoted
from tests.fuzz import thorough
from tests.programs import traced


def evaluated(calls: list[str], **options: str) -> list[object]:
    """What each expression gives; texts in it go through variables, so that nothing is known of them."""
    found: list[object] = []
    for at in range(0, len(calls), 10):
        body = "".join(f"trace({call});\n" for call in calls[at : at + 10])
        found += traced(f'string s; string t;\nBEGIN {{ s = ""; t = ""; {body} }}', **options)
    return found


def on(text: str, call: str) -> str:
    return f"(s = {quoted(text)}, {call})"


def on_both(first: str, second: str, call: str) -> str:
    return f"(s = {quoted(first)}, t = {quoted(second)}, {call})"


def found(text: str, wanted: str, at: int | None, *, backwards: bool) -> int:
    """Perl's index() and rindex()."""
    if not wanted:
        return min(max(at if at is not None else (len(text) if backwards else 0), 0), len(text))
    if backwards:
        return (
            text.rfind(wanted, 0, len(wanted) + min(at, len(text)) if at is not None else None)
            if at is None or at >= 0
            else -1
        )
    return text.find(wanted, max(at or 0, 0))


def substr(text: str, at: int, count: int | None) -> str:
    if at < 0:
        at += len(text)
        if at < 0:
            if count is not None and at + count <= 0:
                return ""
            count, at = None if count is None else count + at, 0
    if at >= len(text):
        return ""
    if count is None:
        return text[at:]
    return text[at : at + count] if count >= 0 else text[at : max(at, len(text) + count)]


def cleaned(path: str) -> str:
    """What DTrace makes of a path: a final "." stays, and a final ".." leaves the slash."""
    made, at = "", 0
    while at < len(path):
        if path[at] != "/":
            made, at = made + path[at], at + 1
        elif path.startswith(("//", "/./"), at):
            at += 1 if path.startswith("//", at) else 2
        elif path.startswith("/../", at) or path[at:] == "/..":
            cut = made.rfind("/")
            final = path[at:] == "/.."
            if final:
                return made[: cut + 1] if cut >= 0 else made[:1] or "/"
            made, at = made[: max(cut, 0)], at + 3
        else:
            made, at = made + "/", at + 1
    return made


TEXTS = ["", "a", "aa", "aab", "abab", "hello", "l", "x" * 63, "x" * 40 + "yx", "a,b;c", ",;", "aXbXc"]


def test_characters_are_found() -> None:
    cases = list(itertools.product(TEXTS, "alxX"))
    calls = [on(text, f"{name}(s, '{c}')") for text, c in cases for name in ("strchr", "strrchr")]
    want = [text[at:] if (at := find(text, c)) >= 0 else "" for text, c in cases for find in (str.find, str.rfind)]
    assert evaluated(calls, strsize="64") == want
    assert evaluated(['strchr("abc", 0)', 'strrchr("abc", 0)', "strchr(\"abc\", 'z') == NULL"]) == ["", "", 1]


def test_strings_are_found() -> None:
    cases = list(itertools.product(TEXTS, [*TEXTS[:7], "xyx", "x" * 60]))
    calls = [on_both(a, b, f"{name}(s, t)") for a, b in cases for name in ("strstr", "index", "rindex")]
    want: list[object] = []
    for a, b in cases:
        want += [
            a[a.find(b) :] if b in a else "",
            found(a, b, None, backwards=False),
            found(a, b, None, backwards=True),
        ]
    assert evaluated(calls, strsize="64") == want


@pytest.mark.parametrize("at", [-(1 << 40), -3, -1, 0, 1, 2, 3, 4, 5, 7, 1 << 40])
def test_strings_are_found_from_a_position(at: int) -> None:
    cases = list(itertools.product(["", "a", "abab", "aaaaa"], ["", "a", "ab", "aba", "b"]))
    calls = [on_both(a, b, f"{name}(s, t, {at})") for a, b in cases for name in ("index", "rindex")]
    want = [found(a, b, at, backwards=back) for a, b in cases for back in (False, True)]
    assert evaluated(calls, strsize="16") == want


def test_a_long_string_is_found_in_a_longer_one() -> None:
    long = "".join(chr(97 + (i * i + i // 23) % 23) for i in range(200))
    calls = [on_both("ab" + long, long, "index(s, t)"), on_both("ab" + long, long[50:] + "!", "index(s, t)"),
             on_both(long, long[130:], "strstr(s, t)"), on_both(long, long[60:130], "rindex(s, t)")]  # fmt: skip
    assert evaluated(calls) == [2, -1, long[long.find(long[130:]) :], long.rfind(long[60:130])]


@thorough(programs=15)
@given(st.lists(st.tuples(st.text("ab", max_size=40), st.text("ab", max_size=5)), min_size=1, max_size=10))
def test_any_string_is_found(cases: list[tuple[str, str]]) -> None:
    calls = [on_both(a, b, f"{name}(s, t)") for a, b in cases for name in ("index", "rindex")]
    assert evaluated(calls, strsize="64") == [
        found(a, b, None, backwards=back) for a, b in cases for back in (False, True)
    ]


def test_substr_takes_a_part() -> None:
    numbers = (-9, -5, -3, -1, 0, 1, 3, 5, 9)
    cases = [(text, at, count) for text in ("", "x", "hello") for at in numbers for count in (None, *numbers)]
    calls = [on(text, f"substr(s, {at}{'' if count is None else f', {count}'})") for text, at, count in cases]
    assert evaluated(calls, strsize="8") == [substr(*case) for case in cases]


def test_strtok_gives_the_parts_between_separators() -> None:
    for text in ("a,b;c", ",;a,;b", "abc", "", ",,,", "a,", "x" * 28 + ",y"):
        body = f's = {quoted(text)}; trace(strtok(s, ",;"));' + 'trace(strtok(NULL, ",;"));' * 3
        want = [part for part in text.replace(";", ",").split(",") if part]
        assert traced(f"string s; BEGIN {{ {body} }}", strsize="32") == [*want, "", "", "", ""][:4]


def test_strtok_forgets_when_the_probe_has_fired() -> None:
    assert traced('BEGIN { trace(strtok(NULL, ",")); }') == [""]
    assert traced('BEGIN { trace(strtok("a,b", ",")); } BEGIN { trace(strtok(NULL, "")); }') == ["a", "b"]


def test_dirname_is_that_of_posix() -> None:
    def model(path: str) -> str:
        head = posixpath.dirname(path.rstrip("/"))
        return "/" if path.startswith("/") and not head.strip("/") else head.rstrip("/") or "."

    assert evaluated([on(path, "dirname(s)") for path in PATHS], strsize="64") == [model(path) for path in PATHS]


CLEAN = ["".join(p) for n in range(1, 6) for p in itertools.product(["/", ".", "a"], repeat=n)]


def test_cleanpath_takes_dots_away() -> None:
    paths = [*CLEAN, "", "/a/./b/../c//d", "/foo/bar/..", "a/../../b", "/" * 60, "/a" * 31, "/a/b" * 7 + "/.." * 11,
             "/..a/b", "/...", "/.a"]  # fmt: skip
    assert evaluated([on(path, "cleanpath(s)") for path in paths], strsize="64") == [cleaned(path) for path in paths]


def test_numbers_become_text() -> None:
    numbers = [0, 1, -1, 9, 10, -10, 255, 1 << 62, -(1 << 62), (1 << 63) - 1, *(10**n for n in range(19))]
    assert evaluated([f"lltostr({n})" for n in numbers]) == [str(n) for n in numbers]
    assert traced("BEGIN { trace(lltostr(-9223372036854775807 - 1)); }") == [str(-(1 << 63))]


def test_bytes_change_their_order() -> None:
    sizes = {"s": 2, "l": 4, "ll": 8}
    calls = [f"{way}{size}(0x1122334455667788)" for way in ("hton", "ntoh") for size in sizes]
    want = [int.from_bytes((0x1122334455667788).to_bytes(8, "little")[:n], "big") for n in sizes.values()]
    assert evaluated(calls) == want * 2


def test_devices_have_two_numbers() -> None:
    assert evaluated(["getmajor(0x12300045)", "getminor(0x12300045)"]) == [0x123, 0x45]


def test_who_descends_from_whom() -> None:
    calls = [f"progenyof({pid})" for pid in (os.getpid(), os.getppid(), 1, 999_999_999, -1)]
    assert evaluated(calls) == [1, 1, 1, 0, 0]


V6 = ["::", "::1", "1::", "1:2:3:4:5:6:7:8", "1080::8:800:200c:417a", "fe80::214:4fff:fe3b:76c8", "1:0:0:2::3",
      "::ffff:10.1.2.255", "::1.2.3.4", "ff01::101", "0:0:1::", "abcd:ef01:2345:6789:abcd:ef01:2345:6789"]  # fmt: skip


def v6(text: str) -> str:
    """As the library writes it, but for IPv4 inside."""
    address = ipaddress.IPv6Address(text)
    if int(address) >> 32 in (0, 0xFFFF) and int(address) >> 16:
        prefix = "::" if int(address) >> 32 == 0 else "::ffff:"
        return prefix + str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return str(address)


def test_addresses_become_text() -> None:
    four = [ipaddress.IPv4Address(text) for text in ("127.0.0.1", "255.255.255.255", "0.0.0.0", "10.0.100.9")]
    raw = [ctypes.create_string_buffer(a.packed, 4) for a in four]
    calls = [f"inet_ntoa((ipaddr_t *){ctypes.addressof(r):#x})" for r in raw]
    calls += [f"inet_ntop(2, (ipaddr_t *){ctypes.addressof(r):#x})" for r in raw]
    assert evaluated(calls) == [str(a) for a in four] * 2
    raw = [ctypes.create_string_buffer(ipaddress.IPv6Address(text).packed, 16) for text in V6]
    calls = [f"inet_ntoa6((uint64_t *){ctypes.addressof(r):#x})" for r in raw]
    calls += [f"inet_ntop(10, (void *){ctypes.addressof(r):#x})" for r in raw]
    assert evaluated(calls) == [v6(text) for text in V6] * 2


def test_link_addresses_become_text() -> None:
    raw = ctypes.create_string_buffer(bytes(range(7, 247, 12)), 20)
    address = ctypes.addressof(raw)
    assert evaluated([f"link_ntop(1, (void *){address:#x})", f"link_ntop(32, (void *){address:#x})"]) == [
        raw.raw[:6].hex(":"), raw.raw.hex(":")]  # fmt: skip


def test_an_address_of_an_unknown_kind_is_a_fault() -> None:
    assert traced("BEGIN { trace(inet_ntop(7, (void *)8)); } ERROR { trace(arg4); }") == [3]
    assert traced("BEGIN { trace(inet_ntoa((ipaddr_t *)8)); } ERROR { trace(arg4); }") == [1]


def test_functions_go_into_each_other_and_anywhere() -> None:
    nested = 'strstr(strjoin(dirname(cleanpath(s)), strtok(strchr(s, 47), "/")), substr(lltostr(12345), 1, 2))'
    assert traced(f'string s; BEGIN {{ s = "/23/x/../y"; trace({nested}); }}') == ["2323"]
    text = f'string s; BEGIN {{ s = "/23/x/../y"; }} BEGIN /index({nested}, "3") == 1 && strtok(s, "/") == "23"/'
    assert traced(f'{text} {{ m[strrchr(s, 47)] = rindex(s, s); trace(m["/y"]); trace(m[strstr(s, "/y")]); }}') == [
        0,
        0,
    ]


@pytest.mark.parametrize(
    ("call", "tag"),
    [
        ('lltostr(8, 8)', "D_PROTO_LEN"), ("strchr(1, 2)", "D_PROTO_ARG"), ('strchr("a", "b")', "D_PROTO_ARG"),
        ("strtok(1, \"a\")", "D_PROTO_ARG"), ("index(\"a\")", "D_PROTO_LEN"), ("inet_ntoa(1)", "D_PROTO_ARG"),
        ("rand(1)", "D_PROTO_LEN"), ('htons("a")', "D_PROTO_ARG"), ('substr("a", "b")', "D_PROTO_ARG"),
    ],
)  # fmt: skip
def test_calls_are_checked(call: str, tag: str) -> None:
    with pytest.raises(CompileError) as error:
        traced(f"BEGIN {{ trace({call}); }}")
    assert [d.tag for d in error.value.diagnostics] == [tag]


def test_a_claim_has_one_first_until_another_takes_its_slot() -> None:
    claims = [1, 1, 1 << 40, 1, 1 << 40, 1 << 63, 1 << 63]
    assert evaluated([f"__first({claim}ULL)" for claim in claims]) == [1, 0, 1, 0, 0, 1, 0]
