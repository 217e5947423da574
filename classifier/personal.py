"""Personal data inside a text: where it stands, and the text without it.

What is sought is what Indonesian citizens put into complaints (UU 27/2022, article 4): numbers that name a person,
ways to reach them, where they live, what ails them. Every expression is linear: it begins only where a word begins
and repeats only within bounds. Better one number too many masked than one too few; but a ticket number, an amount,
a date or a meter's number is nobody's secret and stays readable.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping

from classifier.reading import Found, Personal
from classifier.text import EMAIL, NUMBER, PHONE

HIDDEN = "•••"
#: What stands in place of each kind: the words for a thing that the classifier knows, or plain dots.
MASKS: Mapping[Personal, str] = {
    Personal.NIK: NUMBER,
    Personal.KK_NUMBER: NUMBER,
    Personal.PHONE: PHONE,
    Personal.EMAIL: EMAIL,
    Personal.PLATE: HIDDEN,
    Personal.BANK_ACCOUNT: NUMBER,
    Personal.ADDRESS: HIDDEN,
    Personal.BIRTH_DATE: HIDDEN,
    Personal.PASSPORT: HIDDEN,
    Personal.HEALTH: HIDDEN,
}
MOST_CHARACTERS = 20_000

# Digits in a row, alone or in groups parted by one sign: a dot, a dash, a blank, a bracket.
_DIGITS = re.compile(r"(?<![\w.,/-])(?:\+|\()?\d(?:[ .()-]{0,2}\d){6,24}(?![\w/]|[.,-]\d)")
_CHUNK = re.compile(r"\+?\d+(?:[.-]\d+)*")
#: An amount: 1.500.000, never grouped so in a number of a person.
_AMOUNT = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_BEFORE = 32
_MONEY = re.compile(r"(?:rp|idr|rm|rupiah|sebesar|senilai|sejumlah)[\s.:]{0,3}$", re.IGNORECASE)
#: Words after which a long number is a thing's: a meter, a customer, a decree, a parcel, a company's registration.
_THING = re.compile(
    r"(?:\b(?:meter(?:an)?|kwh|token|stroom|id ?pel|idpel(?:anggan)?|pelanggan|pln|pdam|nop|nib|npwp|nip|nisn|npsn|"
    r"sk|resi|voucher|kode|tiket|laporan|invoice|imei|briva|va|virtual account|sertifikat|shm|mesin|rangka|bpkb|stnk|"
    r"surat|nomor surat|kepmen|perbup|perda|koordinat|lat|long|seri|batch)\b)[\s.:#no-]{0,8}"
    r"(?:saya|kami|nya)?[\s.:]{0,3}$",
    re.IGNORECASE,
)
_NIK_WORD = re.compile(r"\b(?:nik|ktp|no ?ktp|e-?ktp|nomor induk(?: kependudukan)?)\b[^\d\n]{0,16}$", re.IGNORECASE)
_KK_WORD = re.compile(r"\b(?:n?kk|kartu keluarga)\b[^\d\n]{0,16}$", re.IGNORECASE)
_PHONE_WORD = re.compile(
    r"\b(?:hp|wa|whats ?app|tel[pf]?(?:on|epon|pon|epone)?|phone|hub(?:ungi)?|sms|call|kontak|contact|nmr|nomor)\b"
    r"[^\d\n]{0,14}$",
    re.IGNORECASE,
)
_BANK_WORD = re.compile(
    r"\b(?:rek(?:ening|nya|eningnya)?|norek|acc(?:ount)?|bri|bni|bca|btn|bsi|mandiri|danamon|cimb|permata|muamalat|"
    r"bankaltimtara|kaltimtara|bpd|simpedes|tabungan|seabank|dana|ovo|gopay|shopeepay)\b"
    r"(?:[^\d\n]{0,24}|[^\d\n]{0,24}\b(?:an|a/n|atas nama)\b[^\d\n]{0,24})$",
    re.IGNORECASE,
)
#: An account "for electricity" is a bill.
_BILL = re.compile(r"\b(?:listrik|air|pln|pdam|telkom|indihome|token|meter)\b", re.IGNORECASE)

# First two digits of a NIK: the provinces as the Ministry of Home Affairs numbers them.
_PROVINCES = frozenset(
    [*range(11, 22), *range(31, 37), *range(51, 54), *range(61, 66), *range(71, 77), 81, 82, *range(91, 98)]
)


def _is_nik(digits: str) -> bool:
    """16 digits: province, regency, district; day (a woman's plus 40), month, year; a serial number."""
    if len(digits) != 16 or int(digits[:2]) not in _PROVINCES or digits[2:4] == "00" or digits[4:6] == "00":
        return False
    day = int(digits[6:8])
    return (1 <= day <= 31 or 41 <= day <= 71) and 1 <= int(digits[8:10]) <= 12


def _is_phone(digits: str, international: bool) -> bool:
    """Indonesian mobiles (08…, 62 8…), fixed lines with their area code, and numbers written with a plus."""
    if international:
        return 9 <= len(digits) <= 15
    if digits.startswith("628"):
        return 11 <= len(digits) <= 14
    if digits.startswith("08"):
        return 10 <= len(digits) <= 13
    return False


_LANDLINE = re.compile(r"\(?0[2-9]\d{1,2}\)?[ -]{1,2}\d{3,4}[ -]?\d{2,4}")


def _number(text: str, start: int, end: int) -> Personal | None:
    """What a run of digits is, by its own form and the words before it."""
    written = text[start:end]
    before = text[max(0, start - _BEFORE) : start]
    digits = "".join(filter(str.isdecimal, written))
    if _MONEY.search(before) or _AMOUNT.fullmatch(written):
        return None
    if len(digits) == 16:
        if _KK_WORD.search(before):
            return Personal.KK_NUMBER
        if _NIK_WORD.search(before) or (_is_nik(digits) and not _THING.search(before)):
            return Personal.NIK
    account = 8 <= len(digits) <= 18 and _BANK_WORD.search(before)
    if account and not _BILL.search(account.group()):
        return Personal.BANK_ACCOUNT
    if _THING.search(before):
        return None
    first = re.match(r"\d+", written.lstrip("+("))
    grouped = first is not None and len(first.group()) == 1  # 0.8123456789 is a share, not a telephone
    if not grouped and (_is_phone(digits, written.startswith("+")) or _LANDLINE.fullmatch(written)):
        return Personal.PHONE
    if _PHONE_WORD.search(before) and 9 <= len(digits) <= 13 and digits[0] in "68":
        return Personal.PHONE
    return None


def _numbers(text: str) -> Iterator[Found]:
    for match in _DIGITS.finditer(text):
        start, end = match.span()
        kind = _number(text, start, end)
        if kind is not None:
            yield Found(kind, start, end)
            continue
        # Two numbers side by side look like one: each piece without blanks gets its own hearing.
        for piece in _CHUNK.finditer(text, start, end):
            if piece.end() - piece.start() >= 8 and (kind := _number(text, *piece.span())) is not None:
                yield Found(kind, *piece.span())


_EMAIL = re.compile(
    r"(?<![\w.%+-])[A-Za-z0-9][\w.%+-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,5}[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
# What people write so that no machine finds it: budi at contoh dot id.
_EMAIL_SPELT = re.compile(
    r"(?<![\w.])[A-Za-z][\w.-]{1,40} ?(?:\[at\]|\(at\)| at ) ?[A-Za-z0-9-]{2,40}"
    r" ?(?:\[dot\]|\(dot\)| dot |\(titik\)| titik ) ?[A-Za-z]{2,10}\b"
)
# Registration letters of all regions; the blocks of houses (A 12 B) and the words of a street have others around them.
_REGIONS = r"(?:A[ABDEG]|B[ABDEGHKLMNPR]|D[ABCDEGHKLMNPRTWS]|E[AB]|K[BHTU]|P[ABS]|[ABDEFGHKLMNPRSTWZ])"
_PLATE = re.compile(rf"(?<![\w-]){_REGIONS}[ -]?\d{{2,4}}[ -]?[A-Z]{{1,3}}(?![\w-]|[ -][A-Z]{{0,4}}\d)")
_PLATE_GLUED = re.compile(
    r"(?<![\w-])(?:k[tu]|d[abcdeghkmnprtw]|b[abdeghklmnpr]|a[abdeg]|kb|kh)\d{3,4}[a-z]{1,3}(?![\w-])"
)
_PLATE_OF = re.compile(
    r"\b(?:motor|mobil|truk|kendaraan|angkot|bus|pickup|pick up|avanza|plat)\b[^\d\n]{0,24}?"
    r"(?<!\w)((?:k[tu]|d[abcdeghkmnprtw]|b[abdeghklmnpr]|a[abdeg]|kb|kh) ?\d{3,4} ?[a-z]{1,3})(?!\w)",
    re.IGNORECASE,
)
_PLATE_NAMED = re.compile(
    r"\b(?:plat|nopol|no\.? ?pol(?:isi)?|nomor polisi|bernopol)\b[^\d\n]{0,24}?"
    r"(?<!\w)([a-z]{1,2}[ -]?\d{1,4}(?:[ -]?[a-z]{1,3})?)(?!\w)",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"\b(?:blok|block|rt|rw|no|nomor|km|gang|gg|lantai|kelas|ruang|tipe|type|kamar|gedung)[ .:]{0,3}$", re.IGNORECASE
)


def _plates(text: str) -> Iterator[Found]:
    for pattern, group in ((_PLATE, 0), (_PLATE_GLUED, 0), (_PLATE_NAMED, 1), (_PLATE_OF, 1)):
        for match in pattern.finditer(text):
            start, end = match.span(group)
            if group or not _BLOCK.search(text[max(0, start - 12) : start]):
                yield Found(Personal.PLATE, start, end)


_STREET = r"(?:jl|jln|jalan|gg|gang|lr|lorong|perum|perumahan|kompleks?|komp|blok|asrama|dusun|kampung|desa)\b\.?"
_ADDRESS = re.compile(
    rf"\b{_STREET}(?:[ ,.]{{1,2}}[^\W_][\w'/-]{{0,24}}){{1,6}}?[ ,.]{{1,3}}"
    r"(?:no|nomor|nmr|nmor|rumah no)\b[ .:]{0,3}\d{1,4}(?:\s?[a-z])?\b"
    r"(?:[ ,.]{1,3}rt[ .:]{0,2}\d{1,3}(?:[ ,./]{1,3}(?:rw[ .:]{0,2})?\d{1,3})?)?",
    re.IGNORECASE,
)
_HOUSE = re.compile(
    r"\b(?:rumah(?: saya| kami| dia| beliau)?|tinggal di|alamat(?: saya| rumah)?|blok [a-z]{1,2}\d{0,3})[ ,.:]{1,3}"
    r"(?:no|nomor|nmr)\b[ .:]{0,3}\d{1,4}[a-z]?\b",
    re.IGNORECASE,
)
#: Between a street and its house number stand names, never these.
_NO_NAME = re.compile(
    r"\b(?:rusak|yang|yg|tidak|tdk|sudah|sdh|belum|blm|ini|itu|adalah|lebih|sangat|dengan|dgn|dan|untuk|utk|mohon|"
    r"perda|perbup|undang|uu|pp|sk|surat|tahun|peraturan|lapor|hubungi|telepon|urut|mati|berlubang|banjir|juara|km|poros)\b",
    re.IGNORECASE,
)


# A street's name in capital letters and a number where a sentence, or the neighbourhood, follows: Jl. Mawar 12A, RT 03.
_STREET_NUMBER = re.compile(
    r"\b(?:Jl|JL|Jln|JLN|Jalan|JALAN|Gg|GG|Gang|GANG)\b\.?(?:[ .]{1,2}[A-Z][\w'-]{1,24}){1,4} \d{1,3}[A-Za-z]?"
    r"(?=[ ,.]{0,2}(?:$|\n|[,;.)]|[Rr][Tt]\b|[Rr][Ww]\b))"
)


def _addresses(text: str) -> Iterator[Found]:
    for pattern in (_ADDRESS, _HOUSE, _STREET_NUMBER):
        for match in pattern.finditer(text):
            if not _NO_NAME.search(match.group()):
                yield Found(Personal.ADDRESS, *match.span())


_MONTH = (
    r"(?:jan(?:uari)?|feb(?:ruari)?|peb(?:ruari)?|mar(?:et)?|apr(?:il)?|mei|may|jun[ie]?|jul[iy]?|agu?(?:st|stus|s)?|"
    r"aug(?:ust)?|sept?(?:ember)?|okt(?:ober)?|oct(?:ober)?|nov?p?(?:ember)?|des(?:ember)?|dec(?:ember)?)"
)
_DATE = rf"\d{{1,2}}[ /.-]{{1,3}}(?:\d{{1,2}}|{_MONTH})[ /.,-]{{1,3}}(?:19|20)?\d{{2}}"
_BIRTH = re.compile(
    rf"\b(?:lahir|kelahiran|ttl|tgl lhr|lhr|born|birth(?:day|date)?)\b([^\d\n]{{0,32}}?)({_DATE})\b", re.IGNORECASE
)
_PAPER = re.compile(r"\b(?:akt[ae]|surat|hari|kartu|pengurusan|bantuan)\s{1,2}(?:keterangan\s{1,2})?$", re.IGNORECASE)
_FILED = re.compile(
    r"\b(?:sejak|diajukan|daftar|urus|terbit|mengurus|pancasila|nu|jadi|tanggal pengajuan)\b", re.IGNORECASE
)


def _births(text: str) -> Iterator[Found]:
    for match in _BIRTH.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        if not _PAPER.search(before) and not _FILED.search(match[1]):
            yield Found(Personal.BIRTH_DATE, *match.span(2))


_PASSPORT = re.compile(
    r"\b(?:no\.? ?)?(?:paspor|passport|pasport)\b([^\d\n]{0,20}?)(?<!\w)([a-z]{1,2} ?\d{6,7})(?!\w)", re.IGNORECASE
)


def _passports(text: str) -> Iterator[Found]:
    for match in _PASSPORT.finditer(text):
        yield Found(Personal.PASSPORT, *match.span(2))


#: Facts of health that shame or harm when they are read beside a person.
_ILLNESS = re.compile(
    r"\b(?:"
    r"hiv(?:/aids)?|aids|odha|odhiv|sifilis|raja singa|gonore|kencing nanah|herpes|"
    r"penyakit (?:kelamin|jantung|jiwa)|tbc|tb paru|tuberkulosis|kusta|lepra|hepatitis(?: [abc])?|"
    r"sakit (?:jiwa|jantung|ginjal|paru(?: ?paru)?|liver|kuning)|gangguan (?:jiwa|mental|kejiwaan|saraf)|odgj|"
    r"skizofrenia|depresi|bipolar|orang gila|kista|miom|wasir|ambeien|"
    r"(?:hamil|mengandung)(?: (?:di ?)?luar nikah)?|keguguran|aborsi|menggugurkan kandungan|diperkosa|"
    r"diabetes|kencing manis|kanker(?: [a-z]{4,12})?|tumor(?: [a-z]{4,12})?|gagal (?:ginjal|jantung)|"
    r"cuci darah|hemodialisa|stroke|lumpuh|epilepsi|ayan|impoten|mandul|hipertensi|darah tinggi|asma|lupus|"
    r"thalas?emia|hemofilia|leukemia|demensia|alzheimer|pikun|pecandu|kecanduan (?:sabu|narkoba|obat)|"
    r"positif (?:hiv|covid|tbc|narkoba)|rehab(?:ilitasi)? narkoba|autis(?:me)?|down syndrome|"
    r"keterbelakangan mental|tuna ?(?:grahita|rungu|netra|wicara|daksa)|disabilitas mental|stunting|"
    r"gizi buruk|percobaan bunuh diri"
    r")\b",
    re.IGNORECASE,
)
_PERSON = (
    r"saya|aku|sy|ulun|(?:anak|istri|isteri|suami|ibu|bapak|ayah|mama|emak|kakak|adik|adek|abang|nenek|kakek|paman|"
    r"bibi|tante|om|keponakan|sepupu|mertua|menantu|cucu|tetangga|teman|pacar|keluarga) ?(?:saya|ku|kami|sy|nya|dia)"
    r"|(?:nenek|kakek|almarhum|alm|almarhumah|sdr|sdri|saudara|saudari|si|pak|bu|bapak|ibu|mas|mbak|bang|guru|"
    r"pasien bernama|bernama|atas nama|an\.)\s{1,2}"
)
_PERSON_BEFORE = re.compile(
    rf"\b(?:{_PERSON}[\w']{{0,24}})(?:[\s,]{{1,2}}[\w'-]{{1,24}}){{0,5}}[\s,(:]{{1,3}}$", re.IGNORECASE
)
_PERSON_AFTER = re.compile(rf"^(?:[\s,]{{1,2}}[\w'-]{{1,24}}){{0,2}}[\s,(:]{{1,3}}(?:{_PERSON})", re.IGNORECASE)
_NEAR = 72
#: So many facts are looked at; a text with more of them is a list or a lesson, not somebody's story.
_MOST_FACTS = 50


def _health(text: str) -> Iterator[Found]:
    for match in itertools.islice(_ILLNESS.finditer(text), _MOST_FACTS):
        start, end = match.span()
        # Whole words only: the window must not begin in the middle of one.
        before = text[max(0, start - _NEAR) : start]
        if start > _NEAR:
            before = before.partition(" ")[2]
        sentence = max(before.rfind(sign) for sign in ".!?\n;")
        if _PERSON_BEFORE.search(before[sentence + 1 :]) or _PERSON_AFTER.search(text[end : end + _NEAR]):
            yield Found(Personal.HEALTH, start, end)


_EMAILS = (_EMAIL, _EMAIL_SPELT)
#: In the order in which overlapping finds win.
_SEEKERS: tuple[Callable[[str], Iterator[Found]], ...] = (
    _passports,
    _births,
    _numbers,
    lambda text: (Found(Personal.EMAIL, *match.span()) for each in _EMAILS for match in each.finditer(text)),
    _addresses,
    _plates,
    _health,
)


def find(text: str) -> tuple[Found, ...]:
    """Calling this will list the personal data in a text, in its order, without overlap.

    Only the first ``MOST_CHARACTERS`` are sought through; places count characters of the text as it was given.
    """
    head = text[:MOST_CHARACTERS]
    kept: list[Found] = []
    taken = bytearray(len(head))
    for seek in _SEEKERS:
        for found in seek(head):
            if not any(taken[found.start : found.end]):
                taken[found.start : found.end] = b"\x01" * (found.end - found.start)
                kept.append(found)
    return tuple(sorted(kept, key=lambda found: found.start))


def masked(text: str) -> str:
    """Calling this will give the text with its personal data replaced by ``MASKS``; what is beyond
    ``MOST_CHARACTERS`` is left out, since nobody looked there.
    """
    head = text[:MOST_CHARACTERS]
    parts: list[str] = []
    at = 0
    for found in find(head):
        parts += (head[at : found.start], MASKS[found.kind])
        at = found.end
    return "".join((*parts, head[at:]))
