"""In which language citizens write: a table of sentences."""

from __future__ import annotations

import pytest

from classifier.language import tell

INDONESIAN = """
lampu jalan mati
jalan di depan rumah saya rusak parah
air pdam tidak mengalir
KTP saya belum jadi pak
mohon sampah diangkut
kapan jalan kami diperbaiki?
bansos tidak tepat sasaran
tolong pak, listrik padam dari pagi
dokter tidak ada di puskesmas
gimana cara bikin KK
saya mau tanya syarat SIM
petugas loket judes banget
jln rsk bgt pak
gk ada air min
knp sinyal hilang terus
bpk gubernur yth
assalamualaikum, mau lapor
terima kasih atas jawabannya
selamat pagi pak
harga beras naik
sekolah kekurangan guru
anak saya tidak dapat beasiswa
kades korupsi dana desa
pungli di pelabuhan
banjir setinggi lutut
tolong segera diperbaiki
bus sekolah tidak pernah datang
orang gila keluyuran
kapal feri telat
wifi kantor desa mati
lampu street light mati pak
mohon update laporan saya
aplikasi error terus, please dibantu
link pendaftaran tidak bisa dibuka
ulun kada tahu ka mana malapor
banyu kada jalan saminggu
pian tolongi pang ulun
piye carane ngurus KTP
jalane rusak parah pak
kulo badhe tanglet
air mati mi pak
tabe, kapan diperbaiki jalanku
punten abdi bade naros
jalan butut pisan
kite nak lapor jalan rusak di kampung
ndak ada lampu di sini nah
macam mana ini pak lampu mati terus
tak ada sinyal di desa kami
"""
MALAY = """
lampu jalan di kampung kami rosak
jalan raya rosak teruk, bila nak baiki
encik, bekalan elektrik terputus
tandas awam kotor
longkang tersumbat
kereta saya masuk longkang
tolong panggil polis
doktor tiada di hospital
bilakah pejabat dibuka, encik
saya hendak memohon pasport
berapakah yuran sekolah
bagaimanakah cara memohon lesen
ubat habis di klinik kerajaan
bomba lambat sampai
motosikal saya hilang
lori melanggar tiang elektrik
wang bantuan belum diterima
awak tolong beritahu pihak berkuasa
korang tak boleh macam ni
jalan berlubang, bahaya untuk motosikal
kerana hujan, longkang melimpah
sahaja hari isnin dibuka
temujanji hospital saya dibatalkan
kaunter tutup awal
cikgu tiada di sekolah
saya mahu buat aduan tentang sampah
paip pecah depan rumah jiran
kanak kanak jatuh longkang
telefon saya hilang di jeti
tak nak tunggu dah, tolonglah encik
"""
ENGLISH = """
the street light is broken
water has been off for three days
please fix the road near my house
where is the samsat office
how do I renew my passport
there is a fire in the market
my father is sick and needs an ambulance
nobody collects the garbage
the bridge is dangerous
when will the power be back
I want to report a broken pipe
good morning sir
thank you very much
our village has no clean water
the officer asked for money
what documents do I need
is the clinic open today
stray dogs everywhere
no teachers at our school for weeks
it smells bad near the river
help, someone is drowning
the ferry was late again
can you help me please
too many potholes on this street
we need a doctor
"""
NOBODY_KNOWS = [
    "",
    " ",
    "🚧",
    "12345",
    "???",
    "道路损坏",
    "Дорога разбита",
    "الطريق",
    "asdf qwer",
    "https://contoh.example/x",
    "\x00",
    "a@contoh.id",
]

CASES = [
    *((text, "id") for text in INDONESIAN.strip().splitlines()),
    *((text, "ms") for text in MALAY.strip().splitlines()),
    *((text, "en") for text in ENGLISH.strip().splitlines()),
    *((text, "") for text in NOBODY_KNOWS),
]


@pytest.mark.parametrize(("text", "language"), CASES)
def test_the_small_words_tell_the_language(text: str, language: str) -> None:
    assert tell(text) == language


@pytest.mark.parametrize("text", ["a" * 100_000, "the " * 50_000, "\ud800" * 10, "\u202e" * 9])
def test_no_text_makes_it_raise(text: str) -> None:
    assert tell(text) in ("id", "ms", "en", "")


def test_letters_that_only_look_latin_are_read() -> None:
    assert tell("jаlаn ruѕаk pаrаh") == "id"
