"""Processes of a deployment: started here, marked, ended with this one."""

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_MARK = "COMMGEN_DEPLOYMENT"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LOOK_S = 0.5
# Linux keeps what prctl says through exec: a program that knows nothing of it ends too.
_CODE = """
import os, sys
from commgen.federated.deploy.processes import end_with_parent
end_with_parent(int(sys.argv[1]), watch=False)
os.execv(sys.argv[2], sys.argv[2:])
"""


class Processes:
    """Processes that are started here, and everything that they start.

    All carry a mark in their environment. They are in process groups of their own, so
    that Ctrl-C comes to this process alone; when it is killed, those that it started
    are too (Linux), and Flower's own children end when their parents have.

    Parameters
    ----------
    environment
        What is added to this process' own.
    programs
        Folder in which programs are looked for first.
    """

    def __init__(self, environment: Mapping[str, str], programs: Path | None = None):
        self._token = secrets.token_hex(16)
        places = [] if programs is None else [str(programs.absolute())]
        # Flower starts its programs by name.
        places += [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]
        self._environment = {
            **os.environ,
            **environment,
            "PATH": os.pathsep.join(places),
            _MARK: self._token,
        }
        self._started: list[subprocess.Popen] = []

    def start(
        self, command: Sequence[str], log: Path, *, pass_fds: Sequence[int] = ()
    ) -> subprocess.Popen:
        """Start a program whose output goes to the end of a file.

        Raises
        ------
        FileNotFoundError
            If the program is not installed.
        """
        program = shutil.which(command[0], path=self._environment["PATH"])
        if program is None:
            raise FileNotFoundError(
                f"{command[0]} is missing: pip install '.[federated]' brings it."
            )
        wrapped = [sys.executable, "-P", "-c", _CODE, str(os.getpid()), program]
        with log.open("ab") as file:
            process = subprocess.Popen(
                [*wrapped, *command[1:]],
                env=self._environment,
                pass_fds=pass_fds,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self._started.append(process)
        return process

    def close(self, grace_s: float = 5.0) -> None:
        """End all of them, in an orderly way if they can."""
        for process in reversed(self._started):
            if process.poll() is None:
                process.terminate()
        end = time.monotonic() + grace_s
        while self.running() and time.monotonic() < end:
            time.sleep(0.05)
        for pid in self.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self._started:
            process.kill()
            process.wait()
        self._started = []

    def running(self) -> list[int]:
        """Return the processes that carry the mark; without /proc, those started."""
        for process in self._started:
            process.poll()
        found = marked(self._token)
        if found is None:
            return [p.pid for p in self._started if p.returncode is None]
        return found


def marked(token: str) -> list[int] | None:
    """Return the processes with a mark in their environment; None without /proc."""
    home = Path("/proc")
    if not home.is_dir():
        return None
    mark = f"{_MARK}={token}".encode()
    found = []
    for path in home.glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # gone, or another user's
            if mark in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return [pid for pid in found if pid != os.getpid()]


def end_with_parent(parent: int, *, watch: bool = True) -> None:
    """End this process when its parent ends, however it does.

    Parameters
    ----------
    parent
        Its parent; if that is gone by now, this process ends at once.
    watch
        Look after it by a thread too, for systems other than Linux.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    if watch and prctl is None:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)
