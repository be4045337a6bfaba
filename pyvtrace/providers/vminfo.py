"""The vminfo provider: what memory management does, by the names that kstat(1M) and vmstat(1M) gave the counts.

A probe fires when a count would grow, by args[0]: pages where it is a count of pages. Linux keeps other counters, so
there is no pointer to one. Faults are counted by the kernel itself (perf's software events); what was done about one
follows from the memory that is taken for it, and paging from the requests to block devices.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyvtrace.lang.ast import ProbeDescription
from pyvtrace.lang.vocabulary import Origin, Probe
from pyvtrace.providers import stable as tables
from pyvtrace.providers.pattern import Pattern
from pyvtrace.providers.profile import SampleKey
from pyvtrace.providers.provider import VMINFO_IDS
from pyvtrace.providers.stable import Does, Row, stable
from pyvtrace.spec import AttachSpec, Counter, ProbeName
from pyvtrace.target import Target
from pyvtrace.value import replace

_ROW_IDS, _COUNT_IDS = VMINFO_IDS[:80], VMINFO_IDS[80:]
# PERF_TYPE_SOFTWARE, and of its numbers two (include/uapi/linux/perf_event.h).
_SOFTWARE, _FAULTS, _MAJOR_FAULTS = 1, 2, 6


class CountKey(SampleKey):
    """A count that the kernel keeps."""

    counter: Counter


_USER_FAULT, _KERNEL_FAULT = "rawtp:exceptions::page_fault_user", "rawtp:exceptions::page_fault_kernel"
_ALLOC, _BIO = "rawtp:kmem::mm_page_alloc", "rawtp:block::block_bio_queue"
_SHRINK = "rawtp:vmscan::mm_vmscan_lru_shrink_inactive"
# Bits of an x86 page fault's error code: the page was there, and it was a write (arch/x86/include/asm/trap_pf.h).
_PROTECTION, _WRITE = "(args[2] & 1)", "(args[2] & 3) == 3"
_IN_KERNEL = "(int64_t)args[0] < 0"

# Flags of an allocation (include/linux/gfp_types.h): __GFP_HIGHMEM, __GFP_MOVABLE and __GFP_ZERO ask for a page that a
# process sees and that reads as zeroes; a huge one is filled afterwards, and __GFP_COMP, __GFP_NOMEMALLOC tell it.
_ZEROED = "((args[2] & 0x10a) == 0x10a || (args[2] & 0xc000a) == 0xc000a)"
# One page of that kind which is not zeroed, nor for the page cache (__GFP_WRITE, __GFP_NORETRY): a copy, if a write to
# a page that is there needs it.
_COPY = "(args[2] & 0x11110a) == 0x10000a && args[1] == 0"
_MARK = Does(_USER_FAULT, f"self->__vminfo_regs = {_WRITE} ? args[1] : (struct pt_regs *)NULL")
# In that very fault: a system call since then has put its number where a fault has -1.
_IN_FAULT = "self->__vminfo_regs != NULL && (int64_t)self->__vminfo_regs->orig_ax == -1"
_MARKED = Does(_ALLOC, "self->__vminfo_regs = NULL", f"{_COPY} && self->__vminfo_regs != NULL", last=True)

# The lowest byte of a bio's operation: 0 reads, 1 writes (include/linux/blk_types.h).
_HAS_PAGES = "args[0]->bi_iter.bi_size && (args[0]->bi_opf & 0xff)"
_READS, _WRITES = f"{_HAS_PAGES} == 0", f"{_HAS_PAGES} == 1"
# Of a file, or memory of a process that is swapped: the flags of a page are its first word. Reading past the page cache
# uses such memory as well, but then it is mapped, and not in the cache of what is swapped.
_FILE = "__bio_dentry(args[0]) != NULL"
_PAGE = "args[0]->bi_io_vec[args[0]->bi_iter.bi_idx].bv_page"
_FLAGS = f"*(uint64_t *){_PAGE}"
_SWAP = f"(({_FLAGS}) >> PG_swapbacked & 1 && (({_FLAGS}) >> PG_swapcache & 1 || {_PAGE}->mapping == NULL))"
_PAGES = "(args[0]->bi_iter.bi_size + 4095) / 4096"


def _by(amount: str) -> tuple[tuple[str, str], ...]:
    return (("int64_t", amount),)


_ONE = _by("1")


def _count(id_: int, name: str, event: str, number: int) -> Probe:
    full = ProbeName("vminfo", "vmlinux", event, name)
    counter = Counter(event, _SOFTWARE, number, period=1, kernel=True, user=True)
    return Probe(id_, full, None, Origin(Probe(0, full, CountKey(counter)), _ONE))


# Faults on addresses of processes, whoever takes them; of those that had to wait for a device, the kernel counts the
# ones that were served.
_COUNTS = (
    _count(_COUNT_IDS[0], "as_fault", "page-faults", _FAULTS),
    _count(_COUNT_IDS[1], "maj_fault", "major-faults", _MAJOR_FAULTS),
)


def _rows(architecture: str) -> list[Row]:
    paging = f"({_FILE} || {_SWAP})"
    return [
        Row("zfod", _ALLOC, _by("1 << args[1]"), f"args[0] != NULL && {_ZEROED} && curthread->mm != NULL"),
        *([] if architecture != "x86_64" else _fault_rows()),
        Row("pgin", _BIO, _ONE, f"{_READS} && {paging}"),
        Row("pgpgin", _BIO, _by(_PAGES), f"{_READS} && {paging}"),
        Row("pgout", _BIO, _ONE, f"{_WRITES} && {paging}"),
        Row("pgpgout", _BIO, _by(_PAGES), f"{_WRITES} && {paging}"),
        Row("fspgin", _BIO, _by(_PAGES), f"{_READS} && {_FILE}"),
        Row("fspgout", _BIO, _by(_PAGES), f"{_WRITES} && {_FILE}"),
        Row("anonpgin", _BIO, _by(_PAGES), f"{_READS} && {_SWAP}"),
        Row("anonpgout", _BIO, _by(_PAGES), f"{_WRITES} && {_SWAP}"),
        Row("scan", _SHRINK, _by("args[1]"), "args[1]"),
        Row("dfree", _SHRINK, _by("args[2]"), "args[2]"),
        Row("anonfree", _SHRINK, _by("args[2]"), "args[2] && !args[5]"),
        Row("fsfree", _SHRINK, _by("args[2]"), "args[2] && args[5]"),
        Row("pgrrun", "rawtp:vmscan::mm_vmscan_kswapd_wake", _ONE),
    ]


def _fault_rows() -> list[Row]:
    return [
        Row("cow_fault", _ALLOC, _ONE, f"{_COPY} && {_IN_FAULT}", (_MARK, _MARKED)),
        Row("prot_fault", _USER_FAULT, _ONE, _PROTECTION),
        Row("kernel_asflt", _KERNEL_FAULT, _ONE, _IN_KERNEL),
    ]


_EXECUTED = "Linux does not tell pages of programs from those of other files: fspgin, fspgout, fsfree"
_PROCESSES = "Linux swaps pages, not processes: anonpgin, anonpgout"
_RECLAIMED = "Linux has no tracepoint where a page is taken back from the free list"
_REFUSED = {
    "execfree": _EXECUTED,
    "execpgin": _EXECUTED,
    "execpgout": _EXECUTED,
    "pgfrec": _RECLAIMED,
    "pgrec": _RECLAIMED,
    "pgswapin": _PROCESSES,
    "pgswapout": _PROCESSES,
    "rev": "the page daemon of Linux has lists, not a hand that goes round: scan",
    "softlock": "Linux has no tracepoint where memory is locked; syscall::mlock*:entry",
    "swapin": _PROCESSES,
    "swapout": _PROCESSES,
}

_MADE = stable("vminfo", _ROW_IDS, _rows, _REFUSED)


def probes(target: Target, description: ProbeDescription) -> Iterator[Probe]:
    yield from _MADE.probes(target, description)
    pattern = Pattern(description)
    yield from (probe for probe in _COUNTS if pattern.fits(probe.name))


def attach(target: Target, probe: Probe) -> AttachSpec:
    base = probe.origin.probe if probe.origin else probe
    return base.key.counter if isinstance(base.key, CountKey) else tables.attach(target, probe)


def named(target: Target, identifier: int) -> ProbeName | None:
    count = next((probe.name for probe in _COUNTS if probe.id == identifier), None)
    return count or (_MADE.named(target, identifier) if _MADE.named else None)


VMINFO = replace(_MADE, ids=VMINFO_IDS, probes=probes, attach=attach, named=named)
