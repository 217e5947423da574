"""``load`` and ``check``: a region pack as a value, or all that is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

from dispatch.region.books import Directory, Lazy, read_knowledge, read_services
from dispatch.region.building import Draft, draft
from dispatch.region.checking import cross_check, examine_texts
from dispatch.region.editions import edition
from dispatch.region.foreign import examine_names
from dispatch.region.reading import CODE
from dispatch.region.values import Example, Fault, Knowledge, Region, RegionFaults, Service, Words

PACKS = Path(__file__).parent.parent / "regions"


def load(
    name: str, directory: Path | None = None, *, required_phrases: Mapping[str, frozenset[str]] | None = None
) -> Region:
    """Calling this will read the region pack ``name`` from the folder ``directory`` (default: the packs that come with
    the project) and check its tables.

    Every command pays for this, so examples and aspects are only read, not looked at line by line, and knowledge and
    services when somebody asks for them: ``check`` does all of it. ``required_phrases`` gives the phrase keys the
    program uses with the placeholders it fills; without it any keys may stand in phrases.yaml. Raises RegionFaults with
    every fault it met.
    """
    folder = (directory or PACKS) / name
    pack, faults = _read(name, folder, required_phrases)
    if pack is None or faults:
        raise RegionFaults(name, _sorted(faults))
    return _region(pack, folder)


def load_ruling(folder: Path) -> Region:
    """Calling this will read only the files of a pack that rule tickets, as they were once accepted: the region has no
    sentences, examples, knowledge and services, and what must agree between the files is not looked at again.

    Raises RegionFaults for files that cannot be read any more.
    """
    faults: list[Fault] = []
    pack = draft(folder, faults, texts=False)
    if faults or not pack.heads or not pack.national_holidays:
        raise RegionFaults(folder.name, _sorted(faults))
    return _region(pack, folder)


def check(
    name: str, directory: Path | None = None, *, required_phrases: Mapping[str, frozenset[str]] | None = None
) -> list[Fault]:
    """Calling this will list every fault of a region pack by file and line; with none of them ``load`` succeeds and
    whatever the region holds can be read."""
    folder = (directory or PACKS) / name
    pack, faults = _read(name, folder, required_phrases)
    if pack is not None:
        examine_texts(pack, faults)
        codes = _codes(pack)
        read_knowledge(folder, codes, faults, pack.dropped)
        read_services(folder, codes, faults, pack.dropped)
        examine_names(folder, pack, _others(folder), faults)
    return _sorted(faults)


def _others(folder: Path) -> list[Path]:
    """The other packs: those beside this one and those that come with the project."""
    found = {
        path.name: path for path in (*PACKS.iterdir(), *folder.parent.iterdir()) if (path / "region.yaml").is_file()
    }
    return [path for name, path in sorted(found.items()) if name != folder.name]


def _read(
    name: str, folder: Path, required_phrases: Mapping[str, frozenset[str]] | None
) -> tuple[Draft | None, list[Fault]]:
    # The name comes from the environment or a command line; it must not lead out of the folder of packs.
    if not CODE.fullmatch(name) or not folder.is_dir():
        return None, [Fault("region.yaml", 1, f"there is no region pack {name!r} in {folder.parent}")]
    faults: list[Fault] = []
    pack = draft(folder, faults)
    cross_check(pack, name, required_phrases, faults)
    return pack, faults


def _sorted(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: (fault.file, fault.line, fault.text))


def _codes(pack: Draft) -> list[str]:
    return [at.value.code for at in pack.categories]


class _Books:
    """What is read late: each at most once, and its faults raised to whoever asks."""

    def __init__(self, name: str, folder: Path, categories: Collection[str]) -> None:
        self._name, self._folder, self._categories = name, folder, categories
        self.knowledge = cache(self._knowledge)
        self.directory = cache(self._directory)

    def _knowledge(self) -> Mapping[str, Knowledge]:
        faults: list[Fault] = []
        found = read_knowledge(self._folder, self._categories, faults)
        return MappingProxyType(found) if not faults else self._raise(faults)

    def _directory(self) -> Directory:
        faults: list[Fault] = []
        found = read_services(self._folder, self._categories, faults)
        return found if not faults else self._raise(faults)

    def _raise(self, faults: list[Fault]) -> NoReturn:
        raise RegionFaults(self._name, _sorted(faults))

    def services(self) -> Mapping[str, Service]:
        return self.directory().services

    def fields(self) -> Mapping[str, Words]:
        return self.directory().fields


def _region(pack: Draft, folder: Path) -> Region:
    head = pack.heads[0].value
    books = _Books(head.code, folder, _codes(pack))
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
        examples=tuple(Example(text, each.label) for each in pack.examples for text in each.texts),
        regional_holidays=MappingProxyType(dict(at.value for at in pack.holidays)),
        national_holidays=pack.national_holidays[0].value,
        privacy_contact=head.privacy_contact,
        everyday_names=frozenset(at.value for at in pack.everyday_names),
        sms_keywords=frozenset(at.value.casefold() for at in pack.sms_keywords),
        delivery=pack.delivery,
        knowledge=Lazy(books.knowledge),
        aspects=MappingProxyType(
            {
                aspect: MappingProxyType({each.label: each.texts for each in files})
                for aspect, files in pack.aspects.items()
            }
        ),
        services=Lazy(books.services),
        fields=Lazy(books.fields),
        desk_rules=pack.desk.rules,
        owners=MappingProxyType({at.value.code: at.value for at in pack.ownership.owners}),
        owned=MappingProxyType(dict(at.value for at in pack.ownership.owned)),
        assets=tuple(at.value for at in pack.ownership.assets),
        edition=edition(head.version, folder),
    )
