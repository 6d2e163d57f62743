"""Subcarriers, training symbols and pilots (IEEE 802.11-2020 clauses 17.3 and 19.3)."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

SAMPLE_RATE_HZ = 20e6
FFT_SIZE = 64
SYMBOL = 80
_PILOTS = (-21, -7, 7, 21)
# Of Ψ for one stream, equation 19-54; legacy packets keep its first turn (17-25).
_PILOT_VALUES = np.array([1.0, 1, 1, -1])
# Equation 17-8: subcarriers -26 to 26.
_LTF_LEFT = (1, 1, -1, -1, 1, 1, -1, 1, -1, 1, 1, 1, 1)
_LTF_LEFT += (1, 1, -1, -1, 1, 1, -1, 1, -1, 1, 1, 1, 1)
_LTF_RIGHT = (1, -1, -1, 1, 1, -1, 1, -1, 1, -1, -1, -1, -1)
_LTF_RIGHT += (-1, 1, 1, -1, -1, 1, -1, 1, -1, 1, 1, 1, 1)


@dataclass(frozen=True)
class Grid:
    """The subcarriers of a symbol.

    Parameters
    ----------
    edge
        Outermost subcarrier: 26, in the HT part of a packet 28.
    num_columns
        Of the interleaver.
    """

    edge: int
    num_columns: int

    @cached_property
    def carriers(self) -> np.ndarray:
        """All but DC, ascending, [2 * edge]."""
        k = np.arange(-self.edge, self.edge + 1)
        return k[k != 0]

    @cached_property
    def is_pilot(self) -> np.ndarray:
        """Which of them are pilots, [2 * edge], bool."""
        return np.isin(self.carriers, _PILOTS)

    @cached_property
    def training(self) -> np.ndarray:
        """Values of the long training symbol, [2 * edge], +1 and -1."""
        more = [1] * (self.edge - 26)
        values = [*more, *_LTF_LEFT, *_LTF_RIGHT, *(-v for v in more)]
        return np.array(values, float)


LEGACY = Grid(26, 16)
HT = Grid(28, 13)


def scrambler(first) -> np.ndarray:
    """Return the 127 bits of x^7 + x^4 + 1 that follow from its first seven, uint8."""
    s = np.zeros(127, np.uint8)
    s[:7] = first
    for n in range(7, 127):
        s[n] = s[n - 4] ^ s[n - 7]
    return s


def polarity(first: int, num_symbols: int) -> np.ndarray:
    """Return p_first and those behind it, equation 17-26: [num_symbols], +1 and -1."""
    return _signs()[(first + np.arange(num_symbols)) % 127]


@cache
def _signs() -> np.ndarray:
    return 1.0 - 2 * scrambler([0, 0, 0, 0, 1, 1, 1])  # of seven ones in the register


def pilots(grid: Grid, first: int, num_symbols: int) -> np.ndarray:
    """Return pilots of symbols, the first of which has p_first: [num_symbols, 4].

    In the HT part their signs go round from symbol to symbol (equation 19-54).
    """
    turn = np.arange(num_symbols) if grid is HT else np.zeros(num_symbols, int)
    signs = _PILOT_VALUES[(turn[:, None] + np.arange(4)) % 4]
    return signs * polarity(first, num_symbols)[:, None]


def symbols(x, start: int, num: int, grid: Grid, prefix: int = 16) -> np.ndarray:
    """Return the subcarriers of ``num`` symbols, [num, 2 * edge], complex64.

    Parameters
    ----------
    x : [n], complex
        Samples.
    start
        Where the first symbol's prefix begins.
    num
        How many; all must lie inside ``x``.
    grid
        Which subcarriers.
    prefix
        Samples of the cyclic prefix: 16, or 8 with the short guard interval.
    """
    length = FFT_SIZE + prefix
    body = np.asarray(x[start : start + num * length]).reshape(num, length)[:, prefix:]
    spectrum = np.fft.fft(body, axis=-1) / np.sqrt(FFT_SIZE)
    return spectrum[:, grid.carriers].astype(np.complex64)
