"""People are known by the addresses they write from, and never merged by guess."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from channels.message import Address, InboundMessage
from dispatch.models import Citizen, CitizenAddress
from dispatch.services import people

PHONE = Address("tel", "+628110000001")


def identify(
    runtime, channel: str = "sms", account: str = "ours", sender: Address = PHONE, name: str = ""
) -> CitizenAddress:
    message = InboundMessage(channel=channel, account=account, external_id="x", sender=sender, sender_name=name)
    with runtime.writing() as session:
        return people.identify(session, runtime.now(), message)


def citizens(runtime) -> list[Citizen]:
    with runtime.reading() as session:
        return list(session.scalars(select(Citizen)))


def test_the_same_address_is_the_same_person(runtime):
    assert identify(runtime).id == identify(runtime).id
    assert len(citizens(runtime)) == 1


OTHERS = {
    "another-channel": {"channel": "whatsapp"},
    "another-account": {"account": "second-number"},
    "another-scheme": {"sender": Address("whatsapp", PHONE.value)},
    "another-value": {"sender": Address("tel", "+628110000002")},
}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("different", OTHERS.values(), ids=OTHERS)
def test_anything_different_is_another_address_and_another_person(runtime, different):
    first, second = identify(runtime), identify(runtime, **different)
    assert first.id != second.id and first.citizen_id != second.citizen_id


def test_a_name_is_learnt_once_and_cut(runtime):
    for name in ("", "Budi Contoh " * 40, "Lain"):
        identify(runtime, name=name)
    [citizen] = citizens(runtime)
    assert citizen.name == ("Budi Contoh " * 40)[: people.NAME_LENGTH]


def test_two_messages_at_once_make_one_person(runtime):
    barrier, found, faults = Barrier(3), [], []

    def arrive() -> None:
        try:
            barrier.wait(timeout=20)
            found.append(identify(runtime).id)
        except BaseException as error:  # noqa: BLE001  (handed to the test)
            faults.append(error)

    threads = [Thread(target=arrive) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    assert len(set(found)) == 1 and len(citizens(runtime)) == 1


def test_stopping_and_resuming(runtime, clock):
    address = identify(runtime)
    for stopped, at in ((True, clock()), (False, None)):
        with runtime.writing() as session:
            people.set_stopped(session, clock(), session.get_one(CitizenAddress, address.id), stopped)
        with runtime.reading() as session:
            assert session.get_one(CitizenAddress, address.id).stopped_at == at


def test_an_address_names_itself(runtime):
    assert str(identify(runtime)) == "tel:+628110000001"
