"""Flower's process for a message, forked from one that has all loaded.

Flower starts an interpreter for every message, which has 30 s to be up; at load 28 it
was not, and its token was void. Here that program only knocks at a process that has
Flower and the ClientApp in memory, and forks.
"""

import contextlib
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

from commgen.federated.app.wire import receive_frame
from commgen.federated.deploy.processes import end_with_parent

# Whoever knocks sends all at once; one that does not is dead [s].
_PATIENCE_S = 60.0


def run() -> None:
    """Serve ``flwr-clientapp``: descriptors of socket and pipe, and the parent."""
    listening, told, parent = map(int, sys.argv[1:])
    end_with_parent(parent)
    main = client_main()
    with os.fdopen(told, "w") as pipe:
        pipe.write(json.dumps({"ready": os.getpid()}))
    serve(socket.socket(fileno=listening), main)


def client_main() -> Callable[[], Any]:
    """Return ``flwr-clientapp``, with commgen's ClientApp whatever a run has sent."""
    from flwr.supernode.cli import flwr_clientapp

    from commgen.federated.app.client_app import app

    runtime: Any = import_module("flwr.supernode.runtime.run_clientapp")
    runtime.install_from_fab = lambda *_, **__: None
    runtime.get_load_client_app_fn = lambda *_, **__: lambda *_: app
    return flwr_clientapp


def serve(listening: socket.socket, main: Callable[[], Any]) -> None:
    """Fork for each list of arguments that comes, and run ``main`` with them."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    while True:
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError, ValueError):
            connection.settimeout(_PATIENCE_S)
            arguments = receive_frame(connection).decode().split("\0")
            parent = os.getpid()
            if os.fork() == 0:
                listening.close()
                _be_child(parent, arguments, main)


def _be_child(parent: int, arguments: list[str], main: Callable[[], Any]) -> None:
    """Run the program, and end this process however that ends."""
    code = 1
    try:
        end_with_parent(parent)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        sys.argv = ["flwr-clientapp", *arguments]
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
