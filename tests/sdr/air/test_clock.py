"""Receivers whose clocks run fast or slow."""

import numpy as np
import pytest

from commgen.sdr.air.clock import SampleClock


@pytest.mark.parametrize("error_ppm", [-200.0, -3.0, 5.0, 500.0])
def test_samples_are_those_of_the_wave_at_the_other_clock(error_ppm):
    f, num = 0.27, 60_000
    x = np.exp(2j * np.pi * f * np.arange(num)).astype(np.complex64)
    clock = SampleClock(error_ppm)
    y = clock.push(x)
    stride = 1 / (1 + error_ppm * 1e-6)
    assert abs(len(y) - num / stride) <= 1
    n = np.arange(len(y))
    expected = np.exp(2j * np.pi * f * (n * stride - clock.latency))
    error = np.abs(y - expected)[50:]
    assert 20 * np.log10(error.max()) < -45


@pytest.mark.parametrize("error_ppm", [-200.0, 200.0])
def test_any_chunks_give_the_same_samples(error_ppm):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(20_000).astype(np.complex64)
    at_once = SampleClock(error_ppm).push(x)
    clock = SampleClock(error_ppm)
    cuts = np.sort(rng.integers(len(x), size=900))
    parts = [clock.push(part) for part in np.split(x, cuts)]
    assert np.array_equal(np.concatenate(parts), at_once)
