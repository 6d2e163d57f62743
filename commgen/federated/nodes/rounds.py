"""Rounds of training at a node, and what makes its model its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.federated.tasks import Answer, Task

Arrays = dict[str, np.ndarray]
Correction = Literal["none", "prox", "moments", "scaffold"]
WEIGHTS, MOMENTS, CONTROL = "weights/", "moments/", "control/"


@dataclass(frozen=True)
class RoundSettings:
    """How a node trains in a round.

    Parameters
    ----------
    num_epochs
        Passes over the node's channels in each round, of the one schedule over all
        rounds that the training has.
    correction
        What is done against the drift of nodes that differ. ``"none"``: the optimizer
        starts anew in each round. ``"prox"``: a pull towards the weights that the
        round began with, as well (FedProx: Li et al., *Federated Optimization in
        Heterogeneous Networks*, MLSys 2020, eq. 2). ``"moments"``: the optimizer goes
        on from moments that the server averages as it averages weights. ``"scaffold"``:
        control variates on top of these moments, see :class:`LocalRounds`.
    prox
        Weight of the pull.
    stretch
        Factor of the update that is sent, the server's step size in SCAFFOLD: the
        noise and the drift of single nodes cancel in the mean, which is shorter than
        what each of them went.
    personal
        Parts of names: weights whose name holds one of them stay at the node.

    Raises
    ------
    ValueError
        If a number is out of range, or ``prox`` is not what the correction asks for.
    """

    num_epochs: int = 1
    correction: Correction = "none"
    prox: float = 0.0
    stretch: float = 1.0
    personal: tuple[str, ...] = ()

    def __post_init__(self):
        check_int("num_epochs", self.num_epochs, low=1)
        if not 0 <= self.prox < np.inf or (self.prox > 0) != (
            self.correction == "prox"
        ):
            raise ValueError(
                "prox must be above 0 where correction is 'prox', else 0, got "
                f"{self.prox} with {self.correction!r}."
            )
        check_positive("stretch", self.stretch)

    def is_personal(self, name: str) -> bool:
        """Whether a weight stays at the node."""
        return any(part in name for part in self.personal)


class LocalRounds:
    r"""Trains a node's model, round by round, from the weights that it is sent.

    Under ``"scaffold"`` node i holds a control variate :math:`c_i`, the mean of its
    gradients over the last round in which it took part, and the server their mean c.
    Each gradient g of a batch becomes :math:`g - c_i + c` before it goes into AdamW
    (Karimireddy et al., *SCAFFOLD: Stochastic Controlled Averaging for Federated
    Learning*, ICML 2020, algorithm 1, with option I's gradient taken along the way in
    place of at its start). The node answers
    :math:`c + s\,(c_i^\mathrm{new} - c_i)`, s the share of nodes that are asked: the
    mean of these answers is the server's new c, so that a plain mean of arrays does
    all of the server's part.

    Parameters
    ----------
    training
        :class:`~commgen.generative.network_training.NetworkTraining` of the node's
        channels; its configuration counts the epochs of all rounds.
    settings
        How a round is done.
    """

    def __init__(self, training: Any, settings: RoundSettings):
        self._training, self._settings = training, settings
        self._start: Arrays = {
            name: value
            for name, value in training.state().items()
            if settings.is_personal(name)
        }
        self._held: Arrays = {}

    def state(self) -> Arrays:
        """Return what the node holds from round to round: ``control/``, ``weights/``.

        The answer to a task follows from the task and from this.
        """
        return dict(self._held)

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on from :meth:`state`; an empty one is that of a node not yet asked."""
        self._held = dict(state)

    def weights(self, arrays: Mapping[str, np.ndarray]) -> Arrays:
        """Return the node's model under these ``weights/``: theirs, and its own."""
        sent = part_of(arrays, WEIGHTS)
        return {**self._start, **sent, **part_of(self._held, WEIGHTS)}

    def run(self, task: Task) -> Answer:
        """Train some epochs from the task's ``weights/``.

        Parameters
        ----------
        task
            Its arrays are ``weights/``, and from the second round on ``moments/`` and
            ``control/`` as the server averaged them. Of its settings ``share`` is the
            share of nodes that are asked in a round, 1 where it is left out.

        Returns
        -------
        Answer
            The same kinds of arrays. Metrics: ``val_loss`` of the weights that came,
            and ``loss``, the mean of the last epoch in training.
        """
        training, settings = self._training, self._settings
        start = self.weights(task.arrays)
        training.load(start)
        training.load_moments(part_of(task.arrays, MOMENTS))
        val_loss = training.loss()
        control = self._correct(task, start)
        first = (task.round - 1) * settings.num_epochs
        history = training.run(first, first + settings.num_epochs)
        arrays = self._trained(start)
        if settings.correction == "scaffold":
            arrays |= self._controlled(control, float(task.settings.get("share", 1.0)))
        metrics = {"loss": float(history[-1][0]), "val_loss": float(val_loss)}
        return Answer(arrays, training.num_examples, metrics)

    def _correct(self, task: Task, start: Arrays) -> Arrays:
        """Set the correction of gradients; return the server's control variate."""
        settings, training = self._settings, self._training
        if settings.correction == "prox":
            training.correct(pull=settings.prox, towards=start)
        control = part_of(task.arrays, CONTROL)
        if settings.correction == "scaffold":
            own = part_of(self._held, CONTROL)
            training.correct(
                {name: c - own.get(name, 0.0) for name, c in control.items()}
            )
        return control

    def _trained(self, start: Arrays) -> Arrays:
        """Return what travels of weights and moments, and keep what is the node's.

        What no training changes is told by sums before, and does not travel again.
        """
        settings, state = self._settings, self._training.state()
        own = {name for name in state if settings.is_personal(name)}
        self._held |= {WEIGHTS + name: state[name] for name in own}
        stay = own | self._training.constant
        arrays = {
            WEIGHTS + name: _stretched(start[name], w, settings.stretch)
            for name, w in state.items()
            if name not in stay
        }
        if settings.correction in ("moments", "scaffold"):
            moments = self._training.moments()
            arrays |= {MOMENTS + name: value for name, value in moments.items()}
        return arrays

    def _controlled(self, control: Arrays, share: float) -> Arrays:
        """Return the answer's control variates, and keep the node's own."""
        own, arrays = part_of(self._held, CONTROL), {}
        for name, gradient in self._training.mean_gradient().items():
            c = control.get(name, np.zeros_like(gradient))
            new = gradient - own.get(name, np.zeros_like(gradient))
            arrays[CONTROL + name] = c + np.asarray(share * new, gradient.dtype)
            self._held[CONTROL + name] = gradient
        return arrays


def _stretched(start: np.ndarray, end: np.ndarray, factor: float) -> np.ndarray:
    return end if factor == 1 else start + np.asarray(factor, end.dtype) * (end - start)


@dataclass(frozen=True)
class Adapted:
    """A model that is a node's own.

    Parameters
    ----------
    weights
        By name.
    num_epochs
        Passes over the node's channels from the model that it began with; 0 is that
        model.
    scores
        Score of each epoch, the model it began with first.
    """

    weights: Arrays
    num_epochs: int
    scores: tuple[float, ...]


def adapt(
    training: Any,
    weights: Mapping[str, np.ndarray],
    *,
    score: Callable[[], float] | None = None,
    patience: int = 3,
) -> Adapted:
    """Train on from a global model, and stop where the node's own validation says.

    Parameters
    ----------
    training
        Of the node's channels, with a schedule of its own that begins here.
    weights
        Of the global model, or of any other that training begins with.
    score
        Score of the present weights, the less the better; the validation loss where
        None. It must not look at channels that the result is judged by.
    patience
        Epochs without a better score after which it is enough.

    Returns
    -------
    Adapted
        The best of all epochs, and of none at all.
    """
    measure: Callable[[], float] = training.loss if score is None else score
    training.load(weights)
    training.load_moments({})
    best, scores = dict(weights), [float(measure())]
    for epoch in range(training.config.num_epochs):
        training.run(epoch, epoch + 1)
        scores.append(float(measure()))
        if scores[-1] == min(scores):
            best = training.state()
        if epoch + 1 - int(np.argmin(scores)) >= patience:
            break
    training.load(best)
    return Adapted(best, int(np.argmin(scores)), tuple(scores))


def part_of(arrays: Mapping[str, np.ndarray], kind: str) -> Arrays:
    """Return the arrays of one kind, such as ``weights/``, without it in their names.

    Examples
    --------
    >>> part_of({"weights/a": np.ones(1), "control/a": np.zeros(1)}, "control/")
    {'a': array([0.])}
    """
    return {
        name.removeprefix(kind): value
        for name, value in arrays.items()
        if name.startswith(kind)
    }


def mean_answer(answers: list[Answer]) -> Arrays:
    """Return the arrays of several answers as Flower's plain FedAvg averages them."""
    total = sum(answer.num_examples for answer in answers)
    shares = [answer.num_examples / total for answer in answers]
    arrays = {}
    for name, first in answers[0].arrays.items():
        parts = [np.asarray(answer.arrays[name], np.float64) for answer in answers]
        mean = np.tensordot(shares, np.stack(parts), axes=1)
        arrays[name] = mean.astype(first.dtype)
    return arrays
