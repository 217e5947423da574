"""Everyday Indonesian short forms: what a citizen types → the word that is meant. Written by hand for public
complaints.

Left out on purpose, because the usual reading is the wrong one here or there are two: sma, smp, sd, tk (schools),
pp (Satpol PP), kk (kartu keluarga), sk, sim, rs, dr (dokter, dari), pkl (pedagang kaki lima, pukul), tpi (fish
landing, tapi), mtr (motor, meter), kaya. ``gg`` is a *gang*, an alley.
"""

from __future__ import annotations

_BY_WORD = """
yang: yg yng ygg iang
tidak: tdk tdak gak ga gk nggak ngga enggak engga ndak nda ndk kagak kaga ngk tidk tak
sudah: sdh udh udah sudh dah sdah uda
belum: blm blum belom blom blon
untuk: utk untk tuk utuk unt
karena: krn krna karna krena
dengan: dgn dg dng dengn
jalan: jln jl jlan jaln jlnan
gang: gg
mohon: mhn mohn mhon moho
tolong: tlg tlong tlng tolng tulung
minta: mnta
bapak: bpk bpak bp
saya: sy sya sayah
kami: kmi kmy
kita: kta
mereka: mrk mrka
orang: org orng
warga: wrg wrga
masyarakat: masy msyrkt masyrkt masyarkat mayarakat
anak: ank
keluarga: klrga kluarga
rumah: rmh rmah
sekolah: sklh skolah skul sekola
lampu: lmpu lampuh
sampah: smph smpah
banjir: bnjir bnjr
kebakaran: kebakran kebkaran kbkrn kbakaran kebakarn kebakarann
tenggelam: tglm tnglm tnggelam tengelam tggelam
longsor: lngsor longsr
kecelakaan: kclakaan kcelakaan kecelakan kclkaan
rusak: rsk rusk rusax
mati: mti
air: aer
bagaimana: gmn gmna gmana bgmn bgmana gimana
kenapa: knp knpa napa
mengapa: mngapa
dimana: dmn dmna dimna
kemana: kmn kmna
kapan: kpn kpan
siapa: sypa siapah
berapa: brp brpa
ada: ad
adalah: adlh adl
jangan: jgn jngn jangn
kalau: klo kalo klu kl klw kalaw kalu
dalam: dlm
dari: dri drpd
kepada: kpd kpda
pada: pd
terus: trs trus
banyak: byk bnyk bnyak
sangat: sgt sngt sangt
sekarang: skrg skrang skg skr skrng
kemarin: kmrn kmarin kmaren kemaren
besok: bsk
hari: hr hri
bulan: bln
tahun: thn th
tanggal: tgl tggl
menit: mnt
malam: mlm malem mlam
pagi: pgi
minggu: mggu mnggu
bisa: bs bsa
sebagai: sbg sbgai
seperti: spt sprti sperti kyk kayak
dapat: dpt dpat
jadi: jd jdi
juga: jg jga
saja: aja aj sj sja
bukan: bkn bukn
masih: msh msih
sama: sm
atau: ato atw ataw
tersebut: tsb tsbt trsbt
harus: hrs hrus
perlu: prlu
masalah: mslh mslah maslah
kabupaten: kab
kecamatan: kec kcmtn
kelurahan: kel klrhan
desa: ds
dusun: dsn
provinsi: prov propinsi prop
kurang: krg krang
lebih: lbh
sebelum: sblm sblum
setelah: stlh stelah
sampai: smpe smpai sampe sampek nyampe
dekat: dkt dket deket
belakang: blkg blkng blakang
depan: dpn
mobil: mbl
petugas: ptgs petgas ptugas
pegawai: pgwai pegawe
pemerintah: pmrnth pmrintah pemrintah pemerinth
pelayanan: plynan playanan pelyanan
perbaikan: prbaikan perbaikn
diperbaiki: diprbaiki dperbaiki diperbaikin dibenerin
ingin: pgn pngn pengen pingin pengin
sekali: bgt bngt banget skali
terimakasih: trims trimakasih makasih mksh tks thx tq trmksh
salam: ass aslm asslm assalamualaikum aslmkm askum
nomor: no nmr nomer
buat: bwt bwat
beli: bli
harga: hrg hrga
bayar: byr
datang: dtg dtang dateng
langsung: lgsg lgsung langsng
selalu: sllu slalu
sering: srg srng
kadang: kdg
tempat: tmpt tmpat
katanya: ktnya
tadi: tdi
pakai: pke pake pakek
jumlah: jml jmlh
tentang: ttg tntg tntang
terhadap: thdp trhdp
padahal: pdhl pdahal
hanya: hny hnya cm cuma cuman
lewat: lwt lewt
lagi: lg lgi
tapi: tp ttp tetapi
mau: mw mo
lihat: liat lht
bilang: blg blang
baik: baek bae
habis: abis hbs
pergi: pigi
kasih: ksh ksih
benar: bener bnr
maaf: maf
dulu: dlu
agar: agr supaya spy
"""


def short_forms() -> dict[str, str]:
    """Calling this will build the table short form → word (about 300 rows)."""
    table: dict[str, str] = {}
    for line in _BY_WORD.strip().splitlines():
        word, _, forms = line.partition(":")
        table.update(dict.fromkeys(forms.split(), word))
    return table
