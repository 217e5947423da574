"""The only writer: each change of a ticket, a message or a member of staff is one function here, in one transaction."""
