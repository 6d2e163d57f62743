"""Learned waveforms, beside the ones that they come from."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from commgen.design.waveform import search  # noqa: E402
from commgen.design.waveform.goal import WaveformGoal  # noqa: E402
from commgen.design.waveform.model import FreeWaveform  # noqa: E402
from commgen.design.waveform.training import TrainingSize, carried  # noqa: E402
from commgen.frame.constellation import Constellation  # noqa: E402
from commgen.frame.information import gmi  # noqa: E402
from commgen.waveform.degradation import total_degradation  # noqa: E402
from commgen.waveform.dft_spread import root_raised_cosine  # noqa: E402
from commgen.waveform.emission import adjacent_db  # noqa: E402

QPSK = {"num_bits_per_symbol": 2, "rate": 1.0, "num_tones": 32}


def shaken(goal, roll_off, seed=0):
    rng, free = np.random.default_rng(seed), FreeWaveform(goal, roll_off)
    for variable in (free.gains, free.weights, free.angles):
        variable.assign_add(0.1 * rng.normal(size=variable.shape))
    return free, rng


@pytest.mark.parametrize("spread", [True, False])
def test_what_is_learned_is_what_numpy_sends(spread):
    goal = WaveformGoal(num_tones=48, spread=spread, smoothness=1.5)
    free, rng = shaken(goal, 0.25 if spread else 0.0)
    fixed = free.fixed()
    labels = rng.integers(16, size=(4, free.num_data))
    y = goal.amplifier(0.0)(fixed.modulate(fixed.constellation.points[labels][:, None]))
    seen = free.behind(tf.constant(labels))
    np.testing.assert_allclose(seen.grid, fixed.demodulate(y)[:, 0], atol=2e-5)
    power = np.mean(np.abs(fixed.ofdm.demodulate(y)) ** 2)
    assert float(seen.power) == pytest.approx(power, rel=1e-4)
    adjacent = 10 * np.log10(float(seen.adjacent))
    assert adjacent == pytest.approx(adjacent_db(fixed.ofdm, y), abs=1e-2)


def test_weights_start_as_a_raised_cosine_and_stay_orthogonal():
    goal = WaveformGoal(num_tones=40)
    start = FreeWaveform(goal, 0.25)
    np.testing.assert_allclose(start.shaping, root_raised_cosine(32, 40), atol=0.03)
    squares = np.float64(shaken(goal, 0.25)[0].shaping.numpy()) ** 2
    np.testing.assert_allclose(squares, squares[::-1], atol=1e-6)
    np.testing.assert_allclose(squares[:8] + squares[32:], 1, atol=1e-6)


def test_bits_of_learning_are_those_of_the_quadrature():
    rng, points = np.random.default_rng(1), Constellation.qam(4)
    labels, no = rng.integers(16, size=40_000), 0.2
    noise = rng.normal(size=(2, 40_000)) * np.sqrt(no / 2)
    y = np.complex64(points.points[labels])
    noise = np.complex64(noise[0] + 1j * noise[1])
    found = carried(y, np.int32(labels), points.bits, noise, np.float32(no))
    assert float(found) == pytest.approx(gmi(points, no), abs=0.02)


def test_a_learned_waveform_beats_the_one_that_it_started_from():
    goal = WaveformGoal(**QPSK, num_layers=2)
    size = TrainingSize(num_steps=80, learning_rate=1e-2)
    found = search.design_waveform(goal, seed=0, size=size)[0]
    assert found.degradation.aclr_db <= goal.aclr_db
    start = FreeWaveform(goal).fixed()
    cost = [
        total_degradation(w, w.constellation, 1.0, goal.amplifier(b), seed=9)
        for w, b in ((start, 3.75), (found.waveform, found.waveform.back_off_db))
    ]
    # Both at the edge of the limit; 0.8 dB is half of what longer learning gains.
    assert cost[1].total_db < cost[0].total_db - 0.8
    assert cost[1].aclr_db < goal.aclr_db + 0.3
    assert found.waveform.card["goal"]["rate"] == 1.0
    assert found.waveform.card["seed"] == 0


def test_a_limit_out_of_reach_says_what_is(monkeypatch):
    goal = WaveformGoal(**QPSK, aclr_db=-80, num_layers=1)
    monkeypatch.setattr(search, "train", lambda goal, *_, **__: FreeWaveform(goal))
    with pytest.raises(
        ValueError, match=r"aclr_db must be \d+\.\d dB higher, which 16"
    ):
        search.design_waveform(goal)
