"""A teacher's texts: rows beside the real ones where the labels agree, a third opinion where they do not."""

from __future__ import annotations

import pytest

from classifier.dataset import Dataset
from classifier.evaluate import cross_validate
from classifier.model import REAL_ENOUGH, ComplaintClassifier
from classifier.teaching import PHRASES, joined, train, weak_texts

ROADS = ("jalan berlubang di depan rumah", "aspal mengelupas lagi", "jalan rusak parah", "lubang besar di tikungan")
WASTE = ("sampah menumpuk di pasar", "bak sampah penuh", "truk sampah tidak datang", "tumpukan sampah bau sekali")
WATER = ("air pdam mati", "meteran air rusak", "air keruh dari keran", "pipa pdam bocor di gang")
TAUGHT = Dataset((*ROADS, *WASTE, *WATER), (*["jalan"] * 4, *["sampah"] * 4, *["air"] * 4))
PLACES = ("pasar", "gang", "sekolah", "kantor", "kampung", "dermaga", "lapangan", "simpang", "masjid", "taman")


def reports(count: int, roads: str = "jalan", waste: str = "sampah") -> Dataset:
    """Invented reports of two kinds in turn, no two alike."""
    texts, labels = [], []
    for number in range(count):
        place = f"{PLACES[number % 10]} {PLACES[number // 10 % 10]} rt {number}"
        words = ("lubang", "jalan berlubang", "aspal rusak") if number % 2 else ("sampah", "bak sampah", "sampah bau")
        texts.append(f"{words[number % 3]} di {place} sudah {number} hari belum ada yang datang")
        labels.append(roads if number % 2 else waste)
    return Dataset(tuple(texts), tuple(labels))


WEAK = {
    "a definition without what it excludes": ("Jalan dan trotoar. Bukan lampu jalan.", ["Jalan dan trotoar"]),
    "an exclusion after a comma": ("Jalan rusak, bukan got", ["Jalan rusak"]),
    "no exclusion": ("Air bersih", ["Air bersih"]),
}


@pytest.mark.parametrize(("definition", "texts"), WEAK.values(), ids=WEAK)
def test_a_definition_becomes_a_text(definition: str, texts: list[str]) -> None:
    assert list(weak_texts(definition, (), ())) == texts


def test_tasks_stand_alone_and_words_go_by_fives() -> None:
    words = [f"kata{number}" for number in range(PHRASES + 1)]
    found = list(weak_texts("Jalan", ["pemeliharaan jalan"], words))
    assert found == ["Jalan", "pemeliharaan jalan", "kata0 kata1 kata2 kata3 kata4", "kata5"]


def test_a_category_no_ticket_has_had_stays_known() -> None:
    scorer = train(TAUGHT, reports(REAL_ENOUGH), precision=0.9, name="local")
    assert scorer.labels == ("air", "jalan", "sampah")
    assert scorer.suggest(["pipa pdam bocor"])[0].suggestions[0].label == "air"


def test_a_word_only_knowledge_has_leads_to_its_category() -> None:
    weak = Dataset(("trotoar paving bahu jalan",), ("jalan",))
    scorer = train(TAUGHT, weak=joined(weak, weak), precision=0.9, name="starter")
    assert scorer.suggest(["trotoar paving"])[0].suggestions[0].label == "jalan"


def test_many_real_texts_outweigh_what_was_taught() -> None:
    wrong = Dataset(tuple(text for text in reports(40).texts), ("air",) * 40)
    scorer = train(joined(TAUGHT, wrong), reports(3 * REAL_ENOUGH), precision=0.9, name="local")
    unseen = "aspal rusak di dermaga simpang rt 900 sudah 900 hari belum ada yang datang"
    assert scorer.suggest([unseen])[0].suggestions[0].label == "jalan"


def test_without_real_texts_confidences_are_lower_but_rank_alike() -> None:
    data = reports(120)
    plain = ComplaintClassifier(name="plain").fit(data.texts, data.labels).scorer_
    humble = train(data, precision=0.9, name="starter")
    texts = ["lubang di gang", "sampah di taman", "bak sampah dan aspal rusak"]
    assert [one.suggestions[0].label for one in humble.suggest(texts)] == [
        one.suggestions[0].label for one in plain.suggest(texts)
    ]
    pairs = zip(humble.predict_proba(texts).max(axis=1), plain.predict_proba(texts).max(axis=1), strict=True)
    assert all(low < high for low, high in pairs)


def test_a_teacher_with_other_labels_helps_by_its_opinion() -> None:
    few = Dataset(("lubang", "aspal", "bak penuh", "tumpukan"), ("DINAS A", "DINAS A", "DINAS B", "DINAS B"))
    alone = ComplaintClassifier(min_texts=1).fit(few.texts, few.labels)
    taught = ComplaintClassifier(min_texts=1, teacher=TAUGHT).fit(few.texts, few.labels)
    assert taught.scorer_.labels == ("DINAS A", "DINAS B")
    # No row under DINAS B says "sampah": only the teacher knows that it belongs with "bak" and "tumpukan".
    before, after = (model.predict_proba(["sampah"])[0, 1] for model in (alone, taught))
    assert after > max(before, 0.5)


def test_cross_validation_says_what_helped() -> None:
    data = reports(30, roads="A", waste="B")
    assert "no other texts" in cross_validate(data, 3).protocol
    assert f"with {len(TAUGHT.texts)} texts the region pack teaches" in cross_validate(data, 3, teacher=TAUGHT).protocol


def test_intervals_hold_the_figure_itself() -> None:
    found = cross_validate(reports(60), 3)
    for name in ("accuracy", "macro_f1", "top3", "coverage"):
        low, high = found.intervals[name]
        assert low <= getattr(found, name) <= high
