"""Error rates, capacities and bounds that theory gives, without simulation."""

from collections.abc import Callable

import numpy as np
from scipy import integrate, special, stats

from commgen.measures.decibel import from_db

_LN2 = np.log(2)
_NODES, _WEIGHTS = np.polynomial.hermite.hermgauss(64)


def qam_bit_error_rate(
    num_bits_per_symbol: int, snr: float, num_branches: int | None = None
) -> float:
    r"""Bit error rate of Gray-labelled square QAM, exact.

    For the :math:`k`-th bit of an axis of :math:`\sqrt{M}` amplitudes

    .. math:: P_k = \frac{2}{\sqrt M} \sum_{i=0}^{(1 - 2^{-k}) \sqrt M - 1}
        (-1)^{\lfloor i 2^{k-1} / \sqrt M \rfloor}
        \left(2^{k-1} - \left\lfloor \frac{i 2^{k-1}}{\sqrt M} + \frac12
        \right\rfloor\right)
        Q\!\left((2i+1) \sqrt{\frac{3 \gamma}{M - 1}}\right)

    (Cho and Yoon, IEEE Trans. Commun. 50, 2002, eq. 14 and 16, with :math:`Q` for
    erfc). Over Rayleigh fading each :math:`Q` is replaced by its mean,
    :func:`mean_q_rayleigh`.

    Parameters
    ----------
    num_bits_per_symbol
        Even.
    snr
        Es/N0 :math:`\gamma`, linear; with fading the mean on a branch.
    num_branches
        Branches of independent Rayleigh fading with maximum-ratio combining; ``None``
        for the channel without fading.

    Examples
    --------
    >>> round(qam_bit_error_rate(2, 10.0), 6)  # Q(sqrt(10))
    0.000783
    """
    num_levels = 2 ** (num_bits_per_symbol // 2)
    unit = 3 * snr / (num_levels**2 - 1)
    total = 0.0
    for k in range(1, num_bits_per_symbol // 2 + 1):
        for i in range(num_levels - num_levels // 2**k):
            sign = (-1) ** (i * 2 ** (k - 1) // num_levels)
            weight = 2 ** (k - 1) - np.floor(i * 2 ** (k - 1) / num_levels + 0.5)
            argument = (2 * i + 1) ** 2 * unit
            if num_branches is None:
                q = stats.norm.sf(np.sqrt(argument))
            else:
                q = mean_q_rayleigh(argument, num_branches)
            total += sign * weight * q
    return float(total * 2 / num_levels / (num_bits_per_symbol // 2))


def mean_q_rayleigh(c: float, num_branches: int) -> float:
    r"""Mean of :math:`Q(\sqrt{c\,\sum_l |h_l|^2})` over Rayleigh branches.

    .. math:: \left(\frac{1-\mu}{2}\right)^{\!L} \sum_{l=0}^{L-1} \binom{L-1+l}{l}
        \left(\frac{1+\mu}{2}\right)^{\!l}, \qquad \mu = \sqrt{\frac{c}{2 + c}}

    (Proakis, *Digital Communications*, 4th ed. 2001, eq. 14.4-15, where the argument is
    written :math:`2 \gamma_b`).
    """
    mu = np.sqrt(c / (2 + c))
    terms = [
        special.comb(num_branches - 1 + n, n) * ((1 + mu) / 2) ** n
        for n in range(num_branches)
    ]
    return float(((1 - mu) / 2) ** num_branches * np.sum(terms))


def rayleigh_capacity(snr: float, num_branches: int = 1) -> float:
    r"""Ergodic capacity of Rayleigh fading known to the receiver [bit per symbol].

    .. math:: \frac{e^{1/\gamma}}{\ln 2} \sum_{k=1}^{L} E_k(1/\gamma)

    for :math:`L` branches with maximum-ratio combining; for one branch :math:`E_1`
    (Alouini and Goldsmith, IEEE Trans. Veh. Technol. 48, 1999).

    Parameters
    ----------
    snr
        Mean Es/N0 :math:`\gamma` on a branch, linear.
    num_branches
        Receive antennas that fade independently.
    """
    terms = [special.expn(k, 1 / snr) for k in range(1, num_branches + 1)]
    return float(np.exp(1 / snr) * np.sum(terms) / _LN2)


def bicm_capacity(amplitudes, labels, snr: float) -> float:
    r"""Mutual information of the bits of QAM with their own LLR [bit per symbol].

    .. math:: \sum_i 1 - \mathrm{E}[\log_2(1 + e^{-(2 b_i - 1) \ell_i})]

    with :math:`\ell_i` the log-likelihood ratio of bit :math:`i` (Caire, Taricco and
    Biglieri, IEEE Trans. Inf. Theory 44, 1998, eq. 15). What is coded over the bits
    and decoded from these ratios, by any code, stays under it.

    Parameters
    ----------
    amplitudes : [num_levels], float
        All amplitudes of one axis, of QAM with unit mean power.
    labels : [num_levels, num_bits], int
        Their bits.
    snr
        Es/N0, linear.
    """
    amplitudes, labels = np.asarray(amplitudes, float), np.asarray(labels)
    sigma = np.sqrt(0.5 / snr)
    total = 0.0
    for a, label in zip(amplitudes, labels, strict=True):
        x = a + np.sqrt(2) * sigma * _NODES
        metric = -((x[:, None] - amplitudes) ** 2) / (2 * sigma**2)
        for i, bit in enumerate(label):
            one, zero = (
                np.logaddexp.reduce(metric[:, labels[:, i] == b], axis=1)
                for b in (1, 0)
            )
            llr = (2 * bit - 1) * (one - zero)
            loss = _WEIGHTS @ np.logaddexp(0, -llr) / np.sqrt(np.pi) / _LN2
            total += (1 - loss) / len(amplitudes)
    return float(2 * total)


def normal_approximation(k: int, n: int, snr: float) -> float:
    r"""Frame error rate of the best code of ``n`` binary symbols, nearly.

    .. math:: Q\!\left(\frac{n C - k + \frac12 \log_2 n}{\sqrt{n V}}\right)

    with capacity :math:`C` and dispersion :math:`V`, mean and variance of the
    information density :math:`1 - \log_2(1 + e^{-2 (1 + \sigma z) / \sigma^2})`
    (Polyanskiy, Poor and Verdu, IEEE Trans. Inf. Theory 56, 2010, eq. 291 to 296).

    Parameters
    ----------
    k, n
        Information bits, and binary symbols of amplitude 1.
    snr
        :math:`1 / \sigma^2`, that is 2 Es/N0, linear.
    """
    mean, variance = _information_density(snr)
    return float(
        stats.norm.sf((n * mean - k + 0.5 * np.log2(n)) / np.sqrt(n * variance))
    )


def snr_at(function: Callable[[float], float], target: float) -> float:
    """Return the SNR [dB] at which a falling function of the linear SNR hits a target.

    Raises
    ------
    ValueError
        If it does not between -20 and 40 dB.
    """
    low, high = -20.0, 40.0
    values = function(from_db(low)), function(from_db(high))
    if not values[0] >= target >= values[1]:
        raise ValueError(
            f"target must lie between the values at -20 and 40 dB, got {target} and "
            f"{values}."
        )
    while high - low > 1e-4:
        middle = (low + high) / 2
        above = function(from_db(middle)) >= target
        low, high = (middle, high) if above else (low, middle)
    return (low + high) / 2


def bit_error_rate_of_llr(amplitudes, labels, snr: float) -> float:
    r"""Bit error rate of the signs of exact LLRs of QAM, by integration.

    .. math:: \frac12 \int \min\{p(x \mid b = 0), p(x \mid b = 1)\}\, dx

    At low SNR it is a little under that of the nearest symbol, which
    :func:`qam_bit_error_rate` gives. Parameters as for :func:`bicm_capacity`.
    """
    amplitudes, labels = np.asarray(amplitudes, float), np.asarray(labels)
    sigma = np.sqrt(0.5 / snr)
    x = np.linspace(amplitudes.min() - 9 * sigma, amplitudes.max() + 9 * sigma, 20001)
    density = stats.norm.pdf(x[:, None], amplitudes, sigma)
    rates = []
    for i in range(labels.shape[1]):
        given = [density[:, labels[:, i] == b].mean(1) for b in (0, 1)]
        rates.append(integrate.simpson(np.minimum(*given), x=x) / 2)
    return float(np.mean(rates))


def _information_density(snr: float) -> tuple[float, float]:
    """Mean and variance for binary input of amplitude 1 and noise variance 1 / snr."""
    sigma = snr**-0.5
    z = np.sqrt(2) * _NODES
    density = 1 - np.logaddexp(0, -2 * (1 + sigma * z) / sigma**2) / _LN2
    weights = _WEIGHTS / np.sqrt(np.pi)
    mean = weights @ density
    # At a high SNR the variance underflows; it stays a divisor.
    return float(mean), float(weights @ (density - mean) ** 2) + 1e-300
