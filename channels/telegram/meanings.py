"""What the Bot API's refusals mean to us.

Telegram gives an HTTP status and a sentence; only the sentence tells a person who blocked us from one who left. A code
of this table is the status and, where it matters, words that stand in the sentence; the first row that fits decides, so
the bare status stands last. Sources: core.telegram.org/bots/api ("Making requests"), tdlib/telegram-bot-api.
"""

from __future__ import annotations

from collections.abc import Iterator

from channels.errors import (
    BadAddress,
    Meaning,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
    by_code,
)


def _rows(error: type[SendError], texts: dict[str, str]) -> Iterator[Meaning]:
    return (Meaning(code, text, error) for code, text in texts.items())


_STOPPED = {
    "403 bot was blocked": "the person blocked the bot",
    "403 initiate conversation": "the person never started the bot, or deleted the chat",
    "403 bot was kicked": "the group or channel put the bot out",
    "403 not a member": "the bot is not in that group or channel",
    "400 user_is_blocked": "the person blocked the bot",
    "403": "the person or group lets the bot write no more",
}
_NOBODY = {
    "403 user is deactivated": "the account was deleted",
    "403 messages to bots": "the address is a bot's",
    "403 group chat was deleted": "the group is gone",
    "400 chat not found": "no such chat, or it never wrote to this bot",
    "400 user not found": "no such person",
    "400 peer_id_invalid": "no such chat",
    "400 input_user_deactivated": "the account was deleted",
}
_REFUSED = {
    "400 message is too long": "longer than 4096 characters",
    "400 text is empty": "nothing to send",
    "400 message_empty": "nothing to send",
    "400 parse entities": "the marks of the text cannot be read",
    "400 text must be encoded": "the text is not UTF-8",
    "400 message to be replied": "what is answered is gone",
    "400 message not found": "what is answered or changed is gone",
    "400 rights to send": "the bot may not write in that group",
    "400 chat_write_forbidden": "the bot may not write in that group",
    "400 chat_restricted": "Telegram restricted that chat",
    "400 migrated to supergroup": "the group moved to another id; the bot serves private chats only",
    "400 private chats only": "a button for number or place is for private chats",
    "400 wrong file_id": "the file is gone",
    "400 file is too big": "above the 20 MB that Telegram hands to bots",
    "400 query is too old": "the press of a button was answered too late",
    "400": "Telegram refused the request",
    "413": "larger than Telegram takes",
}
_OURS = {
    "401": "TELEGRAM_BOT_TOKEN is rejected: copy it again from @BotFather",
    "404": "TELEGRAM_BOT_TOKEN is malformed, or TELEGRAM_API_URL leads elsewhere: correct it",
    "409 webhook is active": (
        "a webhook is set for this token, so nothing can be polled: stop the installation that set it, or give "
        "TELEGRAM_WEBHOOK_SECRET here too"
    ),
    "409 other getupdates": (
        "another process polls with this token: stop it; one token serves one installation, and a second one needs a "
        "bot of its own"
    ),
    "409": "another process uses this token: stop it, or make a bot of its own for it at @BotFather",
}

ERRORS = by_code(
    _rows(RecipientStopped, {code: text for code, text in _STOPPED.items() if " " in code}),
    _rows(BadAddress, _NOBODY),
    _rows(Permanent, {code: text for code, text in _REFUSED.items() if " " in code}),
    _rows(Misconfigured, _OURS),
    # Telegram does not say whether one chat or the whole bot is too fast; what it counts strictly is the single chat
    # (about one message a second), so only this message waits. The pace of the whole bot is kept by ``limits``.
    (Meaning("429", "too fast: wait as long as it says", Temporary),),
    (Meaning("500", "a fault at Telegram: it may have taken the message", OutcomeUnknown),),
    (Meaning("502", "a gateway failed: Telegram may have taken the message", OutcomeUnknown),),
    (Meaning("504", "no answer in time: Telegram may have taken the message", OutcomeUnknown),),
    _rows(RecipientStopped, {code: text for code, text in _STOPPED.items() if " " not in code}),
    _rows(Permanent, {code: text for code, text in _REFUSED.items() if " " not in code}),
)


def meaning(status: int, said: str) -> Meaning | None:
    """Calling this will find what a refusal means by its status and its sentence; None for a status nobody knows."""
    for code, row in ERRORS.items():
        number, _, words = code.partition(" ")
        if number == str(status) and words in said.lower():
            return row
    return None
