"""The middle 72 subcarriers of a frame, and the reference signals on them.

TS 36.211, normal cyclic prefix. The middle is the same whatever the bandwidth.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from commgen.sdr.recordings.lte.sequences import FFT_SIZE, gold

FRAME = 19200
NUM_CARRIERS = 72
CARRIERS = np.r_[-36:0, 1:37]
_SLOT, _FIRST, _OTHER = 960, 10, 9
# The sequence is counted over 110 resource blocks: its values below the middle six.
_BELOW = 110 - 6
EARLY = 3


@dataclass(frozen=True)
class Reference:
    """Reference signals of a port in one symbol.

    Parameters
    ----------
    carriers : [12], int
        Of the 72.
    values : [12], complex64
        Unit power.
    """

    carriers: np.ndarray
    values: np.ndarray


def symbol_start(symbol) -> np.ndarray:
    """Return the sample of a frame at which the body of a symbol begins."""
    slot, place = np.divmod(symbol, 7)
    return slot * _SLOT + _FIRST + place * (FFT_SIZE + _OTHER)


def spectra(y, starts, symbols) -> np.ndarray:
    """Return subcarriers of symbols of frames, [num_frames, num_symbols, 72].

    Parameters
    ----------
    y : [n], complex64
        Samples.
    starts : [num_frames], int
        Where frames begin; all symbols must lie inside.
    symbols : [num_symbols], int
        Of the frame, negative ones in the frame before; cut out some samples early,
        within the prefix.
    """
    places = np.asarray(starts)[:, None] + symbol_start(np.asarray(symbols)) - EARLY
    body = y[places[..., None] + np.arange(FFT_SIZE)]
    spectrum = np.fft.fft(body, axis=-1)[..., CARRIERS] / np.sqrt(FFT_SIZE)
    return spectrum.astype(np.complex64)


@lru_cache(maxsize=2048)
def reference(cell: int, port: int, symbol: int) -> Reference:
    """Return the reference signals of 6.10.1 for ports 0 to 3.

    Parameters
    ----------
    cell
        Identity.
    port
        Ports 0 and 1 have them in symbols 0 and 4 of a slot, 2 and 3 in symbol 1.
    symbol
        In the frame; negative ones belong to the frame before.
    """
    slot, place = divmod(symbol % 140, 7)
    seed = (7 * (slot + 1) + place + 1) * (2 * cell + 1) * 1024 + 2 * cell + 1
    bits = gold(seed, 2 * 220)[2 * _BELOW : 2 * _BELOW + 24].astype(float)
    values = ((1 - 2 * bits[::2]) + 1j * (1 - 2 * bits[1::2])) / np.sqrt(2)
    shift = _shift(port, place, slot)
    carriers = 6 * np.arange(12) + (shift + cell % 6) % 6
    return Reference(carriers, values.astype(np.complex64))


def _shift(port: int, place: int, slot: int) -> int:
    """Return the v of 6.10.1.2."""
    if port < 2:
        return 3 * ((port + (place != 0)) % 2)
    return 3 * (slot % 2) + 3 * (port - 2)


def has_reference(port: int, symbol: int) -> bool:
    """Whether a port has reference signals in a symbol."""
    return symbol % 7 in ((0, 4) if port < 2 else (1,))
