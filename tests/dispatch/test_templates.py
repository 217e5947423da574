"""The stored list of approved texts: replaced as a whole, and asked before anything is sent."""

from __future__ import annotations

import pytest

from channels.templates import Template
from dispatch.runtime import Runtime
from dispatch.services import templates
from tests.support.clock import Clock

REOPEN = Template("HX1", "balas_ya", "id", "approved", "utility", ("Laporan {{1}} dari {{2}}",))
PENDING = Template("HX2", "kabar", "id", "pending", "utility", ("Kabar untuk {{name}}",))
#: One name in two languages, as some providers have it.
DUTCH = Template("kabar", "kabar", "nl", "rejected", "utility", ("{{1}}",))
ENGLISH = Template("kabar", "kabar", "en", "approved", "utility", ("{{1}} {{2}}",))


def sync(runtime: Runtime, *found: Template, provider: str = "whatsapp") -> int:
    with runtime.writing() as session:
        return templates.sync(session, runtime.now(), provider, found)


def faults(runtime: Runtime, key: str, *values: str, provider: str = "whatsapp") -> list[str]:
    with runtime.reading() as session:
        return templates.faults(session, provider, key, values)


def stored(runtime: Runtime, provider: str = "whatsapp", key: str = "") -> list[Template]:
    with runtime.reading() as session:
        return templates.stored(session, provider, key)


def test_a_list_replaces_the_one_before_and_no_other_providers(runtime: Runtime) -> None:
    sync(runtime, DUTCH, provider="whatsapp-cloud")
    assert sync(runtime, REOPEN, PENDING) == 2
    assert stored(runtime) == [REOPEN, PENDING]
    assert sync(runtime, PENDING) == 1
    assert stored(runtime) == [PENDING]
    assert sync(runtime) == 0
    assert stored(runtime) == []
    assert stored(runtime, "whatsapp-cloud") == [DUTCH]


def test_a_text_listed_twice_is_kept_once(runtime: Runtime) -> None:
    twice = Template("HX1", "balas_ya", "id", "paused")
    assert sync(runtime, REOPEN, twice) == 1
    assert stored(runtime) == [twice]


#: Key and values → words of the one sentence that refuses them; none: they can be sent.
ASKED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "as it should be": ("HX1", ("AB12", "Dinas Perhubungan"), ""),
    "one word": ("HX1", ("AB12", "Dishub"), ""),
    "emoji alone": ("HX1", ("AB12", "🙏"), ""),
    "a value is empty": ("HX1", ("AB12", ""), "the value 2 of the template balas_ya is empty"),
    "too few": ("HX1", ("AB12",), "takes 2 values, 1 are given"),
    "not approved": ("HX2", ("Budi",), "kabar is pending, not approved"),
    "unknown": ("HX9", (), "the template HX9 is not in the list of whatsapp (last listed 2026-11-04 02:00 UTC)"),
    "one of two languages will do": ("kabar", ("a", "b"), ""),
    "none of two languages will do": ("kabar", ("a", "b", "c"), "takes 2 values, 3 are given"),
}


@pytest.mark.parametrize(("key", "values", "told"), ASKED.values(), ids=ASKED)
def test_what_can_be_sent_is_known_before_it_is_tried(
    runtime: Runtime, key: str, values: tuple[str, ...], told: str
) -> None:
    sync(runtime, REOPEN, PENDING, DUTCH, ENGLISH)
    found = faults(runtime, key, *values)
    assert len(found) == bool(told)
    assert all(told in fault for fault in found)


def test_an_unknown_text_says_what_to_run_and_how_old_the_list_is(runtime: Runtime, clock: Clock) -> None:
    assert faults(runtime, "HX1") == [
        "the template HX1 is not in the list of whatsapp (never listed, or empty): run aduan channels templates"
    ]
    sync(runtime, PENDING)
    clock.forward(days=40)
    [fault] = faults(runtime, "HX1")
    assert "last listed 2026-11-04 02:00 UTC" in fault
    assert faults(runtime, "HX2", "x", provider="whatsapp-cloud") != []
