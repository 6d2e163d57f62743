"""The posterior of a mixture where converters of few bits stand between."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from commgen._checks import check_int, check_positive
from commgen.generative.mixture.parts import Mixture
from commgen.generative.model import Posterior
from commgen.inference.observation.bussgang import check_levels
from commgen.inference.observation.interval_ep import Fit, Sites, project, refine
from commgen.inference.observation.linear import LinearObservation
from commgen.inference.observation.prior import NEGLIGIBLE, check_mixture
from commgen.inference.observation.quantizer import Quantizer

# Channels whose sites of all components are held at once.
_CHUNK = 64
# Steps of the one Gaussian that all components start from, and of each component
# before those far behind are left out.
_FIRST_STEPS = 6
_TRIAL_STEPS = 2
# How far behind, in nats.
_FAR = 12.0


@dataclass(frozen=True, eq=False)
class _Parts:
    """Covariances of one component in real numbers: of what is seen, and with h."""

    seen: np.ndarray
    cross: np.ndarray | None
    power: np.ndarray


def quantized_posterior(
    prior,
    q,
    quantizer: Quantizer,
    observation: LinearObservation,
    *,
    max_iterations: int = 20,
    tolerance: float = 1e-3,
) -> Posterior:
    r"""Posterior of channels of which each converter told an interval.

    The likelihood of q given z = A h is a product over real and imaginary parts,

    .. math:: \prod_i \Phi\Big(\frac{u_i - z_i}{\sqrt{N_0 / 2}}\Big)
        - \Phi\Big(\frac{l_i - z_i}{\sqrt{N_0 / 2}}\Big)

    with the ends l and u of the intervals. Under each Gaussian component expectation
    propagation gives the moments of h and the evidence of the component
    (:mod:`commgen.inference.observation.interval_ep`); the posterior is their mixture.
    With many bits it is that of :func:`~commgen.inference.observation.infer`.

    Parameters
    ----------
    prior
        A Gaussian mixture.
    q : [batch, *event_shape] if A is None, else [batch, num_obs], complex
        Levels that the quantiser gave for y = A h + n.
    quantizer
        Of real and imaginary parts.
    observation
        What was quantised; its noise is white.
    max_iterations
        Most steps of expectation propagation for a component.
    tolerance
        It ends when no mean moves by more, in its standard deviations.

    Returns
    -------
    Posterior

    Raises
    ------
    ValueError
        If shapes disagree, ``q`` holds other levels, or the noise is coloured: its
        likelihood is no product.
    TypeError
        If the prior is no mixture.
    """
    mixture = check_mixture("prior", prior, observation.event_shape)
    check_int("max_iterations", max_iterations, low=1)
    check_positive("tolerance", tolerance)
    if observation.noise_corr is not None:
        raise ValueError(
            "noise_corr must be None for quantised observations, got a matrix."
        )
    q = check_levels(q, quantizer, observation)
    low, high = quantizer.bounds(np.concatenate([q.real, q.imag], axis=1))
    noise = observation.noise(len(q)) / 2
    parts = [
        _real_parts(mixture.component(k).matrix(), observation.A)
        for k in range(len(mixture.log_weights))
    ]
    moments = [
        _Mixed(mixture, parts, low[i], high[i], noise[i]).moments(
            max_iterations, tolerance
        )
        for i in np.split(np.arange(len(q)), range(_CHUNK, len(q), _CHUNK))
    ]
    mean, err_var = (np.concatenate(part) for part in zip(*moments, strict=True))
    shape = (len(q), *observation.event_shape)
    return Posterior(
        mean.reshape(shape).astype(np.complex64),
        err_var.reshape(shape).astype(np.float32),
    )


class _Mixed:
    """Expectation propagation of all components for some observations."""

    def __init__(self, mixture: Mixture, parts, low, high, noise):
        self._log_weights, self._parts = mixture.log_weights, parts
        self._seen = low, high, noise

    def moments(self, max_iterations, tolerance):
        """Return the mean, complex, and the variance of h, [n, size]."""
        sites, log_joint = self._trial()
        near = log_joint > log_joint.max(axis=1, keepdims=True) - _FAR
        fits = []
        for k, part in enumerate(self._parts):
            rows = np.flatnonzero(near[:, k])
            fit = self._converged(
                part, sites[k].rows(rows), rows, max_iterations, tolerance
            )
            log_joint[:, k] = -np.inf
            log_joint[rows, k] = self._log_weights[k] + fit.log_evidence
            fits.append((rows, fit))
        p = softmax(log_joint, axis=1)
        return self._mix(fits, p)

    def _trial(self):
        """Return first sites of each component and log-weights, [n, components]."""
        low, high, noise = self._seen
        n, size = low.shape
        weights = np.exp(self._log_weights)
        seen = np.stack([part.seen for part in self._parts])
        average = np.einsum("k,kij->ij", weights, seen)
        common = Sites.empty(n, size)
        for _ in range(_FIRST_STEPS):
            common = refine(average, low, high, noise, common).sites
        sites, log_joint = [], np.empty((n, len(self._parts)))
        for k, part in enumerate(self._parts):
            own = common
            for _ in range(_TRIAL_STEPS):
                fit = refine(part.seen, low, high, noise, own)
                own = fit.sites
            sites.append(own)
            log_joint[:, k] = self._log_weights[k] + fit.log_evidence
        return sites, log_joint

    def _converged(self, part, sites, rows, max_iterations, tolerance) -> Fit:
        size = sites.precision.shape[1]
        n, mean = len(rows), np.empty(sites.precision.shape)
        out = Fit(mean, mean.copy(), np.empty(n), Sites.empty(n, size), np.zeros(n))
        left, damping = np.arange(n), 1.0
        for step in range(max_iterations):
            if len(left) == 0:
                break
            low, high, noise = (x[rows[left]] for x in self._seen)
            now = sites.rows(left)
            fit = refine(part.seen, low, high, noise, now, damping=damping)
            out.mean[left], out.variance[left] = fit.mean, fit.variance
            out.log_evidence[left] = fit.log_evidence
            out.sites.precision[left], out.sites.shift[left] = now.precision, now.shift
            sites.precision[left] = fit.sites.precision
            sites.shift[left] = fit.sites.shift
            left = left[fit.change > tolerance]
            # All sites move at once, which may swing where the entries are alike.
            damping = 1.0 if step < max_iterations // 3 else 0.6
        return out

    def _mix(self, fits, p):
        size = len(self._parts[0].power)
        mean = np.zeros((len(p), size))
        second = np.zeros(mean.shape)
        for k, (rows, fit) in enumerate(fits):
            part, near = self._parts[k], p[rows, k] > NEGLIGIBLE
            rows = rows[near]
            if len(rows) == 0:
                continue
            if part.cross is None:
                m, v = fit.mean[near], fit.variance[near]
            else:
                m, gone = project(part.seen, part.cross, fit.sites.rows(near))
                v = np.maximum(part.power - gone, 0)
            mean[rows] += p[rows, k, None] * m
            second[rows] += p[rows, k, None] * (v + m**2)
        real, imag = np.split(mean, 2, axis=1)
        variance = np.maximum(second - mean**2, 0)
        return real + 1j * imag, sum(np.split(variance, 2, axis=1))


def _real_parts(R, A) -> _Parts:
    power = np.tile(np.diag(R).real / 2, 2)
    if A is None:
        return _Parts(_composite(R), None, power)
    cross = R @ A.conj().T
    seen = A @ cross
    return _Parts(_composite((seen + seen.conj().T) / 2), _composite(cross), power)


def _composite(C):
    """Return the covariance of real and imaginary parts, stacked, of circular ones."""
    return np.block([[C.real, -C.imag], [C.imag, C.real]]) / 2
