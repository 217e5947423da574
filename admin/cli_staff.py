"""Commands for accounts of staff."""

from __future__ import annotations

import json

import click
from sqlalchemy import select
from sqlmodel import Session, col

from admin.cli import CommandFault
from admin.cli_operate import one_time_password, read_password
from dispatch.models import Position, Role, Staff, StaffAgency
from dispatch.runtime import from_environment
from dispatch.services import staff as accounts


@click.group()
def staff() -> None:
    """Add, list, close and reset accounts of staff."""


@staff.command()
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--opd", "agencies", multiple=True, metavar="CODE", help="An agency to work for; may be repeated.")
@click.option("--name", default="", help="The name colleagues see.")
@click.option(
    "--position",
    type=click.Choice([each.value for each in Position]),
    default=None,
    help="The rung of escalation; without it the lowest of the role.",
)
@click.option("--password-file", metavar="FILE", help="A file with the password, or - for standard input.")
def add(
    email: str, role: str, agencies: tuple[str, ...], name: str, position: str | None, password_file: str | None
) -> None:
    """Add an account. Without a password file a one-time password is made and shown once."""
    runtime = from_environment()
    made = "" if password_file else one_time_password()
    password = made or read_password(password_file)
    with runtime.writing() as session:
        row = accounts.add(
            session,
            runtime.region,
            runtime.now(),
            email=email,
            role=role,
            password=password,
            agencies=agencies,
            name=name,
            must_change=bool(made),
            position=position or "",
        )
    click.echo(f"added {row.email} ({role})" + (f"   one-time password: {made}" if made else ""))


@staff.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_accounts(as_json: bool) -> None:
    """List all accounts with role, agencies and state."""
    runtime = from_environment()
    with runtime.reading() as session:
        rows = session.scalars(select(Staff).order_by(col(Staff.email))).all()
        agencies: dict[int, list[str]] = {}
        for link in session.scalars(select(StaffAgency)).all():
            agencies.setdefault(link.staff_id, []).append(link.agency)
    for row in rows:
        codes = sorted(agencies.get(row.id or 0, []))
        state = "disabled" if row.disabled_at else "active"
        if as_json:
            body = {"email": row.email, "role": row.role, "position": row.position, "opd": codes, "state": state}
            click.echo(json.dumps(body, ensure_ascii=False))
        else:
            click.echo(f"{row.email:40} {row.role:11} {row.position:11} {state:9} {' '.join(codes)}")


@staff.command()
@click.argument("email")
@click.option("--undo", is_flag=True, help="Open the account again.")
def disable(email: str, undo: bool) -> None:
    """Close an account; its sessions end at their next request."""
    runtime = from_environment()
    with runtime.writing() as session:
        accounts.set_disabled(session, runtime.now(), _find(session, email), not undo)
    click.echo(f"{'opened' if undo else 'closed'} {email}")


@staff.command()
@click.argument("email")
@click.option("--undo", is_flag=True, help="Take them off the list again.")
def secrets(email: str, undo: bool) -> None:
    """Let somebody read secret reports of the agencies they see."""
    runtime = from_environment()
    with runtime.writing() as session:
        accounts.set_sees_secret(session, runtime.now(), _find(session, email), not undo)
    click.echo(f"{email} may {'no longer ' if undo else ''}read secret reports")


@staff.command()
@click.argument("email")
@click.option("--password-file", metavar="FILE", help="A file with the new password, or - for standard input.")
@click.option("--second-factor", is_flag=True, help="Also forget the authenticator app (a lost phone).")
def reset(email: str, password_file: str | None, second_factor: bool) -> None:
    """Set a new password (a one-time one unless a file is given) and end all sessions of the account."""
    runtime = from_environment()
    made = "" if password_file else one_time_password()
    password = made or read_password(password_file)
    with runtime.writing() as session:
        row = _find(session, email)
        if second_factor:
            row.totp_secret, row.totp_last = "", 0
        accounts.set_password(session, runtime.now(), row, password, must_change=bool(made))
    click.echo(f"reset {email}" + (f"   one-time password: {made}" if made else ""))


def _find(session: Session, email: str) -> Staff:
    row = session.scalars(select(Staff).where(col(Staff.email) == email.strip().lower())).first()
    if row is None:
        raise CommandFault(f"no account {email}: aduan staff list shows them")
    return row
