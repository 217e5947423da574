"""What citizens read: the region's sentences, filled in and dated, never composed in code.

The sentences lie in ``phrases.yaml`` of the region pack; ``REQUIRED`` says which ones the code uses and with what.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from string import Formatter

from babel.dates import format_datetime

from channels.registry import channel_class
from dispatch.region import Region

LANGUAGES = ("id", "en")
#: Language → pattern of the time of day; dates are written in one order in both.
_TIME = {"id": "HH.mm", "en": "HH:mm"}
_DATE = "EEEE, d MMMM y"
#: Without a year: SMS filters drop what holds four digits in a row.
_DAY = "d MMM"
#: Channels where a text costs by its length and links are dropped: the short sentence, the short name, the short date.
TERSE = frozenset({"sms"})


def _keys(*rows: str) -> dict[str, frozenset[str]]:
    """Rows "key placeholder placeholder …" as a table."""
    return {key: frozenset(names) for key, *names in (row.split() for row in rows)}


#: Phrase key → the values the code gives it: all of them, every time. A text may leave one out, never use another.
REQUIRED: dict[str, frozenset[str]] = _keys(
    "moment date time zone",
    # what the bot says
    "receipt number agency due check",
    "receipt_place number agency due check",
    "receipt_unsure number due check",
    "receipt_external number agency contact",
    "receipt_emergency emergency",
    "emergency_fire emergency",
    "emergency_flood emergency",
    "emergency_drowning emergency",
    "emergency_accident emergency",
    "emergency_violence emergency",
    "emergency_medical emergency",
    "emergency_electric emergency",
    "emergency_collapse emergency",
    "emergency_missing emergency",
    "emergency_animal emergency",
    "emergency_poison emergency",
    "emergency_self_harm emergency",
    "receipt_sms number agency due",
    "receipt_place_sms number agency due",
    "receipt_unsure_sms number due",
    "receipt_external_sms number agency contact",
    "privacy link",
    "privacy_short",
    "check_web link",
    "check_text number",
    "added number",
    "place_thanks number place agency due",
    "place_thanks_sms number place agency due",
    "place_unknown number",
    "place_choice number places",
    "place_question number choices",
    "place_question_sms number choices",
    "place_other number",
    "choice_question choices",
    "choice_question_sms number choices",
    "choice_none",
    "choice_none_sms",
    "choice_declined number due",
    "choice_late number agency",
    "offer_pass_on",
    "offer_pass_on_sms",
    "answer_meanwhile",
    "greeting name",
    "citizen",
    "help channels",
    "help_link",
    "channel_mail",
    "channel_web",
    "contact_office agency",
    "status number status agency due",
    "status_with_answer number status agency at answer",
    "status_unknown",
    "status_unknown_sms",
    "link_code code",
    "link_sent",
    "link_impossible",
    "link_wrong",
    "link_usage",
    "status_withheld link",
    "link_elsewhere",
    "stop_confirm",
    "linked",
    "stopped",
    "started",
    "too_long limit",
    "file_too_large limit",
    "only_photo",
    "thanks",
    "unreadable",
    "group_refused",
    "place_button",
    # what the service directory answers
    "service_where",
    "service_needs",
    "service_cost",
    "service_how",
    "service_hours",
    "service_time",
    "service_phone",
    "service_link",
    "service_confirm",
    # what accompanies the staff's work
    "answer_prefix number agency",
    "handed_over number agency due",
    "closed number",
    # what is told and asked when a ticket moves on and ends
    "taken_up number agency",
    "resolved number agency",
    "settled_question number",
    "refused number reason",
    "not_ours number reason",
    "cannot_yet number reason until",
    "reopened number agency",
    "news number",
    "joined number",
    "split_off number due",
    "settled_yes number",
    "settled_no number agency",
    "rated number",
    "proof_link link",
    "outcome_solved",
    "outcome_answered",
    "outcome_refused",
    "outcome_not_ours",
    "outcome_merged",
    "outcome_cannot_yet",
    "web_outcome_label",
    "web_settled_yes",
    "web_settled_no",
    "web_proof_label",
    "mail_subject number subject",
    # hidden, secret, and sent on with consent
    "privacy_anonymous",
    "privacy_secret",
    "consent_question agency",
    "consent_question_nameless agency",
    "consent_given number agency",
    "consent_refused number",
    "consent_over number",
    "consent_subject number",
    "consent_letter agency region number opened place text files contact",
    "consent_nobody",
    "web_privacy_label",
    "web_privacy_named",
    "web_privacy_anonymous",
    "web_privacy_secret",
    # what staff are told by a channel
    "alert_subject",
    "alert_due number step due",
    "alert_late number step due",
    "alert_step_accept",
    "alert_step_verify",
    "alert_step_first_response",
    "alert_step_resolution",
    "alert_danger number",
    "alert_reopened number",
    "alert_bounced number",
    "alert_parts_done number",
    "alert_not_accepted number",
    "alert_joined number",
    "alert_pause_over number",
    "alert_unsettled number",
    "alert_sent_back number",
    "alert_other number",
    "alert_instead",
    "alert_unread",
    "alert_digest count",
    "alert_digest_late count",
    "alert_digest_today count",
    "alert_digest_accept count",
    "alert_test",
    "alert_code code",
    # the names of the statuses
    "status_new",
    "status_assigned",
    "status_in_progress",
    "status_waiting",
    "status_answered",
    "status_resolved",
    "status_closed",
    "status_rejected",
    "status_forwarded",
    # the public pages
    "web_title",
    "web_intro",
    "web_form_heading",
    "web_form_text_label",
    "web_form_place_label",
    "web_report_short",
    "web_menu",
    "web_form_contact_hint",
    "web_photo_label",
    "web_photo_hint count limit",
    "web_name_label",
    "web_sending",
    "web_submit",
    "web_chat_heading",
    "web_chat_intro",
    "web_chat_device",
    "web_chat_here",
    "web_reload",
    "web_processing",
    "web_attachments count",
    "web_automatic",
    "web_chat_input_label",
    "web_chat_send",
    "web_track_heading",
    "web_track_label",
    "web_track_submit",
    "web_track_unknown",
    "web_other_channels",
    "web_privacy_heading",
    "web_privacy_body contact",
    "web_empty_error",
    "web_too_large_error limit",
    "web_photo_kind_error",
    "web_photo_count_error limit",
    "web_photo_again",
    "web_photo_gone",
    "web_photo_waiting",
    "web_photo_done",
    "web_remove",
    "web_position_use",
    "web_position_busy",
    "web_position_line position",
    "web_position_denied",
    "web_position_failed",
    "web_position_error",
    "web_unsent_heading",
    "web_unsent",
    "web_unsent_busy",
    "web_unsent_send",
    "web_unsent_sure",
    "web_unsent_sent",
    "web_unsent_error",
    "web_draft_restored",
    "web_not_found",
    "web_bad_request",
    "web_wrong_method",
    "web_error_title",
    "web_server_error",
    "web_back",
    "web_you",
    "web_us",
    "web_skip",
    "web_status_label",
    "web_agency_label",
    "web_track_agencies count",
    "web_due_label",
    "web_opened_label",
    "web_answered_label",
    "web_resolved_label",
    "web_other_language",
    "web_expired",
    "web_rate_limited",
    "web_services_heading",
    "web_services_short",
    "web_services_intro",
    "web_services_label",
    "web_services_submit",
    "web_services_found",
    "web_services_none",
    "web_services_other",
    "web_services_ask",
    "web_services_rule rule",
    "web_services_checked date",
)


class Phrases:
    """Calling this will hold a region's sentences ready to be filled in.

    Raises ValueError, naming the key, for a text that cannot be read or uses a value the code never gives.
    """

    def __init__(self, region: Region) -> None:
        self.region = region
        self._texts = {
            key: {language: _Text(key, text) for language, text in texts.items()}
            for key, texts in region.phrases.items()
        }

    def say(self, key: str, language: str, **values: str | int) -> str:
        """Calling this will give the sentence ``key`` with its values, in Indonesian unless ``language`` is "en".

        Values are put in as they are: braces in a citizen's words mean nothing here. Raises KeyError for an unknown key
        or a missing value, ValueError for a value too many, each naming the key; whether or not the region's text uses
        the value, so that changing a text never uncovers a fault in the code.
        """
        try:
            texts = self._texts[key]
        except KeyError:
            raise KeyError(f"phrase {key}: the region has none") from None
        wanted = REQUIRED[key] if key in REQUIRED else frozenset().union(*(text.names for text in texts.values()))
        if missing := wanted - values.keys():
            raise KeyError(f"phrase {key}: no value for {', '.join(sorted(missing))}")
        if superfluous := values.keys() - wanted:
            raise ValueError(f"phrase {key}: takes no {', '.join(sorted(superfluous))}")
        return texts.get(_language(language), texts["id"]).fill(values)

    def channel(self, kind: str, language: str) -> str:
        """Calling this will name a channel: in the region's words where it has any, else by its own title."""
        key = f"channel_{kind}"
        return self.say(key, language) if key in self._texts else channel_class(kind).title

    def date(self, instant: datetime, language: str) -> str:
        """Calling this will write the region's local date of an aware instant: "Jumat, 4 Desember 2026".

        Midnight belongs to the day it ends: an agency that never closes is due on the evening before, not on the
        morning after. Raises ValueError for a naive instant.
        """
        return self._format(instant - timedelta(seconds=1) if self._midnight(instant) else instant, _DATE, language)

    def day(self, instant: datetime, language: str) -> str:
        """Calling this will write the region's local date as briefly as it is said: "4 Des". Midnight belongs to the
        day it ends. Raises ValueError for a naive instant."""
        return self._format(instant - timedelta(seconds=1) if self._midnight(instant) else instant, _DAY, language)

    def moment(self, instant: datetime, language: str) -> str:
        """Calling this will write the local date, time and zone: "Jumat, 4 Desember 2026 pukul 16.00 WITA".

        Midnight is written as the 24th hour of the day it ends. Raises ValueError for a naive instant.
        """
        clock = self._format(instant, _TIME[_language(language)], language)
        return self.say(
            "moment",
            language,
            date=self.date(instant, language),
            time=clock.replace("00", "24", 1) if self._midnight(instant) else clock,
            zone=self.region.zone_label,
        )

    def _midnight(self, instant: datetime) -> bool:
        return self.region.local(instant).time() == time.min

    def _format(self, instant: datetime, pattern: str, language: str) -> str:
        if instant.utcoffset() is None:
            raise ValueError("an instant must be aware: a naive one means another moment on every machine")
        return format_datetime(self.region.local(instant), pattern, locale=_language(language))


class _Text:
    """One text, cut at its placeholders: literal, name, literal, name, …, literal."""

    def __init__(self, key: str, text: str) -> None:
        self._parts: list[tuple[str, str]] = []
        try:
            pieces = list(Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"phrase {key}: {error}") from None
        for literal, name, spec, conversion in pieces:
            if name is not None and (not name.isidentifier() or spec or conversion):
                raise ValueError(f"phrase {key}: a placeholder is a plain name in braces, not {name!r}")
            self._parts.append((literal, name or ""))
        self.names = frozenset(name for _, name in self._parts if name)
        if unknown := self.names - REQUIRED.get(key, self.names):
            raise ValueError(f"phrase {key}: nothing is ever put in for {', '.join(sorted(unknown))}")

    def fill(self, values: Mapping[str, str | int]) -> str:
        return "".join(literal + (str(values[name]) if name else "") for literal, name in self._parts)


def _language(language: str) -> str:
    return language if language in LANGUAGES else "id"
