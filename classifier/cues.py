"""Cues of what a citizen wants: does a text ask, propose, thank, greet, sell, or tell of something wrong?

Words tell much of it, but a short text has few, and most of those no example ever held. So the words people use for
each are named once, and a cue is which of them meet, which comes first, and whether anything else is said.
"""

from __future__ import annotations

import re
from functools import cache

from classifier.text import NUMBER, PHONE, URL, clean, tokens

_CUES = """
ask: bagaimana gimana cara caranya syarat syaratnya berapa dimana mana kapan apakah apa siapa jadwal alamat nomor
    nomornya jam info informasi tanya nanya bertanya bertanyalah numpang prosedur biaya link batas bolehkah bisakah
    adakah pirsa tumaros batakun dimanakah kah kemana berapakah how what where when which does nang nopo
propose: usul usulan mengusulkan usulkan diusulkan mausul saran menyarankan sarankan masukan aspirasi harapan berharap
    mengharap mengharapkan semoga sebaiknya seharusnya hendaknya alangkah ide gagasan dibangun dibangunkan bangunkan
    bangun pembangunan pengadaan diadakan adakan program diprogramkan rencana direncanakan musrenbang dianggarkan
    anggarkan proposal jadikan dijadikan suggest suggestion consider mendukung dukung setuju kiranya dipertimbangkan
    pertimbangkan perbanyak tingkatkan kembangkan lestarikan perjuangkan andai seandainya kedepan mendambakan didamel
thank: terimakasih makasih trima suwun nuwun nuhun syukron thanks thank thx tq alhamdulillah syukur puas mantap salut
    hebat apresiasi bangga keren jempol sukses terbaik pertahankan lanjutkan memuaskan ramah terharu matur tengkyu
    great
greet: halo hallo hai hay hi hello hey selamat pagi siang sore malam assalamualaikum salam permisi punten tabe misi
    tes test ping kenal sugeng sampurasun wilujeng shalom kabar morning afternoon evening good dear
close: pak bapak ibu bu min mimin admin kak kakak bang mas mbak sir madam gub gubernur bupati wali ya iya ok oke baik
    siap sip saya mau ingin lapor melapor ngadu bisa boleh bantu dibantu dong nih ada orang ini itu yang wr wb
    warahmatullahi wabarakatuh untuk semua balas masuk coba cek start mulai menu help bantuan
sell: promo diskon bonus klik daftar slot gacor judi togel poker pinjaman pinjol talangan cair jual dijual jasa kredit
    murah termurah gratis investasi profit hadiah undian pemenang menang selamat jackpot deposit member otp kode
    verifikasi sebarkan forward agen sales hubungi telegram channel subscribe like follow followers dropship reseller
    cod herbal obat kuat pelangsing umroh kavling dp cicilan garansi original ready stok order open win winner prize
    loan earn money dollars click viagra bitcoin crypto trading arisan pesugihan pelet dukun jimat prediksi angka
wrong: rusak mati lambat belum kotor bau macet hilang kosong habis mahal susah lama bocor banjir parah gelap putus
    terlambat telat kecewa buruk judes kasar ditolak tolak error gagal mampet tersumbat tumpuk menumpuk longsor roboh
    berlubang lubang becek keruh padam langka antri antrian lemot berisik liar pungli korupsi dipotong potong bolos
    curang dipersulit dibiarkan terbengkalai tutup nonaktif dicabut sakit dicuri ditipu bongkar jelek retak lapuk
    miring tertunda molor keluhan mengeluh mengadu aduan melaporkan broken off dirty
not: tidak tanpa bukan jangan kada ora teu no not never
please: mohon tolong minta harap segera tulung nyuwun please
"""
_CUE = re.compile(r"^(\w+):((?:[^\n]|\n )*)", re.MULTILINE)
_LENGTHS = ((2, "two"), (4, "four"), (8, "eight"), (16, "sixteen"), (40, "forty"))


@cache
def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for name, words in _CUE.findall(_CUES):
        for word in words.split():
            if name not in table.get(word, ()):
                table[word] = (*table.get(word, ()), name)
    return table


def cues(text: str) -> list[str]:
    """Calling this will list the cues of a text, sorted, each once; their names mean nothing outside training."""
    table = _table()
    forms = [token.form for token in tokens(text)]
    met = [table.get(form, ()) for form in forms]
    named = [name for names in met for name in names]
    found = {f"{name}." for name in named}
    said = sorted(set(named) - {"close", "please", "not"})
    found.update(f"{first}+{second}" for at, first in enumerate(said) for second in said[at + 1 :])
    found.add(f"first {said and next(name for name in named if name in said)}")
    if not said:
        found.add("nothing")
    if forms and all(set(names) & {"greet", "close"} for names in met):
        found.add("only greeting")
    if forms and all(set(names) & {"thank", "greet", "close"} for names in met):
        found.add("only courtesy")
    found.update(kind for kind in (URL, PHONE, NUMBER) if kind in forms)
    if "?" in clean(text):
        found.add("question")
    found.add(next((f"words {name}" for most, name in _LENGTHS if len(forms) <= most), "words many"))
    return sorted(found)
