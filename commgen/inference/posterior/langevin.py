"""Annealed Langevin dynamics: the slow reference among posterior samplers."""

from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen._random import complex_normal
from commgen.generative.chunks import ChunkedDenoiser
from commgen.generative.model import Posterior, check_num_samples, check_prior
from commgen.generative.noisy_examples import SNR_RANGE_DB
from commgen.generative.observation import check_observation
from commgen.measures.decibel import noise_variance

_HIGH_DB, _LOW_DB = 30.0, -10.0  # of the noise levels, against channels of unit power


def langevin_posterior(
    prior: Any,
    y,
    A=None,
    noise_cov: Any = 1.0,
    *,
    num_samples: int = 16,
    num_levels: int = 60,
    steps_per_level: int = 5,
    step_size: float = 0.1,
    snr_range_db: tuple[float, float] = (_LOW_DB, _HIGH_DB),
    seed: int = 0,
) -> Posterior:
    r"""Infer channels from y = A h + n by annealed Langevin dynamics.

    At noise levels :math:`\sigma` that fall by equal ratios the chain moves by

    .. math:: x \leftarrow x + \epsilon \Big( \frac{\mathrm{E}[h\,|\,x] - x}{\sigma^2}
        + A^\mathsf{H} (\Sigma + \sigma^2 A A^\mathsf{H})^{-1} (y - A x) \Big)
        + \sqrt{2 \epsilon}\; w, \quad \epsilon = \eta\,\sigma^2

    with the prior's score from its denoiser (Tweedie) and white w ~ CN(0, I): Jalal et
    al., *Robust Compressed Sensing MRI with Deep Generative Priors*, NeurIPS 2021,
    eq. (4), and for channels Arvinte and Tamir, IEEE Trans. Wireless Commun. 22, 2023,
    algorithm 1. They widen the likelihood by a scalar; here it is by the noise that x
    has at its level. The answer is the denoiser's at the last one.

    Parameters
    ----------
    prior
        Has ``event_shape`` and ``denoise``, as :class:`~commgen.generative.Prior`.
    y, A, noise_cov
        As :func:`~commgen.generative.observation.check_observation`.
    num_samples
        Chains of each observation, at least 2.
    num_levels, steps_per_level
        Noise levels, at least 2, and steps at each.
    step_size
        The :math:`\eta`, above 0 and below 1. Larger is faster and, as there is no
        rejection, spreads more than it should, by about :math:`\eta / 2` of the
        variance.
    snr_range_db
        SNR of the first and of the last level [dB].
    seed
        Seed of the chains.

    Returns
    -------
    Posterior
        Mean, variance and samples; mean and variance from the denoiser's at the last
        level.

    Raises
    ------
    ValueError
        If the observation is invalid or an argument out of range.
    """
    check_prior("prior", prior)
    y, A, no, cov = check_observation(y, A, noise_cov, prior.event_shape)
    check_int("num_samples", num_samples, low=2)
    check_num_samples(num_samples, (len(y), *prior.event_shape))
    check_int("num_levels", num_levels, low=2)
    check_int("steps_per_level", steps_per_level, low=1)
    if check_positive("step_size", step_size) >= 1:
        raise ValueError(f"step_size must be below 1, got {step_size}.")
    low, high = snr_range_db
    if not SNR_RANGE_DB[0] <= low < high <= SNR_RANGE_DB[1]:
        raise ValueError(
            "snr_range_db must rise within the trained SNR of "
            f"{SNR_RANGE_DB[0]:g} to {SNR_RANGE_DB[1]:g} dB, got {snr_range_db}."
        )
    pull, size = _likelihood(y, A, no, cov, num_samples)
    rng = np.random.default_rng(seed)
    denoise = ChunkedDenoiser(prior)
    levels = np.geomspace(noise_variance(low), noise_variance(high), num_levels)
    x = np.sqrt(levels[0]) * complex_normal(rng, (num_samples * len(y), size))
    for level in levels:
        step = step_size * level
        for _ in range(steps_per_level):
            score = (denoise(x, level)[0] - x) / level + pull(x, level)
            x = x + step * score + np.sqrt(2 * step) * complex_normal(rng, x.shape)
    h_hat, err_var = denoise(x, levels[-1])
    return _summary(h_hat, err_var, num_samples, (len(y), *prior.event_shape))


def _likelihood(y, A, no, cov, num_samples):
    """Return ``pull(x, level)``, the gradient of the likelihood, and the size of x."""
    A = np.eye(y.shape[1]) if A is None else A
    if cov is not None:
        L = np.linalg.cholesky(cov)
        y, A, no = np.linalg.solve(L, y.T).T, np.linalg.solve(L, A), np.ones(len(y))
    U, s, Vh = np.linalg.svd(A, full_matrices=False)
    target, noise = np.tile(y @ U.conj(), (num_samples, 1)), np.tile(no, num_samples)

    def pull(x, level):
        gain = s / (noise[:, None] + level * s**2)
        return (gain * (target - s * (x @ Vh.T))) @ Vh.conj()

    return pull, A.shape[1]


def _summary(h_hat, err_var, num_samples, shape) -> Posterior:
    samples = h_hat.reshape(num_samples, *shape)
    # The mean of S samples misses the posterior mean by 1/S of the variance.
    spread = samples.var(axis=0, ddof=1) * (1 + 1 / num_samples)
    spread = spread + err_var.reshape(num_samples, *shape).mean(axis=0)
    return Posterior(samples.mean(axis=0), spread.astype(np.float32), samples)
