"""From noise to channels in few steps, with any denoiser."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

#: Passes in a sample, of which ten do; a file may ask for any number.
MOST_STEPS = 10_000


def multistep_sample(
    denoise: Callable[[np.ndarray, float], np.ndarray],
    x: np.ndarray,
    levels: np.ndarray,
) -> np.ndarray:
    r"""Carry noisy channels to clean ones, in one pass of the denoiser a level.

    The second-order multistep solver of the probability-flow equation, DPM-Solver++(2M)
    of Lu et al. (arXiv:2211.01095, algorithm 2), for noise that is added,
    :math:`x = h + \sigma n`:

    .. math:: x' = \frac{\sigma'}{\sigma} x
        + \left(1 - \frac{\sigma'}{\sigma}\right) \hat D

    where :math:`\hat D` extrapolates the denoiser's last two answers, in
    :math:`\ln\sigma`, to the middle of the step.

    Parameters
    ----------
    denoise
        ``denoise(x, no) -> h_hat`` for x : [n, size], complex.
    x : [n, size], complex
        Channels with white noise of standard deviation ``levels[0]``, or where that
        drowns all channels the noise alone.
    levels : [num_steps + 1], float
        Standard deviations, falling, the last one 0.

    Returns
    -------
    [n, size], complex
        Channels: the denoiser's answer at the last level above 0.
    """
    h_hat, last, last_step = x, None, 1.0
    for now, after in pairwise(levels):
        h_hat = denoise(x, now**2)
        if after == 0:
            break
        step = np.log(now / after)
        ahead = h_hat
        if last is not None:
            ahead = h_hat + (h_hat - last) * (step / (2 * last_step))
        x = after / now * x + (1 - after / now) * ahead
        last, last_step = h_hat, step
    return h_hat


def noise_levels(low: float, high: float, num_steps: int, rho: float = 7.0):
    """Return standard deviations from ``high`` down to ``low``, then 0.

    Karras et al., *Elucidating the Design Space of Diffusion-Based Generative Models*,
    NeurIPS 2022, eq. (5).

    Parameters
    ----------
    low, high
        Least and greatest standard deviation.
    num_steps
        Levels above zero, at least 2.
    rho
        Exponent; larger spends more steps on little noise.
    """
    ramp = np.linspace(0, 1, num_steps)
    levels = (high ** (1 / rho) + ramp * (low ** (1 / rho) - high ** (1 / rho))) ** rho
    return np.append(levels, 0.0)
