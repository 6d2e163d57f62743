"""What ideal codes of Gaussian numbers would reach, as the limit of a real codec."""

from typing import Any

import numpy as np

from commgen._checks import check_positive
from commgen.generative.model import check_channels

_LEVELS, _HALVINGS = (1e-9, 1e2), 50


def ideal_errors(prior: Any, h: Any, num_bits: float) -> np.ndarray:
    r"""Return the squared errors of ideal codes for the components of a mixture.

    A coefficient :math:`c` of variance :math:`\lambda` above the water level
    :math:`\theta` (Cover and Thomas, *Elements of Information Theory*, 2nd ed. 2006,
    sec. 10.3.3) goes through the test channel
    :math:`\hat c = a c + n` with :math:`a = 1 - \theta/\lambda` and
    :math:`n \sim \mathcal{CN}(0, \theta a)`, for which an ideal code with the codebook
    :math:`\mathcal{CN}(0, \lambda - \theta)` spends

    .. math:: \log_2 \frac{\lambda}{\theta}
        + \frac{a}{\ln 2} \left(\frac{|c|^2}{\lambda} - 1\right)

    bits, on the mean the rate-distortion function. Each channel takes the component of
    the least error and bits together, whose index costs :math:`-\log_2` of its weight.

    Parameters
    ----------
    prior
        :class:`~commgen.generative.GaussianMixture` without conditions.
    h : [n, *event_shape], complex
        Channels.
    num_bits
        Of a mean channel, above 0.

    Returns
    -------
    [n], float
        Sum of squared errors over the entries of each channel.

    Raises
    ------
    ValueError
        If ``num_bits`` is fewer than the index of the component takes.
    """
    num_bits = check_positive("num_bits", num_bits)
    h = check_channels("h", h, prior.event_shape)
    shares, weights = _powers(prior.mixture, h.reshape(len(h), -1))
    power = float(np.mean(np.abs(h) ** 2))
    low, high = np.log(np.multiply(_LEVELS, power))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        spent = _coded(np.exp(middle), shares, weights)[1].mean()
        low, high = (middle, high) if spent > num_bits else (low, middle)
    errors, bits = _coded(np.exp(high), shares, weights)
    if bits.mean() > num_bits * 1.001:
        raise ValueError(
            f"num_bits must be at least {bits.mean():.1f}, what the index of the "
            f"component takes, got {num_bits:g}."
        )
    return errors


def ideal_code(power, spectrum, level) -> tuple[np.ndarray, np.ndarray]:
    """Return squared error and bits of coefficients at a water level, [...].

    Parameters
    ----------
    power : [..., rank], float
        Squared coefficients.
    spectrum : [..., rank] or [rank], float
        Their variances, above 0.
    level
        Of the water.
    """
    ratio = np.minimum(level / spectrum, 1)
    error = np.sum(power * ratio**2 + level * (1 - ratio), axis=-1)
    spent = np.sum((1 - ratio) * (power / spectrum - 1), axis=-1) / np.log(2)
    return error, spent - np.log2(ratio).sum(axis=-1)


def _powers(mixture, h):
    """Return, for each component, |c|^2 [n, rank], its eigenvalues, and the rest."""
    total = np.sum(np.abs(h.astype(np.complex128)) ** 2, axis=1)
    every = [_shares(h, U, total) for U in mixture.eigenvectors]
    shares = []
    for k, spectrum in enumerate(mixture.eigenvalues):
        power, rest = every[min(k, len(every) - 1)]
        shares.append((power, np.maximum(spectrum, 1e-12), rest))
    return shares, -mixture.log_weights / np.log(2)


def _shares(h, U, total):
    """Return |U^H h|^2, and the power in no direction of U."""
    power = np.abs(h @ U.conj()) ** 2
    return power, np.maximum(total - power.sum(axis=1), 0)


def _coded(level, shares, heads):
    """Return errors and bits of each channel at one water level."""
    price = level * np.log(2)  # error that a bit saves, of a complex number
    num = len(shares[0][2])
    best, errors, bits = np.full(num, np.inf), np.zeros(num), np.zeros(num)
    for (power, spectrum, rest), head in zip(shares, heads, strict=True):
        error, spent = ideal_code(power, spectrum, level)
        error, spent = error + rest, spent + head
        cost = error + price * spent
        better = cost < best
        best = np.where(better, cost, best)
        errors, bits = np.where(better, error, errors), np.where(better, spent, bits)
    return errors, bits
