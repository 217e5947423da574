"""Which place does a citizen mean? Names in everyday spelling to area codes, and a pin on the map to a village."""

from dispatch.places.finder import Found, Places
from dispatch.places.pins import Pin
from dispatch.places.spots import clipped, spot

__all__ = ["Found", "Pin", "Places", "clipped", "spot"]
