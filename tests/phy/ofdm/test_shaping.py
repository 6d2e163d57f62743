"""Links whose data are shaped QAM."""

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


def link_of(config):
    h = np.ones((4, 1, 1, 1, 48), np.complex64)
    channel = RecordedChannel(h, 30e3, seed=1)
    return Link(config.link, channel, seed=1, jit_compile=False)


def counts(config, snr_db, num=64, **options):
    link = link_of(config)
    perfect = EstimatorReceiver(PerfectCSI(link.resource_grid), **options)
    pending = np.ones((1, 1), bool)
    ((_, _, found),) = link.run_batch(
        0, num, np.array([snr_db]), {"perfect": perfect}, pending
    )
    return found


@pytest.mark.parametrize("matcher", ["sphere", "composition"])
def test_without_noise_all_comes_back(base, matcher):
    shaping = {"matcher": matcher, "length": 96, "num_bits": 140}
    config = config_with(base, shaping)
    layout = config.link.layout
    # As many bits as plain QAM of the rate carries, and whole sequences.
    assert layout.num_codewords * layout.k == 48 * 12 * 4
    assert layout.n // 6 * 2 % 96 == 0
    assert counts(config, 50.0, 8).bit_errors.sum() == 0


def test_symbols_that_fill_no_sequence_are_filler(base):
    config = config_with(base, SHAPING, num_ofdm_symbols=13)  # 528 data symbols
    layout = config.link.layout
    assert (layout.k, layout.n) == (528 * 4, 528 * 6)
    config = config_with(base, {"length": 200, "num_bits": 330}, num_ofdm_symbols=13)
    layout = config.link.layout
    assert (layout.k, layout.n, layout.num_filler_bits) == (2112, 500 * 6, 28 * 6)
    assert counts(config, 50.0, 8).bit_errors.sum() == 0


def test_symbols_are_as_likely_as_told(base):
    config = config_with(base, SHAPING)
    link = link_of(config)
    power = [np.abs(link.slots(b, 64).y_clean.numpy()) ** 2 for b in range(2)]
    assert np.mean(power) == pytest.approx(1, abs=0.01)
    # Gray QAM has 1/16 of its points at each corner square.
    points = symbols_of(config.link)
    assert points.is_shaped
    assert points.peak_to_average_db > 4.7


def test_it_gains_in_a_link_what_the_code_gains_alone(base):
    """Blocks of one code in white noise, with this link and without any."""
    snr_db, num = 12.7, 96
    config = config_with(base, SHAPING)
    in_link = counts(config, snr_db, num).block_errors.sum() / num
    code = ShapedCode(6, matcher_of("sphere", 4, 96, 154), 576, 4.0)
    rng = np.random.default_rng(0)
    data = rng.integers(2, size=(num, code.num_data_bits), dtype=np.uint8)
    x, no = code.constellation.points[code.encode(data)], noise_variance(snr_db)
    y = x + np.sqrt(no) * complex_normal(rng, x.shape)
    found, _ = code.decode(demap(y, no, code.constellation))
    alone = (found != data).any(axis=1).mean()
    assert 0.05 < alone < 0.95
    assert in_link == pytest.approx(alone, abs=4 * np.sqrt(2 * 0.25 / num))
    plain = config_with(base)
    plain = plain.model_copy(
        update={"link": plain.link.model_copy(update={"shaping": None})}
    )
    assert counts(plain, snr_db, num).block_errors.sum() / num > in_link + 0.3


def test_iterations_know_the_prior(base):
    """A refinement that keeps the estimate changes nothing, and is shown symbols."""
    shown = []

    def refine(y, no, x_mean, x_var, h_power):
        shown.append((x_mean, x_var))
        h = np.ones(h_power.shape, np.complex64)
        return h, np.zeros(h.shape, np.float32)

    config = config_with(base, SHAPING)
    once = counts(config, 11.0, 16).block_errors
    again = counts(config, 11.0, 16, iterations=1, refine=refine).block_errors
    assert once.sum() > 0
    assert again.sum() <= once.sum()
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
