"""Total degradation, beside closed forms, and a demapper that knows the amplifier."""

import numpy as np
import pytest

from commgen.frame.constellation import Constellation
from commgen.frame.information import snr_db_for
from commgen.frame.llr import demap
from commgen.measures.decibel import to_db
from commgen.waveform.amplifier import Limiter, Rapp
from commgen.waveform.clusters import Clusters
from commgen.waveform.degradation import total_degradation
from commgen.waveform.dft_spread import DftSpreadOfdm, root_raised_cosine
from commgen.waveform.emission import adjacent_db, density_db, mask_margin_db
from commgen.waveform.mask import Mask
from commgen.waveform.ofdm import CpOfdm

QPSK, SIXTEEN = Constellation.qam(2), Constellation.qam(4)


def test_clusters_at_their_points_are_the_plain_demapper():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(5, 8)) + 1j * rng.normal(size=(5, 8))
    clusters = Clusters(SIXTEEN.points, np.zeros(16))
    expected = demap(y.astype(np.complex64), np.full(y.shape, 0.3, np.float32), SIXTEEN)
    np.testing.assert_allclose(clusters.llr(y, 0.3), expected, atol=1e-3)


def test_clusters_of_unlike_spread():
    """Beside Bayes' rule, written out for two points."""
    clusters = Clusters(np.array([1.0, -0.5j]), np.array([0.1, 0.4]))
    y, spread = 0.3 - 0.2j, np.array([0.15, 0.45])
    density = np.exp(-(np.abs(y - clusters.centres) ** 2) / spread) / spread
    found = clusters.llr(np.array([y]), 0.05)
    assert found[0, 0] == pytest.approx(np.log(density[1] / density[0]))


def test_clusters_are_measured_on_what_was_sent():
    y, labels = np.array([1.0, 1.2, -1j, -1j]), np.array([0, 0, 1, 1])
    found = Clusters.of(y, labels, 2)
    np.testing.assert_allclose(found.centres, [1.1, -1j])
    np.testing.assert_allclose(found.variances, [0.01, 0], atol=1e-12)
    with pytest.raises(ValueError, match="labels must have each of 4, got none of 2"):
        Clusters.of(y, labels, 4)


class Cubic(Limiter):
    """y = x - c x |x|^2."""

    def __call__(self, samples, rng=None):
        return samples - 0.05 * samples * np.abs(samples) ** 2


def test_two_tones_make_the_third_order_products_of_a_cubic():
    # a (e1 + e2): in band a - 3 c a^3, beside it c a^3, with a^2 = 1 / 2.
    ofdm = CpOfdm([3, 4], 16, cyclic_prefix_length=2)
    y = Cubic(0)(ofdm.modulate(np.ones((4, 1, 2))))
    expected = 0.05 / 2 / (1 - 3 * 0.05 / 2)
    assert adjacent_db(ofdm, y) == pytest.approx(20 * np.log10(expected) - to_db(2))


def test_tones_with_gaps_have_no_adjacent_channel():
    with pytest.raises(ValueError, match="ofdm must have tones next to each other"):
        adjacent_db(CpOfdm([1, 3], 16), np.ones((1, 64)))
    with pytest.raises(ValueError, match="three times their bandwidth, got 16 of 32"):
        adjacent_db(CpOfdm(16, 16, oversampling=2), np.ones((1, 32)))


@pytest.mark.parametrize("points", [QPSK, SIXTEEN], ids=["4", "16"])
def test_without_an_amplifier_that_bends_all_is_back_off(points):
    ofdm = CpOfdm(48, 64, cyclic_prefix_length=4)
    rate = 0.5 * points.num_bits_per_symbol
    found = total_degradation(ofdm, points, rate, Limiter(30.0), seed=1, num_blocks=20)
    assert found.snr_loss_db == pytest.approx(0, abs=0.01)
    assert found.total_db == pytest.approx(30, abs=0.05)
    assert found.low_db <= found.total_db <= found.high_db
    assert found.aclr_db < -200


def test_fewer_symbols_carry_more_bits_each():
    # 32 symbols on 48 tones: 1.5 bits of QPSK each, that take 1.5 times the SNR less.
    spread = DftSpreadOfdm(CpOfdm(48, 64), 32, root_raised_cosine(32, 48))
    found = total_degradation(spread, QPSK, 1.0, Limiter(30.0), seed=1, num_blocks=40)
    expected = snr_db_for(QPSK, 1.5) - to_db(1.5) - snr_db_for(QPSK, 1.0)
    assert found.snr_loss_db == pytest.approx(expected, abs=0.01)


def test_a_clipped_gaussian_signal_has_the_power_of_the_closed_form():
    # Of a soft limiter at A^2 = g: 1 - exp(-g), of which some lies beside the band.
    g = 10**0.3
    found = total_degradation(
        CpOfdm(256), QPSK, 1.0, Limiter(3.0), seed=2, num_blocks=60
    )
    expected = to_db(g / (1 - np.exp(-g)))
    assert found.output_back_off_db == pytest.approx(expected, abs=0.06)
    assert found.aclr_db > -30
    assert found.snr_loss_db > 0.05


def test_ofdm_behind_a_rapp_amplifier_is_where_it_was_found_elsewhere():
    # Computed apart from this package, in back-off steps of 1.5 dB: 6.5 dB.
    found = total_degradation(CpOfdm(256), QPSK, 1.0, Rapp(2, 6.0), seed=3)
    assert found.total_db == pytest.approx(6.5, abs=0.2)
    assert found.aclr_db < -30
    assert found.high_db - found.low_db < 0.05


def test_a_rate_out_of_reach_is_never_carried():
    found = total_degradation(
        CpOfdm(32), SIXTEEN, 3.9, Rapp(2, -10.0), seed=1, num_blocks=10
    )
    assert found.snr_loss_db == np.inf


def test_a_density_is_that_of_the_tones():
    ofdm = CpOfdm(32, oversampling=4, subcarrier_spacing_hz=1e3)
    rng = np.random.default_rng(0)
    levels = np.repeat([1.0, 0.1], 16)
    grid = levels * np.exp(2j * np.pi * rng.random((5, 1, 32)))
    offset_hz, level_db = density_db(ofdm, ofdm.modulate(grid))
    inside = np.abs(offset_hz) < 16e3
    np.testing.assert_allclose(level_db[inside], np.repeat([0, -20], 8), atol=1e-6)
    assert (level_db[~inside] < -200).all()
    np.testing.assert_allclose(offset_hz[inside], np.arange(-15e3, 16e3, 2e3))
    low, fits = Mask([(8e3, -21), (16e3, -21)]), Mask([(17e3, -50), (20e3, -90)])
    samples = ofdm.modulate(grid)
    assert mask_margin_db(ofdm, samples, low) == pytest.approx(-21, abs=1e-6)
    assert mask_margin_db(ofdm, samples, fits) > 100
