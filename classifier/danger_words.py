"""What words say about danger: classes of words, from which ``classifier.signs`` makes its signs.

A name begins a class: single words, then phrases, each after a ``|``. A word stands for its forms too (``tusuk`` for
*ditusuk*, *menusuk*, *tertusuk*, *penusukan*); see ``root``. The table says what a word can mean, not what it means:
what counts is learnt from examples. Indonesian first, with what Banjar, Bugis, Javanese, Sundanese, Malay and English
speakers write in its place.
"""

from __future__ import annotations

#: Something may be happening to somebody.
HAPPENINGS = """
fire: kebakaran bakar kebakar tabakar kabakaran kobong kobongan kahuruan kahuru lalap rembet jalar molotov burning api
    apine bara fire menyala nyala gosong hangus korslet korsleting konslet
smoke: asap kebul smoke
explode: ledak meledug letup explosion exploded
gas: gas lpg elpiji tabung freon klorin amonia amoniak karbon
leak: bocor desis leak sengat
drown: tenggelam hanyut seret kelelep klelep kalalap kelelap ketelep tinggalam tarseret tercebur cebur kacabur kejebur
    kecemplung cemplung nyemplung apung drowning drowned drown
    | lemas di | belum timbul | belum muncul | tidak muncul | belum naik | bawa arus | kebawa arus | terbawa arus |
    dibawa arus | ombang ambing
capsize: terbalik tabalik karam sinking capsized kandas oleng miring kemasukan
flood: banjir bnjir rendam kerendem flood flooded flooding bah rob ungsi genang banyu
rise: naik munggah mundhak luap jebol rising tinggi deras
deep: sedada sepinggang sapinggang sepaha seleher sebahu seatap roof plafon loteng atap genteng genting jendela leher
    dada dodo pinggang lemari dahan bumbung para
    | lantai dua | lantai 2 | dua meter | 2 meter
trap: jebak kejebak kepung takapung jepit kejepit kajapit sangkut nyangkut gencet kubur perangkap kurung kunci sepit
    trapped stuck buried pegang nempel tempel isolasi isolir kepit
hitby: timpa ketimpa timbun ketimbun katimbun tindih nimpa jatuhan
inside:
    | di dalam | tidak bisa keluar | belum bisa keluar | belum keluar | masih di | minta jemput | minta dijemput |
    mohon dijemput | tolong jemput | jemput kami | tidak bisa turun | tidak bisa naik | still inside | di bawahnya |
    di bawah | belum bisa dilepas | tidak bisa lepas | orangnya di | ning njero | neng njero
crash: kecelakaan celaka kclakaan tabrak tabrakan ketabrak katabrak nabrak laka lakalantas guling jurang lindas gilas
    pental crash accident eksiden serempet
fallp: jatuh terjun perosok peleset fell gugur lompat loncat jump anjlok lumpat gigir
coll: roboh rubuh ambruk longsor runtuh ambrol tumbang gempa amblas landslide reruntuhan collapsed puting retak
uncon: pingsan unconscious sekarat kritis tergeletak terkapar koma semaput
    | tidak sadar | tidak sadarkan | kada sadar | ora sadar | teu eling | setengah sadar | belum sadar |
    tidak bergerak | tidak gerak | tidak bisa gerak | tidak bangun | tidak bisa bangun | tidak menyahut | tidak respon
    | tidak menjawab | tidak bisa bicara | tidak bisa dibangunkan | tidak ada nadi | ada nadinya | not moving
bleed: darah getih pendarahan perdarahan bleeding luka robek putus patah mimisan infus
breath: sesak napas nafas breathing bernapas asma sedak keselek bahinak cekik biru busa oksigen ngorok gasp
seiz: kejang stroke jantung kaku step gigil dehidrasi pelo mencong igau
birth: lahir ketuban kontraksi salin nglairke babaran plasenta labour nifas mules
ill: demam muntah diare lemas sakit mual pusing bengkak panas muntaber mencret mancirit vomiting vomit lepuh fainting
    parah
poison: keracunan kracunan maracun poisoning overdosis overdose oplosan
toxic: racun pestisida baygon bleach minyak pembersih obat soda jamur bensin kimia cairan pills sianida merkuri
ingest: minum makan telan nelan hirup drank swallowed minom
attack: pukul bunuh bacok kebacok tikam tusuk tembak keroyok tawuran serang nyerang aniaya siram hakimi kdrt siksa
    beating attack attacked ampuhi timpas sabet gebuk digebuki tampar bentrok hajar antem ngantemi tendang baku kelahi
    rusuh kelai
weap: parang pisau celurit clurit badik senjata sajam kapak tombak panah pistol knife gun bom bomb balok samurai busur
    mandau arit senapan belati golok
amok: amuk ngamuk ngamok kalap mabuk odgj gila
capt: sekap sandera culik paksa perkosa ikat kidnap kidnapped hostage
threat: ancam ngancam kejar dobrak buntut rampok begal rompak bajak todong ikuti kuntit
shock: setrum kesetrum kasatrum kesetrom strum stroom nyetrum electrocuted renjatan percikan petir strom kestrum
    satrum
elec: listrik kabel tiang pln gardu trafo colokan meteran kawat steker arus tegangan tegang wire
sever: putus kelupas juntai tuntai
lost: hilang ilang leungit sesat kesasar nyasar missing lost pikun linglung demensia alzheimer raib ical
notback:
    | belum pulang | tidak pulang | belum kembali | tidak kembali | hilang kontak | belum ditemukan | belum ketemu |
    tidak ketemu | balum bulik | belum turun | tidak ada kabar | tidak bisa dihubungi | hp tidak aktif |
    hpnya tidak aktif | nomornya tidak aktif | not returned | not come | balum dapat | keluar rumah | kehilangan jejak
    | belum dapat | pergi dari | dibawa kabur | belum sampai | durung mulih
search: cari gagai golek goleki search
beast: ular ulo kobra piton sanca buaya buhaya beruang tawon vespa lebah anjing asu snake crocodile cobra rabies ulr
    monyet kera babi lipan kalajengking harimau macan dog
bite: gigit terkam sengat patuk patok lilit seruduk sambar bitten gigitan cakar
selfh: suicide myself sayat nyilet silet iris
    | bunuh diri | gantung diri | akhiri hidup | mengakhiri hidup | akhiri hidupnya | mengakhiri hidupnya |
    akhiri semua | mau mati | ingin mati | pengen mati | nak mati | hoyong maot | mau lompat | mau loncat | mau terjun
    | mau nyemplung | lompat dari | loncat dari | gunanya hidup | gunanya lagi | surat perpisahan | surat pamit |
    pesan terakhir | kill myself | bakar diri | baik mati | mending mati | mendingan mati | to jump | to die |
    menyakiti diri | melukai diri | lagi hidup | sanggup hidup | siapkan tali | siapkan talinya | pegang racun |
    mati mawon | mati aja | mati saja | benci hidup | capek hidup | lelah hidup | bosan hidup | kuat hidup |
    ingin hidup | mau hidup | buat apa hidup | selamat tinggal | tidur selamanya | pergi selamanya | menyusul dia |
    jangan cari saya | jangan cari aku | the rope
cry: teriak jerit nangis tangis berteriak
    | minta tolong | minta bantuan | minta pertolongan | butuh pertolongan | butuh bantuan
dead: tewas mati died meninggal
"""
#: When, to whom, and what is asked for.
CIRCUMSTANCES = """
now: sekarang barusan sedang now saiki ayeuna wahini malam
    | saat ini | malam ini | hari ini | baru saja | sekarang juga | menit lalu | jam lalu | dari tadi |
    sampai sekarang | tadi pagi | tadi siang | sejak tadi | right now | sebentar lagi | jam lagi | menit lagi |
    lagi kebakaran | dari pagi | dari siang | dari subuh | sejak pagi | sejak subuh | masih berlangsung |
    sedang berlangsung | baru tadi | setengah jam | just now
still: masih still makin semakin tambah terus
notyet:
    | belum ada | belum datang | belum ditangani | tidak diangkat | tidak datang | belum sampai
quick: cepat cpt cepet secepatnya segera lekas lakasi urgent darurat sos please buruan
help: tolong tulung tulungan selamatkan help rescue tolongi bantu
send: jemput jamput kirim panggil send hantar terus evakuasi antar
resp: ambulans ambulan ambulance damkar pemadam pamadam bomba sar basarnas bpbd polisi polis police paramedis
    penyelamat penyelam serum medis polairud igd ugd dokter basarda psc bidan
who: orang anak kakanak bayi balita ayah mama emak suami laki istri isteri bojo bini adik adek kakak kaka abang nenek
    kakek mbah simbah paman warga penumpang pekerja karyawan korban siswa siswi murid santri teman temen tetangga
    tonggo pengendara sopir nelayan petani pasien lansia wanita perempuan pria gadis remaja bocah keluarga penghuni
    abdi buruh urang wong tukang mertua cucu ponakan keponakan pedagang pengunjung jamaah child people man woman son
    daughter father mother wife husband brother sister kids kuli satpam abk mahasiswa mahasiswi pelajar tki tkw
    seseorang seorang pelaku pemuda pendaki pemancing penambang jemaat rombongan kernet guide hikers someone somebody
    budak
kin: ibu bapak bapa abah bapake ibuku bapakku
self: saya kami aku ulun kulo my we i kita
small: bayi balita hamil lansia nenek kakek lumpuh bocah kecil tua
house: rumah omah imah kos kost kamar kelas asrama dapur house home bangunan pemukiman kampung rmh gedung toko ruko
    warung gudang sekolah pasar pabrik masjid hotel puskesmas tenda dinding kontrakan bedakan panti
vehicle: mobil motor truk bus travel tangki car motorcycle angkot sepeda pesawat helikopter ekskavator crane alat lift
boat: perahu prahu kapal speed speedboat longboat ketinting kelotok feri ferry rakit ponton tongkang boat bot sampan
water: sungai laut sumur kolam parit dermaga jembatan pantai muara danau tambak empang batang kali jeram bendungan
    waduk selokan got air galian river sea arus ombak gelombang banyu
wild: hutan gunung jurang gua kebun ladang lahan semak bukit tebing tambang
near: depan dekat belakang samping sebelah bawah
body: kepala kaki tangan badan mata mulut leher dada perut muka wajah kulit nadi urat jari punggung tulang
hour: menit jam
past: kemarin kamarian dulu pernah bekas pasca setahun sebulan seminggu samalam taun wingi mantan penyintas trauma
    riwayat almarhum dimakamkan jenazah wafat kemaren sejarah
    | tahun lalu | bulan lalu | minggu lalu | hari lalu | tahun lepas | kemarin lusa | kemarin dulu | tempo hari |
    tahun kemarin | bulan kemarin | minggu kemarin | tahun NUMBER | sejak NUMBER | last year | last month | last week
    | tahun yang | bulan yang | minggu yang | sejak tahun | sejak bulan | sejak minggu | dua tahun | tiga tahun |
    lima tahun | dua bulan | tiga bulan | enam bulan | dua minggu | tiga minggu
night: semalam
    | tadi malam | tadi subuh | tadi sore
long: tahun bulan minggu bertahun lebaran puasa
ended: surut asat sembuh tertangkap ditangkap syukur syukurlah untung untungnya alhamdulillah salut trims thank thanks
    diamankan sehat
    | sudah padam | damkar hebat | petugas hebat | cepat padam | sempat | sudah ketemu | sudah ditemukan |
    terima kasih | terimakasih | sudah aman | sudah dibawa | sudah selamat | sudah pulang | sudah pergi |
    sudah dirawat | sudah datang | tidak ada korban | tidak ada yang luka | sudah normal | sudah selesai | sudah damai
    | sudah lewat | kami padamkan | sudah di rumah | sudah ditangkap | sudah kembali | sudah sadar | sudah turun |
    sudah dievakuasi
ifs: kalau bila jika jikalau seandainya andaikan andai misal misalnya mun if supaya agar biar bagaimana
    | jangan sampai | jangan tunggu | sebelum ada
fear: takut takutnya khawatir rawan bahaya berbahaya membahayakan potensi bisa hampir nyaris mungkin waspada risiko
    resiko cegah antisipasi jangan dangerous could bilamana ngeri was cemas
ask: cara syarat berapa nomor jadwal kapan apakah dimana prosedur data skripsi latih simulasi sosialisasi suluh lomba
    daftar biaya info informasi tanya brosur seminar berita isu hoaks kenapa mengapa siapa bolehkah adakah what how
    when mana batakun kah apa kabarnya katanya benarkah
admin: bantuan ganti rugi klaim santunan akta surat anggaran usul dana cair proyek rehab asuransi laporan kasus visum
    evaluasi bpjs ktp program kebijakan perda izin kompensasi pengadaan kuota gaji honor insentif subsidi beasiswa
    bansos korupsi janji kontraktor hukum tersangka selidik lapor pelatihan gratis
repair: perbaiki bangun pasang rambu tertib patroli tebang pangkas normalisasi keruk relokasi bersih tambah tutup
    tinjau periksa data rapi tambal drainase hidran apar pos tindak pagar pindah cek fix repair siap lebar
often: sering selalu setiap tiap biasanya rutin langganan marak lama menahun kadang musim every kali banyak jarang
    bebas merajalela
not: tidak tanpa bukan kada ora teu no
"""
#: What makes a word of danger harmless: it happens to a thing, a beast, a plan, or in a story.
HARMLESS = """
figure: harga tagihan utang hutang pinjol pajak diskon jenggot politik ekonomi hati semangat janji anggaran aturan
    kampanye pekerjaan karakter tarif emosi etika logika harapan kesempatan kepercayaan percaya wibawa suara nama
    masalah nasib mental target kebijakan demokrasi usaha koperasi umkm modal suku bunga inflasi kurs investasi bisnis
    birokrasi administrasi status sistem demo koalisi wartawan buzzer kritik komentar pribadi keluhan gadget hoaks
    judi kontrak jurusan ujian nilai kelulusan zonasi klasemen liga rasa batin sejarah moral iman budaya adat bahasa
    generasi masa zaman cinta wacana isu opini rapat sidang pengangguran penduduk pendatang ormas partai caleg bupati
    gubernur pilkada pemilu suap fee
thing: hp dompet stnk ijazah sertifikat paket helm data sinyal uang saldo kartu ktp sim bpkb berkas token internet
    jaringan server website aplikasi sk kulkas tv sampah atm jadwal lampu pipa meja kursi buku seragam kunci kaca
    genteng rambu patok baliho reklame spanduk tiket karcis obat stok arsip alamat akun rekening transfer emas laptop
    barang kios lapak jaring mesin ban oli paku sandal sepatu karpet mic toa antena modem wifi pulsa kamera cctv jam
    pot bunga pagar portal papan jemuran toilet wc keran kran selang kompos pupuk beras gabah sembako minyak gula
    cabai telur daging sayur
beastly: sapi kerbau kambing orangutan bekantan rusa anjing ayam ikan kucing ternak udang bibit tanaman padi sawah
    burung bebek bangkai hama wereng tikus kebo kuda penyu elang sarang telur kepiting bandeng jagung sawit karet
story: artikel film lagu novel sinetron foto video poster drama buku lukisan mural cerita dongeng viral medsos radio
    grup postingan game patung tugu museum festival wisata komunitas hantu
place: jalan fasilitas pelayanan petugas kantor dinas pegawai admin loket pelabuhan bandara terminal stadion taman
    lapangan rsud
stock: habis kosong langka alat kantong tunda batal kurang ditambah
"""
#: Prefixes and endings that make forms of a root, longest first; what a prefix swallows comes back.
PREFIXES = (
    ("menye", ("",)), ("menge", ("",)), ("penge", ("",)), ("meny", ("s",)), ("peny", ("s",)), ("meng", ("", "k")),
    ("peng", ("", "k")), ("mem", ("", "p")), ("pem", ("", "p")), ("men", ("", "t")), ("pen", ("", "t")),
    ("ber", ("",)), ("ter", ("",)), ("per", ("",)), ("ke", ("",)), ("di", ("",)), ("me", ("",)), ("pe", ("",)),
    ("ma", ("",)), ("ta", ("",)), ("ba", ("",)), ("ny", ("s",)), ("ng", ("", "k")), ("n", ("t",)), ("m", ("p",)),
)  # fmt: skip
ENDINGS = ("kannya", "annya", "inya", "nya", "kan", "kah", "lah", "pun", "an", "ku", "mu", "mi", "ki", "ne", "e", "i")
SHORTEST_ROOT = 4


def words_of(block: str) -> frozenset[str]:
    """Calling this will give the set of words in a block of text."""
    return frozenset(block.split())
