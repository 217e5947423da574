"""Whole installations, one on SQLite + Valkey and one on PostgreSQL + Redis, and one browser for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import create_engine, text

from classifier.reader import Reader
from dispatch import training
from dispatch.region import Region
from tests.conftest import needs
from tests.support.installation import CHROMIUM, OFFICER, PASSWORD, SUPERVISOR, Installation, chromium, running
from tests.support.models import place
from tests.support.providers.mail import SmtpStandIn
from tests.support.providers.telegram import SECRET as TELEGRAM_SECRET
from tests.support.providers.telegram import TelegramStandIn
from tests.support.providers.twilio import SMS_FROM, WHATSAPP_FROM, TwilioStandIn

MAIL_FROM = "aduan@kaltara.example"
MAIL_SECRET = "a-secret-for-the-mail-hook"


@dataclass
class World:
    """An installation with everything around it."""

    aduan: Installation
    twilio: TwilioStandIn
    telegram: TelegramStandIn
    smtp: SmtpStandIn


@pytest.fixture(scope="session")
def models(starter: Reader, kaltara: Region, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained starter where an installation finds it."""
    folder = tmp_path_factory.mktemp("models")
    place(folder, starter, source=training.source_of(kaltara))
    return folder


@pytest.fixture(scope="session", params=["sqlite-valkey", "postgres-redis"])
def world(request: pytest.FixtureRequest, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    backend: dict[str, str] = {}
    if request.param == "postgres-redis":
        server = request.getfixturevalue("postgres")
        redis = request.getfixturevalue("redis_server")
        name = f"e2e{os.urandom(4).hex()}"
        engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        backend = {"DATABASE_URL": server.url(name), "REDIS_URL": redis.url}
    with ExitStack() as stack:
        twilio = stack.enter_context(TwilioStandIn())
        telegram = stack.enter_context(TelegramStandIn())
        smtp = stack.enter_context(SmtpStandIn())
        installation = Installation(
            tmp_path_factory.mktemp(str(request.param)),
            {
                **backend,
                "TWILIO_ACCOUNT_SID": twilio.account,
                "TWILIO_AUTH_TOKEN": twilio.token,
                "TWILIO_WHATSAPP_FROM": WHATSAPP_FROM,
                "TWILIO_SMS_FROM": SMS_FROM,
                "TWILIO_API_URL": twilio.url,
                "TELEGRAM_BOT_TOKEN": telegram.token,
                "TELEGRAM_WEBHOOK_SECRET": TELEGRAM_SECRET,
                "TELEGRAM_API_URL": telegram.url,
                "MAIL_FROM": MAIL_FROM,
                "SMTP_URL": smtp.url,
                "MAIL_HOOK_SECRET": MAIL_SECRET,
            },
            models,
        )
        aduan = stack.enter_context(running(installation))
        aduan.add_staff(OFFICER, "officer", "tarakan-dishub", "tarakan-dpupr", "tarakan-dlh", "tarakan-dinkes")
        aduan.add_staff(SUPERVISOR, "supervisor")
        yield World(aduan, twilio, telegram, smtp)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser, gone with its module: until then its driver keeps an event loop running in this very thread."""
    needs(CHROMIUM is not None, "Chromium")
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="id-ID", viewport={"width": 390, "height": 844})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def sign_in(page: Page, world: World, email: str) -> None:
    """Sign in as a member of staff."""
    page.goto(f"{world.aduan.url}/admin/login")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/admin/tickets**")
