"""What to do with a citizen's message: a table of rules over plain facts, no database, no clock of its own.

There are no menus. The first free text is the complaint; what follows shortly belongs to it; commands are few words
that stand alone. The first rule that fits decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.settled import Answer
from bot.words import AGREEMENT, REMAINING, YES, Command, Heard, passes_on, unhelped
from channels.message import UNPROVEN, InboundMessage
from classifier.reading import Kind

#: An officer's answer expects a reply for this long; afterwards a new text is a new matter unless it quotes the answer.
ANSWER_EXPECTS_REPLY = timedelta(days=7)
#: A few words without a matter of their own belong to the last open ticket for this long.
AFTERTHOUGHT = timedelta(days=14)
AFTERTHOUGHT_WORDS = 4
#: Within the short window only a whole sentence that is surely about something else is a matter of its own.
NEW_MATTER_WORDS = 6
#: Channels where each message is a letter of its own: nothing joins a ticket there merely by being close in time.
LETTERS = frozenset({"mail"})
NEW_THREAD = "new"
#: Channels where the sender's name is only claimed: an SMS can be sent under any number.
CLAIMED = frozenset({"sms"})
#: An answer of the service directory can be passed on to staff for this long.
OFFER_HOLDS = timedelta(days=3)
#: What the classifier takes for a greeting or thanks is one only if it is as sure as this, short, and holds no matter.
COURTESY_FROM = 0.9
COURTESY_WORDS = 10
#: How channels note that a message holds only what we cannot read; the provider's word for it follows.
UNSUPPORTED = "unsupported:"


class Action(StrEnum):
    """What becomes of a message."""

    KEEP = "keep"  # stored, silently
    STATUS = "status"
    WITHHOLD = "withhold"  # a status is asked for, and nothing of a ticket may be told
    HELP = "help"
    STOP = "stop"
    START = "start"
    LINK = "link"
    LINK_ELSEWHERE = "link_elsewhere"
    CONFIRM = "confirm"
    ASK_STOP = "ask_stop"
    GREET = "greet"
    THANK = "thank"
    ASK_TEXT = "ask_text"
    UNREADABLE = "unreadable"  # told that we cannot read it
    CHOOSE = "choose"  # the answer to our question which matter it is
    SETTLE = "settle"  # the answer to our question whether the trouble is settled, or the rating after it
    ANSWER = "answer"  # from the service directory, without a ticket
    ON_TO_STAFF = "on_to_staff"  # what was answered so goes to staff after all
    CONSENT = "consent"  # the answer to whether we may send it to the body outside
    JOIN = "join"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """Calling this will hold what the rules need to know of a ticket of this citizen."""

    id: int
    category: str | None
    area: str | None
    last_citizen_at: datetime
    last_staff_at: datetime | None
    place_asked_at: datetime | None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Calling this will hold everything the rules look at for one message.

    ``now`` is when the message was received. ``threaded`` is the ticket a message belongs to by proof (it quotes a
    message of ours, or came to a signed reply address); ``latest`` the citizen's last open ticket on this address, or
    one referred elsewhere that they were writing on just now. ``area`` was recognised in the text or the pin;
    ``sure_category`` is the classifier's, None unless it leaves next to no doubt. ``prompted_at`` is when we last asked
    for the matter, by a greeting or because a photo came alone. ``stopped``: the citizen wants no messages.
    ``wishes_link``: they ask to link another address of theirs; ``types_code``: they answer the code we sent there.
    ``answers_us``: they quote a message that we sent to this very address, so they read what is sent there.
    ``held``: we asked them to write so that something held for them may go.

    ``has_matter``: the classifier is sure of a category, or finds danger, or what a person must look at first; ``kind``
    is what it takes the text for, ``kind_score`` how surely (0 to 1). ``asked`` is the ticket on which we asked which
    matter it is, ``choice`` the answer to that: a category, "" for none of those, None for no answer to it. ``service``
    is the entry of the service directory that answers the text, "" for none or where it may not be answered so;
    ``offered_at`` is when an answer from there was last given, ``offer_asks``: nothing was asked since. ``consents``:
    it answers whether to send that outside. ``ending`` is the ticket whose end we asked about last, ``ending_answer``
    the answer; ``ended`` the last one whose end was news within a week.
    """

    message: InboundMessage
    heard: Heard
    now: datetime
    threaded: OpenTicket | None
    latest: OpenTicket | None
    prompted_at: datetime | None
    stopped: bool
    area: str | None
    sure_category: str | None
    join_window: timedelta
    greeting_window: timedelta
    wishes_link: bool = False
    types_code: bool = False
    answers_us: bool = False
    held: bool = False
    has_matter: bool = False
    kind: Kind | None = None
    kind_score: float = 0.0
    asked: OpenTicket | None = None
    choice: str | None = None
    service: str = ""
    offered_at: datetime | None = None
    offer_asks: bool = True
    consents: OpenTicket | None = None
    ending: OpenTicket | None = None
    ending_answer: Answer | None = None
    ended: OpenTicket | None = None

    @property
    def courtesy(self) -> Kind | None:
        """Calling this will say whether the classifier alone takes this for thanks or a greeting that holds nothing
        else; it never does where something is asked, named, shown or left to do."""
        message, words = self.message, self.heard.words
        only = not (message.attachments or message.location or self.has_matter or self.sure_category or self.area)
        short = 0 < len(words) <= COURTESY_WORDS and not REMAINING.intersection(words) and "?" not in message.text
        return self.kind if only and short and self.kind_score >= COURTESY_FROM else None

    @property
    def offer_is_last(self) -> bool:
        """Calling this will say whether the service directory answered lately, and no ticket was written on since."""
        if self.offered_at is None or self.now - self.offered_at > OFFER_HOLDS:
            return False
        return self.latest is None or self.latest.last_citizen_at <= self.offered_at

    @property
    def has_text(self) -> bool:
        """Calling this will say whether the citizen wrote any word."""
        return bool(self.heard.words)

    @property
    def prompted(self) -> bool:
        """Calling this will say whether we asked for the matter a short while ago: once is enough."""
        return self.prompted_at is not None and self.now - self.prompted_at <= self.greeting_window

    @property
    def in_burst(self) -> bool:
        """Calling this will say whether the citizen was writing on their open ticket just now."""
        return self.latest is not None and self.now - self.latest.last_citizen_at <= self.join_window


@dataclass(frozen=True, slots=True)
class Decision:
    """Calling this will hold what to do, the ticket it concerns, and the name of the rule that decided."""

    action: Action
    ticket: OpenTicket | None
    rule: str


Rule = Callable[[Facts], tuple[Action, OpenTicket | None] | None]


def decide(facts: Facts) -> Decision:
    """Calling this will apply the first rule that fits; every message gets a decision."""
    for name, rule in RULES:
        found = rule(facts)
        if found is not None:
            return Decision(found[0], found[1], name)
    raise AssertionError("the last rule fits everything")


def _desk(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    return (Action.OPEN, None) if f.message.intake is not None else None


def _machine(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    return (Action.KEEP, f.threaded) if f.message.automatic else None


def _edit(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    return (Action.KEEP, f.threaded or f.latest) if f.message.revises else None


def _unproven(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    if UNPROVEN not in f.message.notes:
        return None
    if f.heard.command is Command.STATUS:
        return (Action.STATUS if f.threaded else Action.WITHHOLD), f.threaded
    if f.heard.command is Command.STOP and not f.answers_us:
        return Action.ASK_STOP, None
    return None


def _command(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    actions = {
        Command.STATUS: Action.STATUS,
        Command.HELP: Action.HELP,
        Command.STOP: Action.STOP,
        Command.START: Action.START,
    }
    return (actions[f.heard.command], None) if f.heard.command else None


def _link(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    # The code proves the other address only: who asks must be proven by the channel itself. A From header and the
    # number an SMS claims to come from are anybody's to write.
    claimed = f.message.channel in CLAIMED or (UNPROVEN in f.message.notes and not f.answers_us)
    if claimed and (f.wishes_link or f.types_code):
        return Action.LINK_ELSEWHERE, None
    if f.wishes_link:
        return Action.LINK, None
    return (Action.CONFIRM, None) if f.types_code else None


def _agreed(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    if not f.held or f.message.attachments or len(f.heard.words) != 1 or f.heard.words[0] not in AGREEMENT:
        return None
    return Action.KEEP, f.threaded or f.latest


def _resume(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    return (Action.START, None) if f.stopped and f.heard.greeting else None


def _declared_new(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    return (Action.OPEN, None) if f.message.thread == NEW_THREAD and f.has_text else None


def _settled(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    given, ticket = f.ending_answer, f.ending
    if ticket is None or given is None or f.message.attachments or _only_claimed(f):
        return None
    letter = f.message.channel in LETTERS and f.threaded is None
    # "2 lampu mati di depan pasar" counts lamps and rates nothing.
    other = not given.bare and (_other_matter(f, ticket) if given.rating is None else f.has_matter or bool(f.area))
    return None if letter or other else (Action.SETTLE, ticket)


def _only_claimed(f: Facts) -> bool:
    return UNPROVEN in f.message.notes and not f.answers_us


def _choice(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    if f.asked is None or f.choice is None or f.message.attachments:
        return None
    # A letter answers only what it is a reply to, and nobody chooses in the name of an address they only claim.
    letter = f.message.channel in LETTERS and f.threaded is None
    elsewhere = f.threaded is not None and f.threaded.id != f.asked.id
    return None if letter or _only_claimed(f) or elsewhere else (Action.CHOOSE, f.asked)


def _passed_on(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    if f.offered_at is None or f.now - f.offered_at > OFFER_HOLDS or f.message.attachments or f.threaded:
        return None
    agreed = f.offer_is_last and f.offer_asks and len(f.heard.words) == 1 and f.heard.words[0] in YES
    return (Action.ON_TO_STAFF, None) if agreed or passes_on(f.heard.words) else None


def _unhelped(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    if not f.offer_is_last or f.offered_at is None or f.service or f.threaded or not f.has_text:
        return None
    follows = f.now - f.offered_at <= f.join_window and f.sure_category is None and not f.has_matter
    return (Action.ON_TO_STAFF, None) if follows or unhelped(f.heard.words) else None


def _information(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    return (Action.ANSWER, None) if f.service and not f.threaded and not f.in_burst else None


def _thanks(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    if not (f.heard.thanks or f.courtesy is Kind.THANKS) or f.message.attachments:
        return None
    return Action.THANK, f.threaded or f.latest or f.ended


def _threaded(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    return (Action.JOIN, f.threaded) if f.threaded else None


def _unreadable(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    message = f.message
    if f.has_text or message.attachments or message.location:
        return None
    unread = any(note.startswith(UNSUPPORTED) for note in message.notes)
    return (Action.UNREADABLE, f.threaded or f.latest) if unread else None


def _wordless(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    if f.has_text:
        return None
    if f.latest or f.ended:
        return Action.JOIN, f.latest or f.ended
    return (Action.KEEP if f.prompted else Action.ASK_TEXT), None


def _greeting(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    # In a conversation that goes on, few words are more likely an answer than a greeting our list does not know.
    learnt = f.courtesy is Kind.GREETING and f.latest is None
    if not (f.heard.greeting or learnt) or f.message.attachments:
        return None
    if f.in_burst:
        return Action.KEEP, f.latest
    return (Action.KEEP if f.prompted else Action.GREET), None


def _letter(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    return (Action.OPEN, None) if f.message.channel in LETTERS else None


def _burst(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    latest = f.latest
    if latest is None or not f.in_burst:
        return None
    whole = len(f.heard.words) >= NEW_MATTER_WORDS and latest.category is not None
    return None if whole and _other_matter(f, latest) else (Action.JOIN, latest)


def _place_answer(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    latest = f.latest
    if latest is None or latest.place_asked_at is None or latest.area is not None or _other_matter(f, latest):
        return None
    short = len(f.heard.words) <= 2 * AFTERTHOUGHT_WORDS
    recent = f.now - latest.place_asked_at <= AFTERTHOUGHT
    return (Action.JOIN, latest) if short and recent and (f.area or f.sure_category is None) else None


def _reply_to_end(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    ended, latest = f.ended, f.latest
    if ended is None or ended.ended_at is None or _other_matter(f, ended):
        return None
    newer = latest is not None and max(latest.last_citizen_at, latest.last_staff_at or latest.last_citizen_at)
    return None if newer and newer > ended.ended_at else (Action.JOIN, ended)


def _reply_to_answer(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    latest = f.latest
    if latest is None or latest.last_staff_at is None or latest.last_staff_at < latest.last_citizen_at:
        return None
    recent = f.now - latest.last_staff_at <= ANSWER_EXPECTS_REPLY
    return (Action.JOIN, latest) if recent and not _other_matter(f, latest) else None


def _other_matter(f: Facts, ticket: OpenTicket) -> bool:
    return f.sure_category is not None and f.sure_category != ticket.category


def _afterthought(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    latest = f.latest
    if latest is None or len(f.heard.words) > AFTERTHOUGHT_WORDS or f.sure_category is not None:
        return None
    return (Action.JOIN, latest) if f.now - latest.last_citizen_at <= AFTERTHOUGHT else None


def _new_matter(f: Facts) -> tuple[Action, OpenTicket | None] | None:
    return Action.OPEN, None


#: Looked at from top to bottom. Each line is one sentence of how the bot behaves.
RULES: tuple[tuple[str, Rule], ...] = (
    ("what staff wrote down for a citizen opens a ticket", _desk),
    ("mail written by a machine is kept and never answered", _machine),
    ("an edit is kept with the ticket it belongs to, never a new one", _edit),
    ("who cannot prove to be the sender hears only of the ticket whose letter they answer", _unproven),
    ("a command that stands alone is obeyed", _command),
    ("another address of the same person is linked by a code sent there", _link),
    ("the bare yes we asked for lets what is held go, and is answered by that", _agreed),
    ("a greeting after a stop means that we may write again", _resume),
    ("a form sent as new opens a ticket", _declared_new),
    (
        "the answer whether to send it outside is taken",
        lambda f: (Action.CONSENT, f.consents) if f.consents else None,
    ),
    ("the answer to our newest question, whether it is settled or how satisfied one is, is taken", _settled),
    ("the answer to our question which matter it is gives the ticket to its agency", _choice),
    ("a question answered from the service directory goes to staff when its writer wants it", _passed_on),
    ("thanks open nothing and reopen nothing", _thanks),
    ("a poll, a game or what else we cannot read is kept, and its sender is asked for words", _unreadable),
    ("what quotes us belongs to that ticket, and reopens it", _threaded),
    ("a photo or a pin alone joins the open ticket; without one we ask for words, once", _wordless),
    ("a greeting alone is greeted once", _greeting),
    ("each mail that answers nothing of ours is a matter of its own", _letter),
    ("what such an answer did not settle goes to staff with its question", _unhelped),
    ("what follows within a short window joins the ticket, unless it is surely a whole other matter", _burst),
    ("the answer to our question about the place joins the ticket", _place_answer),
    ("what follows the news of a report's end opens it again, unless it is surely about something else", _reply_to_end),
    ("what follows an officer's answer joins the ticket, unless it is surely about something else", _reply_to_answer),
    ("a question that the service directory answers is answered at once", _information),
    ("a few words without a matter of their own join the last open ticket", _afterthought),
    ("any other text is a complaint", _new_matter),
)
