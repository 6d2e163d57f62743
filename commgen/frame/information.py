"""What a constellation carries through white noise: exact, by quadrature."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq

from commgen._checks import check_int, check_noise_variance, check_positive
from commgen.coding.compiled import compiled
from commgen.frame import metric
from commgen.frame.constellation import Constellation
from commgen.measures.decibel import noise_variance
from commgen.measures.intervals import normal_quantile

#: Nodes of the quadrature along each axis of the noise.
ORDER = 32
# Nodes of a smaller share of the largest weight add nothing that shows.
_NEGLIGIBLE = 1e-8
_SNR_DB = (-60.0, 80.0)


def shannon(no: Any) -> Any:
    """Capacity of the channel with white noise of variance ``no`` [bit/symbol]."""
    return np.log2(1 + 1 / np.asarray(check_noise_variance("no", no)))[()]


def gmi(constellation: Constellation, no: Any, *, order: int = ORDER) -> Any:
    r"""Generalised mutual information of the bits, each decoded from its own LLR.

    .. math:: H(X) - \sum_i \mathrm{E}\left[\log_2
        \frac{\sum_x p(x)\,e^{-|y - x|^2 / N_0}}
        {\sum_{x: b_i(x) = b_i} p(x)\,e^{-|y - x|^2 / N_0}}\right]

    for y = x + n (Böcherer, Steiner and Schulte, IEEE Trans. Commun. 63, 2015, eq. 53):
    what a code over the bits and a decoder of LLRs with the prior inside can reach. The
    mean over n is taken by two-dimensional Gauss-Hermite quadrature, that over x as a
    sum, so that there is no sampling error.

    Parameters
    ----------
    constellation
        Points, labels and probabilities.
    no : float or [...]
        Variance of the complex noise, linear.
    order
        Nodes along each axis: 32 are right to 1e-4 bit for 64-QAM, 64 to 2e-6.

    Returns
    -------
    float or [...]
        Bits per symbol; not below 0.

    Examples
    --------
    >>> round(float(gmi(Constellation.qam(6), 10**-1.272)), 2)
    4.0
    """
    return _each(_bits_missed, constellation, no, order)


def mutual_information(
    constellation: Constellation, no: Any, *, order: int = ORDER
) -> Any:
    r"""Mutual information of symbol and observation, whatever the labels.

    .. math:: H(X) - \mathrm{E}\left[\log_2
        \frac{\sum_{x'} p(x')\,e^{-|y - x'|^2 / N_0}}
        {p(x)\,e^{-|y - x|^2 / N_0}}\right]

    (Ungerboeck, IEEE Trans. Inf. Theory 28, 1982, eq. 5): what any receiver can reach.

    Parameters
    ----------
    constellation, no, order
        As of :func:`gmi`, and so is the result.
    """
    return _each(_symbols_missed, constellation, no, order)


def faded(
    measure: Callable, constellation: Constellation, no: float, gains: Any
) -> float:
    """Mean of a measure over the gains of a channel known to the receiver.

    Parameters
    ----------
    measure
        :func:`gmi` or :func:`mutual_information`.
    constellation, no
        As of :func:`gmi`.
    gains : [n], float
        Squared magnitudes of the channel, all equally likely: draws of a channel, or
        quantiles of a distribution.

    Raises
    ------
    ValueError
        If a gain is negative or not finite.
    """
    gains = np.asarray(gains, np.float64)
    if gains.ndim != 1 or not len(gains) or not (np.isfinite(gains).all()):
        raise ValueError(f"gains must be [n] finite numbers, got {gains.shape}.")
    if gains.min() < 0:
        raise ValueError(f"gains must be at least 0, got {gains.min():.3g}.")
    # Where nothing is received nothing is learned.
    some = gains[gains > 0]
    values = measure(constellation, check_positive("no", no) / some) if len(some) else 0
    return float(np.sum(values) / len(gains))


def bit_information(
    constellation: Constellation, no: float, *, order: int = ORDER
) -> np.ndarray:
    """Information of each bit of the labels with its own LLR.

    Parameters
    ----------
    constellation, order
        As of :func:`gmi`.
    no
        Variance of the complex noise, linear.

    Returns
    -------
    [num_bits_per_symbol], float
        Bits, the first bit of the labels first. Their sum is :func:`gmi` where points
        are equally likely.
    """
    x, p = constellation.points, constellation.probabilities
    n, w = noise_nodes(order)
    y = x[:, None] + check_positive("no", no) ** 0.5 * n
    score = np.log(p) - np.abs(y[..., None] - x) ** 2 / no
    everything = np.logaddexp.reduce(score, axis=-1)
    found = []
    for bit in constellation.bits.T:
        same = np.where(bit == bit[:, None], 0.0, -np.inf)[:, None]
        agree = np.logaddexp.reduce(score + same, axis=-1)
        missed = p @ ((everything - agree) @ w) / np.log(2)
        one = p[bit == 1].sum()
        found.append(-one * np.log2(one) - (1 - one) * np.log2(1 - one) - missed)
    return np.array(found)


def snr_db_for(
    constellation: Constellation, rate: float, measure: Callable = gmi, **options: Any
) -> float:
    """SNR at which a constellation carries ``rate`` [dB].

    Parameters
    ----------
    constellation, measure, options
        As of :func:`gmi`, or another measure.
    rate
        Bits per symbol, above 0 and below the entropy of the constellation.

    Raises
    ------
    ValueError
        If the constellation never carries so much.

    Examples
    --------
    >>> round(snr_db_for(Constellation.qam(6), 4.0), 2)  # Shannon: 11.76
    12.72
    """
    rate = check_positive("rate", rate)
    if rate >= constellation.entropy:
        raise ValueError(
            f"rate must be below the {constellation.entropy:.4g} bits of a symbol, got "
            f"{rate:g}."
        )

    def missing(snr_db):
        return measure(constellation, noise_variance(snr_db), **options) - rate

    # Without noise all but rounding of the entropy arrives.
    if missing(_SNR_DB[1]) < 0:
        raise ValueError(f"rate must be carried by {_SNR_DB[1]:g} dB, got {rate:g}.")
    found: Any = brentq(missing, *_SNR_DB, xtol=1e-5)
    return float(found)


def sampled_gmi(
    llr: Any, bits: Any, entropy: float, *, confidence: float = 0.95
) -> tuple[float, float, float]:
    r"""GMI from LLRs of a channel of any kind, with its interval.

    .. math:: H(X) - \sum_i \mathrm{E}\,\log_2\left(1 + e^{(1 - 2 b_i)\,\ell_i}\right)

    Parameters
    ----------
    llr : [n, num_bits_per_symbol], float
        ln p(1) / p(0), the prior inside, of n independent symbols.
    bits : [n, num_bits_per_symbol], int
        What was sent.
    entropy
        Bits of a symbol: that of its constellation.
    confidence
        Probability that the interval covers the value.

    Returns
    -------
    value, low, high : float
        Bits per symbol; not cut off at 0.

    Raises
    ------
    ValueError
        If the shapes differ, or there are fewer than two symbols.
    """
    llr, bits = np.asarray(llr, np.float64), np.asarray(bits)
    if llr.ndim != 2 or llr.shape != bits.shape or len(llr) < 2:
        raise ValueError(
            "llr and bits must both be [n, num_bits_per_symbol] with n >= 2, got "
            f"{llr.shape} and {bits.shape}."
        )
    loss = np.logaddexp(0, (1.0 - 2.0 * bits) * llr).sum(axis=1) / np.log(2)
    half = normal_quantile(confidence) * loss.std(ddof=1) / np.sqrt(len(loss))
    value = entropy - float(loss.mean())
    return value, value - float(half), value + float(half)


@dataclass(frozen=True)
class Observations:
    r"""Channels y = r x + z with their weights, and what the demapper counts on.

    Parameters
    ----------
    turns : [n], complex128
        Factors r: 1, or a phase that the receiver does not know.
    noises : [n], complex128
        Values z, scaled.
    variances : [n], float64
        Variance of the noise that the demapper counts on.
    weights : [n], float64
        Their probabilities.
    phase_var
        Variance of the phase that it counts on too [rad^2], as
        :func:`~commgen.frame.metric.log_likelihood` does.
    """

    turns: np.ndarray
    noises: np.ndarray
    variances: np.ndarray
    weights: np.ndarray
    phase_var: float = 0.0


def white_noise(no: float, order: int = ORDER) -> Observations:
    """Return the quadrature of y = x + n with white noise of variance ``no``."""
    n, w = noise_nodes(order)
    return Observations(np.ones(len(n), complex), no**0.5 * n, np.full(len(n), no), w)


class Loss(NamedTuple):
    """What LLRs leave open, and its derivatives.

    Parameters
    ----------
    nats
        Sum over the bits of what a receiver still misses of them.
    by_point : [M], complex128
        Derivatives by real and imaginary part, as real and imaginary part.
    by_log_p : [M], float64
        By the logarithms of the probabilities, taken as free numbers.
    """

    nats: float
    by_point: np.ndarray
    by_log_p: np.ndarray


def bit_loss(x: np.ndarray, log_p: np.ndarray, seen: Observations) -> Loss:
    """Return what is between entropy and :func:`gmi`, in nats, with derivatives.

    Parameters
    ----------
    x : [M], complex128
        Points in the order of their labels.
    log_p : [M], float64
        Logarithms of their probabilities.
    seen
        What is received.
    """
    return Loss(*_bit_loss(x, log_p, *_channel(seen), len(x).bit_length() - 1))


@cache
def noise_nodes(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the mean over CN(0, 1), [num_nodes] each.

    Parameters
    ----------
    order
        Nodes along each axis, at least 2; those of no weight are left out.
    """
    nodes, weights = np.polynomial.hermite.hermgauss(check_int("order", order, low=2))
    n = (nodes[:, None] + 1j * nodes).ravel()
    w = np.outer(weights, weights).ravel()
    kept = w > _NEGLIGIBLE * w.max()
    return n[kept], w[kept] / w[kept].sum()


def _each(loss, constellation, no, order):
    no = np.asarray(check_noise_variance("no", no), np.float64)
    x, log_p = constellation.points, np.log(constellation.probabilities)
    nats = [loss(x, log_p, white_noise(v, order)) for v in no.ravel()]
    rate = constellation.entropy - np.reshape(nats, no.shape) / np.log(2)
    return np.maximum(rate, 0.0)[()]


def _bits_missed(x, log_p, seen):
    return bit_loss(x, log_p, seen).nats


def _symbols_missed(x, log_p, seen):
    return _symbol_loss(x, log_p, *_channel(seen))


def _channel(seen):
    everything = seen.turns, seen.noises, seen.variances, seen.weights
    return *everything, float(seen.phase_var)


@compiled
def _bit_loss(x, log_p, turns, noises, variances, weights, phase_var, num_bits):
    size, p = len(x), np.exp(log_p)
    by_point, by_log_p = np.zeros(size, np.complex128), np.zeros(size)
    e, agree = np.empty(size), np.empty(num_bits)
    total = 0.0
    for a in range(size):
        for g in range(len(weights)):
            y, share = turns[g] * x[a] + noises[g], p[a] * weights[g]
            everything = _likelihoods(x, log_p, y, variances[g], phase_var, e)
            nats = 0.0
            for i in range(num_bits):
                agree[i] = 0.0
                for b in range(size):
                    if not (a ^ b) >> i & 1:
                        agree[i] += e[b]
                nats += np.log(everything / agree[i])
            total += share * nats
            by_log_p[a] += share * nats
            of_sent = 0j
            for b in range(size):
                slope = num_bits / everything
                for i in range(num_bits):
                    if not (a ^ b) >> i & 1:
                        slope -= 1 / agree[i]
                slope *= e[b] * share
                by_log_p[b] += slope
                by_point[b] += slope * metric.slope(y, x[b], variances[g], phase_var)
                of_sent += slope * metric.slope(x[b], y, variances[g], phase_var)
            by_point[a] += turns[g].conjugate() * of_sent
    return total, by_point, by_log_p


@compiled
def _symbol_loss(x, log_p, turns, noises, variances, weights, phase_var):
    p, e = np.exp(log_p), np.empty(len(x))
    total = 0.0
    for a in range(len(x)):
        for g in range(len(weights)):
            y = turns[g] * x[a] + noises[g]
            everything = _likelihoods(x, log_p, y, variances[g], phase_var, e)
            total += p[a] * weights[g] * np.log(everything / e[a])
    return total


@compiled
def _likelihoods(x, log_p, y, no, phase_var, e):
    """Fill e with p(x) p(y|x), of which the largest is 1; return their sum."""
    largest = -np.inf
    for b in range(len(x)):
        e[b] = log_p[b] + metric.log_likelihood(y, x[b], no, phase_var)
        largest = max(largest, e[b])
    everything = 0.0
    for b in range(len(x)):
        e[b] = max(np.exp(e[b] - largest), 1e-300)
        everything += e[b]
    return everything
