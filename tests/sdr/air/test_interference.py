"""Bursts and tones."""

import numpy as np
import pytest

from commgen.frame.bursts import Bursts
from commgen.frame.frame import RADIO_FRAME
from commgen.sdr.air.interference import BurstStream, tone


def test_each_length_of_a_frame_has_a_burst_of_its_power_and_width():
    bursts = Bursts(num_carriers=(5, 5), num_symbols=(15, 15), power_db=(6.0, 6.0))
    stream = BurstStream(bursts, RADIO_FRAME, seed=1)
    assert stream.period == 2183
    rows = stream.push(200 * 2183).reshape(200, 2183)
    # 5 of 72 subcarriers, 6 dB over a signal of unit power, 15 symbols of 137 samples.
    energy = np.sum(np.abs(rows) ** 2, axis=1)
    expected = 10**0.6 * 5 / 72 * 15 * 137
    assert np.mean(energy) == pytest.approx(expected, rel=4 / np.sqrt(200 * 75))
    starts = np.argmax(rows != 0, axis=1)
    assert len(set(starts)) > 50
    spectrum = np.abs(np.fft.fft(rows[0][starts[0] + 9 : starts[0] + 137])) ** 2
    assert np.sum(spectrum > 1e-6 * spectrum.max()) == 5


def test_any_chunks_give_the_same_bursts():
    make = lambda: BurstStream(Bursts(), RADIO_FRAME, seed=2)  # noqa: E731
    at_once, stream = make().push(100_000), make()
    sizes = np.diff(np.sort(np.random.default_rng(0).integers(100_000, size=60)))
    parts = [stream.push(int(size)) for size in sizes]
    assert np.array_equal(np.concatenate(parts), at_once[: sizes.sum()])


def test_a_tone_goes_on_from_part_to_part():
    whole = tone(0, 3000, 0.1234, 2.0)
    parts = [tone(0, 1000, 0.1234, 2.0), tone(1000, 2000, 0.1234, 2.0)]
    assert np.concatenate(parts) == pytest.approx(whole, abs=1e-5)
    assert np.abs(whole) == pytest.approx(2.0)
    assert np.argmax(np.abs(np.fft.fft(whole[:1000]))) == 123
