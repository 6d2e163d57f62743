"""Several impairments, one behind the other."""

from collections.abc import Sequence

import numpy as np

from commgen.waveform.impairment import Impairment


class Chain(Impairment):
    """Impairments in the order in which the signal meets them.

    Parameters
    ----------
    impairments
        None of them leaves samples as they are.

    Examples
    --------
    >>> Chain([])(np.array([1.0])).tolist()
    [(1+0j)]
    """

    def __init__(self, impairments: Sequence[Impairment]):
        for impairment in impairments:
            if not isinstance(impairment, Impairment):
                raise TypeError(
                    f"impairments must be of Impairment, got {impairment!r:.60}."
                )
        self.impairments = tuple(impairments)

    def __call__(self, samples, rng=None) -> np.ndarray:
        """As of :class:`Impairment`; all draw from one generator, in turn."""
        samples = np.asarray(samples, np.complex128)
        for impairment in self.impairments:
            samples = impairment(samples, rng)
        return samples
