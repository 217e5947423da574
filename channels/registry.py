"""The explicit table of channels: provider → where its class lives. Only what is configured is built.

A kind people know (``whatsapp``, ``sms``) may have several providers; the first one configured also serves the
addresses of an account that is configured no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

from channels.base import Channel

CHANNELS: dict[str, str] = {
    "whatsapp": "channels.whatsapp:WhatsApp",
    "whatsapp-cloud": "channels.whatsapp_cloud:WhatsAppCloud",
    "sms": "channels.sms:Sms",
    "sms-gateway": "channels.sms_gateway:SmsGateway",
    "sms-modem": "channels.sms_modem:SmsModem",
    "telegram": "channels.telegram:Telegram",
    "mail": "channels.mail:Mail",
    "web": "channels.web:Web",
    "desk": "channels.desk:Desk",
    "console": "channels.console:Console",
}


@dataclass
class Registry:
    """Calling this will hold the channels that are on, by provider, and the faults that keep others from starting."""

    channels: dict[str, Channel] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Channel]:
        """Calling this will list the providers of a kind that are on, in the order of the table."""
        return [channel for channel in self.channels.values() if channel.kind == kind]

    def carrier(self, kind: str, account: str) -> Channel | None:
        """Calling this will find who carries a message to an address of this account: its own provider, else the first
        of the kind; None when the kind is off."""
        providers = self.of_kind(kind)
        own = (channel for channel in providers if channel.account == account)
        return next(own, providers[0] if providers else None)

    def close(self) -> None:
        """Calling this will close every channel."""
        for channel in self.channels.values():
            channel.close()


def provider_class(name: str) -> type[Channel]:
    """Calling this will import and return the class of a provider. Raises KeyError when the table has none."""
    module, _, attribute = CHANNELS[name].partition(":")
    found: type[Channel] = getattr(import_module(module), attribute)
    return found


def channel_class(kind: str) -> type[Channel]:
    """Calling this will return the class of a kind's first provider. Raises KeyError for an unknown kind.

    The providers of a kind agree in ``kind``, ``title`` and ``external``.
    """
    if kind in CHANNELS:
        return provider_class(kind)
    for name in CHANNELS:
        if (cls := provider_class(name)).kind == kind:
            return cls
    raise KeyError(kind)


def kinds() -> tuple[str, ...]:
    """Calling this will name every channel as people know it, in the order of the table."""
    return tuple(dict.fromkeys(provider_class(name).kind for name in CHANNELS))


def setting_names() -> set[str]:
    """Calling this will name every setting any channel reads."""
    classes = [provider_class(name) for name in CHANNELS]
    return {name for cls in classes for name in (*cls.required, *cls.shared, *cls.optional, *cls.extras)}


def build(values: Mapping[str, str], public_url: str) -> Registry:
    """Calling this will build every channel whose settings are complete and list a fault for each set by half.

    ``values`` maps setting names to non-empty strings. A channel is on when any setting of its own is given; then
    all of ``required`` and ``shared`` must be. A shared credential that no channel uses is a fault too: somebody
    expected something of it; and so is one account of two providers of a kind: provider ids are unique within it.
    """
    registry = Registry()
    used: set[str] = set()
    shared: dict[str, set[str]] = {}
    for provider in CHANNELS:
        cls = provider_class(provider)
        own = {name for name in (*cls.required, *cls.optional) if values.get(name)}
        for name in cls.shared:
            shared.setdefault(name, set()).update(cls.required)
        if cls.required and not own:
            continue
        used.update(cls.shared)
        missing = [name for name in (*cls.required, *cls.shared) if not values.get(name)]
        if missing:
            given = ", ".join(sorted(own))
            registry.faults.append(f"channel {provider}: {given} is set, so {', '.join(missing)} must be set too")
            continue
        faults = cls.faults(values)
        registry.faults.extend(f"channel {provider}: {fault}" for fault in faults)
        if not faults:
            names = (*cls.required, *cls.shared, *cls.optional, *cls.extras)
            made = cls({n: values[n] for n in names if values.get(n)}, public_url)
            twin = next((each for each in registry.of_kind(made.kind) if each.account == made.account), None)
            if twin is None:
                registry.channels[provider] = made
            else:
                made.close()
                registry.faults.append(
                    f"channels {twin.name} and {provider}: both have the same number, which only one can serve; "
                    "take one of them out"
                )
    for name, owners in shared.items():
        if values.get(name) and name not in used:
            registry.faults.append(f"{name} is set, but none of {', '.join(sorted(owners))} is: no channel uses it")
    return registry
