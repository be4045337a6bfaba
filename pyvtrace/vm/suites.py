"""Kernels and busybox from Debian's suites, by an apt with lists and state of its own.

apt verifies the signatures of the suites with Debian's keyring and the packages by their hashes, and goes on with a
download that was interrupted.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable

from pyvtrace.value import Value
from pyvtrace.vm.children import die_with_parent
from pyvtrace.vm.refusal import Refused

DEBIAN, SECURITY = "http://deb.debian.org/debian", "http://deb.debian.org/debian-security"
# Oldest first. Their kernels: 6.1, 6.12, 6.1, 6.12, 6.16 and newer, the newest.
SUITES = (
    (DEBIAN, "bookworm"),
    (DEBIAN, "bookworm-backports"),
    (SECURITY, "bookworm-security"),
    (DEBIAN, "trixie"),
    (DEBIAN, "trixie-backports"),
    (DEBIAN, "sid"),
)
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
HELPER = "/usr/lib/apt/apt-helper"
BUSYBOX = "busybox-static"
DEFAULT_FLAVOUR = "cloud-amd64"
# Packages named after a series only depend on the newest kernel of it.
PACKAGE = re.compile(r"linux-image-(?P<abi>\d+\.\d+\.\d[\w.+-]*?)-(?P<flavour>(?:cloud-|rt-)?amd64)")
_EXPIRED = re.compile(r"^Release file for .* is expired")
WANTED = re.compile(r"(?P<abi>\d[\w.+-]*?)(?:-(?P<flavour>(?:cloud-|rt-)?amd64))?")


class Wish(Value):
    """The kernel asked for: `6.1` is the newest of a series, `6.1.0-56-cloud-amd64` just that one; `-amd64` behind
    either chooses the generic flavour instead of the one for virtual machines."""

    abi: str
    flavour: str

    def grants(self, release: str) -> bool:
        parsed = WANTED.fullmatch(release)
        if not parsed or parsed["flavour"] != self.flavour:
            return False
        wanted = numbers(self.abi)
        return parsed["abi"] == self.abi or numbers(parsed["abi"])[: len(wanted)] == wanted


def wish(text: str) -> Wish:
    parsed = WANTED.fullmatch(text)
    if not parsed:
        raise Refused(f"{text} is neither a kernel's version nor a file", "versions are like 6.1, 6.12, 6.12-amd64")
    return Wish(parsed["abi"], parsed["flavour"] or DEFAULT_FLAVOUR)


def numbers(abi: str) -> tuple[int, ...]:
    """What versions are compared by: (6, 12, 117, 13) of 6.12.117+deb13."""
    return tuple(map(int, re.findall(r"\d+", abi)))


def age(release: str) -> tuple[int, ...]:
    """What releases are ordered by: the numbers of their ABI, not of the architecture."""
    parsed = WANTED.fullmatch(release)
    return numbers(parsed["abi"] if parsed else release)


def newest(wanted: Wish, releases: Iterable[str]) -> str | None:
    """The newest of the releases that grant the wish."""
    return max(filter(wanted.grants, releases), key=age, default=None)


def releases(listing: str) -> list[str]:
    """Releases of the kernels that a listing of apt-cache names, one package a line."""
    found = (PACKAGE.fullmatch(line.split(" ", 1)[0]) for line in listing.splitlines())
    return [f"{each['abi']}-{each['flavour']}" for each in found if each]


def parts(dependencies: str, release: str) -> list[str]:
    """Which of a kernel's packages that `apt-cache depends` names hold its image, its modules and their lists; none
    if it does itself."""
    wanted = {f"linux-{part}-{release}" for part in ("base", "binary", "modules")}
    pairs = (line.strip(" |").partition(": ") for line in dependencies.splitlines())
    return [package for how, _, package in pairs if how == "Depends" and package in wanted]


class Apt:
    """apt with lists and state of its own, below `directory`; used by one process at a time."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        for tool in ("apt-get", "apt-cache", HELPER, "dpkg-deb"):
            if not shutil.which(tool):
                raise Refused(
                    f"{tool} is not here, and kernels are fetched with it",
                    "on a system without apt, give a kernel of your own: --kernel FILE --modules DIR",
                )
        if not os.path.exists(KEYRING):
            raise Refused(f"there is no {KEYRING} to verify kernels with", "apt install debian-archive-keyring")
        for part in ("state/lists/partial", "archives/partial"):
            os.makedirs(os.path.join(directory, part), exist_ok=True)
        with open(os.path.join(directory, "sources.list"), "w", encoding="ascii") as file:
            file.writelines(f"deb [arch=amd64 signed-by={KEYRING}] {where} {suite} main\n" for where, suite in SUITES)

    def update(self) -> list[str]:
        """Fetch the suites' lists (30 MB the first time). A suite whose list has expired, on a mirror that is behind,
        is left out: the others have kernels, too. What is to be said of each of these."""
        done = self._done("apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update")
        problems = [line.removeprefix("E: ") for line in done.stderr.splitlines() if line.startswith("E: ")]
        expired = [problem for problem in problems if _EXPIRED.search(problem)]
        if done.returncode and len(expired) < max(len(problems), 1):
            raise _refused("apt-get", done)
        return [f"left out: {problem.partition(' (')[0]}" for problem in expired]

    def kernels(self) -> list[str]:
        return releases(self._run("apt-cache", "search", "--names-only", r"^linux-image-[0-9].*amd64$"))

    def packages(self, release: str) -> list[str]:
        """The packages that a kernel's image and modules are in: one, and from 7.2 on some that it depends on."""
        whole = f"linux-image-{release}"
        return parts(self._run("apt-cache", "depends", whole), release) or [whole]

    def download(self, package: str) -> str:
        """The path of the package's file, fetched and verified by its hash."""
        # URI, file name, size and hash of the verified list. `apt-get download` would start an interrupted download
        # anew; the helper goes on, if the server knows how to.
        uri, name, _, checksum = self._run("apt-get", "-qq", "--print-uris", "download", package).split()
        path = os.path.join(self._directory, name)
        self._run(HELPER, "download-file", uri.strip("'"), path, checksum)
        return path

    def _run(self, *command: str) -> str:
        done = self._done(*command)
        if done.returncode:
            raise _refused(command[0], done)
        return done.stdout

    def _done(self, *command: str) -> subprocess.CompletedProcess[str]:
        where = self._directory
        settings = {
            "Dir::Etc::sourcelist": f"{where}/sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": f"{where}/state",
            "Dir::State::status": "/dev/null",
            "Dir::Cache": where,
            "Dir::Cache::archives": "archives",
            # Without them every command would read the lists for two seconds.
            "Dir::Cache::pkgcache": "pkgcache.bin",
            "Dir::Cache::srcpkgcache": "srcpkgcache.bin",
            "Acquire::Languages": "none",
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            # The lists may be where the user _apt cannot write.
            "APT::Sandbox::User": "root",
            "Debug::NoLocking": "true",
        }
        options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        return subprocess.run(
            [command[0], *options, *command[1:]],
            env=os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=die_with_parent(),
        )


def _refused(tool: str, done: subprocess.CompletedProcess[str]) -> Refused:
    return Refused(*_explained(done.stderr.strip() or f"{tool} failed with status {done.returncode}"))


def _explained(error: str) -> tuple[str, str]:
    # What goes wrong first is the reason for the rest.
    errors = [line.removeprefix("E: ") for line in error.splitlines() if line.startswith("E: ")]
    reason = errors[0] if errors else error.splitlines()[-1]
    if "No space left" in error or "don't have enough free space" in error:
        return reason, "make room, or put the cache elsewhere with XDG_CACHE_HOME"
    if any(
        sign in error for sign in ("Temporary failure", "Could not connect", "Cannot initiate", "Could not resolve")
    ):
        return (
            f"deb.debian.org cannot be reached: {error.splitlines()[0]}",
            "what was fetched once needs no network (vtrace vm list); or give a kernel of your own: --kernel FILE",
        )
    return reason, ""
