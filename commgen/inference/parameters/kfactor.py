r"""Rice factor and noise level of flat channels, with posterior, bound and moments.

A channel sample is :math:`h_i = \mu + d_i`, with a constant :math:`\mu` and a diffuse
part of variance :math:`\sigma^2`; :math:`K = |\mu|^2 / \sigma^2`, and the power is
:math:`\Omega = |\mu|^2 + \sigma^2`.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from commgen._checks import (
    check_amplitudes,
    check_int,
    check_noise_variance,
    check_positive,
)
from commgen.inference.parameters.marginal import Marginal
from commgen.measures.decibel import from_db

_K_DB = (-20.0, 30.0)
_NUM_K = 151
_NUM_POWER = 121
_NUM_NOISE = 81


@dataclass(frozen=True, eq=False)
class RicePosterior:
    """Posterior of the Rice factor, the power and, where it was unknown, the noise.

    Parameters
    ----------
    k_db
        Of 10 log10 K, one row.
    power_db
        Of the power of the channel, in dB, one row.
    no_db
        Of the noise variance, in dB; None where it was known.
    """

    k_db: Marginal
    power_db: Marginal
    no_db: Marginal | None = None


def rice_posterior(y, *, no: float | None = 0.0) -> RicePosterior:
    r"""Posterior from complex samples of known pilots, one channel a row.

    Mean and scatter of the rows are sufficient, and so is the scatter within rows for
    the noise. The phase of :math:`\mu` is integrated out in closed form,

    .. math:: p(\bar{y} | \nu, v) \propto
        v^{-1} e^{-n (|\bar{y}|^2 + \nu^2)/v}\, I_0(2 n |\bar{y}| \nu / v),

    with v the variance of a row's mean; the rest is a grid, uniform in decibels: K from
    -30 to 40 dB, power within its own uncertainty.

    Parameters
    ----------
    y : [num_samples, num_repeats], complex
        Received pilots over sent ones: independent fades, and repetitions within each.
        At least 3 samples.
    no
        Noise variance of an entry, 0 for clean samples; None where it is unknown, which
        needs two repeats.

    Returns
    -------
    RicePosterior

    Raises
    ------
    ValueError
        If y has another shape, is not finite or is constant, no is negative, or the
        noise is unknown with one repeat.
    """
    y = _check_pilots(y, no)
    num, repeats = y.shape
    rows = y.mean(axis=1)
    within = np.sum(np.abs(y - rows[:, None]) ** 2)
    centre = rows.mean()
    scatter = np.sum(np.abs(rows - centre) ** 2)
    K = np.linspace(*_K_DB, _NUM_K)
    power = _power_grid(np.mean(np.abs(y) ** 2), num)
    noise, log_noise = _noise_grid(no, within, num, repeats)
    k, omega = from_db(K[:, None, None]), power[:, None]
    variance = omega / (1 + k) + noise / repeats
    nu = np.sqrt(omega * k / (1 + k))
    logs = (
        log_noise
        - num * np.log(variance)
        - (scatter + num * (abs(centre) - nu) ** 2) / variance
        + np.log(special.i0e(2 * num * abs(centre) * nu / variance))
    )
    density = np.exp(logs - logs.max())
    axes = (K, 10 * np.log10(power), 10 * np.log10(np.maximum(noise, 1e-300)))
    marginals = _marginals(density, axes)
    return RicePosterior(*marginals) if no is None else RicePosterior(*marginals[:2])


def envelope_posterior(r) -> RicePosterior:
    r"""Posterior from envelopes, where phases are lost: the Rice density on a grid.

    .. math:: p(r) = \frac{2 r}{\sigma^2} e^{-(r^2 + \nu^2)/\sigma^2}
        I_0(2 r \nu / \sigma^2)

    Parameters
    ----------
    r : [num_samples], float
        Independent envelopes, not negative, at least 3, free of noise.

    Returns
    -------
    RicePosterior

    Raises
    ------
    ValueError
        If r has another shape, is negative, not finite or constant.
    """
    r = _check_envelopes(r)
    K = np.linspace(*_K_DB, _NUM_K)[:, None]
    power = _power_grid(np.mean(r**2), len(r))
    k = from_db(K)
    variance = power / (1 + k)
    nu = np.sqrt(power * k / (1 + k))
    logs = -len(r) * np.log(variance)
    for value in r:
        logs -= (value - nu) ** 2 / variance
        logs += np.log(special.i0e(2 * value * nu / variance))
    density = np.exp(logs - logs.max())
    return RicePosterior(*_marginals(density, (K[:, 0], 10 * np.log10(power))))


def rice_moments(y, *, no: float = 0.0) -> float:
    r"""Estimate K from mean and scatter of complex samples; without bias if clean.

    :math:`\hat{K} = (n - 2) |\bar{y}|^2 / S - 1/n`, from the expectations of a
    noncentral and an inverse chi-square variable; noise of a known variance is taken
    from the scatter S.

    Parameters
    ----------
    y : [num_samples] or [num_samples, num_repeats], complex
    no
        Noise variance of an entry.

    Returns
    -------
    float
        Linear; may be negative at K near 0, and is infinite where the noise explains
        all of the scatter.
    """
    y = np.asarray(y)
    y = _check_pilots(y[:, None] if y.ndim == 1 else y, no)
    num, repeats = y.shape
    rows = y.mean(axis=1)
    scatter = np.sum(np.abs(rows - rows.mean()) ** 2)
    diffuse = scatter - (num - 2) * no / repeats
    if diffuse <= 0:
        return float("inf")
    error = (scatter / (num - 2)) / num
    return float((num - 2) * (abs(rows.mean()) ** 2 - error) / diffuse)


def envelope_moments(r) -> float:
    r"""Estimate K from the second and fourth moment of envelopes.

    :math:`K = \sqrt{1-\gamma} / (1 - \sqrt{1-\gamma})` with
    :math:`\gamma = \mathrm{var}(r^2) / E(r^2)^2` (Greenstein, Michelson and Erceg,
    "Moment-method estimation of the Ricean K-factor", IEEE Comm. Letters 3(6), 1999);
    0 where :math:`\gamma \ge 1`, which K = 0 has in the mean.

    Parameters
    ----------
    r : [num_samples], float

    Returns
    -------
    float
        Linear.
    """
    power = _check_envelopes(r) ** 2
    root = np.sqrt(max(0.0, 1 - np.var(power) / np.mean(power) ** 2))
    return float(root / (1 - root))


def rice_crb(K: float, num_samples: int, *, snr: float = np.inf) -> float:
    r"""CRB of K from complex samples: :math:`(2K + K^2)/n` if they are clean.

    With white noise of known variance, :math:`\Omega / N_0` the SNR and
    :math:`v = \sigma^2 + N_0`, information on :math:`\nu` is :math:`2n/v` and on
    :math:`\sigma^2` is :math:`n/v^2`, uncoupled.

    Parameters
    ----------
    K
        True factor, linear, at least 0.
    num_samples
        n.
    snr
        Linear; endless for clean samples.

    Returns
    -------
    float
        Lower bound of the variance, linear in K.
    """
    if not 0 <= K < np.inf:
        raise ValueError(f"K must be finite and at least 0, got {K}.")
    num_samples = check_int("num_samples", num_samples, low=1)
    if not snr > 0:
        raise ValueError(f"snr must be above 0, got {snr}.")
    diffuse = 1 / (1 + K)
    total = diffuse + 1 / snr
    return float(2 * K * total / diffuse + K**2 * (total / diffuse) ** 2) / num_samples


def envelope_crb(K: float, num_samples: int) -> float:
    """CRB of K from clean envelopes of unknown power, by quadrature.

    Parameters, returns and errors are those of :func:`rice_crb`; K must be above 0,
    where the envelope begins to tell of it.
    """
    K = check_positive("K", K)
    num_samples = check_int("num_samples", num_samples, low=1)
    nu, width = np.sqrt(K), 9.0
    nodes, weights = np.polynomial.legendre.leggauss(400)
    low, high = max(0.0, nu - width), nu + width
    r = low + (high - low) * (nodes + 1) / 2
    # In units of the diffuse deviation: sigma^2 = 1.
    ratio = special.i1e(2 * r * nu) / special.i0e(2 * r * nu)
    p = 2 * r * np.exp(-((r - nu) ** 2)) * special.i0e(2 * r * nu)
    by_nu = -2 * nu + 2 * r * ratio
    by_variance = -1 + r**2 + nu**2 - 2 * r * nu * ratio
    scores = np.stack([by_nu, by_variance])
    J = (scores * p * weights * (high - low) / 2) @ scores.T
    gradient = np.array([2 * nu, -K])
    return float(gradient @ np.linalg.solve(J, gradient)) / num_samples


def _power_grid(power, num):
    """Powers within what the mean of ``num`` squares leaves open."""
    spread = min(3.0, 7 / np.sqrt(num))
    return power * np.exp(np.linspace(-1.3 * spread, 2 * spread, _NUM_POWER))


def _noise_grid(no, within, num, repeats):
    """Noise variances, and the logarithm of their likelihood within rows."""
    if no is not None:
        return np.array([float(no)]), np.zeros(1)
    freedom = num * (repeats - 1)
    guess, spread = within / freedom, min(4.0, 7 / np.sqrt(freedom))
    noise = guess * np.exp(np.linspace(-spread, 1.5 * spread, _NUM_NOISE))
    return noise, -freedom * np.log(noise) - within / noise


def _marginals(density, axes):
    marginals = []
    for i, nodes in enumerate(axes[: density.ndim]):
        others = tuple(j for j in range(density.ndim) if j != i)
        if len(nodes) > 1:
            own = density.sum(axis=others)
            marginals.append(Marginal(nodes[None], own[None]))
    return marginals


def _check_pilots(y, no):
    y = np.asarray(y)
    if y.ndim != 2 or len(y) < 3 or y.shape[1] < 1:
        raise ValueError(
            "y must be [num_samples, num_repeats] with at least 3 samples, got "
            f"{y.shape}."
        )
    y = y.astype(complex)
    check_amplitudes("y", y)
    if no is None and y.shape[1] < 2:
        raise ValueError("no must be a number where num_repeats is 1, got None.")
    if no is not None:
        check_noise_variance("no", no, zero=True)
    if np.max(np.abs(y - y[0, 0])) == 0:
        raise ValueError("y must vary, got samples that are all the same.")
    return y


def _check_envelopes(r):
    r = np.asarray(r, float)
    if r.ndim != 1 or len(r) < 3:
        raise ValueError(f"r must be [num_samples] of at least 3, got {r.shape}.")
    check_amplitudes("r", r)
    if np.any(r < 0) or np.ptp(r) == 0:
        raise ValueError(
            f"r must be at least 0 and vary, got values from {r.min()} to {r.max()}."
        )
    return r
