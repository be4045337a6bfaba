"""A kernel recorded as literal data, for tests that must not need one: what a Linux 6.18 on x86-64 said of itself, as
far as tests ask.

Tests of the compiler and the providers compile against it without privileges; what they compile would also load on the
kernel it was recorded from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pyvtrace.target import (
    Enumerator,
    Functions,
    KernelMember,
    KernelParameter,
    KernelSymbol,
    KernelType,
    Mapped,
    MemberPlace,
    NoAccess,
    Note,
    Place,
    Prototype,
    TracepointField,
    TracepointFormat,
)

# A line without indentation: id, group, name. Below it: offset, size, s(igned) or u(nsigned), declaration.
EVENTS = """\
260 signal signal_deliver
  8 4 s int sig
  12 4 s int errno
  16 4 s int code
  24 8 u unsigned long sa_handler
  32 8 u unsigned long sa_flags
261 signal signal_generate
  8 4 s int sig
  12 4 s int errno
  16 4 s int code
  20 16 u char comm[16]
  36 4 s pid_t pid
  40 4 s int group
  44 4 s int result
365 sched sched_process_exec
  8 4 u __data_loc char[] filename
  12 4 s pid_t pid
  16 4 s pid_t old_pid
366 sched sched_process_fork
  8 4 u __data_loc char[] parent_comm
  12 4 s pid_t parent_pid
  16 4 u __data_loc char[] child_comm
  20 4 s pid_t child_pid
369 sched sched_process_exit
  8 16 u char comm[16]
  24 4 s pid_t pid
  28 4 s int prio
  32 1 u bool group_dead
372 sched sched_switch
  8 16 u char prev_comm[16]
  24 4 s pid_t prev_pid
  28 4 s int prev_prio
  32 8 s long prev_state
  40 16 u char next_comm[16]
  56 4 s pid_t next_pid
  60 4 s int next_prio
373 sched sched_wakeup_new
  8 16 u char comm[16]
  24 4 s pid_t pid
  28 4 s int prio
  32 4 s int target_cpu
374 sched sched_wakeup
  8 16 u char comm[16]
  24 4 s pid_t pid
  28 4 s int prio
  32 4 s int target_cpu
375 sched sched_waking
  8 16 u char comm[16]
  24 4 s pid_t pid
  28 4 s int prio
  32 4 s int target_cpu
407 lock contention_end
  8 8 u void * lock_addr
  16 4 s int ret
408 lock contention_begin
  8 8 u void * lock_addr
  16 4 u unsigned int flags
442 raw_syscalls sys_exit
  8 8 s long id
  16 8 s long ret
443 raw_syscalls sys_enter
  8 8 s long id
  16 48 u unsigned long args[6]
2097 block block_bio_queue
  8 4 u dev_t dev
  16 8 u sector_t sector
  24 4 u unsigned int nr_sector
  28 10 u char rwbs[10]
  38 16 u char comm[16]
2104 block block_rq_issue
  8 4 u dev_t dev
  16 8 u sector_t sector
  24 4 u unsigned int nr_sector
  28 4 u unsigned int bytes
  32 2 u unsigned short ioprio
  34 10 u char rwbs[10]
  44 16 u char comm[16]
  60 4 u __data_loc char[] cmd
2105 block block_rq_insert
  8 4 u dev_t dev
  16 8 u sector_t sector
  24 4 u unsigned int nr_sector
  28 4 u unsigned int bytes
  32 2 u unsigned short ioprio
  34 10 u char rwbs[10]
  44 16 u char comm[16]
  60 4 u __data_loc char[] cmd
2107 block block_rq_complete
  8 4 u dev_t dev
  16 8 u sector_t sector
  24 4 u unsigned int nr_sector
  28 4 s int error
  32 2 u unsigned short ioprio
  34 10 u char rwbs[10]
  44 4 u __data_loc char[] cmd
2264 fib fib_table_lookup
  8 4 u u32 tb_id
  12 4 s int err
  16 4 s int oif
  20 4 s int iif
  24 1 u u8 proto
  25 1 u __u8 tos
  26 1 u __u8 scope
  27 1 u __u8 flags
  28 4 u __u8 src[4]
  32 4 u __u8 dst[4]
  36 4 u __u8 gw4[4]
  40 16 u __u8 gw6[16]
  56 2 u u16 sport
  58 2 u u16 dport
  60 16 u char name[16]
"""

# The arguments of system calls; their events are all laid out alike. Ids follow from `FIRST_SYSCALL_EVENT`.
SYSCALLS = {
    "mmap": (
        "unsigned long addr",
        "unsigned long len",
        "unsigned long prot",
        "unsigned long flags",
        "unsigned long fd",
        "unsigned long off",
    ),
    "exit_group": ("int error_code",),
    "getppid": (),
    "nanosleep": ("struct __kernel_timespec * rqtp", "struct __kernel_timespec * rmtp"),
    "futex": ("u32 * uaddr", "int op", "u32 val", "const struct __kernel_timespec * utime", "u32 * uaddr2", "u32 val3"),
    "close": ("unsigned int fd",),
    "openat": ("int dfd", "const char * filename", "int flags", "umode_t mode"),
    "pread64": ("unsigned int fd", "char * buf", "size_t count", "loff_t pos"),
    "write": ("unsigned int fd", "const char * buf", "size_t count"),
    "read": ("unsigned int fd", "char * buf", "size_t count"),
    "execve": ("const char * filename", "const char *const * argv", "const char *const * envp"),
    "ioctl": ("unsigned int fd", "unsigned int cmd", "unsigned long arg"),
    "fsync": ("unsigned int fd",),
    "epoll_wait": ("int epfd", "struct epoll_event * events", "int maxevents", "int timeout"),
}
FIRST_SYSCALL_EVENT = 500

# Raw tracepoint: name, kind, type, size in bytes, signed of each parameter.
PARAMETERS: dict[str, tuple[tuple[str, str, str, int, bool], ...]] = {
    "signal_deliver": (
        ("sig", "int", "int", 4, True),
        ("info", "pointer", "struct kernel_siginfo *", 8, False),
        ("ka", "pointer", "struct k_sigaction *", 8, False),
    ),
    "signal_generate": (
        ("sig", "int", "int", 4, True),
        ("info", "pointer", "struct kernel_siginfo *", 8, False),
        ("task", "pointer", "struct task_struct *", 8, False),
        ("group", "int", "int", 4, True),
        ("result", "int", "int", 4, True),
    ),
    "sched_process_exec": (
        ("p", "pointer", "struct task_struct *", 8, False),
        ("old_pid", "int", "pid_t", 4, True),
        ("bprm", "pointer", "struct linux_binprm *", 8, False),
    ),
    "sched_process_fork": (
        ("parent", "pointer", "struct task_struct *", 8, False),
        ("child", "pointer", "struct task_struct *", 8, False),
    ),
    "sched_process_exit": (
        ("p", "pointer", "struct task_struct *", 8, False),
        ("group_dead", "int", "bool", 1, False),
    ),
    "sched_switch": (
        ("preempt", "int", "bool", 1, False),
        ("prev", "pointer", "struct task_struct *", 8, False),
        ("next", "pointer", "struct task_struct *", 8, False),
        ("prev_state", "int", "unsigned int", 4, False),
    ),
    "sched_wakeup_new": (("p", "pointer", "struct task_struct *", 8, False),),
    "sched_wakeup": (("p", "pointer", "struct task_struct *", 8, False),),
    "sched_waking": (("p", "pointer", "struct task_struct *", 8, False),),
    "contention_end": (
        ("lock", "pointer", "void *", 8, False),
        ("ret", "int", "int", 4, True),
    ),
    "contention_begin": (
        ("lock", "pointer", "void *", 8, False),
        ("flags", "int", "unsigned int", 4, False),
    ),
    "sys_exit": (
        ("regs", "pointer", "struct pt_regs *", 8, False),
        ("ret", "int", "long", 8, True),
    ),
    "sys_enter": (
        ("regs", "pointer", "struct pt_regs *", 8, False),
        ("id", "int", "long", 8, True),
    ),
    "block_bio_queue": (("bio", "pointer", "struct bio *", 8, False),),
    "block_rq_issue": (("rq", "pointer", "struct request *", 8, False),),
    "block_rq_insert": (("rq", "pointer", "struct request *", 8, False),),
    "block_rq_complete": (
        ("rq", "pointer", "struct request *", 8, False),
        ("error", "int", "blk_status_t", 1, False),
        ("nr_bytes", "int", "unsigned int", 4, False),
    ),
    "fib_table_lookup": (
        ("tb_id", "int", "u32", 4, False),
        ("flp", "pointer", "const struct flowi4 *", 8, False),
        ("nhc", "pointer", "const struct fib_nh_common *", 8, False),
        ("err", "int", "int", 4, True),
    ),
}

# Struct: member, byte offset, size, s(igned) or u(nsigned).
MEMBERS = {
    "task_struct": """
        thread_info.flags 0 8 u, thread_info.status 16 4 u, thread_info.cpu 20 4 u, __state 24 4 u, stack 32 8 u,
        flags 44 4 u, on_cpu 52 4 s, prio 108 4 s, static_prio 112 4 s, se.sum_exec_runtime 232 8 u, mm 1136 8 u,
        exit_state 1160 4 s, exit_code 1164 4 s, pid 1264 4 s, tgid 1268 4 s, real_parent 1280 8 u, parent 1288 8 u,
        group_leader 1328 8 u, thread_pid 1368 8 u, utime 1488 8 u, stime 1496 8 u, start_time 1552 8 u,
        start_boottime 1560 8 u, real_cred 1728 8 u, cred 1736 8 u, comm 1752 16 u, files 1824 8 u, nsproxy 1840 8 u,
        signal 1848 8 u, cgroups 2376 8 u
    """,
    "signal_struct": """
        pids 360 32 u
    """,
    "cred": """
        uid 8 4 u, uid.val 8 4 u, gid.val 12 4 u, euid.val 24 4 u, egid.val 28 4 u
    """,
    "pt_regs": """
        r10 56 8 u, r9 64 8 u, r8 72 8 u, ax 80 8 u, cx 88 8 u, dx 96 8 u, si 104 8 u, di 112 8 u, orig_ax 120 8 u,
        ip 128 8 u, flags 144 8 u, sp 152 8 u
    """,
    "k_sigaction": "sa.sa_handler 0 8 u",
    "linux_binprm": """
        argc 88 4 s, filename 96 8 u
    """,
    "request": """
        q 0 8 u, cmd_flags 24 4 u, __data_len 44 4 u, __sector 48 8 u, part 88 8 u, start_time_ns 104 8 u,
        io_start_time_ns 112 8 u, deadline 136 8 u
    """,
    "bio": """
        bi_bdev 8 8 block_device, bi_opf 16 4 u, bi_iter.bi_sector 32 8 u, bi_iter.bi_size 40 4 u,
        bi_iter.bi_idx 44 4 u, bi_io_vec 112 8 bio_vec
    """,
    "bio_vec": "bv_page 0 8 page",
    "page": "flags 0 8 u, mapping 24 8 u",
    "block_device": """
        bd_disk 16 8 gendisk, bd_queue 24 8 u, bd_dev 52 4 u
    """,
    "gendisk": """
        major 0 4 s, first_minor 4 4 s, disk_name 12 32 u, fops 72 8 block_device_operations
    """,
    "block_device_operations": """
        submit_bio 0 8 u
    """,
    "request_queue": """
        disk 104 8 u
    """,
    "kernel_siginfo": """
        si_signo 0 4 s, si_code 8 4 s
    """,
    "file": """
        f_inode 32 8 u, f_path.dentry 72 8 u
    """,
    "dentry": """
        d_parent 24 8 u, d_name.name 40 8 u, d_inode 48 8 u
    """,
    "rw_semaphore": """
        count 0 8 u, owner 8 8 u
    """,
    "mutex": """
        owner 0 8 u
    """,
    "css_set": """
        dfl_cgrp 112 8 u
    """,
    "cgroup": """
        kn 256 8 u
    """,
    "kernfs_node": """
        __parent 8 8 u, name 16 8 u, id 96 8 u
    """,
}


# Typedefs and enums of 4 bytes without a sign; the constants of one; addresses, one of which is hidden.
NAMED = ("gfp_t", "u32", "__be32", "enum pid_type")
ENUMS = {
    "enum pid_type": {"PIDTYPE_PID": 0, "PIDTYPE_TGID": 1, "PIDTYPE_PGID": 2, "PIDTYPE_SID": 3, "PIDTYPE_MAX": 4},
    "enum pageflags": {"PG_swapbacked": 17, "PG_swapcache": 10},
}
SYMBOLS = {"vfs_read": 0xFFFFFFFF81400000, "jiffies": 0xFFFFFFFF82000000, "hidden": 0}
# What processes have mapped; functions of files as "name offset size"; static probes.
PROCESSES = {100: "/usr/bin/sleepy /lib/libc.so.6", 101: "/usr/bin/python /lib/libc.so.6"}
IFUNC = "ifunc"
FILES = {
    "/usr/bin/sleepy": """
        main 1100 40
        nap 1200 80
        init 1300 16
        init 1400 16
    """,
    "/usr/bin/python": "main 1000 4",
    "/lib/libc.so.6": """
        malloc 2000 100
        __libc_malloc 2000 100
        nanosleep 3000 64
        memcpy 4000 ifunc
    """,
}
NOTES = {
    "/usr/bin/python": (
        Note("python", "function__entry", "evaluate", 0x1000, 0x5000, "8@%rbp 8@%r12 -4@%eax"),
        Note("python", "function__return", "evaluate", 0x1010, 0x5002, "8@%rbp 8@%r12 -4@%eax"),
        Note("python", "gc__start", "", 0x1020, 0x5004, "-4@112(%rsp)"),
    )
}
# Parameters, then the result; a size of 0 is void.
PROTOTYPES: dict[str, list[tuple[str, str, str, int, bool]]] = {
    "vfs_read": [
        ("file", "pointer", "struct file *", 8, False),
        ("buf", "string", "char *", 8, False),
        ("count", "int", "size_t", 8, False),
        ("pos", "pointer", "loff_t *", 8, False),
        ("", "int", "ssize_t", 8, True),
    ],
    "kfree": [("object", "pointer", "const void *", 8, False), ("", "void", "void", 0, False)],
}


class FrozenTarget:
    """Implements `pyvtrace.target.Target`. `without` names the features that this kernel is to lack."""

    def __init__(self, architecture: str = "x86_64", cpus: int = 2, without: Sequence[str] = ()) -> None:
        self._architecture, self._cpus, self._without = architecture, cpus, frozenset(without)
        self._formats = {**dict(_recorded_events()), **dict(_syscall_events())}

    @property
    def architecture(self) -> str:
        return self._architecture

    @property
    def cpus(self) -> int:
        return self._cpus

    @property
    def word_bits(self) -> int:
        return 64

    def tracepoints(self) -> Sequence[tuple[str, str]]:
        return list(self._formats)

    def tracepoint(self, group: str, name: str) -> TracepointFormat | None:
        return self._formats.get((group, name))

    def raw_tracepoints(self) -> Sequence[tuple[str, str]]:
        groups = {name: group for group, name in self._formats}
        return [(groups.get(name, ""), name) for name in PARAMETERS]

    def raw_tracepoint(self, name: str) -> Sequence[KernelParameter] | None:
        if name not in PARAMETERS:
            return None
        return [KernelParameter(own, KernelType(k, text, size, sign)) for own, k, text, size, sign in PARAMETERS[name]]

    def typed_tracepoint(self, name: str) -> int | None:
        return 1 if name in PARAMETERS else None

    def member(self, struct: str, path: str) -> MemberPlace | None:
        rows = (row.split() for row in MEMBERS.get(struct, "").split(",") if row)
        places = {name: MemberPlace(int(offset), int(size), sign == "s") for name, offset, size, sign in rows}
        return places.get(path)

    def aggregate(self, keyword: str, tag: str) -> KernelType | None:
        """The members that are recorded, as numbers and pointers; those inside a member lie in a struct without a tag
        that begins where this one does."""
        if keyword != "struct" or tag not in MEMBERS:
            return None
        found: dict[str, list[KernelMember]] = {}
        for row in MEMBERS[tag].split(","):
            name, offset, size, kind = row.split()
            if size in ("1", "2", "4", "8"):
                outer, _, inner = name.rpartition(".")
                found.setdefault(outer, []).append(KernelMember(inner, _recorded(int(size), kind), 8 * int(offset)))
        nested = (
            KernelMember(name, KernelType("struct", "struct (anonymous)", 4096, members=tuple(members)))
            for name, members in found.items()
            if name
        )
        return KernelType("struct", f"struct {tag}", 4096, members=(*found.get("", ()), *nested))

    def named_type(self, name: str) -> KernelType | None:
        return KernelType("int", name, 4) if name in NAMED else None

    def enumerator(self, name: str) -> Enumerator | None:
        found = ((type_, values[name]) for type_, values in ENUMS.items() if name in values)
        return next((Enumerator(KernelType("int", type_, 4), value) for type_, value in found), None)

    def symbol(self, module: str, name: str) -> KernelSymbol | None:
        return KernelSymbol(name, "vmlinux", SYMBOLS[name]) if name in SYMBOLS else None

    def function(self, name: str) -> tuple[int, int] | None:
        return None

    def feature(self, name: str) -> bool:
        return name not in self._without

    def lacking(self, name: str) -> str:
        return "Operation not permitted" if name in self._without else ""

    def processes(self) -> Sequence[int]:
        return list(PROCESSES)

    def mapped(self, pid: int) -> Sequence[Mapped] | NoAccess:
        if pid not in PROCESSES:
            return NoAccess(f"process {pid} does not exist")
        paths = PROCESSES[pid].split()
        return [Mapped(path.rpartition("/")[2], path, path, path == paths[0]) for path in paths]

    def functions(self, file: str) -> Functions | NoAccess:
        if file not in FILES:
            return NoAccess(f"{file} cannot be read: No such file or directory")
        rows = [row.split() for row in FILES[file].strip().splitlines()]
        at: dict[str, list[Place]] = {}
        for name, offset, size in rows:
            if size != IFUNC:
                at.setdefault(name, []).append(Place(int(offset, 16), int(size)))
        chosen = frozenset(name for name, _, size in rows if size == IFUNC)
        return Functions({name: tuple(places) for name, places in at.items()}, chosen, ".so" in file)

    def notes(self, file: str) -> Sequence[Note]:
        return NOTES.get(file, ())

    def locate(self, name: str) -> str:
        return next((path for path in FILES if path.rpartition("/")[2].partition(".so")[0] == name), "")

    def kernel_functions(self) -> Sequence[tuple[str, str]]:
        return [*(("vmlinux", name) for name in PROTOTYPES), ("ext4", "ext4_map_blocks")]

    def prototype(self, function: str) -> Prototype | None:
        if function not in PROTOTYPES:
            return None
        *rows, (_, kind, text, size, sign) = PROTOTYPES[function]
        parameters = tuple(KernelParameter(own, KernelType(k, t, s, signed)) for own, k, t, s, signed in rows)
        return Prototype(parameters, KernelType(kind, text, size, sign) if size else None)


def _recorded(size: int, kind: str) -> KernelType:
    """The type of a member: `kind` is "s" or "u" for a number, or what a pointer points to."""
    if kind in ("s", "u"):
        return KernelType("int", f"u{8 * size}", size, kind == "s")
    return KernelType("pointer", f"struct {kind} *", size)


Event = tuple[tuple[str, str], TracepointFormat]


def _recorded_events() -> Iterator[Event]:
    """EVENTS, parsed."""
    heads = [line.split() for line in EVENTS.splitlines() if not line.startswith(" ")]
    bodies = re.split(r"^\S.*\n", EVENTS, flags=re.MULTILINE)[1:]
    for (identifier, group, name), body in zip(heads, bodies, strict=True):
        yield (group, name), TracepointFormat(int(identifier), tuple(map(_field, body.splitlines())))


def _field(line: str) -> TracepointField:
    """`offset size sign [__data_loc] TYPE NAME[LENGTH]`."""
    offset, size, sign, declaration = line.split(None, 3)
    located = declaration.removeprefix("__data_loc ")
    type_name, _, name = located.rpartition(" ")
    name, _, length = name.partition("[")
    count = int(length.rstrip("]") or 0)
    return TracepointField(name, type_name, int(offset), int(size), sign == "s", count, located != declaration)


def _syscall_events() -> Iterator[Event]:
    """sys_enter_* and sys_exit_*: the number, then 8 bytes for each argument or the result."""
    for index, (call, arguments) in enumerate(SYSCALLS.items()):
        number = TracepointField("__syscall_nr", "int", 8, 4, True)
        given = (_field(f"{16 + 8 * i} 8 u {text}") for i, text in enumerate(arguments))
        first = FIRST_SYSCALL_EVENT + 2 * index
        yield ("syscalls", f"sys_exit_{call}"), TracepointFormat(first, (number, _field("16 8 s long ret")))
        yield ("syscalls", f"sys_enter_{call}"), TracepointFormat(first + 1, (number, *given))
