"""The channel of a cell from its reference signals."""

import numpy as np
import pytest

from commgen.sdr.recordings.lte import broadcast, channel
from commgen.sdr.recordings.lte.grid import FRAME

CELL = 86


@pytest.fixture
def recorded(downlink, rng):
    """24 frames of one port over two taps that turn by 60 Hz, noise of 0 dB."""

    def record(no, cfo_hz=0.0):
        x = downlink.frames(CELL, 1, 0, 24, rng)
        taps = np.array([[0.8, 0, 0.6j]])
        y = downlink.heard(x, taps, cfo_hz)
        # heard() gives each of the 72 subcarriers its power / 72 of a sample's.
        scale = np.sqrt(72 / 128)
        noise = rng.normal(size=(len(y), 2)) @ [1, 1j] / np.sqrt(2)
        y = scale * y + np.sqrt(no) * noise
        return y.astype(np.complex64), FRAME * np.arange(1, 23)

    return record


def test_statistics_and_estimates_are_those_of_the_channel(recorded):
    """LMMSE of 84 symbols: far below the noise, 0 dB, of each least-squares value."""
    y, starts = recorded(1.0)
    observed = channel.observe(y, starts, CELL, 0, range(-3, 4))
    known = channel.learn(observed)
    assert known.no == pytest.approx(1.0, rel=0.15)
    # Delays of less than a tenth of the strongest are taken for noise.
    assert 0.8 < known.power.sum() < 1.05
    assert known.coherence_s >= 4e-3  # it stands still
    symbols, carriers = broadcast.elements(CELL)
    found = channel.interpolate(observed, known, broadcast.SYMBOLS[symbols], carriers)
    # Windows begin three samples early.
    k = np.r_[-36:0, 1:37][carriers]
    truth = sum(
        g * np.exp(-2j * np.pi * k * (d + 3) / 128) for d, g in ((0, 0.8), (2, 0.6j))
    )
    error = np.mean(np.abs(found - truth) ** 2)
    assert error < 0.03
    alone = channel.observe(y, starts, CELL, 0, range(1))
    own = channel.interpolate(
        alone, channel.learn(alone), broadcast.SYMBOLS[symbols], carriers
    )
    assert error < 0.6 * np.mean(np.abs(own - truth) ** 2)


@pytest.mark.parametrize("cfo_hz", [-700, 230])
def test_residual_cfo_is_measured(recorded, cfo_hz):
    y, starts = recorded(1.0, cfo_hz)
    observed = channel.observe(y, starts, CELL, 0, range(1))
    assert channel.residual_cfo([observed]) == pytest.approx(cfo_hz, abs=15)


def test_a_channel_that_turns_has_a_short_coherence(recorded, rng):
    """Each subframe has its own gain, so that nothing agrees after 2 ms."""
    y, starts = recorded(0.1)
    gains = rng.normal(size=(len(y) // 1920 + 1, 2)) @ [1, 1j]
    smooth = np.convolve(np.repeat(gains, 1920), np.ones(1920) / 1920, "same")
    observed = channel.observe(
        (y * smooth[: len(y)]).astype(np.complex64), starts, CELL, 0, range(-3, 4)
    )
    assert channel.learn(observed).coherence_s <= 1e-3


def test_nothing_received_is_no_channel():
    observed = channel.observe(
        np.zeros(3 * FRAME, np.complex64), [FRAME], CELL, 0, range(1)
    )
    known = channel.learn(observed)
    symbols, carriers = broadcast.elements(CELL)
    found = channel.interpolate(observed, known, broadcast.SYMBOLS[symbols], carriers)
    assert (found == 0).all()
