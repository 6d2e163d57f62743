"""The posterior of a mixture where powers were measured, and no phases."""

from typing import Any

import numpy as np
from scipy.special import softmax

from commgen._checks import check_amplitudes, check_int
from commgen._memory import check_memory
from commgen.generative.mixture.filter import make_filters, samples_of_components
from commgen.generative.model import (
    POWER_RANGE,
    Posterior,
    check_condition,
    check_num_samples,
)
from commgen.inference.observation.linear import LinearObservation
from commgen.inference.observation.phases import LookModel, draw_phases
from commgen.inference.observation.prior import NEGLIGIBLE, check_mixture

# Complex numbers that particles may take at a time.
_CHUNK = 2**21


def power_posterior(
    prior,
    r,
    observation: LinearObservation,
    *,
    condition=None,
    num_samples: int | None = None,
    num_particles: int = 32,
    seed: int = 0,
) -> Posterior:
    r"""Posterior of channels of which some powers were measured, such as RSRPs.

    .. math:: r_i = |a_i^\mathsf{T} h + n_i|^2, \qquad n_i \sim \mathcal{CN}(0, N_0)

    Were the phases of the looks known, the posterior would be that of a linear
    observation. They are drawn by particles, with h integrated out
    (:func:`~commgen.inference.observation.phases.draw_phases`), which also tell how
    likely each component is; h given its component and the phases is Gaussian. It is
    exact as ``num_particles`` grows.

    A phase that all entries of a channel have in common is not seen, so that the mean
    is zero: what was learned is in the power of the entries and in the samples, of
    which each has a common phase of its own.

    Parameters
    ----------
    prior
        A Gaussian mixture.
    r : [batch, *event_shape] if A is None, else [batch, num_obs], float
        Powers, at least 0.
    observation
        What was looked at; its noise is white.
    condition : [batch, num_conditions] or [num_conditions], float, or None
        As :meth:`Prior.posterior <commgen.generative.model.Prior.posterior>`.
    num_samples
        Draws of the posterior for each channel; None or 0 for none.
    num_particles
        Guesses of the phases under each component.
    seed
        Of particles and draws.

    Returns
    -------
    Posterior
        Its mean is zero, and ``err_var`` the expected power of each entry.

    Raises
    ------
    ValueError
        If shapes disagree, a power is negative, or the noise is coloured: what is
        whitened by a matrix has no phases left to lose.
    TypeError
        If the prior is no mixture.
    """
    mixture = check_mixture("prior", prior, observation.event_shape)
    check_int("num_particles", num_particles, low=1)
    r = _check_powers(r, observation)
    num_samples = check_num_samples(num_samples, (len(r), *observation.event_shape))
    condition = check_condition(condition, len(r), prior.num_conditions)
    log_weights = np.broadcast_to(
        mixture.log_weights if condition is None else prior.weights_under(condition),
        (len(r), len(mixture.log_weights)),
    )
    looks = _Looks(mixture, observation, num_particles, num_samples)
    check_memory("num_particles", num_particles, looks.particles, np.complex128)
    rng = np.random.default_rng(seed)
    no = observation.noise(len(r))
    power = np.empty((len(r), observation.size), np.float32)
    samples = np.empty((num_samples, *power.shape), np.complex64)
    for level in np.unique(no):
        looks.at(level)
        rows = np.flatnonzero(no == level)
        for part in np.split(rows, range(looks.chunk, len(rows), looks.chunk)):
            power[part], samples[:, part] = looks.infer(r[part], log_weights[part], rng)
    shape = (len(r), *observation.event_shape)
    return Posterior(
        np.zeros(shape, np.complex64),
        power.reshape(shape),
        samples.reshape(num_samples, *shape) if num_samples else None,
    )


class _Looks:
    """What one observation tells of channels of a mixture, at one noise level."""

    def __init__(self, mixture, observation, num_particles, num_samples):
        self._mixture, self._A = mixture, observation.matrix()
        self._num_particles, self._num_samples = num_particles, num_samples
        self._filters = make_filters(mixture, self._A)
        components = [mixture.component(k) for k in range(len(mixture.log_weights))]
        cross = [component.times(self._A.conj().T) for component in components]
        self._seen = np.stack([self._A @ part for part in cross])
        self._cross, self._diagonal = cross, [c.diagonal() for c in components]
        #: Shape of the particles of one channel.
        self.particles = (len(components), num_particles, len(self._A))
        self.chunk = max(1, _CHUNK // int(np.prod(self.particles)))
        self._no, self._model = 1.0, LookModel([], np.empty(0), [])

    def at(self, no) -> None:
        """Take the noise level."""
        self._no = float(no)
        C = (self._seen + np.conj(np.swapaxes(self._seen, 1, 2))) / 2
        self._model = LookModel.of(C + self._no * np.eye(len(self._A)))

    def infer(self, r, log_weights, rng) -> tuple[Any, Any]:
        """Return the power of each entry, [n, size], and samples of the channels."""
        y, log_evidence = draw_phases(np.sqrt(r), self._model, self._num_particles, rng)
        p = softmax(log_weights + log_evidence, axis=1)
        samples = self._samples(y, p, rng) if self._num_samples else 0
        return self._power(y, p), samples

    def _power(self, y, p):
        out = np.zeros((len(p), len(self._diagonal[0])))
        for k, cross in enumerate(self._cross):
            near = np.flatnonzero(p[:, k] > NEGLIGIBLE)
            if len(near):
                W = cross @ self._model.precisions[-1][k]
                known = np.mean(np.abs(y[near, k] @ W.T) ** 2, axis=1)
                gone = np.sum(W * cross.conj(), axis=1).real
                left = np.maximum(self._diagonal[k] - gone, 0)
                out[near] += p[near, k, None] * (known + left)
        return out

    def _samples(self, y, p, rng):
        num, n = self._num_samples, len(p)
        u = rng.random((num, n, 1))
        chosen = np.sum(u > np.cumsum(p, axis=1)[:, :-1], axis=-1)
        particle = rng.integers(self._num_particles, size=(num, n))
        common = np.exp(2j * np.pi * rng.random((num, n, 1)))
        seen = y[np.arange(n), chosen, particle] * common
        no = np.full(n, self._no)
        return samples_of_components(
            self._mixture, self._filters, chosen, seen, self._A, no, rng
        )


def _check_powers(r, observation) -> np.ndarray:
    """Return powers as [batch, num_obs], float, or raise what is wrong with them."""
    if observation.noise_corr is not None:
        raise ValueError("noise_corr must be None for powers, got a matrix.")
    r = np.asarray(r)
    shape = (observation.num_obs,) if observation.A is not None else None
    shape = observation.event_shape if shape is None else shape
    if r.dtype.kind not in "iuf" or r.shape[1:] != shape or len(r) == 0:
        raise ValueError(
            f"r must be real numbers [batch, {', '.join(map(str, shape))}], got "
            f"{r.dtype} {r.shape}."
        )
    check_amplitudes("r", r)
    if r.min() < 0:
        raise ValueError(f"r must be powers of at least 0, got {r.min():.3g}.")
    r = r.reshape(len(r), -1).astype(np.float64)
    A = observation.matrix()
    gain = float(np.mean(np.sum(np.abs(A) ** 2, axis=1)))
    expected = gain + float(observation.noise(len(r)).mean())
    if not POWER_RANGE[0] <= r.mean() / expected <= POWER_RANGE[1]:
        raise ValueError(
            "r must be about the powers of channels of unit power and the noise, "
            f"{expected:.3g} a look, got {r.mean():.3g}; normalise it first."
        )
    return r
