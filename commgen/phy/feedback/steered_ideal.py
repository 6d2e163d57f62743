"""What ideal codes would reach under a steered mixture: the limit of its codec."""

from typing import Any

import numpy as np

from commgen._checks import check_positive
from commgen.generative.model import check_channels
from commgen.phy.feedback.ideal import ideal_code
from commgen.phy.feedback.steered import SteeredMixture

_LEVELS, _HALVINGS, _CANDIDATES, _ROUNDS = (1e-6, 1e2), 40, 16, 3


def steered_ideal_errors(model: SteeredMixture, h: Any, num_bits: float) -> np.ndarray:
    """Return the squared errors of ideal codes for the components.

    As :func:`~commgen.phy.feedback.ideal_errors`, with the components that the codec
    tries: of the candidates whose spectra fit best that of the least error and bits
    together.

    Parameters
    ----------
    model
        Fitted.
    h : [n, N], complex
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
    h = check_channels("h", h, model.event_shape)
    level = 0.1 * float(np.mean(np.abs(h) ** 2))
    for _ in range(_ROUNDS):  # the best candidates depend on the level
        parts = _candidates(model, h, level)
        low, high = np.log(np.multiply(_LEVELS, np.mean(np.abs(h) ** 2)))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            _, spent = _coded(parts, np.exp(middle))
            low, high = (middle, high) if spent.mean() > num_bits else (low, middle)
        level = float(np.exp(high))
    errors, bits = _coded(parts, level)
    if bits.mean() > num_bits * 1.001:
        raise ValueError(
            f"num_bits must be at least {bits.mean():.1f}, what the index of the "
            f"component takes, got {num_bits:g}."
        )
    return errors


def _candidates(model, h, level):
    """Return squares, variances [n, num, N] and bits of the index [n, num]."""
    num = min(_CANDIDATES, model.log_weights.size)
    found = model.likeliest(h, level, num)
    shape, direction = np.divmod(found, model.log_weights.shape[1])
    variances, vectors = model.eigen
    powers = np.empty((*found.shape, h.shape[1]))
    for i in range(num):
        turned = model.steered(h, direction[:, i], -1)
        for g in np.unique(shape[:, i]):
            held = shape[:, i] == g
            powers[held, i] = np.abs(turned[held] @ vectors[g].conj()) ** 2
    return powers, variances[shape], -model.log_weights.ravel()[found] / np.log(2)


def _coded(parts, level):
    """Return errors and bits [n] of the best candidates at a level."""
    powers, variances, heads = parts
    errors, bits = ideal_code(powers, variances, level)
    bits = bits + heads
    best = np.argmin(errors + level * np.log(2) * bits, axis=1)[:, None]
    errors, bits = (np.take_along_axis(x, best, axis=1) for x in (errors, bits))
    return errors[:, 0], bits[:, 0]
