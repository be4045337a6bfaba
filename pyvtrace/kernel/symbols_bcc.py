"""The symbol cache of libbcc: a second opinion on what lies at an address of a living process.

It is asked about files that our own reader cannot read, such as 32-bit ones. For the rest it costs too much: loading
the library takes a tenth of a second and 60 MB, for it has a compiler in it, and every process gets symbols of its own,
of the same files.

bcc comes from the distribution (python3-bpfcc). Its binding of libbcc needs nothing but ctypes, so any Python can load
it from there, without the rest of the package and without its directory in the module path. What PyPI calls bcc is
another thing.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from types import ModuleType

DIRECTORIES = ("/usr/lib/python3/dist-packages", "/usr/lib64/python3/site-packages")
PACKAGES = "apt install python3-bpfcc (elsewhere: bcc-tools or python3-bcc; not from PyPI)"
_PACKAGE = "_pyvtrace_bcc"
# Processes whose symbols are kept: a cache has some tens of bytes for every symbol of every file that was looked into.
_MOST = 16
# Types of symbols, a bit each: STT_FUNC, STT_GNU_IFUNC.
_FUNCTIONS = 1 << 2 | 1 << 10


def places() -> Iterator[str]:
    """Where a bcc with a binding of libbcc is installed."""
    version = f"/usr/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    for directory in dict.fromkeys((*sys.path, *DIRECTORIES, version)):
        if os.path.isfile(f"{directory}/bcc/libbcc.py"):
            yield f"{directory}/bcc/libbcc.py"


def load() -> ModuleType | None:
    """The binding; None where bcc is not installed, or its library cannot be loaded."""
    from importlib import import_module

    for path in places():
        # A package of that place that runs nothing when it is imported.
        package = ModuleType(_PACKAGE)
        package.__path__ = [os.path.dirname(path)]
        sys.modules[_PACKAGE] = package
        try:
            return import_module(f"{_PACKAGE}.libbcc")
        except (OSError, ImportError, AttributeError):
            del sys.modules[_PACKAGE]
    return None


class BccSymbols:
    """Names in living processes."""

    def __init__(self, module: ModuleType) -> None:
        self._library, self._symbol = module.lib, module.bcc_symbol
        self._options = module.bcc_symbol_option(
            use_debug_file=1, check_debug_file_crc=0, lazy_symbolize=0, use_symbol_type=_FUNCTIONS
        )
        self._caches: dict[int, object] = {}

    def forget(self, pid: int) -> None:
        """A process is another program now, or has mapped something new."""
        if cache := self._caches.pop(pid, None):
            self._library.bcc_free_symcache(cache, pid)

    def find(self, pid: int, address: int) -> tuple[str, int] | None:
        """Name and offset of the function at an address of a process that lives."""
        cache = self._cache(pid)
        symbol = self._symbol()
        if not cache or self._library.bcc_symcache_resolve(cache, address, ctypes.byref(symbol)) < 0:
            return None
        try:
            name = symbol.demangle_name or symbol.name
            return (name.decode("utf-8", "surrogateescape"), symbol.offset) if name else None
        finally:
            self._library.bcc_symbol_free_demangle_name(ctypes.byref(symbol))

    def _cache(self, pid: int) -> object:
        if pid not in self._caches:
            if len(self._caches) >= _MOST:
                self.forget(next(iter(self._caches)))
            self._caches[pid] = self._library.bcc_symcache_new(pid, ctypes.byref(self._options))
        return self._caches[pid]
