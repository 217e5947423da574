"""Linking another address of the same person: HUBUNGKAN and a number or mail address, then the code sent there."""

from __future__ import annotations

import re

from sqlmodel import Session

from bot.replies import Replies
from channels.message import Address
from channels.phones import phone
from dispatch.models import CitizenAddress
from dispatch.runtime import Runtime
from dispatch.services import answers, identity, people
from dispatch.services.identity import LETTERS

_WISH = re.compile(r"\s*(?:hubungkan|sambungkan|link)\b[\s:]*(\S.{4,253}?)\s*", re.IGNORECASE)
_BARE = re.compile(r"\s*(?:hubungkan|sambungkan|link)[\s.!?]*", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@<>\"',;:()]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")
_CODE = re.compile(
    rf"\s*(?P<word>kode|code)?[\s:]*(?P<code>[{LETTERS}]{{4}}(?P<dash>[- ]?)[{LETTERS}]{{4}})[\s.]*", re.I
)
#: An SMS abroad costs twenty times as much, and strangers would let us send them.
HOME = "+62"
#: What proves an address: an SMS to a number, a mail to an address.
KINDS = {"tel": "sms", "mailto": "mail"}


def wished(text: str) -> Address | None:
    """Calling this will read the address somebody wants linked, None when the message is no such wish."""
    found = _WISH.fullmatch(text)
    if found is None:
        return None
    if _MAIL.fullmatch(found[1]):
        return Address("mailto", found[1].lower())
    number = phone(found[1])
    return Address("tel", number) if number and number.startswith(HOME) else None


def wishes(text: str) -> bool:
    """Calling this will say whether a message asks to link an address, whether or not it names one."""
    return wished(text) is not None or _BARE.fullmatch(text) is not None


def typed_code(runtime: Runtime, session: Session, address: CitizenAddress, text: str) -> bool:
    """Calling this will say whether a text answers a code we sent: the code itself, or what is plainly meant as one."""
    found = _CODE.fullmatch(text)
    if found is None or not identity.asked_lately(session, runtime.now(), address):
        return False
    row = identity.open_code(session, runtime.now(), address)
    meant = bool(found["word"] or found["dash"] == "-")
    key = runtime.settings.secret_key
    return meant or (row is not None and identity.matches(row, address, found["code"], key))


def ask(
    runtime: Runtime, session: Session, replies: Replies, address: CitizenAddress, target: Address, language: str
) -> str:
    """Calling this will send a code to ``target`` if one may be sent, and give what to say at ``address``: the same
    whether or not anybody is known there."""
    carrier = next(iter(runtime.registry.of_kind(KINDS[target.scheme])), None)
    if carrier is None:
        return replies.link_impossible(language)
    now = runtime.now()
    if not identity.may_ask(session, now, address):
        return replies.link_sent(language)
    other = people.identify_sender(session, now, carrier.kind, carrier.account, target, derived=True)
    code = identity.new_code(session, now, address, other, runtime.settings.secret_key)
    if code is not None:
        said = answers.say(session, runtime.phrases, now, other, text=replies.link_code(language, code.text))
        said.body = replies.link_code(language, "••••-••••")  # the code itself is no business of whoever reads tickets
        session.add(said)
    return replies.link_sent(language)


def confirm(
    runtime: Runtime, session: Session, replies: Replies, address: CitizenAddress, text: str, language: str
) -> str:
    """Calling this will link the addresses when the code is right, and give what to say."""
    now = runtime.now()
    row = identity.open_code(session, now, address)
    found = _CODE.fullmatch(text)
    if row is None or found is None:
        return replies.link_wrong(language)
    done = identity.confirm(session, now, row, address, found["code"], runtime.settings.secret_key)
    return replies.linked(language) if done else replies.link_wrong(language)
