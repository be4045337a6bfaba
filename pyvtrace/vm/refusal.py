"""What stands in the way, for people: one message and the way out."""

from __future__ import annotations


class Refused(Exception):
    """The runner cannot do what was asked. The text says what and why, `hint` what to do about it."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


class Panicked(Refused):
    """The guest's kernel panicked, and not for want of something: the next start of the same guest may go well."""
