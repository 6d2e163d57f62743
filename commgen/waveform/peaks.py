"""The search for tones that cancel peaks."""

from collections.abc import Callable

import numpy as np

from commgen._checks import check_int
from commgen.waveform.amplifier import Limiter
from commgen.waveform.ofdm import CpOfdm

_LEAST_OVERSAMPLING = 2


def cancel_peaks(
    ofdm: CpOfdm,
    tones: np.ndarray,
    project: Callable[[np.ndarray], np.ndarray],
    clip: Limiter,
    num_iterations: int,
) -> np.ndarray:
    r"""Return what to add to tones so that their samples exceed a level the least.

    Minimises :math:`\sum_n \max(|s_n| - A, 0)^2` over a convex set of tones, by
    projected gradient steps with Nesterov's momentum (Beck and Teboulle, *A fast
    iterative shrinkage-thresholding algorithm*, SIAM J. Imaging Sci. 2, 2009, eq.
    4.1-4.3). The gradient is what the clipper takes away, seen at the tones; since
    tones are orthogonal in time, a step of that length is the longest safe one.

    Parameters
    ----------
    tones : [..., num_tones], complex
        What is sent without.
    project
        From any tones to the nearest ones that may be added.
    clip
        Cuts samples at A.
    num_iterations
        Steps.

    Returns
    -------
    [..., num_tones], complex
        One that ``project`` gave.
    """
    added = momentum = np.zeros_like(tones)
    weight = 1.0
    for _ in range(num_iterations):
        samples = ofdm.useful(tones + momentum)
        step = ofdm.tones(clip(samples) - samples)
        last, added = added, project(momentum + step)
        next_weight = (1 + np.sqrt(1 + 4 * weight**2)) / 2
        momentum = added + (weight - 1) / next_weight * (added - last)
        weight = next_weight
    return added


def check_reducer(ofdm: CpOfdm, num_iterations: int) -> int:
    """Return ``num_iterations``, or raise for what no reducer of peaks can do."""
    if ofdm.oversampling < _LEAST_OVERSAMPLING:
        raise ValueError(
            f"oversampling must be at least {_LEAST_OVERSAMPLING}, or peaks between "
            f"samples are not seen, got {ofdm.oversampling}."
        )
    return check_int("num_iterations", num_iterations, low=1, high=10_000)
