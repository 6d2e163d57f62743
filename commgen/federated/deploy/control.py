"""What a SuperLink is told: which nodes there are, and to start, show, stop a run."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import commgen.federated.flower  # noqa: F401 (quiet)

# isort: split
import httpx
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from flwr.cli.build import build_fab_from_disk
from flwr.common.serde import fab_to_proto
from flwr.proto import control_pb2 as messages
from flwr.supercore.control import ControlHttpClient
from flwr.supercore.error import FlowerError
from flwr.supercore.fab import Fab
from flwr.supercore.interceptors import RuntimeVersionHttpInterceptor
from flwr.supercore.primitives.asymmetric import public_key_to_bytes

_ONLINE, _FINISHED, _COMPLETED = "online", "finished", "completed"


class UnreachableError(ConnectionError):
    """Raised when a SuperLink does not answer."""


@dataclass(frozen=True)
class RunState:
    """How a run stands.

    Parameters
    ----------
    finished
        Whether it has ended.
    completed
        Whether it has ended as it should.
    details
        Why not.
    """

    finished: bool
    completed: bool
    details: str


class Control:
    """Speaks with a SuperLink as ``flwr`` does; use it in a ``with`` block.

    Parameters
    ----------
    address
        Host and port.
    ca
        Certificate of the authority.
    """

    def __init__(self, address: str, ca: Path):
        self._address = address
        self._client = ControlHttpClient.from_server_address(
            server_address=address,
            insecure=False,
            root_certificates=ca.read_bytes(),
            interceptors=[RuntimeVersionHttpInterceptor(component_name="flwr CLI")],
        )

    def __enter__(self) -> "Control":
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the connection."""
        self._client.close()

    def register(self, keys: Mapping[str, Path]) -> list[str]:
        """Register public keys of nodes by name; return the names that are new."""
        known = self._registered()
        new = []
        for name, path in keys.items():
            public = load_ssh_public_key(path.read_bytes())
            content = public_key_to_bytes(public)  # pyright: ignore[reportArgumentType]
            if content not in known:
                request = messages.RegisterNodeRequest(public_key=content, name=name)
                with self._told():
                    self._client.RegisterNode(request)
                new.append(name)
        return new

    def online(self) -> set[str]:
        """Return the names of the nodes that are connected."""
        return {node.name for node in self._nodes() if node.status == _ONLINE}

    def start(self, app: Path) -> int:
        """Start a run of the app in a folder; return its number."""
        content = build_fab_from_disk(app)
        fab = Fab(hashlib.sha256(content).hexdigest(), content, {})
        with self._told():
            answer = self._client.StartRun(
                messages.StartRunRequest(fab=fab_to_proto(fab))
            )
        if not answer.HasField("run_id"):
            raise ValueError(f"the SuperLink at {self._address} starts no run.")
        return answer.run_id

    def state(self, run: int) -> RunState:
        """Return how a run stands."""
        with self._told():
            answer = self._client.ListRuns(messages.ListRunsRequest(run_id=run))
        status = answer.run_dict[run].status
        finished = status.status == _FINISHED
        return RunState(finished, status.sub_status == _COMPLETED, status.details)

    def unfinished(self) -> list[int]:
        """Return the numbers of the runs that have not ended."""
        with self._told():
            answer = self._client.ListRuns(messages.ListRunsRequest())
        return [
            number
            for number, run in answer.run_dict.items()
            if run.status.status != _FINISHED
        ]

    def stop(self, run: int) -> None:
        """End a run."""
        with self._told():
            self._client.StopRun(messages.StopRunRequest(run_id=run))

    def log(self, run: int) -> Iterator[str]:
        """Yield what a run's server prints, until it ends."""
        request = messages.StreamLogsRequest(run_id=run, after_timestamp=0.0)
        with self._told():
            for part in self._client.StreamLogs(request):
                yield part.log_output

    def _registered(self) -> set[bytes]:
        return {node.public_key for node in self._nodes()}

    def _nodes(self) -> list:
        with self._told():
            return list(self._client.ListNodes(messages.ListNodesRequest()).nodes_info)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what goes wrong on the way into one line."""
        try:
            yield
        except httpx.HTTPStatusError as error:
            told = FlowerError.from_json(error.response.text)
            reason = told.message if told else str(error)
            raise ValueError(f"the SuperLink refuses: {reason}") from error
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"the SuperLink at {self._address} does not answer: {error}."
            ) from error
