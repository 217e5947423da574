"""What is wrong with a form of the ticket's page."""

from __future__ import annotations


class Fault(Exception):
    """Calling this will refuse a form of the ticket's page, with the field at fault and what to do about it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
