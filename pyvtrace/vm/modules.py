"""A kernel's modules: what each needs, read from the modules themselves.

modprobe's tables are made when a distribution installs a kernel, and these kernels are only unpacked; `tables` makes
them. Names are compared with `_` for `-`, as the kernel does.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Mapping

from pyvtrace.vm.compression import unpack
from pyvtrace.vm.image import ELF
from pyvtrace.vm.refusal import Refused

DEPENDENCIES, ALIASES = "modules.dep", "modules.alias"


class Modules:
    """The modules below a directory, such as /lib/modules/6.1.0-56-amd64 or a built kernel tree."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.paths = {_name(path): path for path in _module_files(directory)}
        self.builtin = set(map(_name, _lines(os.path.join(directory, "modules.builtin"))))

    def load_order(self, wanted: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """(name, unpacked module) of all that are wanted and all they need, each after what it needs."""
        given: set[str] = set()
        for name in wanted:
            yield from self._with_needs(name, given)

    def _with_needs(self, name: str, given: set[str]) -> Iterator[tuple[str, bytes]]:
        if name in given or name in self.builtin:
            return
        given.add(name)
        if name not in self.paths:
            raise Refused(
                f"the kernel's module {name} is not in {self.directory}",
                "the guest needs it to start: give the directory of this kernel's modules with --modules DIR",
            )
        module = self.read(name)
        for needed in information(module)["depends"]:
            yield from self._with_needs(needed, given)
        yield name, module

    def read(self, name: str) -> bytes:
        with open(os.path.join(self.directory, self.paths[name]), "rb") as file:
            return unpack(file.read())

    def tables(self) -> Mapping[str, str]:
        """The text of modprobe's tables, by file name."""
        known = {name: information(self.read(name)) for name in self.paths}
        dependencies = (
            f"{path}: {' '.join(self.paths[need] for need in _all_needs(name, known))}\n"
            for name, path in self.paths.items()
        )
        aliases = (f"alias {alias} {name}\n" for name, info in known.items() for alias in info["alias"])
        return {DEPENDENCIES: "".join(dependencies), ALIASES: "".join(aliases)}


def information(module: bytes) -> Mapping[str, tuple[str, ...]]:
    """What a module says of itself: the modules it `depends` on, and each `alias` it answers to."""
    pairs = [text.partition("=") for text in _section(module, ".modinfo").decode("utf-8", "replace").split("\0")]
    depends = ",".join(value for key, _, value in pairs if key == "depends")
    return {
        "depends": tuple(_name(name) for name in depends.split(",") if name),
        "alias": tuple(value for key, _, value in pairs if key == "alias"),
    }


def _all_needs(name: str, known: Mapping[str, Mapping[str, tuple[str, ...]]]) -> list[str]:
    """All that `name` needs, nearest first: modprobe loads from the end."""
    needs: list[str] = []
    waiting = list(known[name]["depends"])
    while waiting:
        need = waiting.pop(0)
        if need in known:
            if need in needs:
                needs.remove(need)
            needs.append(need)
            waiting += known[need]["depends"]
    return needs


def _section(elf: bytes, name: str) -> bytes:
    """The bytes of a section of a 64-bit ELF file; none if it has none of that name."""
    if not elf.startswith(ELF):
        raise Refused("damaged module: not an ELF file")
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    # name, type, flags, address, offset, size
    headers = [struct.unpack_from("<IIQQQQ", elf, table + size * number) for number in range(count)]
    texts = headers[names][4]
    for header in headers:
        start = texts + header[0]
        if elf[start : start + len(name) + 1] == name.encode() + b"\0":
            return elf[header[4] : header[4] + header[5]]
    return b""


def _module_files(directory: str) -> Iterator[str]:
    for where, _, files in os.walk(directory):
        for file in sorted(files):
            if file.partition(".")[2] in ("ko", "ko.xz", "ko.gz", "ko.zst"):
                yield os.path.relpath(os.path.join(where, file), directory)


def _name(path: str) -> str:
    return os.path.basename(path).partition(".")[0].replace("-", "_")


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().split()
    except FileNotFoundError:
        return []
