"""A pin on the map: the village whose centroid is nearest, and how far one may trust that.

Borders are not known, only one point of each village.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dispatch.region import Place

# A centroid stands for its village as far as twice the distance to the third neighbour, within these kilometres.
_NEIGHBOURS = 3
_REACH = (3.0, 40.0)
# A village may contain the pin as well when its centroid is not this much farther away than the nearest.
_AS_NEAR = 1.6
_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Pin:
    """Calling this will hold where a pin lies: ``village`` has the nearest centroid, ``kilometres`` away.

    ``area`` is the smallest area that surely contains the pin: the village itself where no other is nearly as near,
    else the kecamatan or kabupaten/kota in which all of those lie; None where not even that is common. ``sure`` says
    whether it is the village: otherwise the village is only about right ("kira-kira").
    """

    village: str
    area: str | None
    kilometres: float

    @property
    def sure(self) -> bool:
        """Calling this will say whether the village itself is certain."""
        return self.area == self.village

    @property
    def best(self) -> str:
        """Calling this will give the area to work with: what is certain, else the village that is about right."""
        return self.area or self.village


class Map:
    """Calling this will hold the centroids of a region's villages; ``locate`` only reads."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._villages = {place.code: place for place in places if place.level == "village"}

    def locate(self, lat: float, lng: float) -> Pin | None:
        """Calling this will find the village of a point (degrees, WGS 84).

        A centroid reaches about as far as the villages around it are apart; None for a point that none reaches: at sea,
        abroad, nowhere.
        """
        if not (-90 <= lat <= 90 and -180 <= lng <= 180):
            return None
        nearest = sorted((kilometres(lat, lng, place.lat, place.lng), place.code) for place in self._villages.values())
        low, high = _REACH
        for distance, code in nearest:
            if distance > high:
                break
            if distance <= max(2 * self._spacing(code), low):
                near = [other for away, other in nearest if away <= _AS_NEAR * distance]
                return Pin(code, _shared([code, *near]), distance)
        return None

    def _spacing(self, code: str) -> float:
        here = self._villages[code]
        around = sorted(kilometres(here.lat, here.lng, one.lat, one.lng) for one in self._villages.values())
        return around[: _NEIGHBOURS + 1][-1]


def kilometres(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    """Calling this will give the distance of two points in degrees, as on flat ground: within a province near the
    equator that errs by less than a thousandth."""
    east = (lng - other_lng) * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(lat - other_lat, east) * _DEGREE


def _shared(codes: list[str]) -> str | None:
    """The smallest area in which all of these villages lie, from the kabupaten/kota down."""
    area = codes[0].split(".")
    for code in codes[1:]:
        other = code.split(".")
        while other[: len(area)] != area:
            area.pop()
    return ".".join(area) if len(area) > 1 else None
