"""Every fault planted in a region pack is found on its line, all at once, and none brings a traceback."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from dispatch.region import Fault, RegionFaults, check, load, reading
from tests.support import tiny_region


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The folder of the valid pack ``contoh``; its parent is the directory of packs."""
    return tiny_region.write(tmp_path)


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(file: str, text: str) -> int:
    return next(n for n, line in enumerate(tiny_region.FILES[file].splitlines(), 1) if text in line)


CALENDARS, DESK = tiny_region.CALENDARS, tiny_region.DESK
SHORT_WEEK = CALENDARS
for _span in ('["08:00-12:00", "13:00-16:00"]', '["08:00-11:30", "13:00-16:30"]'):
    SHORT_WEEK = SHORT_WEEK.replace(_span, "[]")
SHORT_WEEK = SHORT_WEEK.replace("monday: []", 'monday: ["08:00-12:00"]', 1)
ROADS, KNOWS, ASKED = "examples/jalan.txt", "knowledge/jalan.yaml", "services/umum.yaml"


@dataclass(frozen=True)
class Planted:
    """In ``file``, ``old`` becomes ``new``; then exactly one fault is found: in that file, on line ``at`` or the line
    that has the text ``at`` in the valid file (default: ``old``), and it says ``says``."""

    name: str
    file: str
    old: str
    new: str
    says: str
    at: str | int = ""


PLANTED = [
    # What would keep every ticket of an agency from being dated, or end the process that reads it.
    Planted("phone-of-words", "agencies.csv", "always,123,", "always,tanya satpam,", "is not a telephone number"),
    Planted("week-too-short", "calendars.yaml", CALENDARS, SHORT_WEEK, "office has 4 working hours a week", at=2),
    Planted("nested-brackets", "desk.yaml", DESK, "a: " + "[" * 200_000, "nested more than 50 levels", at=1),
    # delivery.yaml
    Planted("delivery-part-missing", "delivery.yaml", "undelivered_after_hours: 24\n", "", "hours is missing", at=1),
    Planted("delivery-part-unknown", "delivery.yaml", "prices:", "prizes: 1\nprices:", "unknown key 'prizes'", at=3),
    Planted("failover-unknown-channel", "delivery.yaml", "[whatsapp, sms]", "[whatsapp, pigeon]", "'pigeon' is not"),
    Planted("failover-to-a-provider", "delivery.yaml", "[whatsapp, sms]", "[x-cloud]", "'x-cloud' is not one of"),
    Planted("failover-twice", "delivery.yaml", "[whatsapp, sms]", "[sms, sms]", "sms stands twice"),
    Planted("failover-not-a-list", "delivery.yaml", "[whatsapp, sms]", "sms", "a list expected"),
    Planted("silence-of-no-length", "delivery.yaml", "hours: 24", "hours: 0", "'0' is not a whole number from 1"),
    Planted("price-of-nobody", "delivery.yaml", "  sms: {any", "  smss: {any", "'smss' is no provider"),
    Planted("price-a-fraction", "delivery.yaml", "any: 900", "any: 900.5", "any '900.5' is not a whole number"),
    Planted("budget-of-nobody", "delivery.yaml", "  sms: {mess", "  fax: {mess", "'fax' is no channel"),
    Planted("budget-key-unknown", "delivery.yaml", "{messages: 100", "{letters: 100", "unknown key 'letters'"),
    Planted("budget-negative", "delivery.yaml", "messages: 100", "messages: -1", "messages '-1' is not a whole number"),
    Planted("budget-hard-too-low", "delivery.yaml", "hard_messages: 150", "hard_messages: 99", "is below messages"),
    # region.yaml
    Planted("sms-keyword-of-two-words", "region.yaml", "[CONTOH]", "[CONTOH UTARA]", "is not a keyword"),
    Planted("sms-keyword-too-short", "region.yaml", "[CONTOH]", "[CO]", "is not a keyword"),
    Planted("head-key-missing", "region.yaml", "prefix: CT\n", "", "prefix is missing", at=1),
    Planted("head-key-unknown", "region.yaml", "short: Contoh", "short: Contoh\nfoo: 1", "unknown key 'foo'", at=4),
    Planted("head-key-twice", "region.yaml", "prefix: CT", "prefix: CT\nprefix: CX", "prefix stands twice", at=5),
    Planted("head-value-empty", "region.yaml", "name: Provinsi Contoh", "name:", "name is empty"),
    Planted("head-value-is-a-list", "region.yaml", "name: Provinsi Contoh", "name: [a, b]", "name must be a single"),
    Planted("head-number-is-a-word", "region.yaml", "minutes: 15", "minutes: many", "join_window_minutes 'many' is"),
    Planted("head-precision-too-high", "region.yaml", "sure_precision: 0.9", "sure_precision: 9", "from 0.5 to 1"),
    Planted(
        "head-precision-not-finite", "region.yaml", "sure_precision: 0.9", "sure_precision: nan", "is not a number"
    ),
    Planted("zone-unknown", "region.yaml", "Asia/Makassar", "Asia/Makasar", "unknown time zone 'Asia/Makasar'"),
    Planted("zone-is-a-folder", "region.yaml", "Asia/Makassar", "Asia", "unknown time zone 'Asia'"),
    Planted("zone-leads-outside", "region.yaml", "Asia/Makassar", "../../etc/passwd", "unknown time zone"),
    Planted("prefix-with-a-letter-like-a-digit", "region.yaml", "prefix: CT", "prefix: CO", "prefix 'CO' is not"),
    Planted(
        "code-is-not-the-folder", "region.yaml", "code: contoh", "code: lain", "differs from the name of the folder"
    ),
    Planted("desk-unknown", "region.yaml", "desk: prov-kominfo", "desk: prov-x", "desk: unknown agency prov-x"),
    Planted("desk-not-provincial", "region.yaml", "desk: prov-kominfo", "desk: melati-dpupr", "must be a provincial"),
    Planted("inspectorate-unknown", "region.yaml", "prov-inspektorat", "x", "inspectorate: unknown agency x"),
    Planted("area-not-the-province", "region.yaml", 'area: "99"', 'area: "99.01"', "not a place of level province"),
    Planted("everyday-name-of-no-place", "region.yaml", "[Harapan]", "[Harapn]", "'Harapn' is no place's name"),
    Planted("yaml-syntax", "region.yaml", "short: Contoh", "short: Contoh: x", "not YAML"),
    Planted("yaml-two-documents", "region.yaml", "everyday_names: [Harapan]", "---\na: 1", "not YAML", at=16),
    Planted("yaml-control-character", "region.yaml", "WITA", "WI\x01TA", "not YAML"),
    # agencies.csv
    Planted(
        "row-too-short", "agencies.csv", "PLN,PLN,external,99,always,123,,,yes", "PLN", "3 cells where", at="pln,pln"
    ),
    Planted(
        "agency-twice", "agencies.csv", "pdam-kenanga,pdam", "pdam-melati,pdam", "agency pdam-melati is on line 11"
    ),
    Planted("agency-code-with-spaces", "agencies.csv", "kenanga-dpupr,", "Kenanga dpupr,", "is not a code"),
    Planted("agency-level-unknown", "agencies.csv", "regency,99.71", "city,99.71", "level 'city' is not one of"),
    Planted("agency-area-no-place", "agencies.csv", "regency,99.71", "regency,99.72", "area 99.72 is not a place"),
    Planted("agency-area-not-a-code", "agencies.csv", "regency,99.71", "regency,Kenanga", "'Kenanga' is not an area"),
    Planted(
        "agency-area-of-another-level", "agencies.csv", "regency,99.71", "regency,99.71.01", "cannot have the area"
    ),
    Planted("agency-calendar-unknown", "agencies.csv", "99,always,123", "99,night,123", "unknown calendar 'night'"),
    Planted("agency-joined-perhaps", "agencies.csv", "office,,,,no", "office,,,,perhaps", "joined 'perhaps' is not"),
    Planted("agency-name-empty", "agencies.csv", "Dinas PU Kota Kenanga", "", "name is empty"),
    Planted("csv-quote-not-closed", "agencies.csv", "pdam-kenanga,", '"pdam-kenanga,', "not CSV"),
    Planted("csv-text-after-quote", "agencies.csv", "pdam-kenanga,", '"pdam"-kenanga,', "not CSV"),
    # categories.csv
    Planted("category-function-unknown", "categories.csv", "bpbd,local", "damkar,local", "unknown function 'damkar'"),
    Planted("category-without-provincial-agency", "categories.csv", "bpbd,local", "pdam,local", "no provincial agency"),
    Planted("category-without-external-body", "categories.csv", "bpbd,local", "bpbd,external", "no external body does"),
    Planted("category-level-unknown", "categories.csv", "bpbd,local", "bpbd,village", "level 'village' is not one of"),
    Planted(
        "category-kind-unknown", "categories.csv", "province,aspiration", "province,wish", "kind 'wish' is not one"
    ),
    Planted("category-supervision-empty", "categories.csv", "complaint,yes,", "complaint,,", "supervision is empty"),
    # places.csv
    Planted("place-twice", "places.csv", "99.01.01.2002", "99.01.01.2001", "place 99.01.01.2001 is on line 5 already"),
    Planted("place-without-parent", "places.csv", "99.71.01.1001", "99.71.02.1001", "lies in 99.71.02, which is not"),
    Planted("place-of-the-wrong-level", "places.csv", "99.71.01.1001,village", "99.71.01.1001,district", "cannot be"),
    Planted("place-latitude-off-the-earth", "places.csv", "1.520,", "91.520,", "lat '91.520' is not a number from -90"),
    Planted("place-longitude-a-word", "places.csv", ",110.520", ",east", "lng 'east' is not a number"),
    Planted("place-name-empty", "places.csv", "Pasar Lama", "", "name is empty"),
    # landmarks.csv
    Planted("landmark-area-no-place", "landmarks.csv", "99.71.01", "99.71.09", "area 99.71.09 is not a place"),
    Planted("landmark-twice", "landmarks.csv", "99.71.01", "99.71.01\nPasar Bunga,,99.71", "is on line 2", at=3),
    # calendars.yaml
    Planted("calendar-day-missing", "calendars.yaml", "    sunday: []\n", "", "sunday is missing", at=3),
    Planted(
        "calendar-day-unknown", "calendars.yaml", "    sunday: []", "    sunday: []\n    minggu: []", "'minggu'", at=10
    ),
    Planted("interval-unreadable", "calendars.yaml", "13:00-16:30", "13.00-16.30", "'13.00-16.30' is not an interval"),
    Planted("interval-beyond-midnight", "calendars.yaml", "13:00-16:30", "13:00-24:30", "is not an interval"),
    Planted("interval-reversed", "calendars.yaml", "13:00-16:30", "16:30-13:00", "ends before it starts"),
    Planted("interval-of-no-length", "calendars.yaml", "13:00-16:30", "13:00-13:00", "ends before it starts"),
    Planted(
        "intervals-overlapping", "calendars.yaml", '"13:00-16:30"', '"11:00-16:30"', "before the one above it ends"
    ),
    Planted(
        "interval-after-midnight-end",
        "calendars.yaml",
        '["00:00-24:00"]',
        '["08:00-24:00", "09:00-10:00"]',
        "before the",
    ),
    Planted(
        "calendar-flag-unreadable", "calendars.yaml", "holidays: false", "holidays: maybe", "'maybe' is not one of"
    ),
    Planted("day-is-one-text", "calendars.yaml", "saturday: []", "saturday: closed", "a list expected"),
    Planted("country-unknown", "calendars.yaml", "national: ID", "national: IDN8", "unknown country code 'IDN8'"),
    Planted("holiday-not-a-date", "calendars.yaml", "2026-04-22", "2026-04-31", "'2026-04-31' is not a date"),
    Planted("holiday-twice", "calendars.yaml", "2026-12-24", "2026-04-22", "calendar day 2026-04-22 is on line 22"),
    Planted("holiday-without-source", "calendars.yaml", ", source: SKB 2026", "", "source is missing", at="12-24"),
    # clocks.yaml
    Planted(
        "clock-stage-unknown", "clocks.yaml", "stage: verify", "stage: verification", "'verification' is not one of"
    ),
    Planted(
        "clock-kind-unknown", "clocks.yaml", "{id: verify, kind: any", "{id: verify, kind: all", "'all' is not one of"
    ),
    Planted(
        "clock-counts-unknown", "clocks.yaml", "days: 3, counts: working_days", "days: 3, counts: days", "'days' is"
    ),
    Planted("clock-days-zero", "clocks.yaml", "days: 3", "days: 0", "days '0' is not a whole number"),
    Planted("clock-key-missing", "clocks.yaml", "stage: verify,", "", "stage is missing", at="id: verify"),
    Planted(
        "clock-ends-before-it-begins", "clocks.yaml", "until: null", "until: 2019-01-01", "ends before it begins", at=2
    ),
    Planted(
        "clocks-overlapping", "clocks.yaml", "until: 2024-12-31", "until: 2025-01-01", "overlap", at="id: resolution,"
    ),
    Planted("clock-of-a-wrong-supervision", "clocks.yaml", "supervision: yes", "supervision: maybe", "'maybe' is not"),
    # phrases.yaml
    Planted("phrase-without-english", "phrases.yaml", "  en: Thank you.\n", "", "en is missing", at="id: Terima"),
    Planted("phrase-without-indonesian", "phrases.yaml", "  id: Terima kasih.\n", "", "id is missing", at="id: Terima"),
    Planted("phrase-empty", "phrases.yaml", "en: Thank you.", "en: ''", "en is empty"),
    Planted(
        "phrase-in-a-third-language", "phrases.yaml", "en: Thank you.", "en: Ok\n  ms: Ok", "unknown key 'ms'", at=7
    ),
    Planted(
        "phrase-placeholders-differ", "phrases.yaml", "by {agency}.", "by us.", "agency, number in id", at="receipt:"
    ),
    Planted("phrase-brace-not-closed", "phrases.yaml", "kasih.", "kasih {", "unreadable placeholder", at="thanks:"),
    # examples
    Planted("example-twice", ROADS, "di gang 2\n", "di  GANG 1\n", f"stands in {ROADS}:1 already", at=2),
    Planted(
        "example-of-two",
        "examples/listrik.txt",
        "listrik padam di gang 7\n",
        "air tidak mengalir di gang 3\n",
        "stands in examples/air.txt:3 already",
        at=7,
    ),
    Planted("example-blank", ROADS, "gang 1\n", "gang 1\n \n", "the line is blank", at=2),
    Planted("example-with-a-tab", ROADS, "gang 4\n", "gang\t4\n", "control character U+0009", at=4),
    Planted("example-with-a-nul", ROADS, "gang 4\n", "gang\x004\n", "control character U+0000", at=4),
    Planted("example-with-a-carriage-return", ROADS, "gang 4\n", "gang\r4\n", "control character U+000D", at=4),
    Planted("example-without-end", ROADS, "gang 4\n", "gang 4" + " lagi" * 500 + "\n", "2525 characters", at=4),
    Planted("example-of-signs", ROADS, "gang 1\n", "gang 1\n?? 12 a\n", "fewer than 3 letters", at=2),
    # aspects
    Planted(
        "aspect-text-under-two-labels",
        "aspects/urgent/yes.txt",
        "stok darah habis",
        "Lampu  taman mati",
        "stands in aspects/urgent/no.txt:1 already",
    ),
    Planted("aspect-blank", "aspects/urgent/yes.txt", "roboh\n", "roboh\n\n", "the line is blank", at=2),
    # knowledge
    Planted("knowledge-key-missing", KNOWS, "tasks:\n  - pemeliharaan\n  - pengawasan\n", "", "tasks is missing", at=1),
    Planted("knowledge-key-unknown", KNOWS, "tasks:", "task:\n  - a\ntasks:", "unknown key 'task'", at=2),
    Planted(
        "knowledge-definition-empty", KNOWS, '"jalan berlubang, bukan yang lain."', '""', "definition is empty", at=1
    ),
    Planted(
        "knowledge-list-empty",
        KNOWS,
        "tasks:\n  - pemeliharaan\n  - pengawasan\n",
        "tasks: []\n",
        "tasks is empty",
        at=2,
    ),
    Planted("knowledge-item-empty", KNOWS, "  - pengawasan", "  -", "tasks: an empty item", at=4),
    Planted("knowledge-item-a-mapping", KNOWS, "  - pengawasan", "  - a: b", "a single value expected", at=4),
    Planted("knowledge-list-a-word", KNOWS, "  - jalan berlubang", "  jalan", "a list expected", at=6),
    # services
    Planted("service-key-missing", ASKED, "    source: Aturan 1\n", "", "source is missing", at=3),
    Planted("service-key-unknown", ASKED, "    confirm: true", "    confirmed: true", "unknown key 'confirmed'"),
    Planted("service-in-one-language", ASKED, ", en: The local office}", "}", "en is missing", at="where: {id: Dinas"),
    Planted("service-text-empty", ASKED, "en: one day", "en: ''", "en is empty", at="time:"),
    Planted("service-text-plain", ASKED, "{id: gratis, en: free}", "gratis", "keys and values expected"),
    Planted("service-code-with-spaces", ASKED, "code: kartu", "code: kartu baru", "'kartu baru' is not a code"),
    Planted("service-twice", ASKED, "code: jalan_baru", "code: kartu", f"kartu stands in {ASKED}:3 already"),
    Planted("service-category-unknown", ASKED, "category: usulan", "category: usul", "unknown category 'usul'", at=24),
    Planted(
        "service-few-questions", ASKED, "      - berapa biaya kartu\n", "", "5 questions; 6 to 15", at="questions:"
    ),
    Planted("service-question-empty", ASKED, "- berapa biaya kartu", "-", "an empty item", at="berapa biaya"),
    Planted(
        "service-question-of-another", ASKED, "[usul jalan ke mana", "[Syarat  kartu baru", "for kartu already", at=24
    ),
    Planted("service-link-without-https", ASKED, "https://kartu", "http://kartu", "is not an address that begins"),
    Planted(
        "service-link-a-script", ASKED, "https://kartu.example.go.id/baru", "javascript:alert(1)", "is not an address"
    ),
    Planted("service-phone-a-word", ASKED, '"112"', "ring", "'ring' is not a telephone number"),
    Planted("service-checked-no-date", ASKED, "2026-11-01", "2026-11-31", "'2026-11-31' is not a date"),
    Planted("service-confirm-perhaps", ASKED, "confirm: true", "confirm: perhaps", "'perhaps' is not one of"),
    Planted(
        "services-field-without-name",
        ASKED,
        "name: {id: Kependudukan, en: Civil registration}\n",
        "",
        "name is missing",
        at=1,
    ),
]


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.name)
def test_a_planted_fault_is_found_on_its_line(pack: Path, case: Planted) -> None:
    line = case.at if isinstance(case.at, int) else line_of(case.file, case.at or case.old)
    spoil(pack / case.file, case.old, case.new)
    found = check("contoh", pack.parent)
    assert [(fault.file, fault.line) for fault in found] == [(case.file, line)], found
    assert case.says in found[0].text


CONSEQUENCES = [
    # name, file, old, new, the faults as file:line: text
    (
        "an-agency-is-missing",
        "agencies.csv",
        "prov-bpbd,bpbd,BPBD Provinsi Contoh,BPBD Contoh,province,99,always,,,,yes\n",
        "",
        ["categories.csv:3: unknown function 'bpbd': no agency does it"],
    ),
    (
        "an-external-body-is-missing-in-one-regency",
        "agencies.csv",
        "pdam-kenanga,pdam,PDAM Kenanga,PDAM Kenanga,external,99.71,office,,,,yes\n",
        "",
        ["categories.csv:5: no external body does pdam in 99.71"],
    ),
    (
        "a-column-is-misspelt",
        "agencies.csv",
        ",joined\n",
        ",joint\n",
        ["agencies.csv:1: column joined is missing", "agencies.csv:1: unknown column 'joint'"],
    ),
    (
        "an-agency-is-for-work-that-has-one",
        "agencies.csv",
        "pln,pln,PLN,PLN,external",
        "pln,bpbd,PLN,PLN,external",
        [
            "agencies.csv:10: the agency for bpbd in 99 is on line 5 already",
            "categories.csv:4: unknown function 'pln': no agency does it",
        ],
    ),
    (
        "a-category-has-too-few-examples",
        "examples/jalan.txt",
        "jalan berlubang di gang 25\n",
        "",
        ["examples/jalan.txt:24: category jalan has 24 examples; 25 are needed"],
    ),
    (
        "an-example-is-blank-and-does-not-count",
        "examples/bencana.txt",
        "banjir besar di gang 25",
        "",
        [
            "examples/bencana.txt:25: category bencana has 24 examples; 25 are needed",
            "examples/bencana.txt:25: the line is blank",
        ],
    ),
    (
        "a-clock-rule-has-the-id-of-another",
        "clocks.yaml",
        "id: verify",
        "id: response",
        ["clocks.yaml:4: clock rule response is on line 2 already"],
    ),
    (
        "a-category-has-the-code-of-another",
        "categories.csv",
        "usulan,Usulan",
        "informasi,Usulan",
        ["categories.csv:8: category informasi is on line 7 already"]
        + [f"{file}:1: unknown category 'usulan'" for file in ("examples/usulan.txt", "knowledge/usulan.yaml")]
        + ["services/umum.yaml:24: service jalan_baru: unknown category 'usulan'"],
    ),
    (
        "a-calendar-has-no-working-time",
        "calendars.yaml",
        tiny_region.CALENDARS.partition("  always:")[0],
        "calendars:\n  office: {monday: [], tuesday: [], wednesday: [],\n"
        "           thursday: [], friday: [], saturday: [], sunday: []}\n",
        ["calendars.yaml:2: calendar office has no working time at all"],
    ),
    (
        "no-rule-for-a-stage",
        "clocks.yaml",
        "kind: any, supervision: any, stage: first_response",
        "kind: information, supervision: any, stage: first_response",
        [
            f"clocks.yaml:1: no clock rule for {kind}, first_response, supervision {supervision}"
            for kind in ("aspiration", "complaint")
            for supervision in ("no", "yes")
        ],
    ),
    (
        "a-gap-between-rules",
        "clocks.yaml",
        "until: 2024-12-31",
        "until: 2024-12-30",
        [
            f"clocks.yaml:8: no clock rule for {case} between 2024-12-30 and 2025-01-01"
            for case in (
                "aspiration, resolution, supervision no",
                "aspiration, resolution, supervision yes",
                "complaint, resolution, supervision no",
                "information, resolution, supervision no",
                "information, resolution, supervision yes",
            )
        ],
    ),
    (
        "the-last-rule-ends",
        "clocks.yaml",
        "days: 5, counts: working_days, since: 2020-01-01, until: null",
        "days: 5, counts: working_days, since: 2020-01-01, until: 2026-12-31",
        [
            f"clocks.yaml:1: no clock rule for {kind}, first_response, supervision {supervision} after 2026-12-31"
            for kind in ("aspiration", "complaint", "information")
            for supervision in ("no", "yes")
        ],
    ),
    (
        "a-faulty-category-does-not-make-its-examples-faulty",
        "categories.csv",
        "jalan,Jalan,Roads,dpupr,local",
        "jalan,Jalan,Roads,dpupr,here",
        ["categories.csv:2: level 'here' is not one of local, province, external"],
    ),
    (
        "a-faulty-calendar-does-not-make-its-agencies-faulty",
        "calendars.yaml",
        '    monday: ["00:00-24:00"]\n',
        '    monday: ["0-24"]\n',
        ["calendars.yaml:12: monday: '0-24' is not an interval such as 08:00-12:00"],
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "faults"), [row[1:] for row in CONSEQUENCES], ids=[row[0] for row in CONSEQUENCES]
)
def test_exactly_these_faults(pack: Path, file: str, old: str, new: str, faults: list[str]) -> None:
    spoil(pack / file, old, new)
    assert [str(fault) for fault in check("contoh", pack.parent)] == faults


NOT_NEEDED = {file for file in tiny_region.FILES if file.startswith(("aspects/", "services/", "desk", "owner"))}


@pytest.mark.parametrize("file", [file for file in tiny_region.FILES if file not in NOT_NEEDED])
def test_a_missing_file_is_one_fault(pack: Path, file: str) -> None:
    (pack / file).unlink()
    assert check("contoh", pack.parent) == [Fault(file, 1, "the file is missing")]


@pytest.mark.parametrize("file", tiny_region.FILES)
def test_a_file_that_is_not_utf8_is_one_fault_on_its_line(pack: Path, file: str) -> None:
    first, rest = (pack / file).read_bytes().split(b"\n", 1)
    (pack / file).write_bytes(first + b"\n\xe9\xff" + rest)
    assert check("contoh", pack.parent) == [Fault(file, 2, "the file is not UTF-8")]


@pytest.mark.parametrize("file", [name for name in tiny_region.FILES if name.endswith(".yaml")])
@pytest.mark.parametrize("content", ["[]", "just words", "3", "a: &a [*a]", "? [x]\n: 1", "rules: {}", "calendars: []"])
def test_a_file_of_another_shape_is_faults_and_never_a_traceback(pack: Path, file: str, content: str) -> None:
    (pack / file).write_text(content, encoding="utf-8")
    assert {fault.file for fault in check("contoh", pack.parent)} == {file}


def test_without_libyaml_packs_are_read_the_same_way(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load("contoh", pack.parent)
    monkeypatch.setattr(reading, "_Loader", yaml.SafeLoader)
    assert load("contoh", pack.parent) == whole
    spoil(pack / "region.yaml", "[Harapan]", "[" * 2_000 + "]" * 2_000)
    assert check("contoh", pack.parent) == [
        Fault("region.yaml", line_of("region.yaml", "[Harapan]"), "not a region file: nested more than 50 levels deep")
    ]


@pytest.mark.parametrize("file", tiny_region.FILES)
def test_an_empty_file_is_one_fault(pack: Path, file: str) -> None:
    (pack / file).write_bytes(b"")
    found = check("contoh", pack.parent)
    assert [(fault.file, fault.line) for fault in found] == [(file, 1)]


NEEDED = [name for name in tiny_region.FILES if name.endswith(".csv") and name != "landmarks.csv"]


@pytest.mark.parametrize("file", NEEDED)
def test_a_table_with_a_header_alone_is_one_fault(pack: Path, file: str) -> None:
    (pack / file).write_text(tiny_region.FILES[file].splitlines()[0] + "\n", encoding="utf-8")
    assert check("contoh", pack.parent) == [Fault(file, 1, "there is nothing in it")]


@pytest.mark.parametrize("name", ["nowhere", "../contoh", "contoh/", "", ".", "CONTOH", "/etc"])
def test_no_such_pack_is_one_fault(pack: Path, name: str) -> None:
    found = check(name, pack.parent)
    assert [fault.file for fault in found] == ["region.yaml"]
    assert "there is no region pack" in found[0].text


def test_load_raises_every_fault_at_once_sorted_by_file_and_line(pack: Path) -> None:
    spoil(pack / "region.yaml", "Asia/Makassar", "Mars/Olympus")
    spoil(pack / "region.yaml", "minutes: 15", "minutes: -1")
    spoil(pack / "agencies.csv", "regency,99.71", "regency,99.72")
    spoil(pack / "phrases.yaml", "by {agency}.", "by us.")
    with pytest.raises(RegionFaults) as raised:
        load("contoh", pack.parent)
    assert [(fault.file, fault.line) for fault in raised.value.faults] == [
        ("agencies.csv", 9),
        ("phrases.yaml", 1),
        ("region.yaml", 6),
        ("region.yaml", 12),
    ]
    assert "region.yaml:6: unknown time zone 'Mars/Olympus'" in str(raised.value)
    assert raised.value.faults == check("contoh", pack.parent)


STRANGE = {
    "examples-of-no-category": ("examples/jalanan.txt", "examples/jalanan.txt", "unknown category 'jalanan'"),
    "a-table-among-the-examples": ("examples/jalan.csv", "examples/jalan.csv", "only files called <code>.txt"),
    "a-copy-an-editor-left": ("examples/jalan.txt~", "examples/jalan.txt~", "only files called <code>.txt"),
    "a-folder-among-the-examples": ("examples/lama/x.txt", "examples/lama", "only files called <code>.txt"),
    "a-file-among-the-aspects": ("aspects/kind.txt", "aspects/kind.txt", "only folders of aspects"),
    "an-aspect-with-one-label": ("aspects/danger/none.txt", "aspects/danger", "needs texts under two labels"),
    "knowledge-of-no-category": ("knowledge/jalanan.yaml", "knowledge/jalanan.yaml", "unknown category 'jalanan'"),
    "a-text-among-the-services": ("services/baca.txt", "services/baca.txt", "only files called <code>.yaml"),
}


@pytest.mark.parametrize(("made", "file", "says"), STRANGE.values(), ids=STRANGE)
def test_a_file_that_does_not_belong_is_named(pack: Path, made: str, file: str, says: str) -> None:
    (pack / made).parent.mkdir(exist_ok=True)
    content = (pack / "knowledge" / "jalan.yaml").read_text() if made.endswith(".yaml") else "atap sekolah bocor\n"
    (pack / made).write_text(content, encoding="utf-8")
    found = check("contoh", pack.parent)
    assert [(fault.file, fault.line) for fault in found] == [(file, 1)], found
    assert says in found[0].text


def test_examples_are_needed(pack: Path) -> None:
    shutil.rmtree(pack / "examples")
    assert check("contoh", pack.parent) == [Fault("examples", 1, "there is nothing in it")]


def test_a_category_without_knowledge_is_named_once_there_is_any(pack: Path) -> None:
    for file in (pack / "knowledge").iterdir():
        if file.stem != "air":
            file.unlink()
    names = ["bencana", "informasi", "jalan", "listrik", "pungli", "usulan"]
    assert check("contoh", pack.parent) == [Fault(f"knowledge/{n}.yaml", 1, "the file is missing") for n in names]
