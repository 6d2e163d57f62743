"""Processes that compute batches, on one machine or on a cluster, through Ray."""

import os
import socket
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.montecarlo.counts import CountedBatch
from commgen.montecarlo.experiment import Experiment, Simulator

# Batches given to a worker: one to compute, and one so that it never waits.
_BATCHES_EACH = 2
_NO_CLUSTER = "no Ray cluster answers at {}."
_CONNECT_S = 5.0
# A batch that kills its worker so often would kill every other one.
_MAX_LOSSES = 3


class WorkersLostError(ChildProcessError):
    """Raised when workers die again and again."""


class Workers:
    """A pool of single-threaded processes; use it in a ``with`` statement.

    One thread each, for threads inside an operation gain less than a second process
    does. A worker that dies is replaced and its batches are done again.

    Parameters
    ----------
    num_workers
        Processes; by default as many as the cluster at ``address`` has CPUs.
    address
        Address of a Ray cluster, such as ``"10.0.0.1:6379"`` or ``"auto"``. Without it
        a private one is started on this machine, on the loopback interface. On a
        cluster every node needs commgen, and the files of the experiment and its
        output folder under the same paths.

    Raises
    ------
    ValueError
        If ``num_workers`` is less than 1, or is left out without ``address``; or that
        is neither HOST:PORT nor "auto".
    ModuleNotFoundError
        If Ray is not installed.
    OSError
        If no cluster answers at ``address``.
    """

    def __init__(self, num_workers: int | None = None, *, address: str | None = None):
        if num_workers is not None:
            check_int("workers", num_workers, low=1)
        elif address is None:
            raise ValueError("workers must be given where no Ray address is, got none.")
        self._num_workers, self._address = num_workers, address
        self._ray = _import_ray(loopback=address is None)
        self._actors: list[Any] = []

    def __enter__(self) -> "Workers":
        """Start Ray, or connect to it."""
        ray = self._ray
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        if self._address is None:
            options |= {
                "num_cpus": self._num_workers,
                "include_dashboard": False,
            }
        else:
            _check_answers(self._address)
            options["address"] = self._address
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            try:
                ray.init(**options)
            except ConnectionError as error:
                raise OSError(_NO_CLUSTER.format(self._address)) from error
        if self._num_workers is None:
            self._num_workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
        actor = ray.remote(num_cpus=1, max_restarts=0)(_Worker)
        self._start = lambda: actor.remote(sys.path)
        self._actors = [self._start() for _ in range(self._num_workers)]
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the workers, and Ray if it was started here."""
        for actor in self._actors:
            self._ray.kill(actor)
        self._actors = []
        self._ray.shutdown()

    def serve(self, experiment: Experiment, models: Path) -> "WorkerExecutor":
        """Return an executor for one experiment, to be used before the next one.

        Parameters
        ----------
        experiment
            What is run.
        models
            Folder in which it was built.
        """
        if not self._actors:
            raise ValueError("workers must be entered with a with statement first.")
        job = (experiment.job(), experiment, models.resolve())
        return WorkerExecutor(self._ray, self._actors, self._start, job)


class WorkerExecutor:
    """Executor over the workers of a pool.

    Parameters
    ----------
    ray
        The module.
    actors
        The workers; one that dies is replaced in this list.
    start
        Function that starts a worker.
    job
        What identifies the experiment, the experiment, and its folder of models.
    """

    def __init__(self, ray: Any, actors: list[Any], start: Any, job: tuple):
        self._ray, self._actors, self._start, self._job = ray, actors, start, job
        self._running: dict[Any, tuple[int, int, np.ndarray]] = {}
        self._load = [0] * len(actors)
        self._losses = 0
        self.capacity = _BATCHES_EACH * len(actors)
        self.cpu_seconds = 0.0

    def submit(self, batch: int, pending: np.ndarray) -> None:
        """Give a batch to the worker that has least to do."""
        number = int(np.argmin(self._load))
        reference = self._actors[number].run.remote(*self._job, batch, pending)
        self._running[reference] = (number, batch, pending)
        self._load[number] += 1

    def next_batch(self) -> CountedBatch:
        """Wait for the first worker that is ready; replace those that died."""
        while True:
            (reference, *_), _ = self._ray.wait(list(self._running), num_returns=1)
            number, batch, pending = self._running.pop(reference)
            self._load[number] -= 1
            try:
                counted, seconds = self._ray.get(reference)
            except self._ray.exceptions.RayActorError:
                self._replace(number, batch, pending)
                continue
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from error
            self.cpu_seconds += seconds
            self._losses = 0
            return counted

    def _replace(self, number: int, batch: int, pending: np.ndarray) -> None:
        """Start a new worker in the place of a dead one, with all that it had."""
        self._losses += 1
        if self._losses > _MAX_LOSSES * len(self._actors):
            raise WorkersLostError(
                f"{self._losses} workers died in a row, the last one with batch "
                f"{batch}: is there enough memory?"
            )
        lost = [(batch, pending)]
        for reference, (owner, other, points) in list(self._running.items()):
            if owner == number:
                del self._running[reference]
                lost.append((other, points))
        self._load[number] = 0
        self._actors[number] = self._start()
        for work in sorted(lost, key=lambda item: item[0]):
            self.submit(*work)


class _Worker:
    """One process; keeps the simulator of the last job."""

    def __init__(self, path: list[str]):
        sys.path[:] = path
        self._job: tuple[str, Path] | None = None
        self._started: set[type] = set()
        self._simulator: Any = None

    def run(
        self,
        job: str,
        experiment: Experiment,
        models: Path,
        batch: int,
        pending: np.ndarray,
    ) -> tuple[CountedBatch, float]:
        """Compute a batch; also return the CPU time of it [s]."""
        start = time.process_time()
        if (job, models) != self._job:
            self._simulator = self._build(experiment, models)
            self._job = job, models
        counted = self._simulator.run(batch, pending)
        return counted, time.process_time() - start

    def _build(self, experiment: Experiment, models: Path) -> Simulator:
        kind = type(experiment)
        if kind not in self._started:
            kind.start_worker()
            self._started.add(kind)
        return experiment.build(lambda: models)


def _check_answers(address: str) -> None:
    """Raise unless somebody listens at HOST:PORT; Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        if address != "auto":
            raise ValueError(f"ray must be HOST:PORT or auto, got {address!r}.")
        return
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise OSError(_NO_CLUSTER.format(address)) from error


def _import_ray(*, loopback: bool) -> Any:
    if loopback:  # what Ray does on Windows and macOS; else it listens to everybody
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray would hide GPUs from processes that ask for none, and warns about it.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise ModuleNotFoundError(
            "workers need Ray: pip install '.[scale]' in a clone of commgen."
        ) from None
    import ray.exceptions

    return ray
