"""A federated run, from the first question to the model folder."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flwr.serverapp import Grid

import commgen.federated.flower  # noqa: F401 (quiet)
from commgen.channels.conditions import ConditionSpec
from commgen.datasets.channel_meta import ChannelMeta
from commgen.federated.config import FederationConfig
from commgen.federated.nodes.shelf import build_model
from commgen.federated.sending_config import COVERED, NOT_COVERED
from commgen.federated.server.checked import CheckedGrid
from commgen.federated.server.checkpoint import RunState
from commgen.federated.server.heterogeneity import heterogeneity
from commgen.federated.server.home import (
    LOGS_FOLDER,
    MODEL_FOLDER,
    FederatedHome,
)
from commgen.federated.server.logs import RoundLogs
from commgen.federated.server.mixture import fit_over_nodes, start_over_nodes
from commgen.federated.server.network import NetworkServer, travelling
from commgen.federated.server.one_shot import OneShotServer
from commgen.federated.server.outcome import node_rows, save_outcome
from commgen.federated.server.questions import Questions, Row
from commgen.federated.server.strategies import build_strategy
from commgen.federated.tasks import Task
from commgen.federated.uplink.uplink import Uplink
from commgen.generative.weights import assign, values, weight_names
from commgen.montecarlo.lock import FolderLock

Watch = Callable[[Row], None]
_PHASES = (
    "describe",
    "mixture",
    "sums",
    "warm start",
    "rounds",
    "straighten",
    "calibrate",
    "end",
)


@dataclass(frozen=True)
class FederationResult:
    """What a run found.

    Parameters
    ----------
    folder
        The run folder; the model lies in ``model`` in it.
    rounds, nodes
        Rows of ``rounds.csv`` and ``nodes.csv``.
    numbers
        What the card tells of the run as a whole.
    was_done
        Whether the folder already held the finished run.
    """

    folder: Path
    rounds: list[Row]
    nodes: list[Row]
    numbers: dict[str, Any]
    was_done: bool


def conduct(
    config: FederationConfig,
    grid: Grid,
    folder: Path,
    *,
    watch: Watch | None = None,
    other_versions: bool = False,
) -> FederationResult:
    """Run a federation into a folder, or go on where an earlier run stopped.

    Parameters
    ----------
    config
        The federation.
    grid
        Flower's way to the nodes, on many machines or within this process.
    folder
        Run folder; made if it is not there.
    watch
        Called with the row of each question that was answered.
    other_versions
        Go on although Python or a package has another version than before.

    Raises
    ------
    ValueError
        If the folder holds something else, or the nodes do not fit each other. Nothing
        is written then.
    ConnectionError
        If too few nodes answer; what is there stays, for a run that goes on.
    BlockingIOError
        If another run is at work in the folder.
    """
    home = FederatedHome(config, folder)
    if home.done:
        return finished(home)
    try:
        with FolderLock(folder) as lock:
            lock.take()
            home = FederatedHome(config, folder)
            if home.done:
                return finished(home)
            state = home.state(other_versions=other_versions)
            _Run(home, state, grid, watch or (lambda row: None), lock).run()
            return finished(FederatedHome(config, folder), was_done=False)
    except BaseException:
        with contextlib.suppress(OSError):  # there is something in it
            folder.rmdir()
        raise


def finished(home: FederatedHome, *, was_done: bool = True) -> FederationResult:
    """Return what lies in the folder of a finished run."""
    state = home.state()
    rows = node_rows(home.config, state)
    return FederationResult(home.folder, state.rounds, rows, state.numbers, was_done)


class _Run:
    """One run; each part of it begins with the state that the one before has left."""

    def __init__(
        self,
        home: FederatedHome,
        state: RunState,
        grid: Grid,
        watch: Watch,
        lock: FolderLock,
    ):
        self._home, self._config, self._lock = home, home.config, lock
        self._state = state
        self._logs = RoundLogs(home.folder / LOGS_FOLDER)
        config, unpack = home.config, None
        build_strategy(config.strategy)  # which says what is wrong with its options
        if config.uplink is not None:
            unpack = Uplink(config.uplink).unpack
        self._grid = CheckedGrid(
            grid,
            len(config.nodes),
            min_nodes=config.min_nodes,
            timeout_s=config.timeout_s,
            seed=config.seed,
            unpack=unpack,
        )
        self._questions = Questions(
            config, self._grid, self._state, home.folder, self._watched(watch)
        )

    def run(self) -> None:
        """Do all parts that are left."""
        self._greet()
        self._check_model()
        self._home.begin()
        todo = {
            "describe": self._describe,
            "mixture": self._mixture,
            "sums": lambda: self._network.adapt(),
            "warm start": self._warm_start,
            "rounds": self._rounds,
            "straighten": self._straighten,
            "calibrate": lambda: self._network.calibrate(),
            "end": self._end,
        }
        first = self._state.phase or _PHASES[0]
        for phase in _PHASES[_PHASES.index(first) :]:
            self._state.phase = phase
            if self._wanted(phase):
                todo[phase]()
            self._state.phase = (*_PHASES, "done")[_PHASES.index(phase) + 1]
            self._save()
            self._questions.forget()
        self._home.write_card("done", **self._state.numbers)

    def _wanted(self, phase: str) -> bool:
        model = self._config.model
        if self._config.one_shot is not None and phase in ("mixture", "sums", "rounds"):
            return phase == "rounds"
        if phase == "mixture":
            return model.has_mixture
        if phase == "warm start":
            return self._config.warm_start is not None
        return model.is_network or phase in ("describe", "end")

    def _save(self) -> None:
        self._lock.check()
        self._home.save(self._state)

    def _watched(self, watch: Watch) -> Watch:
        def tell(row: Row) -> None:
            self._logs.write(row)
            watch(row)

        return tell

    def _greet(self) -> None:
        """Learn who is there; nodes with other channels than most end the run."""
        self._grid.wait(len(self._config.nodes))
        self._met = self._grid.greet(max(self._state.round, 1))
        present = [i for i in self._config.present if i in self._grid.nodes]
        if len(present) < self._config.min_nodes:
            raise ConnectionError(
                f"min_nodes must be at most the nodes that answer, {len(present)}, got "
                f"{self._config.min_nodes}."
            )
        shapes = {i: self._grid.nodes[i].event_shape for i in sorted(self._grid.nodes)}
        first = next(iter(shapes))
        for i, shape in shapes.items():
            if shape != shapes[first]:
                raise ValueError(
                    f"nodes must have channels of one shape, got {shapes[first]} of "
                    f"{self._config.names[first]} and {shape} of "
                    f"{self._config.names[i]}."
                )
        self._event_shape = shapes[first]

    def _check_model(self) -> None:
        """Build the model, which says what is wrong with its options."""
        model, config = self._model, self._config
        if config.model.is_network:
            travelling(model, config.personal.parts)

    def _describe(self) -> None:
        """Find power and differences of the cells."""
        config, numbers = self._config, self._state.numbers
        answers = {
            i: self._met.answers[i] for i in config.present if i in self._met.answers
        }
        n = {i: answer.num_examples for i, answer in answers.items()}
        numbers["num_channels"] = int(sum(n.values()))
        power = sum(n[i] * a.metrics["power"] for i, a in answers.items()) / sum(
            n.values()
        )
        numbers["power"] = float(power)
        if all(answer.arrays for answer in answers.values()):
            cells, iid = heterogeneity(self._met.answers, config.present)
            numbers["divergence_iid"] = iid
            numbers["divergence"] = {config.names[i]: v for i, v in cells.items()}
        numbers["channels"] = {
            config.names[i]: a.num_examples for i, a in self._met.answers.items()
        }
        self._questions.note(Task("describe", self._state.round), self._met)

    @property
    def _settings(self) -> dict[str, float]:
        """What goes with every task: the power that all channels are divided by."""
        pooled = self._config.power == "pooled"
        return {"power": self._state.numbers["power"]} if pooled else {}

    @property
    def _model(self) -> Any:
        if "_built" not in vars(self):
            self._built = build_model(self._config, self._event_shape)
        return self._built

    def _mixture(self) -> None:
        model = self._model
        mixture = model.prior if self._config.model.is_network else model
        fit_over_nodes(self._config, mixture, self._questions, self._settings)
        self._state.set_group("weights", values(weight_names(model)))

    @property
    def _network(self) -> NetworkServer:
        if "_led" not in vars(self):
            self._led = NetworkServer(
                self._config, self._model, self._questions, self._settings
            )
            if self._state.group("weights"):
                self._led.load()
        return self._led

    def _warm_start(self) -> None:
        """Teach the network what a mixture of all nodes knows."""
        self._network.load()
        start_over_nodes(self._config, self._model, self._questions, self._settings)
        self._state.set_group("weights", values(weight_names(self._model)))

    def _rounds(self) -> None:
        """Train in rounds, or at once on what the nodes' own models draw."""
        if self._config.one_shot is None:
            self._network.rounds(self._save)
            return
        OneShotServer(self._config, self._questions, self._settings).learn(self._model)
        self._state.set_group("weights", values(weight_names(self._model)))

    def _straighten(self) -> None:
        self._network.straighten(self._home.folder / "straightening")

    def _end(self) -> None:
        """Have the model judged by all nodes, and write it down."""
        everybody = [i for i in range(len(self._config.nodes)) if i in self._grid.nodes]
        weights = {f"weights/{k}": v for k, v in self._state.group("weights").items()}
        totals = self._questions.ask(
            "evaluate", weights, self._settings, partitions=everybody
        )
        self._state.numbers["evaluation"] = {
            self._config.names[i]: dict(answer.metrics)
            for i, answer in totals.exchange.answers.items()
        }
        assign(weight_names(self._model), self._state.group("weights"), "weight")
        self._model.save(self._home.folder / MODEL_FOLDER, card=self._model_card())
        save_outcome(self._home.folder, self._config, self._state)

    def _model_card(self) -> dict[str, Any]:
        config, nodes = self._config, self._grid.nodes
        some = nodes[min(nodes)]
        numbers: dict[str, Any] = {
            name: value
            for name, value in some.meta.items()
            if all(node.meta.get(name) == value for node in nodes.values())
        }
        domain = "delay" if "sample_rate_hz" in numbers else "frequency"
        meta = ChannelMeta(
            domain=domain,
            source=f"a federation of {len(config.present)} nodes",
            **numbers,
        )
        card = {
            "learned_as": config.model.family,
            "seed": config.seed,
            "layout": list(some.layout),
            "num_channels": self._state.numbers["num_channels"],
            "meta": meta.model_dump(mode="json"),
            "federation": self._home.identity,
        }
        if config.privacy is not None:
            card["privacy"] = {
                **config.privacy.model_dump(),
                "covered": COVERED,
                "not_covered": NOT_COVERED,
            }
        if config.condition:
            card["condition"] = ConditionSpec(config.condition).to_dict()
        return card
