"""Why a message did not arrive, in words staff can act on; a provider's own words and codes are for the operator."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from channels.errors import (
    BadAddress,
    Misconfigured,
    OutcomeUnknown,
    Permanent,
    RecipientStopped,
    SendError,
    Temporary,
    Throttled,
    WindowClosed,
)
from channels.registry import CHANNELS, provider_class
from dispatch.models import Outbox

#: What our own notes on a send mean to staff, by how they begin.
NOTES = {
    "the sender stopped before": _l("our server stopped in the middle of sending"),
    "internal:": _l("a fault of ours in the middle of sending: tell the operator"),
    "the reply window is closed": _l(
        "the citizen wrote more than a day ago and cannot be asked to write: tell the operator"
    ),
    "the citizen did not write": _l("the citizen did not answer the short notice"),
    "the citizen could not be asked": _l("the citizen wrote more than a day ago and cannot be asked to write"),
    "waited too long": _l("the channel has been off or failing for too long: tell the operator"),
    "another part of the text": _l("another part of the text could not be delivered"),
    "the person stopped us": _l("the citizen asked us to stop writing"),
    "delivered the first way": _l("it arrived the first way after all"),
    "settled by hand: sent": _l("arrived, as staff found out"),
    "settled by hand": _l("did not arrive, as staff found out"),
    "no answer": _l("the provider did not answer"),
}
#: What a class of refusals means to staff.
CLASSES: dict[type[SendError], object] = {
    BadAddress: _l("nobody is reached at this number or address"),
    RecipientStopped: _l("the citizen blocked us or asked us to stop"),
    WindowClosed: _l("the citizen wrote more than a day ago"),
    Misconfigured: _l("the channel is set up wrongly: tell the operator"),
    Throttled: _l("the provider asks us to slow down"),
    Temporary: _l("the provider could not take it for now"),
    OutcomeUnknown: _l("the provider did not answer"),
    Permanent: _l("the provider refused it"),
}


def reason(row: Outbox) -> str:
    """Calling this will say why a send did not arrive, with the provider's code for the operator; empty when there is
    nothing to say."""
    said = _sentence(row)
    code = f" ({row.error_code})" if row.error_code else ""
    return f"{said}{code}" if said else code.strip(" ()")


def _sentence(row: Outbox) -> str:
    for beginning, sentence in NOTES.items():
        if row.error.startswith(beginning):
            return str(sentence)
    for name in CHANNELS:
        cls = provider_class(name)
        if cls.kind == row.channel and row.error_code in cls.errors:
            return str(CLASSES[cls.errors[row.error_code].error])
    return str(CLASSES[Permanent]) if row.error else ""
