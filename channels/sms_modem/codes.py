"""What Gammu SMSD says of a message, as tables: its statuses, and the numbers networks and modems refuse with.

Sources: gammu ``docs/manual/smsd/tables.rst``; 3GPP TS 24.011 annex E (RP cause) and 27.005 section 3.2.5 (CMS error).
"""

from __future__ import annotations

from channels.coverage import Becomes, Group, Handled
from channels.errors import BadAddress, Meaning, Misconfigured, OutcomeUnknown, Permanent, Temporary, by_code
from channels.message import DeliveryState

#: ``sentitems.Status`` → what it means to us.
STATES: dict[str, DeliveryState] = {
    "SendingOK": DeliveryState.SENT,
    "SendingOKNoReport": DeliveryState.SENT,
    "SendingError": DeliveryState.FAILED,
    "DeliveryOK": DeliveryState.DELIVERED,
    "DeliveryFailed": DeliveryState.FAILED,
    "DeliveryPending": DeliveryState.SENT,
    "DeliveryUnknown": DeliveryState.UNKNOWN,
    "Error": DeliveryState.FAILED,
}
#: Of several parts the worst speaks for the message.
WORST_FIRST = (DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.SENT, DeliveryState.DELIVERED)

_WAIT = 600.0

ERRORS = by_code(
    (
        Meaning("database", "Gammu's database cannot be reached; the same key again is safe", Temporary),
        Meaning("no-file", "Gammu's SQLite file is not there", Misconfigured),
        Meaning("tables", "no Gammu tables there, or no rights on them", Misconfigured),
        Meaning("version", "tables of a Gammu we do not know", Misconfigured),
        Meaning("address", "no telephone number", BadAddress),
        Meaning("SendingError", "the modem refused it", Temporary, _WAIT),
        Meaning("Error", "Gammu failed over it", OutcomeUnknown),
        Meaning("DeliveryFailed", "the network could not deliver it", Permanent),
    ),
    (
        Meaning("1", "the number is not assigned", BadAddress),
        Meaning("8", "barred by the operator", Misconfigured),
        Meaning("10", "barred for this SIM, often an empty balance", Misconfigured),
        Meaning("21", "refused by the network", Temporary, _WAIT),
        Meaning("22", "the other phone's memory is full", Temporary, _WAIT),
        Meaning("27", "the destination is out of service", Temporary, _WAIT),
        Meaning("28", "the network does not know the number", BadAddress),
        Meaning("29", "the network refuses this service", Permanent),
        Meaning("30", "the network does not know the number", BadAddress),
        Meaning("38", "the network is out of order", Temporary, _WAIT),
        Meaning("41", "a fault of the network that passes", Temporary, _WAIT),
        Meaning("42", "the network is congested", Temporary, _WAIT),
        Meaning("47", "the network lacks resources", Temporary, _WAIT),
        Meaning("50", "the SIM may not send SMS", Misconfigured),
        Meaning("69", "the network does not offer SMS", Misconfigured),
        Meaning("310", "no SIM in the modem", Misconfigured),
        Meaning("311", "the SIM wants its PIN", Misconfigured),
        Meaning("330", "the service centre's number is not set", Misconfigured),
        Meaning("331", "no network", Temporary, _WAIT),
        Meaning("332", "the network did not answer in time", Temporary, _WAIT),
        Meaning("500", "the modem refused without a reason, often an empty balance", Temporary, _WAIT),
        Meaning("512", "the modem refused without a reason", Temporary, _WAIT),
    ),
)

HANDLED: tuple[Handled, ...] = (
    Handled(Group.MESSAGE, "inbox row", Becomes.MESSAGE, "text", "text"),
    Handled(Group.MESSAGE, "inbox rows, all parts", Becomes.MESSAGE, "joined by their sequence", "parts-all"),
    Handled(Group.MESSAGE, "inbox rows, parts missing", Becomes.MESSAGE, "what came, with a note", "parts-missing"),
    Handled(Group.MESSAGE, "inbox row, a late part", Becomes.REVISION, "attaches to its message", "part-late"),
    Handled(Group.MESSAGE, "inbox row, short code or name", Becomes.MESSAGE, "kept, never answered", "short-code"),
    Handled(Group.MESSAGE, "inbox row, 8bit", Becomes.QUARANTINE, "for programs, not people", "binary"),
    Handled(Group.EVENT, "a row we cannot read", Becomes.QUARANTINE, "kept with its bytes", "unreadable"),
    Handled(Group.EVENT, "an empty look", Becomes.NOTHING, "only moves the cursor", "nothing"),
    *(
        Handled(Group.EVENT, f"sentitems {status}", Becomes.DELIVERY, str(state), f"status-{status.lower()}")
        for status, state in STATES.items()
    ),
    Handled(Group.EVENT, "sentitems, a new status", Becomes.DELIVERY, "unknown", "status-new"),
    Handled(Group.STATE, "Reserved", Becomes.DELIVERY, "sent: it waits in Gammu's outbox"),
)
