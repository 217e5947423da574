"""The first region's categories: which agency gets a report of each in Tarakan, in Tana Tidung, and without a place."""

from __future__ import annotations

import pytest

from dispatch.region import Region, load
from dispatch.routing import Reason, route

TARAKAN, TANA_TIDUNG = "65.71.01", "65.04.01"

# category | in Kota Tarakan | in Kabupaten Tana Tidung | place unknown
TABLE = """
jalan_rusak            | tarakan-dpupr        | ktt-dpupr            | prov-dpupr
jembatan_drainase      | tarakan-dpupr        | ktt-dpupr            | prov-dpupr
sungai_irigasi         | tarakan-dpupr        | ktt-dpupr            | prov-dpupr
tata_ruang_bangunan    | tarakan-dpupr        | ktt-dpupr            | prov-dpupr
perumahan              | tarakan-disperkim    | ktt-disperkim        | prov-disperkim
lampu_jalan            | tarakan-dishub       | ktt-dishub           | prov-dishub
lalu_lintas_parkir     | tarakan-dishub       | ktt-dishub           | prov-dishub
pelabuhan_speedboat    | tarakan-dishub       | ktt-dishub           | prov-dishub
bandara_penerbangan    | prov-dishub          | prov-dishub          | prov-dishub
air_bersih             | pdam-tarakan         | pdam-ktt             | pdam-kaltara
sampah                 | tarakan-dlh          | ktt-dlh              | prov-dlh
pencemaran_lingkungan  | tarakan-dlh          | ktt-dlh              | prov-dlh
kehutanan              | prov-dishut          | prov-dishut          | prov-dishut
pertambangan_energi    | prov-esdm            | prov-esdm            | prov-esdm
listrik                | pln-kaltara          | pln-kaltara          | pln-kaltara
bbm_lpg                | tarakan-disdagkop    | ktt-disdagkop        | prov-disdagkop
pasar_harga            | tarakan-disdagkop    | ktt-disdagkop        | prov-disdagkop
koperasi_umkm          | tarakan-disdagkop    | ktt-disdagkop        | prov-disdagkop
pertanian              | tarakan-distan       | ktt-distan           | prov-distan
peternakan             | tarakan-distan       | ktt-distan           | prov-distan
perikanan              | tarakan-dkp          | ktt-dkp              | prov-dkp
kependudukan           | tarakan-dukcapil     | ktt-dukcapil         | prov-dukcapil
kesehatan              | tarakan-dinkes       | ktt-dinkes           | prov-dinkes
rumah_sakit            | tarakan-rsud         | ktt-rsud             | prov-rsud
bpjs_kesehatan         | bpjs-kesehatan       | bpjs-kesehatan       | bpjs-kesehatan
bpjs_ketenagakerjaan   | bpjs-ketenagakerjaan | bpjs-ketenagakerjaan | bpjs-ketenagakerjaan
pendidikan             | tarakan-disdik       | ktt-disdik           | prov-disdik
perpustakaan_arsip     | tarakan-dispusip     | ktt-dispusip         | prov-dispusip
bantuan_sosial         | tarakan-dinsos       | ktt-dinsos           | prov-dinsos
ketenagakerjaan        | tarakan-disnaker     | ktt-disnaker         | prov-disnaker
perempuan_anak         | tarakan-dp3ap2kb     | ktt-dp3ap2kb         | prov-dp3ap2kb
keagamaan              | kemenag-tarakan      | kemenag-ktt          | kemenag-kaltara
kepegawaian            | tarakan-bkd          | ktt-bkd              | prov-bkd
perizinan              | tarakan-dpmptsp      | ktt-dpmptsp          | prov-dpmptsp
pajak_kendaraan        | prov-bapenda         | prov-bapenda         | prov-bapenda
pajak_daerah           | tarakan-bapenda      | ktt-bapenda          | prov-bapenda
pajak_pusat            | djp                  | djp                  | djp
pertanahan             | bpn-tarakan          | bpn-kaltara          | bpn-kaltara
keuangan_aset          | tarakan-bpkad        | ktt-bpkad            | prov-bpkad
pengadaan              | tarakan-pbj          | ktt-pbj              | prov-pbj
desa                   | tarakan-dpmd         | ktt-dpmd             | prov-dpmd
kelurahan_kecamatan    | tarakan-tapem        | ktt-tapem            | prov-tapem
perbankan_keuangan     | ojk                  | ojk                  | ojk
imigrasi_perbatasan    | imigrasi-tarakan     | imigrasi-kaltara     | imigrasi-kaltara
ketertiban             | tarakan-satpolpp     | ktt-satpolpp         | prov-satpolpp
kriminal               | polres-tarakan       | polres-ktt           | polda-kaltara
layanan_kepolisian     | polres-tarakan       | polres-ktt           | polda-kaltara
kebakaran_bencana      | tarakan-bpbd         | ktt-bpbd             | prov-bpbd
pelanggaran_aparat     | tarakan-inspektorat  | ktt-inspektorat      | prov-inspektorat
pariwisata_olahraga    | tarakan-disparpora   | ktt-disparpora       | prov-disparpora
telekomunikasi         | tarakan-diskominfo   | ktt-diskominfo       | prov-diskominfo
politik_ormas          | tarakan-kesbangpol   | ktt-kesbangpol       | prov-kesbangpol
informasi_layanan      | prov-diskominfo      | prov-diskominfo      | prov-diskominfo
aspirasi_pembangunan   | prov-bappeda         | prov-bappeda         | prov-bappeda
"""
ROWS = [tuple(cell.strip() for cell in row.split("|")) for row in TABLE.strip().splitlines()]


@pytest.fixture(scope="module")
def region() -> Region:
    return load("kaltara")


@pytest.mark.parametrize(("category", "tarakan", "tana_tidung", "unknown"), ROWS, ids=[row[0] for row in ROWS])
def test_the_agency_of_a_category(region: Region, category: str, tarakan: str, tana_tidung: str, unknown: str) -> None:
    found = tuple(route(region, category, area).agency for area in (TARAKAN, TANA_TIDUNG, None))
    assert found == (tarakan, tana_tidung, unknown)


def test_every_category_has_a_row(region: Region) -> None:
    assert sorted(row[0] for row in ROWS) == sorted(region.categories)
    assert len(ROWS) == 54


def test_only_a_local_category_waits_for_its_place(region: Region) -> None:
    provisional = {row[0] for row in ROWS if route(region, row[0], None).provisional}
    local = {code for code, each in region.categories.items() if each.level == "local"}
    assert provisional == local
    assert all(not route(region, code, TARAKAN).provisional for code in region.categories)


@pytest.mark.parametrize("code", ["informasi_layanan", "aspirasi_pembangunan"])
def test_only_general_words_are_no_complaint(region: Region, code: str) -> None:
    others = {each.kind for each in region.categories.values() if each.code not in {row[0] for row in ROWS[-2:]}}
    assert others == {"complaint"}
    assert region.categories[code].kind in ("information", "aspiration")


def test_the_conduct_of_officials_goes_to_the_inspectorate_of_the_place(region: Region) -> None:
    assert route(region, "pelanggaran_aparat", "65.04.01").reason is Reason.SUPERVISION
    assert [code for code, each in region.categories.items() if each.supervision] == ["pelanggaran_aparat"]
