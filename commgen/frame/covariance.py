"""What a receiver expects of channels that it knows little of."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import j0

from commgen._checks import check_finite
from commgen.frame.frame import Frame

#: Delay spreads [s] and Doppler shifts [Hz] that :func:`robust_covariance` is for; the
#: second are 30 m/s at 3.5 GHz.
DELAY_SPREADS_S = (30e-9, 300e-9)
MAX_DOPPLER_HZ = 350.0

_NUM_POINTS = 16  # of a mean over a range; twice as many change nothing


def robust_covariance(
    frame: Frame,
    *,
    delay_spreads_s: tuple[float, float] = DELAY_SPREADS_S,
    max_doppler_hz: float = MAX_DOPPLER_HZ,
    num_before: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Covariance of the mean over a range of delay spreads and Doppler shifts.

    Parameters
    ----------
    frame
        The grid.
    delay_spreads_s
        Least and greatest delay spread [s]; all between count alike.
    max_doppler_hz
        Greatest Doppler shift [Hz]; all from 0 count alike.
    num_before
        OFDM symbols in front of the slot that are wanted too: 1 for the preamble.

    Returns
    -------
    time : [num_before + num_ofdm_symbols, num_before + num_ofdm_symbols], float64
    frequency : [num_effective_subcarriers, num_effective_subcarriers], complex128
    """
    share = (np.arange(_NUM_POINTS) + 0.5) / _NUM_POINTS
    low, high = delay_spreads_s
    rows = np.arange(-num_before, frame.num_ofdm_symbols)
    return (
        jakes_covariance(rows * frame.symbol_duration_s, share * max_doppler_hz),
        exponential_covariance(
            frame.subcarriers * frame.subcarrier_spacing_hz, low + share * (high - low)
        ),
    )


def jakes_covariance(times_s, max_dopplers_hz: ArrayLike) -> np.ndarray:
    r"""Covariance over time under the spectrum of Jakes.

    .. math:: (R_t)_{t t'} = J_0(2 \pi f_d (t - t'))

    Parameters
    ----------
    times_s : [n], float
        Instants [s].
    max_dopplers_hz
        Greatest Doppler shift [Hz], or several that are equally likely.

    Returns
    -------
    [n, n], float64

    Raises
    ------
    ValueError
        If a shift is negative or not finite.
    """
    dopplers = _from_zero("max_dopplers_hz", max_dopplers_hz)
    times_s = np.asarray(times_s, float)
    lags = times_s[:, None] - times_s
    return j0(2 * np.pi * lags[..., None] * dopplers).mean(axis=-1)


def exponential_covariance(frequencies_hz, delay_spreads_s: ArrayLike) -> np.ndarray:
    r"""Covariance over frequency under an exponential power delay profile.

    .. math:: (R_f)_{f f'} = \frac{1}{1 + j 2 \pi (f - f') \tau_\mathrm{rms}}

    (Edfors et al., "OFDM channel estimation by singular value decomposition", IEEE
    Trans. Commun. 46(7), 1998), the first path without delay.

    Parameters
    ----------
    frequencies_hz : [n], float
        Frequencies [Hz]; only differences count.
    delay_spreads_s
        RMS delay spread [s], or several that are equally likely.

    Returns
    -------
    [n, n], complex128

    Raises
    ------
    ValueError
        If a spread is negative or not finite.
    """
    spreads = _from_zero("delay_spreads_s", delay_spreads_s)
    frequencies_hz = np.asarray(frequencies_hz, float)
    lags = frequencies_hz[:, None] - frequencies_hz
    return (1 / (1 + 2j * np.pi * lags[..., None] * spreads)).mean(axis=-1)


def _from_zero(name: str, value: ArrayLike) -> np.ndarray:
    """Return numbers as an array of rank 1, or raise what is wrong."""
    value = np.atleast_1d(np.asarray(value, float))
    check_finite(name, value)
    if value.size == 0 or value.min() < 0:
        raise ValueError(f"{name} must be at least 0, got {value.tolist()}.")
    return value
