"""Worker processes of this machine, each at the other end of an unnamed pipe."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from commgen.montecarlo.worker import Answer, Work

# The path comes first, since what a worker imports lies on it. -P: nothing is imported
# from the working directory unless the parent does so.
_CODE = """
import sys
from multiprocessing.connection import Connection

pipe = Connection(int(sys.argv[1]))
sys.path[:] = pipe.recv()
from commgen.montecarlo.worker import serve

serve(pipe, int(sys.argv[2]))
"""
_COMMAND = (sys.executable, "-P", "-c", _CODE)
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
    "1",
)


class Lost(str):
    """How a worker came to its end."""


class Processes:
    """Processes that are started here, and end with this one.

    Nobody else can talk to them: each has one end of a pair of connected sockets
    without a name, and inherits nothing else. They are in process groups of their own,
    so that Ctrl-C comes to this process alone.

    Parameters
    ----------
    size
        How many.
    """

    def __init__(self, size: int):
        self.size = size
        self._processes: list[subprocess.Popen] = []
        self._pipes: list[Connection] = []

    def start(self) -> None:
        """Start all of them."""
        try:
            for _ in range(self.size):
                process, pipe = _start()
                self._processes.append(process)
                self._pipes.append(pipe)
        except BaseException:
            self.close()
            raise

    def give(self, number: int, work: Work) -> None:
        """Send work to a process; if it has died, :meth:`take` will tell."""
        try:
            data = pickle.dumps((work.run, pickle.dumps(work)))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ValueError(
                f"the experiment must be picklable to be sent to workers: {error}."
            ) from error
        with contextlib.suppress(OSError):
            self._pipes[number].send_bytes(data)

    def take(self) -> tuple[int, Answer | Lost]:
        """Wait for the first answer, or the first death; return whose it is."""
        pipe = wait(self._pipes)[0]
        number = next(i for i, own in enumerate(self._pipes) if own is pipe)
        try:
            return number, self._pipes[number].recv()
        except (EOFError, OSError):
            return number, Lost(_stop(self._processes[number]))

    def replace(self, number: int) -> None:
        """Start a process in the place of one that died."""
        self._pipes[number].close()
        self._processes[number], self._pipes[number] = _start()

    def close(self) -> None:
        """End all of them."""
        for process in self._processes:
            process.kill()
        for process, pipe in zip(self._processes, self._pipes, strict=False):
            process.wait()
            pipe.close()
        self._processes, self._pipes = [], []


def _start() -> tuple[subprocess.Popen, Connection]:
    ours, theirs = Pipe()
    with theirs:
        process = subprocess.Popen(
            [*_COMMAND, str(theirs.fileno()), str(os.getpid())],
            env={**os.environ, **_ONE_THREAD},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
    with contextlib.suppress(OSError):
        ours.send(sys.path)
    return process, ours


def _stop(process: subprocess.Popen) -> str:
    """Return how a process ended that has closed its pipe."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.kill()
    code = process.wait()
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
