"""What carrier and clock drift after the training symbols, by the pilots."""

import numpy as np

from commgen.sdr.recordings.wifi.grid import FFT_SIZE, SYMBOL, Grid

# Clocks are within 20 ppm each (17.3.9.5): standard deviation, and range of the search.
_PPM, _RANGE = 10e-6, 50e-6
_WIDTH = 8


def follow(y, h_hat, pilot_values, no: float, grid: Grid, ahead: float) -> np.ndarray:
    """Return the phase of each subcarrier and symbol against the estimate.

    A clock error moves the FFT window from symbol to symbol, one slope that is fitted
    over all of them; the common phase is smoothed over some symbols around a straight
    line.

    Parameters
    ----------
    y : [num_symbols, n], complex
        Received subcarriers of consecutive symbols.
    h_hat : [n], complex
        Channel estimate.
    pilot_values : [num_symbols, 4]
        What the pilots were.
    no
        Noise variance of a subcarrier.
    grid
        The subcarriers.
    ahead
        Symbols between the training and the first of these.

    Returns
    -------
    [num_symbols, n], float
        In rad.
    """
    k = grid.carriers[grid.is_pilot]
    z = y[:, grid.is_pilot] * np.conj(h_hat[grid.is_pilot]) * pilot_values
    n = ahead + np.arange(len(y))
    drift = _drift(z, k, n, no)
    slope = 2 * np.pi / FFT_SIZE * drift * n
    common = np.sum(z * np.exp(-1j * slope[:, None] * k), axis=1)
    phase = _smoothed(common)
    return phase[:, None] + slope[:, None] * grid.carriers


def _drift(z, k, n, no: float) -> float:
    """Return by how many samples a symbol the window moves (MAP)."""
    tried = np.linspace(-_RANGE, _RANGE, 41) * SYMBOL
    turn = np.exp(-2j * np.pi / FFT_SIZE * tried[:, None, None] * n[:, None] * k)
    seen = 2 / max(no, 1e-12) * np.abs(np.sum(z * turn, axis=2)).sum(axis=1)
    score = seen - 0.5 * (tried / (_PPM * SYMBOL)) ** 2
    best = int(np.argmax(score))
    if not 0 < best < len(tried) - 1:
        return float(tried[best])
    below, at, above = score[best - 1 : best + 2]
    shift = 0.5 * (below - above) / (below - 2 * at + above)
    return float(tried[best] + shift * (tried[1] - tried[0]))


def _smoothed(common) -> np.ndarray:
    """Phase of symbols, a frequency taken out, smoothed, and put back."""
    n = np.arange(len(common))
    turn = np.angle(np.vdot(common[:-1], common[1:])) if len(n) > 1 else 0.0
    still = common * np.exp(-1j * turn * n)
    kernel = np.exp(-0.5 * (np.arange(-2 * _WIDTH, 2 * _WIDTH + 1) / _WIDTH) ** 2)
    smooth = np.convolve(still, kernel)[2 * _WIDTH :][: len(n)]
    return np.angle(smooth) + turn * n
