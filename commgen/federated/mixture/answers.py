"""What a node answers in federated EM: sums over its channels, and no channel."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from commgen._random import complex_normal
from commgen.federated.mixture.messages import mixture_of, structure_of
from commgen.federated.tasks import Answer, Task
from commgen.generative.condition import Conditioning
from commgen.generative.mixture import em
from commgen.generative.mixture.filter import mixture_moments
from commgen.generative.mixture.gate import gate_slope
from commgen.generative.mixture.parts import Scatter
from commgen.generative.mixture.statistics import Statistics
from commgen.measures.decibel import noise_variance

#: SNRs at which candidates of a strength are compared.
CHECK_SNR_DB = (-5.0, 5.0, 15.0)

Sums = dict[str, np.ndarray]


@dataclass(frozen=True)
class Channels:
    """What a node learns a mixture from.

    Parameters
    ----------
    h : [n, *event_shape], complex64
        Its training channels.
    condition : [n, num_conditions], float, or None
        Their circumstances.
    check : [m, *event_shape], complex64, or None
        Channels by which a strength is chosen, none of ``h``.
    """

    h: np.ndarray
    condition: np.ndarray | None = None
    check: np.ndarray | None = None

    @property
    def flat(self) -> np.ndarray:
        """Training channels, [n, size]."""
        return self.h.reshape(len(self.h), -1)


def answer(task: Task, channels: Channels) -> Answer:
    """Answer a task of federated EM; its ``step`` says which.

    Parameters
    ----------
    task
        ``cluster``: ``moments`` of the features of k-means, or ``assign``, their sums
        about centers. ``expect``: ``overall`` covariance, ``hard`` sums by centers,
        ``soft`` ones by responsibilities, ``conditions``, slope of the ``gate``, or
        ``errors`` of the estimates.
    channels
        The node's own.

    Returns
    -------
    Answer
        ``sums/NAME``, each divided by the training channels.

    Raises
    ------
    ValueError
        If the step is unknown, or the node has not what it asks for.
    """
    step = f"{task.what} {task.settings.get('step')}"
    if step not in _STEPS:
        raise ValueError(f"step must be one of {[*_STEPS]}, got {step!r}.")
    sums, n = _STEPS[step](task, channels)
    return Answer({f"sums/{name}": np.asarray(v) / n for name, v in sums.items()}, n)


def _moments(task: Task, channels: Channels) -> tuple[Sums, int]:
    x = _features(channels)
    sums = {"first": x.sum(axis=0), "second": (x**2).sum(axis=0)}
    return {"counts": np.array(float(len(x))), **sums}, len(x)


def _assign(task: Task, channels: Channels) -> tuple[Sums, int]:
    x = _features(channels)
    label, distance = _nearest(x, task.arrays["weights/centers"])
    one_hot = np.eye(len(task.arrays["weights/centers"]))[label]
    sums = {
        "counts": one_hot.sum(axis=0),
        "first": one_hot.T @ x,
        "second": one_hot.T @ x**2,
        "distance": distance.sum(),
    }
    return sums, len(x)


def _overall(task: Task, channels: Channels) -> tuple[Sums, int]:
    h, structure = channels.flat, structure_of(task.settings, channels.h.shape[1:])
    power = np.abs(h @ structure.fourier.conj()) ** 2
    n = np.array([float(len(h))])
    everything = Scatter(h, np.ones(len(h), np.float32), len(h))
    one = Statistics(n, lambda k: everything, power.sum(axis=0)[None], power)
    return one.sums(), len(h)


def _hard(task: Task, channels: Channels) -> tuple[Sums, int]:
    centers = task.arrays["weights/centers"]
    label, _ = _nearest(_features(channels), centers)
    return _statistics(task, channels, np.eye(len(centers))[label]), len(label)


def _soft(task: Task, channels: Channels) -> tuple[Sums, int]:
    r, log_p = em.expectation(mixture_of(task.arrays), channels.flat)
    sums = _statistics(task, channels, r)
    return {**sums, "log_likelihood": np.array(log_p * len(r))}, len(r)


def _statistics(task, channels, responsibilities) -> Sums:
    structure = structure_of(task.settings, channels.h.shape[1:])
    # The covariance that low-rank ones lean on is the server's.
    plain = structure_of({**task.settings, "covariance": "full"}, structure.event_shape)
    h = channels.flat
    if structure.covariance == "toeplitz":
        # Its steps invert covariances, which makes roundings a hundred times larger.
        h = h.astype(np.complex128)
    data = em.ChannelData(h, plain)
    statistics = data.statistics(responsibilities)
    return statistics.sums(scatter=structure.covariance != "circulant")


def _conditions(task: Task, channels: Channels) -> tuple[Sums, int]:
    c = _condition(channels)
    return Conditioning(c.shape[1]).sums(c), len(c)


def _gate(task: Task, channels: Channels) -> tuple[Sums, int]:
    center, scale = task.arrays["weights/mean"], task.arrays["weights/scale"]
    standard = (_condition(channels).astype(np.float64) - center) / scale
    mixture = mixture_of(task.arrays)
    log_density = mixture.log_joint(channels.flat) - mixture.log_weights
    value, slope = gate_slope(task.arrays["weights/gate"], standard, log_density)
    return {"value": np.array(value), "slope": slope}, len(standard)


def _condition(channels: Channels) -> np.ndarray:
    if channels.condition is None:
        raise ValueError("condition must be known to a node for a gate, got None.")
    return channels.condition


def _errors(task: Task, channels: Channels) -> tuple[Sums, int]:
    if channels.check is None or not len(channels.check):
        raise ValueError("check must hold channels to choose a strength by, got none.")
    h = channels.check.reshape(len(channels.check), -1)
    rng = np.random.default_rng([int(task.settings["seed"]), len(h)])
    noise = complex_normal(rng, h.shape)
    mixture, power = mixture_of(task.arrays), np.sum(np.abs(h) ** 2, dtype=np.float64)
    errors = [_error(mixture, h, noise, noise_variance(db)) for db in CHECK_SNR_DB]
    return {"errors": np.array(errors), "power": np.array(power)}, len(channels.h)


def _error(mixture, h, noise, no) -> float:
    """Return the sum of squared errors of the estimates at one noise variance."""
    y = h + np.sqrt(no) * noise
    h_hat, _ = mixture_moments(mixture, y, None, np.full(len(y), no))
    return float(np.sum(np.abs(h_hat - h) ** 2))


def _features(channels: Channels) -> np.ndarray:
    fourier = em.fourier_vectors(channels.h.shape[1:])
    return em.spectral_features(channels.flat, fourier).astype(np.float64)


def _nearest(x, centers) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest center of each row, and the squared distance, [n]."""
    squared = (
        np.sum(x**2, axis=1)[:, None] - 2 * x @ centers.T + np.sum(centers**2, axis=1)
    )
    label = np.argmin(squared, axis=1)
    return label, np.maximum(squared[np.arange(len(x)), label], 0)


_STEPS: dict[str, Callable[[Task, Channels], tuple[Sums, int]]] = {
    "cluster moments": _moments,
    "cluster assign": _assign,
    "expect overall": _overall,
    "expect hard": _hard,
    "expect soft": _soft,
    "expect conditions": _conditions,
    "expect gate": _gate,
    "expect errors": _errors,
}
