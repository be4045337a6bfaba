"""Names of code in the kernel and in processes.

The kernel's come from /proc/kallsyms; those of a process from the file that was mapped at the address: its tables,
separate debug files, what a JIT wrote. bcc's symbol cache, where bcc is installed, is asked about files that we cannot
read. What was mapped where is followed from the start (`symbols_follow`), so that names do not end with their process.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pyvtrace.kernel.symbols_bcc import PACKAGES, BccSymbols, load, places
from pyvtrace.kernel.symbols_elf import Image
from pyvtrace.kernel.symbols_follow import Executed, Follower, Forked, Mapped, Missed
from pyvtrace.kernel.symbols_kernel import KernelSymbols
from pyvtrace.kernel.symbols_process import VDSO, Area, Images, Space, all_spaces
from pyvtrace.spec import JIT

# Functions through which the kernel runs a program at a tracepoint; in front of them is the program itself.
_TRACING = re.compile(
    r"bpf_trace_run\d+|__bpf_trace_\w+|__traceiter_\w+|trace_call_bpf\w*|perf_trace_\w+|perf_call_bpf_\w+"
    r"|__bpf_prog_test_run_raw_tp|bpf_prog_test_run_raw_tp"
)
_LOOKED_AT = 5
# Addresses of a file that bcc may fail to name in a row until it is not asked any more.
_HOPELESS = 32
# Processes of which it is kept what they had mapped: on a busy machine some thousands end every minute.
_MOST = 8192
_STRIPPED = "it was stripped, and its debug symbols are not installed"
_UNREADABLE = "its file is gone, or none that can be read"
# Of one loss or lack, so many examples are told.
_TOLD = 3

Found = tuple[str, str, int]


class Symbols:
    """Names by address. `follow` and `observe` make that those of processes survive them."""

    def __init__(self, *, bcc: bool = True) -> None:
        self._use_bcc = bcc
        self._bcc: BccSymbols | None = None
        self._bcc_failures: dict[str, int] = {}
        self._kernel: KernelSymbols | None = None
        self._kernel_named: dict[int, Found] = {}
        self._kernel_texts: dict[int, str] = {}
        self._of_tracing: dict[int, bool] = {}
        self._spaces: dict[int, Space] = {}
        self._images = Images()
        self._follower: Follower | None = None
        self._missed = 0
        self._most = self._room = _MOST
        self._unnamed: dict[str, set[int]] = {}
        # Why files have few names, or none.
        self._poor: dict[str, str] = {}

    # -------------------------------------------------------------------------------------------------------- kernel

    def read_kernel(self) -> KernelSymbols:
        """All that the kernel has, read when it is asked for first: that takes some 60 ms of a processor, which whoever
        watches a machine in trouble had better spent before."""
        if self._kernel is None:
            self._kernel = KernelSymbols()
        return self._kernel

    def kernel(self, address: int) -> str:
        """ "module`function+0x1f", or the address."""
        text = self._kernel_texts.get(address)
        if text is None:
            text = self._kernel_texts[address] = _with_offset(*self._in_kernel(address))
        return text

    def kernel_symbol(self, address: int) -> str:
        """The same without the offset."""
        return _symbol(*self._in_kernel(address))

    def kernel_module(self, address: int) -> str:
        """ "vmlinux", or the name of a module."""
        module, _, offset = self._in_kernel(address)
        return module or f"{offset:#x}"

    def _in_kernel(self, address: int) -> Found:
        found = self._kernel_named.get(address)
        if found is None:
            found = self.read_kernel().find(address)
            if found is None:
                found = ("", "", address)
                self._unnamed.setdefault("the kernel", set()).add(address)
            self._kernel_named[address] = found
        return found

    def tracing_frames(self, addresses: Sequence[int]) -> int:
        """How many frames at the top of a stack are of the tracing itself."""
        for place in range(min(_LOOKED_AT, len(addresses)) - 1, -1, -1):
            if self._is_of_tracing(addresses[place]):
                return place + 1
        return 0

    def _is_of_tracing(self, address: int) -> bool:
        """What has no name is not complained of here: the program itself may have none."""
        known = self._of_tracing.get(address)
        if known is None:
            found = self._kernel_named.get(address) or self.read_kernel().find(address)
            known = self._of_tracing[address] = found is not None and _TRACING.fullmatch(found[1]) is not None
        return known

    # ------------------------------------------------------------------------------------------------------ processes

    def user(self, pid: int, address: int) -> str:
        """ "libc.so.6`read+0x10", "program`0x1234" where only the file is known, or the address."""
        space = self._spaces.get(pid)
        text = space.texts.get(address) if space is not None else None
        if text is None:
            text = _with_offset(*self._in_process(pid, address))
            self._spaces[pid].texts[address] = text
        return text

    def user_symbol(self, pid: int, address: int) -> str:
        """The same without the offset."""
        return _symbol(*self._in_process(pid, address))

    def user_module(self, pid: int, address: int) -> str:
        """The file's name."""
        module, _, offset = self._in_process(pid, address)
        return module or f"{offset:#x}"

    def _in_process(self, pid: int, address: int) -> Found:
        space = self._space(pid)
        found = space.named.get(address)
        if found is None:
            self.observe()
            space = self._space(pid)
            found = space.named[address] = self._resolve(space, address)
            # Where a probe has no address of a process, it gives 0.
            if address and not found[1]:
                self._unnamed.setdefault(found[0] or f"process {pid}", set()).add(address)
        return found

    def _space(self, pid: int) -> Space:
        if pid not in self._spaces:
            space = self._spaces[pid] = Space(pid)
            space.refresh()
        return self._spaces[pid]

    def _resolve(self, space: Space, address: int) -> Found:
        area = space.find(address)
        if area is None and space.refresh():
            area = space.find(address)
        if area is None:
            return "", "", address
        image = self._images.of(space.pid, area) if area.path.startswith(("/", VDSO)) else None
        if image is None and (jit := space.jit().find(address)) is not None:
            return JIT, *jit
        if not area.path or area.path.startswith(("//anon", "[anon")):
            return "", "", address
        module = os.path.basename(area.path.removesuffix(" (deleted)"))
        if image is None or image.is_stripped:
            self._poor[module] = _UNREADABLE if image is None else _STRIPPED
        named = _in_file(image, area, address) if image is not None else self._by_bcc(space.pid, area, address)
        return (module, *(named or ("", address)))

    def _by_bcc(self, pid: int, area: Area, address: int) -> tuple[str, int] | None:
        """What bcc knows of a process that lives. A file of which it named nothing for a while is hopeless."""
        failures = self._bcc_failures.get(area.path, 0)
        if not self._use_bcc or failures >= _HOPELESS or not os.path.exists(f"/proc/{pid}/maps"):
            return None
        if self._bcc is None:
            module = load()
            if module is None:
                self._use_bcc = False
                return None
            self._bcc = BccSymbols(module)
        found = self._bcc.find(pid, address)
        self._bcc_failures[area.path] = failures + 1 if found is None else 0
        return found

    # ------------------------------------------------------------------------------------------------------- following

    def follow(self) -> None:
        """Keep what processes have mapped from now on. Where that is not allowed, names end with their process."""
        # What the kernel writes about processes that start is there before what is read of those that run.
        with suppress(OSError):
            self._follower = Follower()
        self._spaces.update(all_spaces())

    def observe(self) -> None:
        """Take note of what processes have done since the last call."""
        if self._follower is None:
            return
        for event in self._follower.events():
            match event:
                case Mapped(pid=pid, area=area):
                    self._spaces.setdefault(pid, Space(pid)).add(area)
                case Forked(pid=pid, parent=parent):
                    # The latest come last, whatever had the number before.
                    self._spaces.pop(pid, None)
                    self._spaces[pid] = Space(pid, parent=self._spaces.get(parent))
                    if len(self._spaces) > self._room:
                        self._forget_ended()
                case Executed(pid=pid):
                    # What it had mapped before stays: stacks from before may still be shown.
                    if self._bcc is not None:
                        self._bcc.forget(pid)
                    self._spaces.setdefault(pid, Space(pid)).forget()
                case Missed(count=count):
                    self._missed += count

    def keep(self, most: int) -> None:
        """Keep in mind what so many processes had mapped that have ended, for who names stacks soon or not at all."""
        self._most = most
        self._room = max(most, 2 * len(self._spaces))

    def _forget_ended(self) -> None:
        """Make room for new processes. What was seen of those that ended long ago has its names by now."""
        for pid in [*self._spaces][: self._room // 2]:
            if not os.path.exists(f"/proc/{pid}"):
                del self._spaces[pid]
        # Where that many live, they are not asked about again at every fork.
        self._room = max(self._most, 2 * len(self._spaces))

    def close(self) -> None:
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    # -------------------------------------------------------------------------------------------------- what is lacking

    def lacking(self) -> Iterator[str]:
        """A line for everything that has no name, and why that may be."""
        if self._missed:
            yield f"{self._missed} mappings of processes were missed: code of some that have ended may have no name"
        if "the kernel" in self._unnamed and self._kernel is not None and self._kernel.hidden:
            yield "the kernel hides its addresses: sysctl kernel.kptr_restrict=1, or trace as root"
        for module, addresses in sorted(self._unnamed.items())[:_TOLD]:
            count = f"{len(addresses)} address{'es' * (len(addresses) != 1)}"
            yield f"{count} in {module} {'has' if len(addresses) == 1 else 'have'} no name{self._advice(module)}"
        if (more := len(self._unnamed) - _TOLD) > 0:
            yield f"so have addresses in {more} more"

    def _advice(self, module: str) -> str:
        if module not in self._poor:
            return ""
        why = self._poor[module]
        bcc = f"; bcc reads those of 32 bits: {PACKAGES}" if why == _UNREADABLE and not any(places()) else ""
        return f": {why}{bcc}"


def _in_file(image: Image, area: Area, address: int) -> tuple[str, int] | None:
    """What the mapped file says."""
    found = image.find(address - area.start + area.offset)
    return (_demangled(found[0]), found[1]) if found is not None else None


def _with_offset(module: str, name: str, offset: int) -> str:
    if not name:
        return f"{module}`{offset:#x}" if module else f"{offset:#x}"
    return f"{module}`{name}+{offset:#x}" if offset else f"{module}`{name}"


def _symbol(module: str, name: str, offset: int) -> str:
    return f"{module}`{name}" if name else _with_offset(module, name, offset)


# --------------------------------------------------------------------------------------------------------------- names


def _demangled(name: str) -> str:
    """A C++ name as its author wrote it, where the C++ library is there to tell."""
    if not name.startswith("_Z"):
        return name
    global _demangle
    if _demangle is None:
        try:
            library = ctypes.CDLL("libstdc++.so.6")
            library.__cxa_demangle.restype = ctypes.c_void_p
            library.free.argtypes = [ctypes.c_void_p]
            _demangle = library
        except (OSError, AttributeError):
            return name
    status = ctypes.c_int()
    made = _demangle.__cxa_demangle(name.encode("utf-8", "surrogateescape"), None, None, ctypes.byref(status))
    if not made:
        return name
    try:
        return (ctypes.string_at(made)).decode("utf-8", "surrogateescape")
    finally:
        _demangle.free(made)


_demangle: ctypes.CDLL | None = None
