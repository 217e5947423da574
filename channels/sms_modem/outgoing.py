"""Our SMS into Gammu's outbox: all parts in one transaction, under a key by which a second try finds the first."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, update

from channels.sms_modem.inbox import OURS
from channels.sms_modem.tables import Tables, flag
from channels.text import gsm7, sms_parts

#: TP-VP in relative form (3GPP TS 23.040, 9.2.3.12.1): 173 is seven days.
VALIDITY = 173


def count(text: str) -> int:
    """Calling this will count the parts a text leaves in."""
    return len(sms_parts(text))


def taken(connection: Connection, tables: Tables, key: str) -> bool:
    """Calling this will say whether the SMS of this key is in Gammu's hands already, sent or not."""
    creator = f"{OURS}{key}"
    for table in (tables.outbox, tables.sent):
        if connection.scalar(select(func.count()).where(table.c.CreatorID == creator)):
            return True
    return False


def put(connection: Connection, tables: Tables, key: str, to: str, text: str, phone: str) -> int:
    """Calling this will write an SMS into the outbox, in the caller's transaction; returns its parts.

    The id is new among what was sent too: MySQL gives ids of an emptied outbox a second time.
    """
    outbox, dialect = tables.outbox, connection.dialect.name
    parts = sms_parts(text)
    several = len(parts) > 1
    coding = "Default_No_Compression" if gsm7(text) else "Unicode_No_Compression"
    shape = {"Coding": coding, "Class": 1 if several else -1}
    first = {
        **shape,
        "DestinationNumber": to,
        "TextDecoded": parts[0],
        "MultiPart": flag(dialect, several),
        "RelativeValidity": VALIDITY,
        "DeliveryReport": "yes",
        "CreatorID": f"{OURS}{key}",
        **({"SenderID": phone} if phone else {}),
    }
    (given,) = connection.execute(insert(outbox).values(first)).inserted_primary_key or (0,)
    number = _new(connection, tables, int(given))
    if several:
        headers = [f"050003{number % 256:02X}{len(parts):02X}{place:02X}" for place in range(1, len(parts) + 1)]
        connection.execute(update(outbox).where(outbox.c["ID"] == number).values(UDH=headers[0]))
        rows = [
            {**shape, "ID": number, "SequencePosition": place, "UDH": headers[place - 1], "TextDecoded": part}
            for place, part in enumerate(parts, start=1)
            if place > 1
        ]
        connection.execute(insert(tables.multipart), rows)
    return len(parts)


def _new(connection: Connection, tables: Tables, number: int) -> int:
    """The row's id, changed to one above all others where one of its kind was used before."""
    used = select(func.count()).where(tables.sent.c["ID"] == number)
    left = select(func.count()).where(tables.multipart.c["ID"] == number)
    if not connection.scalar(used) and not connection.scalar(left):
        return number
    ids = [select(func.max(table.c.ID)).scalar_subquery() for table in (tables.sent, tables.outbox, tables.multipart)]
    free = max(int(each or 0) for each in connection.execute(select(*ids)).one()) + 1
    outbox = tables.outbox
    connection.execute(update(outbox).where(outbox.c["ID"] == number).values(ID=free))
    return free
