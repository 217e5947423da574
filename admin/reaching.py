"""How to reach me: the channel by which somebody is told what cannot wait, its proof, a test; and positions."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlmodel import Session
from werkzeug.wrappers import Response as BaseResponse

from admin.formats import clean, language
from admin.security import Need, allow, runtime, viewer
from admin.ways import masked
from dispatch.models import CitizenAddress, Staff
from dispatch.services import alerts, reaching
from dispatch.services import staff as accounts
from dispatch.services.reaching import ReachFault
from dispatch.services.staff import StaffFault

blueprint = Blueprint("reaching", __name__)

NUMBER_LENGTH = 40
CODE_LENGTH = 20
#: The field that a fault of ``services.reaching`` stands at, where it is not the number.
_FIELDS = {"unproven": "channel"}

#: Keys of what services.reaching refuses with, and of why a way cannot be used now.
FAULTS = {
    "off": _l("This channel is not set up here: you are told in the application only."),
    "number": _l("Write an Indonesian telephone number, such as +62 811 0000 0001."),
    "too_many": _l("Three codes were sent within an hour. Try again later."),
    "write_first": _l("WhatsApp lets us write only within a day of your last message. Write to our number first."),
    "unreachable": _l("Nobody is reached at this number."),
    "stopped": _l("You told us not to write there. Send MULAI from it to take that back."),
    "unproven": _l("Prove first that it is yours: ask for a code below."),
}

Outcome = BaseResponse | str | tuple[str, int]


@blueprint.get("/account/ways")
@allow(Need.STAFF)
def show() -> str:
    """Calling this will show by which ways one is told what cannot wait, and the forms to set them up."""
    return _page()


def _page(errors: dict[str, str] | None = None, link: str = "") -> str:
    wired, now = runtime(), runtime().now()
    with wired.reading() as session:
        me = session.get_one(Staff, viewer().staff_id)
        ways = {row.channel: row for row in reaching.ways(session, me)}
        offered = reaching.offered(wired)
        faults = {channel: reaching.fault(session, wired, now, me, channel) for channel in {*offered, me.notify} - {""}}
        proven = {
            channel: masked(session.get_one(CitizenAddress, row.address_id))
            for channel, row in ways.items()
            if row.confirmed_at is not None and row.address_id is not None
        }
    return render_template(
        "reaching.html",
        me=me,
        offered=offered,
        faults={channel: FAULTS[key] for channel, key in faults.items() if key},
        proven=proven,
        awaited=[channel for channel, row in ways.items() if reaching.waiting(row, now)],
        link=link,
        errors=errors or {},
        typed=request.form if errors else {},
    )


@blueprint.post("/account/ways")
@allow(Need.STAFF)
def choose() -> Outcome:
    """Calling this will choose the channel by which one is told, none for the application alone (422: not proven)."""
    wired = runtime()
    try:
        with wired.writing() as session:
            reaching.choose(session, wired, wired.now(), _me(session), request.form.get("channel", ""))
    except ReachFault as fault:
        return _page({"channel": str(FAULTS[fault.key])}), 422
    flash(gettext("Your choice is saved."))
    return redirect(url_for("reaching.show"), 303)


@blueprint.post("/account/ways/ask")
@allow(Need.STAFF)
def ask() -> Outcome:
    """Calling this will send a code to a number, or show the link that proves a Telegram chat (422: not possible)."""
    wired, now = runtime(), runtime().now()
    channel = request.form.get("way", "")
    typed = clean(request.form.get("number", ""), NUMBER_LENGTH)
    try:
        with wired.writing() as session:
            me = _me(session)
            asked = reaching.ask(session, wired, now, me, channel, typed)
            if asked.code and asked.reach.address_id is not None:
                address = session.get_one(CitizenAddress, asked.reach.address_id)
                text = wired.phrases.say("alert_code", me.language or language(), code=asked.code)
                said = alerts.carry(session, now, address, text=text, subject="", language=me.language)
                said.body = text.replace(asked.code, "••••-••••")
                session.add(said)
    except ReachFault as fault:
        return _page({_FIELDS.get(fault.key, "number"): str(FAULTS[fault.key])}), 422
    if asked.link:
        return _page(link=asked.link)
    flash(gettext("A code is on its way. Type it below within half an hour."))
    return redirect(url_for("reaching.show"), 303)


@blueprint.post("/account/ways/confirm")
@allow(Need.STAFF)
def confirm() -> Outcome:
    """Calling this will prove a way by the code that was sent there (422: wrong or too old)."""
    wired = runtime()
    with wired.writing() as session:
        done = reaching.confirm(
            session,
            wired,
            wired.now(),
            _me(session),
            request.form.get("way", ""),
            clean(request.form.get("code", ""), CODE_LENGTH),
        )
    if not done:
        message = gettext("That did not prove it: the code is wrong or too old, or the link was not opened yet.")
        return _page({"code": message}), 422
    flash(gettext("It is proven. You are told by this way from now on."))
    return redirect(url_for("reaching.show"), 303)


@blueprint.post("/account/ways/test")
@allow(Need.STAFF)
def test() -> BaseResponse:
    """Calling this will send oneself a test message by the way one is told now."""
    wired, now, who = runtime(), runtime().now(), viewer()
    with wired.writing() as session:
        key = f"test:{now.replace(second=0, microsecond=0).isoformat()}"
        made = alerts.tell(
            session, wired, now, staff_ids=[who.staff_id], kind="test", ticket=None, key=key, at_once=True
        )
    if not made:
        flash(gettext("A test was sent just now. Wait a minute before the next one."))
    elif made[0].message_id is None:
        flash(gettext("There is no way by which a message can reach you now: the test stands among your alerts only."))
    else:
        flash(gettext("A test message is on its way. Its delivery is shown among your alerts."))
    return redirect(url_for("alerts.show"), 303)


@blueprint.post("/staff/<int(max=2147483647):staff_id>/position")
@allow(Need.ADMIN)
def position(staff_id: int) -> BaseResponse:
    """Calling this will put somebody on a rung of the ladder of escalation (400 for one that does not exist)."""
    wired = runtime()
    try:
        with wired.writing() as session:
            row = _account(session, staff_id)
            accounts.set_position(
                session, wired.now(), row, request.form.get("position") or row.position, by=viewer().staff_id
            )
    except StaffFault:
        abort(400)
    flash(gettext("The position is saved."))
    return redirect(url_for("people.show"), 303)


@blueprint.post("/staff/<int(max=2147483647):staff_id>/ways")
@allow(Need.ADMIN)
def forget(staff_id: int) -> BaseResponse:
    """Calling this will take away every way by which somebody is told: a lost phone, a number that changed hands."""
    wired = runtime()
    with wired.writing() as session:
        reaching.forget(session, wired.now(), _account(session, staff_id), by=viewer().staff_id)
    flash(gettext("Their ways are taken away: they are told in the application until they prove one again."))
    return redirect(url_for("people.show"), 303)


def _me(session: Session) -> Staff:
    return session.get_one(Staff, viewer().staff_id, with_for_update=True)


def _account(session: Session, staff_id: int) -> Staff:
    row = session.get(Staff, staff_id)
    if row is None:
        abort(404)
    return row
