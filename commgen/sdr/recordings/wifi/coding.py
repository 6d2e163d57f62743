"""From subcarriers to bits: constellations, interleaver, puncturing, scrambler."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from commgen.sdr.recordings.convolutional import ConvolutionalCode
from commgen.sdr.recordings.wifi.grid import HT, LEGACY, Grid, scrambler

CODE = ConvolutionalCode((0o133, 0o171))
SERVICE, TAIL = 16, 6
# Which outputs of the two are sent: IEEE 802.11-2020 17.3.5.6, for 5/6 19.3.11.
_SENT = {
    (1, 2): [[1, 1]],
    (2, 3): [[1, 1], [1, 0]],
    (3, 4): [[1, 1], [1, 0], [0, 1]],
    (5, 6): [[1, 1], [1, 0], [0, 1], [1, 0], [0, 1]],
}
# Gray labels of one axis: table 17-15 to 17-18.
_LEVELS = {
    1: {0: -1, 1: 1},
    2: {0b00: -3, 0b01: -1, 0b11: 1, 0b10: 3},
    3: {
        **{0b000: -7, 0b001: -5, 0b011: -3, 0b010: -1},
        **{0b110: 1, 0b111: 3, 0b101: 5, 0b100: 7},
    },
}


@dataclass(frozen=True)
class Rate:
    """A modulation and coding scheme of one stream.

    Parameters
    ----------
    num_bits_per_symbol
        Of a subcarrier: 1, 2, 4 or 6.
    coderate
        Numerator and denominator.
    grid
        The subcarriers.
    """

    num_bits_per_symbol: int
    coderate: tuple[int, int]
    grid: Grid = LEGACY

    @property
    def num_coded(self) -> int:
        """Coded bits of an OFDM symbol (N_CBPS)."""
        return self.num_bits_per_symbol * int((~self.grid.is_pilot).sum())

    @property
    def num_data(self) -> int:
        """Data bits of an OFDM symbol (N_DBPS)."""
        return self.num_coded * self.coderate[0] // self.coderate[1]

    @property
    def mbps(self) -> float:
        """Data rate with the long guard interval."""
        return self.num_data / 4

    def num_symbols(self, length: int) -> int:
        """OFDM symbols that ``length`` bytes take."""
        return -(-(SERVICE + 8 * length + TAIL) // self.num_data)


_SCHEMES = [(1, (1, 2)), (1, (3, 4)), (2, (1, 2)), (2, (3, 4))]
_SCHEMES += [(4, (1, 2)), (4, (3, 4)), (6, (2, 3)), (6, (3, 4))]
# Table 17-6, by the four bits of RATE as sent.
LEGACY_RATES = {
    bits: Rate(*scheme)
    for bits, scheme in zip(
        ("1101", "1111", "0101", "0111", "1001", "1011", "0001", "0011"),
        _SCHEMES,
        strict=True,
    )
}
# Table 19-27: MCS 0 to 7.
_HT_SCHEMES = [_SCHEMES[i] for i in (0, 2, 3, 4, 5, 6, 7)] + [(6, (5, 6))]
HT_RATES = [Rate(*scheme, HT) for scheme in _HT_SCHEMES]
SIGNAL_RATE = Rate(1, (1, 2))


def levels(num_bits: int) -> np.ndarray:
    """Return the points of an axis in the order of their labels, unit symbol power."""
    if num_bits == 1:  # BPSK, whose symbol is its one axis
        return np.array([-1.0, 1.0])
    table = _LEVELS[num_bits // 2]
    values = np.array([table[label] for label in range(len(table))], float)
    return values / np.sqrt(2 * np.mean(values**2))


def constellation_map(bits, num_bits: int) -> np.ndarray:
    """Return symbols of bits, [..., n * num_bits] -> [..., n], complex."""
    bits = np.asarray(bits).reshape(*np.shape(bits)[:-1], -1, num_bits)
    points, half = levels(num_bits), max(num_bits // 2, 1)
    weights = 1 << np.arange(half - 1, -1, -1)
    real = points[bits[..., :half] @ weights]
    if num_bits == 1:
        return real + 0j
    return real + 1j * points[bits[..., half:] @ weights]


def demap(x, weight, num_bits: int) -> np.ndarray:
    """Return max-log LLRs, log P(1) / P(0), of equalised symbols.

    Parameters
    ----------
    x : [num_symbols, n], complex
        Equalised symbols.
    weight : broadcasts to the shape of x, float
        Inverse of their noise variance.
    num_bits
        Bits of a symbol.

    Returns
    -------
    [num_symbols, n * num_bits], float32
    """
    axes = [x.real] if num_bits == 1 else [x.real, x.imag]
    points, half = levels(num_bits), max(num_bits // 2, 1)
    labels = np.arange(len(points))
    found = []
    for axis in axes:
        cost = weight[..., None] * (axis[..., None] - points) ** 2
        for k in range(half - 1, -1, -1):
            one = (labels >> k) & 1 == 1
            found.append(cost[..., ~one].min(-1) - cost[..., one].min(-1))
    return np.stack(found, -1).reshape(len(x), -1).astype(np.float32)


@lru_cache
def interleaver(rate: Rate) -> np.ndarray:
    """Return where coded bit k of a symbol goes, [num_coded].

    Equations 17-17 and 17-18; with its own columns that of 19.3.11 for one stream.
    """
    n, columns = rate.num_coded, rate.grid.num_columns
    k, s = np.arange(n), max(rate.num_bits_per_symbol // 2, 1)
    i = n // columns * (k % columns) + k // columns
    return s * (i // s) + (i + n - columns * i // n) % s


def puncture_mask(rate: Rate, num_bits: int) -> np.ndarray:
    """Which of the two outputs of each of ``num_bits`` steps are sent, bool."""
    sent = np.array(_SENT[rate.coderate], bool)
    return np.tile(sent, (-(-num_bits // len(sent)), 1))[:num_bits]


def encode(bits, rate: Rate) -> np.ndarray:
    """Return symbols of scrambled bits that fill OFDM symbols, [num, n], complex."""
    coded = CODE.encode(bits)[puncture_mask(rate, len(bits))]
    coded = coded.reshape(-1, rate.num_coded)
    mixed = np.empty_like(coded)
    mixed[:, interleaver(rate)] = coded
    return constellation_map(mixed, rate.num_bits_per_symbol)


def decode(llr, rate: Rate, num_bits: int) -> np.ndarray:
    """Return the first ``num_bits`` bits of a code that ends with them in state zero.

    Parameters
    ----------
    llr : [num_symbols, num_coded], float
        As of :func:`demap`.
    rate
        Modulation and coding scheme.
    num_bits
        Service, message and tail.
    """
    mask = puncture_mask(rate, num_bits)
    coded = llr[:, interleaver(rate)].ravel()[: mask.sum()]
    spread = np.zeros(mask.shape, np.float32)
    spread[mask] = coded
    return CODE.decode(spread)


def descramble(bits) -> np.ndarray:
    """Return bits without their scrambler, whose state the first seven tell.

    They are zeros of SERVICE (17.3.5.5).
    """
    sequence = scrambler(bits[:7])
    return bits ^ np.resize(sequence, len(bits))
