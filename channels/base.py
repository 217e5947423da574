"""The contract every channel keeps, and the request it is handed.

The skeleton (``bot/door``) owns the order: ``verify`` before ``parse``, record before ``acknowledge``. A channel only
translates; it cannot forget a check because it never decides whether to make one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from channels.coverage import Handled
from channels.errors import FetchError, Forged, Malformed, Meaning, OutcomeUnknown, SendError, Temporary, Throttled
from channels.message import Attachment, Event, OutboundMessage, Receipt
from channels.templates import Template

_THIS_MACHINE = frozenset({"", "127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class RawRequest:
    """Calling this will hold one request as it came: method, the *public* URL, headers and the raw bytes.

    ``url`` is built from the configured ``PUBLIC_URL`` plus the raw path and query, never from ``Host``: providers sign
    the address they were given. ``received_at`` is aware.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    _lower: dict[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._lower.update((name.lower(), value) for name, value in self.headers.items())

    def header(self, name: str) -> str:
        """Calling this will return a header whatever its case, or an empty string."""
        return self._lower.get(name.lower(), "")

    def form(self) -> list[tuple[str, str]]:
        """Calling this will decode a url-encoded body, blanks and repeats kept. Raises Malformed when it is not one."""
        try:
            return parse_qsl(self.body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=1000)
        except (UnicodeDecodeError, ValueError) as error:
            raise Malformed(f"the form cannot be decoded: {type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Calling this will hold the answer the provider expects once everything is recorded."""

    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """Calling this will declare what a channel can carry: characters a text, bytes an attachment, the reply window
    (None: always open), messages a second it may be handed, and the least seconds between two to one person.

    ``reports``: the provider tells later whether a message arrived. ``automatic``: automatic replies to one address, at
    most so many in an hour and in a day (None: no limit), so that two machines cannot talk for ever and nobody can make
    us text a number a thousand times.
    """

    text_length: int
    attachment_bytes: int = 16_000_000
    reply_window: timedelta | None = None
    per_second: float = 20.0
    per_person: float = 0.0
    body_bytes: int = 1_000_000
    reports: bool = False
    automatic: tuple[int, int] | None = (20, 100)


@dataclass(frozen=True, slots=True)
class Check:
    """Calling this will hold one line of ``aduan channels check``: what was tried, whether it holds, and if not what to
    do.
    """

    name: str
    ok: bool
    detail: str


def failed(name: str, error: SendError, *, away: str, refused: str) -> Check:
    """Calling this will make the line of a look that failed: what to do where the provider was not reached
    (``away``) is another thing than where it answered and ``refused``."""
    if isinstance(error, Throttled):
        return Check(name, False, f"{error}: try again in some minutes")
    # A redirect or a page is somebody else's answer: the address is wrong, not what we say there.
    unheard = isinstance(error, Temporary | OutcomeUnknown) or error.code in ("301", "302", "303", "307", "308")
    return Check(name, False, f"{error}: {away if unheard else refused}")


def outside_first(url: str) -> str:
    """Calling this will say what must be set before a provider can be told to call an address of ours; empty when it
    can be."""
    if (urlsplit(url).hostname or "") not in _THIS_MACHINE:
        return ""
    return "set PUBLIC_URL to the https address of this system first: nobody outside reaches a loopback address"


@dataclass(frozen=True, slots=True)
class Pulled:
    """Calling this will hold one item fetched from a provider: its bytes as ``parse`` takes them, and the cursor to
    store once it is recorded ("" leaves the stored one as it is)."""

    body: bytes
    cursor: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Channel(ABC):
    """Calling a subclass with its settings will make one way in and out.

    ``kind`` is the channel as people know it; ``name`` is the provider behind it, the row of the registry and the path
    below ``/hooks``, the same as the kind unless a kind has several providers. ``title`` is what citizens read.

    ``required`` names the settings without which the channel is off; ``shared`` names credentials it has in common with
    other channels of the same provider; ``optional`` names settings that only make sense with ``required``; ``extras``
    names those that may stand alone (where an API is reached, an old token). ``values`` holds only these names.
    """

    kind: ClassVar[str]
    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    #: False for channels whose messages our own pages or terminal show: they have no provider to send to or be forged
    #: by.
    external: ClassVar[bool] = True
    required: ClassVar[tuple[str, ...]] = ()
    shared: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[tuple[str, ...]] = ()
    extras: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[Limits]
    #: What the provider's codes mean, in an answer to a send as in a report that comes later.
    errors: ClassVar[Mapping[str, Meaning]] = {}
    #: Every message type, event and state of the provider, and what becomes of it; the errors are added from the table.
    handled: ClassVar[tuple[Handled, ...]] = ()

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "kind" in cls.__dict__:
            cls.name = cls.__dict__.get("name") or cls.kind
            cls.title = cls.title or cls.kind.capitalize()

    def __init__(self, values: Mapping[str, str], public_url: str) -> None:
        self.values = dict(values)
        self.public_url = public_url.rstrip("/")

    @classmethod
    def faults(cls, values: Mapping[str, str]) -> list[str]:
        """Calling this will list what is wrong with the settings' own form (one sentence each), beyond being absent."""
        return []

    @property
    @abstractmethod
    def account(self) -> str:
        """Calling this will name the channel account: our own number, bot id or mailbox. It scopes all provider ids."""

    @property
    def contact(self) -> tuple[str, str]:
        """Calling this will give our address as citizens read it and a link that opens it on a phone; two empty texts
        where nobody can write to us first."""
        return "", ""

    @property
    def hooked(self) -> bool:
        """Calling this will say whether the channel takes requests at ``/hooks/<name>``."""
        return self.external and type(self).verify is not Channel.verify

    @property
    def hook(self) -> str:
        """Calling this will give the public address that the provider calls."""
        return f"{self.public_url}/hooks/{self.name}"

    def verify(self, request: RawRequest) -> None:
        """Calling this will return if the request is the provider's own, and raise Forged otherwise.

        The default refuses everything: a channel that takes no requests cannot be talked into taking one.
        """
        raise Forged("this channel takes no requests")

    def parse(self, request: RawRequest) -> Sequence[Event]:
        """Calling this will translate a verified request into events, in order; an empty list means "nothing for us".

        Raises Malformed when the whole of it cannot be read; an unreadable item of a batch becomes Unreadable instead.
        """
        raise Malformed("this channel takes no requests")

    def acknowledge(self, request: RawRequest) -> Acknowledgement:
        """Calling this will give the answer the provider expects after everything is recorded."""
        return Acknowledgement()

    @property
    def pull_every(self) -> float | None:
        """Calling this will give the seconds between two looks of ``pull``; None: nothing is fetched here."""
        return None

    def pull(self, cursor: str, wait: float) -> Generator[Pulled, None, None]:
        """Calling this will fetch what waits at the provider after ``cursor`` ("" the first time), oldest first, and
        may wait up to ``wait`` seconds for more.

        An item is recorded, and its cursor stored, before the next is asked for: what must be confirmed at the provider
        is confirmed then. Raises ChannelError when the provider cannot be reached.
        """
        yield from ()

    @abstractmethod
    def send(self, message: OutboundMessage) -> Receipt:
        """Calling this will hand one message to the provider and return its receipt; raises a SendError otherwise."""

    @property
    def reopening(self) -> str:
        """Calling this will name the approved template that asks a person to write, so that the reply window opens;
        empty where there is none. Its variables are the ticket's number and the agency's name."""
        return ""

    def templates(self) -> Sequence[Template]:
        """Calling this will list the texts approved at the provider. Raises SendError when they cannot be had."""
        return ()

    def fetch(self, attachment: Attachment, raw: bytes) -> bytes:
        """Calling this will return an attachment's bytes, from the provider or from the event's own raw bytes.

        At most ``limits.attachment_bytes``. Raises FetchError.
        """
        raise FetchError("this channel carries no attachments", permanent=True)

    def check(self) -> list[Check]:
        """Calling this will try, without sending anything to a citizen, whether the channel works and what to do."""
        return []

    def close(self) -> None:  # noqa: B027  (most channels hold nothing open)
        """Calling this will let go of connections and threads; the channel is not used afterwards."""
