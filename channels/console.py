"""The terminal: the same conversation as on our own pages, for trying out and for operators without a browser."""

from __future__ import annotations

from channels.web import Web


class Console(Web):
    """Calling this will make the terminal's channel; its body is the one our pages write."""

    kind = "console"
