"""Residual CFO, noise and power of slots of which all three are known."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.frame.bursts import Bursts
from commgen.frame.covariance import robust_covariance
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.frame.lmmse import covariance_root
from commgen.sdr.reception.tuning import PilotTuner
from commgen.sdr.waveform.preamble import preamble_symbol
from commgen.sdr.waveform.transmitter import FrameTransmitter

NUM = 1000
ROWS_S = np.arange(-1, 14) * RADIO_FRAME.symbol_duration_s


@pytest.fixture(scope="module")
def tuner():
    return PilotTuner(RADIO_FRAME)


@pytest.fixture(scope="module")
def sent():
    """Preamble and slot, through channels that fade as the tuner expects."""
    rng = np.random.default_rng(0)
    transmit = FrameTransmitter(RADIO_FRAME)
    x = np.empty((NUM, 15, 72), np.complex64)
    x[:, 0] = preamble_symbol(RADIO_FRAME)[RADIO_FRAME.subcarrier_index]
    x[:, 1:] = transmit.grid(rng.integers(0, 2, (NUM, transmit.k), dtype=np.uint8))
    G_t, G_f = map(covariance_root, robust_covariance(RADIO_FRAME, num_before=1))
    c = complex_normal(rng, (NUM, G_t.shape[1], G_f.shape[1]))
    return x * (G_t @ c @ G_f.T)


def noisy(sent, no, seed=1):
    noise = complex_normal(np.random.default_rng(seed), sent.shape)
    return (sent + np.sqrt(no) * noise).astype(np.complex64)


@pytest.mark.parametrize("no", [1.0, 0.1, 1e-3])
def test_noise_and_power_are_those_of_the_slot(tuner, sent, no):
    tuned = tuner(noisy(sent, no))
    # 208 residuals, of which three quarters count; of fading the power itself varies.
    assert tuned.no.mean() == pytest.approx(no, rel=0.03)
    assert tuned.no.std() < 0.12 * no
    power = np.mean(np.abs(sent[:, [3, 12]]) ** 2, axis=(1, 2))
    error = tuned.power - power
    assert abs(error.mean()) < 4 * error.std() / NUM**0.5 + 0.03


def test_bursts_hardly_raise_the_noise(tuner, sent):
    """The plain mean of the residuals would more than double."""
    burst = Bursts(power_db=(10.0, 10.0)).draw(NUM, (15, 72), seed=5)
    grids = noisy(sent, 0.1) + burst
    assert np.median(tuner(grids).no) == pytest.approx(0.1, rel=0.35)


@pytest.mark.parametrize("no", [0.3, 0.01])
def test_residual_cfo_is_found_and_taken_out(tuner, sent, no):
    rng = np.random.default_rng(3)
    cfo_hz = rng.uniform(-400, 400, NUM)
    turned = sent * np.exp(2j * np.pi * cfo_hz[:, None] * ROWS_S)[..., None]
    tuned = tuner(noisy(turned, no))
    # The channel itself turns by up to 350 Hz, so that this much is left.
    assert np.sqrt(np.mean((tuned.cfo_hz - cfo_hz) ** 2)) < 200
    still = tuner(noisy(sent, no))
    assert abs(np.mean(tuned.cfo_hz - cfo_hz - still.cfo_hz)) < 15
    slot_s = np.arange(14) * RADIO_FRAME.symbol_duration_s
    turn = np.exp(-2j * np.pi * np.outer(tuned.cfo_hz, slot_s))
    expected = noisy(turned, no)[:, 1:] * turn[..., None]
    np.testing.assert_allclose(tuned.y, expected, atol=1e-4)


def test_told_cfo_is_left_alone(tuner, sent):
    grids = noisy(sent, 0.1)
    tuned = tuner(grids, cfo=False)
    np.testing.assert_array_equal(tuned.y, grids[:, 1:])
    np.testing.assert_array_equal(tuned.cfo_hz, 0)


def test_nothing_at_all_gives_finite_numbers(tuner):
    tuned = tuner(np.zeros((2, 15, 72), np.complex64))
    assert np.all(tuned.no > 0)
    assert np.all(tuned.power > 0)
    assert np.all(np.isfinite(tuned.y))


def test_frames_of_one_pilot_symbol_are_refused():
    with pytest.raises(
        ValueError, match=r"two or more pilot symbols .*, got 1 symbols"
    ):
        PilotTuner(Frame(pilot_ofdm_symbol_indices=(4,)))
