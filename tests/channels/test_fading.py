"""Fading that goes on: the draws are Sionna's, the statistics those of the standard."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import j0
from sionna.phy.channel import RayleighBlockFading
from sionna.phy.channel.tr38901 import TDL

from commgen.channels import CdlConfig, TdlConfig, build_channel
from commgen.channels.fading import TdlChannel

CONFIGS = {
    "fixed": TdlConfig(model="B100", max_doppler_hz=400, num_rx_ant=3, num_tx_ant=2),
    "line of sight": TdlConfig(model="D", delay_spread_s=1e-7, speed_max_m_s=30.0),
    "mixed": TdlConfig(
        model=("A", "E"),
        delay_spread_min_s=30e-9,
        delay_spread_max_s=300e-9,
        speed_max_m_s=30.0,
        num_rx_ant=2,
    ),
    "still": TdlConfig(model="C", num_tx_ant=2),
}
SYMBOL_S = 1e-3 / 14


@pytest.fixture(params=CONFIGS)
def source(request):
    return build_channel(CONFIGS[request.param], seed=5)


def test_a_process_is_what_sionnas_model_gives_for_a_long_call(source):
    """Sionna's own TDL, drawn with the same numbers, is the reference."""
    h = source.frequency_response(6, 30, 1 / SYMBOL_S, 25, 15e3).numpy()
    source.set_seed(5)
    process = source.start(6)
    assert process.batch_size == 6
    again = process.frequency_response(0.0, 30, SYMBOL_S, 25, 15e3)
    assert again.shape == h.shape
    assert again.dtype == np.complex64
    np.testing.assert_allclose(again, h, atol=1e-5)


def test_a_slot_does_not_depend_on_the_looks_before_it(source):
    process = source.start(5)
    whole = process.frequency_response(0.0, 28, SYMBOL_S, 12, 15e3)
    later = process.frequency_response(14 * SYMBOL_S, 14, SYMBOL_S, 12, 15e3)
    np.testing.assert_allclose(later, whole[..., 14:, :], atol=1e-5)
    some = process.frequency_response(
        14 * SYMBOL_S, 14, SYMBOL_S, 12, 15e3, index=[3, 0]
    )
    np.testing.assert_allclose(some, later[[3, 0]], atol=1e-6)


def test_processes_follow_from_seed_and_counter(source):
    first = source.start(4).coefficients([0.0, 0.01])
    second = source.start(4).coefficients([0.0, 0.01])
    source.set_seed(5, counter=1)
    np.testing.assert_array_equal(source.start(4).coefficients([0.0, 0.01]), second)
    assert not np.allclose(first, second)


def test_slots_are_correlated_as_jakes_says():
    """E[a(t)* a(t + d)] = J0(2 pi f_d d) over the round trip of a HARQ process."""
    config = TdlConfig(model="C300", max_doppler_hz=100)
    times = np.array([0.0, 0.5e-3, 4e-3, 8e-3, 12e-3])
    a = build_channel(config, seed=1).start(3000).coefficients(times)[:, 0, 0]
    products = np.sum(a[..., :1].conj() * a, axis=1)  # over paths: power 1
    four_errors = 4 * np.std(products, axis=0) / np.sqrt(len(a))
    expected = j0(2 * np.pi * 100 * times)
    assert np.all(np.abs(products.real.mean(0) - expected) < four_errors)
    assert np.all(np.abs(products.imag.mean(0)) < four_errors + 1e-6)


def test_powers_are_those_of_the_table_and_antennas_fade_by_themselves():
    """TS 38.104 table G.2.1.1-2, TDLA30, normalised to a sum of 1."""
    table_db = np.array(
        [-15.5, 0, -5.1, -5.1, -9.6, -8.2, -13.1, -11.5, -11.0, -16.2, -16.6, -26.2]
    )
    delays = [0, 10, 15, 20, 25, 50, 65, 75, 105, 135, 150, 290]
    power = 10 ** (table_db / 10)
    config = TdlConfig(model="A30", max_doppler_hz=10, num_rx_ant=2)
    process = build_channel(config, seed=2).start(4000)
    np.testing.assert_allclose(process.tau[0], np.array(delays) * 1e-9, atol=1e-13)
    a = process.coefficients([0.02])[:, :, 0, :, 0]
    mean = np.mean(np.abs(a) ** 2, axis=(0, 1))
    # The power of a tap is nearly exponential: its deviation is its mean.
    np.testing.assert_allclose(mean, power / power.sum(), rtol=4 / np.sqrt(8000))
    h = process.frequency_response(0.02, 1, SYMBOL_S, 2, 15e3)[:, 0, :, 0, 0, 0, 0]
    cross = np.mean(h[:, 0] * h[:, 1].conj())
    assert abs(cross) < 4 / np.sqrt(4000)
    assert np.mean(np.abs(h) ** 2) == pytest.approx(1, abs=4 / np.sqrt(8000))


def test_the_fading_is_not_normalised_from_slot_to_slot():
    process = build_channel(TdlConfig(model="A30", max_doppler_hz=10), seed=1).start(50)
    h = process.frequency_response(0.0, 14, SYMBOL_S, 288, 30e3)
    power = np.mean(np.abs(h) ** 2, axis=(1, 2, 3, 4, 5, 6))
    assert power.std() > 0.3


def test_one_subcarrier_is_at_the_carrier():
    process = build_channel(TdlConfig(model="B100", max_doppler_hz=5), seed=1).start(3)
    h = process.frequency_response(0.0, 2, SYMBOL_S, 1, 15e3)
    a = process.coefficients(SYMBOL_S * np.arange(2))
    np.testing.assert_allclose(h[:, 0, 0, 0, 0, :, 0], a.sum(3)[:, 0, 0], atol=1e-6)


def test_max_doppler_is_the_speed_that_gives_it():
    config = TdlConfig(model="B100", max_doppler_hz=400, carrier_hz=2e9)
    speed = 400 * 299_792_458 / 2e9
    assert config.speed_range_m_s == pytest.approx((speed, speed))
    (profile,) = build_channel(config, seed=1)._profiles
    assert float(profile._max_doppler) == pytest.approx(2 * np.pi * 400, rel=1e-6)
    with_speed = TdlConfig(speed_min_m_s=1.0, speed_max_m_s=2.0)
    assert with_speed.speed_range_m_s == (1.0, 2.0)


def test_bad_arguments_are_refused():
    with pytest.raises(ValidationError, match="max_doppler_hz must be left out where"):
        TdlConfig(max_doppler_hz=10, speed_max_m_s=3.0)
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        TdlConfig(max_doppler_hz=-1)
    with pytest.raises(TypeError, match="profiles must be TDL models, got Rayleigh"):
        TdlChannel([RayleighBlockFading(1, 1, 1, 1)], None, seed=1)
    tdl = TDL("A30", 30e-9, 3e9, num_rx_ant=2)
    with pytest.raises(ValueError, match=r"must have the same antennas, got \[\(1"):
        TdlChannel([tdl, TDL("A30", 30e-9, 3e9)], None, seed=1)
    correlated = TDL("A30", 30e-9, 3e9, num_rx_ant=2, rx_corr_mat=np.eye(2))
    with pytest.raises(ValueError, match="must have no antenna correlation"):
        TdlChannel([correlated], None, seed=1)
    source = TdlChannel([tdl], None, seed=1)
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        source.start(0)
    process = source.start(2)
    with pytest.raises(ValueError, match=r"times_s must be \[num_times\] and finite"):
        process.coefficients([[0.0]])
    with pytest.raises(ValueError, match="times_s must be"):
        process.coefficients([np.nan])
    for wrong in ((0, 1e-3, 12, 15e3), (14, 0.0, 12, 15e3), (14, 1e-3, 12, -1.0)):
        with pytest.raises(ValueError, match="must be"):
            process.frequency_response(0.0, *wrong)


def test_only_tapped_delay_lines_go_on():
    assert not hasattr(build_channel(CdlConfig(), seed=1), "start")
