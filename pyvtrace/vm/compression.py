"""Unpacking what kernels and modules are packed with, told by its first bytes.

LZ4 and zstd are not in Python's library. Theirs are called directly: apt and dpkg link to both, so where kernels can be
fetched they are there.
"""

from __future__ import annotations

import bz2
import ctypes
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping

from pyvtrace.vm.refusal import Refused

LZ4_BLOCK = 8 << 20  # no block of the legacy format, which the kernel uses, unpacks to more


def unpack(data: bytes) -> bytes:
    """What `data` begins with, unpacked; what follows its end is ignored. Data that is not packed returns as it is."""
    for magic, unpacker in FORMATS.items():
        if data.startswith(magic):
            try:
                return unpacker(data)
            except (ValueError, EOFError, OSError, zlib.error, lzma.LZMAError, struct.error) as error:
                raise Refused(f"damaged compressed data: {error}") from None
    return data


def _gzip(data: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(data)


def _xz(data: bytes) -> bytes:
    return lzma.LZMADecompressor().decompress(data)


def _bzip2(data: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(data)


def _zstd(data: bytes) -> bytes:
    zstd = _library("libzstd.so.1")
    zstd.ZSTD_findFrameCompressedSize.restype = zstd.ZSTD_decompress.restype = ctypes.c_size_t
    zstd.ZSTD_decompressBound.restype = ctypes.c_ulonglong
    frame = ctypes.c_size_t(zstd.ZSTD_findFrameCompressedSize(data, ctypes.c_size_t(len(data))))
    if zstd.ZSTD_isError(frame):
        raise ValueError("not a whole zstd frame")
    # The frame's own header may not say how long it unpacks to; the bound is never too small.
    bound = zstd.ZSTD_decompressBound(data, frame)
    room = ctypes.create_string_buffer(bound)
    size = zstd.ZSTD_decompress(room, ctypes.c_size_t(bound), data, frame)
    if zstd.ZSTD_isError(ctypes.c_size_t(size)):
        raise ValueError("zstd cannot unpack it")
    return room.raw[:size]


def _lz4(data: bytes) -> bytes:
    lz4 = _library("liblz4.so.1")
    room, blocks, at = ctypes.create_string_buffer(LZ4_BLOCK), [], 4
    while at + 4 <= len(data):
        (size,) = struct.unpack_from("<I", data, at)
        # The last word of a kernel's payload is not a block: it is the unpacked size, more than what is left.
        if not 0 < size <= len(data) - at - 4:
            break
        block = data[at + 4 : at + 4 + size]
        length = lz4.LZ4_decompress_safe(block, room, size, LZ4_BLOCK)
        if length < 0:
            raise ValueError("not LZ4")
        blocks.append(room.raw[:length])
        at += 4 + size
    return b"".join(blocks)


def _library(name: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(name)
    except OSError:
        raise Refused(
            f"{name} is needed to unpack this", f"install the package it is in (Debian: {name[:-5]}1)"
        ) from None


FORMATS: Mapping[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": _gzip,
    b"\xfd7zXZ\0": _xz,
    b"BZh": _bzip2,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"\x02\x21\x4c\x18": _lz4,
}
