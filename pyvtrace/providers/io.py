"""The io provider: requests to block devices.

    start      the request is made, by the thread that asks for it
    done       it is completed, wherever the kernel happens to be
    wait-start a thread goes to sleep while the request that it made last is under way
    wait-done  that thread runs again

A request begins with the first bio that it takes (block_getrq); others may join it before it is completed. The kernel
makes further ones for its own purposes, flushes of caches most of all: what nobody asked for has no start, and no done
either. Drivers that take bios as they come (device mapper, md, zram) have no requests: there the bio is one.
"""

from __future__ import annotations

from pyvtrace.providers.provider import IO_IDS
from pyvtrace.providers.stable import Does, Row, stable


def _of(request: str, bio: str) -> tuple[tuple[str, str], ...]:
    return ("bufinfo_t *", request), ("devinfo_t *", request), ("fileinfo_t *", f"__bio_dentry({bio})")


# A request has no name but its queue and its first sector; how many there are of that.
_OPEN = "__io_open[(uint64_t)args[0]->bi_bdev->bd_queue, (uint64_t)args[0]->bi_iter.bi_sector]"
_END = "(uint64_t)args[0]->bi_iter.bi_sector + args[0]->bi_iter.bi_size / 512"
_BEHIND = f"__io_open[(uint64_t)args[0]->bi_bdev->bd_queue, {_END}]"
_DONE = "__io_open[(uint64_t)args[0]->q, (uint64_t)args[0]->__sector]"
_REQUESTS = (
    Does("rawtp:block::block_getrq", f"{_OPEN}++"),
    # What is put in front of a request moves its first sector.
    Does("rawtp:block::block_bio_frontmerge", f"{_BEHIND}--; {_OPEN}++", _BEHIND),
    Does("rawtp:block::block_rq_complete", f"{_DONE}--", _DONE, last=True),
)
_TAKES_BIOS = "args[0]->bi_bdev->bd_disk->fops->submit_bio != NULL"
# Size and place of a bio run down while it is served. One more than the size: a flush has none, and 0 is no bio.
_BIOS = (
    Does("rawtp:block::block_bio_queue", "__io_size[arg0] = 1 + (uint64_t)args[0]->bi_iter.bi_size", _TAKES_BIOS),
    Does("rawtp:block::block_bio_complete", "__io_size[arg1] = 0", "__io_size[arg1]", last=True),
)

# What a thread made last is kept with it: by the time it has waited for that, the bio is gone.
_SWITCH, _NEXT = "rawtp:sched::sched_switch", 2
_WAITS = "curthread->in_iowait && self->__io_bdev != NULL && __io_open[(uint64_t)self->__io_queue, self->__io_sector]"
_MAKE = Does(
    "rawtp:block::block_getrq",
    "self->__io_bdev = args[0]->bi_bdev; self->__io_queue = args[0]->bi_bdev->bd_queue;"
    "self->__io_sector = (uint64_t)args[0]->bi_iter.bi_sector; self->__io_bytes = args[0]->bi_iter.bi_size;"
    "self->__io_opf = args[0]->bi_opf; self->__io_bio = args[0]; self->__io_iodone = (uint64_t)args[0]->bi_end_io",
)
_SLEEP = Does(_SWITCH, "self->__io_waits = 1; self->__io_file = __bio_dentry(self->__io_bio)", _WAITS)
_WAKE = Does(_SWITCH, "self->__io_waits = 0", "self->__io_waits", last=True, thread=_NEXT)
_WAITED = (
    ("bufinfo_t *", "(struct __io_waited *)self->__io_bdev"),
    ("devinfo_t *", "self->__io_bdev"),
    ("fileinfo_t *", "self->__io_file"),
)

IO = stable(
    "io",
    IO_IDS,
    [
        Row("start", "rawtp:block::block_getrq", _of("args[0]", "args[0]")),
        Row("start", "rawtp:block::block_bio_queue", _of("args[0]", "args[0]"), _TAKES_BIOS),
        Row(
            "done",
            "rawtp:block::block_rq_complete",
            _of("(struct __io_request *)args[0]", "args[0]->bio"),
            f"args[0]->bio != NULL && {_DONE}",
            _REQUESTS,
        ),
        Row(
            "done",
            "rawtp:block::block_bio_complete",
            _of("(struct __io_bio *)args[1]", "args[1]"),
            "__io_size[arg1]",
            _BIOS,
        ),
        Row("wait-start", _SWITCH, _WAITED, _WAITS, (*_REQUESTS, _MAKE, _SLEEP)),
        Row("wait-done", _SWITCH, _WAITED, "self->__io_waits", (*_REQUESTS, _MAKE, _SLEEP, _WAKE), _NEXT),
    ],
)
