"""What a device does to a signal: samples to samples."""

from abc import ABC, abstractmethod

import numpy as np


class Impairment(ABC):
    """What a device does to samples of unit mean power.

    Input
    -----
    samples : [..., num_samples], complex
        Consecutive in time along the last axis.
    rng
        Where random ones draw from; the same generator, the same draw. The others do
        not touch it, and may be given None.

    Output
    ------
    [..., num_samples], complex128
    """

    @abstractmethod
    def __call__(
        self, samples: np.ndarray, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """Return the samples behind the device."""


def check_rng(rng) -> np.random.Generator:
    """Return ``rng``, or raise TypeError where it is no generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {type(rng)}.")
    return rng
