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

#: What an officer's answer means for the ticket.
THEN = {
    "answered": _l("The matter is answered"),
    "working": _l("News: the work goes on, the clock runs"),
    "ask": _l("A question to the citizen: the clock waits for the answer"),
    "resolved": _l("The work is done: the citizen is asked whether it is"),
}

#: How a ticket ended.
OUTCOMES = {
    "solved": _l("Solved"),
    "answered": _l("Answered"),
    "refused": _l("Refused"),
    "not_ours": _l("Not ours"),
    "merged": _l("Joined to another ticket"),
    "cannot_yet": _l("Cannot be done yet"),
}

#: How likely two tickets are about one trouble.
LIKELY = {
    "surely": _l("almost surely the same"),
    "likely": _l("likely the same"),
    "perhaps": _l("perhaps the same"),
}
#: Why two tickets cannot be joined.
NOT_JOINED = {
    "unknown": _l("No ticket of that number is yours to see."),
    "same": _l("These two are one already, or would each be joined to the other."),
    "joined": _l("It is joined to another ticket. Split it off there first."),
    "ended": _l("Only open tickets can be joined. Reopen it first, or answer it by itself."),
    "part": _l("A part of another ticket cannot be joined."),
    "parts": _l("A ticket that was split among agencies cannot be joined to another. Join the other to it."),
    "secret": _l("A secret report is never joined."),
    "supervision": _l("A report about officials is joined only to another such report."),
}

#: What its citizen says of that.
CONTENT = {"yes": _l("the citizen says it is settled"), "no": _l("the citizen says it is not settled")}

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
    "desk": _l("Desk"),
    "console": _l("Console"),
}

#: What may differ between a ticket and its twin in the national system.
TWIN_FIELDS = {
    "status": _l("Status"),
    "agency": _l("Agency"),
    "first_response_due": _l("First answer due"),
    "resolution_due": _l("Resolution due"),
}

#: How words reached a desk.
SOURCES = {
    "in_person": _l("in person"),
    "phone": _l("by phone"),
    "letter": _l("by letter"),
    "media": _l("from the media or social media"),
}

#: How the citizen wants to be treated.
PRIVACIES = {
    "named": _l("with their name"),
    "anonymous": _l("anonymous: the name is hidden"),
    "secret": _l("secret: the report itself is hidden too"),
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

#: Why a hand-over by staff was written.
HANDOVERS = {
    "sent_back": _l("it was sent back"),
    "bounced": _l("it was sent back too often, so a supervisor decides"),
    "decided": _l("a supervisor decided it"),
    "part": _l("its part of a ticket that several agencies share"),
}

#: Why an agency sends a ticket back.
RETURNS = {
    "not_our_field": _l("not our field"),
    "not_our_area": _l("not our area"),
    "needs_other_first": _l("another agency has to act first"),
    "incomplete": _l("what we need to know is missing"),
}

#: Keys of what services.holding, handovers and parts refuse with.
HANDOVER_FAULTS = {
    "not_yours": _l("Only the agency that has the ticket, or a supervisor, can do this."),
    "waits_for_supervisor": _l("The ticket waits for a supervisor's decision: only a supervisor can pass it on."),
    "decided": _l("A supervisor has decided who has this ticket: ask a supervisor to change that."),
    "pingpong": _l("It was handed back and forth too often: a supervisor decides."),
    "nothing_to_accept": _l("There is nothing to take on: the ticket has ended, or nobody asked."),
    "return_reason": _l("Choose why it goes back."),
    "nothing_to_return": _l("It cannot be sent back: it has ended, or waits at the desk already."),
    "nobody_gave": _l("Nobody gave it to this agency: hand it over to another one instead."),
    "split_none": _l("Choose at least one agency and write what it has to do."),
    "split_many": _l("These are too many parts: at most six agencies share a ticket."),
    "split_task": _l("Write for every chosen agency what it has to do."),
    "split_agency": _l("Choose an agency from the list for every task."),
    "split_conduct": _l("What is about officials' conduct can be shared among inspectorates only."),
    "split_part": _l("This is a part already: split the whole ticket instead."),
    "split_ended": _l("The ticket has ended: reopen it first."),
    "unsplit_none": _l("The ticket is not split."),
    "unsplit_begun": _l("A part has begun: the split can no longer be undone."),
    "not_part": _l("This is no part of another ticket: answer the citizen."),
}

#: Why the rules chose an agency.
REASONS = {
    **HANDOVERS,
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
    "asset": _l("the asset named is known to be that owner's"),
    "owner_words": _l("the citizen says whose asset it is"),
    "owner_default": _l("whose asset it is is not certain, so the likeliest owner's agency holds it"),
    "staff_owner": _l("a member of staff says whose asset it is"),
    "above_inspectorate": _l("it complains about the inspectorate itself, so who watches over it gets it"),
    "secret": _l("it is secret and nobody at the agency in charge may read it, so it waits here"),
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
    "joined": _l("joined to another ticket"),
    "followed": _l("as the ticket it is joined to"),
    "split_off": _l("split off from the ticket it was joined to"),
    "working": _l("news was written: the work goes on"),
    "ask": _l("the citizen was asked"),
    "resolved": _l("the work is done"),
    "reopened": _l("taken up again"),
    "settled": _l("the citizen says it is settled"),
    "not_settled": _l("the citizen says it is not settled"),
    "silence": _l("the citizen stayed silent"),
    "pause_over": _l("the citizen did not answer the question in time"),
    "accepted": _l("taken on by the agency"),
    "split": _l("split among agencies"),
    "split_undone": _l("the split was undone"),
    "reported": _l("its officer said how it stands"),
    "parts_done": _l("all parts have ended"),
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
    "position": _l("Choose a position from the list."),
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
    "stopped": _l("The officer's answer; not sent, for the citizen wants no messages"),
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
    "pause_over": _l("The question was not answered in time: the clock runs again"),
    "continues": _l("Continues the ticket that ended too long ago to be opened again"),
    "continued": _l("Continued in another ticket"),
    "names another's ticket": _l("The letter names somebody else's ticket"),
    "intake": _l("Written down by staff"),
    "part": _l("From the part"),
    "part solved": _l("A part is solved"),
    "part answered": _l("A part is answered"),
    "part refused": _l("A part was refused"),
    "part not_ours": _l("A part is somebody else's"),
    "part merged": _l("A part was merged"),
    "part cannot_yet": _l("A part cannot be done yet"),
}


def note(text: str) -> str:
    """Calling this will give a note's sentence in the reader's language, empty for one that says nothing to staff."""
    key, _, value = text.partition(":")
    if text in NOTES or key not in NOTES:
        return str(NOTES.get(text, ""))
    return f"{NOTES[key]}: {word(SOURCES, value) if key == 'intake' else value}"


def word(table: dict[str, object], key: str) -> str:
    """Calling this will give a key's sentence in the reader's language, and give a person's own words back."""
    return str(table.get(key, key))
