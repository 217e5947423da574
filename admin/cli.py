"""The ``aduan`` command. Results go to standard output, messages to standard error; an error is one clear text and a
non-zero status, never a traceback. Each command's module is imported only when it is called, so that a command pays
only
for what it uses."""

from __future__ import annotations

import logging
import sys
from importlib import import_module

import click
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from dispatch import logs

#: Command → where it lives.
COMMANDS: dict[str, str] = {
    "up": "admin.cli_operate:up_command",
    "release": "admin.cli_operate:release",
    "db": "admin.cli_operate:database",
    "doctor": "admin.cli_operate:doctor",
    "backup": "admin.cli_operate:backup",
    "restore": "admin.cli_operate:restore",
    "region": "admin.cli_region:region",
    "channels": "admin.cli_channels:channels",
    "staff": "admin.cli_staff:staff",
    "classify": "admin.cli_classifier:classify",
    "classifier": "admin.cli_classifier:classifier",
    "export": "admin.cli_figures:export",
    "report": "admin.cli_figures:report",
    "lapor": "admin.cli_lapor:lapor",
    "demo": "admin.cli_figures:demo",
    "console": "admin.cli_operate:console",
}
#: Faults a person can act on, by the class names of their modules: only the text is shown.
EXPECTED = (
    "ConfigFaults",
    "RegionFaults",
    "ArtifactRefused",
    "DatasetError",
    "StaffFault",
    "CannotStart",
    "NotHere",
    "BackupFault",
    "CommandFault",
)


class CommandFault(Exception):
    """Calling this will end a command with one clear text and status 1."""


class Lazy(click.Group):
    """Calling this will make a group whose commands are looked up in ``COMMANDS`` and imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Calling this will name all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Calling this will import one command."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def aduan() -> None:
    """Citizen complaints: from any channel to the right agency, within the law's clock, and back."""


def main(arguments: list[str] | None = None) -> int:
    """Calling this will run the command line and return its exit status (0 good, 1 fault, 2 wrong use)."""
    logs.configure("aduan")
    logging.getLogger().setLevel(logging.WARNING)
    try:
        status = aduan.main(args=arguments, prog_name="aduan", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except (SQLAlchemyError, RedisError) as error:
        where = "database" if isinstance(error, SQLAlchemyError) else "queue server"
        return _fault(f"the {where} cannot be used ({type(error).__name__}): see aduan doctor")
    except BrokenPipeError:
        return 141
    except UnicodeEncodeError:
        return _fault("an argument is not UTF-8 text: write it again")
    except OSError as error:
        return _fault(f"{error.filename or 'a file'} cannot be used ({error.strerror or type(error).__name__})")
    except Exception as error:
        if type(error).__name__ not in EXPECTED:
            logging.getLogger("aduan.cli").exception("a command broke")
            return _fault(f"internal fault ({type(error).__name__}): the log line above tells where")
        return _fault(str(error), status=2 if type(error).__name__ == "ConfigFaults" else 1)
    return status if isinstance(status, int) else 0


def _fault(text: str, status: int = 1) -> int:
    sys.stderr.write(f"aduan: {text}\n")
    return status


def entry() -> None:
    """Calling this will run the command line as a program."""
    raise SystemExit(main())


if __name__ == "__main__":
    entry()
