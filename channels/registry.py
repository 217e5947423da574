"""The explicit table of channels: kind → where its class lives. Only what is configured is imported and built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

from channels.base import Channel

CHANNELS: dict[str, str] = {
    "whatsapp": "channels.whatsapp:WhatsApp",
    "sms": "channels.sms:Sms",
    "telegram": "channels.telegram:Telegram",
    "mail": "channels.mail:Mail",
    "web": "channels.web:Web",
    "console": "channels.console:Console",
}


@dataclass
class Registry:
    """Calling this will hold the channels that are on, by kind, and the faults that keep others from starting."""

    channels: dict[str, Channel] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Calling this will close every channel."""
        for channel in self.channels.values():
            channel.close()


def channel_class(kind: str) -> type[Channel]:
    """Calling this will import and return the class of a kind. Raises KeyError for a kind that is not in the table."""
    module, _, name = CHANNELS[kind].partition(":")
    found: type[Channel] = getattr(import_module(module), name)
    return found


def setting_names() -> set[str]:
    """Calling this will name every setting any channel reads."""
    classes = [channel_class(kind) for kind in CHANNELS]
    return {name for cls in classes for name in (*cls.required, *cls.shared, *cls.optional, *cls.extras)}


def build(values: Mapping[str, str], public_url: str) -> Registry:
    """Calling this will build every channel whose settings are complete and list a fault for each set by half.

    ``values`` maps setting names to non-empty strings. A channel is on when any setting of its own is given; then
    all of ``required`` and ``shared`` must be. A shared credential that no channel uses is a fault too: somebody
    expected something of it.
    """
    registry = Registry()
    used: set[str] = set()
    shared: dict[str, set[str]] = {}
    for kind in CHANNELS:
        cls = channel_class(kind)
        own = {name for name in (*cls.required, *cls.optional) if values.get(name)}
        for name in cls.shared:
            shared.setdefault(name, set()).update(cls.required)
        if cls.required and not own:
            continue
        used.update(cls.shared)
        missing = [name for name in (*cls.required, *cls.shared) if not values.get(name)]
        if missing:
            given = ", ".join(sorted(own))
            registry.faults.append(f"channel {kind}: {given} is set, so {', '.join(missing)} must be set too")
            continue
        faults = cls.faults(values)
        registry.faults.extend(f"channel {kind}: {fault}" for fault in faults)
        if not faults:
            names = (*cls.required, *cls.shared, *cls.optional, *cls.extras)
            registry.channels[kind] = cls({n: values[n] for n in names if values.get(n)}, public_url)
    for name, owners in shared.items():
        if values.get(name) and name not in used:
            registry.faults.append(f"{name} is set, but none of {', '.join(sorted(owners))} is: no channel uses it")
    return registry
