"""One person, many addresses: linked by proof, never by guess; and parted again without a loss."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from sqlmodel import col

from bot.linking import wished
from channels.message import UNPROVEN, Address
from dispatch.models import AddressAlias, CitizenAddress, CitizenMerge, LinkCode, Message, Outbox
from dispatch.runtime import Runtime
from dispatch.services import failover, identity
from tests.support.clock import Clock
from tests.support.desk import deliver, officer, rows
from tests.support.talk import Citizen

ROAD = "Jalan rusak parah di Juata Laut Tarakan"
LAMP = "Lampu jalan mati di depan pasar Gusher Tarakan"
MAIL = "aduan@lapor.contoh.go.id"
SMS = "+628110001708"
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return {
        **environment,
        "MAIL_FROM": MAIL,
        "SMTP_URL": "smtp://127.0.0.1:1",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "token",
        "TWILIO_SMS_FROM": SMS,
    }


@pytest.fixture
def citizen(trained: Runtime) -> Citizen:
    """Somebody on WhatsApp who has a report: that is what an address can be linked to."""
    writing = Citizen(trained)
    writing.says(LAMP)
    return writing


@pytest.fixture
def mailer(trained: Runtime) -> Citizen:
    return Citizen(trained, "mail", "warga@contoh.id", account=MAIL)


def code_sent(runtime: Runtime, recipient: str) -> str:
    with runtime.reading() as session:
        query = select(col(Outbox.body)).where(col(Outbox.recipient) == recipient).order_by(col(Outbox.id).desc())
        body = session.scalars(query).first() or ""
    found = re.search(r"[A-Z]{4}-[A-Z]{4}", body)
    assert found
    return found[0]


def owners(runtime: Runtime) -> set[int]:
    return {row.citizen_id for row in rows(runtime, CitizenAddress)}


WISHES = {
    "a number": ("HUBUNGKAN 0811-0000-002", "tel:+628110000002"),
    "a number in words around": ("hubungkan: +62 811 0000 002", "tel:+628110000002"),
    "a mail address": ("Hubungkan Warga@Contoh.ID", "mailto:warga@contoh.id"),
    "in English": ("link warga@contoh.id", "mailto:warga@contoh.id"),
    "nothing to link": ("hubungkan", None),
    "a complaint": ("hubungkan listrik di desa kami", None),
    "a complaint with a number": ("tolong hubungkan saya 0811-0000-002", None),
    "half an address": ("hubungkan warga@", None),
    "a number abroad": ("hubungkan +4915112345678", None),
    "a satellite telephone": ("hubungkan +8816 1234 5678", None),
    "two lines": ("hubungkan warga@contoh.id\njalan rusak", None),
    "a word that begins so": ("hubungkanlah 08110000002", None),
}


@pytest.mark.parametrize(("text", "expected"), WISHES.values(), ids=WISHES)
def test_a_wish_to_link(text: str, expected: str | None) -> None:
    found = wished(text)
    assert (str(found) if found else None) == expected


def test_the_code_sent_to_the_other_address_links_the_two(citizen: Citizen, mailer: Citizen) -> None:
    mailer.says(ROAD)
    assert len(owners(citizen.runtime)) == 2
    [said] = citizen.says("HUBUNGKAN warga@contoh.id")
    assert "kode" in said
    code = code_sent(citizen.runtime, "mailto:warga@contoh.id")
    [linked] = citizen.says(f"kode {code.lower()}")
    assert "terhubung" in linked
    assert len(owners(citizen.runtime)) == 1
    number = next(ticket.number for ticket in mailer.tickets() if ticket.channel == "mail")
    [status] = citizen.says(f"STATUS {number}")
    assert number in status


def test_the_code_is_kept_out_of_what_staff_read(citizen: Citizen) -> None:
    citizen.says("HUBUNGKAN warga@contoh.id")
    code = code_sent(citizen.runtime, "mailto:warga@contoh.id")
    assert not any(code in message.body for message in rows(citizen.runtime, Message))
    assert not any(code.replace("-", "") in row.digest for row in rows(citizen.runtime, LinkCode))


@pytest.mark.parametrize("form", ["{}", "{} ", "Kode: {}", "kode {}.", "code {}"])
@on_sqlite
def test_a_code_is_read_as_people_type_it(citizen: Citizen, form: str) -> None:
    citizen.says("HUBUNGKAN 08110000002")
    code = code_sent(citizen.runtime, "tel:+628110000002")
    [said] = citizen.says(form.format(code.replace("-", " ") if "." in form else code))
    assert "terhubung" in said


def test_a_wrong_code_links_nothing_and_five_of_them_end_it(citizen: Citizen) -> None:
    citizen.says("HUBUNGKAN 08110000002")
    code = code_sent(citizen.runtime, "tel:+628110000002")
    for _ in range(5):
        [said] = citizen.says("KODE AAAA-AAAA")
        assert "salah" in said
    assert "terhubung" not in " ".join(citizen.says(f"KODE {code}"))
    assert rows(citizen.runtime, CitizenMerge) == []


def test_a_code_ends_after_half_an_hour(citizen: Citizen, clock: Clock) -> None:
    citizen.says("HUBUNGKAN 08110000002")
    code = code_sent(citizen.runtime, "tel:+628110000002")
    clock.forward(minutes=30, seconds=1)
    citizen.says(f"KODE {code}")
    assert rows(citizen.runtime, CitizenMerge) == []


def test_a_code_counts_only_where_it_was_asked_for(citizen: Citizen, trained: Runtime) -> None:
    citizen.says("HUBUNGKAN 08110000002")
    code = code_sent(citizen.runtime, "tel:+628110000002")
    Citizen(trained, "whatsapp", "+628110000009").says(f"KODE {code}")
    assert rows(citizen.runtime, CitizenMerge) == []


def test_a_word_of_eight_letters_is_no_code_while_one_is_awaited(citizen: Citizen) -> None:
    citizen.says("HUBUNGKAN 08110000002")
    citizen.says("terbakar")
    assert [row.attempts for row in rows(citizen.runtime, LinkCode)] == [0]


def test_a_stranger_cannot_flood_somebody_with_codes(trained: Runtime) -> None:
    for number in range(5):
        stranger = Citizen(trained, "whatsapp", f"+62811000001{number}")
        stranger.says(ROAD)
        [said] = stranger.says("HUBUNGKAN 08110000002")
        assert "kode" in said  # the same answer, whether or not one was sent
    sent = [row for row in rows(trained, Outbox) if row.recipient == "tel:+628110000002"]
    assert len(sent) == identity.CODES_A_DAY


def test_a_stranger_who_names_a_number_takes_nothing_from_its_owner(trained: Runtime) -> None:
    owner = Citizen(trained)
    owner.says(LAMP)
    stranger = Citizen(trained, "telegram", "99")
    stranger.says(ROAD)
    stranger.says("HUBUNGKAN 08110000001")
    [mine, *_] = rows(trained, CitizenAddress)
    with trained.writing() as session:
        assert identity.alike(session, mine.citizen_id) == []
        message = session.scalars(select(Outbox).where(col(Outbox.address_id) == mine.id).limit(1)).one()
        found = failover.next_address(trained, session, trained.now(), message)
        assert found is not None
        assert (found.channel, found.value, found.citizen_id) == ("sms", "+628110000001", mine.citizen_id)


def test_the_bare_word_is_answered_with_how_to_use_it(citizen: Citizen) -> None:
    [said] = citizen.says("Hubungkan")
    assert "HUBUNGKAN 0811" in said
    assert len(citizen.tickets()) == 1


@on_sqlite
def test_no_code_is_sent_when_the_asker_cannot_be_told(citizen: Citizen, clock: Clock) -> None:
    for _ in range(25):
        citizen.says("BANTUAN")
    citizen.says("HUBUNGKAN 08110000002")
    assert rows(citizen.runtime, LinkCode) == []


def test_the_status_here_comes_before_the_one_elsewhere(citizen: Citizen, trained: Runtime) -> None:
    other = Citizen(trained, "sms", "+628110000002", account=SMS)
    other.says(ROAD)
    citizen.says("HUBUNGKAN 08110000002")
    citizen.says(f"KODE {code_sent(trained, 'tel:+628110000002')}")
    [said] = citizen.says("STATUS")
    here = next(ticket.number for ticket in citizen.tickets() if ticket.channel == "whatsapp")
    assert here in said


def test_who_has_no_report_is_sent_no_code(trained: Runtime) -> None:
    [said] = Citizen(trained, "web", "a" * 32, account="web").says("HUBUNGKAN 08110000002")
    assert "kode" in said
    assert rows(trained, LinkCode) == []
    assert len(rows(trained, CitizenAddress)) == 1


@on_sqlite
def test_made_up_devices_cannot_spend_the_days_messages(trained: Runtime) -> None:
    for number in range(identity.CODES_AN_HOUR // identity.ASKS_AN_HOUR + 3):
        device = Citizen(trained, "web", f"{number:032x}", account="web")
        device.says(ROAD)
        for target in range(identity.ASKS_AN_HOUR):
            device.says(f"HUBUNGKAN 0811{number:04d}{target:04d}")
    assert len([row for row in rows(trained, Outbox) if row.channel == "sms"]) == identity.CODES_AN_HOUR


CLAIMED = {
    "a mail nobody vouches for": ("mail", "korban@contoh.id", MAIL, (UNPROVEN,)),
    "an SMS": ("sms", "+628110000005", SMS, ()),
}


@pytest.mark.parametrize(("channel", "value", "account", "notes"), CLAIMED.values(), ids=CLAIMED)
def test_who_only_claims_an_address_cannot_link_it(
    trained: Runtime, channel: str, value: str, account: str, notes: tuple[str, ...]
) -> None:
    claimed = Citizen(trained, channel, value, account=account)
    claimed.says(ROAD, notes=notes)
    [said] = claimed.says("HUBUNGKAN 08119999999", notes=notes)
    assert "keamanan" in said
    assert rows(trained, LinkCode) == []
    assert not [row for row in rows(trained, Outbox) if row.recipient == "tel:+628119999999"]


def test_a_code_asked_for_elsewhere_cannot_be_typed_by_a_forged_mail(trained: Runtime) -> None:
    victim = Citizen(trained, "mail", "korban@contoh.id", account=MAIL)
    victim.says(ROAD)
    victim.says("HUBUNGKAN 08119999999")
    code = code_sent(trained, "tel:+628119999999")
    victim.says(f"KODE {code}", notes=(UNPROVEN,))
    assert rows(trained, CitizenMerge) == []


def test_a_stop_nobody_vouches_for_is_asked_back_and_obeyed_when_the_letter_is_answered(trained: Runtime) -> None:
    victim = Citizen(trained, "mail", "korban@contoh.id", account=MAIL)
    victim.says(ROAD)
    [asked] = victim.says("STOP", notes=(UNPROVEN,))
    assert "BERHENTI" in asked
    assert [row.stopped_at for row in rows(trained, CitizenAddress)] == [None]
    letter = deliver(trained, "mail")[-1]
    victim.says("BERHENTI", notes=(UNPROVEN,), reply_to=(letter,))
    assert [row.stopped_at is not None for row in rows(trained, CitizenAddress)] == [True]


@on_sqlite
def test_codes_after_the_fifth_wrong_one_open_no_ticket(citizen: Citizen) -> None:
    citizen.says("HUBUNGKAN 08110000002")
    for letter in "ABCDEFGHJK":
        citizen.says(f"KODE AAAA-AAA{letter}")
    assert len(citizen.tickets()) == 1


def test_one_address_may_ask_only_so_often(citizen: Citizen, clock: Clock) -> None:
    for number in range(5):
        citizen.says(f"HUBUNGKAN 0811000002{number}")
    assert len(rows(citizen.runtime, LinkCode)) == identity.ASKS_AN_HOUR
    clock.forward(hours=1, seconds=1)
    citizen.says("HUBUNGKAN 08110000030")
    assert len(rows(citizen.runtime, LinkCode)) == identity.ASKS_AN_HOUR + 1


@on_sqlite
def test_where_no_channel_can_prove_it_nothing_is_promised(citizen: Citizen) -> None:
    del citizen.runtime.registry.channels["sms"]
    [said] = citizen.says("HUBUNGKAN 08110000002")
    assert "belum dapat" in said


def test_two_names_the_provider_gives_are_one_person(trained: Runtime) -> None:
    phone, scoped = Address("whatsapp", "+628110000001"), Address("whatsapp", "ID.abc123")
    Citizen(trained).says(ROAD, aliases=(scoped,))
    hidden = Citizen(trained, "whatsapp", "ID.abc123")
    hidden.says("Sudah tiga minggu begitu")
    assert [(row.scheme, row.value) for row in rows(trained, AddressAlias)] == [(scoped.scheme, scoped.value)]
    [address] = rows(trained, CitizenAddress)
    assert (address.value, address.phone) == (phone.value, phone.value)
    assert len(hidden.tickets()) == 1


def test_a_person_first_seen_without_a_number_is_joined_when_the_provider_names_both(trained: Runtime) -> None:
    Citizen(trained, "whatsapp", "ID.abc123").says(ROAD)
    Citizen(trained).says(LAMP, aliases=(Address("whatsapp", "ID.abc123"),))
    assert len(owners(trained)) == 1
    [merge] = rows(trained, CitizenMerge)
    assert merge.proof == "provider"


def test_an_equal_name_or_number_merges_nobody(trained: Runtime) -> None:
    Citizen(trained).says(ROAD, sender_name="Siti")
    Citizen(trained, "sms", "+628110000001", account=SMS).says(LAMP, sender_name="Siti")
    assert len(owners(trained)) == 2
    with trained.reading() as session:
        [first, second] = session.scalars(select(CitizenAddress).order_by(col(CitizenAddress.id)))
        assert [row.id for row in identity.alike(session, first.citizen_id)] == [second.id]


def test_a_merge_can_be_undone_with_what_came_since(trained: Runtime, clock: Clock) -> None:
    one, other = Citizen(trained), Citizen(trained, "sms", "+628110000002", account=SMS)
    one.says(ROAD)
    other.says(LAMP)
    before = {row.value: row.citizen_id for row in rows(trained, CitizenAddress)}
    with trained.writing() as session:
        identity.merge(
            session, trained.now(), *before.values(), identity.MergeProof.STAFF, staff_id=officer(trained, session)
        )
    assert len(owners(trained)) == 1
    clock.forward(days=1)
    other.says("Selokan tersumbat di Karang Anyar Pantai Tarakan")
    with trained.writing() as session:
        row = session.scalars(select(CitizenMerge)).one()
        identity.undo(session, trained.now(), row, staff_id=officer(trained, session))
    assert {row.value: row.citizen_id for row in rows(trained, CitizenAddress)} == before
    owned = {ticket.summary[:5]: ticket.citizen_id for ticket in one.tickets()}
    assert owned == {
        "Jalan": before["+628110000001"],
        "Lampu": before["+628110000002"],
        "Selok": before["+628110000002"],
    }
    with trained.writing() as session, pytest.raises(ValueError, match="already"):
        row = session.scalars(select(CitizenMerge)).one()
        identity.undo(session, trained.now(), row, staff_id=officer(trained, session))


def test_one_citizen_is_not_merged_with_itself(citizen: Citizen) -> None:
    [address] = rows(citizen.runtime, CitizenAddress)
    with citizen.runtime.writing() as session, pytest.raises(ValueError, match="already"):
        identity.merge(
            session, citizen.runtime.now(), address.citizen_id, address.citizen_id, identity.MergeProof.STAFF
        )
