# Shell functions the scripts share: saying what is done, finding a Python, making .venv, packages, tracefs.
# Sourced with $root set to the top of the checkout. Everything a function says goes to standard error, so that
# a script's standard output stays the program's own.

# Kernels that the tests run on besides the host's, as `vtrace vm` knows them: always, and with --kernels all.
KERNELS='6.1 6.12'
ALL_KERNELS='6.1 6.12 6.16 7'

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
    say "$@"
    exit 1
}

# find_python MODULES: a Python 3.11 or newer that has them. The distribution's comes first: it starts a millisecond
# faster than one built without its optimisations, and python3-bpfcc is installed for it.
find_python() {
    for candidate in /usr/bin/python3 python3.15 python3.14 python3.13 python3.12 python3.11 python3; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        "$candidate" -c "import sys, $1; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || continue
        command -v "$candidate"
        return
    done
    return 1
}

# A Python that can make an environment. Debian ships `venv` in two halves: the module with every Python, what it
# needs (ensurepip) in python3-venv.
find_python_with_venv() {
    find_python 'venv, ensurepip' && return
    if old=$(find_python sys); then
        need_packages "$old cannot make a virtual environment yet" python3-venv || return
    else
        need_packages "Python 3.11 or newer is needed" python3 python3-venv || return
    fi
    find_python 'venv, ensurepip' || die "there still is no Python 3.11 or newer that can make a virtual environment"
}

is_root() {
    [ "$(id -u)" = 0 ]
}

missing_packages() {
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
            installed) ;;
            *) printf '%s ' "$package" ;;
        esac
    done
}

# need_packages REASON PACKAGE...: installs what is missing; fails, having said what to install, where it cannot.
need_packages() {
    reason=$1
    shift
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "$reason: no apt here, please install what Debian calls: $*"
        return 1
    fi
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if ! is_root; then
        say "$reason: please install as root: apt-get install ${missing% }"
        return 1
    fi
    say "$reason: apt-get install ${missing% }"
    install_packages $missing && return
    apt-get -qq update >/dev/null </dev/null && install_packages $missing && return
    say "$reason: apt-get could not install ${missing% }"
    return 1
}

# unpack DIRECTORY PACKAGE...: has their files below DIRECTORY, for programs that come with a service: nothing of theirs is
# installed, so that none starts, now or after the next boot.
unpack() {
    directory=$1
    shift
    command -v dpkg-deb >/dev/null && command -v apt-get >/dev/null || return 0
    for package in "$@"; do
        [ ! -e "$directory/$package" ] || continue
        say "unpacking $package below $directory"
        mkdir -p "$directory/$package.new"
        if fetch_package "$directory/$package.new" "$package" || { apt-get -qq update >/dev/null </dev/null &&
            fetch_package "$directory/$package.new" "$package"; }; then
            mv "$directory/$package.new" "$directory/$package"
        else
            say "apt-get could not download $package"
        fi
    done
}

fetch_package() {
    (cd "$1" && apt-get -qq download "$2" >/dev/null 2>&1 </dev/null && dpkg-deb -x ./*.deb . && rm ./*.deb)
}

# What `vtrace vm` needs besides apt, which fetches its kernels. Debian 12 has virtiofsd in QEMU's own package.
need_vm_packages() {
    virtiofsd=
    [ -e /usr/lib/qemu/virtiofsd ] || [ -e /usr/libexec/virtiofsd ] || ! apt_knows virtiofsd || virtiofsd=virtiofsd
    need_packages "virtual machines need packages" qemu-system-x86 $virtiofsd
}

apt_knows() {
    command -v apt-cache >/dev/null && [ -n "$(apt-cache policy "$1" 2>/dev/null)" ]
}

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq --no-install-recommends install "$@" >/dev/null </dev/null
}

# An installed set of dependencies is current while the pyproject.toml it was made from is, byte for byte, and while
# the checkout is where it was: an editable install holds its absolute path.
stamp_is_current() {
    [ -x "$root/.venv/bin/python" ] || return 1
    read -r place 2>/dev/null <"$root/.venv/stamp.root" || return 1
    [ "$place" = "$root" ] && cmp -s "$root/pyproject.toml" "$root/.venv/stamp.$1"
}

# in_tracefs COMMAND...: becomes the command, in a private mount namespace with tracefs where none is mounted; the
# mount ends with the command.
in_tracefs() {
    if [ -e /sys/kernel/tracing/events ] || [ -e /sys/kernel/debug/tracing/events ]; then
        exec "$@"
    fi
    if ! is_root || ! unshare -m true 2>/dev/null; then
        say "tracefs is not mounted, and it cannot be mounted from here: what needs tracepoints will fail"
        exec "$@"
    fi
    say "tracefs is not mounted: mounting it for this run only, in a mount namespace of its own"
    exec unshare -m -- sh -c 'mount -t tracefs tracefs /sys/kernel/tracing && exec "$@"' sh "$@"
}
