"""Splines and fits of taps between pilots, against SciPy and closed forms."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from sionna.phy.ofdm import ResourceGrid

from commgen.phy import LSEstimator, time_orthogonal_pilots

T, F = 4, 32


def grid(symbols=(0, 2), step=2, num_streams=1, **options):
    guards = options.get("num_guard_carriers", (0, 0))
    pilots = time_orthogonal_pilots(
        T, F - sum(guards), symbols, num_streams=num_streams, subcarrier_step=step
    )
    options.setdefault("cyclic_prefix_length", 4)
    return ResourceGrid(
        T, F, 30e3, num_streams_per_tx=num_streams, pilot_pattern=pilots, **options
    )


def received(rg, h, noise):
    """Return what arrives of the pilots through h [batch, rx_ant, F_eff]."""
    sent = np.zeros(rg.pilot_pattern.mask.shape[2:], np.complex64)
    pattern = rg.pilot_pattern
    sent = np.zeros(np.asarray(pattern.mask).shape[2:], np.complex64)
    sent[np.asarray(pattern.mask)[0, 0].astype(bool)] = np.asarray(pattern.pilots)[0, 0]
    y = np.zeros(noise.shape, np.complex64)
    index = np.asarray(rg.effective_subcarrier_ind)
    y[..., index] = h[:, None, :, None] * sent
    return (y + noise).astype(np.complex64)


def taps(complex_normal, n, delays):
    """Channels of unit power with independent taps at ``delays`` in samples."""
    gains = complex_normal(n, 2, len(delays)) / np.sqrt(len(delays))
    return gains @ np.exp(-2j * np.pi / F * np.outer(delays, np.arange(F)))


def test_spline_estimates_are_scipys(complex_normal):
    rg = grid()
    h = taps(complex_normal, 3, [0, 1])
    y = received(rg, h, 0 * complex_normal(3, 1, 2, T, F))
    h_hat, err_var = LSEstimator(rg, interpolation="spline")(y, 0.1)
    at = np.arange(0, F, 2)
    targets = np.clip(np.arange(F), 0, at[-1])
    expected = CubicSpline(at, h[..., at], axis=-1, bc_type="natural")(targets)
    np.testing.assert_allclose(h_hat[:, 0, :, 0, 0, 0], expected, atol=1e-5)
    # Closer to the channel than lines, and the noise at the pilots as it came.
    lines, _ = LSEstimator(rg)(y, 0.1)
    error = [np.abs(e[:, 0, :, 0, 0, 0] - h).mean() for e in (h_hat, lines)]
    assert error[0] < 0.5 * error[1]
    promised = np.broadcast_to(err_var, h_hat.shape)[0, 0, 0, 0, 0, 0, at]
    np.testing.assert_allclose(promised, 0.1, rtol=1e-5)


@pytest.mark.parametrize("kind", ["spline", "dft"])
def test_noise_is_promised_as_it_is(kind, complex_normal):
    """A flat channel is no matter for either: all its error is noise."""
    rg, n, no = grid(), 3000, 0.3
    h = np.repeat(complex_normal(n, 2, 1), F, axis=-1)
    y = received(rg, h, np.sqrt(no) * complex_normal(n, 1, 2, T, F))
    estimator = LSEstimator(rg, interpolation=kind)
    h_hat, err_var = estimator(y, no)
    error = np.abs(h_hat.numpy()[:, 0, :, 0, 0] - h[:, :, None]) ** 2
    promised = np.broadcast_to(err_var, h_hat.shape)[:, 0, :, 0, 0]
    if kind == "spline":
        np.testing.assert_allclose(error.mean((0, 1)), promised[0, 0], rtol=0.1)
        return
    # The power that no tap explains is estimated, and never below 0: a little more.
    ratio = promised.mean((0, 1)) / error.mean((0, 1))
    assert 0.9 < ratio.min() < ratio.max() < 1.5
    # Taps 0 to 4 of 32, seen at 16 places: the noise falls to 5 / 16.
    at = error.mean((0, 1))[0].mean()
    assert at == pytest.approx(no * 5 / 16, rel=0.08)


def test_what_the_taps_cannot_explain_is_promised(complex_normal):
    """A tap beyond the greatest delay: its power is the error, and is told."""
    rg, n, no = grid(step=1), 600, 0.01
    h = taps(complex_normal, n, [0, 9])
    y = received(rg, h, np.sqrt(no) * complex_normal(n, 1, 2, T, F))
    h_hat, err_var = LSEstimator(rg, interpolation="dft")(y, no)
    error = np.mean(np.abs(h_hat.numpy()[:, 0, :, 0, 0, 0] - h) ** 2)
    assert error == pytest.approx(0.5, rel=0.15)
    promised = np.broadcast_to(err_var, h_hat.shape)[:, 0, :, 0, 0, 0].mean()
    assert promised == pytest.approx(error, rel=0.03)
    # With the delay that it has, there is only noise.
    longer = LSEstimator(rg, interpolation="dft", max_delay_s=9 / F / 30e3)
    h_hat, err_var = longer(y, no)
    error = np.mean(np.abs(h_hat.numpy()[:, 0, :, 0, 0, 0] - h) ** 2)
    assert error == pytest.approx(no * 10 / F, rel=0.1)


def test_streams_have_weights_of_their_own(complex_normal):
    rg = grid(num_streams=2, symbols=(0, 1), step=2)
    y = complex_normal(2, 1, 2, T, F)
    for kind in ("spline", "dft"):
        h_hat, err_var = LSEstimator(rg, interpolation=kind)(y, np.array([0.1, 0.2]))
        assert h_hat.shape == (2, 1, 2, 1, 2, T, F)
        assert np.isfinite(h_hat).all()
        assert (np.broadcast_to(err_var, h_hat.shape) > 0).all()


def test_averaging_over_symbols_halves_the_noise(complex_normal):
    rg, no = grid(), 0.3
    h = np.repeat(complex_normal(2000, 2, 1), F, axis=-1)
    y = received(rg, h, np.sqrt(no) * complex_normal(2000, 1, 2, T, F))
    once, twice = (
        LSEstimator(rg, interpolation="dft", time_interpolation=t)(y, no)[0]
        for t in ("linear", "average")
    )
    error = [
        np.mean(np.abs(e.numpy()[:, 0, :, 0, 0, 0] - h) ** 2) for e in (once, twice)
    ]
    assert error[1] == pytest.approx(error[0] / 2, rel=0.1)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match=r"interpolation must be one of .* 'cubic'"):
        LSEstimator(grid(), interpolation="cubic")
    with pytest.raises(ValueError, match=r"max_delay_s must be None unless .* 'spline"):
        LSEstimator(grid(), interpolation="spline", max_delay_s=1e-6)
    with pytest.raises(ValueError, match="max_delay_s must be finite and above 0"):
        LSEstimator(grid(), interpolation="dft", max_delay_s=0.0)
    limit = 1 / 30e3 / 2
    with pytest.raises(ValueError, match=r"max_delay_s must be below 1\.67e-05, what"):
        LSEstimator(grid(), interpolation="dft", max_delay_s=limit)
    with pytest.raises(ValueError, match="max_delay_s must be given for a grid with"):
        LSEstimator(grid(cyclic_prefix_length=0), interpolation="dft")
