"""Kernel images: which release one is, and the ELF file inside a bzImage.

The packed image has to unpack itself under emulation, which takes a second; unpacking it here takes that second once.
"""

from __future__ import annotations

import re
import struct

from pyvtrace.vm.compression import unpack
from pyvtrace.vm.refusal import Refused

ELF = b"\x7fELF"
# Offsets in the setup header of a bzImage (Documentation/arch/x86/boot.rst).
SETUP_SECTORS, BOOT_MAGIC, VERSION_POINTER, PAYLOAD = 0x1F1, 0x202, 0x20E, 0x248


def release(image: bytes, name: str) -> str:
    """The release an image will report as `uname -r`; `name` is what messages call it."""
    if is_bzimage(image):
        (pointer,) = struct.unpack_from("<H", image, VERSION_POINTER)
        words = image[pointer + 512 : pointer + 1024].split(b"\0", 1)[0].split()
        if words:
            return words[0].decode("ascii", "replace")
    elif image.startswith(ELF) and (found := re.search(rb"Linux version (\d[\w.+~-]*) ", image)):
        return found[1].decode("ascii")
    raise Refused(f"{name} is no kernel for x86-64", "give a bzImage (as in /boot/vmlinuz-...) or a vmlinux")


def is_bzimage(image: bytes) -> bool:
    return len(image) > 0x260 and image[BOOT_MAGIC : BOOT_MAGIC + 4] == b"HdrS"


def vmlinux(image: bytes) -> bytes:
    """The ELF file inside a bzImage; the image itself where it is one already, or is packed in a way of its own."""
    if not is_bzimage(image):
        return image
    start, length = struct.unpack_from("<II", image, PAYLOAD)
    start += (image[SETUP_SECTORS] + 1) * 512
    inside = unpack(image[start : start + length])
    return inside if inside.startswith(ELF) else image
