"""The forms of a ticket's page about its end: what an answer means, files, outcomes."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image
from sqlalchemy import select
from sqlmodel import col
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from dispatch.models import Message, StatusChange, StoredAttachment
from dispatch.runtime import Runtime
from dispatch.workflow import Status
from tests.admin.conftest import Browser, one_database
from tests.support.clock import Clock
from tests.support.tickets import open_ticket, reload

OWN = "tarakan-dpupr"
Make = Callable[..., Browser]
pytestmark = one_database


@pytest.fixture
def officer(signed_in: Make) -> Browser:
    return signed_in(agencies=(OWN,))


def photo(shade: int = 1, size: tuple[int, int] = (60, 40)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade * 50, 80, 120)).save(buffer, "JPEG")
    return buffer.getvalue()


def files(*data: bytes) -> list[tuple[io.BytesIO, str]]:
    return [(io.BytesIO(each), f"foto{number}.jpg") for number, each in enumerate(data)]


def stored(runtime: Runtime) -> list[StoredAttachment]:
    with runtime.reading() as session:
        return list(session.scalars(select(StoredAttachment).order_by(col(StoredAttachment.id))))


MEANS = {"": Status.ANSWERED, "working": Status.IN_PROGRESS, "ask": Status.WAITING, "answered": Status.ANSWERED}


@pytest.mark.parametrize(("then", "status"), MEANS.items(), ids=["nothing said", *list(MEANS)[1:]])
def test_an_answer_says_what_it_means(then: str, status: Status, officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    form = {"reply": "Kami periksa dulu.", **({"then": then} if then else {})}
    assert officer.post(f"/admin/tickets/{ticket.number}", form).status_code == 303
    assert reload(runtime, ticket).status == status


def test_an_unknown_meaning_is_refused(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    response = officer.post(f"/admin/tickets/{ticket.number}", {"reply": "Baik.", "then": "merged"})
    assert response.status_code == 422 and '<a href="#field-then">' in response.text
    assert reload(runtime, ticket).status == Status.ASSIGNED


def test_finished_road_works_need_a_new_photo(officer: Browser, runtime: Runtime) -> None:
    assert runtime.region.categories["jalan_rusak"].evidence == "photo"
    first, second = open_ticket(runtime), open_ticket(runtime)
    form = {"reply": "Sudah ditambal.", "then": "resolved"}
    refused = officer.post(f"/admin/tickets/{first.number}", form)
    assert (
        refused.status_code == 422 and "with a photo of the work" in refused.text and "Sudah ditambal." in refused.text
    )
    assert officer.post(f"/admin/tickets/{first.number}", {**form, "files": files(photo())}).status_code == 303
    again = officer.post(f"/admin/tickets/{second.number}", {**form, "files": files(photo())})
    assert again.status_code == 422 and "used on another ticket already" in again.text
    assert (reload(runtime, first).status, reload(runtime, second).status) == (Status.RESOLVED, Status.ASSIGNED)
    assert len(stored(runtime)) == 1
    page = officer.get(f"/admin/tickets/{first.number}").text
    assert "Solved" in page and f"/admin/attachments/{stored(runtime)[0].id}" in page


def test_a_large_photo_passes_and_a_program_does_not(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    noise = io.BytesIO()
    Image.effect_noise((2000, 1500), 90).convert("RGB").save(noise, "JPEG", quality=95)
    assert len(noise.getvalue()) > 1_000_000
    noise.seek(0)
    form = {"csrf_token": officer.token(), "reply": "Foto terlampir.", "files": FileStorage(noise, "foto.jpg")}
    boundary, body = encode_multipart(form)  # whole in memory: the client's own file would stay open
    kind = f"multipart/form-data; boundary={boundary}"
    sent = officer.client.post(f"/admin/tickets/{ticket.number}", data=body, content_type=kind)
    assert sent.status_code == 303
    program = {"reply": "Lagi.", "files": [(io.BytesIO(b"\x7fELF" + b"\0" * 90), "foto.jpg")]}
    response = officer.post(f"/admin/tickets/{ticket.number}", program)
    assert response.status_code == 422 and '<a href="#field-files">' in response.text
    assert len(stored(runtime)) == 1


def test_a_note_carries_files_too(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    form = {"note": "Sebelum dikerjakan", "files": files(photo())}
    assert officer.post(f"/admin/tickets/{ticket.number}/note", form).status_code == 303
    [row] = stored(runtime)
    with runtime.reading() as session:
        assert session.get_one(Message, row.message_id).direction == "note"
    bad = {"note": "x", "files": [(io.BytesIO(b"<html>"), "a.html")]}
    response = officer.post(f"/admin/tickets/{ticket.number}/note", bad)
    assert response.status_code == 422 and "pictures or PDF" in response.text


ENDS: dict[str, tuple[dict[str, object], int, str]] = {
    "refused": ({"status": "rejected", "reason": "bukan aduan"}, 303, "refused"),
    "not ours": ({"status": "rejected", "reason": "milik warga", "outcome": "not_ours"}, 303, "not_ours"),
    "cannot yet": (
        {"status": "rejected", "reason": "anggaran", "outcome": "cannot_yet", "until": "2027-02-01"}, 303, "cannot_yet",
    ),
    "cannot yet without a day": ({"status": "rejected", "reason": "anggaran", "outcome": "cannot_yet"}, 422, "until"),
    "cannot yet with a day that is none": (
        {"status": "rejected", "reason": "anggaran", "outcome": "cannot_yet", "until": "9999-12-31"}, 422, "until",
    ),
    "cannot yet with a day gone by": (
        {"status": "rejected", "reason": "x", "outcome": "cannot_yet", "until": "2020-01-01"}, 422, "until",
    ),
    "an outcome of another status": ({"status": "rejected", "reason": "x", "outcome": "solved"}, 422, "outcome"),
    "an outcome that is none": ({"status": "rejected", "reason": "x", "outcome": "x"}, 422, "outcome"),
    "without a reason": ({"status": "rejected", "outcome": "not_ours"}, 422, "reason"),
    "resolved without proof": ({"status": "resolved"}, 422, "status"),
}  # fmt: skip


@pytest.mark.parametrize(("form", "code", "expected"), ENDS.values(), ids=ENDS)
def test_an_end_has_an_outcome(
    form: dict[str, object], code: int, expected: str, officer: Browser, runtime: Runtime
) -> None:
    ticket = open_ticket(runtime)
    response = officer.post(f"/admin/tickets/{ticket.number}/status", form)
    assert response.status_code == code
    after = reload(runtime, ticket)
    if code == 303:
        assert (after.status, after.outcome) == (Status.REJECTED, expected)
    else:
        assert f'<a href="#field-{expected}">' in response.text
        assert after.status == Status.ASSIGNED


def test_the_day_it_is_looked_at_again_is_kept(officer: Browser, runtime: Runtime, clock: Clock) -> None:
    ticket = open_ticket(runtime)
    officer.post(f"/admin/tickets/{ticket.number}/status", ENDS["cannot yet"][0])
    with runtime.reading() as session:
        change = session.scalars(select(StatusChange).order_by(col(StatusChange.id).desc())).first()
    assert change is not None and change.until is not None
    assert runtime.phrases.date(change.until, "id") == "Senin, 1 Februari 2027"


def test_what_was_referred_outside_is_taken_up_at_the_desk(signed_in: Make, runtime: Runtime) -> None:
    ticket = open_ticket(runtime, "Listrik padam", category="listrik")
    admin = signed_in(role="admin")
    form = {"status": "in_progress", "reason": "salah arah"}
    assert admin.post(f"/admin/tickets/{ticket.number}/status", form).status_code == 303
    after = reload(runtime, ticket)
    assert (after.status, after.agency) == (Status.ASSIGNED, runtime.region.desk)


def test_what_cannot_follow_is_said_in_words(officer: Browser, runtime: Runtime) -> None:
    ticket = open_ticket(runtime)
    form = {"status": "rejected", "reason": "bukan aduan"}
    officer.post(f"/admin/tickets/{ticket.number}/status", form)
    response = officer.post(f"/admin/tickets/{ticket.number}", {"reply": "Apa maksudnya?", "then": "ask"})
    assert response.status_code == 422
    assert "A ticket that is “Rejected” cannot become “Waiting for the citizen”." in response.text
