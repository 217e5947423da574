"""Settings: one class, read from the environment once, that refuses to start and lists all faults at once."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from channels.registry import build, setting_names
from dispatch.scanner import configured

#: The settings read here; each channel names its own.
NAMES = frozenset(
    {
        "ADUAN_PROXIES",
        "ADUAN_REGION",
        "ADUAN_REGION_DIR",
        "ADUAN_REQUIRE_TOTP",
        "ADUAN_VAR",
        "CLAMAV_SOCKET",
        "DATABASE_URL",
        "HOOKS_BIND",
        "HOST",
        "METRICS_TOKEN",
        "PORT",
        "PUBLIC_URL",
        "REDIS_URL",
        "SECRET_KEY",
    }
)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
#: A Unix socket's path may have at most 107 bytes on Linux (unix(7)); longer ones move to the temporary directory.
SOCKET_PATH_BYTES = 100
SECRET_LENGTH = 32


class ConfigFaults(Exception):
    """Calling this will report every fault of the configuration at once."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("the configuration cannot be used:\n" + "\n".join(f"- {fault}" for fault in faults))
        self.faults = faults


def read_environment(environ: Mapping[str, str] | None = None, env_file: Path | None = None) -> dict[str, str]:
    """Calling this will merge a ``.env`` file with the environment (the environment wins) and drop empty values.

    For a name of ours, ``NAME_FILE`` gives the value of ``NAME`` from a file, without the final line break. Raises
    ConfigFaults when such a file cannot be read or both are given, or when a line of ``.env`` is no setting.
    """
    faults: list[str] = []
    values = _merged(environ, env_file, faults)
    if faults:
        raise ConfigFaults(faults)
    return values


def _merged(environ: Mapping[str, str] | None, env_file: Path | None, faults: list[str]) -> dict[str, str]:
    given = dict(os.environ if environ is None else environ)
    if env_file is not None and env_file.is_file():
        given = {**_parse(env_file, faults), **given}
    named = {name.removesuffix("_FILE"): name for name in given if name.endswith("_FILE") and given[name]}
    ours = NAMES | setting_names() if named else NAMES
    for target, name in named.items():
        if target not in ours:
            continue  # somebody else's variable, such as SSL_CERT_FILE
        if given.get(target):
            faults.append(f"{target} and {name} are both set: keep one")
            continue
        try:
            given[target] = Path(given[name]).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, ValueError) as error:
            faults.append(f"{name}: the file cannot be read ({type(error).__name__})")
    return {name: value for name, value in given.items() if value}


_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")
_QUOTED = re.compile(r"""\s*(["'])(.*)\1\s*(?:#.*)?""")


def _parse(path: Path, faults: list[str]) -> dict[str, str]:
    """A ``.env`` file: NAME=value, quotes around the value if wanted, a comment after a blank and ``#``; nothing else
    is special, so that a password may hold any other character."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{path.name} cannot be read ({type(error).__name__})")
        return {}
    values = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if (setting := _LINE.fullmatch(line)) is None:
            faults.append(f"{path.name} line {number} is not NAME=value")
            continue
        name, rest = setting.groups()
        quoted = _QUOTED.fullmatch(rest)
        values[name] = quoted[2] if quoted else re.sub(r"\s#.*", "", rest).strip()
    return values


@dataclass(frozen=True)
class Settings:
    """Calling this will hold the settings in force. Build it with ``Settings.read``."""

    database_url: str
    redis_url: str
    embedded_redis: bool
    secret_key: str
    public_url: str
    port: int
    region: str
    region_dir: Path | None
    var: Path
    require_totp: bool
    metrics_token: str
    proxies: int
    values: Mapping[str, str] = field(repr=False, default_factory=dict)

    @property
    def loopback(self) -> bool:
        """Calling this will say whether the public address is this machine only: a laptop, not a server."""
        return (urlsplit(self.public_url).hostname or "") in LOOPBACK

    @property
    def media(self) -> Path:
        """Calling this will name the folder attachments lie in."""
        return self.var / "media"

    @property
    def models(self) -> Path:
        """Calling this will name the folder trained classifiers lie in."""
        return self.var / "models"

    @property
    def clamav(self) -> str:
        """Calling this will say where the virus scanner listens, empty when there is none."""
        return self.values.get("CLAMAV_SOCKET", "")

    @property
    def valkey_socket(self) -> Path:
        """Calling this will name the embedded server's socket, in the temporary directory if ``var`` lies too deep."""
        return _socket(self.var, "valkey.sock")

    @property
    def hooks_bind(self) -> str:
        """Calling this will say where the separate hooks process listens: ``HOOKS_BIND`` or a socket under ``var``."""
        return self.values.get("HOOKS_BIND") or f"unix:{_socket(self.var, 'hooks.sock')}"

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
        """Calling this will read and check the settings. Raises ConfigFaults with every fault at once.

        Nothing is started or created, except ``var`` and, on a loopback address, a random secret key kept there.
        """
        faults: list[str] = []
        values = _merged(environ, env_file, faults)
        port = _port(values, faults)
        public_url = values.get("PUBLIC_URL", f"http://127.0.0.1:{port}").rstrip("/")
        parts = _split(public_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            faults.append("PUBLIC_URL must look like https://aduan.example.go.id, without a query or fragment")
        loopback = (parts.hostname or "") in LOOPBACK
        if parts.scheme == "http" and not loopback:
            faults.append("PUBLIC_URL must use https unless it is a loopback address: staff passwords travel over it")
        var = Path(values.get("ADUAN_VAR", "var")).absolute()
        try:
            var.mkdir(mode=0o700, parents=True, exist_ok=True)  # people's words lie in it
        except OSError as error:
            faults.append(f"ADUAN_VAR: {var} cannot be made ({error.strerror})")
        database_url = values.get("DATABASE_URL", f"sqlite:///{var / 'aduan.db'}")
        if not _names_database(database_url):
            faults.append("DATABASE_URL must be postgresql+psycopg://user:password@host/name or sqlite:///path")
        redis_url = values.get("REDIS_URL", "")
        if redis_url and not redis_url.startswith(("redis://", "rediss://", "unix://")):
            faults.append("REDIS_URL must begin with redis://, rediss:// or unix://")
        region_dir = Path(values["ADUAN_REGION_DIR"]) if values.get("ADUAN_REGION_DIR") else None
        if region_dir is not None and not region_dir.is_dir():
            faults.append(f"ADUAN_REGION_DIR: {region_dir} is not a folder")
        totp = values.get("ADUAN_REQUIRE_TOTP", "0" if loopback else "1")
        if totp not in {"0", "1"}:
            faults.append("ADUAN_REQUIRE_TOTP must be 0 or 1")
        proxies = values.get("ADUAN_PROXIES", "0")
        if not re.fullmatch("[0-9]{1,2}", proxies):
            faults.append("ADUAN_PROXIES must be the number of reverse proxies in front, 0 if none")
        try:
            configured(values.get("CLAMAV_SOCKET", ""))
        except ValueError as error:
            faults.append(f"CLAMAV_SOCKET {error}")
        secret_key = values.get("SECRET_KEY", "")
        if not secret_key and not loopback:
            faults.append(
                "SECRET_KEY must be set (32 random characters or more) when PUBLIC_URL is not a loopback address"
            )
        if secret_key and len(secret_key) < SECRET_LENGTH:
            faults.append("SECRET_KEY is too short: 32 random characters or more")
        if faults:
            # It will not start, so the channels' faults belong to the list; a good start meets them when it wires.
            registry = build(values, public_url)
            registry.close()
            raise ConfigFaults([*faults, *registry.faults])
        return cls(
            database_url=database_url,
            redis_url=redis_url or f"unix://{quote(str(_socket(var, 'valkey.sock')))}",
            embedded_redis=not redis_url,
            secret_key=secret_key or _kept_secret(var),
            public_url=public_url,
            port=port,
            region=values.get("ADUAN_REGION", "kaltara"),
            region_dir=region_dir,
            var=var,
            require_totp=totp == "1",
            metrics_token=values.get("METRICS_TOKEN", ""),
            proxies=int(proxies),
            values=values,
        )


def _port(values: Mapping[str, str], faults: list[str]) -> int:
    text = values.get("PORT", "8000")
    if re.fullmatch("[0-9]{1,5}", text) and 0 < int(text) < 65536:
        return int(text)
    faults.append("PORT must be a number from 1 to 65535")
    return 8000


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # half an IPv6 address
        return urlsplit("")


def _names_database(url: str) -> bool:
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        return False
    return parts.drivername in {"sqlite", "postgresql+psycopg"} and parts.database not in {None, "", ":memory:"}


def _socket(var: Path, name: str) -> Path:
    path = var / name
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"aduan-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigFaults([f"the socket's folder {folder} belongs to somebody else: set ADUAN_VAR to a shorter path"])
    return folder / name


def _kept_secret(var: Path) -> str:
    """The laptop's secret key: made once, readable by its owner only, the same for every process."""
    path = var / "secret.key"
    if not path.exists():
        descriptor, partial = tempfile.mkstemp(dir=var)  # mode 0600
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        # A link appears with its whole content or not at all; of two processes only one can make it.
        with suppress(FileExistsError):
            os.link(partial, path)
        Path(partial).unlink()
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SECRET_LENGTH:
        raise ConfigFaults([f"{path} is damaged: remove it, and a new one is made"])
    return key
