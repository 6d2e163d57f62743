"""Workers on the nodes of a Ray cluster."""

import os
import socket
import sys
import warnings
from typing import Any

from commgen.montecarlo.processes import Lost
from commgen.montecarlo.worker import Answer, Work, Worker

_NO_CLUSTER = "no Ray cluster answers at {}."
_CONNECT_S = 3.0
# How often the cluster is looked at while no answer comes [s].
_LOOK_S = 2.0


class Cluster:
    """Ray actors, of one CPU each.

    Parameters
    ----------
    address
        HOST:PORT, or "auto".
    size
        How many workers; by default as many as there are CPUs when it starts.
    """

    def __init__(self, address: str, size: int | None = None):
        self.size = size or 0
        self._address = address
        self._ray = _import_ray()
        self._actors: list[Any] = []
        self._running: dict[Any, int] = {}
        self._head, self._lost = address, False

    def start(self) -> None:
        """Connect, and start the workers."""
        ray = self._ray
        _check_answers(self._address)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            try:
                ray.init(
                    address=self._address, log_to_driver=False, logging_level="ERROR"
                )
            except ConnectionError as error:
                raise OSError(_NO_CLUSTER.format(self._address)) from error
        self._head = ray.get_runtime_context().gcs_address
        self.size = self.size or max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._actors = [self._actor() for _ in range(self.size)]

    def give(self, number: int, work: Work) -> None:
        """Queue work at a worker."""
        self._running[self._actors[number].run.remote(work)] = number

    def take(self) -> tuple[int, Answer | Lost]:
        """Wait for the first answer, or the first death; return whose it is."""
        exceptions = self._ray.exceptions
        reference = self._first()
        number = self._running.pop(reference)
        try:
            return number, self._ray.get(reference)
        except exceptions.RayActorError as error:
            self._running = {k: n for k, n in self._running.items() if n != number}
            return number, Lost(" ".join(str(error).split())[:200])
        except exceptions.RayTaskError as error:  # it could not even load its work
            raise error.cause from error

    def replace(self, number: int) -> None:
        """Start a worker in the place of one that died."""
        self._actors[number] = self._actor()

    def close(self) -> None:
        """Stop the workers, and leave the cluster."""
        if not self._lost and _answers(*_host_and_port(self._head)):
            for actor in self._actors:
                self._ray.kill(actor)
        self._actors = []
        self._ray.shutdown()

    def _actor(self) -> Any:
        return self._ray.remote(num_cpus=1, max_restarts=0)(_Actor).remote(sys.path)

    def _first(self) -> Any:
        """Wait for a reference that is ready, as long as there is a cluster."""
        while True:
            waiting = list(self._running)
            ready, _ = self._ray.wait(waiting, num_returns=1, timeout=_LOOK_S)
            if ready:
                return ready[0]
            self._check_alive()

    def _check_alive(self) -> None:
        """Raise if the cluster was lost, or too much of it for the workers.

        Ray itself takes a minute to notice, or never does.
        """
        alive = []
        if _answers(*_host_and_port(self._head)):
            alive = [node for node in self._ray.nodes() if _is_alive(node)]
        num_cpus = sum(node["Resources"].get("CPU", 0) for node in alive)
        if num_cpus < self.size:
            self._lost = True
            raise OSError(
                f"the Ray cluster at {self._address} has {num_cpus:g} CPUs that "
                f"answer, too few for {self.size} workers; what was counted is saved."
            )


class _Actor:
    """Worker with the path of the process that started it."""

    def __init__(self, path: list[str]):
        sys.path[:] = path
        self._worker = Worker()

    def run(self, work: Work) -> Answer:
        """Compute a batch."""
        return self._worker.run(work)


def _check_answers(address: str) -> None:
    """Raise unless somebody listens at HOST:PORT; Ray itself would try for minutes."""
    host, port = _host_and_port(address)
    if not port.isdigit():
        if address != "auto":
            raise ValueError(f"ray must be HOST:PORT or auto, got {address!r}.")
    elif not _answers(host, port):
        raise OSError(_NO_CLUSTER.format(address))


def _host_and_port(address: str) -> tuple[str, str]:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    return host, port


def _answers(host: str, port: str | int) -> bool:
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError):
        return False
    return True


def _is_alive(node: dict[str, Any]) -> bool:
    """Whether a node lives, and its raylet answers."""
    return node["Alive"] and _answers(
        node["NodeManagerAddress"], node["NodeManagerPort"]
    )


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray would hide GPUs from processes that ask for none, and warns about it.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError:
        raise ModuleNotFoundError(
            "a cluster needs Ray: pip install '.[scale]' in a clone of commgen."
        ) from None
    import ray.exceptions

    return ray
