"""The receiver on streams of which everything is known."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.frame.ls import LeastSquares
from commgen.measures.decibel import noise_variance
from commgen.sdr.reception.receiver import FrameReceiver
from commgen.sdr.waveform.ofdm import sample_noise_variance
from commgen.sdr.waveform.payloads import Payloads
from commgen.sdr.waveform.transmitter import FrameTransmitter

NUM_FRAMES = 24
LEAD = 777  # samples before the first frame
CFO_HZ = 12_345.0
PAYLOADS = Payloads(RADIO_FRAME, seed=9)


def stream(snr_db, seed=4, *, taps=(1.0,), cfo_hz=CFO_HZ):
    """Frames through taps at multiples of a sample, turned, in noise."""
    rng = np.random.default_rng(seed)
    samples = FrameTransmitter(RADIO_FRAME).samples(
        PAYLOADS.bits(np.arange(NUM_FRAMES))
    )
    samples = np.convolve(np.r_[np.zeros(LEAD), samples.ravel()], taps)
    turn = np.exp(2j * np.pi * cfo_hz / 1.92e6 * np.arange(len(samples)))
    v = sample_noise_variance(RADIO_FRAME, noise_variance(snr_db))
    return (samples * turn + np.sqrt(v) * complex_normal(rng, samples.shape)).astype(
        "c8"
    )


def received(samples, *, chunk=100_000, **options):
    receiver = FrameReceiver(RADIO_FRAME, **options)
    parts = np.split(samples, range(chunk, len(samples), chunk))
    frames = [frame for part in parts for frame in receiver.push(part)]
    return frames + receiver.finish()


@pytest.fixture(scope="module")
def clean():
    return received(stream(20.0))


def test_all_frames_come_over_with_what_is_known_of_them(clean):
    assert [PAYLOADS.number_of(f.bits) for f in clean] == list(range(NUM_FRAMES))
    assert all(f.crc_ok for f in clean)
    assert sum(PAYLOADS.errors(f.bits) for f in clean) == 0
    assert {f.num_coded_errors for f in clean} == {0}
    assert {f.estimator for f in clean} == {"lmmse"}
    at = [f.start + f.delay_s * 1.92e6 for f in clean]
    np.testing.assert_allclose(at, LEAD + 2183 * np.arange(NUM_FRAMES), atol=0.8)
    # Three pilots of 72 elements at 20 dB, in a channel that might fade.
    assert np.mean([f.cfo_hz for f in clean]) == pytest.approx(CFO_HZ, abs=60)
    snr_db = np.array([f.snr_db for f in clean])
    # The deviation of one is 0.4 dB, from 216 residuals.
    assert snr_db.mean() == pytest.approx(20, abs=4 * 0.45 / NUM_FRAMES**0.5)
    evm_db = np.mean([f.evm_db for f in clean])
    assert -20 < evm_db < -18.5  # noise, and a little of the estimate


def test_slots_are_in_the_scale_of_the_samples(clean):
    quiet = received(0.01 * stream(20.0))
    sent = FrameTransmitter(RADIO_FRAME).grid(PAYLOADS.bits(np.arange(NUM_FRAMES)))
    for one, other, x in zip(clean, quiet, sent, strict=True):
        assert other.snr_db == pytest.approx(one.snr_db, abs=0.01)
        np.testing.assert_allclose(other.y, 0.01 * one.y, atol=1e-4)
        assert other.no == pytest.approx(1e-4 * one.no, rel=1e-2)
        assert np.mean(np.abs(one.y / x) ** 2) == pytest.approx(1.01, abs=0.05)
        error = np.mean(np.abs(one.y - one.h_hat * x) ** 2)
        assert error == pytest.approx(one.no, rel=0.4)


@pytest.mark.parametrize("chunk", [1, 501, 2183, 30_000])
def test_frames_are_the_same_however_the_stream_is_cut(chunk):
    samples = stream(8.0)[: 6000 if chunk == 1 else None]
    whole, cut = received(samples), received(samples, chunk=chunk)
    assert len(whole) == len(cut) >= 2
    for one, other in zip(whole, cut, strict=True):
        assert (one.start, one.crc_ok) == (other.start, other.crc_ok)
        np.testing.assert_array_equal(one.bits, other.bits)
        assert one.cfo_hz == pytest.approx(other.cfo_hz, abs=0.1)
        np.testing.assert_allclose(one.h_hat, other.h_hat, atol=1e-3)


@pytest.mark.parametrize("cfo_hz", [-29_000.0, -400.0, 7_500.0, 29_500.0])
@pytest.mark.parametrize("taps", [(1.0,), (0.2, 0.8, 0.5j, -0.3)])
def test_frames_come_over_at_any_cfo_and_through_echoes(cfo_hz, taps):
    frames = received(stream(15.0, taps=taps, cfo_hz=cfo_hz))
    assert [PAYLOADS.number_of(f.bits) for f in frames] == list(range(NUM_FRAMES))
    assert all(f.crc_ok for f in frames)
    assert np.mean([f.cfo_hz for f in frames]) == pytest.approx(cfo_hz, abs=60)


def test_frames_with_errors_say_so():
    frames = received(stream(1.2))
    failed = [f for f in frames if not f.crc_ok]
    assert len(frames) > len(failed) > 0
    assert {f.num_coded_errors for f in failed} == {None}
    right = [f for f in frames if f.crc_ok]
    assert all(PAYLOADS.errors(f.bits) == 0 for f in right)
    # QPSK at 0 dB, Q(1): some 16 % of the coded bits are wrong.
    share = np.mean([f.num_coded_errors / 1728 for f in right])
    assert 0.1 < share < 0.25


def test_estimator_and_threshold_change_between_pushes_without_a_loss():
    samples = stream(20.0)
    receiver = FrameReceiver(RADIO_FRAME, estimator="ls")
    half = LEAD + 12 * 2183 + 100  # within a frame
    frames = receiver.push(samples[:half])
    receiver.estimator, receiver.threshold = "lmmse", 0.6
    assert (receiver.estimator.name, receiver.threshold) == ("lmmse", 0.6)
    frames += receiver.push(samples[half:]) + receiver.finish()
    assert [f.estimator for f in frames] == ["ls"] * 12 + ["lmmse"] * 12
    assert [PAYLOADS.number_of(f.bits) for f in frames] == list(range(NUM_FRAMES))


def test_a_finished_receiver_begins_a_new_stream():
    samples = stream(20.0)[: LEAD + 2 * 2183]
    receiver = FrameReceiver(RADIO_FRAME)
    first = receiver.push(samples) + receiver.finish()
    second = receiver.push(samples) + receiver.finish()
    assert [f.start for f in first] == [f.start for f in second]
    # Cut at the last sample that is sent, the frame is there all the same.
    cut = receiver.push(samples[: LEAD + 15 * 137]) + receiver.finish()
    assert [f.crc_ok for f in cut] == [True]


def test_noise_and_tones_are_no_frames(rng):
    noise = complex_normal(rng, (300_000,))
    tone = 3 * np.exp(0.3j * np.arange(100_000)).astype("c8")
    assert received(noise) == []
    assert received(np.r_[tone, np.full(50_000, 2 + 1j, "c8")]) == []


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: FrameReceiver(estimator="mmse"), ValueError, "one of lmmse, ls, slot"),
        (lambda: FrameReceiver(estimator=3), TypeError, "estimator must be a name"),
        (
            lambda: FrameReceiver(
                estimator=LeastSquares(Frame(pilot_ofdm_symbol_indices=(3, 10)))
            ),
            ValueError,
            "estimator must be for the frame that is received",
        ),
        (
            lambda: FrameReceiver(Frame(pilot_subcarrier_step=2)),
            ValueError,
            "frame must have two or more pilot symbols",
        ),
        (lambda: FrameReceiver(threshold=2.0), ValueError, "threshold must be below 1"),
        (
            lambda: FrameReceiver().push(np.full(300, np.nan)),
            ValueError,
            "samples must be finite",
        ),
        (
            lambda: FrameReceiver().push(np.zeros((2, 300))),
            ValueError,
            r"samples must be \[num\]",
        ),
    ],
)
def test_bad_input_is_refused(call, error, match):
    with pytest.raises(error, match=match):
        call()
