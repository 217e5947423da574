"""One process for the web: the citizen's application and the staff's, side by side, each under its own prefix.

Started as ``gunicorn "dispatch.wsgi:create()"``. The applications are named, not imported: they live on the floors
above, which this floor does not know, and neither knows the other; somebody has to put them under one roof.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from dispatch import logs
from dispatch.config import ConfigFaults
from dispatch.region import RegionFaults
from dispatch.runtime import Runtime, from_environment, install

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Prefix → the function that makes the application below it. Longer prefixes come first; the empty one takes the rest.
MOUNTS: dict[str, str] = {
    "/admin": "admin.app:create_app",
    "": "bot.app:create_app",
}
HOOKS = "bot.app:create_hooks_app"
#: gunicorn's own status for an application that cannot be loaded: it gives up instead of starting workers for ever.
CANNOT_LOAD = 4


def create() -> WSGIApplication:
    """Calling this will wire the process from its environment and make the whole web application.

    A faulty configuration or region pack is one clear text on standard error and SystemExit.
    """
    runtime = _wire()
    return mount({prefix: _make(name, runtime) for prefix, name in MOUNTS.items()})


def create_hooks() -> WSGIApplication:
    """Calling this will wire the process and make webhooks and health alone; faults as in ``create``."""
    return _make(HOOKS, _wire())


def mount(applications: dict[str, WSGIApplication]) -> WSGIApplication:
    """Calling this will make one application that hands each request to the first prefix its path lies under.

    The path is left as it is: each application knows its whole addresses. Raises LookupError for a path under none.
    """

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        for prefix, inner in applications.items():
            if path == prefix or path.startswith(prefix + "/") or not prefix:
                return inner(environ, start_response)
        raise LookupError("no application is mounted for this path")

    return application


def _wire() -> Runtime:
    logs.configure("web")
    try:
        runtime = from_environment()
        _ = runtime.registry, runtime.region, runtime.phrases
    except (ConfigFaults, RegionFaults) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(CANNOT_LOAD) from None
    install(runtime)
    return runtime


def _make(name: str, runtime: Runtime) -> WSGIApplication:
    module, _, function = name.partition(":")
    factory: Callable[[Runtime], WSGIApplication] = getattr(import_module(module), function)
    return factory(runtime)
