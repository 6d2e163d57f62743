"""Samples of the posterior from any denoiser, step by step."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

Pull = Callable[[np.ndarray, float, Callable], tuple[np.ndarray, np.ndarray]]


def guided_samples(
    pull: Pull,
    y: np.ndarray,
    A: np.ndarray,
    noise: Callable[[], np.ndarray],
    levels: np.ndarray,
) -> np.ndarray:
    r"""Draw approximate posterior samples of h given y = A h + n, n ~ CN(0, I).

    At each noise level :math:`\sigma^2` the denoiser's mean is moved by

    .. math:: \sigma^2 J^\mathsf{T} A^\mathsf{H}
        (v A A^\mathsf{H} + I)^{-1} (y - A \hat h)

    with the denoiser's Jacobian J and v the mean of its error variance, and the sample
    of the next level is drawn around the result. This is the guidance of Song et al.,
    *Pseudoinverse-Guided Diffusion Models*, ICLR 2023, sec. 3, with a learned v. It is
    exact for a white Gaussian prior as the steps grow finer; elsewhere it takes the
    error of the denoiser for white, and the samples spread less than they should.

    Parameters
    ----------
    pull
        ``pull(x, no, residual) -> h_hat, J^T u`` for x : [n, size], complex, with
        u = ``residual(h_hat, v, rows)``, v : [n, 1]; ``rows`` tells which of x.
    y : [n, num_obs], complex
        Whitened observations.
    A : [num_obs, size], complex
        Whitened observation matrix.
    noise
        Returns white noise of unit variance, [n, size], a new draw at each call.
    levels
        From :func:`noise_levels`.

    Returns
    -------
    [n, size], complex
        One sample for each observation.
    """
    U, s, Vh = np.linalg.svd(A, full_matrices=False)
    target = y @ U.conj()

    def residual(h_hat, v, rows):
        gain = s / (v * s**2 + 1)
        return (gain * (target[rows] - h_hat @ Vh.T * s)) @ Vh.conj()

    x = levels[0] * noise()
    for now, after in pairwise(levels):
        h_hat, pulled = pull(x, now**2, residual)
        h_hat = h_hat + now**2 * pulled
        # The next level: part of the noise of this one, the rest drawn anew.
        keep = after**2 / now**2
        x = keep * x + (1 - keep) * h_hat + after * np.sqrt(1 - keep) * noise()
    return x
