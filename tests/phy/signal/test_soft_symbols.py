"""Soft symbols and their grid, against sums over all symbols and Sionna's mapper."""

from typing import Any

import numpy as np
import pytest
from sionna.phy.ofdm import ResourceGrid, ResourceGridMapper

from commgen.frame.constellation import Constellation
from commgen.frame.qam import qam_points
from commgen.phy.receiver import SoftGrid
from commgen.phy.signal.soft_symbols import soft_symbols


@pytest.mark.parametrize("num_bits", [2, 4, 6, 8])
def test_is_the_mean_and_variance_over_all_symbols(rng, num_bits):
    llr = rng.normal(scale=3, size=(5, 7 * num_bits))
    points = qam_points(num_bits)
    label = np.arange(len(points))[:, None]
    bits = (label >> np.arange(num_bits)[::-1]) & 1
    one = 1 / (1 + np.exp(-llr.reshape(5, 7, 1, num_bits)))
    p = np.prod(np.where(bits == 1, one, 1 - one), axis=-1)
    mean, var = soft_symbols(llr, num_bits)
    wanted = (p * points).sum(-1)
    np.testing.assert_allclose(mean, wanted, atol=1e-6)
    second = (p * np.abs(points) ** 2).sum(-1)
    np.testing.assert_allclose(var, second - np.abs(wanted) ** 2, atol=1e-5)
    assert (mean.dtype, var.dtype) == (np.complex64, np.float32)


@pytest.mark.parametrize("num_bits", [2, 4, 6, 8])
def test_certain_bits_give_the_symbol_and_none_give_nothing(num_bits):
    points = qam_points(num_bits)
    bits = (np.arange(len(points))[:, None] >> np.arange(num_bits)[::-1]) & 1
    mean, var = soft_symbols(np.where(bits == 1, np.inf, -np.inf).ravel(), num_bits)
    np.testing.assert_allclose(mean, points, atol=1e-6)
    np.testing.assert_allclose(var, 0, atol=1e-6)
    mean, var = soft_symbols(np.zeros(num_bits), num_bits)
    np.testing.assert_allclose(np.abs(mean), 0, atol=1e-6)
    np.testing.assert_allclose(var, 1, atol=1e-6)


def test_what_almost_certain_bits_leave_is_not_rounded_away():
    """4 p (1 - p) / 2 an axis of QPSK, down to 1e-26."""
    llr = np.repeat(np.linspace(-60, 60, 25), 2)
    p = 1 / (1 + np.exp(np.abs(llr[::2])))
    _, var = soft_symbols(llr, 2)
    np.testing.assert_allclose(var, 4 * p * (1 - p), rtol=1e-5)
    # Of 64-QAM with one unknown bit, the distance that it decides.
    _, var = soft_symbols([9.0, 60.0, 60.0, 60.0, 0.0, 60.0], 6)
    assert var == pytest.approx(1 / 42 + 49 / 42 * 4 * np.exp(-9), rel=0.01)


class TestAnyPoints:
    rng = np.random.default_rng(3)
    odd = Constellation.of(rng.normal(size=8) + 1j * rng.normal(size=8))

    def test_equal_the_definition(self):
        llr = self.rng.normal(scale=3, size=(2, 5, 3)).astype(np.float32)
        mean, var = soft_symbols(llr.reshape(2, 15), self.odd)
        for where in np.ndindex(2, 5):
            one = 1 / (1 + np.exp(-llr[where].astype(float)))
            p = np.prod(np.where(self.odd.bits, one, 1 - one), axis=1)
            expected = p @ self.odd.points
            spread = p @ np.abs(self.odd.points - expected) ** 2
            assert mean[where] == pytest.approx(expected, abs=1e-5)
            assert var[where] == pytest.approx(spread, abs=1e-5)

    def test_certain_bits_are_a_point(self):
        llr = np.where(self.odd.bits, np.inf, -np.inf).ravel()
        mean, var = soft_symbols(llr, self.odd)
        np.testing.assert_allclose(mean, self.odd.points, rtol=1e-6)
        np.testing.assert_array_equal(var, 0)

    def test_qam_comes_out_as_by_its_axes(self):
        llr = self.rng.normal(scale=4, size=40 * 4).astype(np.float32)
        for slow, fast in zip(
            soft_symbols(llr, Constellation.qam(4)), soft_symbols(llr, 4), strict=True
        ):
            np.testing.assert_allclose(slow, fast, atol=2e-6)

    def test_without_bits_the_prior_decides(self):
        p = self.rng.dirichlet(np.ones(8))
        shaped = Constellation.of(self.odd.points, None, p)
        mean, _ = soft_symbols(np.zeros(3), shaped)
        assert mean[0] == pytest.approx(p @ shaped.points, abs=1e-6)


@pytest.mark.parametrize(
    ("llr", "num_bits", "message"),
    [
        (np.zeros(3), 2, r"llr must end in a multiple of num_bits_per_symbol 2, got"),
        (np.zeros(()), 2, r"llr must end in a multiple"),
        ([0.0, np.nan], 2, r"llr must not be NaN, got 1 of them"),
        (np.zeros(3), 3, r"num_bits_per_symbol must be one of"),
    ],
)
def test_refuses(llr, num_bits, message):
    with pytest.raises(ValueError, match=message):
        soft_symbols(llr, num_bits)


def test_the_grid_is_that_of_sionnas_mapper(complex_normal):
    grid = ResourceGrid(
        num_ofdm_symbols=4,
        fft_size=16,
        subcarrier_spacing=30e3,
        num_streams_per_tx=2,
        num_guard_carriers=(2, 1),
        dc_null=True,
        pilot_pattern="kronecker",
        pilot_ofdm_symbol_indices=[1, 2],
    )
    soft = SoftGrid(grid)
    x = complex_normal(3, 2, int(grid.num_data_symbols))
    mean, var = soft.place(x, np.full(x.shape, 0.3, np.float32))
    sent = ResourceGridMapper(grid)(x[:, None]).numpy()[:, 0]
    np.testing.assert_array_equal(mean, sent[..., soft.subcarriers])
    pattern: Any = grid.pilot_pattern
    mask = np.asarray(pattern.mask)[0].astype(bool)
    np.testing.assert_array_equal(var == 0, np.broadcast_to(mask, var.shape))
    assert var.max() == np.float32(0.3)
