"""A valid region pack of an invented province, small enough to read: ``write`` puts it on disk for a test to spoil."""

from __future__ import annotations

from pathlib import Path

REGION = """\
code: contoh
name: Provinsi Contoh
short: Contoh
prefix: CT
area: "99"
timezone: Asia/Makassar
timezone_label: WITA
version: "1"
emergency_number: "112"
desk: prov-kominfo
inspectorate: prov-inspektorat
join_window_minutes: 15
greeting_window_minutes: 30
privacy_contact: Dinas Kominfo Provinsi Contoh
sure_precision: 0.9
everyday_names: [Harapan]
sms_keywords: [CONTOH]
"""

AGENCIES = """\
code,function,name,short,level,area,calendar,phone,email,website,joined
prov-kominfo,kominfo,Dinas Kominfo Provinsi Contoh,Kominfo Contoh,province,99,office,,,,yes
prov-inspektorat,inspektorat,Inspektorat Provinsi Contoh,Inspektorat Contoh,province,99,office,,,,yes
prov-dpupr,dpupr,Dinas PU Provinsi Contoh,DPUPR Contoh,province,99,office,,,,yes
prov-bpbd,bpbd,BPBD Provinsi Contoh,BPBD Contoh,province,99,always,,,,yes
prov-bappeda,bappeda,Bappeda Provinsi Contoh,Bappeda Contoh,province,99,office,,,,yes
melati-dpupr,dpupr,Dinas PU Kabupaten Melati,DPUPR Melati,regency,99.01,office,,,,yes
melati-inspektorat,inspektorat,Inspektorat Kabupaten Melati,Inspektorat Melati,regency,99.01,office,,,,yes
kenanga-dpupr,dpupr,Dinas PU Kota Kenanga,DPUPR Kenanga,regency,99.71,office,,,,no
pln,pln,PLN,PLN,external,99,always,123,,,yes
pdam-melati,pdam,PDAM Melati,PDAM Melati,external,99.01,office,,,,yes
pdam-kenanga,pdam,PDAM Kenanga,PDAM Kenanga,external,99.71,office,,,,yes
"""

CATEGORIES = """\
code,name,name_en,function,level,kind,supervision,needs_place,description
jalan,Jalan,Roads,dpupr,local,complaint,no,yes,Jalan rusak.
bencana,Bencana,Disasters,bpbd,local,complaint,no,yes,Banjir dan kebakaran.
listrik,Listrik,Electricity,pln,external,complaint,no,yes,Listrik padam.
air,Air,Water,pdam,external,complaint,no,yes,Air mati.
pungli,Pungli,Misconduct,inspektorat,local,complaint,yes,yes,Pungutan liar.
informasi,Informasi,Information,kominfo,province,information,no,no,Cara dan syarat.
usulan,Usulan,Proposals,bappeda,province,aspiration,no,yes,Usulan pembangunan.
"""

PLACES = """\
code,level,name,aliases,lat,lng
99,province,Provinsi Contoh,contoh,1.000,110.000
99.01,regency,Kabupaten Melati,,1.000,110.000
99.01.01,district,Melati Barat,melbar,1.000,109.900
99.01.01.2001,village,Harapan,,1.010,109.910
99.01.01.2002,village,Sungai Jernih,sei jernih;jernih,1.020,109.920
99.71,regency,Kota Kenanga,,1.500,110.500
99.71.01,district,Kenanga Utara,,1.510,110.510
99.71.01.1001,village,Pasar Lama,,1.520,110.520
"""

LANDMARKS = """\
name,aliases,area
Pasar Bunga,pasar kembang,99.71.01
"""

CALENDARS = """\
calendars:
  office:
    monday: ["08:00-12:00", "13:00-16:00"]
    tuesday: ["08:00-12:00", "13:00-16:00"]
    wednesday: ["08:00-12:00", "13:00-16:00"]
    thursday: ["08:00-12:00", "13:00-16:00"]
    friday: ["08:00-11:30", "13:00-16:30"]
    saturday: []
    sunday: []
  always:
    observes_holidays: false
    monday: ["00:00-24:00"]
    tuesday: ["00:00-24:00"]
    wednesday: ["00:00-24:00"]
    thursday: ["00:00-24:00"]
    friday: ["00:00-24:00"]
    saturday: ["00:00-24:00"]
    sunday: ["00:00-24:00"]
holidays:
  national: ID
  regional:
    - {date: 2026-04-22, name: Hari jadi provinsi, source: Perda 1/2020}
  joint_leave:
    - {date: 2026-12-24, name: Cuti bersama, source: SKB 2026}
"""

_CLOCK = (
    "  - {{id: {}, kind: {}, supervision: {}, stage: {},\n"
    "     days: {}, counts: working_days, since: {}, until: {}, regulation: {}}}\n"
)
CLOCKS = "rules:\n" + "".join(
    _CLOCK.format(*row.split())
    for row in (
        "verify any any verify 3 2020-01-01 null Aturan-1",
        "response any any first_response 5 2020-01-01 null Aturan-1",
        "resolution-old any any resolution 20 2020-01-01 2024-12-31 Aturan-1",
        "resolution any any resolution 14 2025-01-01 null Aturan-2",
        "resolution-supervision complaint yes resolution 60 2020-01-01 null Aturan-1",
    )
)

PHRASES = """\
receipt:
  id: Laporan {number} diterima oleh {agency}.
  en: Report {number} has been received by {agency}.
thanks:
  id: Terima kasih.
  en: Thank you.
"""

DELIVERY = """\
failover: [whatsapp, sms]
undelivered_after_hours: 24
prices:
  whatsapp: {utility: 400, service: 0}
  sms: {any: 900}
budgets:
  sms: {messages: 100, rupiah: 90000, hard_messages: 150, hard_rupiah: 135000}
"""

DESK = """\
pausing: {cap_days: 4, total_days: 8}
handover: {accept_hours: 7, bounces: 2}
escalation:
  digest_at: "07:30"
  rungs:
    - {position: officer, scope: agency, after_hours: -7}
    - {position: head, scope: agency, after_hours: 2}
closing: {silence_days: 8, reopen_days: 30}
alike:
  any: {hours: 48}
  listrik: {hours: 12, kilometres: 10, flood: 5}
lapor:
  columns: {title: Judul}
  statuses: {Arsip: rejected}
  export_statuses: {rejected: Arsip}
"""

OWNERSHIP = """\
owners:
  - code: kabupaten
    name: {id: Kabupaten atau kota, en: Regency or city}
    function: dpupr
    level: local
    cues: [jalan kabupaten]
  - code: provinsi
    name: {id: Provinsi, en: Province}
    function: dpupr
    level: province
    cues: [jalan provinsi]
owned:
  jalan: [kabupaten, provinsi]
assets:
  - name: Jalan Melati Raya
    aliases: [melati raya]
    owner: provinsi
    categories: [jalan]
    area: "99.01"
"""

_SENTENCES = {
    "jalan": "jalan berlubang",
    "bencana": "banjir besar",
    "listrik": "listrik padam",
    "air": "air tidak mengalir",
    "pungli": "diminta uang oleh petugas",
    "informasi": "apa syarat mengurus surat",
    "usulan": "mohon dibangun jembatan",
}
EXAMPLES = {
    f"examples/{category}.txt": "".join(f"{sentence} di gang {number}\n" for number in range(1, 26))
    for category, sentence in _SENTENCES.items()
}

_KNOWLEDGE = """\
definition: "{}, bukan yang lain."
tasks:
  - pemeliharaan
  - pengawasan
vocabulary:
  - {}
"""
KNOWLEDGE = {
    f"knowledge/{category}.yaml": _KNOWLEDGE.format(sentence, sentence) for category, sentence in _SENTENCES.items()
}

ASPECTS = {
    "aspects/urgent/yes.txt": "atap sekolah hampir roboh\nstok darah habis\n",
    "aspects/urgent/no.txt": "lampu taman mati\ncat pagar pudar\n",
}

SERVICES = """\
name: {id: Kependudukan, en: Civil registration}
services:
  - code: kartu
    name: {id: Kartu baru, en: New card}
    category: informasi
    questions:
      - cara membuat kartu
      - syarat kartu baru
      - kartu hilang bagaimana
      - di mana mengurus kartu
      - berapa biaya kartu
      - kartu rusak diganti di mana
    where: {id: Dinas setempat, en: The local office}
    how: {id: Datang dan isi formulir, en: Come and fill in the form}
    needs: {id: kartu keluarga, en: family card}
    cost: {id: gratis, en: free}
    hours: {id: jam kerja, en: office hours}
    time: {id: satu hari, en: one day}
    link: https://kartu.example.go.id/baru
    phone: "112"
    checked: 2026-11-01
    source: Aturan 1
    confirm: true
  - code: jalan_baru
    name: {id: Usul jalan, en: Propose a road}
    category: usulan
    questions: [usul jalan ke mana, cara usul jalan, siapa menerima usulan jalan, usul aspal ke siapa, cara
      mengusulkan jembatan, kapan usul jalan dibahas]
    where: {id: Kantor desa, en: Village office}
    checked: 2026-11-01
    source: Aturan 2
"""

FILES = {
    "region.yaml": REGION,
    "agencies.csv": AGENCIES,
    "categories.csv": CATEGORIES,
    "places.csv": PLACES,
    "landmarks.csv": LANDMARKS,
    "calendars.yaml": CALENDARS,
    "clocks.yaml": CLOCKS,
    "phrases.yaml": PHRASES,
    "delivery.yaml": DELIVERY,
    "desk.yaml": DESK,
    "ownership.yaml": OWNERSHIP,
    **EXAMPLES,
    **KNOWLEDGE,
    **ASPECTS,
    "services/umum.yaml": SERVICES,
}


def write(directory: Path) -> Path:
    """Calling this will write the valid pack ``contoh`` into ``directory`` and give its folder.

    Load it with ``dispatch.region.load("contoh", directory)``.
    """
    folder = directory / "contoh"
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder
