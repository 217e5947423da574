"""``load`` and ``check``: a region pack as a value, or all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from dispatch.region.building import Draft, draft
from dispatch.region.checking import cross_check
from dispatch.region.reading import CODE
from dispatch.region.values import Fault, Region, RegionFaults

PACKS = Path(__file__).parent.parent / "regions"


def load(
    name: str, directory: Path | None = None, *, required_phrases: Mapping[str, frozenset[str]] | None = None
) -> Region:
    """Calling this will read and check the region pack ``name`` from the folder ``directory`` (default: the packs that
    come with the project).

    ``required_phrases`` gives the phrase keys the program uses with the placeholders it fills; without it any keys may
    stand in phrases.yaml. Raises RegionFaults with every fault at once.
    """
    pack, faults = _read(name, directory, required_phrases)
    if pack is None or faults:
        raise RegionFaults(name, faults)
    return _region(pack)


def check(
    name: str, directory: Path | None = None, *, required_phrases: Mapping[str, frozenset[str]] | None = None
) -> list[Fault]:
    """Calling this will list every fault of a region pack by file and line; with none of them ``load`` succeeds."""
    return _read(name, directory, required_phrases)[1]


def _read(
    name: str, directory: Path | None, required_phrases: Mapping[str, frozenset[str]] | None
) -> tuple[Draft | None, list[Fault]]:
    folder = (directory or PACKS) / name
    # The name comes from the environment or a command line; it must not lead out of the folder of packs.
    if not CODE.fullmatch(name) or not folder.is_dir():
        return None, [Fault("region.yaml", 1, f"there is no region pack {name!r} in {directory or PACKS}")]
    faults: list[Fault] = []
    pack = draft(folder, faults)
    cross_check(pack, name, required_phrases, faults)
    return pack, sorted(faults, key=lambda fault: (fault.file, fault.line, fault.text))


def _region(pack: Draft) -> Region:
    head = pack.heads[0].value
    return Region(
        code=head.code,
        name=head.name,
        short=head.short,
        prefix=head.prefix,
        area=head.area,
        zone=head.zone,
        zone_label=head.zone_label,
        version=head.version,
        emergency_number=head.emergency_number,
        desk=head.desk,
        inspectorate=head.inspectorate,
        join_window=head.join_window,
        greeting_window=head.greeting_window,
        sure_precision=head.sure_precision,
        agencies=MappingProxyType({at.value.code: at.value for at in pack.agencies}),
        categories=MappingProxyType({at.value.code: at.value for at in pack.categories}),
        places=MappingProxyType({at.value.code: at.value for at in pack.places}),
        landmarks=tuple(at.value for at in pack.landmarks),
        calendars=MappingProxyType({at.value.code: at.value for at in pack.calendars}),
        clocks=tuple(at.value for at in pack.clocks),
        phrases=MappingProxyType({key: MappingProxyType(texts) for key, texts in (at.value for at in pack.phrases)}),
        examples=tuple(at.value for at in pack.examples),
        regional_holidays=MappingProxyType(dict(at.value for at in pack.holidays)),
        national_holidays=pack.national_holidays[0].value,
        privacy_contact=head.privacy_contact,
        everyday_names=frozenset(at.value for at in pack.everyday_names),
        sms_keywords=frozenset(at.value.casefold() for at in pack.sms_keywords),
        delivery=pack.delivery,
    )
