"""C type text of tracefs formats to D types."""

from __future__ import annotations

from pyvtrace.lang import types as ty


def c_type(text: str, size: int, *, signed: bool, user: bool = False) -> ty.Type:
    """The D type of a C declaration such as "const char *" or "unsigned int"; `size` in bytes decides for names that
    are not known. `user` says that pointers point into the process."""
    words = text.replace("const", " ").replace("volatile", " ").replace("__user", " ")
    if "*" in words:
        base = " ".join(words.replace("*", " ").split())
        to: ty.Type = ty.CHAR if base == "char" else ty.VOID
        return ty.Pointer(to, user)
    name = " ".join(words.split())
    known = ty.TYPEDEFS.get(name)
    if isinstance(known, ty.Integer) and known.bytes == size:
        return known
    if size not in (1, 2, 4, 8):
        return ty.ULONG
    return ty.Integer(size, signed, name or f"{'' if signed else 'u'}int{8 * size}_t")
