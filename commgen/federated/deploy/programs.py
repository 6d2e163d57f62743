"""Flower's programs, made to run what is installed here and nothing that was sent.

A run of Flower brings its code along, and every SuperNode runs it: whoever can start a
run could read the channels of all nodes. SuperLink and SuperNode start
``flwr-serverapp`` and ``flwr-clientapp`` by name; here these names are scripts that run
commgen's own apps, whatever the run has sent. What is replaced is that of Flower 1.42.
"""

import shlex
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

_SCRIPT = """\
#!/bin/sh
exec {python} -P -c {code} "$@"
"""
# Without site packages, so that it is there at once.
_KNOCK = """\
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
content = chr(0).join(sys.argv[2:]).encode()
connection.sendall(len(content).to_bytes(8, 'big') + content)
connection.recv(1)
"""
_KNOCKER = """\
#!/bin/sh
exec {python} -I -S -c {code} {apps} "$@"
"""
_CODE = "from commgen.federated.deploy.programs import {name}; {name}()"
_PROGRAMS = {
    "flower-superlink": "superlink",
    "flwr-serverapp": "server",
}
# Flower waits for its database 5 s, and then loses the reply of a node: on a machine
# with load 25 that happened in the first round.
_DATABASE_WAIT_MS = "120000"


def write_programs(folder: Path) -> Path:
    """Write those of a server into a folder, which goes before others in ``PATH``."""
    folder.mkdir(parents=True, exist_ok=True)
    for program, name in _PROGRAMS.items():
        code = shlex.quote(_CODE.format(name=name))
        script = _SCRIPT.format(python=shlex.quote(sys.executable), code=code)
        _write(folder / program, script)
    return folder


def write_client(folder: Path, apps: Path) -> None:
    """Write that of a node, which knocks at the socket ``apps``."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"python": sys.executable, "code": _KNOCK, "apps": str(apps)}
    quoted = {name: shlex.quote(text) for name, text in names.items()}
    _write(folder / "flwr-clientapp", _KNOCKER.format(**quoted))


def _write(path: Path, script: str) -> None:
    path.write_text(script, encoding="utf-8")
    path.chmod(0o700)


def superlink() -> None:
    """Be ``flower-superlink``, with patience for its database."""
    constants: Any = import_module("flwr.supercore.constant")
    settings = {**dict(constants.SQLITE_PRAGMAS), "busy_timeout": _DATABASE_WAIT_MS}
    constants.SQLITE_PRAGMAS = tuple(settings.items())
    from flwr.superlink.cli import flower_superlink

    flower_superlink()


def server() -> None:
    """Be ``flwr-serverapp``, with commgen's ServerApp."""
    from flwr.server.run_serverapp import run
    from flwr.superlink.cli import flwr_serverapp

    from commgen.federated.app.server_app import app

    runtime: Any = import_module("flwr.superlink.runtime.run_serverapp")

    def run_own(grid: Any, context: Any, **_: Any) -> Any:
        return run(grid, context, "", loaded_server_app=app)

    runtime.run_ = run_own
    flwr_serverapp()
