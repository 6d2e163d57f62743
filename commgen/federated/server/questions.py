"""Asking the nodes, one question after the other, and telling what came of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen.federated.config import FederationConfig
from commgen.federated.records import from_arrays, task_config, to_arrays
from commgen.federated.server.checked import CheckedGrid, Exchange
from commgen.federated.server.checkpoint import RunState, load_state, save_state
from commgen.federated.server.strategies import FedAvg, build_guard
from commgen.federated.tasks import Task, Value, What

#: Folder of answers in parts of a run that have no state of their own.
STEPS = "steps"
Row = dict[str, Any]


@dataclass(frozen=True)
class Totals:
    """What the nodes answered, together.

    Parameters
    ----------
    arrays
        As the strategy aggregates them: means, weighted by ``num_examples``.
    num_examples
        Channels behind all answers; ``arrays`` times it are sums.
    metrics
        Means, weighted likewise.
    exchange
        The answers one by one; empty where they are those of an interrupted run.
    """

    arrays: dict[str, np.ndarray]
    num_examples: int
    metrics: dict[str, float]
    exchange: Exchange

    @property
    def told(self) -> dict[str, float]:
        """Metrics, with the log-likelihood of a mixture as a loss."""
        log_p = self.arrays.get("sums/log_likelihood")
        return self.metrics if log_p is None else {"loss": -float(log_p)}

    def sums(self) -> dict[str, np.ndarray]:
        """Return the sums over all channels that means under ``sums/`` stand for."""
        return {
            name.removeprefix("sums/"): value * self.num_examples
            for name, value in self.arrays.items()
            if name.startswith("sums/")
        }


class Questions:
    """Asks nodes, and notes a row for each question.

    Parameters
    ----------
    config
        The federation.
    grid
        What messages go through.
    state
        Of the run; rows and counts are added to it.
    folder
        Of the run, or None where nothing is kept.
    watch
        Called with each new row.
    """

    def __init__(
        self,
        config: FederationConfig,
        grid: CheckedGrid,
        state: RunState,
        folder: Path | None = None,
        watch: Callable[[Row], None] = lambda row: None,
    ):
        self.config, self.grid, self.state = config, grid, state
        self._steps = None if folder is None else folder / STEPS
        self._watch = watch

    def ask(
        self,
        what: What,
        arrays: Mapping[str, np.ndarray] | None = None,
        settings: Mapping[str, Value] | None = None,
        *,
        strategy: FedAvg | None = None,
        fixed: Mapping[str, np.ndarray] | None = None,
        partitions: Iterable[int] | None = None,
        num_nodes: int | None = None,
    ) -> Totals:
        """Ask nodes one thing, and wait for their answers.

        Parameters
        ----------
        what, arrays, settings
            Of the task.
        strategy
            What aggregates; a mean, or the configured guard of one, where None.
        fixed
            Further arrays, which the strategy does not see.
        partitions
            Whom; all that take part where None.
        num_nodes
            How many of them, drawn anew for each question.
        """
        number = self.state.round + 1
        found = self._answered_before(what, number)
        if found is None:
            task = Task(what, number, arrays or {}, settings or {})
            strategy = strategy or build_guard(self.config.strategy)
            asked = self.config.present if partitions is None else partitions
            self.grid.choose(asked, number, num_nodes, fixed)
            found = self._exchange(task, strategy)
            self.note(task, found.exchange, found.told)
        else:
            self._watch(self.state.rounds[-1])
        self.state.round = number
        return found

    def keep(self, what: What, totals: Totals) -> None:
        """Keep what was answered last, for a part that begins anew when cut off."""
        if self._steps is None:
            return
        step = RunState(self.state.identity, self.state.round, what)
        step.arrays = totals.arrays
        step.numbers = {"num_examples": totals.num_examples, "metrics": totals.metrics}
        step.rounds, step.nodes = self.state.rounds[-1:], self.state.nodes
        self._steps.mkdir(parents=True, exist_ok=True)
        save_state(self._steps / f"{self.state.round}.npz", step)

    def forget(self) -> None:
        """Remove what was kept: the state has all of it now."""
        for path in self._steps.glob("*.npz") if self._steps else ():
            path.unlink()

    def _answered_before(self, what: What, number: int) -> Totals | None:
        path = None if self._steps is None else self._steps / f"{number}.npz"
        if path is None or not path.is_file():
            return None
        step = load_state(path)
        if step.identity != self.state.identity or step.phase != what:
            path.unlink()
            return None
        self.state.rounds += step.rounds
        self.state.nodes = step.nodes
        told = step.numbers
        return Totals(step.arrays, told["num_examples"], told["metrics"], Exchange())

    def _exchange(self, task: Task, strategy: FedAvg) -> Totals:
        sent = to_arrays(task.arrays)
        messages = strategy.configure_train(
            task.round, sent, task_config(task), self.grid
        )
        replies = self.grid.send_and_receive(messages=messages)
        arrays, metrics = strategy.aggregate_train(task.round, replies)
        exchange = self.grid.last
        means = {} if arrays is None else from_arrays([arrays])
        for name, value in means.items():  # a median of float32 is one of float64
            kind = next(iter(exchange.answers.values())).arrays[name].dtype
            means[name] = np.asarray(value, kind)
        told = {name: float(value) for name, value in dict(metrics or {}).items()}  # pyright: ignore[reportArgumentType]
        return Totals(means, exchange.num_examples, told, exchange)

    def note(
        self,
        task: Task,
        exchange: Exchange,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Add a row on a question, and count who answered it."""
        names, found = self.config.names, metrics or {}
        for index in (*exchange.answers, *exchange.late, *exchange.refused):
            counts = self.state.nodes.setdefault(names[index], {})
            kind = next(
                k
                for k in ("late", "refused", "answers")
                if index in getattr(exchange, k)
            )
            counts[kind] = counts.get(kind, 0) + 1
            if kind != "answers":
                counts["reason"] = getattr(exchange, kind)[index]
        row = {
            "round": task.round,
            "what": task.what,
            "step": task.settings.get("step", ""),
            "loss": found.get("loss"),
            "val_loss": found.get("val_loss"),
            "nmse_own_db": found.get("nmse_own_db"),
            "nmse_all_db": found.get("nmse_all_db"),
            "drift": drift(task, exchange) if task.what == "train" else None,
            "bytes_down": exchange.bytes_down,
            "bytes_up": exchange.bytes_up,
            "seconds": round(exchange.seconds, 3),
            "answers": len(exchange.answers),
            "refused": len(exchange.refused),
            "late": len(exchange.late),
        }
        self.state.rounds.append(row)
        self._watch(row)


def drift(task: Task, exchange: Exchange) -> float:
    r"""Return how far nodes pull apart: mean squared over squared mean update.

    .. math:: \sum_i p_i \|\Delta_i\|^2 \Big/ \Big\|\sum_i p_i \Delta_i\Big\|^2

    with the shares :math:`p_i` of the channels. 1 where all change the weights alike.
    """
    total, weights = max(exchange.num_examples, 1), "weights/"
    squares, mean = 0.0, {}
    for answer in exchange.answers.values():
        share = answer.num_examples / total
        for name, value in answer.arrays.items():
            if name.startswith(weights) and name in task.arrays:
                update = value.astype(np.float64) - task.arrays[name]
                squares += share * float(np.sum(update**2))
                mean[name] = mean.get(name, 0.0) + share * update
    squared = sum(float(np.sum(value**2)) for value in mean.values())
    return squares / squared if squared > 0 else 1.0
