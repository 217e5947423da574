"""What Twilio sends and says, and what becomes of it: one table for WhatsApp, one for SMS."""

from __future__ import annotations

from channels._twilio_form import STATES
from channels.coverage import Becomes, Group, Handled
from channels.message import DeliveryState


def _message(name: str, how: str, example: str, becomes: Becomes = Becomes.MESSAGE) -> Handled:
    return Handled(Group.MESSAGE, name, becomes, how, example)


def _event(name: str, becomes: Becomes, how: str, example: str) -> Handled:
    return Handled(Group.EVENT, name, becomes, how, example)


def _states() -> tuple[Handled, ...]:
    known = tuple(
        Handled(Group.STATE, word, Becomes.DELIVERY, str(state), f"status-{word}") for word, state in STATES.items()
    )
    other = f"any other word: {DeliveryState.UNKNOWN}, kept, changes nothing"
    return (*known, Handled(Group.STATE, "(unknown)", Becomes.DELIVERY, other, "status-vanished"))


WHATSAPP: tuple[Handled, ...] = (
    _message("text", "text", "text"),
    _message("image", "attachment, the caption as text", "image-with-caption"),
    _message("audio", "attachment", "audio-file"),
    _message("voice", "attachment, playable", "voice-note"),
    _message("video", "attachment", "video"),
    _message("document", "attachment", "document"),
    _message("sticker", "attachment", "sticker"),
    _message("several files", "one attachment each, ten at most", "two-files"),
    _message("contacts", "the card as attachment; whom it names is written nowhere else", "contact-card"),
    _message("location", "position with label and postal text", "location"),
    _message("interactive: button", "the button's words; its payload as a note", "button"),
    _message("button (of a template)", "the button's words; its payload as a note", "template-button"),
    _message("interactive: list", "the row's title; its id as a note", "list-choice"),
    _message("reply to a message", "text, joined to the message it quotes", "quoted-reply"),
    _message("forwarded", "text, with a note", "forwarded"),
    _message("forwarded often", "text, with a note", "forwarded-often"),
    _message("from an advertisement", "text, with a note of the kind of source", "from-an-advertisement"),
    _message("order", "text, with a note: the goods are not in the webhook", "order"),
    _message("reaction", "the emoji as text, with a note: no reference to a message comes with it", "unknown-type"),
    _message(
        "sender with number and scoped id", "text; the scoped id as another name", "user-with-number-and-scoped-id"
    ),
    _message("sender by scoped id alone", "text; answered under the scoped id", "user-without-a-number"),
    _message("sender by scoped id, number known", "text; the number as another name", "user-by-scoped-id-with-number"),
    _message("(unknown)", "text and files, with a note of the type", "type-of-the-future"),
    _event("STOP", Becomes.OPTOUT, "nothing more is sent until they write", "opt-out"),
    _event("START", Becomes.OPTOUT, "sending resumes", "opt-in"),
    _event("HELP", Becomes.MESSAGE, "answered like any message", "opt-help"),
    _event(
        "answer about calls",
        Becomes.NOTHING,
        "we never ask for permission to call, so it says nothing",
        "call-permission",
    ),
    _event("status callback", Becomes.DELIVERY, "raises the state, never a step back", "status-delivered"),
    _event("status callback with an error", Becomes.DELIVERY, "by the code's row", "status-undelivered-outside-window"),
    _event("for another account", Becomes.QUARANTINE, "AccountSid is not ours", "refused-other-account"),
    _event("for another sender", Becomes.QUARANTINE, "To is not our sender", "refused-other-recipient"),
    _event("without its text field", Becomes.QUARANTINE, "Body is missing", "refused-without-body"),
    *_states(),
)

SMS: tuple[Handled, ...] = (
    _message("text", "text", "text"),
    _message("text of several parts", "text, joined by the provider", "text-long"),
    _message("text in base64", "decoded, with a note", "body-in-base64"),
    _message("MMS", "text with attachments", "picture"),
    _message("sender in national form", "the same person as in international form", "sender-in-national-form"),
    _message("sender is a short code", "kept, never answered: a machine", "sender-short-code"),
    _message("sender is a name", "kept, never answered: a machine", "sender-alphanumeric"),
    _message("(unknown)", "text, with a note of the type", "type-of-the-future"),
    _event("stop word", Becomes.OPTOUT, "the provider blocks further messages too", "stop-word"),
    _event("stop by OptOutType", Becomes.OPTOUT, "by the provider's own list", "stop-by-the-providers-own-list"),
    _event("start by OptOutType", Becomes.OPTOUT, "sending resumes", "start-by-the-providers-own-list"),
    _event("start word", Becomes.MESSAGE, "writing again resumes", "start-word"),
    _event("help by OptOutType", Becomes.MESSAGE, "answered like any message", "help-by-the-providers-own-list"),
    _event("status callback", Becomes.DELIVERY, "raises the state, never a step back", "status-delivered"),
    _event("status callback with an error", Becomes.DELIVERY, "by the code's row", "status-undelivered-handset-off"),
    _event("for another number", Becomes.QUARANTINE, "To is not our number", "refused-other-number"),
    *_states(),
)
