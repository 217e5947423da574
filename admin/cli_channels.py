"""Commands for the channels: whether they work, the texts approved for them, what they handle."""

from __future__ import annotations

import click

from channels.base import Channel
from channels.coverage_page import page
from channels.errors import ChannelError
from channels.telegram import Telegram
from dispatch.runtime import Runtime, from_environment
from dispatch.services import templates as approved


@click.group()
def channels() -> None:
    """See whether the configured channels work, and what they carry."""


@channels.command("check")
def check_channels() -> int:
    """For each configured channel: can we sign in, is the webhook ours, what is pending. Sends nothing."""
    runtime = from_environment()
    good = True
    for name, channel in runtime.registry.channels.items():
        lines = channel.check()
        for line in lines:
            good = good and line.ok
            click.echo(f"{'ok  ' if line.ok else 'BAD '} {name}: {line.name}: {line.detail}")
        if not lines:
            click.echo(f"ok   {name}: needs nothing from outside")
        channel.close()
    return 0 if good else 1


@channels.command("templates")
def list_templates() -> int:
    """Fetch the texts approved at each provider that has them, store the list, and show what values each takes."""
    runtime = from_environment()
    having = {name: each for name, each in runtime.registry.channels.items() if _has_templates(each)}
    if not having:
        click.echo("no configured channel has templates", err=True)
    good = True
    for name, channel in having.items():
        good = _fetch(runtime, name, channel) and good
    runtime.close()
    return 0 if good else 1


def _has_templates(channel: Channel) -> bool:
    return type(channel).templates is not Channel.templates


def _fetch(runtime: Runtime, name: str, channel: Channel) -> bool:
    """List one provider's texts; a list that cannot be had leaves the stored one as it is."""
    try:
        found = channel.templates()
    except ChannelError as error:
        click.echo(f"aduan: {name}: {error}; the stored list stays: try again, then aduan channels check", err=True)
        return False
    with runtime.writing() as session:
        count = approved.sync(session, runtime.now(), name, found)
        listed = approved.stored(session, name)
    click.echo(f"{name}: {count} template(s)")
    for each in listed:
        values = ", ".join(each.holes) or "none"
        click.echo(f"  {each.name}  {each.language or '-'}  {each.status}  values: {values}  {each.key}")
    return True


@channels.command("coverage")
def show_coverage() -> None:
    """Print what each provider can send or say, and what becomes of it: docs/channels/coverage.md."""
    click.echo(page(), nl=False)


@channels.command("takeover")
@click.argument("name")
def take_over(name: str) -> int:
    """Take a bot over from another installation: its messages come to this one from now on (telegram)."""
    runtime = from_environment()
    channel = runtime.registry.channels.get(name)
    if not isinstance(channel, Telegram):
        click.echo("aduan: only telegram can be taken over, and only where it is configured", err=True)
        return 1
    try:
        channel.set_webhook()
    except ChannelError as error:
        click.echo(f"aduan: {name}: {error}", err=True)
        return 1
    finally:
        runtime.close()
    click.echo(f"{name}: this installation gets the bot's messages now")
    return 0
