"""From symbols behind the training to bits, and once more with what they were."""

from dataclasses import dataclass

import numpy as np

from commgen.sdr.recordings.wifi import coding
from commgen.sdr.recordings.wifi.coding import SERVICE, TAIL, Rate
from commgen.sdr.recordings.wifi.estimation import Estimator
from commgen.sdr.recordings.wifi.grid import pilots, scrambler
from commgen.sdr.recordings.wifi.tracking import follow
from commgen.sdr.recordings.wifi.training import Training, equalise


@dataclass(frozen=True)
class Burst:
    """The data part of a packet as it was received.

    Parameters
    ----------
    y : [num_symbols, n], complex
        Its symbols.
    rate
        Modulation and coding.
    length
        Bytes.
    polarity
        Number of the first pilots' sign: 1, in HT packets 3.
    first
        Number of the first symbol behind the training.
    """

    y: np.ndarray
    rate: Rate
    length: int
    polarity: int
    first: int

    @property
    def pilots(self) -> np.ndarray:
        """Their values, [num_symbols, 4]."""
        return pilots(self.rate.grid, self.polarity, len(self.y))


def read_bytes(burst: Burst, training: Training):
    """Return the bytes of a packet's data, and its equalised symbols.

    Returns
    -------
    content : bytes
        As decoded, right or wrong.
    x_hat : [num_symbols, num_data], complex
    bits : [num_bits], uint8
        Scrambled, SERVICE and tail included.
    """
    x_hat, weight = equalise(burst.y, training, burst.pilots, burst.first)
    llr = coding.demap(x_hat, weight, burst.rate.num_bits_per_symbol)
    bits = coding.decode(llr, burst.rate, SERVICE + 8 * burst.length + TAIL)
    plain = coding.descramble(bits)[SERVICE : SERVICE + 8 * burst.length]
    return np.packbits(plain, bitorder="little").tobytes(), x_hat, bits


def retrained(burst: Burst, training: Training, bits, estimator: Estimator) -> Training:
    """Return the channel of training and data together, the data as decided.

    Wrong decisions disturb it less than the right ones help, since a code's errors come
    in short bursts.
    """
    sent = _symbols_of(burst, bits)
    phase = follow(
        *(burst.y, training.h_hat, burst.pilots, training.no),
        *(burst.rate.grid, burst.first + training.ahead),
    )
    turned = burst.y * np.exp(-1j * phase)
    seen = np.sum(turned * np.conj(sent), axis=0) + training.h_sum
    energy = np.sum(np.abs(sent) ** 2, axis=0) + training.num
    err_var = training.no * float(np.mean(1 / energy))
    h_hat, errors = estimator(seen / energy, err_var, burst.rate.grid)
    return Training(
        burst.rate.grid,
        training.h_sum,
        training.num,
        h_hat,
        errors,
        training.no,
        training.ahead,
    )


def _symbols_of(burst: Burst, bits) -> np.ndarray:
    """All subcarriers that decided bits were sent on, [num_symbols, n], complex.

    Behind the tail come scrambled zeros (17.3.5.4).
    """
    num = len(burst.y) * burst.rate.num_data
    padded = np.resize(scrambler(bits[:7]), num)
    padded[: len(bits)] = bits
    out = np.empty(burst.y.shape, complex)
    is_pilot = burst.rate.grid.is_pilot
    out[:, is_pilot] = burst.pilots
    out[:, ~is_pilot] = coding.encode(padded, burst.rate)
    return out
