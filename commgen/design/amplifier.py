"""A saturating amplifier in front of the channel, with derivatives."""

from typing import NamedTuple

import numpy as np


class Amplified(NamedTuple):
    """What comes out of an amplifier, and what chains derivatives to its input.

    Parameters
    ----------
    points : [M], complex128
        With a saturated amplitude of 1.
    along, across : [M], float64
        By how much the output follows the input along its radius, and across it.
    """

    points: np.ndarray
    along: np.ndarray
    across: np.ndarray

    def chain(self, by_point: np.ndarray) -> np.ndarray:
        """Return derivatives by the input, given those by the output [M]."""
        size = np.abs(self.points)
        unit = np.where(size > 0, self.points / np.where(size > 0, size, 1), 1)
        turned = np.conj(unit) * by_point
        return unit * (self.along * turned.real + 1j * self.across * turned.imag)


def rapp(x: np.ndarray, smoothness: float) -> Amplified:
    r"""Rapp's amplifier, with gain and saturated amplitude 1.

    .. math:: f(x) = x\,(1 + |x|^{2p})^{-1 / (2p)}

    Parameters
    ----------
    x : [M], complex128
        Input.
    smoothness
        p, above 0; the greater, the nearer to a hard limit.
    """
    a = np.abs(x)
    # Both in logarithms: powers of 2p would overflow.
    with np.errstate(divide="ignore"):
        log_over = np.logaddexp(0, 2 * smoothness * np.log(a))
    gain = np.exp(-log_over / (2 * smoothness))
    return Amplified(x * gain, gain * np.exp(-log_over), gain)


def before(sent: np.ndarray, smoothness: float) -> np.ndarray:
    """Return the input of :func:`rapp` that gives an output of amplitudes below 1.

    Parameters
    ----------
    sent : [M], complex128
        Output.
    smoothness
        As of :func:`rapp`.
    """
    with np.errstate(divide="ignore"):
        log_a = np.log(np.abs(sent))
    log_left = np.log(-np.expm1(2 * smoothness * log_a))
    return sent * np.exp(-log_left / (2 * smoothness))
