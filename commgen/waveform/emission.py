"""What an amplifier puts beside the band, OFDM symbol by OFDM symbol."""

from typing import Any

import numpy as np

from commgen.measures.decibel import to_db
from commgen.waveform.mask import Mask

# Parts of the band over which a density is averaged.
_PARTS = 16


def adjacent_db(ofdm: Any, samples: np.ndarray) -> float:
    """Return the power in an adjacent channel over that in the band [dB].

    The adjacent channel begins where the band ends, and is as wide; the worse side
    counts. Useful parts of OFDM symbols are each continued periodically: without an
    amplifier there is nothing beside the band. What the edges of OFDM symbols spill
    over is no matter of the amplifier but of the transmitter's window, and is seen by
    :func:`~commgen.waveform.measures.aclr_db`.

    Parameters
    ----------
    ofdm
        The tones in use, next to each other; oversampled at least three times.
    samples : [num_blocks, symbol_length], complex
        One OFDM symbol in a row.
    """
    power, width = _from_band(ofdm, samples)
    own, below, above = (
        power[(shift * width + np.arange(width)) % len(power)].sum()
        for shift in (0, -1, 1)
    )
    return to_db(max(below, above) / own)


def density_db(ofdm: Any, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the spectrum of OFDM symbols, each continued periodically.

    Parameters
    ----------
    ofdm, samples
        As of :func:`adjacent_db`.

    Returns
    -------
    offset_hz : [n], float
        From the centre of the band, ascending: middles of sixteenths of the band, of
        which none lies on both sides of an edge.
    level_db : [n], float
        Mean density there over the largest one.
    """
    power, width = _from_band(ofdm, samples)
    part = max(width // _PARTS, 1)
    beside = (len(power) - width) // 2 // part
    inside = width // part
    starts = np.concatenate(
        [np.arange(-beside, inside) * part, width + np.arange(beside) * part]
    )
    bins = (starts[:, None] + np.arange(part)) % len(power)
    density = power[bins].mean(axis=1)
    offset = starts + part / 2 - width / 2
    level = 10 * np.log10(np.maximum(density / density.max(), 1e-30))
    return offset * ofdm.subcarrier_spacing_hz, level


def mask_margin_db(ofdm: Any, samples: np.ndarray, mask: Mask) -> float:
    """Return by how much symbols stay below a mask; negative where they do not [dB].

    Parameters
    ----------
    ofdm, samples
        As of :func:`adjacent_db`; edges of symbols do not count here either.
    mask
        Of the distance from the centre of the band.
    """
    offset_hz, level_db = density_db(ofdm, samples)
    return float((mask.level_db(offset_hz) - level_db).min())


def _from_band(ofdm, samples) -> tuple[np.ndarray, int]:
    """Return mean powers of all tones, the first of the band first, and its width."""
    size = ofdm.fft_size * ofdm.oversampling
    first, width = ofdm.subcarriers[0], len(ofdm.subcarriers)
    if ofdm.subcarriers[-1] - first != width - 1 or 3 * width > size:
        raise ValueError(
            "ofdm must have tones next to each other and three times their bandwidth, "
            f"got {width} of {size}."
        )
    useful = samples[..., ofdm.symbol_length - size : ofdm.symbol_length]
    power = np.mean(np.abs(np.fft.fft(useful)) ** 2, axis=0)
    return np.roll(power, -first), width
