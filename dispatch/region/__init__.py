"""Region packs: everything local, as reviewed data. ``load`` reads one, ``check`` lists every fault at once."""

from dispatch.region.loading import check, load
from dispatch.region.values import (
    Agency,
    Budget,
    Calendar,
    Category,
    ClockRule,
    Delivery,
    Example,
    Fault,
    Knowledge,
    Landmark,
    Level,
    Place,
    Region,
    RegionFaults,
    Service,
)

__all__ = [
    "Agency",
    "Budget",
    "Calendar",
    "Category",
    "ClockRule",
    "Delivery",
    "Example",
    "Fault",
    "Knowledge",
    "Landmark",
    "Level",
    "Place",
    "Region",
    "RegionFaults",
    "Service",
    "check",
    "load",
]
