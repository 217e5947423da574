"""``aduan channels``: what works, which texts are approved, what is handled."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import CliRunner, Result

from admin import cli_channels
from admin.cli import aduan
from channels.coverage_page import page
from dispatch.config import Settings
from dispatch.runtime import Runtime
from dispatch.services import templates
from tests.support.providers.base import RESET, Plan, status
from tests.support.providers.twilio import ACCOUNT, SMS_FROM, TEMPLATE, TOKEN, WHATSAPP_FROM, TwilioStandIn, content

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
Run = Callable[..., Result]


@pytest.fixture
def provider() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def environment(environment: dict[str, str], provider: TwilioStandIn) -> dict[str, str]:
    twilio = {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_WHATSAPP_FROM": WHATSAPP_FROM,
        "TWILIO_SMS_FROM": SMS_FROM,
        "TWILIO_API_URL": provider.url,
    }
    return {**environment, **twilio}


@pytest.fixture
def run(runtime: Runtime, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Each run wires anew, as a process does."""
    monkeypatch.setattr(cli_channels, "from_environment", lambda: Runtime(Settings.read(environment), runtime.now))

    def called(*arguments: str) -> Result:
        return CliRunner().invoke(cli_channels.channels, arguments, standalone_mode=False)

    return called


def names(runtime: Runtime) -> list[str]:
    with runtime.reading() as session:
        return [each.name for each in templates.stored(session, "whatsapp")]


@on_sqlite
def test_the_approved_texts_are_stored_and_shown(run: Run, runtime: Runtime, provider: TwilioStandIn) -> None:
    provider.contents.append(content("HX" + "e5" * 16, "kabar", "Untuk {{name}}", status="pending"))
    done = run("templates")
    assert (done.return_value, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "whatsapp: 2 template(s)",
        f"  balas_ya  id  approved  values: 1, 2  {TEMPLATE}",
        f"  kabar  id  pending  values: name  HX{'e5' * 16}",
    ]
    assert names(runtime) == ["balas_ya", "kabar"]
    provider.contents.clear()
    assert run("templates").stdout == "whatsapp: 0 template(s)\n"
    assert names(runtime) == []


@on_sqlite
@pytest.mark.parametrize("plan", [RESET, status(401, {"code": 20003}), status(200, b"<html>")])
def test_a_list_that_cannot_be_had_leaves_the_stored_one(
    run: Run, runtime: Runtime, provider: TwilioStandIn, plan: Plan
) -> None:
    run("templates")
    provider.fail(plan, path="/v1/ContentAndApprovals")
    done = run("templates")
    assert (done.return_value, done.stdout) == (1, "")
    assert "the stored list stays" in done.stderr
    assert TOKEN not in done.stderr
    assert names(runtime) == ["balas_ya"]


@on_sqlite
class TestWithoutTemplates:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in environment.items() if not name.startswith("TWILIO_")}

    def test_it_says_so(self, run: Run) -> None:
        done = run("templates")
        assert (done.return_value, done.stdout) == (0, "")
        assert "no configured channel has templates" in done.stderr


@on_sqlite
def test_the_check_names_each_line_and_fails_with_one(run: Run, provider: TwilioStandIn) -> None:
    done = run("check")
    assert done.return_value == 1
    lines = done.stdout.splitlines()
    assert "ok   whatsapp: sign in: the account is active" in lines
    assert any(line.startswith("BAD  sms: webhook: does not call us") for line in lines)
    assert "ok   web: needs nothing from outside" in lines


@on_sqlite
def test_the_coverage_page_is_printed_as_it_is(run: Run) -> None:
    assert run("coverage").stdout == page()


def test_the_group_is_where_the_command_looks_for_it() -> None:
    assert aduan.get_command(click.Context(aduan), "channels") is cli_channels.channels
