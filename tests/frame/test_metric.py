"""Likelihoods under a phase error, beside the mean over phases."""

import numpy as np
import pytest

from commgen.frame.constellation import Constellation
from commgen.frame.information import sampled_gmi
from commgen.frame.llr import demap
from commgen.frame.metric import log_likelihood

QAM = Constellation.qam(4)
RNG = np.random.default_rng(5)


def mean_over_phases(y, no, sigma):
    """LLRs of 16-QAM by brute force: 601 phases, all points."""
    points, bits = QAM.points, QAM.bits
    phase = np.linspace(-6 * sigma, 6 * sigma, 601)
    share = np.exp(-(phase**2) / (2 * sigma**2))
    turned = points[:, None] * np.exp(1j * phase)
    out = []
    for value in y:
        near = np.exp(-(np.abs(value - turned) ** 2) / no) @ share
        out.append([np.log(near[b == 1].sum() / near[b == 0].sum()) for b in bits.T])
    return np.array(out)


def test_it_carries_what_the_mean_over_phases_carries():
    n, no, sigma = 1500, 10**-1.4, np.deg2rad(10)
    bits = QAM.bits[RNG.integers(16, size=n)]
    turned = QAM.points[bits @ [8, 4, 2, 1]] * np.exp(1j * sigma * RNG.normal(size=n))
    y = turned + np.sqrt(no / 2) * (RNG.normal(size=n) + 1j * RNG.normal(size=n))
    best = sampled_gmi(mean_over_phases(y, no, sigma), bits, 4)[0]
    found = sampled_gmi(demap(y, no, QAM, phase_var=sigma**2), bits, 4)[0]
    as_noise = sampled_gmi(demap(y, no + sigma**2, QAM), bits, 4)[0]
    assert best - 2e-3 < found < best + 1e-3
    assert as_noise < best - 0.04


def test_without_a_phase_error_it_is_that_of_noise():
    y, x = 0.3 - 0.8j, -0.2 + 0.9j
    plain = -(abs(y - x) ** 2) / 0.1
    assert log_likelihood(y, x, 0.1, 0.0) == pytest.approx(plain)
    assert log_likelihood(y, x, 0.1, 1e-12) == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("phase_var", [-1.0, np.nan])
def test_a_variance_that_is_none_is_refused(phase_var):
    with pytest.raises(ValueError, match="phase_var must be finite and at least 0"):
        demap(np.ones(1), 0.1, 4, phase_var=phase_var)
