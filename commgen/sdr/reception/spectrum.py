"""Which bins of a spectrum are occupied: power over a noise floor that is estimated."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainccinv

from commgen._checks import check_int

_FIRST_SHARE = 0.1  # of the bins that are taken for noise to begin with
_MOST_STEPS = 100


@dataclass(frozen=True)
class Spectrum:
    """Power and occupancy of each bin, DC in the middle.

    Attributes
    ----------
    power_db : [num_bins], float
        Mean power, in dB of the noise floor.
    occupancy : [num_bins], float
        Share of the spectra in which the bin is above what noise reaches with the
        probability of a false alarm.
    floor : float
        Mean power of noise in a bin, linear, where full scale is 1.
    """

    power_db: np.ndarray
    occupancy: np.ndarray
    floor: float


def bin_powers(samples: np.ndarray, num_bins: int) -> np.ndarray:
    """Return the power of each bin in each stretch of ``num_bins`` samples.

    Under a Hann window, whose power is taken out: white noise of variance ``no`` has
    the mean power ``no / num_bins`` in each bin.

    Parameters
    ----------
    samples : [n], complex64
        What is left over at the end is not used.
    num_bins
        Length of the Fourier transform.

    Returns
    -------
    [n // num_bins, num_bins], float
        DC in the middle.
    """
    window = np.hanning(num_bins + 1)[:-1]
    rows = samples[: len(samples) // num_bins * num_bins].reshape(-1, num_bins)
    spectra = np.fft.fft(rows * window, axis=1) / np.sqrt(num_bins * np.sum(window**2))
    return np.fft.fftshift(np.abs(spectra) ** 2, axes=1)


def spectrum_of(powers: np.ndarray, *, false_alarm: float = 1e-3) -> Spectrum:
    r"""Estimate the noise floor, and what stands out of it.

    Forward consecutive mean excision (Lehtomäki, Vartiainen, Juntti, Saarnisaari, IEEE
    Trans. Signal Processing 55(7), 2007): the weakest tenth of the bins is taken for
    noise; the mean of these gives a threshold, all bins below it are taken, and so on
    until nothing changes. The mean of :math:`m` spectra of noise is a Gamma variable,
    which makes the threshold; that of a single spectrum is an exponential one.

    Parameters
    ----------
    powers : [num_spectra, num_bins], float
        As of :func:`bin_powers`.
    false_alarm
        Probability with which noise alone counts as occupied.

    Returns
    -------
    Spectrum
        Of silence (all powers 0): no power, no occupancy.

    Raises
    ------
    ValueError
        If there is no spectrum, or no probability.
    """
    if powers.ndim != 2 or not powers.size:
        raise ValueError(
            f"powers must be [num_spectra, num_bins], got {list(powers.shape)}."
        )
    if not 0 < false_alarm < 1:
        raise ValueError(f"false_alarm must be between 0 and 1, got {false_alarm}.")
    mean = powers.mean(axis=0)
    floor = _noise_floor(
        mean, float(gammainccinv(len(powers), false_alarm)) / len(powers)
    )
    if floor == 0:
        silent = np.where(mean > 0, np.inf, -np.inf)
        return Spectrum(silent, (powers > 0).mean(axis=0), 0.0)
    with np.errstate(divide="ignore"):
        power_db = 10 * np.log10(mean / floor)
    occupied = powers > floor * float(gammainccinv(1, false_alarm))
    return Spectrum(power_db, occupied.mean(axis=0), floor)


def _noise_floor(mean: np.ndarray, factor: float) -> float:
    """Return the mean of the bins that are noise; ``factor`` times it is the limit."""
    mean = np.sort(mean)
    taken = max(int(_FIRST_SHARE * len(mean)), 1)
    for _ in range(_MOST_STEPS):
        limit = factor * mean[:taken].mean()
        more = int(np.searchsorted(mean, limit, side="right"))
        if more <= taken:
            break
        taken = more
    return float(mean[:taken].mean())


class SpectrumMeter:
    """Takes a stream, and gives a spectrum of each so many transforms.

    Parameters
    ----------
    num_bins
        Length of the Fourier transform.
    num_spectra
        Transforms that make one spectrum.
    """

    def __init__(self, num_bins: int = 256, num_spectra: int = 64):
        self.num_bins = check_int("num_bins", num_bins, low=4)
        self.num_spectra = check_int("num_spectra", num_spectra, low=1)
        self._rest = np.empty(0, np.complex64)

    def push(self, samples: np.ndarray) -> list[Spectrum]:
        """Return the spectra that are whole by now, of any chunking the same."""
        rest = np.concatenate([self._rest, samples])
        each = self.num_bins * self.num_spectra
        whole = len(rest) // each
        self._rest = rest[whole * each :]
        parts = rest[: whole * each].reshape(whole, each)
        return [spectrum_of(bin_powers(part, self.num_bins)) for part in parts]
