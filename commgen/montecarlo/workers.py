"""Processes that compute batches: of this machine, or of a Ray cluster."""

import itertools
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from commgen._checks import check_int
from commgen.montecarlo.cluster import Cluster
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.processes import Lost, Processes
from commgen.montecarlo.worker import Answer, Work

# Batches given to a worker: one to compute, and one so that it never waits.
_BATCHES_EACH = 2
# A batch that kills its worker so often would kill every other one.
_MAX_LOSSES = 3
_RUNS = itertools.count()


class WorkersLostError(ChildProcessError):
    """Raised when workers die again and again."""


class Pool(Protocol):
    """Workers that are numbered from 0 to ``size`` - 1."""

    size: int

    def start(self) -> None:
        """Start them."""
        ...

    def give(self, number: int, work: Work) -> None:
        """Give work to one; it does one after the other."""
        ...

    def take(self) -> tuple[int, Answer | Lost]:
        """Wait for the first answer, or the first death; return whose it is."""
        ...

    def replace(self, number: int) -> None:
        """Start one in the place of one that died."""
        ...

    def close(self) -> None:
        """End them."""
        ...


class Workers:
    """A pool of single-threaded processes; use it in a ``with`` statement.

    One thread each, for threads inside an operation gain less than a second process
    does. A worker that dies is replaced and its batches are done again.

    Parameters
    ----------
    num_workers
        Processes; by default as many as the cluster at ``address`` has CPUs.
    address
        Address of a Ray cluster, such as ``"10.0.0.1:6379"`` or ``"auto"``; without it
        the processes are of this machine, which needs no Ray and opens no port. On a
        cluster every node needs commgen, and the files of the experiment and its
        output folder under the same paths. Whoever reaches a Ray cluster can run code
        on it: it must be one that you trust, closed by a firewall or Ray's tokens.

    Raises
    ------
    ValueError
        If ``num_workers`` is less than 1, or is left out without ``address``; or that
        is neither HOST:PORT nor "auto".
    ModuleNotFoundError
        If there is an address, and Ray is not installed.
    OSError
        If no cluster answers at ``address``.
    """

    def __init__(self, num_workers: int | None = None, *, address: str | None = None):
        if num_workers is not None:
            check_int("workers", num_workers, low=1)
        self._pool: Pool
        if address is not None:
            self._pool = Cluster(address, num_workers)
        elif num_workers is not None:
            self._pool = Processes(num_workers)
        else:
            raise ValueError("workers must be given where no Ray address is, got none.")
        self._entered = False

    def __enter__(self) -> "Workers":
        """Start the processes, or connect to the cluster."""
        self._pool.start()
        self._entered = True
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the workers."""
        self._entered = False
        self._pool.close()

    def serve(
        self, experiment: Experiment, models: Path, *, pinned: bool = False
    ) -> "WorkerExecutor":
        """Return an executor for one experiment, to be used before the next one.

        Parameters
        ----------
        experiment
            What is run.
        models
            Folder in which it was built.
        pinned
            Give all batches of one number to one worker, which may have kept what they
            need; else to the one that has least to do.
        """
        if not self._entered:
            raise ValueError("workers must be entered with a with statement first.")
        return WorkerExecutor(self._pool, experiment, models.resolve(), pinned)


class WorkerExecutor:
    """Executor over the workers of a pool.

    Parameters
    ----------
    pool
        The workers.
    experiment
        What is run.
    models
        Folder in which it was built.
    pinned
        As of :meth:`Workers.serve`.
    """

    def __init__(
        self, pool: Pool, experiment: Experiment, models: Path, pinned: bool = False
    ):
        self._pool, self._run, self._pinned = pool, next(_RUNS), pinned
        self._job = experiment.job(), experiment, models
        self._given: list[dict[int, Any]] = [{} for _ in range(pool.size)]
        self._losses = 0
        self.capacity = _BATCHES_EACH * pool.size
        self.cpu_seconds = 0.0

    def submit(self, batch: int, pending: Any) -> None:
        """Give a batch to its worker, or to the one that has least to do."""
        number = batch % self._pool.size
        if not self._pinned:
            number = int(np.argmin([len(given) for given in self._given]))
        self._pool.give(number, Work(self._run, *self._job, batch, pending))
        self._given[number][batch] = pending

    def next_batch(self) -> Any:
        """Wait for the first worker that is ready; replace those that died."""
        while True:
            number, answer = self._pool.take()
            if isinstance(answer, Lost):
                self._replace(number, answer)
            elif answer.run == self._run:  # not of a run that was given up
                return self._counted(number, answer)

    def _counted(self, number: int, answer: Answer) -> Any:
        if answer.error is not None:
            raise answer.error
        if answer.counted is not None:
            del self._given[number][answer.counted.batch]
        self.cpu_seconds += answer.cpu_seconds
        self._losses = 0
        return answer.counted

    def _replace(self, number: int, how: Lost) -> None:
        """Start a new worker in the place of a dead one, with all that it had."""
        self._losses += 1
        lost, self._given[number] = self._given[number], {}
        if self._losses > _MAX_LOSSES * self._pool.size:
            raise WorkersLostError(
                f"{self._losses} workers died in a row ({how}), the last one with "
                f"batches {sorted(lost)}: is there enough memory?"
            )
        self._pool.replace(number)
        for batch, pending in sorted(lost.items()):
            self.submit(batch, pending)
