"""The symbol by which frames are found."""

import numpy as np
import pytest

from commgen.frame.frame import Frame
from commgen.sdr.waveform.preamble import (
    preamble_carriers,
    preamble_samples,
    preamble_symbol,
)

FRAME = Frame()


def test_it_has_two_equal_halves_of_unit_power():
    samples = preamble_samples(FRAME)
    useful = samples[9:]
    assert samples.dtype == np.complex64
    assert samples.shape == (137,)
    assert np.abs(useful[:64] - useful[64:]).max() < 1e-6
    assert np.array_equal(samples[:9], samples[-9:])
    assert np.mean(np.abs(useful) ** 2) == pytest.approx(1, rel=1e-6)


def test_it_uses_the_even_carriers_of_the_frame_alone():
    x = preamble_symbol(FRAME)
    used = np.flatnonzero(x)
    assert set(used) <= set(FRAME.subcarrier_index)
    assert np.all(used % 2 == 0)
    assert len(used) == 36
    assert x[0] == 0
    assert np.sum(np.abs(x) ** 2) == pytest.approx(72, rel=1e-6)
    assert np.array_equal(
        preamble_carriers(FRAME), np.delete(np.arange(-36, 37, 2), 18)
    )


def test_a_shift_by_two_carriers_looks_like_noise():
    """Else a CFO of two carriers could not be told from none."""
    x = preamble_symbol(FRAME)[preamble_carriers(FRAME)]
    steps = x[1:] * x[:-1].conj() / np.abs(x[0]) ** 2
    for shift in range(1, 6):
        assert abs(np.vdot(steps[shift:], steps[:-shift])) < 3 * np.sqrt(35)


def test_frames_that_cannot_have_it_are_refused():
    with pytest.raises(ValueError, match=r"fft_size must be even .* got 75"):
        preamble_symbol(Frame(fft_size=75, num_guard_carriers=(1, 1)))
    with pytest.raises(ValueError, match=r"at least 8 even subcarriers .* got 6"):
        preamble_carriers(Frame(fft_size=16, num_guard_carriers=(1, 1)))
