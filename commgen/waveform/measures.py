"""Peak power and spectrum of signals: one definition each."""

from typing import Any

import numpy as np
import scipy.signal

from commgen._checks import check_int, check_positive
from commgen.measures.decibel import to_db

_LONGEST_SEGMENT = 2**16


def papr_db(samples: np.ndarray) -> np.ndarray:
    """Return the peak power of each row over the mean power of all [dB].

    Parameters
    ----------
    samples : [..., num_samples], complex
        A row for each OFDM symbol, oversampled at least four times: peaks between
        samples are seen then (Tellambura, IEEE Commun. Lett. 5, 2001, to 0.05 dB).

    Returns
    -------
    [...], float

    Raises
    ------
    ValueError
        If there is no power.
    """
    power = np.abs(np.asarray(samples)) ** 2
    mean = power.mean() if power.size else 0.0
    if not mean > 0:
        raise ValueError(f"samples must have power, got a mean of {mean}.")
    with np.errstate(divide="ignore"):
        return 10 * np.log10(power.max(axis=-1) / mean)


def ccdf(samples: np.ndarray, levels_db: Any) -> np.ndarray:
    """Return the share of rows whose :func:`papr_db` is above each level, [n].

    For K Gaussian samples in a row it is 1 - (1 - exp(-g))**K at a level g.

    Parameters
    ----------
    samples : [..., num_samples], complex
        As of :func:`papr_db`.
    levels_db : [n], float
        In dB.

    Examples
    --------
    >>> ccdf(np.array([[1, 1], [0, 2**0.5]]), [0, 2, 4]).tolist()
    [0.5, 0.5, 0.0]
    """
    peaks = papr_db(samples).ravel()
    return (peaks > np.asarray(levels_db, float)[:, None]).mean(axis=1)


def output_back_off_db(samples: np.ndarray, saturation: float) -> float:
    """Return the saturation power of an amplifier over the mean power it gives [dB].

    Parameters
    ----------
    samples : [...], complex
        At its output.
    saturation
        Its greatest amplitude.
    """
    mean = float(np.mean(np.abs(samples) ** 2))
    return to_db(saturation**2 / mean)


def power_spectrum(
    samples: np.ndarray, sampling_rate_hz: float, *, num_bins: int = 1024
) -> tuple[np.ndarray, np.ndarray]:
    """Return frequencies [Hz], ascending, and the power density there [1/Hz].

    Welch's method, with Blackman-Harris windows that overlap by half; the mean of all
    rows. Its integral over frequency is the mean power.

    Parameters
    ----------
    samples : [..., num_samples], complex
        Consecutive along the last axis, over many symbols.
    sampling_rate_hz
        Of the samples.
    num_bins
        Samples of a window, and frequencies.

    Raises
    ------
    ValueError
        If there are fewer samples in a row than bins.
    """
    rate = check_positive("sampling_rate_hz", sampling_rate_hz)
    samples = np.atleast_1d(np.asarray(samples, np.complex128))
    length = samples.shape[-1]
    num_bins = check_int("num_bins", num_bins, low=8)
    if length < num_bins:
        raise ValueError(
            f"samples must be at least num_bins = {num_bins} in a row, got {length}."
        )
    frequency, density = scipy.signal.welch(
        samples.reshape(-1, length),
        rate,
        "blackmanharris",
        num_bins,
        detrend=False,  # pyright: ignore[reportArgumentType]
        return_onesided=False,
    )
    return np.fft.fftshift(frequency), np.fft.fftshift(density.mean(axis=0))


def aclr_db(
    samples: np.ndarray,
    sampling_rate_hz: float,
    bandwidth_hz: float,
    spacing_hz: float,
    *,
    centre_hz: float = 0.0,
) -> float:
    """Return the power in the worse adjacent channel over that in the own one [dB].

    As in 3GPP TS 38.101-1 6.5.2.4, with rectangular filters of ``bandwidth_hz``, but
    below 0: less is better. Of :func:`power_spectrum`, as fine as the rows are long,
    65,536 bins at most, so that the window leaks less than a bin into the neighbour.

    Parameters
    ----------
    samples : [..., num_samples], complex
        Consecutive along the last axis, over many symbols: where they join is a part
        of the spectrum.
    sampling_rate_hz
        Of the samples.
    bandwidth_hz
        Of the own channel and of both neighbours.
    spacing_hz
        From the centre of a channel to the next. With none between the bands, what the
        edges of OFDM symbols spill over counts, some -30 dB.
    centre_hz
        Of the own channel, as :attr:`Waveform.centre_hz` has it.

    Raises
    ------
    ValueError
        If the neighbours overlap the own channel, or do not lie within half the
        sampling rate.
    """
    bandwidth = check_positive("bandwidth_hz", bandwidth_hz)
    spacing = check_positive("spacing_hz", spacing_hz)
    if spacing < bandwidth:
        raise ValueError(
            f"spacing_hz must be at least bandwidth_hz = {bandwidth:g}, got "
            f"{spacing:g}."
        )
    edge = abs(centre_hz) + spacing + bandwidth / 2
    if edge > sampling_rate_hz / 2:
        raise ValueError(
            f"sampling_rate_hz must be at least {2 * edge:g}, twice the outer edge of "
            f"the adjacent channel, got {sampling_rate_hz:g}."
        )
    num_bins = min(np.shape(samples)[-1], _LONGEST_SEGMENT)
    frequency, density = power_spectrum(samples, sampling_rate_hz, num_bins=num_bins)
    own, below, above = (
        density[np.abs(frequency - centre_hz - shift) < bandwidth / 2].sum()
        for shift in (0, -spacing, spacing)
    )
    if not own > 0:
        raise ValueError("samples must have power in the own channel, got none.")
    return to_db(max(below, above) / own)
