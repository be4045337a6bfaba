"""A tree of kernel headers for one program, made of the running kernel's BTF: what bcc compiles with.

Headers of another kernel, such as a distribution has, compile as well and read wrong offsets. This tree has the types
of the kernel that runs, and nothing else: headers that a program includes are empty, and what it needs of them comes
with `linux/kconfig.h`, which bcc includes before everything. bcc finds the tree by BCC_KERNEL_SOURCE.

Trees are kept in the cache, named after the kernel and the words they are made for. One is written aside and renamed,
so whoever finds it finds it whole.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Set

from pyvtrace.cprobes.declarations import Declarations
from pyvtrace.cprobes.points import kernel_function
from pyvtrace.cprobes.words import Words
from pyvtrace.kernel import tracefs
from pyvtrace.kernel.btf import VMLINUX, Kind, open_vmlinux
from pyvtrace.kernel.types import cache_directory, kernel_identity

# To be raised with every change to what a tree has in it.
_FORMAT = "4"
_KEPT = 100
_DRAFT = re.compile(r"draft-(\d+)$")
# What bcc's own headers include, and find here or nowhere.
_ALWAYS = (
    "linux/log2.h",
    "asm/page.h",
    "uapi/linux/bpf.h",
    "uapi/linux/if_packet.h",
    "uapi/linux/ptrace.h",
    "linux/types.h",
    "linux/bpf_common.h",
    "uapi/linux/if_ether.h",
)
# What bcc's own headers name, and the words of C that are somebody's typedef.
_BASE_WORDS = """
    u8 u16 u32 u64 s8 s16 s32 s64 __u8 __u16 __u32 __u64 __s8 __s16 __s32 __s64 __be16 __be32 __be64 __le16 __le32
    __le64 __wsum __sum16 bool true false size_t ssize_t pid_t uid_t gid_t loff_t off_t umode_t dev_t sector_t gfp_t
    int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t uintptr_t fmode_t ktime_t
    bpf_func_id bpf_map_type pt_regs user_pt_regs bpf_perf_event_data bpf_user_pt_regs_t __sk_buff xdp_md bpf_sock
    bpf_raw_tracepoint_args bpf_sock_addr bpf_sock_ops sk_msg_md sk_reuseport_md bpf_redir_neigh bpf_fib_lookup
    bpf_sock_tuple bpf_tcp_sock bpf_spin_lock bpf_perf_event_value bpf_sysctl bpf_pidns_info bpf_cpumap_val
    bpf_devmap_val bpf_stack_build_id bpf_xfrm_state bpf_tunnel_key btf_ptr iphdr ipv6hdr tcphdr
    BPF_ANY BPF_NOEXIST BPF_EXIST BPF_F_CURRENT_CPU BPF_F_USER_STACK BPF_F_NO_PREALLOC BPF_RB_NO_WAKEUP
    BPF_F_CTXLEN_MASK XDP_PASS
    """
_BASE = frozenset(_BASE_WORDS.split())
_WORD = re.compile(r"[A-Za-z_]\w*")
_DEFINED = re.compile(r"#define (\w+)")
# Functions whose arguments are those of a system call. With the option, they lie in registers that are the argument.
_CALLS = ("syscall__", "kprobe____x64_sys_")
_WRAPPER = "CONFIG_ARCH_HAS_SYSCALL_WRAPPER"
_CONFIG_WORD = re.compile(r"CONFIG_\w+$")


def prepare(words: Words, directory: str | None = None) -> str:
    """The tree for a program of these words, made unless there is one.

    Raises:
        BtfError: this kernel has no BTF.
        OSError: it cannot be written.
    """
    parent = _writable(cache_directory() if directory is None else directory)
    path = f"{parent}/{_name(words)}"
    with contextlib.suppress(OSError):
        os.utime(path)
        return path
    draft = f"{parent}/draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        for name, text in _files(words).items():
            os.makedirs(os.path.dirname(f"{draft}/{name}"), exist_ok=True)
            with open(f"{draft}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        # Another run may have been faster: its tree is the same.
        with contextlib.suppress(OSError):
            os.rename(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _clean(parent)
    return path


def _writable(cache: str) -> str:
    parent = f"{cache or '/var/cache/pyvtrace'}/headers"
    os.makedirs(parent, mode=0o755, exist_ok=True)
    if os.stat(parent).st_uid != os.geteuid():
        # What somebody else can write to would be compiled into the kernel.
        raise PermissionError(1, "is somebody else's: set XDG_CACHE_HOME to a directory of your own", parent)
    return parent


def _name(words: Words) -> str:
    parts = (_FORMAT, kernel_identity(), os.uname().release, *map(_joined, (words.names, words.defined)))
    rest = (_joined(words.includes), _joined(f"{group}:{name}" for group, name in words.tracepoints))
    return hashlib.sha256("\0".join((*parts, *rest, _macros())).encode()).hexdigest()[:32]


def _joined(names: Iterable[str]) -> str:
    return " ".join(sorted(names))


def _macros() -> str:
    return _included("macros.h")


def _included(name: str) -> str:
    with open(os.path.join(os.path.dirname(__file__), "include", name), encoding="utf-8") as file:
        return file.read()


def _has(types: str, line: str) -> bool:
    """Whether an enum has the constant that the line defines."""
    words = line.split()
    return words[:1] == ["#define"] and f" {words[1]} =" in types


def _defines(line: str, names: Set[str]) -> bool:
    """Whether the line is the definition of a macro by one of these names, and all of it."""
    macro = _DEFINED.match(line)
    return macro is not None and macro[1] in names and not line.endswith("\\\n")


def _clean(parent: str) -> None:
    """Remove what was not used for long, and what runs that were killed have left."""
    ages: list[tuple[float, str]] = []
    for name in os.listdir(parent):
        draft = _DRAFT.match(name)
        path = f"{parent}/{name}"
        if draft and not os.path.exists(f"/proc/{draft[1]}"):
            shutil.rmtree(path, ignore_errors=True)
        elif not draft:
            with contextlib.suppress(OSError):
                ages.append((os.stat(path).st_mtime, path))
    for _, path in sorted(ages)[:-_KEPT]:
        shutil.rmtree(path, ignore_errors=True)


# ------------------------------------------------------------------------------------------------------------- contents


def _files(words: Words) -> dict[str, str]:
    """Text by path in the tree."""
    empty = {f"include/{name}": "" for name in (*_ALWAYS, *words.includes) if not name.startswith(("bcc/", "/", "../"))}
    return {**empty, "include/linux/version.h": _version(), "include/linux/kconfig.h": _everything(words)}


def _version() -> str:
    numbers = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", os.uname().release)
    version, patch, level = (int(part or 0) for part in numbers.groups()) if numbers else (0, 0, 0)
    # The kernel's own header stops counting the last part at 255, too.
    code = (version << 16) + (patch << 8) + min(level, 255)
    text = f"#define LINUX_VERSION_CODE {code}\n"
    return text + "#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))\n"


def _everything(words: Words) -> str:
    macros = "".join(line for line in _macros().splitlines(True) if not _defines(line, words.defined))
    # A macro that the program uses names types, too.
    used = {word for line in macros.splitlines() if _defines(line, words.names) for word in _WORD.findall(line)}
    names = words.names | _BASE | _fields(words.tracepoints) | used
    types = Declarations(open_vmlinux(VMLINUX), names, words.defined).text()
    helpers = "".join(line for line in _included("helpers.h").splitlines(True) if not _has(types, line))
    # bcc brings a bpf.h of its own, with what the kernel's types have already.
    guards = "#define _UAPI__LINUX_BPF_H__\n#define BPF_NO_PRESERVE_ACCESS_INDEX\n"
    return "\n".join((_configuration(names), guards, types, helpers, macros))


def _fields(tracepoints: Iterable[tuple[str, str]]) -> Set[str]:
    """Words of the types in tracepoints' records: bcc declares these from their formats."""
    found: set[str] = set()
    try:
        root = tracefs.find()
    except tracefs.TracefsError:
        return found
    for group, name in tracepoints:
        with contextlib.suppress(tracefs.TracefsError):
            form = tracefs.event_format(root, group, name)
            for field in form.fields if form else ():
                found.update(re.findall(r"\w+", field.type))
    return found


def _configuration(names: Set[str]) -> str:
    """How the kernel was configured, of what the program asks about."""
    wanted = {name for name in names if _CONFIG_WORD.match(name)}
    if any(name.startswith(_CALLS) for name in names):
        # bcc asks by itself where the arguments of these are.
        wanted.add(_WRAPPER)
    lines = ["#define CONFIG_BPF_SYSCALL 1"]
    if wanted:
        for line in _config_lines() or _guessed():
            name, equals, value = line.partition("=")
            if equals and name in wanted and name != "CONFIG_BPF_SYSCALL":
                module = value == "m"
                lines.append(f"#define {name}{'_MODULE' if module else ''} {1 if value in 'ym' else value}")
    return "\n".join(lines)


def _guessed() -> list[str]:
    """What can be told where the configuration cannot be read: system calls take their registers as one argument where
    the function has the machine's name in front."""
    wrapper = kernel_function("sys_read")
    found = wrapper != "sys_read" and open_vmlinux(VMLINUX).find(wrapper, Kind.FUNC)
    return [f"{_WRAPPER}=y"] if found else []


def _config_lines() -> list[str]:
    with contextlib.suppress(OSError), gzip.open("/proc/config.gz", "rt") as file:
        return file.read().splitlines()
    with contextlib.suppress(OSError), open(f"/boot/config-{os.uname().release}", encoding="utf-8") as file:
        return file.read().splitlines()
    return []
