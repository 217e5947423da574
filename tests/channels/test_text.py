"""Counting, rewriting and cutting texts. The vectors are GSM 03.38's own limits: 160/153 and 70/67."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.text import Segments, clean, gsm7, segments, sms_parts, sms_text, split, transliterate, within

FUZZ = settings(deadline=None, database=None, max_examples=300)
#: The 127 characters of the default table beside ESC, in its order.
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Segments("gsm-7", 0, 0), id="empty"),
        pytest.param("a", Segments("gsm-7", 1, 1), id="one"),
        pytest.param("a" * 160, Segments("gsm-7", 1, 160), id="one full"),
        pytest.param("a" * 161, Segments("gsm-7", 2, 161), id="one over"),
        pytest.param("a" * 306, Segments("gsm-7", 2, 306), id="two full"),
        pytest.param("a" * 307, Segments("gsm-7", 3, 307), id="two and one"),
        pytest.param("a" * 459, Segments("gsm-7", 3, 459), id="three full"),
        pytest.param("a" * 158 + "€", Segments("gsm-7", 1, 160), id="euro fits"),
        pytest.param("a" * 159 + "€", Segments("gsm-7", 2, 161), id="euro does not fit"),
        pytest.param("a" * 152 + "€" + "a" * 152, Segments("gsm-7", 3, 306), id="euro is not cut in two"),
        pytest.param("^{}\\[~]|€\f", Segments("gsm-7", 1, 20), id="extension"),
        pytest.param(ALPHABET, Segments("gsm-7", 1, 127), id="whole alphabet"),
        pytest.param("`", Segments("ucs-2", 1, 1), id="backtick is not in it"),
        pytest.param("\t", Segments("ucs-2", 1, 1), id="tab is not in it"),
        pytest.param("a" * 69 + "’", Segments("ucs-2", 1, 70), id="ucs-2 full"),
        pytest.param("a" * 70 + "’", Segments("ucs-2", 2, 71), id="ucs-2 over"),
        pytest.param("😀" * 35, Segments("ucs-2", 1, 70), id="35 emoji"),
        pytest.param("😀" * 36, Segments("ucs-2", 2, 72), id="36 emoji"),
        pytest.param("😀" * 66, Segments("ucs-2", 2, 132), id="66 emoji fill two parts of 66"),
        pytest.param("😀" * 67, Segments("ucs-2", 3, 134), id="a pair is not cut in two"),
    ],
)
def test_segments(text: str, expected: Segments) -> None:
    assert segments(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Jalan rusak di Tanjung Selor.", "Jalan rusak di Tanjung Selor.", id="plain"),
        pytest.param("‘a’ “b” «c» `d´", "'a' \"b\" \"c\" 'd'", id="quotes"),
        pytest.param("a–b—c−d‑e", "a-b-c-d-e", id="dashes"),
        pytest.param("tunggu…", "tunggu...", id="ellipsis"),
        pytest.param("a\u00a0b\u2009c\u3000d\te", "a b c d e", id="blanks"),
        pytest.param("a\u200bb\u00adc\ufeffd\u200ee", "abcde", id="nothing visible"),
        pytest.param("• satu\n• dua", "- satu\n- dua", id="bullets"),
        pytest.param("é à ñ ü Ç stay", "é à ñ ü Ç stay", id="letters it has"),
        pytest.param("ê â ī ç š ō", "e a i c s o", id="letters it lacks"),
        pytest.param("𝐋𝐚𝐩𝐨𝐫 Ｌａｐｏｒ", "Lapor Lapor", id="letters in disguise"),
        pytest.param("½ km² №7 ™", " 1/2 km2 No7 TM", id="signs"),
        pytest.param("Halo 😀 dunia 👍🏽", "Halo dunia", id="emoji"),
        pytest.param(f"a{FAMILY}b 🇮🇩!", "ab !", id="joined emoji"),
        pytest.param("1️⃣ satu ☑ ✅ dua", "1 satu dua", id="keycaps and ticks"),
        pytest.param("🙏🙏", "🙏🙏", id="emoji alone"),
        pytest.param("你好 “ok”", '你好 "ok"', id="another script stays"),
        pytest.param("harga 5€ [baru]", "harga 5€ [baru]", id="extension"),
        pytest.param("", "", id="empty"),
    ],
)
def test_transliterate(text: str, expected: str) -> None:
    assert transliterate(text) == expected


@FUZZ
@given(st.text())
def test_what_is_in_the_alphabet_is_not_touched(text: str) -> None:
    once = transliterate(text)
    assert transliterate(once) == once or not gsm7(once)
    if gsm7(text):
        assert once == text


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param("", 10, [], id="empty"),
        pytest.param(" \n ", 10, [], id="blank"),
        pytest.param("Halo dunia", 10, ["Halo dunia"], id="fits"),
        pytest.param("Halo dunia  ", 10, ["Halo dunia"], id="fits without its end"),
        pytest.param("Satu dua.\n\nTiga empat lima.", 20, ["Satu dua.", "Tiga empat lima."], id="paragraph"),
        pytest.param("Satu dua\nTiga empat lima", 20, ["Satu dua", "Tiga empat lima"], id="line"),
        pytest.param("Satu dua tiga. Empat lima enam.", 20, ["Satu dua tiga.", "Empat lima enam."], id="sentence"),
        pytest.param("satu dua tiga empat lima", 13, ["satu dua tiga", "empat lima"], id="word"),
        pytest.param("a\n\nsatu dua tiga empat", 12, ["a\n\nsatu dua", "tiga empat"], id="no crumb for a paragraph"),
        pytest.param("abcdefghij", 4, ["abcd", "efgh", "ij"], id="one long word"),
        pytest.param("Versi 1.2.3.4 baru", 10, ["Versi", "1.2.3.4", "baru"], id="a full stop inside a word"),
        pytest.param("😀😀😀", 4, ["😀😀", "😀"], id="emoji count two"),
        pytest.param("😀😀😀", 3, ["😀", "😀", "😀"], id="emoji are not cut"),
        pytest.param("a€b€", 3, ["a€", "b€"], id="extension counts two"),
        pytest.param("ab\x1bc", 3, ["ab", "\x1bc"], id="escape stays with its partner"),
        pytest.param("a\ud83d\ude00b", 2, ["a", "\ud83d\ude00", "b"], id="surrogates stay together"),
        pytest.param("xe\u0301", 2, ["x", "e\u0301"], id="mark stays with its letter"),
        pytest.param(FAMILY * 2, 15, [FAMILY, FAMILY], id="family stays together"),
        pytest.param("a" + "\u0301" * 5, 4, ["a" + "\u0301" * 3, "\u0301" * 2], id="heap of marks is cut all the same"),
    ],
)
def test_split(text: str, limit: int, expected: list[str]) -> None:
    assert split(text, limit) == expected


def test_a_limit_nothing_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="two units"):
        split("a", 1)


def units(text: str) -> int:
    return sum(2 if ord(char) > 0xFFFF or char in "^{}\\[~]|€\f" else 1 for char in text)


@FUZZ
@given(st.text(alphabet=st.sampled_from("ab .\n€😀\u0301\u200d\x1b👩"), max_size=300), st.integers(2, 60))
def test_pieces_fit_and_lose_nothing_but_blanks(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(pieces)
    assert all(units(piece) <= limit for piece in pieces)
    assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", text)


@FUZZ
@given(st.text(max_size=400))
def test_parts_hold_what_the_count_says(text: str) -> None:
    found = segments(text)
    alone, part = (160, 153) if found.encoding == "gsm-7" else (70, 67)
    if found.units > alone:
        # A pair pushed to the next part wastes at most one unit of each part.
        assert -(-found.units // part) <= found.count <= -(-found.units // (part - 1))
    else:
        assert found.count == (1 if text else 0)


@FUZZ
@given(st.text(alphabet=st.characters(), max_size=50))
def test_clean_text_can_be_stored(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert "\0" not in cleaned
    assert len(cleaned) == len(text)


def test_clean_marks_what_it_took() -> None:
    assert clean("a\0b\ud800c\udfffd😀") == "a\ufffdb\ufffdc\ufffdd😀"


def room(part: str) -> int:
    """What a part takes: septets in GSM 03.38, else UTF-16 units."""
    if gsm7(part):
        return sum(2 if char in "^{}\\[~]|€\f" else 1 for char in part)
    return sum(2 if ord(char) > 0xFFFF else 1 for char in part)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("", [""], id="empty"),
        pytest.param("a" * 160, ["a" * 160], id="one full"),
        pytest.param("a" * 161, ["a" * 153, "a" * 8], id="one over"),
        pytest.param("a" * 159 + "€", ["a" * 153, "a" * 6 + "€"], id="159 and a euro"),
        pytest.param("a" * 152 + "€" * 5, ["a" * 152, "€" * 5], id="no cut between escape and partner"),
        pytest.param("’" * 70, ["’" * 70], id="ucs-2 full"),
        pytest.param("’" * 71, ["’" * 67, "’" * 4], id="ucs-2 over"),
        pytest.param("😀" * 35, ["😀" * 35], id="35 emoji"),
        pytest.param("😀" * 36, ["😀" * 33, "😀" * 3], id="no cut inside a pair"),
    ],
)
def test_the_parts_a_text_leaves_in(text: str, parts: list[str]) -> None:
    assert sms_parts(text) == parts


@FUZZ
@given(st.text(alphabet=st.sampled_from("ab €\n😀’你"), max_size=500))
def test_the_parts_are_as_many_as_counted_and_make_the_text_again(text: str) -> None:
    parts = sms_parts(text)
    assert "".join(parts) == text
    assert len(parts) == max(segments(text).count, 1)
    most = (160 if len(parts) == 1 else 153) if gsm7(text) else (70 if len(parts) == 1 else 67)
    assert all((room(part) if gsm7(text) else len(part.encode("utf-16-le")) // 2) <= most for part in parts)


@pytest.mark.parametrize(
    ("text", "parts", "expected"),
    [
        pytest.param("Laporan diterima.", 1, "Laporan diterima.", id="fits"),
        pytest.param("a" * 160, 1, "a" * 160, id="just fits"),
        pytest.param("satu dua " * 30, 1, ("satu dua " * 17 + "satu") + "...", id="cut at a word"),
        pytest.param("a" * 161, 1, "a" * 157 + "...", id="one long word"),
        pytest.param("a" * 460, 3, "a" * 456 + "...", id="three parts"),
        pytest.param("€" * 81, 1, "€" * 78 + "...", id="escapes stay whole"),
        pytest.param("😀" * 36, 1, "😀" * 33 + "...", id="pairs stay whole"),
        pytest.param(FAMILY * 8, 1, FAMILY * 6 + "...", id="a family stays together"),
    ],
)
def test_within(text: str, parts: int, expected: str) -> None:
    assert within(text, parts) == expected
    assert segments(within(text, parts)).count <= parts


def test_no_part_is_no_room() -> None:
    with pytest.raises(ValueError, match="one part"):
        within("a", 0)


@FUZZ
@given(st.text(max_size=800), st.integers(1, 3))
def test_what_is_cut_fits(text: str, parts: int) -> None:
    assert segments(within(text, parts)).count <= parts


@pytest.mark.parametrize(
    ("text", "parts", "expected"),
    [
        pytest.param("Laporan “A” diterima… 🙏", None, 'Laporan "A" diterima...', id="typographic"),
        pytest.param("\ud800NUL\0", None, "\ufffdNUL\ufffd", id="what nothing can hold"),
        pytest.param("你" * 300, 3, "你" * 198 + "...", id="another script, three parts"),
        pytest.param("你" * 300, None, "你" * 300, id="a person's answer is whole"),
    ],
)
def test_sms_text(text: str, parts: int | None, expected: str) -> None:
    assert sms_text(text, parts) == expected
