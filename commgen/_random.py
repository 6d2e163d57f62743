"""Random numbers that several rooms draw alike."""

import numpy as np


def complex_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw circular complex Gaussian noise of unit variance, complex64.

    Examples
    --------
    >>> complex_normal(np.random.default_rng(0), (2, 3)).shape
    (2, 3)
    """
    parts = rng.standard_normal((*shape, 2), dtype=np.float32)
    return (parts * np.float32(0.5**0.5)).view(np.complex64)[..., 0]
