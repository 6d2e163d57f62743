"""Links whose data are shaped QAM."""

from functools import cache

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.channels import RecordedChannel
from commgen.coding.matching import matcher_of
from commgen.frame.fields import frame_of
from commgen.frame.llr import demap
from commgen.frame.shaped import ShapedCode
from commgen.measures.decibel import noise_variance
from commgen.phy import Link, parse_config
from commgen.phy.estimation.perfect import PerfectCSI
from commgen.phy.ofdm.codec import Transmitter, code_of
from commgen.phy.ofdm.symbols import symbols_of
from commgen.phy.receiver import EstimatorReceiver

SHAPING = {"length": 96, "num_bits": 154}


def config_with(base, shaping=None, **link):
    base["channel"]["num_rx_ant"] = 1
    base["link"].update(
        num_rx_ant=1, num_bits_per_symbol=6, coderate=2 / 3, fft_size=48
    )
    base["link"].update(num_decoder_iterations=20, **link)
    if shaping is not None:
        base["link"]["shaping"] = shaping
    return parse_config(base)


@cache
def link_of(config):
    """Return a link over ones; the same one, once it is traced."""
    h = np.ones((4, 1, 1, 1, 48), np.complex64)
    return Link(config, RecordedChannel(h, 30e3, seed=1), seed=1, jit_compile=False)


def counts(config, snr_db, num=64, **receivers):
    link = link_of(config.link)
    perfect = PerfectCSI(link.resource_grid)
    receivers = receivers or {"once": {}}
    every = {n: EstimatorReceiver(perfect, **o) for n, o in receivers.items()}
    pending = np.ones((len(every), 1), bool)
    found = link.run_batch(0, num, np.array([snr_db]), every, pending)
    return [made for *_, made in found]


def transmitter_of(config):
    link = config.link
    return Transmitter(link.layout, symbols_of(link), code_of(link))


def test_without_noise_all_comes_back(base):
    config = config_with(base, SHAPING)
    layout = config.link.layout
    # As many bits as plain QAM of the rate carries, and whole sequences.
    assert layout.num_codewords * layout.k == 48 * 12 * 4
    assert layout.n // 6 * 2 % 96 == 0
    (found,) = counts(config, 50.0, 8)
    assert found.bit_errors.sum() == 0


def test_symbols_that_fill_no_sequence_are_filler(base, rng):
    shaping = {"matcher": "composition", "length": 200, "num_bits": 330}
    config = config_with(base, shaping, num_ofdm_symbols=13)  # 528 data symbols
    layout = config.link.layout
    assert (layout.k, layout.n, layout.num_filler_bits) == (528 * 4, 500 * 6, 28 * 6)
    transmitter = transmitter_of(config)
    bits = rng.integers(2, size=(3, 1, 1, 1, layout.k), dtype=np.uint8)
    coded = transmitter.coded_bits(bits)
    assert not coded[..., layout.n :].any()
    llr = 8.0 * coded[..., : layout.n] - 4
    found = transmitter.code.decode_bits(llr[..., None, :])
    np.testing.assert_array_equal(found.bits, bits)
    assert found.parity_ok.all()


def test_symbols_are_as_likely_as_told(base, rng):
    config = config_with(base, SHAPING)
    bits = rng.integers(2, size=(64, 1, 1, 1, config.link.layout.k), dtype=np.uint8)
    x = transmitter_of(config)(bits)
    assert np.mean(np.abs(x) ** 2) == pytest.approx(1, abs=0.01)
    points = symbols_of(config.link)
    assert points.is_shaped
    share = np.mean(np.isclose(x[..., None], points.points, atol=1e-3), (0, 1, 2, 3))
    np.testing.assert_allclose(share, points.probabilities, atol=0.004)


def test_it_gains_in_a_link_what_the_code_gains_alone(base):
    """Blocks of one code in white noise, with this link and without any."""
    snr_db, num = 12.7, 96
    config = config_with(base, SHAPING)
    (found,) = counts(config, snr_db, num)
    in_link = found.block_errors.mean()
    code = ShapedCode(6, matcher_of("sphere", 4, 96, 154), 576, 4.0)
    rng = np.random.default_rng(0)
    data = rng.integers(2, size=(num, code.num_data_bits), dtype=np.uint8)
    x, no = code.constellation.points[code.encode(data)], noise_variance(snr_db)
    y = x + np.sqrt(no) * complex_normal(rng, x.shape)
    found, _ = code.decode(demap(y, no, code.constellation))
    alone = (found != data).any(axis=1).mean()
    assert 0.05 < alone < 0.95
    assert in_link == pytest.approx(alone, abs=4 * np.sqrt(2 * 0.25 / num))
    base["link"].pop("shaping")
    (plain,) = counts(config_with(base), snr_db, num)
    assert plain.block_errors.mean() > in_link + 0.3


def test_iterations_know_the_prior(base):
    """A refinement that keeps the estimate changes nothing, and is shown symbols."""
    shown = []

    def refine(y, no, x_mean, x_var, h_power):
        shown.append((x_mean, x_var))
        h = np.ones(h_power.shape, np.complex64)
        return h, np.zeros(h.shape, np.float32)

    config = config_with(base, SHAPING)
    again = {"iterations": 1, "refine": refine}
    once, again = counts(config, 11.0, 16, once={}, again=again)
    assert 0 < again.block_errors.sum() <= once.block_errors.sum()
    ((x_mean, x_var),) = shown
    power = np.mean(np.abs(x_mean) ** 2 + x_var)
    assert power == pytest.approx(1, abs=0.05)


def test_a_receiver_of_the_slot_knows_points_and_probabilities(base):
    shaped = frame_of(config_with(base, SHAPING).link)
    stronger = frame_of(config_with(base, {"length": 96, "num_bits": 150}).link)
    assert len({shaped["constellation"], stronger["constellation"]}) == 2


@pytest.mark.parametrize(
    ("shaping", "link", "message"),
    [
        ({"length": 96, "num_bits": 97}, {}, "asks for a code that is not there"),
        ({"length": 96, "num_bits": 192}, {}, "rate must leave 480 bits beside"),
        ({"length": 96, "num_bits": 180}, {"coderate": 0.5}, "at least the 180 bits"),
        ({"length": 96, "num_bits": 193}, {}, "num_bits must be at most 192"),
        ({"length": 1000, "num_bits": 1600}, {"fft_size": 12}, "at most the 288 ampl"),
        (SHAPING, {"num_bits_per_symbol": 2}, "must be 4, 6 or 8 with shaping, got 2"),
        (SHAPING, {"constellation": "c.npz"}, "must be left out with a constellation"),
        ({"length": 96}, {}, "num_bits"),
        ({**SHAPING, "matcher": "ball"}, {}, "matcher"),
    ],
)
def test_what_does_not_fit_is_refused(base, shaping, link, message):
    config_with(base, None)
    base["link"].update(shaping=shaping, **link)
    with pytest.raises(ValueError, match=message):
        parse_config(base)
