"""The ideal predistorter of an amplifier."""

import numpy as np

from commgen.waveform.amplifier import Amplifier
from commgen.waveform.impairment import Impairment


class Predistortion(Impairment):
    """The exact inverse of an amplifier, to go before it.

    Both together are a :class:`~commgen.waveform.amplifier.Limiter` of the amplifier's
    saturation: no predistorter can do more.

    Parameters
    ----------
    amplifier
        What comes behind it.

    Examples
    --------
    >>> from commgen.waveform.amplifier import Rapp
    >>> amplifier = Rapp(2, back_off_db=0)
    >>> x = np.array([0.3, -0.9j, 5])
    >>> bool(np.allclose(amplifier(Predistortion(amplifier)(x)), [0.3, -0.9j, 1]))
    True
    """

    def __init__(self, amplifier: Amplifier):
        if not isinstance(amplifier, Amplifier):
            raise TypeError(f"amplifier must be an Amplifier, got {amplifier!r:.60}.")
        self.amplifier = amplifier

    def __call__(self, samples, rng=None) -> np.ndarray:
        """As of :class:`Impairment`; nothing is random."""
        samples = np.asarray(samples, np.complex128)
        r = np.abs(samples) / self.amplifier.saturation
        needed = self.amplifier.drive(r)
        return samples * np.divide(needed, r, out=np.ones_like(r), where=r > 0)
