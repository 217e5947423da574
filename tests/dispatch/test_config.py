"""Settings: what is refused, all at once; what NAME_FILE and .env mean; what a laptop gets without asking."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from channels.registry import setting_names
from dispatch.config import NAMES, SOCKET_PATH_BYTES, ConfigFaults, Settings, read_environment

ROOT = Path(__file__).parents[2]
KEY = "k" * 32


def read(tmp_path: Path, env_file: Path | None = None, **given: str) -> Settings:
    return Settings.read({"ADUAN_VAR": str(tmp_path / "var"), **given}, env_file)


def test_a_laptop_needs_no_setting_at_all(tmp_path):
    settings = read(tmp_path)
    assert settings.loopback and not settings.require_totp and settings.embedded_redis
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/aduan.db"
    assert settings.redis_url == f"unix://{tmp_path}/var/valkey.sock"
    assert settings.hooks_bind == f"unix:{tmp_path}/var/hooks.sock"
    assert (settings.region, settings.region_dir, settings.proxies, settings.port) == ("kaltara", None, 0, 8000)


LOOPBACK = {
    "ipv4": ("http://127.0.0.1:8000", True),
    "name": ("http://localhost:9000", True),
    "ipv6": ("http://[::1]:8000", True),
    "server": ("https://aduan.example.go.id", False),
    "looks-like": ("https://127.0.0.1.example.go.id", False),
    "user-part": ("https://127.0.0.1@aduan.example.go.id", False),
}


@pytest.mark.parametrize(("url", "loopback"), LOOPBACK.values(), ids=LOOPBACK)
def test_the_second_factor_is_demanded_unless_the_address_is_this_machine(tmp_path, url, loopback):
    settings = read(tmp_path, PUBLIC_URL=url, SECRET_KEY=KEY)
    assert settings.loopback is loopback
    assert settings.require_totp is not loopback


REFUSED = {
    "port-zero": ({"PORT": "0"}, "PORT"),
    "port-too-high": ({"PORT": "65536"}, "PORT"),
    "port-word": ({"PORT": "http"}, "PORT"),
    "port-superscript": ({"PORT": "²"}, "PORT"),
    "port-endless": ({"PORT": "9" * 5000}, "PORT"),
    "url-without-scheme": ({"PUBLIC_URL": "aduan.example.go.id", "SECRET_KEY": KEY}, "PUBLIC_URL"),
    "url-query": ({"PUBLIC_URL": "http://127.0.0.1/?a=1"}, "PUBLIC_URL"),
    "url-half-bracket": ({"PUBLIC_URL": "http://[::1", "SECRET_KEY": KEY}, "PUBLIC_URL"),
    "url-plain-http": ({"PUBLIC_URL": "http://aduan.example.go.id", "SECRET_KEY": KEY}, "PUBLIC_URL must use https"),
    "url-without-secret": ({"PUBLIC_URL": "https://aduan.example.go.id"}, "SECRET_KEY must be set"),
    "secret-short": ({"SECRET_KEY": "k" * 31}, "SECRET_KEY is too short"),
    "database-mysql": ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL"),
    "database-other-driver": ({"DATABASE_URL": "postgresql://x/y"}, "DATABASE_URL"),
    "database-port-word": ({"DATABASE_URL": "postgresql+psycopg://u:p@host:port/db"}, "DATABASE_URL"),
    "database-in-memory": ({"DATABASE_URL": "sqlite:///:memory:"}, "DATABASE_URL"),
    "database-nameless": ({"DATABASE_URL": "sqlite:///"}, "DATABASE_URL"),
    "redis-http": ({"REDIS_URL": "http://127.0.0.1"}, "REDIS_URL"),
    "region-dir-missing": ({"ADUAN_REGION_DIR": "/nowhere/at/all"}, "ADUAN_REGION_DIR"),
    "totp-word": ({"ADUAN_REQUIRE_TOTP": "yes"}, "ADUAN_REQUIRE_TOTP"),
    "proxies-negative": ({"ADUAN_PROXIES": "-1"}, "ADUAN_PROXIES"),
    "proxies-superscript": ({"ADUAN_PROXIES": "²"}, "ADUAN_PROXIES"),
}


@pytest.mark.parametrize(("given", "named"), REFUSED.values(), ids=REFUSED)
def test_a_fault_is_refused_by_name(tmp_path, given, named):
    with pytest.raises(ConfigFaults) as caught:
        read(tmp_path, **given)
    [fault] = caught.value.faults
    assert fault.startswith(named)


def test_a_folder_that_cannot_be_made_is_a_fault(tmp_path):
    (tmp_path / "var").write_text("a file is in the way")
    with pytest.raises(ConfigFaults, match="ADUAN_VAR"):
        read(tmp_path)


def test_every_fault_is_listed_at_once(tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("this is no setting\n")
    with pytest.raises(ConfigFaults) as caught:
        read(
            tmp_path,
            env_file,
            PORT="none",
            PUBLIC_URL="https://aduan.example.go.id",
            DATABASE_URL="oracle://",
            SECRET_KEY_FILE="/nowhere/key",
            REDIS_URL="redis://127.0.0.1:1/0",
            REDIS_URL_FILE="/nowhere/redis",
            TELEGRAM_WEBHOOK_SECRET="half-of-a-channel-0123456789",
        )
    named = "\n".join(caught.value.faults)
    for word in (
        ".env line 1",
        "PORT",
        "DATABASE_URL",
        "SECRET_KEY_FILE",
        "REDIS_URL and REDIS_URL_FILE",
        "SECRET_KEY must be set",
        "channel telegram",
    ):
        assert word in named
    assert str(caught.value).count("\n- ") == len(caught.value.faults) == 7


def test_a_fault_never_shows_a_secret(tmp_path):
    with pytest.raises(ConfigFaults) as caught:
        read(tmp_path, SECRET_KEY="short-secret", DATABASE_URL="mysql://u:database-password@h/d", PORT="x")
    assert "short-secret" not in str(caught.value)
    assert "database-password" not in str(caught.value)


FOREIGN = {
    "missing": "/nowhere/cert.pem",
    "endless": "/dev/zero",
    "readable": __file__,
}


class TestNameFile:
    @pytest.mark.parametrize("name", ["SECRET_KEY", "TELEGRAM_BOT_TOKEN", "METRICS_TOKEN", "HOST", "ADUAN_REGION"])
    def test_gives_the_value_without_its_line_break(self, tmp_path, name):
        (tmp_path / "secret").write_text("from a file\r\n")
        assert read_environment({f"{name}_FILE": str(tmp_path / "secret")})[name] == "from a file"

    def test_that_cannot_be_read_is_a_fault_naming_no_content(self, tmp_path):
        (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigFaults) as caught:
            read_environment({"SECRET_KEY_FILE": str(tmp_path / "binary"), "MAIL_FROM_FILE": str(tmp_path)})
        assert len(caught.value.faults) == 2

    def test_beside_the_name_itself_is_a_fault(self, tmp_path):
        (tmp_path / "secret").write_text(KEY)
        with pytest.raises(ConfigFaults, match="keep one"):
            read_environment({"SECRET_KEY": KEY, "SECRET_KEY_FILE": str(tmp_path / "secret")})

    @pytest.mark.parametrize("value", FOREIGN.values(), ids=FOREIGN)
    def test_of_somebody_else_is_left_alone(self, value):
        if value == "/dev/zero":  # whoever reads it never comes back
            code = (
                f"from dispatch.config import read_environment; print(read_environment({{'SSL_CERT_FILE': '{value}'}}))"
            )
            done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=20, check=True)
            assert b"SSL_CERT_FILE" in done.stdout
            return
        given = {"SSL_CERT_FILE": value, "SSL_CERT": "another", "ADUAN_ENV_FILE": value}
        assert read_environment(given) == given

    def test_serves_every_name_of_ours(self, tmp_path):
        (tmp_path / "value").write_text("v")
        for name in NAMES | setting_names():
            assert read_environment({f"{name}_FILE": str(tmp_path / "value")})[name] == "v"


ENV_LINES = {
    "plain": ("A=b", {"A": "b"}),
    "blanks-around": ("  A = b  ", {"A": "b"}),
    "export": ("export A=b", {"A": "b"}),
    "empty": ("A=", {}),
    "comment-line": ("# it's a comment", {}),
    "only-comment": ("A=          # https://example.go.id ; it's exact", {}),
    "comment-after-value": ("A=b   # c", {"A": "b"}),
    "hash-within": ("A=p#q", {"A": "p#q"}),
    "hash-first": ("A=#q", {"A": "#q"}),
    "apostrophe": ("A=it's", {"A": "it's"}),
    "blank-within": ("A=Aduan Contoh <aduan@example.org>", {"A": "Aduan Contoh <aduan@example.org>"}),
    "double-quotes": ('A="b # c"  # d', {"A": "b # c"}),
    "single-quotes": ("A='b \" c'", {"A": 'b " c'}),
    "backslash": (r"A=b\nc", {"A": r"b\nc"}),
    "equals": ("A=b=c==", {"A": "b=c=="}),
    "carriage-return": ("A=b\r", {"A": "b"}),
    "byte-order-mark": ("\ufeffA=b", {"A": "b"}),
    "later-wins": ("A=b\nA=c", {"A": "c"}),
}


@pytest.mark.parametrize(("content", "values"), ENV_LINES.values(), ids=ENV_LINES)
def test_a_line_of_the_env_file_means(tmp_path, content, values):
    (tmp_path / ".env").write_bytes(content.encode())
    assert read_environment({}, tmp_path / ".env") == values


@pytest.mark.parametrize(
    "content", [b"no setting", b"1A=b", b"A b=c", b"A=\xff\xfe"], ids=["word", "digit", "blank", "latin"]
)
def test_an_unreadable_env_file_is_a_fault_and_no_crash(tmp_path, content):
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(ConfigFaults, match=r"\.env"):
        read_environment({}, tmp_path / ".env")


def test_the_environment_wins_over_the_env_file(tmp_path):
    (tmp_path / ".env").write_text("PORT=9001\nADUAN_REGION=lain\n")
    settings = read(tmp_path, tmp_path / ".env", PORT="9002")
    assert (settings.port, settings.region) == (9002, "lain")


def test_the_example_copied_unchanged_sets_nothing(tmp_path):
    assert read_environment({}, ROOT / ".env.example") == {}
    assert read(tmp_path, ROOT / ".env.example").loopback


class TestKeptSecret:
    def test_is_made_once_for_its_owner_only(self, tmp_path):
        first = read(tmp_path).secret_key
        path = tmp_path / "var" / "secret.key"
        assert len(first) >= 32
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert read(tmp_path).secret_key == first
        assert [each.name for each in (tmp_path / "var").iterdir()] == ["secret.key"]

    def test_is_the_same_for_processes_that_start_together(self, tmp_path):
        code = "import sys; from dispatch.config import *; print(Settings.read({'ADUAN_VAR': sys.argv[1]}).secret_key)"
        command = [sys.executable, "-c", code, str(tmp_path / "var")]
        started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]
        keys = {process.communicate(timeout=30)[0] for process in started}
        assert len(keys) == 1 and len(keys.pop().strip()) >= 32

    @pytest.mark.parametrize("content", ["", "short"], ids=["empty", "short"])
    def test_that_was_left_half_written_is_a_fault(self, tmp_path, content):
        (tmp_path / "var").mkdir()
        (tmp_path / "var" / "secret.key").write_text(content)
        with pytest.raises(ConfigFaults, match=r"secret\.key"):
            read(tmp_path)

    def test_is_not_made_where_one_is_given(self, tmp_path):
        read(tmp_path, SECRET_KEY=KEY)
        assert not (tmp_path / "var" / "secret.key").exists()


class TestSockets:
    def deep(self, tmp_path: Path) -> Path:
        return tmp_path.joinpath(*["a-rather-long-folder-name"] * 5)

    def test_move_to_the_temporary_folder_when_var_lies_too_deep(self, tmp_path):
        settings = Settings.read({"ADUAN_VAR": str(self.deep(tmp_path))})
        again = Settings.read({"ADUAN_VAR": str(self.deep(tmp_path))})
        for path in (settings.valkey_socket, Path(settings.hooks_bind.removeprefix("unix:"))):
            assert len(os.fsencode(path)) <= SOCKET_PATH_BYTES
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert settings.redis_url == f"unix://{settings.valkey_socket}" == again.redis_url

    def test_are_not_put_into_a_folder_somebody_else_laid_out(self, tmp_path, monkeypatch):
        short = tmp_path / "short"
        short.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(short))
        settings = Settings.read({"ADUAN_VAR": str(self.deep(tmp_path))})
        folder = settings.valkey_socket.parent
        folder.rmdir()
        (short / "trap").mkdir()
        folder.symlink_to(short / "trap")
        with pytest.raises(ConfigFaults, match="socket"):
            _ = settings.valkey_socket

    def test_of_a_folder_with_odd_characters_are_found_by_the_client(self, tmp_path):
        from dispatch.jobqueue import connect

        settings = read(tmp_path / "a b#c%20d")
        with connect(settings.redis_url) as client:
            assert client.connection_pool.connection_kwargs["path"] == str(settings.valkey_socket)


def test_hooks_bind_is_taken_from_its_setting(tmp_path):
    assert read(tmp_path, HOOKS_BIND="127.0.0.1:9000").hooks_bind == "127.0.0.1:9000"


def test_settings_do_not_show_the_values_they_hold(tmp_path):
    assert "bot-token" not in repr(read(tmp_path, TELEGRAM_BOT_TOKEN="bot-token"))
