"""The ticket's page: what is shown of hostile content, and what its forms do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from sqlalchemy import select
from sqlmodel import col

from channels.message import Attachment, AttachmentKind, DeliveryState, Location
from dispatch.models import (
    Assignment,
    Audit,
    CitizenAddress,
    Direction,
    Message,
    Outbox,
    Staff,
    StatusChange,
    StoredAttachment,
    Ticket,
)
from dispatch.runtime import Runtime
from dispatch.services import answers, people
from dispatch.workflow import Status
from tests.admin.conftest import Browser, one_database
from tests.support.clock import Clock
from tests.support.tickets import answer, open_ticket, reload, write_again

OWN = "tarakan-dpupr"
ELSEWHERE = "tarakan-dlh"

Make = Callable[..., Browser]


@pytest.fixture
def officer(signed_in: Make) -> Browser:
    return signed_in(agencies=(OWN,))


def page(browser: Browser, ticket: Ticket) -> str:
    response = browser.get(f"/admin/tickets/{ticket.number}")
    assert response.status_code == 200
    return response.text


def rows_of(runtime: Runtime, model: type, ticket: Ticket) -> list:  # type: ignore[type-arg]
    with runtime.reading() as session:
        return list(session.scalars(select(model).where(col(model.ticket_id) == ticket.id).order_by(col(model.id))))


# Hostile content


class Shape(HTMLParser):
    """Counts elements with their attributes' names, and collects what could run or load something."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.dangers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[(tag, tuple(sorted(name for name, _ in attrs)))] += 1
        for name, value in attrs:
            if (
                name.startswith("on")
                or name == "style"
                or (value or "").strip().lower().startswith(("javascript:", "data:"))
            ):
                self.dangers.append(f"{tag} {name}={value}")
        if tag in {"script", "iframe", "object", "embed", "base", "svg", "math", "style"}:
            self.dangers.append(tag)


def shape(text: str) -> Shape:
    parser = Shape()
    parser.feed(text)
    parser.close()
    return parser


PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "image with handler": "<img src=x onerror=alert(1)>",
    "leaves an attribute": '"><svg onload=alert(1)>',
    "leaves a single-quoted attribute": "' onmouseover='alert(1)",
    "leaves a text area": "</textarea><script>alert(1)</script>",
    "leaves the title": "</title><script>alert(1)</script>",
    "template": "{{ 7 * 7 }}{% for x in y %}${7*7}",
    "link": "<a href=javascript:alert(1)>x</a> javascript:alert(1)",
    "comment": "<!--><script>alert(1)</script>-->",
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "twice encoded": "&amp;lt;script&amp;gt;%253Cscript%253E",
    "cdata": "<![CDATA[<script>alert(1)</script>]]>",
    "nested": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "direction": "abc\u202egpj.exe\u2066<b>\u2069",
    "zero width": "<\u200bscript>alert(1)</\u200bscript>",
    "style": "<style>*{display:none}</style>",
    "form": "</form><form action=https://evil.example><input name=x>",
    "meta": "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "translation placeholder": "%(name)s %s %n {0} {name}",
    "quotes": "\"'`<>&",
}


@one_database
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_content_adds_no_element(payload: str, officer: Browser, runtime: Runtime) -> None:
    """A ticket whose every text is hostile has exactly the elements and attributes of a harmless one."""
    pages = {}
    for name, text in (("harmless", "Jalan rusak"), ("hostile", payload)):
        ticket = open_ticket(
            runtime,
            text,
            name=text,
            subject=text,
            attachments=(Attachment(AttachmentKind.DOCUMENT, "s", content_type=text, filename=text),),
            location=Location(3.3, 117.6, label=text),
        )
        with runtime.writing() as session:
            row = session.get_one(Ticket, ticket.id)
            answers.note(session, runtime.now(), row, text=text, staff_id=1)
            answers.reply(session, runtime.phrases, runtime.now(), row, text=text, staff_id=1)
            assignment = session.scalars(select(Assignment).where(col(Assignment.ticket_id) == ticket.id)).one()
            assignment.words, assignment.note, assignment.model_version = [text], text, text
            change = session.scalars(select(StatusChange).where(col(StatusChange.ticket_id) == ticket.id)).first()
            out = session.scalars(select(Outbox).where(col(Outbox.ticket_id) == ticket.id)).first()
            file = session.scalars(select(StoredAttachment).order_by(col(StoredAttachment.id).desc())).first()
            assert change is not None and out is not None and file is not None
            change.reason, out.error, out.error_code, file.error = text, text, text, text
            session.add_all([assignment, change, out, file])
        rejected = officer.post(
            f"/admin/tickets/{ticket.number}/status",
            {"status": text, "reason": text, "reply": text, "note": text, "place": text, "agency": text},
        )
        listed = officer.get("/admin/tickets", query_string={"q": text, "area": text, "opd": text})
        pages[name] = [shape(page(officer, ticket)), shape(rejected.text), shape(listed.text)]
    for harmless, hostile in zip(pages["harmless"][:2], pages["hostile"][:2], strict=True):
        assert hostile.elements == harmless.elements
    assert [one.dangers for one in pages["hostile"]] == [[], [], []]


def test_what_was_written_is_shown_as_written(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime, '1 < 2 & "x"\nbaris kedua')
    assert '<p class="body" dir="auto">1 &lt; 2 &amp; &#34;x&#34;\nbaris kedua</p>' in page(officer, ticket)


# What the page says


def test_the_page_tells_all_it_knows(officer: Browser, runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime, receipt=True, attachments=(Attachment(AttachmentKind.VOICE, "s"),))
    clock.forward(minutes=20)
    write_again(runtime, ticket, "Kapan selesai?")
    text = page(officer, ticket)
    for expected in (
        ticket.number,
        "Dinas Pekerjaan Umum dan Penataan Ruang Kota Tarakan",
        "Damaged roads",
        "Kota Tarakan",
        "Warga Contoh",
        "4 Nov 2026 10:00 WITA",
        "4 Nov 2026 10:20 WITA",
        "5 working days left",
        "due 11 Nov 2026 16:00 WITA",
        "waiting to be sent",
        "Voice message 1: still being fetched",
        "this agency does this work in the place named",
        "berlubang",
        "Likelihood 91 of 100, model test-1",
        "Kapan selesai?",
    ):
        assert expected in text


@one_database
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (DeliveryState.QUEUED, "waiting to be sent"),
        (DeliveryState.SENDING, "being sent"),
        (DeliveryState.SENT, "sent, not yet confirmed"),
        (DeliveryState.DELIVERED, "delivered"),
        (DeliveryState.READ, "read"),
        (DeliveryState.FAILED, "NOT delivered"),
        (DeliveryState.UNCERTAIN, "uncertain: it may have been sent"),
    ],
)
def test_the_delivery_of_an_answer_is_told(
    state: DeliveryState, expected: str, officer: Browser, runtime: Runtime
) -> None:
    ticket = open_ticket(runtime)
    answer(runtime, ticket, by=Staff(id=1, email="", role="", password_hash="", created_at=runtime.now()))
    with runtime.writing() as session:
        row = session.scalars(select(Outbox)).one()
        row.state, row.error, row.error_code = state, "not in the network", "30003"
        session.add(row)
    text = page(officer, ticket)
    assert f'<p class="delivery {state}">SMS: {expected}' in text
    arrived = state in (DeliveryState.DELIVERED, DeliveryState.READ)
    assert ("the provider could not take it for now (30003)" in text) is not arrived


# Answering


def test_an_answer_goes_to_the_outbox(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    response = officer.post(f"/admin/tickets/{ticket.number}", {"reply": "Besok pagi kami tambal."})
    assert (response.status_code, response.headers["Location"]) == (303, f"/admin/tickets/{ticket.number}")
    (sent,) = rows_of(runtime, Outbox, ticket)
    assert (sent.state, sent.automatic, sent.channel) == ("queued", False, "sms")
    assert ticket.number in sent.body and sent.body.endswith("Besok pagi kami tambal.")
    after = reload(runtime, ticket)
    assert (after.status, after.first_response_at) == (Status.ANSWERED, runtime.now())
    assert "Besok pagi kami tambal." in page(officer, ticket)


@pytest.mark.parametrize("text", ["", "   \n", "\x00\x07", "x" * 5001], ids=["empty", "blank", "control", "long"])
def test_an_answer_that_is_none_is_refused(text: str, officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    response = officer.post(f"/admin/tickets/{ticket.number}", {"reply": text})
    assert response.status_code == 422
    assert '<a href="#field-reply">' in response.text
    assert rows_of(runtime, Outbox, ticket) == []


def test_control_characters_do_not_reach_the_database(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    officer.post(f"/admin/tickets/{ticket.number}", {"reply": "Baris satu\r\nbaris\x00 dua\x1b[31m"})
    message = rows_of(runtime, Message, ticket)[-1]
    assert message.body == "Baris satu\nbaris dua[31m"


def test_an_answer_on_a_ticket_that_changed_is_kept_and_not_sent(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    seen = {"version": str(ticket.version), "last_message": "1"}
    write_again(runtime, ticket, "Sudah diperbaiki, terima kasih")
    response = officer.post(f"/admin/tickets/{ticket.number}", {"reply": "Kami periksa besok.", **seen})
    assert response.status_code == 409
    assert "Kami periksa besok.</textarea>" in response.text
    assert '<strong class="mark">New</strong>' in response.text
    assert response.text.count('id="new"') == 1
    assert rows_of(runtime, Outbox, ticket) == []
    fresh = {"version": str(reload(runtime, ticket).version)}
    assert officer.post(f"/admin/tickets/{ticket.number}", {"reply": "x", **fresh}).status_code == 303


def test_of_two_officers_one_answers(signed_in: Make, runtime: Runtime) -> None:
    first, second = signed_in("satu@contoh.test", agencies=(OWN,)), signed_in("dua@contoh.test", agencies=(OWN,))
    ticket = open_ticket(runtime)
    form = {"reply": "Jawaban", "version": str(ticket.version)}
    codes = [each.post(f"/admin/tickets/{ticket.number}", form).status_code for each in (first, second)]
    assert codes == [303, 409]
    assert len(rows_of(runtime, Outbox, ticket)) == 1


def test_an_answer_without_a_version_is_not_judged(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    write_again(runtime, ticket, "Satu lagi")
    assert officer.post(f"/admin/tickets/{ticket.number}", {"reply": "Baik"}).status_code == 303


def test_a_citizen_who_said_stop_is_not_written_to(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    with runtime.writing() as session:
        people.set_stopped(session, runtime.now(), session.get_one(CitizenAddress, ticket.address_id), True)
    response = officer.post(f"/admin/tickets/{ticket.number}", {"reply": "Halo"})
    assert response.status_code == 422
    assert "asked us to stop writing" in response.text and "Halo</textarea>" in response.text
    assert rows_of(runtime, Outbox, ticket) == []


# The other forms


def test_a_note_stays_among_staff(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    assert officer.post(f"/admin/tickets/{ticket.number}/note", {"note": "Cek lapangan"}).status_code == 303
    assert rows_of(runtime, Message, ticket)[-1].direction == Direction.NOTE
    assert rows_of(runtime, Outbox, ticket) == []
    assert officer.post(f"/admin/tickets/{ticket.number}/note", {"note": " "}).status_code == 422


def test_handing_over_tells_the_citizen(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime, receipt=True)
    form = {"agency": ELSEWHERE, "category": "sampah", "note": "bukan jalan"}
    response = officer.post(f"/admin/tickets/{ticket.number}/assign", form)
    assert (response.status_code, response.headers["Location"]) == (303, "/admin/tickets")
    after = reload(runtime, ticket)
    assert (after.agency, after.category, after.first_response_due) == (ELSEWHERE, "sampah", ticket.first_response_due)
    notice = rows_of(runtime, Outbox, ticket)[-1]
    assert notice.automatic and "DLH Tarakan" in notice.body and ticket.number in notice.body
    assert officer.get(f"/admin/tickets/{ticket.number}").status_code == 404
    with runtime.reading() as session:
        audited = session.scalars(select(Audit).where(col(Audit.action) == "ticket.reassign")).one()
    assert (audited.staff_id, audited.subject_id) == (1, ticket.number)


@pytest.mark.parametrize("case", ["no receipt yet", "same agency", "stopped", "about officials"])
def test_no_notice(case: str, signed_in: Make, runtime: Runtime) -> None:
    admin = signed_in(role="admin")
    about = case == "about officials"
    ticket = open_ticket(
        runtime, category="pelanggaran_aparat" if about else "jalan_rusak", receipt=case != "no receipt yet"
    )
    if case == "stopped":
        with runtime.writing() as session:
            people.set_stopped(session, runtime.now(), session.get_one(CitizenAddress, ticket.address_id), True)
    before = len(rows_of(runtime, Outbox, ticket))
    agency = {"same agency": OWN, "about officials": "prov-inspektorat"}.get(case, ELSEWHERE)
    assert admin.post(f"/admin/tickets/{ticket.number}/assign", {"agency": agency}).status_code == 303
    assert len(rows_of(runtime, Outbox, ticket)) == before


def test_a_body_outside_is_named_without_a_promise(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime, receipt=True)
    external = next(agency for agency in runtime.region.agencies.values() if not agency.ours)
    signed_in(role="admin").post(f"/admin/tickets/{ticket.number}/assign", {"agency": external.code})
    assert reload(runtime, ticket).status == Status.FORWARDED
    notice = rows_of(runtime, Outbox, ticket)[-1].body
    assert external.short in notice and "paling lambat" not in notice


@one_database
@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "agency"),
        ({"agency": "nowhere"}, "agency"),
        ({"agency": ELSEWHERE, "category": "nothing"}, "category"),
        ({"agency": ELSEWHERE, "category": "pelanggaran_aparat"}, "agency"),
    ],
    ids=["nothing chosen", "unknown agency", "unknown category", "officials stay with an inspectorate"],
)
def test_a_hand_over_is_refused(form: dict[str, object], field: str, officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    response = officer.post(f"/admin/tickets/{ticket.number}/assign", form)
    assert response.status_code == 422
    assert f'<a href="#field-{field}">' in response.text
    assert reload(runtime, ticket).agency == OWN


def test_an_agency_that_has_not_joined_is_no_choice(signed_in: Make, runtime: Runtime) -> None:
    away = [agency for agency in runtime.region.agencies.values() if agency.ours and not agency.joined]
    ticket = open_ticket(runtime)
    admin = signed_in(role="admin")
    text = page(admin, ticket)
    assert ELSEWHERE in text
    for agency in away:
        assert f'value="{agency.code}"' not in text
        form = {"agency": agency.code}
        assert admin.post(f"/admin/tickets/{ticket.number}/assign", form).status_code == 422


@pytest.mark.parametrize(
    ("to", "reason", "expected"),
    [
        ("in_progress", "", 303),
        ("waiting", "", 303),
        ("rejected", "di luar wewenang", 303),
        ("rejected", "", 422),
        ("closed", "", 422),
        ("resolved", "", 422),
        ("answered", "", 422),
        ("assigned", "", 422),
        ("forwarded", "", 422),
        ("nonsense", "", 422),
        ("", "", 422),
    ],
)
def test_a_status_follows_the_table(to: str, reason: str, expected: int, officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    response = officer.post(f"/admin/tickets/{ticket.number}/status", {"status": to, "reason": reason})
    assert response.status_code == expected
    after = reload(runtime, ticket).status
    assert after == (to if expected == 303 else Status.ASSIGNED)


@pytest.mark.parametrize(
    ("form", "expected", "area"),
    [
        pytest.param({"place": "Juata Laut"}, 303, "65.71.03.1001", id="a village"),
        pytest.param({"place": "di mana-mana"}, 422, "65.71", id="no place"),
        pytest.param({"place": ""}, 422, "65.71", id="nothing"),
        pytest.param({"area": "65.01"}, 303, "65.01", id="a code from our own buttons"),
        pytest.param({"area": "99.99"}, 422, "65.71", id="a code that is none"),
    ],
)
def test_the_place(form: dict[str, object], expected: int, area: str, signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    response = signed_in(role="admin").post(f"/admin/tickets/{ticket.number}/place", form)
    assert response.status_code == expected
    stored = reload(runtime, ticket).area
    name = str(form.get("place", ""))
    assert stored == (runtime.places.find(name).area if expected == 303 and name else area)


def test_several_places_are_offered(signed_in: Make, runtime: Runtime) -> None:
    names = Counter(place.name for place in runtime.region.places.values() if place.level == "village")
    name = next(name for name, count in names.items() if count > 1 and len(runtime.places.find(name).candidates) > 1)
    ticket = open_ticket(runtime)
    response = signed_in(role="admin").post(f"/admin/tickets/{ticket.number}/place", {"place": name})
    assert response.status_code == 422
    for code in runtime.places.find(name).candidates:
        assert f'<button class="choice" name="area" value="{code}">' in response.text


@pytest.mark.parametrize("step", ["assign", "status"])
def test_a_step_on_a_ticket_that_changed_is_not_taken(step: str, officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    write_again(runtime, ticket, "Satu lagi")
    form = {"agency": ELSEWHERE, "status": "in_progress", "version": str(ticket.version)}
    assert officer.post(f"/admin/tickets/{ticket.number}/{step}", form).status_code == 409
    after = reload(runtime, ticket)
    assert (after.agency, after.status) == (OWN, Status.ASSIGNED)
