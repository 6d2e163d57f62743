"""Posterior under any linear observation, from draws of it under white noise."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Step = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Completion:
    r"""The draw of x = h + r w given h and y = A h + n, for white w of variance one.

    The noise is split: y is seen as A x plus noise of covariance I - r^2 A A^H, which
    is one as long as :math:`r \le 1/s_1`, with the greatest singular value
    :math:`s_1` of A.

    Parameters
    ----------
    target : [n, num_values], complex
        Whitened observations in A's left singular vectors.
    values : [n, num_values], float
        Singular values of the whitened A, for each observation.
    vectors : [size, num_values], complex
        Right singular vectors.
    """

    target: np.ndarray
    values: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, y, A, scale) -> "Completion":
        """Take y = A h + n with noise of variance 1 / scale^2, scale : [n]."""
        U, s, Vh = np.linalg.svd(A, full_matrices=False)
        scale = np.asarray(scale)[:, None]
        return cls((y @ U.conj()) * scale, s * scale, Vh.conj().T)

    def largest_split(self) -> np.ndarray:
        """Return the largest r^2 that splits the noise exactly, [n]."""
        strongest = self.values.max(axis=1)
        return 1 / np.maximum(strongest, np.finfo(float).tiny ** 0.25) ** 2

    def tiled(self, num: int) -> "Completion":
        """Return the same for ``num`` chains of each observation, chains first."""
        return Completion(
            np.tile(self.target, (num, 1)), np.tile(self.values, (num, 1)), self.vectors
        )

    def draw(self, h, split, noise) -> np.ndarray:
        """Draw x, [n, size], with r^2 = ``split`` : [n]."""
        split = split[:, None]
        x = h + np.sqrt(split) * noise()
        c, s = x @ self.vectors.conj(), self.values
        left = np.maximum(1 - split * s**2, 0)
        # Matheron's rule: what was drawn is moved by the gain of what was seen.
        seen = s * c + np.sqrt(left) * noise()[:, : c.shape[1]]
        gain = split * s / (split * s**2 + left + np.finfo(float).tiny)
        return x + (gain * (self.target - seen)) @ self.vectors.T


@dataclass
class Moments:
    """Sums over chains and steps of the conditional mean and variance.

    Parameters
    ----------
    num_chains
        Independent chains, at least 2.
    """

    num_chains: int
    num_steps: int = 0
    first: np.ndarray | float = 0.0
    power: np.ndarray | float = 0.0
    within: np.ndarray | float = 0.0

    def add(self, mean, err_var) -> None:
        """Add E and Var at one step, [num_chains, ...]."""
        self.num_steps += 1
        self.first = self.first + mean.mean(axis=0, dtype=np.complex128)
        power = np.mean(np.abs(mean) ** 2, axis=0, dtype=np.float64)
        self.power = self.power + power
        self.within = self.within + err_var.mean(axis=0, dtype=np.float64)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean and its expected squared error.

        That is the total variance, and what the mean of so many chains misses.
        """
        mean = np.asarray(self.first) / self.num_steps
        between = np.asarray(self.power) / self.num_steps - np.abs(mean) ** 2
        S = self.num_chains
        spread = np.maximum(between, 0) * (S + 1) / (S - 1)
        return mean, np.asarray(self.within) / self.num_steps + spread


def augmented_samples(
    step: Step,
    completion: Completion,
    h: np.ndarray,
    splits: np.ndarray,
    noise: Callable[[], np.ndarray],
    num_chains: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Draw from p(h | y = A h + n) by completing what was not observed.

    A Gibbs sampler on h and x = h + r w, where x is a noisy channel that is complete:
    x is drawn given h and y (:class:`Completion`), and h given x alone, which any
    denoiser does. With :math:`r \le 1/s_1` h has the very posterior, whatever r is
    (data augmentation, Tanner and Wong, J. Am. Stat. Assoc. 82, 1987; with a greater r
    it is the split Gibbs sampler of Vono, Dobigeon and Chainais, IEEE Trans. Signal
    Process. 67, 2019, which mixes faster and is biased). Means and variances are those
    of the conditional moments (Rao-Blackwell), over the second half of the steps.

    Parameters
    ----------
    step
        ``step(x, no) -> h, h_hat, err_var``: a draw of h given x = h + n, and its mean
        and variance, for each row.
    completion
        Of the observations, ``num_chains`` times, chains first.
    h : [num_chains * batch, size], complex
        Where chains start.
    splits : [num_steps, num_chains * batch], float
        Values of r^2, the exact ones last.
    noise
        Returns white noise of unit variance as h, a new draw at each call.
    num_chains
        Chains of each observation.

    Returns
    -------
    samples : [num_chains, batch, size], complex
        Where chains end.
    mean : [batch, size], complex
    err_var : [batch, size], float
        Its squared error, as :class:`Moments` expects it.
    """
    moments = Moments(num_chains)
    shape = (num_chains, -1, h.shape[1])
    for i, split in enumerate(splits):
        x = completion.draw(h, split, noise)
        h, h_hat, err_var = step(x, split)
        if 2 * i >= len(splits) - 1:
            moments.add(h_hat.reshape(shape), err_var.reshape(shape))
    return h.reshape(shape), *moments.result()
