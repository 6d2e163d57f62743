"""The likeliest channel under a model whose density is known, given y = A h + n."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.generative._untyped import tf
from commgen.generative.likelihood import LikelihoodModel
from commgen.generative.mixture.model import MixtureModel
from commgen.generative.observation import check_observation

_CHUNK = 256
# Adam: decays of its moments, and the share of the first step size that the last is.
_DECAYS = (0.9, 0.99)
_LAST_STEP = 0.01
# Nats an entry that are not worth another step, and the length of one that probes.
_TOLERANCE = 1e-3
_PROBE = 1e-3


@dataclass(frozen=True)
class MapEstimate:
    """Modes of p(h | y).

    Parameters
    ----------
    h_map : [batch, *event_shape], complex64
        The likeliest channels that were found.
    log_joint : [batch], float
        ln p(h) + ln p(y | h) there, up to a constant of the noise [nats].
    converged : [batch], bool
        Whether the best step up the gradient would gain less than 1e-3 nats an entry.
    err_var : [batch, *event_shape], float32, or None
        Variance of the Gaussian of the same curvature (Laplace), where it was asked
        for; NaN for a channel at which the curvature is not that of a maximum.
    """

    h_map: np.ndarray
    log_joint: np.ndarray
    converged: np.ndarray
    err_var: np.ndarray | None = None


def map_estimate(
    model: Any,
    y,
    A=None,
    noise_cov: Any = 1.0,
    *,
    start=None,
    num_steps: int = 200,
    step_size: float = 0.05,
    laplace: bool = False,
) -> MapEstimate:
    r"""Climb ln p(h) + ln p(y | h), with Adam in the model's scaled coordinates.

    The mode is not the posterior mean: where the density is spiked, as that of channels
    of few waves, it is a worse estimate in the mean-squared sense.

    Parameters
    ----------
    model
        :class:`~commgen.generative.GaussianMixture`, or a family of known density, as
        :class:`~commgen.generative.CouplingFlow`, without conditions. What these
        learned is a channel with -27 dB of noise, and so is their mode.
    y, A, noise_cov
        As :func:`~commgen.generative.observation.check_observation`.
    start : [batch, *event_shape], complex, or None
        Where to begin, such as the LMMSE estimate; None for the ridge solution
        :math:`A^\mathsf{H}(A A^\mathsf{H} + \Sigma)^{-1} y`.
    num_steps
        Steps, at least 10.
    step_size
        Of the first steps, against coordinates of unit power; falls to a hundredth.
    laplace
        Whether to return ``err_var``; a Hessian of (2 size)^2 numbers a channel.

    Returns
    -------
    MapEstimate

    Raises
    ------
    TypeError
        If the model has no known density.
    ValueError
        If the model has conditions, the observation is invalid, or an argument out of
        range.
    """
    if not isinstance(model, LikelihoodModel | MixtureModel):
        raise TypeError(
            "model must be a GaussianMixture or a family of known density, got "
            f"{type(model).__name__}."
        )
    if model.num_conditions:
        raise ValueError(
            f"model must be without conditions, got {model.num_conditions}."
        )
    check_int("num_steps", num_steps, low=10)
    check_positive("step_size", step_size)
    y, A, no, cov = check_observation(y, A, noise_cov, model.event_shape)
    y, A, no = _white(y, A, no, cov)
    shape = (len(y), *model.event_shape)
    h = _ridge(y, A, no) if start is None else _checked_start(start, shape)
    T, log_density = _coordinates(model, A.shape[1])
    climb = _Climb(log_density, A @ np.linalg.inv(T), num_steps, step_size, laplace)
    parts: list[Any] = []
    for i in range(0, len(y), _CHUNK):
        rows = slice(i, i + _CHUNK)
        parts.append(climb(h[rows] @ T.T, y[rows], no[rows]))
    x, value, gain, hessian = (_joined(part) for part in zip(*parts, strict=True))
    h_map = (x @ np.linalg.inv(T).T).reshape(shape)
    err_var = None
    if hessian is not None:
        err_var = _laplace(hessian, np.linalg.inv(T)).reshape(shape)
    converged = gain < _TOLERANCE * A.shape[1]
    return MapEstimate(h_map.astype(np.complex64), value, converged, err_var)


class _Climb:
    """Ascent of many chunks of observations, compiled once.

    Parameters
    ----------
    log_density
        Of x : [n, size, 2], without its constant; [n].
    B : [num_obs, size], complex
        Observation matrix on x.
    num_steps, step_size, laplace
        As :func:`map_estimate`.
    """

    def __init__(self, log_density, B, num_steps, step_size, laplace):
        self._log_density = log_density
        self._B = [np.ascontiguousarray(p.T, np.float32) for p in (B.real, B.imag)]
        self._laplace = laplace
        ramp = np.linspace(0, 1, num_steps)
        self._steps = (step_size * _LAST_STEP**ramp).astype(np.float32)
        size = B.shape[1]
        x = tf.TensorSpec((None, size, 2), tf.float32)
        observed = tf.TensorSpec((None, len(B), 2), tf.float32)
        signature = [x, observed, tf.TensorSpec((None,), tf.float32)]
        options = {"autograph": False, "input_signature": signature}
        self._value = tf.function(self._gradient, **options)
        self._curve = tf.function(self._hessian, **options)

    def __call__(self, x, y, no):
        """Return x, the objective, what more it would gain, and the Hessian."""
        x, y = (_parts(v) for v in (x, y))
        no = no.astype(np.float32)
        first = second = np.zeros_like(x)
        best, best_x = np.full(len(x), -np.inf, np.float32), x
        for i, step in enumerate(self._steps):
            value, gradient = (part.numpy() for part in self._value(x, y, no))
            better = value > best
            best = np.where(better, value, best)
            best_x = np.where(better[:, None, None], x, best_x)
            first = _DECAYS[0] * first + (1 - _DECAYS[0]) * gradient
            second = _DECAYS[1] * second + (1 - _DECAYS[1]) * gradient**2
            mean = first / (1 - _DECAYS[0] ** (i + 1))
            scale = np.sqrt(second / (1 - _DECAYS[1] ** (i + 1))) + 1e-8
            x = (x + step * mean / scale).astype(np.float32)
        curve = self._curve(best_x, y, no).numpy() if self._laplace else None
        return (
            best_x[..., 0] + 1j * best_x[..., 1],
            best,
            self._gain(best_x, y, no),
            curve,
        )

    def _gain(self, x, y, no):
        """Return what a step of the best length up the gradient would gain, [n].

        Infinite where the objective bends upwards: that is no maximum.
        """
        gradient = self._value(x, y, no)[1].numpy()
        square = np.sum(gradient**2, axis=(1, 2))
        ahead = gradient * (_PROBE / np.sqrt(square + 1e-30))[:, None, None]
        change = self._value(x + ahead, y, no)[1].numpy() - gradient
        bend = -np.sum(change * ahead, axis=(1, 2)) / _PROBE**2
        gain = square / (2 * np.maximum(bend, 1e-30))
        return np.where((bend > 0) | (square == 0), gain, np.inf)

    def _objective(self, x, y, no):
        b_re, b_im = (tf.constant(part) for part in self._B)
        re = x[..., 0] @ b_re - x[..., 1] @ b_im
        im = x[..., 0] @ b_im + x[..., 1] @ b_re
        error = (y[..., 0] - re) ** 2 + (y[..., 1] - im) ** 2
        return self._log_density(x) - tf.reduce_sum(error, axis=1) / no

    def _gradient(self, x, y, no):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = self._objective(x, y, no)
        return value, tape.gradient(value, x)

    def _hessian(self, x, y, no):
        flat = tf.reshape(x, (-1, x.shape[1] * 2))
        with tf.GradientTape() as tape:
            tape.watch(flat)
            gradient = self._gradient(tf.reshape(flat, tf.shape(x)), y, no)[1]
            gradient = tf.reshape(gradient, tf.shape(flat))
        return tape.batch_jacobian(gradient, flat, experimental_use_pfor=False)


def _white(y, A, no, cov):
    A = np.eye(y.shape[1], dtype=complex) if A is None else A
    if cov is None:
        return y, A, no
    L = np.linalg.cholesky(cov)
    return np.linalg.solve(L, y.T).T, np.linalg.solve(L, A), np.ones(len(y))


def _ridge(y, A, no):
    U, s, Vh = np.linalg.svd(A, full_matrices=False)
    return ((y @ U.conj()) * s / (s**2 + no[:, None])) @ Vh.conj()


def _checked_start(start, shape):
    start = np.asarray(start)
    if start.shape != shape or not np.isfinite(start).all():
        raise ValueError(
            f"start must be {list(shape)} and finite as y, got {start.shape}."
        )
    return start.reshape(len(start), -1).astype(np.complex128)


def _coordinates(model, size):
    """Return the matrix T of x = T h, and ln p as a function of x : [n, size, 2]."""
    if isinstance(model, MixtureModel):
        w = model._tensors()
        return np.eye(size), lambda x: _mixture_log_density(w, x)
    basis = np.eye(size, dtype=np.complex64).reshape(size, *model.event_shape)
    T = _complex(model._encode(basis)).reshape(size, size).T.astype(np.complex128)

    volume = model._log_volume()

    def log_density(x):
        condition = tf.zeros((tf.shape(x)[0], 0))
        return model.call({"x": x, "condition": condition}) + volume

    return T, log_density


def _mixture_log_density(w, x):
    """Return ln p of a mixture, [n]; w : MixtureWeights, x : [n, size, 2]."""
    re, im = x[..., 0], x[..., 1]
    num, size, rank = w.vectors.shape[:3]
    columns = tf.reshape(tf.transpose(w.vectors, (1, 3, 0, 2)), (size, -1))
    a, b = (tf.reshape(part @ columns, (-1, 2, num, rank)) for part in (re, im))
    power = (a[:, 0] + b[:, 1]) ** 2 + (b[:, 0] - a[:, 1]) ** 2
    s = w.eigenvalues[None]
    pi = float(np.log(np.pi))
    log_joint = w.log_weights[None] - tf.reduce_sum(
        tf.math.log(s) + power / s + pi, axis=-1
    )
    if w.remainder is not None and rank < size:
        total = tf.reduce_sum(re**2 + im**2, axis=-1, keepdims=True)
        rest = tf.maximum(total - tf.reduce_sum(power, axis=-1), 0.0)
        v = w.remainder[None]
        log_joint -= float(size - rank) * (tf.math.log(v) + pi) + rest / v
    return tf.reduce_logsumexp(log_joint, axis=-1)


def _laplace(hessian, inverse):
    """Return the variance of h = inverse x, [n, size], of a Hessian [n, 2s, 2s]."""
    values, vectors = np.linalg.eigh(-hessian.astype(np.float64))
    n, size = len(values), len(inverse)
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = vectors / np.sqrt(np.where(values > 0, values, np.nan))[:, None]
    roots = roots.reshape(n, size, 2, 2 * size)
    roots = roots[:, :, 0] + 1j * roots[:, :, 1]
    return np.sum(np.abs(inverse @ roots) ** 2, axis=-1).astype(np.float32)


def _parts(x):
    return np.stack([x.real, x.imag], axis=-1).astype(np.float32)


def _complex(x):
    return x[..., 0] + 1j * x[..., 1]


def _joined(parts) -> Any:
    return None if parts[0] is None else np.concatenate(parts)
