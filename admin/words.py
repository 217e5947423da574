"""Our keys as staff read them. Every key the code can show has its sentence here; a test compares with the enums."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

STATUSES = {
    "new": _l("New"),
    "assigned": _l("With the agency"),
    "in_progress": _l("In progress"),
    "waiting": _l("Waiting for the citizen"),
    "answered": _l("Answered"),
    "resolved": _l("Resolved"),
    "closed": _l("Closed"),
    "rejected": _l("Rejected"),
    "forwarded": _l("Referred to another body"),
}

STATUS_MEANINGS = {
    "new": _l("Received; the desk still has to decide which agency it belongs to."),
    "assigned": _l("An agency has it and has not begun."),
    "in_progress": _l("The agency is working on it."),
    "waiting": _l("The citizen was asked something; the resolution clock stands still."),
    "answered": _l("The citizen has the agency's answer; the resolution clock stands still."),
    "resolved": _l("The work is done."),
    "closed": _l("Finished. The citizen can still reopen it by writing back."),
    "rejected": _l("Will not be handled, for the reason given in the answer."),
    "forwarded": _l("Not ours. The citizen was told which body is responsible."),
}

CHANNELS = {
    "whatsapp": "WhatsApp",
    "sms": "SMS",
    "telegram": "Telegram",
    "mail": _l("Email"),
    "web": _l("Web"),
    "console": _l("Console"),
}

KINDS = {
    "complaint": _l("Complaint"),
    "information": _l("Request for information"),
    "aspiration": _l("Aspiration"),
}

ROLES = {"officer": _l("Officer"), "supervisor": _l("Supervisor"), "admin": _l("Administrator")}

AUTHORS = {"citizen": _l("Citizen"), "staff": _l("Staff"), "system": _l("Automatic message")}

#: State of an outgoing message → what it means for the citizen.
DELIVERIES = {
    "queued": _l("waiting to be sent"),
    "sending": _l("being sent"),
    "sent": _l("sent, not yet confirmed"),
    "delivered": _l("delivered"),
    "read": _l("read"),
    "failed": _l("NOT delivered"),
    "uncertain": _l("uncertain: it may have been sent; check before writing again"),
    "held": _l("held until the citizen writes again"),
    "replaced": _l("not delivered; sent again in another way"),
    "unknown": _l("unknown"),
}

ATTACHMENTS = {
    "pending": _l("still being fetched"),
    "stored": _l("ready"),
    "infected": _l("refused: the scanner found a virus"),
    "refused": _l("refused"),
    "failed": _l("could not be fetched"),
}

ATTACHMENT_KINDS = {
    "image": _l("Picture"),
    "audio": _l("Sound"),
    "voice": _l("Voice message"),
    "video": _l("Video"),
    "document": _l("Document"),
    "contact": _l("Contact card"),
    "sticker": _l("Sticker"),
    "unknown": _l("File"),
}

#: Why the rules chose an agency.
REASONS = {
    "local": _l("this agency does this work in the place named"),
    "province": _l("this work is done on the provincial level"),
    "external": _l("this body is responsible, outside local government"),
    "place_unknown": _l("the place is not known yet, so the provincial agency holds it"),
    "not_joined": _l("the local agency has not joined yet, so the provincial agency holds it"),
    "no_local_agency": _l("there is no local agency for this work, so the provincial agency holds it"),
    "supervision": _l("it is about the conduct of officials, so the inspectorate gets it"),
    "unsure": _l("nobody could tell whose work it is, so the desk decides"),
    "staff": _l("a member of staff chose it"),
}

#: Reasons that the code itself writes beside a change of status.
CHANGES = {
    "received": _l("received"),
    "answered": _l("an answer was written"),
    "reassigned": _l("handed over"),
    "wrote_back": _l("the citizen wrote back"),
    "explained": _l("the citizen explained it"),
    **REASONS,
}

#: Keys of the faults that services.staff refuses with.
FAULTS = {
    "email": _l("This is not an email address."),
    "taken": _l("This email address has an account already."),
    "role": _l("Choose a role from the list."),
    "agency": _l("An officer needs at least one agency from the list."),
    "password_short": _l("The password is too short: use at least 12 characters."),
    "password_long": _l("The password is too long: use at most 128 characters."),
    "password_obvious": _l("The password is too easy to guess: do not use the email name or one repeated character."),
    "last_admin": _l("This is the last administrator: add another one first."),
}

#: Why two citizens were taken for one.
PROOFS = {
    "code": _l("the citizen typed the code sent to the other address"),
    "staff": _l("confirmed by staff"),
    "provider": _l("the provider names both as one person"),
}

#: What channels and the system note on a message → what it says; a value after a colon is put behind it.
NOTES = {
    "reaction:ours": _l("The citizen reacted to our message"),
    "reaction:theirs": _l("The citizen reacted to their own message"),
    "deleted:ours": _l("The citizen deleted our message on their side"),
    "deleted:theirs": _l("The citizen deleted what they wrote"),
    "new-address": _l("The citizen moved to another number; answers go there from now on"),
    "notice": _l("The provider reports"),
    "edited": _l("Written over an earlier message"),
    "forwarded": _l("Forwarded from somebody else"),
    "live location": _l("Moving position"),
    "contact:own": _l("The sender's own telephone number"),
    "contact:other": _l("Somebody else's contact"),
    "unsupported": _l("Something that cannot be shown here"),
    "start": _l("Came by the link"),
}


def note(text: str) -> str:
    """Calling this will give a note's sentence in the reader's language, empty for one that says nothing to staff."""
    key, _, value = text.partition(":")
    if text in NOTES or key not in NOTES:
        return str(NOTES.get(text, ""))
    return f"{NOTES[key]}: {value}"


def word(table: dict[str, object], key: str) -> str:
    """Calling this will give a key's sentence in the reader's language, and give a person's own words back."""
    return str(table.get(key, key))
