"""Channels of decoded frames."""

import numpy as np
import pytest

from commgen.datasets import read_channels
from commgen.datasets.slots import load_slots
from commgen.frame.frame import RADIO_FRAME
from commgen.sdr.air.air import Air
from commgen.sdr.air.config import AirConfig
from commgen.sdr.air.fading import TappedDelayLine
from commgen.sdr.air.interpolation import LEAD
from commgen.sdr.air.profiles import delay_profiles
from commgen.sdr.reception.receiver import FrameReceiver
from commgen.sdr.reception.recording import (
    ChannelRecorder,
    SlotSmoother,
    record_channels,
)
from commgen.sdr.waveform.numbered import NumberedFrames

NUM = 60


def stream(config, num=NUM):
    """Yield frames over the air, some thousand samples at a time, and a gap."""
    samples = NumberedFrames(seed=1)(np.arange(num)).ravel()
    y = Air(config).push(np.concatenate([samples, np.zeros(2183, np.complex64)]))
    yield from np.array_split(y, 9)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    config = AirConfig(
        channel="TDL-C",
        delay_spread_s=200e-9,
        speed_m_s=20.0,
        renewal=2183,
        snr_db=20.0,
        cfo_hz=3e3,
        seed=5,
    )
    path = tmp_path_factory.mktemp("recorded") / "site.h5"
    recorder = record_channels(stream(config), FrameReceiver(), NUM)
    recorder.write(path, carrier_hz=3.5e9, scenario="test")
    return config, path, read_channels(path)


def truth(config, starts, cfo_hz, delays):
    """Return what the recorder should hold, from the taps of the air themselves."""
    line = TappedDelayLine(
        delay_profiles()[config.channel],
        config.delay_spread_s,
        config.doppler_hz,
        1.92e6,
        max_length=2183,
        seed=config.seed,
    )
    k = np.arange(-36, 37)
    F = np.exp(-2j * np.pi / 128 * np.outer(np.arange(line.num_taps) - LEAD, k))
    out = []
    for start, offset_hz, delay in zip(starts, cfo_hz, delays, strict=True):
        number = round(start / 2183)
        rows = 137 * np.arange(1, 15) + 73  # the middle of each symbol of the slot
        at = rows / line.step
        taps = line.block(number, 0)
        low = at.astype(int)
        now = taps[low] + (at - low)[:, None] * (taps[low + 1] - taps[low])
        late = (LEAD + 2183 * number - start) - delay * 1.92e6
        turn = np.exp(2j * np.pi * (config.cfo_hz - offset_hz) / 1.92e6 * rows)
        shift = np.exp(-2j * np.pi / 128 * k * late)
        out.append(turn[:, None] * (now @ F) * shift)
    return np.array(out)


def test_the_channels_are_those_of_the_air_but_for_a_phase(recorded):
    """CFO and carrier leave a phase of each slot that nobody knows."""
    config, _, (h, meta, labels) = recorded
    assert h.shape[1:] == (1, 1, 14, 73)
    assert len(h) > 0.95 * NUM
    h_true = truth(config, labels["start"], labels["cfo_hz"], labels["delay_s"])
    h = h[:, 0, 0]
    inner = np.sum(h_true.conj() * h, axis=(1, 2))
    power = np.sum(np.abs(h_true) ** 2, axis=(1, 2))
    likeness = np.abs(inner) ** 2 / power / np.sum(np.abs(h) ** 2, axis=(1, 2))
    # The noise of y / x would leave 20 dB on average.
    assert 10 * np.log10(1 - np.median(likeness)) < -30
    assert np.mean(np.abs(h) ** 2) == pytest.approx(1, rel=1e-4)
    assert meta.carrier_hz == 3.5e9


def test_labels_tell_noise_and_offset(recorded):
    _, path, (_, _, labels) = recorded
    assert labels["cfo_hz"] == pytest.approx(3e3, abs=400)
    assert np.median(labels["snr_db"]) == pytest.approx(20, abs=3)
    ratio = np.median(labels["err_var"] / labels["noise_var"])
    assert 0.003 < ratio < 0.04
    assert load_slots(path).h.shape[1:] == (14, 72)


def test_the_smoother_errs_as_it_promises():
    """TDL-C in noise of -10 dB; the filter was made for a wider range of channels."""
    rng = np.random.default_rng(3)
    smoother = SlotSmoother(RADIO_FRAME)
    line = TappedDelayLine(delay_profiles()["TDL-C"], 150e-9, 175.0, 1.92e6, seed=4)
    k = RADIO_FRAME.subcarriers
    F = np.exp(-2j * np.pi / 128 * np.outer(np.arange(line.num_taps) - LEAD, k))
    assert line.step == 128  # samples, nearly a symbol
    h = np.stack([line.block(r, 0)[:14] @ F for r in range(300)])
    noise = rng.standard_normal((2, *h.shape))
    no = np.full(len(h), 0.1)
    y = (h + np.sqrt(0.05) * (noise[0] + 1j * noise[1])).astype(np.complex64)
    h_hat, err_var = smoother(y, no)
    errors = np.mean(np.abs(np.delete(h_hat, 36, axis=2) - h) ** 2, axis=(1, 2))
    assert errors.mean() < 0.1 * 0.03
    assert errors.mean() / err_var.mean() == pytest.approx(1, abs=0.4)


def test_nothing_decoded_is_refused():
    with pytest.raises(ValueError, match=r"at least one decoded frame, got 0"):
        ChannelRecorder().write("nowhere.h5")


def test_recording_ends_with_what_was_wanted():
    config = AirConfig(channel="AWGN", snr_db=20.0)
    assert len(record_channels(stream(config), FrameReceiver(), 7)) == 7
    assert len(record_channels(stream(config, 5), FrameReceiver(), 7)) == 5
