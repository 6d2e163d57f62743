"""The one worker of a node: kept warm, started anew when it dies."""

import json
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from commgen.federated.deploy.processes import Processes

_SOCKET = "worker.sock"
_QUEUE = 64  # messages that wait for the worker while it starts


class WarmWorker:
    """A worker process behind a socket that outlives it; use it in a ``with`` block.

    The socket lies in a private folder (mode 0700) and belongs to this process, which
    hands it to each worker in turn: a message that comes while none is there waits.

    Parameters
    ----------
    processes
        That start it.
    command
        Its program and arguments; behind them come the descriptors of the listening
        socket and of a pipe in which it says, in JSON, that it is ready or why not,
        then ``arguments`` and this process' number.
    arguments
        Configuration, node, folder.
    log
        Where its output goes.
    """

    def __init__(
        self,
        processes: Processes,
        arguments: Sequence[str],
        log: Path,
        command: Sequence[str],
    ):
        self._processes = processes
        self._command, self._arguments = list(command), list(arguments)
        self._log = log
        self._process: subprocess.Popen | None = None
        self._told = -1
        self.num_deaths = 0

    @property
    def path(self) -> Path:
        """The socket."""
        return self._folder / _SOCKET

    @property
    def pid(self) -> int:
        """The process that serves at present."""
        return -1 if self._process is None else self._process.pid

    def __enter__(self) -> "WarmWorker":
        """Open the socket; messages wait until :meth:`start`."""
        # Not below the run's folder: a socket's path has at most 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="commgen-"))
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(self.path))
        self._listening.listen(_QUEUE)
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the socket and end the worker."""
        self._listening.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._told >= 0:
            os.close(self._told)
            self._told = -1

    def start(self, timeout_s: float = 600.0) -> None:
        """Start it and wait until it is ready.

        Raises
        ------
        ValueError
            If it says that it cannot, or ends without a word, or takes too long.
        """
        self._launch()
        text = self._heard(timeout_s)
        if "ready" not in text:
            raise ValueError(text.get("error", f"the worker ended; see {self._log}."))

    def look(self) -> str | None:
        """Start it anew if it has died; return how it died.

        Raises
        ------
        ValueError
            If it ended by itself: then it would again.
        """
        if self._process is None or self._process.poll() is None:
            return None
        code = self._process.returncode
        if code >= 0:
            raise ValueError(f"the worker ended with code {code}; see {self._log}.")
        self.num_deaths += 1
        self._launch()
        return f"killed by signal {-code}"

    def _launch(self) -> None:
        if self._told >= 0:
            os.close(self._told)
        self._told, theirs = os.pipe()
        try:
            handle = self._listening.fileno()
            numbers = [str(handle), str(theirs)]
            self._process = self._processes.start(
                [*self._command, *numbers, *self._arguments, str(os.getpid())],
                self._log,
                pass_fds=[handle, theirs],
            )
        finally:
            os.close(theirs)

    def _heard(self, timeout_s: float) -> dict[str, str]:
        """Return what the worker says through its pipe; nothing if it ends."""
        end, heard = time.monotonic() + timeout_s, b""
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise ValueError(
                    f"the worker was not ready after {timeout_s:g} s; see {self._log}."
                )
            if select.select([self._told], [], [], left)[0]:
                part = os.read(self._told, 1 << 16)
                if not part:
                    return json.loads(heard) if heard else {}
                heard += part
