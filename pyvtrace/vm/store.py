"""The cache: kernels ready to boot, busybox, first root file systems, and what was found out about this machine.

    kernels/RELEASE/   vmlinux, modules/, manifest: the SHA-256 of each large file; complete because it is there:
                       made under another name and renamed
    busybox            static, from Debian
    initramfs/HASH     by the hash of what it is made of
    apt/               lists and state of a private apt
    *.lock             held while something is made

A run holds a shared lock on its kernel's directory, so that `prune` leaves it alone.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator

from pyvtrace.value import Value
from pyvtrace.vm import image, initramfs
from pyvtrace.vm.children import die_with_parent
from pyvtrace.vm.modules import Modules
from pyvtrace.vm.refusal import Refused
from pyvtrace.vm.suites import BUSYBOX, Apt, Wish, age, newest, numbers, wish

MANIFEST = "manifest"
Say = Callable[[str], None]


class Kernel(Value):
    """A kernel that can be booted: its release, the file for QEMU, and the directory of its modules."""

    release: str
    image: str
    modules: str


class Store:
    """The cache below `directory`; `say` gets a line for what takes long."""

    def __init__(self, directory: str, say: Say) -> None:
        self.directory = directory
        self._say = say

    # ------------------------------------------------------------------------------------------------------- kernels

    def releases(self) -> list[str]:
        """Of the kernels that are here, oldest first."""
        with contextlib.suppress(FileNotFoundError):
            names = os.listdir(self._path("kernels"))
            return sorted((name for name in names if not name.startswith(".")), key=age)
        return []

    def find(self, wanted: Wish) -> Kernel:
        """The newest kernel here that grants the wish; fetched when none does."""
        release = newest(wanted, self.releases())
        return self._kernel(release) if release else self.fetch(wanted)

    def fetch(self, wanted: Wish) -> Kernel:
        """The newest kernel of Debian's that grants the wish. One that is here already is verified."""
        with self._making("kernels"):
            apt = Apt(self._path("apt"))
            self._say("asking Debian's suites which kernels they have")
            for problem in apt.update():
                self._say(problem)
            on_offer = apt.kernels()
            release = newest(wanted, on_offer)
            if release is None:
                series = {numbers(name)[:2] for name in on_offer if wish(name).flavour == wanted.flavour}
                offer = ", ".join(f"{major}.{minor}" for major, minor in sorted(series))
                raise Refused(f"no suite has a kernel {wanted.abi} ({wanted.flavour})", f"they have {offer}")
            if release in self.releases():
                if self.is_intact(release):
                    return self._kernel(release)
                self._say(f"{release} is damaged")
                shutil.rmtree(self._path("kernels", release))
            self._say(f"fetching {release}")
            packages = [apt.download(package) for package in apt.packages(release)]
            self._say(f"unpacking {release}")
            self._install(release, packages)
            for package in packages:
                os.unlink(package)
            return self._kernel(release)

    def is_intact(self, release: str) -> bool:
        """True if the kernel's files have the hashes they had when they were unpacked."""
        home = self._path("kernels", release)
        try:
            with open(os.path.join(home, MANIFEST), encoding="utf-8") as file:
                lines = [line.rstrip("\n").split("  ", 1) for line in file]
            return bool(lines) and all(_sha256(os.path.join(home, name)) == digest for digest, name in lines)
        except (OSError, ValueError):
            return False

    def size(self, release: str) -> int:
        """Bytes on the disk."""
        files = (
            os.path.join(place, name) for place, _, names in os.walk(self._path("kernels", release)) for name in names
        )
        return sum(os.lstat(file).st_blocks * 512 for file in files)

    @contextlib.contextmanager
    def in_use(self, kernel: Kernel) -> Iterator[None]:
        """Keeps `prune` from removing it, if it is one of ours."""
        if os.path.dirname(kernel.image) != self._path("kernels", kernel.release):
            yield
            return
        with _locked(os.path.dirname(kernel.image), fcntl.LOCK_SH):
            yield

    def prune(self, keep: set[str]) -> tuple[list[str], list[str]]:
        """Removes all kernels but those to keep, and what only they needed: (removed, left because in use)."""
        removed, busy = [], []
        with self._making("kernels"):
            for release in set(self.releases()) - keep:
                home = self._path("kernels", release)
                try:
                    with _locked(home, fcntl.LOCK_EX | fcntl.LOCK_NB):
                        shutil.rmtree(home)
                    removed.append(release)
                except BlockingIOError:
                    busy.append(release)
            if not self.releases():
                for name in ("apt", "initramfs"):
                    shutil.rmtree(self._path(name), ignore_errors=True)
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._path("busybox"))
        return sorted(removed), sorted(busy)

    def _kernel(self, release: str) -> Kernel:
        home = self._path("kernels", release)
        return Kernel(release, os.path.join(home, "vmlinux"), os.path.join(home, "modules"))

    def _install(self, release: str, packages: list[str]) -> None:
        with self._new_directory(self._path("kernels", release)) as home:
            for package in packages:
                _unpack_kernel(package, release, home)
            for part in ("vmlinux", "modules"):
                if not os.path.exists(os.path.join(home, part)):
                    raise Refused(f"Debian's packages of {release} have no {part}", "choose another version")
            for name, text in Modules(os.path.join(home, "modules")).tables().items():
                with open(os.path.join(home, "modules", name), "w", encoding="utf-8") as file:
                    file.write(text)
            parts = [os.path.join(place, name) for place, _, names in os.walk(home) for name in names]
            with open(os.path.join(home, MANIFEST), "w", encoding="utf-8") as manifest:
                manifest.writelines(f"{_sha256(part)}  {os.path.relpath(part, home)}\n" for part in sorted(parts))

    # ------------------------------------------------------------------------------------------------ what boots them

    def initramfs(self, kernel: Kernel) -> str:
        """The path of the first root file system for this kernel."""
        content = initramfs.build(self._busybox(), kernel.release, Modules(kernel.modules))
        path = self._path("initramfs", hashlib.sha256(content).hexdigest()[:32])
        if not os.path.exists(path):
            self._write(path, content)
        return path

    def _busybox(self) -> bytes:
        path = self._path("busybox")
        if not os.path.exists(path):
            with self._making("kernels"):
                if not os.path.exists(path):
                    self._say("fetching busybox, for the guest's first steps")
                    apt = Apt(self._path("apt"))
                    apt.update()
                    package = apt.download(BUSYBOX)
                    with _members(package) as members:
                        self._write(path, next(data() for name, data in members if name.endswith("bin/busybox")))
                    os.unlink(package)
        with open(path, "rb") as file:
            return file.read()

    # -------------------------------------------------------------------------------------------------- small facts

    def fact(self, name: str) -> str:
        """What was found out once; empty if it was not."""
        try:
            with open(self._path(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def remember(self, name: str, fact: str) -> None:
        self._write(self._path(name), fact.encode())

    # -------------------------------------------------------------------------------------------------------- files

    def _path(self, *parts: str) -> str:
        return os.path.join(self.directory, *parts)

    @contextlib.contextmanager
    def _making(self, what: str) -> Iterator[None]:
        """One process at a time makes things; the others wait, and find them made."""
        with self._room():
            os.makedirs(self.directory, exist_ok=True)
        path = self._path(f"{what}.lock")
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o666))
        with _locked(path, fcntl.LOCK_EX), self._room():
            yield

    @contextlib.contextmanager
    def _new_directory(self, path: str) -> Iterator[str]:
        """A directory that is at `path` when the block is through, whole, or not at all."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        # What a killed process left; only one makes things at a time.
        for name in os.listdir(os.path.dirname(path)):
            if name.startswith("."):
                shutil.rmtree(os.path.join(os.path.dirname(path), name), ignore_errors=True)
        draft = tempfile.mkdtemp(prefix=".", dir=os.path.dirname(path))
        try:
            yield draft
            os.chmod(draft, 0o755)
            os.rename(draft, path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _write(self, path: str, content: bytes) -> None:
        """A file that is there whole, or not at all."""
        with self._room():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            draft = f"{path}.{os.getpid()}"
            try:
                with open(draft, "wb") as file:
                    file.write(content)
                os.rename(draft, path)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(draft)
                raise

    @contextlib.contextmanager
    def _room(self) -> Iterator[None]:
        """Says which directory is full or cannot be written to."""
        try:
            yield
        except OSError as error:
            hint = "put the cache elsewhere with XDG_CACHE_HOME"
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                hint = f"make room for some 400 MB (vtrace vm prune removes kernels), or {hint}"
            raise Refused(f"{self.directory}: {error.strerror}", hint) from None


def directory() -> str:
    """Where the cache is: below XDG_CACHE_HOME, or ~/.cache."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "vtrace", "vm")


@contextlib.contextmanager
def _locked(path: str, how: int) -> Iterator[None]:
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(fd, how)
        yield
    finally:
        os.close(fd)


def _unpack_kernel(package: str, release: str, home: str) -> None:
    """vmlinux and modules/ of a kernel's package, into `home`."""
    modules = f"lib/modules/{release}/"
    images = (f"boot/vmlinuz-{release}", f"usr/{modules}vmlinuz")
    with _members(package) as members:
        for name, data in members:
            if name in images:
                path, content = "vmlinux", image.vmlinux(data())
            elif modules in name:
                path, content = os.path.join("modules", name.partition(modules)[2]), data()
            else:
                continue
            os.makedirs(os.path.dirname(os.path.join(home, path)), exist_ok=True)
            with open(os.path.join(home, path), "wb") as file:
                file.write(content)


@contextlib.contextmanager
def _members(package: str) -> Iterator[Iterator[tuple[str, Callable[[], bytes]]]]:
    """(name, reader of the content) of each plain file in a Debian package, one after the other."""
    command = ["dpkg-deb", "--fsys-tarfile", package]
    with subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=die_with_parent()) as process:
        assert process.stdout
        with tarfile.open(fileobj=process.stdout, mode="r|") as tar:
            yield ((os.path.normpath(each.name), _reader(tar, each)) for each in tar if each.isfile())
        process.kill()


def _reader(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        file = tar.extractfile(member)
        assert file
        return file.read()

    return read


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
