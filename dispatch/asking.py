"""The words of asking: what everyday Indonesian questions about a service are made of, beside the service itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from classifier.text import tokens

#: A question is short; whoever writes more tells a story.
LONGEST_QUESTION = 400

#: Words that say the same when somebody asks for a service.
_SAME = """
buat: bikin membuat pembuatan dibuat membikin cetak bikinin
urus: mengurus ngurus pengurusan diurus
hilang: ilang hlg kehilangan tercecer
syarat: persyaratan
biaya: bayar membayar pembayaran bayaran tarif ongkos harga
bagaimana: cara prosedur how
mana: dimana kemana where
daftar: mendaftar pendaftaran mendaftarkan registrasi
cair: mencairkan pencairan cairkan dicairkan
pindah: memindahkan dipindah
beli: membeli pembelian
perpanjang: perpanjangan memperpanjang diperpanjang
"""

_ASKING = """
bagaimana apa apakah berapa mana siapa kapan syarat bisa boleh mau ingin info tanya nomor jadwal jam alamat perlu
adakah kah what when who which need
"""

_COMPLAINING = """
kenapa mengapa why belum lambat kecewa error oknum pungli rusak parah dipersulit ditolak padahal terus jangan susah
malas sering selalu kosong langka antre antri antrean panjang calo kasihan segera tindak ditindak perbaiki diperbaiki
salah gagal mahal bolak suruh disuruh percuma bohong kapok payah habis bermasalah takut nyangkut jelas ditunda berubah
dihentikan
"""

_IDLE = """
min mimin admin pak bu bapak ibu kak bang mas mbak gan ya yah dong sih nih deh kok selamat pagi siang sore malam salam
halo hai permisi maaf mohon tolong tanya nanya bertanya terimakasih terima kasih saya aku kami kita kalau itu ini yang
dan dengan untuk dari di ke oleh pada akan jadi nya punya suami istri sekarang tahun bulan hari kemarin tadi besok
minggu lalu infokan infonya saja ada juga agar tidak atau lagi please thanks the to is i my a do can of in for it and
"""

#: Who asks uses one of these; the question mark says it too.
ASKING = frozenset(_ASKING.split())
#: Who complains uses one of these, unless the service itself is asked for with it ("KTP rusak").
COMPLAINING = frozenset(_COMPLAINING.split())
#: Politeness and small words say nothing about the service.
IDLE = frozenset(_IDLE.split())

_TIME_OF_DAY = re.compile(r"\bjam \d", re.IGNORECASE)
_NYA = re.compile(r"([a-z]{4,})nya")
_KAH = re.compile(r"([a-z]{3,})kah")


def forms_of(text: str) -> list[str]:
    """Calling this will give the words of a text in their plainest form (``syaratnya`` → ``syarat``), those that say
    the same as one; numbers, links and addresses say nothing about a service and are left out.

    What comes after twice ``LONGEST_QUESTION`` characters is not looked at.
    """
    found: list[str] = []
    for token in tokens(text[: 2 * LONGEST_QUESTION]):
        form = token.form
        if form.islower():
            for ending in (_NYA, _KAH):
                form = match[1] if (match := ending.fullmatch(form)) else form
            found.append(_same().get(form, form))
    return found


def asks(text: str, forms: Sequence[str]) -> bool:
    """Calling this will say whether a text with these ``forms`` asks anything; "jam 10" tells the time of day."""
    words = ASKING - {"jam"} if _TIME_OF_DAY.search(text) else ASKING
    return "?" in text or not words.isdisjoint(forms)


@cache
def _same() -> dict[str, str]:
    rows = (row.partition(":") for row in _SAME.strip().splitlines())
    return {form: word for word, _, others in rows for form in others.split()}
