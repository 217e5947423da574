"""What a prediction says: ranks, words, honest doubt; and texts made to fool it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from classifier.artifact import save
from classifier.dataset import Dataset
from classifier.matrix import Counts, Weighting
from classifier.model import ComplaintClassifier
from classifier.reader import Reader
from classifier.scorer import PLAIN as UNCHANGED
from classifier.scorer import Assurance, assured, confidences, read_tokens

ROOT = Path(__file__).parents[2]
BASE64 = base64.b64encode(hashlib.shake_256(b"noise").digest(600)).decode()

PLAIN = [
    ("street light", "lampu jalan mati sudah seminggu, gelap sekali", "lampu_jalan"),
    ("rubbish", "sampah menumpuk di depan pasar tidak diangkut", "sampah"),
    ("water", "air pdam tidak mengalir sudah tiga hari", "air_bersih"),
    ("identity card", "ktp saya belum jadi sudah dua bulan", "kependudukan"),
]
DISGUISES = {
    "zero-width": lambda text: "\u200b".join(text),
    "soft hyphens": lambda text: text.replace("a", "a\u00ad"),
    "cyrillic": lambda text: text.translate(str.maketrans("aeopcy", "аеорсу")),
    "greek": lambda text: text.translate(str.maketrans("ao", "αο")),
    "wide": lambda text: "".join(chr(ord(c) + 0xFEE0) if "a" <= c <= "z" else c for c in text),
    "digits": lambda text: text.replace("ampa", "4mp4").replace("alan", "4l4n").replace("ati", "4ti"),
    "capitals": str.upper,
    "stretched": lambda text: text.replace("a ", "aaaa ").replace("i ", "iiii "),
    "spaced letters": lambda text: "  ".join(" ".join(word) for word in text.split()),
    "marks": lambda text: "".join(c + "\u0336" for c in text),
}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize(("typed", "label"), [pytest.param(*row[1:], id=row[0]) for row in PLAIN])
def test_a_disguised_text_is_read_like_the_plain_one(starter: Reader, typed: str, label: str, disguise: str) -> None:
    plain, disguised = starter.suggest([typed, DISGUISES[disguise](typed)])
    assert plain.suggestions[0].label == disguised.suggestions[0].label == label
    assert disguised.suggestions[0].confidence == pytest.approx(plain.suggestions[0].confidence, abs=0.05)


NOISE = [
    ("empty", ""),
    ("emoji", "🚧"),
    ("punctuation", "?!... ---"),
    ("phone", "0812 3456 7890"),
    ("link", "https://contoh.example/jalan-rusak"),
    ("base64", BASE64),
    ("hexadecimal", hashlib.sha256(b"noise").hexdigest()),
    ("keyboard", "asdf qwer zxcv hjkl"),
    ("random letters", "xqzv wqxz kjhg vbnq"),
    ("English", "the quick brown fox jumps over the lazy dog"),
    ("Latin", "lorem ipsum dolor sit amet consectetur adipiscing elit"),
    ("Cyrillic", "Дорога разбита щебень лежит"),
    ("Chinese", "道路损坏请修理"),
    ("Arabic", "الطريق مكسور"),
    ("100 KB of letters", (BASE64.lower() * 130)[:100_000]),
    (
        "100 KB of random words",
        " ".join(hashlib.sha256(bytes([n % 256, n // 256])).hexdigest()[:9] for n in range(10_000)),
    ),
    ("100 KB of one letter", "a" * 100_000),
    ("controls", "\x00\x01\x02\x1b[31m"),
    ("lone surrogates", "\ud800\udfff"),
    ("direction overrides", "\u202e\u202d\u2066"),
]


@pytest.mark.parametrize("typed", [pytest.param(text, id=name) for name, text in NOISE])
def test_noise_is_never_sure_and_has_low_confidence(starter: Reader, typed: str) -> None:
    (prediction,) = starter.suggest([typed])
    assert not prediction.sure
    assert len(prediction.suggestions) == 3
    assert prediction.suggestions[0].confidence < 0.3


def test_a_foreign_text_is_not_sure_however_low_the_threshold(starter: Reader) -> None:
    eager = dataclasses.replace(starter.agency, threshold=0.0)
    familiar, foreign = eager.suggest(["lampu jalan mati", "the quick brown fox jumps over the lazy dog"])
    assert familiar.sure
    assert not foreign.sure


def test_a_text_of_two_agencies_is_less_certain_than_of_one(starter: Reader) -> None:
    one, two = starter.suggest(["ktp saya belum jadi", "ktp saya belum jadi, sampah juga tidak diangkut"])
    assert {item.label for item in two.suggestions[:2]} == {"kependudukan", "sampah"}
    assert two.suggestions[0].confidence < one.suggestions[0].confidence


def test_the_words_are_as_written_and_the_deciding_ones(trained: ComplaintClassifier) -> None:
    (prediction,) = trained.suggest(["Pak, LAMPU di Gg. kami m4ti, hub 081234567890 atau budi@contoh.example"])
    best = prediction.suggestions[0]
    assert best.label == "lampu"
    assert best.words[0] == "LAMPU"
    assert "m4ti" in best.words
    assert not [word for word in best.words if "@" in word or "0812" in word]
    assert len(best.words) <= 5


def test_numbers_links_and_addresses_are_never_shown_even_where_they_decide() -> None:
    texts = [
        f"hubungi {kind} {number}" for kind in ("081234567890", "https://a.example", "a@b.example") for number in "xyz"
    ]
    texts += ["hubungi kantor desa", "hubungi kantor camat", "hubungi kantor bupati"]
    model = ComplaintClassifier().fit(texts, ["contact"] * 9 + ["office"] * 3)
    (prediction,) = model.suggest(["hubungi 081234567890 https://a.example a@b.example"])
    assert prediction.suggestions[0].label == "contact"
    assert not [word for word in prediction.suggestions[0].words if any(sign in word for sign in "0@:")]


def test_words_of_another_label_speak_for_that_label(trained: ComplaintClassifier) -> None:
    (prediction,) = trained.suggest(["ktp hilang sampah menumpuk"], top=5)
    words = {item.label: item.words for item in prediction.suggestions}
    assert words["ktp"][0] == "ktp"
    assert words["sampah"][0] in ("sampah", "menumpuk")
    assert "sampah" not in words["ktp"]


def test_confidences_are_ranked_and_add_up(trained: ComplaintClassifier, complaints: Dataset) -> None:
    predictions = trained.suggest(complaints.texts, top=99)
    for prediction in predictions:
        ranked = [item.confidence for item in prediction.suggestions]
        assert ranked == sorted(ranked, reverse=True)
        assert sum(ranked) == pytest.approx(1)
        assert len(ranked) == 5
    found = trained.predict_proba(complaints.texts)
    assert [row.max() for row in found] == pytest.approx([p.suggestions[0].confidence for p in predictions])
    assert trained.predict(complaints.texts).tolist() == [p.suggestions[0].label for p in predictions]


def test_one_text_alone_and_among_many_is_the_same(trained: ComplaintClassifier, complaints: Dataset) -> None:
    assert trained.suggest(complaints.texts) == [trained.suggest([text])[0] for text in complaints.texts]


def test_no_text_gives_no_prediction(trained: ComplaintClassifier) -> None:
    assert trained.suggest([]) == []


def test_fewer_than_one_suggestion_is_refused(trained: ComplaintClassifier) -> None:
    with pytest.raises(ValueError, match="top"):
        trained.suggest(["jalan"], top=0)


def test_training_weighs_a_text_as_the_scorer_does(trained: ComplaintClassifier, complaints: Dataset) -> None:
    scorer = trained.scorer_
    # What the scorer mended is weighed as if it had been written so.
    mended = [" ".join(token.form for token in scorer.mended(read_tokens(text))) for text in complaints.texts]
    counts = Counts.of([*complaints.texts, *mended])
    every = np.arange(len(complaints.texts))
    weighting = Weighting.learn(counts, every, trained.min_texts, 10_000)
    scores = weighting.rows(every + len(mended)) @ scorer.weights + scorer.bias
    expected = assured(scores, scorer.offset, scorer.assurance)
    familiar = weighting.known(every) >= scorer.familiar
    assert familiar.sum() > 60
    assert scorer.predict_proba(complaints.texts)[familiar] == pytest.approx(expected[familiar], abs=1e-4)


def test_confidences_by_hand() -> None:
    # sigmoid(0) = 1/2 and sigmoid(ln 3) = 3/4: shares 2/5 and 3/5.
    assert confidences(np.array([[0.0, np.log(3)]]), 0.0).tolist() == [pytest.approx([0.4, 0.6])]
    assert confidences(np.array([[-2000.0, -2000.0]]), -5.0).tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("assurance", "first"),
    [
        pytest.param(UNCHANGED, 0.6, id="plain"),
        pytest.param(Assurance((0.0, 0.0, 0.0, 0.0), np.log(9)), 0.9, id="surer"),
        pytest.param(Assurance((0.0, 0.0, 0.0, 0.0), np.log(0.52 / 0.48)), 0.52, id="less sure"),
        pytest.param(Assurance((0.0, 0.0, 0.0, 0.0), -8.0), 0.5, id="never below chance"),
    ],
)
def test_the_highest_confidence_is_what_assurance_says_and_the_order_stays(assurance: Assurance, first: float) -> None:
    (found,) = assured(np.array([[0.0, np.log(3)]]), 0.0, assurance).tolist()
    assert found == [pytest.approx(1 - first), pytest.approx(first)]


def test_assurance_keeps_the_order_of_many_labels() -> None:
    scores = np.random.default_rng(0).normal(scale=3, size=(200, 12))
    found = assured(scores, -4.0, Assurance((0.3, 0.4, 0.1, -0.1), -0.5))
    assert (np.argsort(found, kind="stable") == np.argsort(scores, kind="stable")).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(200))


def test_loading_and_suggesting_imports_neither_scikit_learn_nor_scipy(
    tmp_path: Path, trained: ComplaintClassifier
) -> None:
    save(trained.scorer_, tmp_path)
    program = (
        "import sys\n"
        "from classifier.artifact import load\n"
        "found = load(sys.argv[1]).suggest(['lampu jalan mati'])[0]\n"
        "print(found.suggestions[0].label, sorted({'sklearn', 'scipy', 'joblib', 'pandas'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "lampu []\n"
