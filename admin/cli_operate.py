"""Commands that start, prepare, examine and save an installation."""

from __future__ import annotations

import json
import secrets
import sys
from importlib import import_module
from pathlib import Path

import click

from admin.cli import CommandFault
from dispatch import db, region
from dispatch.phrases import REQUIRED
from dispatch.runtime import Runtime, from_environment

#: A one-time password is read off a screen: no letters and digits that look alike.
LEGIBLE = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def one_time_password() -> str:
    """Calling this will make a password of four groups of four legible characters (79 random bits)."""
    return "-".join("".join(secrets.choice(LEGIBLE) for _ in range(4)) for _ in range(4))


@click.command("up")
@click.option("--procfile", type=click.Path(path_type=Path), default=Path("Procfile"), show_default=True)
def up_command(procfile: Path) -> int:
    """Run everything on this machine until Ctrl-C."""
    from admin.up import up

    return up(from_environment().settings, procfile)


@click.command()
def release() -> None:
    """Prepare what the processes need: schema, region pack, classifier, translations, the first administrator."""
    from admin.translations import compile_catalogs
    from dispatch.learning import note_serving
    from dispatch.training import ensure_model

    runtime = from_environment()
    _ = runtime.registry
    # Later commands read only what they use of the pack: here all of it must be in order.
    pack, packs = runtime.settings.region, runtime.settings.region_dir
    if faults := region.check(pack, packs, required_phrases=REQUIRED):
        raise region.RegionFaults(pack, faults)
    db.upgrade(runtime.engine)
    click.echo(f"database {db.redacted(runtime.settings.database_url)} is up to date", err=True)
    click.echo(f"region pack {runtime.region.code} {runtime.region.version}", err=True)
    click.echo(f"classifier {ensure_model(runtime)}", err=True)
    note_serving(runtime)
    compile_catalogs()
    _first_administrator(runtime)
    runtime.close()


def _first_administrator(runtime: Runtime) -> None:
    from sqlalchemy import select
    from sqlmodel import col

    from dispatch.models import Role, Staff
    from dispatch.services import staff

    email = f"admin@{runtime.region.code}.local"
    password = one_time_password()
    with runtime.writing() as session:
        if session.scalars(select(col(Staff.id)).limit(1)).first() is not None:
            return
        staff.add(
            session, runtime.region, runtime.now(), email=email, role=Role.ADMIN, password=password, must_change=True
        )
    click.echo(f"first administrator: {email}   one-time password: {password}   (sign in at /admin, then change it)")
    sys.stdout.flush()


@click.command()
def console() -> int:
    """Talk to the bot in this terminal, as a citizen would."""
    # Named, not imported: staff side and citizen side do not know each other.
    return int(import_module("bot.console").main())


@click.group("db")
def database() -> None:
    """Bring the schema up to date, or check it."""


@database.command("upgrade")
def upgrade() -> None:
    """Apply all migrations."""
    runtime = from_environment()
    db.upgrade(runtime.engine)
    click.echo("the database is up to date")


@database.command("check")
def check() -> int:
    """Say how the database differs from what the code expects."""
    faults = db.schema_faults(from_environment().engine)
    for fault in faults:
        click.echo(fault)
    if not faults:
        click.echo("the database is up to date")
    return 1 if faults else 0


@database.command("revise", hidden=True)
@click.argument("message")
def revise(message: str) -> None:
    """Write a migration for what the models have and the database has not."""
    db.make_migration(from_environment().engine, message)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def doctor(as_json: bool) -> int:
    """Examine configuration, connections, queues, clock and disk; non-zero when something is wrong."""
    from dispatch.doctor import examine, healthy

    findings = examine(from_environment())
    if as_json:
        rows = [{"name": item.name, "ok": item.ok, "detail": item.detail} for item in findings]
        click.echo(json.dumps({"healthy": healthy(findings), "findings": rows}, ensure_ascii=False))
    else:
        for item in findings:
            click.echo(f"{'ok  ' if item.ok else 'BAD '} {item.name}: {item.detail}")
    return 0 if healthy(findings) else 1


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """Save database, attachments and models to FOLDER, while everything runs."""
    from dispatch.backup import backup as save

    click.echo(f"saved to {save(from_environment(), folder)}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def restore(folder: Path) -> None:
    """Restore FOLDER into an empty installation; nothing of it is sent again."""
    from dispatch.backup import restore as bring_back

    bring_back(from_environment(), folder)
    click.echo("restored; unsent messages are marked uncertain, look at them before anything is sent again")


def read_password(source: str | None) -> str:
    """Calling this will read a password from a file or, for ``-``, from standard input, without its line break.

    Raises CommandFault when there is none.
    """
    if source is None:
        raise CommandFault("give the password with --password-file FILE, or - for standard input")
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFault(f"the password file cannot be read ({type(error).__name__})") from error
    return text.rstrip("\r\n")
