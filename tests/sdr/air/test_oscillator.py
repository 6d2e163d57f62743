"""Frequency offset and phase noise."""

import numpy as np

from commgen.sdr.air.oscillator import Oscillator

RATE = 1.92e6


def test_an_offset_turns_every_sample_alike():
    n = np.arange(100_000)
    y = Oscillator(12_345.0, 0.0, RATE, seed=0).push(np.ones(len(n), np.complex64))
    error = np.abs(y - np.exp(2j * np.pi * 12_345.0 / RATE * n))
    assert error.max() < 1e-5


def test_the_offset_may_change_between_pushes():
    oscillator = Oscillator(0.0, 0.0, RATE, seed=0)
    ones = np.ones(16_000, np.complex64)
    assert np.abs(oscillator.push(ones) - 1).max() < 1e-6
    oscillator.cfo_hz = 3e3
    turned = oscillator.push(ones)
    steps = np.angle(turned[1:] * turned[:-1].conj())
    assert np.abs(steps - 2 * np.pi * 3e3 / RATE).max() < 1e-4


def test_phase_noise_grows_as_a_wiener_process():
    """The variance over a time T is 2 pi beta T; that of a variance is 2 / n of it."""
    beta, span, num = 100.0, 1600, 4000
    y = Oscillator(0.0, beta, RATE, seed=1).push(np.ones(span * num, np.complex64))
    phase = np.unwrap(np.angle(y.astype(complex)))[::span]
    ratio = np.var(np.diff(phase)) / (2 * np.pi * beta * span / RATE)
    assert abs(ratio - 1) < 4 * np.sqrt(2 / num)
