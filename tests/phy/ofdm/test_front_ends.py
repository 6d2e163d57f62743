"""Devices between grid and channel."""

from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from scipy.special import erfc

from commgen.phy import parse_config
from commgen.phy.ofdm.front_ends import FrontEnds
from commgen.phy.ofdm.reception import Distortion
from commgen.phy.ofdm.spreading import Spreading
from commgen.phy.simulation.config_file import dump_config
from commgen.waveform import CarrierOffset, CpOfdm, Limiter

FFT, SPACING = 32, 30e3
LIMITER = {"kind": "limiter", "back_off_db": 0.0}
RAPP = {"kind": "rapp", "back_off_db": 3.0}


def qpsk(rng, *shape):
    return np.exp(0.5j * np.pi * (rng.integers(4, size=shape) + 0.5))


def times(grid, h):
    return np.einsum("abijksn,abksn->abisn", h[:, :, :, :1], grid)


@pytest.fixture
def made(base):
    """Return a maker of front ends around a channel of gain one, and QPSK for them."""

    def make(*, distortion="told", spread=False, num_rx_ant=1, devices, **keys):
        base["link"].update(
            fft_size=FFT, num_rx_ant=num_rx_ant, cyclic_prefix_length=4, **keys
        )
        base["link"]["impairments"] = {**devices, "distortion": distortion}
        streams = keys.get("num_streams", 1)
        base["channel"].update(num_rx_ant=num_rx_ant, num_tx_ant=streams)
        link = parse_config(base).link
        left, right = link.num_guard_carriers
        used = np.arange(left, FFT - right)
        used = used[used != FFT // 2] if link.dc_null else used
        rng = np.random.default_rng(5)

        def grids(num, words=None):
            x = qpsk(rng, num, 1, streams, 14, len(used))
            if spread:
                x = (
                    Spreading(link)
                    .spread(x.reshape(num, 1, streams, -1))
                    .reshape(x.shape)
                )
            grid = np.zeros((*x.shape[:-1], FFT), np.complex64)
            grid[..., used] = x
            return grid

        def channel(num):
            return np.ones((num, 1, num_rx_ant, 1, streams, 14, FFT), np.complex64)

        ends = FrontEnds(
            link, used, draw_grid=grids, draw_channel=channel, apply=times, seed=1
        )

        def run(num=100, batch=0):
            grid = grids(num)
            h, y = ends.through(grid, channel(num), batch)
            h = np.asarray(h)[:, 0, :, 0]
            return SimpleNamespace(x=grid[:, 0], h=h, y=np.asarray(y)[:, 0])

        return ends, run

    return make


def kernel(eps, num):
    """Return the gain of a tone at another one ``eps`` away, of an FFT of ``num``."""
    return np.sinc(eps) / np.sinc(eps / num)


def clipped(x, level):
    """Cut OFDM symbols [..., K] at ``level``: by a dense matrix of tones, no FFT."""
    tones = np.arange(FFT) - FFT // 2
    matrix = np.exp(2j * np.pi * np.outer(tones, np.arange(4 * FFT)) / (4 * FFT))
    samples = x @ matrix / FFT**0.5
    over = np.maximum(np.abs(samples) / level, 1)
    return (samples / over) @ matrix.conj().T / FFT**0.5 / 4


def test_qpsk_through_a_saturating_amplifier_errs_as_computed(made):
    """Symbol error rate in white noise, against Gaussian tails around bent points."""
    found, no = made(devices={"transmitter": [LIMITER]})[1](300), 10**-0.9
    rng = np.random.default_rng(7)
    noise = rng.normal(size=(2, *found.y.shape)) * np.sqrt(no / 2)
    z = (found.y + noise[0] + 1j * noise[1]) / found.h[:, :, 0]
    x = found.x
    wrong = (np.sign(z.real) != np.sign(x.real)) | (np.sign(z.imag) != np.sign(x.imag))

    own = qpsk(rng, 4000, FFT)
    bent = clipped(own, 1.0)
    bent /= np.sqrt(np.mean(np.abs(bent) ** 2))
    margins = np.stack([bent.real * np.sign(own.real), bent.imag * np.sign(own.imag)])
    error = erfc(margins / np.sqrt(no)) / 2
    expected = np.mean(1 - (1 - error[0]) * (1 - error[1]))
    per_slot = wrong.reshape(300, -1).mean(axis=1)
    four_sigma = 4 * per_slot.std() / np.sqrt(300)
    assert wrong.mean() == pytest.approx(expected, abs=four_sigma)
    linear = 1 - (1 - erfc(np.sqrt(0.5 / no)) / 2) ** 2
    assert expected > 1.5 * linear


@pytest.mark.parametrize("eps", [0.05, 0.2])
def test_a_carrier_offset_leaks_what_its_closed_form_says(made, eps):
    """The sum of the kernel over all other tones, in the mean over tones."""
    offset = {"kind": "carrier-offset", "offset_hz": eps * SPACING}
    ends, run = made(devices={"receiver": [offset]})
    apart = np.arange(FFT)[:, None] - np.arange(FFT) + eps
    power = kernel(apart, 4 * FFT) ** 2
    leaked = (power.sum() - np.trace(power)) / FFT
    assert ends.distortion.sent == 0
    assert ends.distortion.received == pytest.approx(leaked, rel=0.03)
    # A genie knows what is left of the tones, and how they turn between symbols.
    h = run().h[:, 0, 0, :, 0]
    assert np.abs(h).mean() == pytest.approx(np.sinc(eps), rel=0.01)
    step = np.exp(2j * np.pi * eps * (FFT + 4) / FFT)
    assert abs(np.mean(h[:, 1:] / h[:, :-1]) - step) < 0.05


def test_phase_noise_has_the_common_phase_error_of_its_formula(made):
    """Of the first symbol: P samples of prefix, and the mean over N behind it."""
    width = 30.0
    noise = {"kind": "phase-noise", "linewidth_hz": width}
    ends, run = made(devices={"receiver": [noise]}, num_rx_ant=2)
    h = run(800).h[:, :, 0, :, 0]
    np.testing.assert_allclose(np.angle(h[:, 0]), np.angle(h[:, 1]), atol=0.1)
    num, prefix = 4 * FFT, 4 * 4
    step = 2 * np.pi * width / (num * SPACING)
    expected = step * (prefix + (num - 1) * (2 * num - 1) / (6 * num))
    # A projection on 32 tones has a 64th of the power that leaks in its phase.
    expected += ends.distortion.received / FFT / 2
    found = np.angle(h[:, 0, 0]).var()
    assert found == pytest.approx(expected, abs=4 * expected * np.sqrt(2 / 800))


@pytest.mark.parametrize(("offset_hz", "most"), [(0.0, 1e-5), (2e3, 0.03)])
def test_it_is_what_happens_in_time(made, offset_hz, most):
    """An amplifier, echoes within the prefix, another carrier: sample by sample.

    With an offset what the amplifier adds beside the tones leaks in, in time alone.
    """
    shift = {"kind": "carrier-offset", "offset_hz": offset_hz}
    ends, run = made(devices={"transmitter": [LIMITER], "receiver": [shift]})
    grid = run(3).x[:, None]
    delays, gains = np.array([0, 3, 15]), np.array([0.8, 0.5j, -0.3])
    tones = np.arange(FFT) - FFT // 2
    response = gains @ np.exp(-2j * np.pi * np.outer(delays, tones) / (4 * FFT))
    h = np.tile(response, (3, 1, 1, 1, 1, 14, 1))
    _, y = ends.through(grid, h, 0)

    ofdm = CpOfdm(FFT, cyclic_prefix_length=4, subcarrier_spacing_hz=SPACING)
    sent = Limiter(0.0)(ofdm.modulate(grid[:, 0]))
    heard = sum(
        gain * np.roll(np.pad(sent, [(0, 0), (0, 0), (0, 16)]), delay, axis=-1)
        for delay, gain in zip(delays, gains, strict=True)
    )[..., : sent.shape[-1]]
    turned = CarrierOffset(offset_hz, ofdm.sampling_rate_hz)(heard)
    expected = ofdm.demodulate(turned)
    scale = np.vdot(expected, y) / np.vdot(expected, expected)
    assert scale.real > 1.05  # what the amplifier took is made up for
    assert np.abs(np.asarray(y)[:, 0] - scale * expected).max() < most


def test_predistortion_with_back_off_above_the_peak_is_linear(made):
    far = {"kind": "rapp", "back_off_db": 15.0, "predistorted": True}
    linear = made(devices={"transmitter": [far]})[1]()
    np.testing.assert_allclose(linear.y, linear.x, atol=2e-5)
    np.testing.assert_allclose(linear.h, 1, atol=2e-5)
    bent = made(devices={"transmitter": [{**far, "predistorted": False}]})[1]()
    assert np.abs(bent.y - bent.x).max() > 1e-3


def test_what_is_sent_has_unit_power_and_the_distortion_that_is_told(made):
    ends, run = made(
        devices={"transmitter": [RAPP]}, num_guard_carriers=(5, 4), dc_null=True
    )
    found = run(300, batch=1)
    used = np.abs(found.x[0, 0, 0]) > 0
    np.testing.assert_array_equal(found.y[..., ~used], 0)
    assert np.mean(np.abs(found.y[..., used]) ** 2) == pytest.approx(1, abs=0.01)
    gain = np.vdot(found.x, found.y) / np.vdot(found.x, found.x)
    added = np.mean(np.abs(found.y / gain - found.x)[..., used] ** 2)
    assert ends.distortion.sent == pytest.approx(added, rel=0.04)
    assert np.abs(found.h).mean() == pytest.approx(abs(gain), rel=0.01)


def test_a_converter_adds_its_twelfth_of_a_squared_step(made):
    """Of four times as many samples a quarter falls on the tones."""
    converter = {"kind": "converter", "num_bits": 6, "back_off_db": 12.0}
    ends, _ = made(devices={"receiver": [converter]})
    step = np.sqrt(10**1.2 / 2) / 2**5
    assert ends.distortion.received == pytest.approx(2 * step**2 / 12 / 4, rel=0.1)
    ignored, _ = made(devices={"receiver": [converter]}, distortion="ignored")
    assert ignored.distortion == Distortion()


def test_each_stream_has_an_amplifier_of_its_own(made):
    _, run = made(devices={"transmitter": [LIMITER]}, num_streams=2, num_rx_ant=2)
    found = run(8)
    assert np.abs(found.h[:, 0, 0] - found.h[:, 0, 1]).max() > 0.01
    np.testing.assert_array_equal(found.h[:, 0], found.h[:, 1])


def test_a_silent_symbol_has_the_mean_gain(made):
    ends, run = made(devices={"transmitter": [LIMITER]})
    grid = run(20).x[:, None].copy()
    grid[:, :, :, 3] = 0
    h, y = ends.through(grid, np.ones((20, 1, 1, 1, 1, 14, FFT), np.complex64), 0)
    np.testing.assert_array_equal(np.asarray(y)[:, :, :, 3], 0)
    gains = np.asarray(h)[:, 0, 0, 0, 0, :, 0]
    assert np.abs(gains[:, 3] - gains.mean()).max() < 0.01


def test_slots_without_pilots_can_be_measured(made):
    devices = {"transmitter": [LIMITER]}
    ends, _ = made(devices=devices, pilot_ofdm_symbol_indices=())
    assert ends.distortion.pilots == ends.distortion.sent > 0.01


def test_spread_data_bend_less(made):
    plain, _ = made(devices={"transmitter": [{**LIMITER, "back_off_db": 1.0}]})
    base = {"waveform": {"kind": "dft-spread"}, "spread": True}
    spread, _ = made(devices={"transmitter": [{**LIMITER, "back_off_db": 1.0}]}, **base)
    assert spread.distortion.sent < 0.8 * plain.distortion.sent


def test_what_devices_draw_follows_from_seed_and_batch(made):
    noise = {"kind": "phase-noise", "linewidth_hz": 100.0}
    ends, run = made(devices={"receiver": [noise], "transmitter": [RAPP]})
    grid, h = run(4).x[:, None], np.ones((4, 1, 1, 1, 1, 14, FFT), np.complex64)
    first, other, again = (ends.through(grid, h, b)[1] for b in (0, 1, 0))
    np.testing.assert_array_equal(first, again)
    assert np.abs(np.asarray(first) - np.asarray(other)).max() > 0.01
    np.testing.assert_array_equal(
        first,
        made(devices={"receiver": [noise], "transmitter": [RAPP]})[0].through(
            grid, h, 0
        )[1],
    )


def test_they_are_written_with_the_configuration(base):
    base["link"]["impairments"] = {"transmitter": [RAPP], "receiver": []}
    base["link"]["waveform"] = {"kind": "dft-spread"}
    config = parse_config(base)
    assert "back_off_db: 3.0" in dump_config(config)
    assert parse_config(yaml.safe_load(dump_config(config))) == config


FAULTS = [
    ("waveform", {"sampling_rate_hz": 1e5}, r"sampling_rate_hz: must be at least the"),
    ("waveform", {"sampling_rate_hz": 1e6}, r"1 to 16 times .*, got 1\.04"),
    ("waveform", {"window_length": 5}, r"window_length: must be at most cyclic_prefix"),
    ("waveform", {"kind": "fbmc"}, r"link\.waveform\.kind: .*'fbmc'"),
    ("waveform", {"rolloff": 1}, r"link\.waveform\.rolloff: is an unknown key"),
    ("impairments", {}, r"link\.impairments: must name at least one, got none"),
    ("impairments", {"transmitter": [{"kind": "x"}]}, r"0\.kind: must be one of rapp,"),
    ("impairments", {"antenna": []}, r"impairments\.antenna: is an unknown key"),
    (
        "impairments",
        {"transmitter": [{**RAPP, "back_off_db": float("inf")}]},
        r"transmitter\.0\.back_off_db: must be finite, got inf",
    ),
    (
        "impairments",
        {"receiver": [{"kind": "carrier-offset", "offset_hz": 3e6}]},
        r"receiver\.0\.offset_hz: must be at most half the sampling rate, 1\.92e\+06",
    ),
]


@pytest.mark.parametrize(("key", "value", "message"), FAULTS)
def test_what_cannot_be_is_refused(base, key, value, message):
    base["link"].update({"fft_size": FFT, "cyclic_prefix_length": 4, key: value})
    with pytest.raises(ValueError, match=message):
        parse_config(base)
