"""From noise to channels in few steps, with any denoiser."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np


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
