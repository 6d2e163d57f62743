"""Spectral masks."""

from typing import Any

import numpy as np

from commgen._checks import check_finite
from commgen.waveform.measures import power_spectrum


class Mask:
    """How strong a spectrum may be at a distance from its centre.

    Parameters
    ----------
    points : [n, 2], float
        Distances [Hz], ascending, and the levels there, in dB relative to the largest
        density of the signal, as in IEEE 802.11-2020 17.3.9.3. On straight lines
        between them; the last level holds beyond, nearer than the first nothing is
        limited.

    Raises
    ------
    ValueError
        If they are no such points.

    Examples
    --------
    >>> Mask([(9e6, 0), (11e6, -20), (20e6, -28)]).level_db([10e6, 30e6]).tolist()
    [-10.0, -28.0]
    """

    def __init__(self, points: Any):
        points = np.asarray(points)
        if (
            points.dtype.kind not in "iuf"
            or points.ndim != 2
            or points.shape[1:] != (2,)
        ):
            raise ValueError(
                f"points must be [n, 2], Hz and dB, got {points.dtype} {points.shape}."
            )
        check_finite("points", points)
        self.offsets_hz, self.levels_db = points.astype(np.float64).T
        if (
            not len(points)
            or self.offsets_hz[0] < 0
            or (np.diff(points[:, 0]) < 0).any()
        ):
            raise ValueError(
                "points must have distances of at least 0 Hz that ascend, got "
                f"{self.offsets_hz.tolist()}."
            )

    def level_db(self, frequency_hz: Any) -> np.ndarray:
        """Return the level at frequencies from the centre; infinite where none is."""
        distance = np.abs(np.asarray(frequency_hz, float))
        level = np.interp(distance, self.offsets_hz, self.levels_db)
        return np.where(distance < self.offsets_hz[0], np.inf, level)

    def check_bandwidth(self, bandwidth_hz: float) -> None:
        """Raise ValueError where no signal that fills a band can meet the mask."""
        inside = np.linspace(0, bandwidth_hz / 2, 1000)
        lowest = float(self.level_db(inside).min())
        if lowest < 0:
            raise ValueError(
                f"mask must leave the band of {bandwidth_hz:g} Hz at 0 dB, or no "
                f"waveform meets it, got {lowest:.3g} dB in it."
            )

    def margin_db(
        self,
        samples: np.ndarray,
        sampling_rate_hz: float,
        *,
        centre_hz: float = 0.0,
        num_bins: int = 1024,
    ) -> float:
        """Return by how much a signal stays below the mask; negative: it does not.

        Parameters
        ----------
        samples, sampling_rate_hz, num_bins
            As of :func:`~commgen.waveform.measures.power_spectrum`, whose window
            decides the resolution.
        centre_hz
            Of the mask.

        Raises
        ------
        ValueError
            If the mask begins beyond half the sampling rate, or there is no power.
        """
        if self.offsets_hz[0] >= sampling_rate_hz / 2:
            raise ValueError(
                f"sampling_rate_hz must be above {2 * self.offsets_hz[0]:g}, or the "
                f"mask is not seen, got {sampling_rate_hz:g}."
            )
        spectrum = power_spectrum(samples, sampling_rate_hz, num_bins=num_bins)
        frequency, density = spectrum
        if not density.max() > 0:
            raise ValueError("samples must have power, got none.")
        with np.errstate(divide="ignore"):
            relative = 10 * np.log10(density / density.max())
        return float((self.level_db(frequency - centre_hz) - relative).min())
