"""Recorded channels: exact on their grid, every row in turn, clear refusals."""

import h5py
import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.channel import (
    OFDMChannel,
    cir_to_ofdm_channel,
    subcarrier_frequencies,
)
from sionna.phy.ofdm import ResourceGrid

from commgen.channels import RecordedChannel, response_to_taps
from commgen.datasets import ChannelMeta, write_channels


def channels(*shape, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(*shape, 2)) @ [1, 1j]).astype(np.complex64)


@pytest.mark.parametrize("num", [1, 8, 30, 31])
def test_exact_in_an_ofdm_channel(num):
    h = channels(6, 3, 2, 1, num)
    source = RecordedChannel(h, 1.25e6, seed=0)
    grid = ResourceGrid(4, num, 1.25e6, num_tx=1, num_streams_per_tx=2)
    channel = OFDMChannel(source, grid, return_channel=True)
    _, h_freq = channel(tf.ones([6, 1, 2, 4, num], tf.complex64))
    rows = source.labels["row"]
    assert sorted(rows) == list(range(6))
    expected = np.repeat(h[rows], 4, axis=3)
    np.testing.assert_allclose(h_freq[:, 0, :, 0], expected, atol=2e-4)


def test_own_grid_is_served_unchanged():
    h = channels(6, 3, 2, 1, 30)
    source = RecordedChannel(h, 1.25e6, seed=0)
    served = source.frequency_response(6, 2, 1.0, 30, 1.25e6)
    rows = source.labels["row"]
    np.testing.assert_array_equal(served[:, 0, :, 0], np.repeat(h[rows], 2, axis=3))


def test_another_grid_interpolates_the_taps():
    """Early taps on a grid of half the spacing: the old subcarriers are every other."""
    taps = channels(1, 1, 1, 1, 16) * (np.arange(16) < 4)
    source = RecordedChannel.from_taps(taps, 16 * 30e3, seed=0)
    a, tau = source(1, 1, 1.0)
    h = cir_to_ofdm_channel(subcarrier_frequencies(32, 15e3), a, tau)
    coarse = cir_to_ofdm_channel(subcarrier_frequencies(16, 30e3), a, tau)
    np.testing.assert_allclose(h[..., ::2], coarse, atol=1e-5)


def test_from_taps_keeps_the_taps():
    taps = channels(3, 2, 1, 1, 9)
    source = RecordedChannel.from_taps(taps, 1e6, seed=0)
    a, tau = source.take([2, 0])
    np.testing.assert_allclose(a[:, 0, :, 0, :, :, 0], taps[[2, 0], :, :, 0], atol=1e-6)
    np.testing.assert_allclose(tau[1, 0, 0], np.arange(9) / 1e6, rtol=1e-6)


def test_every_epoch_holds_each_channel_once():
    source = RecordedChannel(channels(10, 1, 1, 1, 2), 15e3, seed=3)
    rows = []
    for _ in range(5):  # batches of 4: the third straddles two epochs
        source(4, 1, 1.0)
        rows.extend(source.labels["row"])
    assert sorted(rows[:10]) == list(range(10))
    assert sorted(rows[10:]) == list(range(10))
    assert rows[:10] != rows[10:]


def test_batches_may_be_longer_than_the_record():
    source = RecordedChannel(channels(3, 1, 1, 1, 2), 15e3, seed=3)
    source(9, 1, 1.0)
    assert np.bincount(source.labels["row"]).tolist() == [3, 3, 3]


def test_with_replacement_draws_are_independent():
    source = RecordedChannel(channels(4, 1, 1, 1, 2), 15e3, seed=3, replace=True)
    source(4000, 1, 1.0)
    counts = np.bincount(source.labels["row"], minlength=4)
    assert np.all(np.abs(counts - 1000) < 4 * np.sqrt(4000 * 0.25 * 0.75))
    assert len(counts) == 4


def test_time_steps_are_played_from_the_first():
    h = channels(2, 1, 1, 5, 4)
    source = RecordedChannel(h, 15e3, time_step_s=1e-3, seed=0)
    a, _ = source(2, 3, 1e3)
    rows = source.labels["row"]
    expected = response_to_taps(h[rows])[:, :, :, :3]
    np.testing.assert_allclose(
        np.moveaxis(a[:, 0, :, 0].numpy(), -1, 3), expected, atol=1e-6
    )


def test_same_indices_under_xla():
    source = RecordedChannel(channels(50, 1, 1, 1, 2), 15e3, seed=3)
    source.draw(16, 1, 1.0)
    rows = source.labels["row"]
    source.set_seed(3)
    draw = tf.function(
        lambda: source.draw(16, 1, 1.0)[2]["row"], autograph=False, jit_compile=True
    )
    np.testing.assert_array_equal(draw(), rows)


@pytest.mark.parametrize("domain", ["frequency", "delay"])
def test_from_file(tmp_path, domain):
    h = channels(5, 2, 1, 1, 8)
    rate = {"frequency": "subcarrier_spacing_hz", "delay": "sample_rate_hz"}[domain]
    meta = ChannelMeta(domain=domain, **{rate: 15e3})
    write_channels(tmp_path / "h.h5", h, meta, {})
    source = RecordedChannel.from_file(tmp_path / "h.h5", rows=[1, 3], seed=0)
    a, tau = source.take([0, 1])
    taps = h[[1, 3]] if domain == "delay" else response_to_taps(h[[1, 3]])
    np.testing.assert_allclose(a[:, 0, :, 0, :, :, 0], taps[:, :, :, 0], atol=1e-6)
    step = 1 / 15e3 if domain == "delay" else 1 / (8 * 15e3)
    np.testing.assert_allclose(tau[0, 0, 0, 1], step, rtol=1e-6)
    assert (source.num_samples, source.num_rx_ant, source.num_tx_ant) == (2, 2, 1)


def test_from_file_refuses_a_damaged_one(tmp_path):
    """Compared with its checksum, whatever rows are asked for."""
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=15e3)
    write_channels(tmp_path / "h.h5", channels(5, 1, 1, 1, 8), meta, {})
    with h5py.File(tmp_path / "h.h5", "r+") as file:
        file["h"][4] = 1
    with pytest.raises(ValueError, match="is damaged: its content has the checksum"):
        RecordedChannel.from_file(tmp_path / "h.h5", rows=[1], seed=0)


def with_nan():
    h = channels(2, 1, 1, 1, 4)
    h[1, 0, 0, 0, 2] = np.nan
    return h


@pytest.mark.parametrize(
    ("h", "options", "message"),
    [
        (np.ones((2, 4)), {}, r"h must be \[num_samples, .* got 2 dimensions \(2, 4\)"),
        (np.ones((0, 1, 1, 1, 4)), {}, r"h must not be empty, got shape \(0, 1"),
        (with_nan(), {}, r"h must be finite, got 1 .* at index \(1, 0, 0, 0, 2\)"),
        (np.full((2, 1, 1, 1, 4), 1e-50), {}, r"h must have .* sample 0 has .* 1e-50"),
        (np.full((2, 1, 1, 1, 4), 1e50j), {}, r"h must have .* sample 0 has .* 1e\+50"),
        (np.broadcast_to(0j, (2**20, 1, 1, 1, 256)), {}, "at most 1 GiB .* 2.00 GiB"),
        (channels(1, 1, 1, 1, 2), {"time_step_s": -1.0}, "time_step_s must be finite"),
        (channels(1, 1, 1, 1, 2), {"seed": -1}, "seed must be at least 0"),
    ],
)
def test_refuses_bad_records(h, options, message):
    with pytest.raises(ValueError, match=message):
        RecordedChannel(h, 15e3, **{"seed": 0, **options})


def test_refuses_a_bad_spacing():
    with pytest.raises(ValueError, match="subcarrier_spacing_hz must be finite and"):
        RecordedChannel(channels(1, 1, 1, 1, 2), 0.0, seed=0)


def test_refuses_an_unknown_option():
    with pytest.raises(TypeError, match="shuffel"):
        RecordedChannel.from_taps(channels(1, 1, 1, 1, 2), 1e6, shuffel=True, seed=0)


def test_refuses_more_steps_than_recorded_and_another_rate():
    source = RecordedChannel(channels(2, 1, 1, 5, 4), 15e3, time_step_s=1e-3, seed=0)
    with pytest.raises(ValueError, match=r"must be at most 5.* got 6"):
        source(1, 6, 1e3)
    with pytest.raises(ValueError, match=r"must be 1000 Hz.* got 2000"):
        source(1, 2, 2e3)
    with pytest.raises(ValueError, match="num_time_steps must be known"):
        tf.function(lambda n: source(1, n, 1e3), autograph=False)(tf.constant(2))
    assert source(1, 2, 1.05e3)[0].shape[-1] == 2
