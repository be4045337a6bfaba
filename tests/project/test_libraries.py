"""Our D libraries as a whole: what they define is found, no name is defined twice, and all that they say compiles."""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import Any

import pytest

from pyvtrace.lang import ast
from pyvtrace.lang.declarators import TypeNames
from pyvtrace.lang.lexer import Macros
from pyvtrace.lang.parser import parse
from pyvtrace.lang.types import TYPEDEFS
from pyvtrace.runtime.libraries import SHIPPED, Shipped
from pyvtrace.source import Source

MACHINES = {"x86_64", "aarch64"}
# All but those of another machine.
FILES = sorted(n for n in os.listdir(SHIPPED) if not set(n.split(".")) & (MACHINES - {os.uname().machine}))
LIBRARIES = Shipped()


def items(file: str) -> tuple[ast.Item, ...]:
    with open(os.path.join(SHIPPED, file)) as text:
        return parse(Source(file, text.read(), "library"), Macros(), TypeNames(LIBRARIES.has)).items


DEFINED = [(file, item) for file in FILES for item in items(file)]
NAMES = [(file, item.name) for file, item in DEFINED if isinstance(item, ast.Typedef | ast.Inline)]


def test_every_name_is_found_in_the_library_that_defines_it() -> None:
    for file, name in NAMES:
        source = LIBRARIES.defining(name)
        assert source is not None and source.name == file, name


def test_no_name_is_defined_twice_nor_by_the_language() -> None:
    counted = Counter(name for _, name in NAMES)
    assert [name for name, number in counted.items() if number > 1 or name in TYPEDEFS] == []


def test_names_of_types_are_those_that_the_parser_asks_for() -> None:
    assert [i.name for _, i in DEFINED if isinstance(i, ast.Typedef) and not i.name.endswith("_t")] == []


# An expression of the type that a translator takes.
INPUTS = {
    "struct task_struct": "curthread",
    "int": "cpu",
    "struct dentry": "curthread->fs->pwd.dentry",
    "struct file": "curthread->files->fdt->fd[0]",
}
PROBES = {
    "struct bio": "io::block_getrq:start",
    "struct __io_request": "io::block_rq_complete:done",
    "struct __io_bio": "io::block_bio_complete:done",
    "struct __io_waited": "io:::wait-done",
    "struct block_device": "io:::wait-start",
    "struct kernel_siginfo": "proc:::signal-handle",
    "struct sk_buff": "ip:::send",
    "struct iphdr": "ip:::send",
    "struct ipv6hdr": "ip:::receive",
    "struct net_device": "ip:::receive",
    "struct tcphdr": "tcp:::receive",
    "struct sock": "tcp:::accept-established",
    "struct __tcp_moved": "tcp:::state-change",
    "struct __tcp_sent": "tcp:::send",
    "struct __tcp_received": "tcp:::receive",
    "struct udphdr": "udp:::receive",
    "struct __udp_sent": "udp:::send",
    "struct __udp_received": "udp:::receive",
}
NUMBERS = {"bufinfo_t": 0, "devinfo_t": 1, "fileinfo_t": 2, "pktinfo_t": 0, "csinfo_t": 1, "ipinfo_t": 2, "ifinfo_t": 3}
NUMBERS |= {
    "siginfo_t": 1,
    "ipv4info_t": 4,
    "ipv6info_t": 5,
    "tcpsinfo_t": 3,
    "tcpinfo_t": 4,
    "udpsinfo_t": 3,
    "udpinfo_t": 4,
}
TRANSLATED = [
    (" ".join(item.type.words), " ".join(item.input.words).strip(), member.name)
    for _, item in DEFINED
    if isinstance(item, ast.Translator)
    for member in item.members
]


@pytest.mark.parametrize(("type_", "taken", "member"), TRANSLATED)
def test_every_member_of_every_translator_compiles_and_loads(type_: str, taken: str, member: str, vtrace: Any) -> None:
    if taken in INPUTS:
        pointer = "" if taken == "int" else " *"
        program = f"BEGIN {{ trace(xlate <{type_} *> (({taken}{pointer})({INPUTS[taken]}))->{member}); exit(0); }}"
    else:
        program = f"{PROBES[taken]} /0/ {{ trace(args[{NUMBERS[type_]}]->{member}); }} BEGIN {{ exit(0); }}"
    ran = vtrace("-qn", program)
    assert (ran.status, re.sub(r"(?m)^$\n", "", ran.stderr)) == (0, "")
