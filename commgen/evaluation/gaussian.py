"""The reference that must fail: a Gaussian with the covariance of the channels."""

from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.evaluation._sets import check_set


class GaussianReference:
    r"""Circular complex Gaussian of zero mean with the sample covariance of a set.

    Any distribution of channels has one, and most of what is written about generated
    channels (covariance, mean power, Frechet distance) it gets right. A model that two-
    sample tests cannot tell from it has learned no more than a covariance.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels, n of at least the number of entries if a density is asked for.

    Raises
    ------
    ValueError, TypeError
        As :func:`~commgen.evaluation.check_set`.
    """

    def __init__(self, h: Any):
        h = check_set("h", h)
        self.event_shape = h.shape[1:]
        x = h.reshape(len(h), -1).astype(np.complex128)
        eigenvalues, self._vectors = np.linalg.eigh(x.T @ x.conj() / len(x))
        self._eigenvalues = np.maximum(eigenvalues, 0)
        self._has_density = len(x) >= x.shape[1]

    def sample(self, n: int, *, seed: int) -> np.ndarray:
        """Draw ``n`` channels, [n, *event_shape], complex64."""
        check_int("n", n, low=1)
        rng = np.random.default_rng(seed)
        parts = rng.standard_normal((2, n, len(self._eigenvalues)))
        z = (parts[0] + 1j * parts[1]) * np.sqrt(self._eigenvalues / 2)
        h = (z @ self._vectors.T).astype(np.complex64)
        return h.reshape(n, *self.event_shape)

    def log_prob(self, h: Any) -> np.ndarray:
        """Return log-densities, [n], in nats; NaN where there is no density.

        A covariance of fewer channels than entries, or of degenerate ones, has none.
        """
        x = np.asarray(h).reshape(len(h), -1).astype(np.complex128)
        s = self._eigenvalues
        if not self._has_density or s.min() <= 1e-9 * s.max():
            return np.full(len(x), np.nan)
        z = x @ self._vectors.conj()
        constant = len(s) * np.log(np.pi) + np.sum(np.log(s))
        return -constant - np.sum(np.abs(z) ** 2 / s, axis=1)
