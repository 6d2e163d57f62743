"""The subcarriers that an Intel 5300 reports, as an even grid."""

from functools import cache

import numpy as np

SUBCARRIER_HZ = 312.5e3
#: At 20 MHz, 802.11n grouping of 2; DC and the even ones above it are not reported.
REPORTED = np.array([*range(-28, -1, 2), -1, *range(1, 28, 2), 28])
#: What it becomes: every second one, DC in the middle.
EVEN = np.arange(-28, 29, 2)


def to_even_grid(h: np.ndarray) -> np.ndarray:
    r"""Interpolate channels of 20 MHz packets onto every second subcarrier.

    Those from -28 to -2, and 28, are as reported; the other 14 lie between two that
    were, one subcarrier from each. A cubic spline through the reported ones goes there,
    after the mean delay of the packet was taken out, which is put back then: a delay of
    :math:`\tau` turns neighbours of spacing :math:`d` by :math:`2\pi d \tau`.

    The error is -68 dB of the power for exponential profiles of 50 ns, -38 dB for
    100 ns, -25 dB for 150 ns, whatever the mean delay; 8 bits have about -39 dB.

    Parameters
    ----------
    h : [num_packets, num_rx, num_tx, 30], complex
        At the ``REPORTED`` subcarriers.

    Returns
    -------
    [num_packets, num_rx, num_tx, 29], complex
        At the ``EVEN`` ones.
    """
    turn = 1j * _mean_turn(h)[:, None, None, None]
    return (h * np.exp(-turn * REPORTED)) @ _spline().T * np.exp(turn * EVEN)


def _mean_turn(h: np.ndarray) -> np.ndarray:
    """Return how far a packet turns from one subcarrier to the next, in rad."""
    apart = np.flatnonzero(np.diff(REPORTED) == 2)
    pairs = h[..., apart + 1] * h[..., apart].conj()
    return np.angle(pairs.sum(axis=(1, 2, 3))) / 2


@cache
def _spline() -> np.ndarray:
    """Return the weights of the reported subcarriers in the even ones, [29, 30]."""
    from scipy.interpolate import CubicSpline

    weights = CubicSpline(REPORTED, np.eye(len(REPORTED)))(EVEN)
    there = np.isin(EVEN, REPORTED)
    weights[there] = EVEN[there, None] == REPORTED
    return weights
