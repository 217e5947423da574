"""Mail servers as settings name them: ``smtp[s]://user:password@host:port`` and
``imap[s]://user:password@host:port/FOLDER``."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

#: scheme → (implicit TLS, default port); smtp is the submission port of RFC 6409, smtps that of RFC 8314.
SCHEMES: dict[str, tuple[bool, int]] = {
    "smtp": (False, 587),
    "smtps": (True, 465),
    "imap": (False, 143),
    "imaps": (True, 993),
}
STARTTLS = ("offered", "required", "never")
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """Calling this will hold one mail server: ``tls`` from the first byte or not, what to do about STARTTLS otherwise
    (``offered``, ``required``, ``never``), and the seconds one network operation may take."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = ""
    folder: str = "INBOX"
    starttls: str = "offered"
    timeout: float = TIMEOUT

    @property
    def clear_password_refused(self) -> bool:
        """Calling this will tell whether a password must not be sent without TLS: a stripped STARTTLS offer would
        otherwise hand it to whoever stripped it. A loopback server and an explicit ``starttls=never`` are exempt."""
        return bool(self.user) and self.starttls != "never" and not _loopback(self.host)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read(url: str, *schemes: str) -> Server:
    """Calling this will read a server from its URL; raises ValueError with one sentence that holds no secret.

    User, password and folder are percent-decoded. ``?starttls=required|never`` and ``?timeout=`` (seconds, 1–120) are
    the only options.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL with a valid port") from None
    if parts.scheme not in schemes:
        raise ValueError(f"must begin with {' or '.join(scheme + '://' for scheme in schemes)}")
    if not parts.hostname:
        raise ValueError("names no host")
    if port == 0:
        raise ValueError("is not a URL with a valid port")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("must have both user and password, or neither")
    if parts.fragment:
        raise ValueError("has a '#': write it as %23 in user, password or folder")
    options = parse_qs(parts.query, keep_blank_values=True)
    unknown = sorted(set(options) - {"starttls", "timeout"})
    if unknown:
        raise ValueError(f"has an unknown option {unknown[0]!r}")
    tls, standard = SCHEMES[parts.scheme]
    starttls = options.get("starttls", ["offered"])[-1]
    if starttls not in STARTTLS:
        raise ValueError("has a starttls that is neither required nor never")
    return Server(
        host=parts.hostname,
        port=port or standard,
        tls=tls,
        user=user,
        password=password,
        folder=unquote(parts.path.strip("/")) or "INBOX",
        starttls=starttls,
        timeout=_timeout(options.get("timeout", [""])[-1]),
    )


def listens_at(text: str) -> tuple[str, int] | str:
    """Calling this will read where to listen: ``host:port`` as a pair, ``unix:path`` as the path; raises ValueError
    with one sentence."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path or len(path.encode()) > 100:  # unix(7): at most 107 bytes
            raise ValueError("must name a socket's path of at most 100 bytes after unix:")
        return path
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        raise ValueError("must look like 127.0.0.1:8024 or unix:var/lmtp.sock")
    return host.strip("[]"), int(port)


def _timeout(text: str) -> float:
    if not text:
        return TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 120:
        raise ValueError("has a timeout that is not between 1 and 120 seconds")
    return seconds


def tls_context() -> ssl.SSLContext:
    """Calling this will make the context both protocols use: certificate and host name are always checked."""
    return ssl.create_default_context()
