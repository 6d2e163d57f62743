r"""The linear estimate from quantised observations, by Bussgang's decomposition.

.. math:: q = B y + d, \qquad \hat{h} = R A^\mathsf{H} B\,C_q^{-1} q

for Gaussian channels of covariance R, y = A h + n and a diagonal B, with a distortion d
that is uncorrelated with y (Li et al., *Channel Estimation and Performance Analysis of
One-Bit Massive MIMO Systems*, IEEE Trans. Signal Process. 65 (2017), sec. III).
"""

import numpy as np
from scipy.stats import norm

from commgen.generative.model import Posterior
from commgen.inference.observation.linear import LinearObservation, check_covariance
from commgen.inference.observation.quantizer import Quantizer

# Up to here the covariance of levels is exact; beyond, the distortion is taken for
# white, of which little is left.
_EXACT_BITS = 4
_NODES = 24


def quantized_covariance(cov_mat, quantizer: Quantizer):
    r"""Return the Bussgang gains of a Gaussian signal and its covariance quantised.

    A quantiser is a sum of steps, :math:`Q(x) = \frac{\Delta}{2} \sum_t
    \mathrm{sign}(x - t)`, so that

    .. math:: \mathrm{E}[Q(x) Q(y)] = \Delta^2 \sum_{s,t} \int_0^\rho
        \varphi_2(s, t; r)\,\mathrm{d}r

    with the bivariate normal density of correlation r (Price, *A Useful Theorem for
    Nonlinear Devices Having Gaussian Inputs*, IRE Trans. Inf. Theory 4 (1958)). With
    one bit this is the arcsine law.

    Parameters
    ----------
    cov_mat : [num_obs, num_obs], complex
        Covariance of the circular signal y, Hermitian positive definite.
    quantizer
        Of its real and imaginary parts.

    Returns
    -------
    gain : [num_obs], float
        Diagonal of B.
    covariance : [num_obs, num_obs], complex
        E[q q^H]; from 5 bits on with a white distortion.
    """
    deviation = np.sqrt(np.diag(cov_mat).real / 2)
    u = quantizer.thresholds / deviation[:, None]
    gain = quantizer.step * norm.pdf(u).sum(axis=1) / deviation
    if quantizer.num_bits > _EXACT_BITS:
        covariance = gain[:, None] * cov_mat * gain
    else:
        rho = cov_mat / (2 * deviation[:, None] * deviation)
        parts = (_correlated(r, u) for r in (rho.real, rho.imag))
        real, imag = (2 * quantizer.step**2 * part for part in parts)
        covariance = real + 1j * imag
    # The integrand grows without bound towards a correlation of one.
    np.fill_diagonal(covariance, 2 * _level_power(u, quantizer.step))
    return gain, covariance


def bussgang_lmmse(
    cov_mat, q, quantizer: Quantizer, observation: LinearObservation
) -> Posterior:
    """Linear MMSE estimate of Gaussian channels from quantised observations.

    Parameters
    ----------
    cov_mat : [size, size], complex
        Covariance of the flattened channel, Hermitian positive definite.
    q : [batch, *event_shape] if A is None, else [batch, num_obs], complex
        Levels that the quantiser gave.
    quantizer
        As :class:`Quantizer`.
    observation
        What was quantised; the noise may be coloured and is of one level.

    Returns
    -------
    Posterior
        ``err_var`` is exact for channels of this covariance that are Gaussian.

    Raises
    ------
    ValueError
        If shapes disagree, ``q`` holds other levels, or ``no`` is not one number.
    """
    R = check_covariance("cov_mat", cov_mat, observation.size)
    if np.ndim(observation.no):
        raise ValueError(
            f"no must be one number for the linear estimate, got "
            f"{np.shape(observation.no)}."
        )
    q = check_levels(q, quantizer, observation)
    A, n = observation.matrix(), observation.num_obs
    C = np.eye(n) if observation.noise_corr is None else observation.noise_corr
    cross = R @ A.conj().T
    gain, cov_q = quantized_covariance(A @ cross + observation.no * C, quantizer)
    cross = cross * gain
    W = np.linalg.solve(cov_q, cross.conj().T).conj().T
    err_var = np.maximum(np.diag(R).real - np.sum(W * cross.conj(), axis=1).real, 0)
    shape = (len(q), *observation.event_shape)
    return Posterior(
        (q @ W.T).reshape(shape).astype(np.complex64),
        np.broadcast_to(err_var, (len(q), len(R))).reshape(shape).astype(np.float32),
    )


def check_levels(q, quantizer, observation) -> np.ndarray:
    """Return ``q`` as complex128 [batch, num_obs], or raise what is wrong with it."""
    q, n = np.asarray(q, np.complex128), observation.num_obs
    inner = observation.event_shape if observation.A is None else (n,)
    if q.shape[1:] != inner or len(q) == 0:
        raise ValueError(
            f"q must be [batch, {', '.join(map(str, inner))}], got {q.shape}."
        )
    for part in (q.real, q.imag):
        quantizer.bounds(part)
    return q.reshape(len(q), n)


def _correlated(rho, u):
    """Sum the integrals of the bivariate density over all pairs of thresholds."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    # With r = sin(angle) the integrand has no pole at one.
    angle = np.arcsin(np.clip(rho, -1, 1))
    out = np.zeros(rho.shape)
    for node, weight in zip(nodes, weights, strict=True):
        at = angle * (1 + node) / 2
        sine, square = np.sin(at), np.cos(at) ** 2
        for s in u.T:
            for t in u.T:
                x, y = s[:, None], t[None, :]
                power = (x**2 - 2 * sine * x * y + y**2) / (2 * square + 1e-300)
                out += weight / 2 * angle * np.exp(-power) / (2 * np.pi)
    return out


def _level_power(u, step):
    """Return E Q(x)^2 of each entry, [num_obs], from thresholds in deviations."""
    edges = np.pad(norm.cdf(u), ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1)))
    last = u.shape[1]
    levels = step * (np.arange(last + 1) - last / 2)
    return np.diff(edges, axis=1) @ levels**2
