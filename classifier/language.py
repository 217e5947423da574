"""In which language a text is written: Indonesian, Malay of Malaysia, or English, by the small words nobody borrows.

Regional languages of Indonesia (Banjar, Bugis, Javanese, Tidung …) count as Indonesian: their speakers read it. Malay
and Indonesian share most words; only spellings and words that one of the two does not use tell them apart.
"""

from __future__ import annotations

import re

from classifier.text import clean

INDONESIAN, MALAY, ENGLISH, UNKNOWN = "id", "ms", "en", ""
#: So many characters tell the language; more would only cost time.
HEARD = 2000
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
# Prefixes and endings of Indonesian and Malay words that no table holds.
_FORMED = re.compile(r"(?:me[mn][a-z]{4,18}|ke[a-z]{3,16}an|pe[a-z]{4,16}an|[a-z]{3,16}(?:nya|kan|lah))")


def _set(block: str) -> frozenset[str]:
    return frozenset(block.split())


_ENGLISH = _set(
    """
    the is are was were am been being have has had does did not don't doesn't isn't aren't can't cannot won't didn't
    haven't hasn't wasn't my our your their his her its we they you he she i'm it it's there's they're we're i've
    we've this that these those there here where when what who why how which would could should will shall can must
    and but or because since until if then than for from with without about near into over under after before please
    help need want wants broken water road roads street light lights electricity house home school police hospital
    nurse rubbish garbage trash flood flooded fire bridge smell noise dirty dangerous hole holes pothole potholes
    nobody someone somebody people children child day days week weeks month months year years today yesterday tomorrow
    night morning afternoon evening hello hi good dear sir madam thank thanks complaint apply get got fix fixed stolen
    drunk bad very much many yes to of in on at by every still yet also only just never always while during out off
    back how's what's let me him them us some any so now again collected working works open opening hours office card
    passport lost ask question know tell all other more most same too first last next new old big small long short
    high low closed close free late early slow fast price cost fee schedule application permit license licence birth
    certificate tax land salary job work worker workers teacher teachers student students market food fish ship
    airport flight ticket traffic parking signal phone call officer officers government governor mayor village city
    town river sea rain tree dog dogs snake power outage electric pipe leak leaking full empty dump burning smoke dust
    family neighbour neighbor neighbors wife husband mother father baby son daughter kids nothing anything everything
    something everyone anyone another each both few little half hour minute minutes monday tuesday wednesday thursday
    friday saturday sunday send sent called come came coming go going gone take took taken give gave given make made
    see saw seen say said says told find found pay paid payment money buy sell live lives living far left right front
    behind between around through along across kind regards sincerely yours urgent urgently immediately soon ago later
    ever already almost enough really thing things way place area side end part start stop stopped happen happened
    happening keep keeps kept building build built
    """
)
_INDONESIAN = _set(
    """
    bisa karena krn saja rusak kapan kantor mobil dokter obat polisi uang duit mau bapak pak bu bpk puskesmas
    kelurahan kecamatan kabupaten bupati gubernur walikota camat lurah provinsi dinas desa warga listrik pln pdam bpjs
    ktp rt rw motor trotoar selokan parit belum nggak ngga enggak gak ga kagak tdk sdh udah udh blm belom yg dgn utk
    jgn klo kalo bgt banget sekali sih dong deh kok nih gimana bagaimana gmn mengapa aja gue gua lu kalian lapor
    laporan melaporkan min mas mbak kak om secepatnya supaya agar tapi kemarin besok lusa sore terimakasih makasih
    assalamualaikum macet sinyal pulsa sabu begal maling dicuri kesehatan rsud darurat tilang kereta gantian bensin
    solar elpiji becek got wc kamar apotek jln mhn tlg bgmn knp dimana kemana gratis kuliah honorer perawat pemkot
    pemprov pemda satpol damkar mboten nggih piye kulo sampun dalan niki iki ora opo wis karo sing nuwun matur durung
    ojo saged badhe kula wonten pripun punten kumaha abdi teu henteu atuh mah teh kang upami bade tiasa euy naha
    teuing sampurasun kada ulun pian banyu haja kadada handak urang sidin bubuhan banar lawan wan gasan nangkaya lawas
    larang haratan telat error ditipu antri antrian izin ijin langka pajak kuota cair aplikasi verifikasi berkas loket
    akta oknum pungli bansos pabrik limbah pupuk nelayan usul iye iyye tabe mi ji pi ki nda ndak kite macem mane puang
    andi kantornya menit kota daerah wilayah tetangga nomor handphone hp ojek speedboat mengurus ngurus bikin kasih
    dapet dokternya pemerintah sekolahan ijazah kompor mesin genset sopir jembatan kecelakaan pengendara pencurian
    pelayanan bupatinya ngeluh rusaknya cuma butuh pengen
    """
)
#: Spellings and words of Malaysia that Indonesians do not write.
_MALAY = _set(
    """
    kerana sahaja rosak kerosakan bilakah bagaimanakah dimanakah berapakah mengapakah encik puan awak korang hospital
    doktor ubat polis bomba wang telefon lori motosikal basikal longkang tandas perbandaran kaunter temujanji hendak
    mahu sekiranya iaitu manakala jururawat kecemasan maklumkan elektrik pasport imigresen macamana camne takde takda
    jalanraya lebuhraya cikgu teksi bekalan beritahu esok kesesakan lampin syarikat warganegara kemudahan perkhidmatan
    menyelenggara sebarang cawangan tarikh hantar dihantar isnin khamis jumaat ogos disember dibaiki baiki pembaikan
    katil tiada nombor paip sijil lesen borang jiran bandaraya kemalangan pesakit minit kerajaan geran enjin jeti
    lembu petrol stesen kontena yuran biasiswa oku tersekat pakcik makcik takkan ianya selekoh jejantas perhentian
    saman samun bergaduh senapang biskut kaunsel kesihatan tayar kutipan pohonan mohonlah kelewatan lewatnya
    menjejaskan pengsan kecurian dirompak merompak ragut meragut terbiar turapan sikit siapakah penyewa ialah mykad
    kastam
    """
)
#: Said on this side of the border too: one alone proves nothing.
_MALAY_TOO = _set(
    """
    tak nak dah kat je la bila boleh cakap tengok kereta petang sila tuan bas klinik budak awam adakah sikit sebab
    majlis duit pemandu kutip kemas kilang emak cik cedera pekan dadah simen bising sangkut guna dekat bapa pokok
    isyarat pun tu ni kedua laju sungguh amat turut khuatir risau baharu pasukan lewat macam
    """
)
#: Of both: they say only that it is one of the two.
_SHARED = _set(
    """
    sudah tidak jalan air sekolah hari ini itu yang dan di ke dari untuk dengan ada saya kami mereka pada tolong minta
    banjir kenapa siapa selamat pagi malam terima kasih kita atau apa apakah akan telah juga lagi masih kampung sampah
    aku anda aduan tadi semalam sekarang lubang berlubang sangat tunggu permohonan pun seorang penduduk pihak surat
    daftar orang anak besar kecil jam bulan minggu tahun depan belakang dekat jauh hujan api asap bau busuk kotor
    gelap panas sakit bantu bantuan bagi dalam luar sini situ sana boleh harga mahal murah sungai laut jambatan semua
    banyak sampai buat beli jual masuk keluar baru lama nama nomor mohon ibu segera harus namun tetapi sejak adalah
    lampu mati bocor guru murid hilang susah lambat gagal terus ditolak kosong kabel rumah bayar gas pasar padam siang
    adik kakak gedung lapangan bah kah tida nah biaya sapi petugas pegawai tindakan ketika hampir ketua jangan pukul
    ambil kali
    """
)


def tell(text: str) -> str:
    """Calling this will name the language of a text: "id", "ms", "en", or "" when its words do not tell."""
    words = _WORD.findall(clean(text[:HEARD]).casefold().replace("’", "'"))
    english = sum(word in _ENGLISH for word in words)
    indonesian = sum(word in _INDONESIAN for word in words)
    malay = sum(word in _MALAY for word in words)
    malay_too = sum(word in _MALAY_TOO for word in words)
    shared = sum(word in _SHARED for word in words)
    formed = sum(_FORMED.fullmatch(word) is not None for word in words if word not in _ENGLISH)
    here = indonesian + malay + max(malay_too, shared, formed)
    if english > here and (english > 1 or len(words) <= 3):
        return ENGLISH
    if not here:
        return UNKNOWN
    if (malay and 2 * malay + malay_too > 1.5 * indonesian) or (malay_too >= 2 and malay_too > 2 * indonesian):
        return MALAY
    return INDONESIAN
