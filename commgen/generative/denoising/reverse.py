"""Samples of the posterior under white noise, in few steps of any denoiser."""

from collections.abc import Callable

import numpy as np

#: ``draw(x, no) -> h``: one draw of h given x = h + n, for each row.
Draw = Callable[[np.ndarray, np.ndarray], np.ndarray]

# Amplitude of the noise in the last step, against that of the observation.
_LAST = 0.1


def falling_levels(no: np.ndarray, num_steps: int, least: float) -> np.ndarray:
    """Return the noise variances that a reverse chain passes.

    Parameters
    ----------
    no : [n], float
        Noise variance of the observations, where chains start.
    num_steps
        Steps, at least 1.
    least
        Noise variance that no step goes below, unless the observation does.

    Returns
    -------
    [num_steps, n], float
        Falling by equal ratios, to a hundredth in the last step.

    Examples
    --------
    >>> falling_levels(np.array([1.0]), 3, 1e-4)[:, 0].round(3).tolist()
    [1.0, 0.1, 0.01]
    """
    ratios = np.geomspace(1, _LAST**2, num_steps) if num_steps > 1 else np.ones(1)
    return np.minimum(no, np.maximum(ratios[:, None] * no, least))


def reverse_samples(
    draw: Draw,
    y: np.ndarray,
    levels: np.ndarray,
    noise: Callable[[], np.ndarray],
) -> np.ndarray:
    r"""Draw h given y = h + n, with white noise, by the reverse of a diffusion.

    Under added noise y is itself a point of the forward process, so the chain starts at
    it. From x of variance :math:`\sigma^2` to the next, :math:`\sigma'^2`,

    .. math:: x' = \kappa x + (1 - \kappa)\,h' + \sigma'\sqrt{1 - \kappa}\;w,
        \quad \kappa = \sigma'^2 / \sigma^2, \quad h' \sim p(h\,|\,x)

    with white w, which is p(x' | x, h') of the forward process; the last h' is the
    sample. With exact draws of h' this is exact in any number of steps. Where they are
    only Gaussian around the denoiser's mean, with its error variance, the first two
    moments are right in one step and the rest by more (Bao et al., *Analytic-DPM*, ICLR
    2022, take the optimal variance of a reverse step likewise).

    Parameters
    ----------
    draw
        Draws of h given x.
    y : [n, size], complex
        Observations.
    levels : [num_steps, n], float
        Noise variances, from that of y down; see :func:`falling_levels`.
    noise
        Returns white noise of unit variance, [n, size], a new draw at each call.

    Returns
    -------
    [n, size], complex
    """
    x = y
    for now, after in zip(levels[:-1, :, None], levels[1:, :, None], strict=True):
        keep = after / now
        h = draw(x, now[:, 0])
        x = keep * x + (1 - keep) * h + np.sqrt(after * (1 - keep)) * noise()
    return draw(x, levels[-1])
