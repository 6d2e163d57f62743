"""Bits that tell by themselves whether they came over rightly."""

import numpy as np

from commgen._checks import check_int
from commgen.frame.frame import Frame
from commgen.sdr.waveform.code import transport_block

_NUM_BITS_OF_NUMBER = 32

# Steps and multipliers of splitmix64 (Steele, Lea and Flood, "Fast splittable
# pseudorandom number generators", OOPSLA 2014, fig. 17).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))


class Payloads:
    """Frame numbers, each followed by pseudo-random bits that follow from it.

    Whoever knows the seed can count the bit errors of a frame that was received,
    without having been told what was sent.

    Parameters
    ----------
    frame
        What carries them.
    seed
        Seed of the bits, 0 to 2**63 - 1.

    Raises
    ------
    ValueError
        If the frame holds no more than the number.

    Examples
    --------
    >>> payloads = Payloads(Frame(), seed=1)
    >>> bits = payloads.bits(7)
    >>> payloads.number_of(bits), payloads.errors(bits)
    (7, 0)
    >>> payloads.errors(1 - bits, number=7)
    848
    """

    def __init__(self, frame: Frame, seed: int):
        self.k = transport_block(frame).tbs
        self.seed = check_int("seed", seed, low=0, high=2**63 - 1)
        if self.k <= _NUM_BITS_OF_NUMBER:
            raise ValueError(
                f"frame must hold more than {_NUM_BITS_OF_NUMBER} bits, the number of "
                f"a frame, got {self.k}."
            )
        words = -(-(self.k - _NUM_BITS_OF_NUMBER) // 64)
        self._places = np.arange(1, words + 1, dtype=np.uint64) * _STEP
        self._origin = _mixed(np.array([self.seed], np.uint64) + _STEP)

    def bits(self, number) -> np.ndarray:
        """Return what frame ``number`` holds.

        Parameters
        ----------
        number : int or [n], int
            0 to 2**32 - 1; one or several.

        Returns
        -------
        [k] or [n, k], uint8
        """
        numbers = np.atleast_1d(np.asarray(number))
        if numbers.dtype.kind not in "iu" or numbers.ndim > 1:
            raise TypeError(f"number must be whole numbers, got {number!r:.60}.")
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < 2**32:
            raise ValueError(f"number must be 0 to 2**32 - 1, got {number!r:.60}.")
        head = numbers.astype(">u4").view(np.uint8).reshape(-1, 4)
        own = _mixed(self._origin ^ numbers.astype(np.uint64))[:, None]
        words = _mixed(own + self._places)
        octets = words.astype("<u8").view(np.uint8).reshape(len(words), -1)
        bits = np.unpackbits(np.hstack([head, octets]), axis=1)[:, : self.k]
        return bits if np.ndim(number) else bits[0]

    def number_of(self, bits):
        """Return the frame number in ``bits`` : [k] or [n, k], an int or [n], int64."""
        head = np.asarray(bits, np.uint8)[..., :_NUM_BITS_OF_NUMBER]
        octets = np.ascontiguousarray(np.packbits(head, axis=-1))
        numbers = octets.view(">u4")[..., 0].astype(np.int64)
        return numbers if numbers.ndim else int(numbers)

    def errors(self, bits, number=None):
        """Count the bits that differ from what their number must hold.

        Parameters
        ----------
        bits : [k] or [n, k], uint8
            What was received.
        number : int or [n], int
            Number of the frame that was sent; None for the one that ``bits`` tell,
            which is right where the CRC passed.

        Returns
        -------
        int, or [n], int64
        """
        bits = np.asarray(bits, np.uint8)
        sent = self.bits(self.number_of(bits) if number is None else number)
        wrong = np.count_nonzero(bits != sent, axis=-1)
        return wrong if bits.ndim > 1 else int(wrong)


def _mixed(x: np.ndarray) -> np.ndarray:
    """Scramble 64-bit words, one to one."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> _SHIFTS[0])) * _FACTORS[0]
        x = (x ^ (x >> _SHIFTS[1])) * _FACTORS[1]
        return x ^ (x >> _SHIFTS[2])
