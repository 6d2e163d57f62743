"""The running sums of the timing metric."""

import numpy as np
import pytest

from commgen.sdr.reception.metric import RENEWAL, next_peak

L = 64


def peaks(stream, threshold=0.5):
    """Scan a stream at once; return where peaks end, and the sums behind it."""
    past = np.concatenate([np.zeros(4 * L, np.complex64), stream.astype(np.complex64)])
    sums, best = np.zeros(4, complex), np.zeros(2)
    marks = np.zeros(3, np.int64)
    found = []
    while next_peak(past, -4 * L, len(stream), L, threshold, sums, best, marks):
        found.append((int(marks[1]), float(best[0])))
        best[0] = 0
    return found, sums


def direct(stream, end):
    """Return the metric of the symbol that ends with sample ``end``, by definition."""
    first, second = stream[end - 127 : end - 63], stream[end - 63 : end + 1]
    first, second = first - first.mean(), second - second.mean()
    energy = np.vdot(first, first) + np.vdot(second, second)
    return 4 * abs(np.vdot(first, second)) ** 2 / abs(energy) ** 2


def test_a_peak_has_the_metric_that_its_definition_gives(frames, impaired):
    stream = impaired(frames(3, 1).ravel(), snr_db=10, cfo_hz=7e3, seed=2) + (1 - 2j)
    found, _ = peaks(stream)
    assert len(found) == 3
    for k, (end, metric) in enumerate(found):
        assert abs(end - (2183 * k + 136)) < 10
        assert metric == pytest.approx(direct(stream, end), rel=1e-4)


def test_a_burst_is_forgotten_and_silence_has_no_peak():
    """Rounding of 1e9 squared would leave sums of noise behind it for ever."""
    rng = np.random.default_rng(0)
    stream = np.zeros(4 * RENEWAL, complex)
    stream[:300] = 1e9 * rng.standard_normal(300)
    found, sums = peaks(stream)
    assert all(end < 600 for end, _ in found)
    assert not np.any(sums)
