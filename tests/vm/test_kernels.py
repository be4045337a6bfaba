"""Which kernel is meant, fetched and kept: from recorded words of apt, and from files made here. Nothing boots."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyvtrace.vm import image, kernels, suites
from pyvtrace.vm.modules import Modules, information
from pyvtrace.vm.refusal import Refused
from pyvtrace.vm.store import Kernel, Store
from pyvtrace.vm.suites import newest, releases, wish

# `apt-cache search --names-only '^linux-image-[0-9].*amd64$'`, shortened
LISTING = """\
linux-image-6.1.0-9-cloud-amd64 - Linux 6.1 for x86-64 cloud (signed)
linux-image-6.1.0-56-amd64 - Linux 6.1 for 64-bit PCs (signed)
linux-image-6.1.0-56-cloud-amd64 - Linux 6.1 for x86-64 cloud (signed)
linux-image-6.1.0-56-rt-amd64 - Linux 6.1 for 64-bit PCs, PREEMPT_RT (signed)
linux-image-6.1.0-47-cloud-amd64 - Linux 6.1 for x86-64 cloud (signed)
linux-image-6.12-cloud-amd64 - Linux for x86-64 cloud (meta-package)
linux-image-6.12.9+bpo-amd64 - Linux 6.12 for 64-bit PCs (signed)
linux-image-6.12.90+deb12-cloud-amd64 - Linux 6.12 for x86-64 cloud (signed)
linux-image-6.12.90+deb12.1-cloud-amd64 - Linux 6.12 for x86-64 cloud (signed)
linux-image-6.12.117+deb12-cloud-amd64 - Linux 6.12 for x86-64 cloud (signed)
linux-image-6.12.117+deb13-cloud-amd64 - Linux 6.12 for x86-64 cloud (signed)
linux-image-6.19.10+deb13-cloud-amd64-unsigned - Linux 6.19.10 for x86-64 cloud
linux-image-7.2.13+deb14-cloud-amd64 - Linux 7.2.13 for x86-64 cloud (signed)
linux-image-7.3.4+deb13-cloud-amd64 - Linux 7.3.4 for x86-64 cloud (signed)
"""


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("6.1", "6.1.0-56-cloud-amd64"),
        ("6.1-amd64", "6.1.0-56-amd64"),
        ("6.1.0-47-cloud-amd64", "6.1.0-47-cloud-amd64"),
        ("6.12", "6.12.117+deb13-cloud-amd64"),
        ("6.12.90", "6.12.90+deb12.1-cloud-amd64"),
        ("6.12-amd64", "6.12.9+bpo-amd64"),
        ("7", "7.3.4+deb13-cloud-amd64"),
        ("7.2", "7.2.13+deb14-cloud-amd64"),
        ("6.19", None),
        ("5.10", None),
    ],
)
def test_the_newest_of_a_series_is_chosen(asked: str, given: str | None) -> None:
    assert newest(wish(asked), releases(LISTING)) == given


# `apt-cache depends linux-image-7.3.4+deb13-cloud-amd64`, shortened
PARTS = """\
linux-image-7.3.4+deb13-cloud-amd64
  PreDepends: linux-base
 |Depends: dracut
 |Depends: initramfs-tools
  Depends: <linux-initramfs-tool>
    dracut
  Depends: linux-base-7.3.4+deb13-cloud-amd64
  Depends: linux-binary-7.3.4+deb13-cloud-amd64
  Depends: linux-modules-7.3.4+deb13-cloud-amd64
  Recommends: apparmor
"""
WHOLE = """\
linux-image-6.16.12+deb13-cloud-amd64
  PreDepends: linux-base
  Depends: kmod
 |Depends: initramfs-tools
  Conflicts: <linux-image-6.16.12+deb13-cloud-amd64-unsigned>
"""


def test_a_kernel_may_come_in_parts() -> None:
    release = "7.3.4+deb13-cloud-amd64"
    assert suites.parts(PARTS, release) == [f"linux-{part}-{release}" for part in ("base", "binary", "modules")]
    assert suites.parts(WHOLE, "6.16.12+deb13-cloud-amd64") == []


@pytest.mark.parametrize("text", ["", "newest", "vmlinuz", "-1", "6.1;reboot"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        wish(text)
    assert text in str(refused.value) and refused.value.hint


# ---------------------------------------------------------------------------------------------------------- the cache


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "cache"), lambda text: None)


def put(store: Store, release: str) -> Path:
    """A kernel as the store keeps it, of one small file."""
    home = Path(store.directory, "kernels", release)
    (home / "modules").mkdir(parents=True)
    (home / "vmlinux").write_text("a kernel")
    digest = subprocess.check_output(["sha256sum", "vmlinux"], cwd=home, text=True)
    (home / "manifest").write_text(digest)
    return home


def test_a_kernel_in_the_cache_needs_no_network(store: Store) -> None:
    for release in ("6.1.0-9-cloud-amd64", "6.1.0-56-cloud-amd64", "6.12.1-cloud-amd64"):
        put(store, release)
    assert store.find(wish("6.1")).release == "6.1.0-56-cloud-amd64"
    assert store.releases() == ["6.1.0-9-cloud-amd64", "6.1.0-56-cloud-amd64", "6.12.1-cloud-amd64"]


def test_a_changed_file_is_seen(store: Store) -> None:
    home = put(store, "6.1.0-9-cloud-amd64")
    assert store.is_intact("6.1.0-9-cloud-amd64")
    (home / "vmlinux").write_text("a kernel?")
    assert not store.is_intact("6.1.0-9-cloud-amd64")
    (home / "vmlinux").unlink()
    assert not store.is_intact("6.1.0-9-cloud-amd64")


def test_pruning_leaves_what_is_kept_and_what_runs(store: Store) -> None:
    for release in ("6.1.0-9-cloud-amd64", "6.1.0-56-cloud-amd64", "6.12.1-cloud-amd64"):
        put(store, release)
    used = store.find(wish("6.12"))
    with store.in_use(used):
        # flock is for open files, so a second one in this process is as good as another process
        assert store.prune({"6.1.0-56-cloud-amd64"}) == (["6.1.0-9-cloud-amd64"], ["6.12.1-cloud-amd64"])
    assert store.prune(set()) == (["6.1.0-56-cloud-amd64", "6.12.1-cloud-amd64"], [])


def test_a_cache_that_cannot_be_made_is_named() -> None:
    with pytest.raises(Refused, match="/proc/nowhere") as refused:
        Store("/proc/nowhere", lambda text: None).find(wish("6.1"))
    assert "XDG_CACHE_HOME" in refused.value.hint


def test_what_a_killed_download_left_is_not_a_kernel(store: Store) -> None:
    put(store, ".draft")
    assert store.releases() == []


def test_two_at_once_fetch_once(tmp_path: Path) -> None:
    """The second waits for the first, and then finds what it needs."""
    code = """
import sys, time
from pyvtrace.vm import store, suites
class Apt:
    def __init__(self, directory): pass
    def update(self): print("asks", flush=True); time.sleep(0.3); return []
    def kernels(self): return ["6.1.0-9-cloud-amd64"]
    def packages(self, release): return ["linux-image-" + release]
    def download(self, package):
        print("downloads", flush=True)
        open(sys.argv[1] + "/package", "w").close()
        return sys.argv[1] + "/package"
def unpack(package, release, home):
    import os; os.makedirs(home + "/modules"); open(home + "/vmlinux", "w").write("kernel")
store.Apt, store._unpack_kernel = Apt, unpack
print(store.Store(sys.argv[1], lambda text: None).find(suites.wish("6.1")).release)
"""
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) for _ in "ab"
    ]
    said = [process.communicate()[0].split() for process in both]
    assert sorted(word for words in said for word in words) == sorted(
        ["asks", "asks", "downloads", *["6.1.0-9-cloud-amd64"] * 2]
    )


def debian_package(path: Path, files: dict[str, bytes]) -> str:
    """A package of these files, as dpkg makes it."""
    tree = path.with_suffix("")
    for name, content in {"DEBIAN/control": CONTROL, **files}.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    subprocess.run(["dpkg-deb", "--build", tree, path], check=True, capture_output=True)
    return str(path)


CONTROL = b"Package: kernel\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody <nobody@localhost>\nDescription: x\n"
A_MODULE = "kernel/fs/fuse/virtiofs.ko"


@pytest.mark.parametrize(
    "packages",
    [
        [{"boot/vmlinuz-RELEASE": b"kernel", f"lib/modules/RELEASE/{A_MODULE}": b"module"}],
        [{"usr/lib/modules/RELEASE/vmlinuz": b"kernel"}, {f"usr/lib/modules/RELEASE/{A_MODULE}": b"module"}],
        [{"boot/vmlinuz-RELEASE": b"kernel"}],
        [{f"lib/modules/RELEASE/{A_MODULE}": b"module"}],
    ],
)
def test_a_kernel_is_made_of_its_packages_or_not_at_all(
    packages: list[dict[str, bytes]], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = "6.1.0-9-cloud-amd64"
    files = {
        f"part{number}": debian_package(
            tmp_path / f"{number}.deb", {name.replace("RELEASE", release): data for name, data in package.items()}
        )
        for number, package in enumerate(packages)
    }

    class Apt:
        def __init__(self, directory: str) -> None: ...
        def update(self) -> list[str]:
            return []

        def kernels(self) -> list[str]:
            return [release]

        def packages(self, release: str) -> list[str]:
            return list(files)

        def download(self, package: str) -> str:
            return files[package]

    monkeypatch.setattr("pyvtrace.vm.store.Apt", Apt)
    monkeypatch.setattr(Modules, "tables", lambda self: {"modules.dep": ""})
    if sum(map(len, packages)) == 1:
        with pytest.raises(Refused, match="have no"):
            store.fetch(wish("6.1"))
        assert os.listdir(Path(store.directory, "kernels")) == []
        return
    kernel = store.fetch(wish("6.1"))
    assert Path(kernel.image).read_bytes() == b"kernel"
    assert Path(kernel.modules, A_MODULE).read_bytes() == b"module"
    assert store.is_intact(release) and not any(map(os.path.exists, files.values()))


def test_a_full_disk_is_named_with_its_directory(tmp_path: Path) -> None:
    """In a mount namespace of its own, where the cache is a file system of 64 KiB."""
    code = (
        "import sys; from pyvtrace.vm.store import Store; from pyvtrace.vm.refusal import Refused\n"
        "try: Store(sys.argv[1], print).remember('kvm', 'x' * 100_000)\n"
        "except Refused as refused: print(refused, refused.hint)\n"
        "import os; print(os.listdir(sys.argv[1]))"
    )
    script = 'mount -t tmpfs -o size=64k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", str(tmp_path), sys.executable, code]
    said = subprocess.check_output(command, text=True)
    assert str(tmp_path) in said and "No space left" in said and "XDG_CACHE_HOME" in said
    assert said.endswith("[]\n")


# ------------------------------------------------------------------------------------------------- kernels of one's own


def bzimage(release: str) -> bytes:
    """No kernel, but a header that says it is this one."""
    content = bytearray(0x1000)
    content[0x1F1] = 1
    content[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", content, 0x20E, 0x300)
    content[0x500 : 0x500 + len(release) + 4] = release.encode() + b" (x)"
    return bytes(content)


def test_a_kernel_file_finds_its_modules_beside_it(tmp_path: Path) -> None:
    (tmp_path / "boot").mkdir()
    (tmp_path / "lib/modules/6.6.6-own").mkdir(parents=True)
    file = tmp_path / "boot/vmlinuz"
    file.write_bytes(bzimage("6.6.6-own"))
    assert kernels.local(str(file), None) == Kernel("6.6.6-own", str(file), str(tmp_path / "lib/modules/6.6.6-own"))


def test_a_kernel_file_without_modules_says_where_they_were_sought(tmp_path: Path) -> None:
    (tmp_path / "vmlinuz").write_bytes(bzimage("6.6.6-own"))
    with pytest.raises(Refused, match=r"/lib/modules/6\.6\.6-own") as refused:
        kernels.local(str(tmp_path / "vmlinuz"), None)
    assert "--modules" in refused.value.hint


@pytest.mark.parametrize(("path", "reason"), [("/no/such/vmlinuz", "No such file"), ("/etc/passwd", "no kernel")])
def test_a_path_that_is_no_kernel(path: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        kernels.local(path, None)


def test_an_image_that_is_packed_in_an_unknown_way_boots_as_it_is() -> None:
    assert image.vmlinux(bzimage("6.6.6")) == bzimage("6.6.6")


def test_a_module_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="virtiofs") as refused:
        list(Modules(str(tmp_path)).load_order(["virtiofs"]))
    assert "--modules" in refused.value.hint


def module(path: Path, text: bytes) -> None:
    """An ELF file of two sections: names and .modinfo."""
    names = b"\0.names\0.modinfo\0"
    header = b"\x7fELF" + bytes(0x24) + struct.pack("<Q", 0x100) + bytes(10) + struct.pack("<HHH", 64, 2, 0)
    sections = [(1, 3, 0, 0, 0x40, len(names)), (8, 1, 0, 0, 0x60, len(text))]
    table = b"".join(struct.pack("<IIQQQQ", *fields).ljust(64, b"\0") for fields in sections)
    content = header.ljust(0x40, b"\0") + names.ljust(0x20, b"\0") + text.ljust(0xA0, b"\0") + table
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_modules_come_after_what_they_need(tmp_path: Path) -> None:
    module(tmp_path / "kernel/a.ko", b"depends=c-c,b\0alias=pci:v1\0alias=net-pf-1\0")
    module(tmp_path / "kernel/b.ko", b"license=GPL\0depends=c_c\0")
    module(tmp_path / "kernel/deep/c-c.ko", b"depends=\0")
    (tmp_path / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\n")
    modules = Modules(str(tmp_path))
    assert [name for name, _ in modules.load_order(["ext4", "a"])] == ["c_c", "b", "a"]
    assert modules.tables() == {
        "modules.dep": "kernel/a.ko: kernel/b.ko kernel/deep/c-c.ko\n"
        "kernel/b.ko: kernel/deep/c-c.ko\nkernel/deep/c-c.ko: \n",
        "modules.alias": "alias pci:v1 a\nalias net-pf-1 a\n",
    }
    assert information(modules.read("a"))["alias"] == ("pci:v1", "net-pf-1")


# --------------------------------------------------------------------------------------------------- no apt, no network


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty PATH, to put tools in."""
    monkeypatch.setenv("PATH", str(tmp_path))
    yield tmp_path


def test_without_apt_there_is_another_way(tools: Path) -> None:
    with pytest.raises(Refused, match="apt-get is not here") as refused:
        suites.Apt(str(tools / "apt"))
    assert "--kernel FILE" in refused.value.hint


def test_without_a_network_the_cache_and_own_kernels_are_named(tools: Path) -> None:
    for name in ("apt-get", "apt-cache", "dpkg-deb"):
        (tools / name).write_text(
            "#!/bin/sh\n"
            "echo \"E: Failed to fetch http://deb.debian.org/x  Temporary failure resolving 'deb.debian.org'\" >&2\n"
            "exit 100\n"
        )
        (tools / name).chmod(0o755)
    with pytest.raises(Refused, match=r"deb\.debian\.org cannot be reached") as refused:
        suites.Apt(str(tools / "apt")).update()
    assert "vtrace vm list" in refused.value.hint and os.path.isdir(tools / "apt")
