"""What a worker process does: it keeps the simulator of the last job."""

import ctypes
import os
import pickle
import queue
import signal
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from commgen.montecarlo.experiment import Experiment, Simulator

# How often a worker looks whether its parent is still there [s].
_LOOK_S = 1.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True)
class Work:
    """One batch to compute.

    Parameters
    ----------
    run
        Which run it is for; it stands in the answer.
    job
        What identifies the simulator: for the same, it is kept.
    experiment
        What is run.
    models
        Folder in which it was built.
    batch, pending
        As :meth:`~commgen.montecarlo.Simulator.run` of this experiment takes them.
    """

    run: int
    job: str
    experiment: Experiment
    models: Path
    batch: int
    pending: Any


@dataclass(frozen=True)
class Answer:
    """What became of a :class:`Work`: a counted batch and its CPU time, or an error.

    What is counted has the number of its ``batch``.
    """

    run: int
    counted: Any = None
    cpu_seconds: float = 0.0
    error: Exception | None = None


class Worker:
    """Computes batches, one after the other."""

    def __init__(self):
        self._job: tuple[str, Path] | None = None
        self._started: set[type] = set()
        self._simulator: Any = None

    def run(self, work: Work) -> Answer:
        """Compute a batch; an exception becomes an answer."""
        start = time.process_time()
        try:
            counted = self._built(work).run(work.batch, work.pending)
        except Exception as error:
            return Answer(work.run, error=_portable(error))
        return Answer(work.run, counted, time.process_time() - start)

    def _built(self, work: Work) -> Simulator:
        if (work.job, work.models) != self._job:
            kind = type(work.experiment)
            if kind not in self._started:
                kind.start_worker()
                self._started.add(kind)
            self._simulator = work.experiment.build(lambda: work.models)
            self._job = work.job, work.models
        return self._simulator


def serve(connection: Connection, parent: int) -> None:
    """Answer what comes through a pipe until it is closed, then end the process.

    A thread listens all the time: so the parent never waits to be read, and when it
    ends, however it does, so does this process, in the midst of a batch too. Linux ends
    it even while it imports TensorFlow, when no other thread has its turn.

    Parameters
    ----------
    connection
        Pipe to the parent, of pickled :class:`Work` and :class:`Answer`.
    parent
        Its process.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    listen = (connection, parent, waiting)
    threading.Thread(target=_listen, args=listen, daemon=True).start()
    worker = Worker()
    while True:
        connection.send(_answer(worker, waiting.get()))


def _listen(
    connection: Connection, parent: int, waiting: "queue.SimpleQueue[bytes]"
) -> None:
    try:
        while os.getppid() == parent:
            if connection.poll(_LOOK_S):
                waiting.put(connection.recv_bytes())
    except (EOFError, OSError):
        pass
    os._exit(0)  # the other thread may be anywhere


def _answer(worker: Worker, data: bytes) -> Answer:
    run, pickled = pickle.loads(data)
    try:
        work = pickle.loads(pickled)
    except Exception as error:
        told = (
            f"workers cannot load the experiment ({error}): its class must lie in a "
            "file that they can import, not in the script that is run."
        )
        return Answer(run, error=ValueError(told))
    return worker.run(work)


def _portable(error: Exception) -> Exception:
    """Return an exception that can be sent, with where it came from as a note."""
    where = "".join(traceback.format_exception(error))
    try:
        error = pickle.loads(pickle.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"In a worker:\n{where}")
    return error
