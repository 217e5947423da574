"""Make the pictures of the documentation (``make screenshots``): a whole installation and a real browser."""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.support.installation import OFFICER, PASSWORD, ROOT, Installation, chromium, running

IMAGES = ROOT / "docs" / "images"
WIDTHS = {"phone": (390, 844), "desktop": (1280, 860)}
FRAME = "height:700px;border:1px solid #999;border-radius:8px;margin:8px"
COMPLAINT = "Lampu jalan di depan Pasar Gusher Tarakan sudah seminggu mati, gelap sekali kalau malam"
ANSWER = "Terima kasih laporannya. Petugas kami mengganti lampunya besok pagi."


def main() -> int:
    """Write every picture anew."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="aduan-pictures-"))
    with running(Installation(folder, {})) as aduan, chromium() as browser:
        aduan.cli("demo", "--tickets", "120")
        aduan.add_staff(OFFICER, "officer", "tarakan-dishub", "tarakan-dpupr", "tarakan-dlh", "bulungan-dishub")
        citizen = _page(browser, "phone")
        number = _complain(citizen, aduan)
        staff = {width: _page(browser, width) for width in WIDTHS}
        for page in staff.values():
            _sign_in(page, aduan)
        staff["desktop"].goto(f"{aduan.url}/admin/tickets/{number}")
        staff["desktop"].fill("textarea[name=reply]", ANSWER)
        staff["desktop"].locator("form:has(textarea[name=reply]) button").first.click()
        citizen.goto(f"{aduan.url}/obrolan")
        citizen.get_by_text(ANSWER).wait_for()
        _shoot(citizen, "chat-phone")
        for width, page in staff.items():
            for name, path in {"inbox": "tickets", "ticket": f"tickets/{number}", "responses": "responses"}.items():
                page.goto(f"{aduan.url}/admin/{path}")
                _shoot(page, f"{name}-{width}")
        _together(browser)
    return 0


def _page(browser: Browser, width: str) -> Page:
    wide, high = WIDTHS[width]
    context = browser.new_context(locale="id-ID", viewport={"width": wide, "height": high})
    return context.new_page()


def _complain(page: Page, aduan: Installation) -> str:
    page.goto(aduan.url)
    _shoot(page, "home-phone")
    page.locator("textarea[name=text]").first.fill(COMPLAINT)
    page.locator("form:has(textarea[name=text]) button").last.click()
    page.wait_for_url("**/obrolan**")
    page.get_by_text("KU-").first.wait_for(timeout=20_000)
    ticket = next(row for row in aduan.tickets() if row["text"].startswith(COMPLAINT))
    return ticket["number"]


def _sign_in(page: Page, aduan: Installation) -> None:
    page.goto(f"{aduan.url}/admin/login")
    page.fill("input[name=email]", OFFICER)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/admin/tickets**")


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")
    sys.stderr.write(f"{name}.png\n")


def _together(browser: Browser) -> None:
    """The README's picture: the officer's list and the citizen's chat side by side."""
    inside = "".join(
        f'<img style="{FRAME}" src="data:image/png;base64,{data}">'
        for name in ("inbox-desktop", "chat-phone")
        if (data := base64.b64encode((IMAGES / f"{name}.png").read_bytes()).decode())
    )
    page = browser.new_page(viewport={"width": 1420, "height": 730})
    page.set_content(f'<body style="margin:0;background:#fff;display:flex;justify-content:center">{inside}</body>')
    _shoot(page, "first-look")


if __name__ == "__main__":
    raise SystemExit(main())
