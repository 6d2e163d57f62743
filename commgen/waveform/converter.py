"""Converters between numbers and voltages."""

import numpy as np

from commgen._checks import check_int
from commgen.measures.decibel import from_db
from commgen.waveform.amplifier import check_decibels
from commgen.waveform.impairment import Impairment


class Dac(Impairment):
    r"""Uniform quantiser of few bits, of real and imaginary part each (mid-rise).

    The :math:`2^b` levels lie symmetrically, :math:`\pm\Delta/2, \pm 3\Delta/2, ...`,
    and what lies beyond the outermost ones is clipped to them. An analogue-to-digital
    converter is the same.

    Parameters
    ----------
    num_bits
        b, 1 to 24, of each part.
    back_off_db
        Full scale :math:`2^{b-1}\Delta` of a part, squared, over its mean power 1/2.

    Examples
    --------
    >>> one_bit = Dac(1, back_off_db=0)
    >>> one_bit(np.array([0.1 - 3j])).round(4).tolist()
    [(0.3536-0.3536j)]
    """

    def __init__(self, num_bits: int, back_off_db: float):
        self.num_bits = check_int("num_bits", num_bits, low=1, high=24)
        self.back_off_db = check_decibels("back_off_db", back_off_db)
        self.full_scale = float(np.sqrt(from_db(self.back_off_db) / 2))

    def __call__(self, samples, rng=None) -> np.ndarray:
        """As of :class:`Impairment`; nothing is random."""
        samples = np.asarray(samples, np.complex128)
        half = 2 ** (self.num_bits - 1)
        step = self.full_scale / half
        parts = np.stack([samples.real, samples.imag]) / step
        levels = np.clip(np.floor(parts), -half, half - 1) + 0.5
        return step * (levels[0] + 1j * levels[1])
