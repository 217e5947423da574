"""Every type, event and state of the Cloud API, and what becomes of it."""

from __future__ import annotations

from channels.coverage import Becomes, Group, Handled

_MESSAGES: tuple[tuple[str, str, str], ...] = (
    ("text", "its words", "text"),
    ("text, as an answer", "its words, with the message it answers", "reply-to-our-message"),
    ("text, forwarded", "its words, noted as forwarded, or as forwarded often", "forwarded-often"),
    ("text, after an advertisement", "its words, with a note of the advertisement", "referral-from-an-advertisement"),
    ("text, from a username", "its words; the sender is the business-scoped id", "sender-without-a-number"),
    ("image", "an attachment, with its caption as words", "image-with-caption"),
    ("video", "an attachment, with its caption as words", "video"),
    ("document", "an attachment; a picture sent as one is a picture", "document"),
    ("audio", "an attachment", "audio"),
    ("audio, voice", "an attachment, playable", "voice-note"),
    ("sticker", "an attachment; it takes no ticket up again", "sticker"),
    ("location", "a pin with its name and address", "location"),
    ("contacts", "a vCard for each, noted as the sender's own or another's", "contacts"),
    ("interactive, button_reply", "the button's words, with a note of its id", "interactive-button-reply"),
    ("interactive, list_reply", "the choice's words, with a note of its id", "interactive-list-reply"),
    ("interactive, nfm_reply", "the answers of a form as lines", "interactive-form-reply"),
    ("interactive, any other", "kept with a note; the person is asked for words", "interactive-unknown"),
    ("interactive with errors only", "kept with a note; the person is asked for words", "interactive-with-errors-only"),
    ("button", "the template button's words, with a note of its payload", "template-button"),
    ("order", "its words, with a note of how many items; we sell nothing", "order"),
    ("unsupported (131051: poll, view once …)", "kept with a note; the person is asked for words", "unsupported"),
    ("any other type", "kept with a note, with what words or file it has", "type-of-the-future"),
)
_NOTICES: tuple[tuple[str, str, str], ...] = (
    ("reaction", "noted on the message it is about", "reaction"),
    ("reaction, removed", "noted with a cross on the message it is about", "reaction-removed"),
    ("revoke", "noted: the person deleted the message; our record stays", "revoke"),
    ("system, user_changed_number", "the new number is the same person", "number-changed"),
    ("system, customer_identity_changed", "noted: another telephone, or WhatsApp put on anew", "identity-changed"),
    ("message of a group", "the group is told once to write in private", "group-text"),
)
_NOTHING: tuple[tuple[str, str, str], ...] = (
    ("request_welcome", "a chat was opened and nothing was said yet", "request-welcome"),
    ("interactive, call_permission_reply", "we call nobody", "call-permission-reply"),
    ("VOICE_CALL_REQUEST", "we call nobody", "call-permission-text"),
    ("message to another phone_number_id", "another number of the same app: not ours to answer", "another-number"),
    ("calls", "calls are not taken; the number says so when it is rung", "field-calls"),
    ("history", "old chats of a telephone are not complaints made to us", "field-history"),
    ("smb_message_echoes", "what somebody wrote on a telephone with our number is no message of ours", "field-echoes"),
    ("smb_app_state_sync", "the address book of a telephone is none of our business", "field-app-state"),
    ("user_preferences", "it is about advertising, and we send none", "field-user-preferences"),
    ("message_template_status_update", "the list is read from Meta when it is needed", "field-template-status"),
    ("message_template_quality_update", "the list is read from Meta when it is needed", "field-template-quality"),
    ("message_template_components_update", "the list is read from Meta when it is needed", "field-template-components"),
    ("template_category_update", "what is billed stands in each delivery report", "field-template-category"),
    ("phone_number_quality_update", "aduan channels check asks for it", "field-number-quality"),
    ("phone_number_name_update", "aduan channels check asks for the number's status", "field-number-name"),
    ("account_update", "aduan channels check asks; a locked account fails its sends as well", "field-account-update"),
    ("account_alerts", "Meta tells the account's owner itself", "field-account-alerts"),
    ("account_review_update", "Meta tells the account's owner itself", "field-account-review"),
    ("business_capability_update", "a lower limit shows as errors 130429 and 131048", "field-capability"),
    ("security", "Meta tells the account's owner itself", "field-security"),
    ("flows", "forms are not made here", "field-flows"),
    ("payment_configuration_update", "we sell nothing", "field-payment"),
    ("group_lifecycle_update", "we make no groups", "field-group-lifecycle"),
    ("group_participants_update", "we make no groups", "field-group-participants"),
    ("any other field", "only the field messages is about what people wrote", "field-of-the-future"),
)
_STATES: tuple[tuple[str, Becomes, str], ...] = (
    ("sent", Becomes.DELIVERY, "sent"),
    ("delivered", Becomes.DELIVERY, "delivered; may be left out when read follows"),
    ("read", Becomes.DELIVERY, "read"),
    ("played", Becomes.DELIVERY, "read: a voice message was heard"),
    ("failed", Becomes.DELIVERY, "failed, by the error table"),
    ("deleted", Becomes.NOTHING, "that it was deleted later does not say whether it arrived"),
    ("any other state", Becomes.DELIVERY, "kept as unknown; it changes nothing"),
)

HANDLED: tuple[Handled, ...] = (
    *(Handled(Group.MESSAGE, name, Becomes.MESSAGE, how, example) for name, how, example in _MESSAGES),
    Handled(Group.EVENT, "edit", Becomes.REVISION, "the new words, beside the old ones; it opens nothing", "edit"),
    *(Handled(Group.EVENT, name, Becomes.NOTICE, how, example) for name, how, example in _NOTICES),
    Handled(Group.EVENT, "status", Becomes.DELIVERY, "with what it is billed as", "status-delivered"),
    Handled(Group.EVENT, "errors beside no message", Becomes.QUARANTINE, "shown to staff, once a day", "error-alone"),
    Handled(Group.EVENT, "an item no rule reads", Becomes.QUARANTINE, "alone, its batch is not", "poisoned-text"),
    Handled(Group.EVENT, "another webhook of Meta's", Becomes.QUARANTINE, "as it came", "malformed-another-object"),
    *(Handled(Group.EVENT, name, Becomes.NOTHING, how, example) for name, how, example in _NOTHING),
    *(Handled(Group.STATE, name, becomes, how) for name, becomes, how in _STATES),
)
