"""Words that mean something by themselves, so that none of them is taken for a misspelt place."""

from __future__ import annotations

import re

from dispatch.region import Region

#: National Indonesian words and cities elsewhere that look like names of places when one letter is wrong. What a
#: region's own texts say is added to them.
_WORDS = frozenset(
    """
    balangan balungan banyo bangunan batasan belangan belokan belulang belungan bentang berani betapa betawi bilangan
    bolongan bualan buangan bulan bulanan bulangan bungalo bunga bunyi buruan burungan gulungan kelabu kelapa kenangan
    keraian kerajaan kerajinan keramaian kerapian keriangan keriuhan kerukunan krajan krayon kunjungan lambat lambung
    lembaga lembata lembus lingkar lingkas lombok lumayan lumbung lumpuh lumpur malaikat malam malang malas malaysia
    malino nunukin manado mandau mansion masjid mengapa mengarang menantang mendatang menentang menerang mentang mentari
    mentega mentereng menyerang merantau meranti minang nanya nunggu nunggak palopo pajangan payungan pejalan
    pelancar pembelian pembeliannya pemukiman penanti perjuangan perlintasan pimpin pimpinan pujaan pujangga pujian
    rantau renungan sabtu salin samping sampingan saudara sebagai sebaik sebaiknya sebalik sebaliknya sebatang sebatas
    sebawah sebelah sebentar seberapa sebuah sebut sebutan sebutir secarik sedunia segitu sejati sekadar sekaligus
    sekarang sekarat sekata sekatan sekitar sekolah sekotak selaku selama selamat selembar selimut seluruh semalam
    semarang sembahyang sembako sembarang sembelih sembilan semburan sembuh sembunyi semula sengketa sepakat sepanjang
    sepatu seragam serentak serupa sesaat sesak sesama sesayat sesekali seserahan sesiap sesuatu setabung setahun
    setara setelah setengah setiap setinggi setitik setulus siaran sibuk simpanan singkong sultan surabaya tabrakan
    tabungan taburan tahanan takalar takaran tanaman tangan tapakan tarakhir tarekat tarik tarikan tataran tatakan
    tawaran tekanan tenggiling tepian terakhir terapan terasa terbatas terima terjun tetapan tirakatan tolong
    terbaring pesawat sebaris trakea tumpukan tunangan tunjukan tuntutan turunan
    """.split()
)
_WORD = re.compile(r"[^\W\d_]+")


def ordinary_words(region: Region) -> frozenset[str]:
    """Calling this will give the words, in small letters, that the region's examples use, and a national list."""
    return _WORDS.union(*(_WORD.findall(example.text.casefold()) for example in region.examples))
