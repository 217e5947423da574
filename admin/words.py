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

#: What threatens somebody's life or body.
DANGERS = {
    "fire": _l("fire"),
    "flood": _l("flood"),
    "drowning": _l("drowning"),
    "accident": _l("accident"),
    "violence": _l("violence"),
    "medical": _l("medical emergency"),
    "electric": _l("electricity"),
    "collapse": _l("collapse"),
    "missing": _l("missing person"),
    "animal": _l("dangerous animal"),
    "poison": _l("poisoning"),
    "self_harm": _l("self-harm"),
}

#: Kinds of personal data that the words of a ticket hold.
PERSONAL = {
    "nik": _l("identity number (NIK)"),
    "kk_number": _l("family card number"),
    "phone": _l("phone number"),
    "email": _l("email address"),
    "plate": _l("number plate"),
    "bank_account": _l("bank account"),
    "address": _l("home address"),
    "birth_date": _l("date of birth"),
    "passport": _l("passport number"),
    "health": _l("health"),
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

#: What there is to say of a file: keys that the media services write; a provider's own words are shown as they are.
ATTACHMENT_NOTES = {
    "too_many": _l("a message may carry ten files, this is one more"),
    "too_large": _l("the file is larger than the channel may carry"),
    "program": _l("a program, and programs are not kept"),
    "infected": _l("a virus"),
    "empty": _l("the file is empty"),
    "picture_damaged": _l("not shown: damaged, or not the picture it claims to be. Open it with care."),
    "picture_size": _l("not shown: too large to be opened safely. Open it with care."),
    "moving_picture": _l("of a moving picture only the first one is kept"),
    "waits_room": _l("waiting: the server's disk is full"),
    "waits_scanner": _l("waiting: the virus scanner does not answer"),
    "waits_channel": _l("waiting: the channel it came by is switched off"),
}

#: Types as people call them; the others are shown as they are.
FILE_TYPES = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "application/pdf": "PDF",
    "application/zip": "ZIP",
    "application/msword": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "audio/ogg": "Ogg",
    "audio/mpeg": "MP3",
    "audio/mp4": "M4A",
    "audio/amr": "AMR",
    "video/mp4": "MP4",
    "text/vcard": "vCard",
    "message/rfc822": _l("an e-mail"),
    "application/octet-stream": _l("unknown type"),
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
    "supervision_doubt": _l("it may be about the conduct of officials, so the desk decides before an agency sees it"),
    "spam_doubt": _l("it looks like spam, so a person decides"),
    "danger": _l("somebody's life may be in danger and the body in charge is outside, so the desk sees to it"),
    "staff": _l("a member of staff chose it"),
}

#: Who said which category a ticket is.
LABELS = {
    "confirmed": _l("confirmed by an answer"),
    "corrected": _l("corrected by staff"),
    "triaged": _l("decided at the desk"),
    "chosen": _l("chosen by the citizen"),
}

#: Where a version of the classifier stands.
VERSIONS = {
    "serving": _l("serves"),
    "replaced": _l("replaced by a better one"),
    "refused": _l("refused"),
    "withdrawn": _l("taken out by a person"),
}

#: Reasons that the code itself writes beside a change of status.
CHANGES = {
    "received": _l("received"),
    "answered": _l("an answer was written"),
    "reassigned": _l("handed over"),
    "wrote_back": _l("the citizen wrote back"),
    "explained": _l("the citizen explained it"),
    "chosen": _l("the citizen chose from what was asked"),
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

#: Why a message was promised once more.
ORIGINS = {
    "retry": _l("tried again after a failure"),
    "template": _l("short notice that asks the citizen to write back"),
    "failover": _l("because the first way did not work"),
    "staff": _l("sent again by staff"),
}

#: What channels and the system note on a message → what it says; a value after a colon is put behind it.
NOTES = {
    "reaction:ours": _l("The citizen reacted to our message"),
    "reaction:theirs": _l("The citizen reacted to their own message"),
    "deleted:ours": _l("The citizen deleted our message on their side"),
    "deleted:theirs": _l("The citizen deleted what they wrote"),
    "new-address": _l("The citizen moved to another number; answers go there from now on"),
    "notice": _l("The provider reports"),
    "undelivered": _l("A message to the citizen could not be delivered in any way: reach them otherwise."),
    "told another way": _l("Staff told the citizen in another way"),
    "edited": _l("Written over an earlier message"),
    "forwarded": _l("Forwarded from somebody else"),
    "live location": _l("Moving position"),
    "contact:own": _l("The sender's own telephone number"),
    "contact:other": _l("Somebody else's contact"),
    "unsupported": _l("Something that cannot be shown here"),
    "start": _l("Came by the link"),
    "automatic": _l("Written by a machine"),
    "asks for no automatic answer": _l("The sender asks for no automatic answer"),
    "dmarc": _l("The sender's mail server does not vouch for the sender"),
    "only the header was fetched": _l("The mail is too large, only its header was read"),
    "HTML cut": _l("The mail's HTML is very long: here is the beginning, the whole is among the files"),
    "text cut": _l("The text is longer than can be kept, here is its beginning"),
    "encrypted": _l("Encrypted, it cannot be read here"),
    "signed": _l("Signed, but the signature was not checked"),
    "signed as one block": _l("Signed as one block, the text lies in the attached file"),
    "winmail.dat not opened whole": _l("Not all of winmail.dat could be opened"),
    "small pictures": _l("Small pictures of a signature, hardly evidence"),
    "answered": _l("Answered at once from the service directory"),
    "names another's ticket": _l("The letter names somebody else's ticket"),
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
