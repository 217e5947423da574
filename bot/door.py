"""The door: verify, parse, record, acknowledge — written once for every way in.

The HTTP answer is a decision about the provider's retries: forged → 403 and nothing stored; genuine but unreadable →
200, kept in quarantine; our own fault → 5xx, so that they try again. Nothing is acknowledged before it is committed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from channels.base import Acknowledgement, Channel, RawRequest
from channels.errors import Malformed
from channels.message import Event
from dispatch.runtime import Runtime
from dispatch.services.inbound import Recorded, quarantine, record_inbound

log = logging.getLogger("aduan.door")


def receive(runtime: Runtime, channel: Channel, request: RawRequest) -> Acknowledgement:
    """Calling this will take a request that came from outside: verified before anything of it is read or stored.

    Raises Forged when the request is not the provider's; whatever the database raises passes through, so that the
    provider tries again.
    """
    channel.verify(request)
    recorded = take(runtime, channel, request)
    log.info("recorded", extra={"channel": channel.name, "new": len(recorded.new), "repeats": recorded.repeats})
    return channel.acknowledge(request)


def take(runtime: Runtime, channel: Channel, request: RawRequest) -> Recorded:
    """Calling this will record what we fetched ourselves over a signed-in connection, or what our own page posted.

    What cannot be parsed is quarantined, never dropped and never raised: an adapter's own fault must not make a
    provider send the same bytes for days.
    """
    content_type = request.header("content-type")[:120]
    try:
        events: Sequence[Event] = channel.parse(request)
    except Malformed as error:
        reason = str(error)
    except Exception as error:
        reason = f"the {channel.name} adapter failed: {type(error).__name__}"
        log.exception("parse broke", extra={"channel": channel.name})
    else:
        with runtime.writing() as session:
            return record_inbound(session, runtime.now(), events, raw=request.body, content_type=content_type)
    log.warning("quarantined", extra={"channel": channel.name, "reason": reason})
    with runtime.writing() as session:
        return quarantine(
            session,
            runtime.now(),
            channel=channel.kind,
            account=channel.account,
            raw=request.body,
            content_type=content_type,
            reason=reason,
        )


def pulled(runtime: Runtime, body: bytes, headers: Mapping[str, str]) -> RawRequest:
    """Calling this will wrap bytes we fetched ourselves as a request, so that one parser serves both ways in."""
    return RawRequest("POST", runtime.settings.public_url, headers, body, runtime.now())


#: What our own pages and the terminal hand over.
JSON = {"Content-Type": "application/json"}
