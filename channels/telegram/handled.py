"""Every kind of update, content and state that the Bot API 10.0 knows, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator

from channels.coverage import Becomes, Group, Handled

_FILE = "attachment, fetched from Telegram"
_UNSUPPORTED = "kept with a note; the person is asked for words"

#: Content of a private message → how, example.
_MESSAGES: dict[str, tuple[str, str]] = {
    "text": ("its text", "text"),
    "text with entities and emoji": ("its text; the marks are left out", "text-emoji-entities"),
    "command": ("its words without the slash", "command-status"),
    "/start": ("greeted, or resumed after a stop", "command-start"),
    "/start with a payload": ("as /start; the payload is a note", "command-start-payload"),
    "reply_to_message": ("joins the ticket of what it answers", "reply-to-bot"),
    "quote": ("joins the ticket of what it quotes", "reply-with-quote"),
    "external_reply": ("its text; what it answers elsewhere is left out", "reply-external"),
    "forward_origin": ("note", "forwarded"),
    "media_group_id": ("gathered with the rest of its album", "photo-album-item"),
    "photo": (f"{_FILE}, in its largest size", "photo"),
    "voice": (f"{_FILE}, playable", "voice"),
    "audio": (_FILE, "audio"),
    "video": (_FILE, "video"),
    "video_note": (_FILE, "video-note"),
    "animation": (_FILE, "animation"),
    "live_photo": (f"{_FILE}, its still picture", "live-photo"),
    "sticker": (_FILE, "sticker"),
    "sticker, animated": (_FILE, "sticker-animated"),
    "sticker, video": (_FILE, "sticker-video"),
    "document": (_FILE, "document-pdf"),
    "document that is a picture": (_FILE, "document-image"),
    "document above 20 MB": ("message kept, file refused with the reason", "document-too-big"),
    "location": ("pin", "location"),
    "location, live": ("pin, note", "location-live"),
    "venue": ("pin with its name and address", "venue"),
    "contact, the sender's own": ("vCard; the number becomes another name of the sender", "contact-own"),
    "contact, somebody else's": ("vCard, note", "contact-other"),
    "has_protected_content": ("read like any other", "text-protected"),
    "has_media_spoiler": (_FILE, "photo-spoiler"),
    "via_bot": ("its text", "text-via-bot"),
    "message of a topic in the private chat": ("its text", "text-in-topic"),
    "poll": (_UNSUPPORTED, "poll"),
    "dice": (_UNSUPPORTED, "dice"),
    "game": (_UNSUPPORTED, "game"),
    "story": (_UNSUPPORTED, "story"),
    "checklist": (_UNSUPPORTED, "checklist"),
    "paid_media": (_UNSUPPORTED, "paid-media"),
    "invoice": (_UNSUPPORTED, "invoice"),
    "giveaway": (_UNSUPPORTED, "giveaway"),
    "gift": (_UNSUPPORTED, "gift"),
    "unique_gift": (_UNSUPPORTED, "unique-gift"),
    "content of a later version": (_UNSUPPORTED, "future-content"),
    "field of a later version": ("left out; the rest is read", "future-field-beside-text"),
    "callback_query": ("reply to its message; answered so that the button comes to rest", "callback"),
    "callback_query on an inaccessible message": ("reply to its number", "callback-on-an-old-message"),
}
_STRUCTURE = "says something about the chat, not from the person"
_MONEY = "the bot sells nothing"
_BUSINESS = "the bot is not connected to business accounts"
_NOT_ASKED = "the bot offers nothing of the kind and does not ask for it"
#: Service messages and updates that become nothing → why, example.
_NOTHING: dict[str, tuple[str, str]] = {
    "pinned_message": (_STRUCTURE, "pinned-message"),
    "message_auto_delete_timer_changed": (_STRUCTURE, "auto-delete-timer"),
    "chat_background_set": (_STRUCTURE, "chat-background"),
    "write_access_allowed": (_STRUCTURE, "write-access-allowed"),
    "connected_website": (_STRUCTURE, "connected-website"),
    "forum_topic_created": (_STRUCTURE, "forum-topic-created"),
    "proximity_alert_triggered": (_STRUCTURE, "proximity-alert"),
    "video_chat_started": (_STRUCTURE, "video-chat-started"),
    "left_chat_member": (_STRUCTURE, "left-chat-member"),
    "new_chat_members": ("my_chat_member says it of the bot itself", "new-chat-members"),
    "migrate_from_chat_id": ("groups are left, whatever their id", "migrate-from-group"),
    "migrate_to_chat_id": ("groups are left, whatever their id", "migrate-to-supergroup"),
    "successful_payment": (_MONEY, "successful-payment"),
    "refunded_payment": (_MONEY, "refunded-payment"),
    "users_shared": (_NOT_ASKED, "users-shared"),
    "chat_shared": (_NOT_ASKED, "chat-shared"),
    "web_app_data": (_NOT_ASKED, "web-app-data"),
    "passport_data": (_NOT_ASKED, "passport-data"),
    "message from a bot": ("two bots could answer each other for ever", "from-a-bot"),
    "callback_query on an inline message": ("no chat of ours; the press is answered", "callback-inline"),
    "callback_query of a game": ("it says nothing; the press is answered", "callback-game"),
    "callback_query in a group": ("what is done there is nobody's report; the press is answered", "callback-in-group"),
    "edited_message in a group": ("the group was told when it was written", "group-edited"),
    "edited_channel_post": ("the channel was told when it was written", "channel-post-edited"),
    "my_chat_member: the bot left a group": ("there is nobody to tell", "left-group"),
    "message_reaction in a group": ("public, and nobody's report", "reaction-in-group"),
    "message_reaction_count": ("anonymous: nobody to note it of", "reaction-count"),
    "inline_query": (_NOT_ASKED, "inline-query"),
    "chosen_inline_result": (_NOT_ASKED, "chosen-inline-result"),
    "shipping_query": (_MONEY, "shipping-query"),
    "pre_checkout_query": (_MONEY, "pre-checkout-query"),
    "purchased_paid_media": (_MONEY, "purchased-paid-media"),
    "poll (its state)": ("the bot sends no polls", "poll-state"),
    "poll_answer": ("the bot sends no polls", "poll-answer"),
    "chat_member": ("members of groups are no business of ours", "chat-member"),
    "chat_join_request": ("members of groups are no business of ours", "chat-join-request"),
    "chat_boost": (_STRUCTURE, "chat-boost"),
    "removed_chat_boost": (_STRUCTURE, "removed-chat-boost"),
    "business_connection": (_BUSINESS, "business-connection"),
    "business_message": (_BUSINESS, "business-message"),
    "edited_business_message": (_BUSINESS, "edited-business-message"),
    "deleted_business_messages": (_BUSINESS, "deleted-business-messages"),
    "managed_bot": (_NOT_ASKED, "managed-bot"),
    "guest_message": (_NOT_ASKED, "guest-message"),
}
_GROUP = "told once a day to write in private, then left; what was said is not kept"
#: Other events → what they become, how, example.
_EVENTS: dict[str, tuple[Becomes, str, str]] = {
    "edited_message": (Becomes.REVISION, "kept with the message's ticket, not answered", "edited-text"),
    "edited_message: caption": (Becomes.REVISION, "kept with the message's ticket, not answered", "edited-caption"),
    "edited_message: live position moves": (Becomes.REVISION, "a new pin, not answered", "location-live-moves"),
    "edited_message: live position ends": (Becomes.REVISION, "the last pin, not answered", "location-live-ends"),
    "my_chat_member: blocked": (Becomes.OPTOUT, "nothing more is sent", "blocked"),
    "my_chat_member: unblocked": (Becomes.OPTOUT, "sending resumes", "unblocked"),
    "my_chat_member: taken into a group": (Becomes.NOTICE, _GROUP, "added-to-group"),
    "my_chat_member: taken into a channel": (Becomes.NOTICE, _GROUP, "added-to-channel"),
    "message in a group": (Becomes.NOTICE, _GROUP, "group-message"),
    "message in a supergroup": (Becomes.NOTICE, _GROUP, "supergroup-message"),
    "channel_post": (Becomes.NOTICE, _GROUP, "channel-post"),
    "message_reaction": (Becomes.NOTICE, "the emoji", "reaction"),
    "message_reaction: taken back": (Becomes.NOTICE, "without an emoji", "reaction-taken-back"),
    "message_reaction: custom or paid": (Becomes.NOTICE, "its kind", "reaction-custom"),
    "a kind of a later version": (Becomes.QUARANTINE, "with its bytes", "future-update"),
    "a field of an unknown shape": (Becomes.QUARANTINE, "with its bytes", "future-shape"),
    "a message without content": (Becomes.QUARANTINE, "with its bytes", "no-content"),
    "a pin off the Earth": (Becomes.QUARANTINE, "with its bytes", "location-off-the-earth"),
}


def _rows() -> Iterator[Handled]:
    for name, (how, example) in _MESSAGES.items():
        yield Handled(Group.MESSAGE, name, Becomes.MESSAGE, how, example)
    for name, (becomes, how, example) in _EVENTS.items():
        yield Handled(Group.EVENT, name, becomes, how, example)
    for name, (why, example) in _NOTHING.items():
        yield Handled(Group.EVENT, name, Becomes.NOTHING, why, example)
    yield Handled(Group.STATE, "taken (sendMessage answers)", Becomes.DELIVERY, "sent: the last state Telegram tells")
    yield Handled(Group.STATE, "delivered, read", Becomes.NOTHING, "Telegram does not tell bots")
    yield Handled(Group.STATE, "deleted by the person", Becomes.NOTHING, "Telegram does not tell bots")


HANDLED = tuple(_rows())
