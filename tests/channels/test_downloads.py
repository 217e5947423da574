"""A download never leads into our own network, wherever a name claims to point."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from channels.downloads import download, leads_inside
from channels.errors import FetchError

ADDRESSES = {
    "a public address": ("203.0.113.7", "8.8.8.8", False),
    "this machine": ("x", "127.0.0.1", True),
    "an office network": ("x", "10.1.2.3", True),
    "another one": ("x", "192.168.0.10", True),
    "link-local, where clouds keep their keys": ("x", "169.254.169.254", True),
    "this machine in IPv6": ("x", "::1", True),
    "a local network in IPv6": ("x", "fd00::1", True),
    "mapped into IPv6": ("x", "::ffff:127.0.0.1", True),
    "nothing in particular": ("x", "0.0.0.0", True),
}


@pytest.mark.parametrize(("_", "address", "inside"), ADDRESSES.values(), ids=ADDRESSES)
def test_where_a_name_leads(monkeypatch: pytest.MonkeyPatch, _: str, address: str, inside: bool) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(family, socket.SOCK_STREAM, 6, "", (address, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert leads_inside("media.example") is inside


def test_a_name_nobody_knows_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert leads_inside("nowhere.invalid") is False


def test_a_redirect_into_our_network_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://media.twiliocdn.com/x"})

    def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with httpx.Client(transport=httpx.MockTransport(answer)) as client, pytest.raises(FetchError, match="private"):
        download(client, "https://api.example/media", allowed=lambda url: True, most=10, in_time=lambda: True)
    assert asked == ["api.example"]
