"""The air as a whole."""

import numpy as np
import pytest
from pydantic import ValidationError

from commgen.datasets import ChannelMeta, write_channels
from commgen.frame.bursts import Bursts
from commgen.sdr.air.air import Air
from commgen.sdr.air.config import AirConfig

ALL = AirConfig(
    channel="TDL-E",
    delay_spread_s=300e-9,
    speed_m_s=30.0,
    renewal=2183,
    snr_db=5.0,
    cfo_hz=-7e3,
    clock_error_ppm=40.0,
    linewidth_hz=50.0,
    tone_db=-3.0,
    tone_hz=2e5,
    dc_offset=0.1,
    bursts=Bursts(),
    seed=3,
)


def white(num, seed=0):
    parts = np.random.default_rng(seed).standard_normal((num, 2), np.float32)
    return (parts * np.float32(0.5**0.5)).view(np.complex64)[:, 0]


def test_any_chunks_give_the_same_samples():
    x = white(30_000)
    at_once, air = Air(ALL).push(x), Air(ALL)
    cuts = np.sort(np.random.default_rng(1).integers(len(x), size=200))
    parts = [air.push(part) for part in np.split(x, cuts)]
    assert np.array_equal(np.concatenate(parts), at_once)
    other = Air(ALL.model_copy(update={"seed": 4})).push(x)
    assert np.abs(other - at_once).max() > 0.1


def test_noise_has_the_power_that_the_snr_says():
    """Of a subcarrier: 72 of 128 carry the signal's power."""
    air = Air(AirConfig(channel="AWGN", snr_db=3.0))
    noise = air.push(np.zeros(400_000, np.complex64))
    expected = 10**-0.3 * 128 / 72
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(expected, rel=4 / 400_000**0.5)
    air.snr_db = None
    assert not np.any(air.push(np.zeros(100, np.complex64)))


def test_the_first_path_comes_after_the_latency():
    quiet = {"snr_db": None, "delay_spread_s": 0.0}
    for config in (
        AirConfig(channel="AWGN", snr_db=None),
        AirConfig(channel="TDL-B", **quiet),
        AirConfig(channel="TDL-B", clock_error_ppm=0.01, **quiet),
    ):
        air, x = Air(config), np.zeros(200, np.complex64)
        x[100] = 1
        y = np.abs(air.push(x))
        assert y.argmax() == 100 + air.latency
        assert y.sum() == pytest.approx(y.max(), rel=1e-2)


def test_offset_tone_and_settings_are_where_they_should_be():
    config = AirConfig(
        channel="AWGN", snr_db=None, dc_offset=0.5, tone_db=-20.0, tone_hz=3e5
    )
    spectrum = np.fft.fft(Air(config).push(np.zeros(1280, np.complex64))) / 1280
    assert np.abs(spectrum[[0, 200]]) == pytest.approx([0.5, 0.1], rel=1e-4)
    air = Air(AirConfig(channel="AWGN", snr_db=None))
    air.cfo_hz = 15e3
    spectrum = np.fft.fft(air.push(np.ones(1280, np.complex64))) / 1280
    assert np.abs(spectrum[10]) == pytest.approx(1, rel=1e-4)
    with pytest.raises(ValueError, match=r"cfo_hz must be finite, got nan"):
        air.cfo_hz = np.nan
    with pytest.raises(ValueError, match=r"snr_db must be between -150 and 150"):
        air.snr_db = 1000.0


@pytest.mark.parametrize(("num_steps", "domain"), [(1, "delay"), (14, "frequency")])
def test_a_file_is_played_one_channel_a_renewal(tmp_path, num_steps, domain):
    rng = np.random.default_rng(0)
    taps = np.zeros((3, 1, 1, num_steps, 128), complex)
    shape = (3, 1, 1, num_steps, 4)
    taps[..., :4] = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    spacing = {"subcarrier_spacing_hz": 15e3}
    h = taps
    if domain == "frequency":
        k = np.arange(128) - 64
        h = taps @ np.exp(-2j * np.pi / 128 * np.outer(np.arange(128), k))
        h = h[..., 28:101]
    else:
        spacing = {"sample_rate_hz": 1.92e6}
    step_s = 137 / 1.92e6 if num_steps > 1 else None
    meta = ChannelMeta(domain=domain, time_step_s=step_s, **spacing)
    write_channels(tmp_path / "c.h5", h, meta)
    config = AirConfig(channel_file=tmp_path / "c.h5", renewal=2000, snr_db=None)
    air, f = Air(config), 0.21
    wave = np.exp(2j * np.pi * f * np.arange(6000)).astype(np.complex64)
    y = air.push(wave) / wave * np.exp(2j * np.pi * f * air.latency)
    response = taps[:, 0, 0, :, :4] @ np.exp(-2j * np.pi * f * np.arange(4))
    played = y.reshape(3, 2000)
    # At each time step, behind what the filter still holds of the last channel.
    looks = np.arange(1, num_steps) * 137 if num_steps > 1 else np.array([500])
    wanted = response[:, 1:] if num_steps > 1 else response
    order = [np.abs(wanted - row).sum(1).argmin() for row in played[:, looks]]
    assert sorted(order) == [0, 1, 2]
    assert np.abs(played[:, looks] - wanted[order]).max() < 0.02


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channel": "TDL-F"}, "channel"),
        ({"snr_db": 1e6}, "snr_db"),
        ({"delay_spread_s": -1.0}, "delay_spread_s"),
        ({"speed_m_s": "fast"}, "speed_m_s"),
        ({"renewal": 0}, "renewal"),
        ({"channel_file": "c.h5"}, "renewal must be given with channel_file"),
        ({"bursts": {"power_db": (3.0, 1.0)}}, "power_db must be ascending"),
        ({"speed": 3.0}, "speed"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        AirConfig(**settings)


def test_bad_samples_and_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"samples must be \[num\], got \(2, 3\)"):
        Air(AirConfig()).push(np.zeros((2, 3), np.complex64))
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=60e3)
    write_channels(tmp_path / "wide.h5", np.ones((1, 1, 1, 1, 64), complex), meta)
    with pytest.raises(ValueError, match=r"must fit into 1.92e\+06 samples a second"):
        Air(AirConfig(channel_file=tmp_path / "wide.h5", renewal=100))
