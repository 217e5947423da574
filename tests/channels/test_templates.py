"""Approved texts: which values they take, and which values are refused before anything is sent."""

from __future__ import annotations

import pytest

from channels.templates import VALUE_LENGTH, Template


def template(*parts: str, status: str = "approved") -> Template:
    return Template("HX", "balas_ya", "id", status, parts=parts)


#: The parts of a text → the values it takes, in their order.
HOLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "none": (("Halo",), ()),
    "no parts": ((), ()),
    "positional": (("{{1}} dan {{2}}",), ("1", "2")),
    "positional out of order": (("{{2}} dari {{1}}",), ("1", "2")),
    "ten and more": (("".join(f"{{{{{n}}}}}" for n in range(11, 0, -1)),), tuple(str(n) for n in range(1, 12))),
    "named": (("Laporan {{number}} dari {{agency}}",), ("number", "agency")),
    "named and positional": (("{{b}} {{1}}",), ("b", "1")),
    "header and body": (("Laporan {{1}}", "Dari {{2}} dan {{1}}"), ("1", "2")),
    "header named as the body": (("{{number}}", "Dari {{agency}}"), ("number", "agency")),
    "button": (("Lihat", "https://lapor.example.go.id/lacak/{{1}}"), ("1",)),
    "with blanks inside": (("{{ 1 }}",), ("1",)),
    "braces that are no hole": (("{1} {{}} {{a b}}",), ()),
}


@pytest.mark.parametrize(("parts", "holes"), HOLES.values(), ids=HOLES)
def test_holes(parts: tuple[str, ...], holes: tuple[str, ...]) -> None:
    assert template(*parts).holes == holes


#: One value → a word of the sentence that refuses it; none: it is sent.
VALUES: dict[str, tuple[str, str]] = {
    "one word": ("Suharto", ""),
    "two words": ("Budi Contoh", ""),
    "emoji alone": ("🙏", ""),
    "joined emoji": ("👨\u200d👩\u200d👧", ""),
    "markup": ("{{2}} <b>", ""),
    "four blanks": ("a    b", ""),
    "longest": ("a" * VALUE_LENGTH, ""),
    "empty": ("", "is empty"),
    "blanks": ("   ", "is empty"),
    "a joiner nobody sees": ("\u200b\u200d", "is empty"),
    "a variation mark alone": ("\ufe0f", "is empty"),
    "five blanks": ("a     b", "line breaks"),
    "line break": ("a\nb", "line breaks"),
    "tab": ("a\tb", "line breaks"),
    "too long": ("a" * (VALUE_LENGTH + 1), "too long"),
}


@pytest.mark.parametrize(("value", "told"), VALUES.values(), ids=VALUES)
def test_a_value_is_sent_or_refused_with_its_reason(value: str, told: str) -> None:
    faults = template("Laporan {{1}}").faults([value])
    assert bool(faults) is bool(told)
    assert all(told in fault and "the value 1" in fault for fault in faults)


@pytest.mark.parametrize(
    ("values", "told"),
    [((), "takes 2 values, 0"), (("a",), "takes 2 values, 1"), (("a", "b", "c"), "takes 2 values, 3")],
    ids=["none", "too few", "too many"],
)
def test_another_number_of_values_is_refused(values: tuple[str, ...], told: str) -> None:
    [fault] = template("{{number}} {{agency}}").faults(values)
    assert told in fault


@pytest.mark.parametrize("status", ["pending", "rejected", "paused", "disabled", "unsubmitted", ""])
def test_what_is_not_approved_is_refused(status: str) -> None:
    [fault] = template("Halo", status=status).faults(())
    assert (status or "unknown") in fault
    assert template("Halo", status=status).value_faults(()) == []


def test_a_value_in_an_address_has_no_blanks() -> None:
    button = template("Laporan {{2}}", "https://lapor.example.go.id/lacak/{{1}}")
    assert button.faults(["AB12", "dinas pekerjaan umum"]) == []
    [fault] = button.faults(["AB 12", "dinas pekerjaan umum"])
    assert "stands in an address" in fault
