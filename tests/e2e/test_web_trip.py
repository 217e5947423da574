"""A person with a browser: a complaint at ``/``, its answer written in ``/admin`` and read in the chat; with JavaScript
and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import World, sign_in
from tests.support.installation import OFFICER

ANSWER = "Truk sampah datang besok pukul tujuh pagi."


@pytest.mark.parametrize("script", [True, False], ids=["javascript", "no-javascript"])
def test_the_whole_trip_in_the_browser(world: World, browser: Browser, script: bool) -> None:
    complaint = f"Sampah di Selumit Tarakan tidak diangkut {'dua' if script else 'tiga'} minggu"
    citizen = browser.new_context(locale="id-ID", viewport={"width": 320, "height": 640}, java_script_enabled=script)
    officer = browser.new_context(locale="id-ID", viewport={"width": 1280, "height": 800})
    try:
        page = citizen.new_page()
        page.goto(world.aduan.url)
        page.locator("textarea[name=text]").first.fill(complaint)
        page.locator("form:has(textarea[name=text]) button").first.click()
        page.wait_for_url("**/obrolan**")
        for _ in range(40):
            if page.get_by_text("KU-").count():
                break
            page.wait_for_timeout(500)
            if not script:
                page.goto(f"{world.aduan.url}/obrolan")
        assert "Dinas Lingkungan Hidup Kota Tarakan" in page.inner_text("main")
        number = next(t["number"] for t in world.aduan.tickets() if t["text"].startswith(complaint))

        desk = officer.new_page()
        sign_in(desk, world, OFFICER)
        assert number in desk.inner_text("main")
        desk.goto(f"{world.aduan.url}/admin/tickets/{number}")
        desk.fill("textarea[name=reply]", ANSWER)
        desk.locator("form:has(textarea[name=reply]) button").first.click()
        desk.wait_for_load_state()
        assert ANSWER in desk.inner_text("main")

        if script:
            page.get_by_text(ANSWER).wait_for(timeout=20_000)  # it comes by itself
        else:
            page.goto(f"{world.aduan.url}/obrolan")
        assert ANSWER in page.inner_text("main")
        answered = next(t for t in world.aduan.tickets() if t["number"] == number)
        assert (answered["status"], answered["delivered"], answered["agency"]) == (
            "answered",
            "delivered",
            "tarakan-dlh",
        )
        tracked = world.aduan.get(f"/lacak/{number}").text
        assert number in tracked and complaint not in tracked and ANSWER not in tracked
    finally:
        citizen.close()
        officer.close()
