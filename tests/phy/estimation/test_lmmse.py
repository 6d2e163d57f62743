"""LMMSE interpolation over time and frequency, and the covariances it takes."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import j0
from sionna.phy.channel.tr38901 import TDL
from sionna.phy.nr import PUSCHConfig, PUSCHPilotPattern
from sionna.phy.ofdm import (
    LMMSEInterpolator,
    LSChannelEstimator,
    PilotPattern,
    ResourceGrid,
    tdl_freq_cov_mat,
    tdl_time_cov_mat,
)

from commgen.channels import TdlConfig, build_channel
from commgen.phy import time_orthogonal_pilots
from commgen.phy.estimation import GridCovariance, LMMSEInterpolationEstimator
from commgen.phy.estimation.covariance import tdl_taps

T, F, SPACING_HZ, CARRIER_HZ = 14, 24, 30e3, 3.5e9


def double_pattern(pilots):
    return PilotPattern(
        np.asarray(pilots.mask), np.asarray(pilots.pilots), precision="double"
    )


def grid(pilots, *, precision="single", fft_size=F, guards=(0, 0), num_streams=1):
    if precision == "double":
        pilots = double_pattern(pilots)
    return ResourceGrid(
        T,
        fft_size,
        SPACING_HZ,
        num_streams_per_tx=num_streams,
        cyclic_prefix_length=4,
        num_guard_carriers=guards,
        pilot_pattern=pilots,
        precision=precision,
    )


def dmrs_grid(num_layers, num_prb=2):
    """Sionna's PUSCH grid: ports 0 and 1, comb 2, two DMRS symbols, 3 dB boost."""
    config = PUSCHConfig()
    config.carrier.n_size_grid = num_prb
    config.num_layers = config.num_antenna_ports = num_layers
    config.dmrs.additional_position = 1
    config.dmrs.num_cdm_groups_without_data = 2
    config.dmrs.dmrs_port_set = list(range(num_layers))
    pilots = PUSCHPilotPattern(config)
    return grid(pilots, fft_size=12 * num_prb, num_streams=num_layers)


def tapped_delay_line(rg, model="C", delay_spread_s=300e-9, speed=30.0):
    """Covariance matrices by Sionna's own functions, double precision."""
    R_f = tdl_freq_cov_mat(
        model, SPACING_HZ, rg.fft_size, delay_spread_s, precision="double"
    )
    R_t = tdl_time_cov_mat(
        model, speed, CARRIER_HZ, rg.ofdm_symbol_duration, T, precision="double"
    )
    return np.asarray(R_t), np.asarray(R_f)


def doppler_hz(speed):
    return speed * CARRIER_HZ / 299792458.0


def draw(R_t, R_f, complex_normal, *shape):
    """Draw Gaussian channels of a separable covariance, [*shape, T, F]."""
    roots = []
    for R in (R_t, R_f):
        values, vectors = np.linalg.eigh(R)
        roots.append(vectors * np.sqrt(np.maximum(values, 0)))
    z = complex_normal(*shape, T, R_f.shape[0])
    return (roots[0] @ z @ roots[1].T).astype(np.complex64)


def sent_pilots(rg):
    mask = np.asarray(rg.pilot_pattern.mask)[0].astype(bool)
    sent = np.zeros(mask.shape, np.complex64)
    for s, values in enumerate(np.asarray(rg.pilot_pattern.pilots)[0]):
        sent[s][mask[s]] = values
    return sent


@pytest.mark.parametrize("order", ["f-t", "t-f"])
def test_equals_sionnas_interpolator(order, complex_normal):
    """In double precision there, with guards, over six decades of noise."""
    pilots = time_orthogonal_pilots(T, F - 4, [2, 11], num_streams=2, subcarrier_step=3)
    theirs = grid(pilots, precision="double", guards=(2, 2), num_streams=2)
    ours = grid(pilots, guards=(2, 2), num_streams=2)
    R_t, R_f = tapped_delay_line(ours)
    R_f = 2 * R_f[2:-2, 2:-2]  # of another power, too
    reference = LSChannelEstimator(
        theirs,
        interpolator=LMMSEInterpolator(
            theirs.pilot_pattern, tf.constant(R_t), tf.constant(R_f), order=order
        ),
        precision="double",
    )
    covariance = GridCovariance.from_matrices(R_t, R_f)
    estimator = LMMSEInterpolationEstimator(ours, covariance, order=order)
    y = complex_normal(2, 1, 3, T, F)
    for no in (1e-5, 1e-2, 0.3, 10.0):
        h_ref, var_ref = reference(y.astype(np.complex128), np.float64(no))
        h_hat, err_var = estimator(y, no)
        assert h_hat.shape == h_ref.shape
        np.testing.assert_allclose(
            h_hat, h_ref, atol=1e-4 * np.abs(h_ref).max(), rtol=1e-4
        )
        err_var = np.broadcast_to(err_var, var_ref.shape)
        np.testing.assert_allclose(err_var, var_ref, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("step", [1, 3])
def test_two_dimensions_are_the_textbook_filter(step, complex_normal):
    """Kay, ch. 12, with the whole covariance over all resource elements."""
    rg = grid(time_orthogonal_pilots(T, F, [2, 11], subcarrier_step=step))
    R_t, R_f = tapped_delay_line(rg)
    R = np.kron(R_t, R_f)
    sent = sent_pilots(rg)[0].ravel()
    p = np.flatnonzero(sent)
    estimator = LMMSEInterpolationEstimator(rg, GridCovariance.from_matrices(R_t, R_f))
    y = complex_normal(2, 1, 3, T, F)
    z = (y.reshape(6, -1) * sent.conj())[:, p]
    for no in (1e-3, 0.1, 3.0):
        W = np.linalg.solve(R[np.ix_(p, p)] + no * np.eye(len(p)), R[p]).conj().T
        h_hat, err_var = estimator(y, no)
        expected = (z @ W.T).reshape(h_hat.shape)
        np.testing.assert_allclose(h_hat, expected, atol=1e-4)
        posterior = np.diag(R - W @ R[p]).real.reshape(T, F)
        np.testing.assert_allclose(
            np.asarray(err_var)[0, 0, 0, 0, 0], posterior, rtol=1e-3, atol=1e-6
        )


@pytest.mark.parametrize("num_layers", [1, 2])
def test_dmrs_promise_is_the_error(num_layers, complex_normal):
    """On the PUSCH grid, every element within 4 standard errors, layers together."""
    rg, n, no = dmrs_grid(num_layers), 3000, 0.05
    # A long delay spread: neighbours on the comb differ, despreading would leak.
    R_t, R_f = tapped_delay_line(rg, delay_spread_s=1e-6)
    h = draw(R_t, R_f, complex_normal, n, num_layers)
    y = np.sum(h * sent_pilots(rg), axis=1)[:, None, None]
    y = y + np.float32(np.sqrt(no)) * complex_normal(*y.shape)
    covariance = GridCovariance.from_matrices(R_t, R_f)
    h_hat, err_var = LMMSEInterpolationEstimator(rg, covariance)(y, no)
    assert h_hat.shape == (n, 1, 1, 1, num_layers, T, 24)
    error = np.abs(h_hat.numpy()[:, 0, 0, 0] - h) ** 2
    promised = np.broadcast_to(err_var, h_hat.shape)[0, 0, 0, 0]
    # 336 elements a layer are looked at: 5 standard errors, 4 for the mean of all.
    assert np.all(np.abs(error.mean(0) - promised) < 5 * error.std(0) / np.sqrt(n))
    mean = error.mean((1, 2, 3))
    assert abs(mean.mean() - promised.mean()) < 4 * mean.std() / np.sqrt(n)
    assert mean.mean() < no / 2


def test_two_dimensions_beat_two_passes(complex_normal):
    rg, n, no = grid(time_orthogonal_pilots(T, F, [2, 11])), 500, 0.3
    R_t, R_f = tapped_delay_line(rg)
    h = draw(R_t, R_f, complex_normal, n)
    y = (h * sent_pilots(rg)[0])[:, None, None]
    y = y + np.float32(np.sqrt(no)) * complex_normal(*y.shape)
    covariance = GridCovariance.from_matrices(R_t, R_f)
    errors = {}
    for order in ("2d", "f-t", "t-f"):
        h_hat, _ = LMMSEInterpolationEstimator(rg, covariance, order=order)(y, no)
        errors[order] = np.mean(np.abs(h_hat.numpy()[:, 0, 0, 0, 0] - h) ** 2)
    assert errors["2d"] < min(errors["f-t"], errors["t-f"]) < no / 4


@pytest.mark.parametrize("order", ["2d", "f-t", "t-f"])
def test_limits_and_noise_of_its_own_for_each_slot(order, complex_normal):
    rg = grid(time_orthogonal_pilots(T, F, [2, 11], subcarrier_step=2))
    R_t, R_f = tapped_delay_line(rg)
    covariance = GridCovariance.from_matrices(R_t, R_f)
    estimator = LMMSEInterpolationEstimator(rg, covariance, order=order)
    h = draw(R_t, R_f, complex_normal, 3)
    y = (h * sent_pilots(rg)[0])[:, None, None]
    h_hat, err_var = estimator(y, 0.0)
    pilots = np.ix_(range(3), [2, 11], range(0, F, 2))
    np.testing.assert_allclose(
        h_hat.numpy()[:, 0, 0, 0, 0][pilots], h[pilots], atol=2e-3
    )
    assert np.all(np.isfinite(err_var))
    assert np.max(err_var) < 1e-2
    h_hat, err_var = estimator(y, 1e9)
    assert np.abs(h_hat).max() < 1e-3
    np.testing.assert_allclose(err_var, np.ones_like(err_var), rtol=1e-5)
    no = np.array([0.01, 0.1, 1.0], np.float32)
    together = estimator(y, no)
    for noise in (no, no[:, None], tf.constant(no)):
        for a, b in zip(estimator(y, noise), together, strict=True):
            np.testing.assert_array_equal(a, b)
    for i in range(3):
        alone = estimator(y[i : i + 1], no[i])
        for a, b in zip(alone, together, strict=True):
            np.testing.assert_allclose(a[0], np.asarray(b)[i], atol=1e-5)
    traced = tf.function(estimator, autograph=False)(tf.constant(y), tf.constant(no))
    np.testing.assert_allclose(traced[0], together[0], atol=1e-5)


def test_estimate_at_the_pilots_is_that_of_the_grid(complex_normal):
    rg = dmrs_grid(2)
    estimator = LMMSEInterpolationEstimator(rg, GridCovariance.tdl(rg, "A", 1e-7))
    y = complex_normal(2, 1, 3, T, 24)
    h_hat, err_var = estimator(y, 0.1)
    at, var = estimator.estimate_at_pilot_locations(*estimator.matched_pilots(y, 0.1))
    assert at.shape == (2, 1, 3, 2, 2, 12)
    np.testing.assert_array_equal(at[..., 1, 5], h_hat[:, :, :, 0, :, 11, 10])
    expected = np.broadcast_to(err_var, h_hat.shape)[:, :, :, 0, :, 11, 10]
    np.testing.assert_array_equal(var[..., 1, 5], expected)


@pytest.mark.parametrize("model", ["A", "B", "C", "D", "E"])
def test_tdl_covariance_is_sionnas(model):
    rg = grid(time_orthogonal_pilots(T, F, [2, 11]))
    R_t, R_f = tapped_delay_line(rg, model)
    covariance = GridCovariance.tdl(rg, model, 3e-7, max_doppler_hz=doppler_hz(30.0))
    for root, R in [(covariance.time, R_t), (covariance.frequency, R_f)]:
        assert root.shape[1] <= min(R.shape)
        np.testing.assert_allclose(root @ root.conj().T, R, atol=1e-6)


@pytest.mark.parametrize("model", ["A30", "B100", "C300"])
def test_covariance_is_that_of_drawn_channels(model):
    """The models of TS 38.104 annex G, within 5 standard errors of 4000 draws."""
    rg = grid(time_orthogonal_pilots(T, F, [2, 11]), fft_size=F)
    spread = float(model[1:]) * 1e-9
    config = TdlConfig(
        model=model, carrier_hz=CARRIER_HZ, speed_min_m_s=30, speed_max_m_s=30
    )
    n = 4000
    h = build_channel(config, seed=3).frequency_response(
        n, T, 1 / rg.ofdm_symbol_duration, F, SPACING_HZ
    )
    h = h.numpy()[:, 0, 0, 0, 0]
    covariance = GridCovariance.tdl(rg, model, spread, max_doppler_hz=doppler_hz(30.0))
    R_t = covariance.time @ covariance.time.conj().T
    R_f = covariance.frequency @ covariance.frequency.conj().T
    found_t = np.einsum("btf,buf->tu", h[..., ::8], h[..., ::8].conj()) / (3 * n)
    found_f = np.einsum("btf,btg->fg", h[:, :1], h[:, :1].conj()) / n
    assert np.abs(found_t - R_t).max() < 5 / np.sqrt(n)
    assert np.abs(found_f - R_f).max() < 5 / np.sqrt(n)


def test_taps_of_annex_g():
    """TS 38.104 table G.2.1.1-2: the first and last path of TDLA30."""
    delays_s, powers, los_power = tdl_taps("A30", 30e-9)
    assert delays_s[[0, -1]] == pytest.approx([0, 290e-9])
    relative_db = 10 * np.log10(powers / powers[0])
    assert relative_db[-1] == pytest.approx(-26.2 + 15.5, abs=0.01)
    assert los_power == 0
    # TR 38.901 table 7.7.2-4: the specular path of TDL-D has a K factor of 13.3 dB.
    _, powers, los_power = tdl_taps("D", 1e-7)
    assert los_power / (powers[0] - los_power) == pytest.approx(10**1.33, rel=1e-3)
    assert powers.sum() == pytest.approx(1)


def test_other_covariances_are_their_formulas():
    rg = grid(time_orthogonal_pilots(T, F, [2, 11]))
    covariance = GridCovariance.exponential(rg, 5e-7, max_doppler_hz=200.0)
    f = np.arange(F) * SPACING_HZ
    R_f = 1 / (1 + 2j * np.pi * (f[:, None] - f) * 5e-7)
    root = covariance.frequency
    np.testing.assert_allclose(root @ root.conj().T, R_f, atol=1e-6)
    t = np.arange(T) * float(rg.ofdm_symbol_duration)
    R_t = j0(2 * np.pi * 200.0 * (t[:, None] - t))
    root = covariance.time
    assert np.isrealobj(root)
    np.testing.assert_allclose(root @ root.T, R_t, atol=1e-6)
    static = GridCovariance.exponential(rg, 0.0)
    assert static.time.shape == (T, 1)
    assert static.frequency.shape == (F, 1)
    mixed = GridCovariance.from_taps(rg, [0], [1], max_doppler_hz=[0.0, 200.0])
    np.testing.assert_allclose(mixed.time @ mixed.time.T, (1 + R_t) / 2, atol=1e-6)


def test_a_grid_of_the_standards_size_is_cheap():
    """273 PRB: as many columns as paths, and the promise of a flat channel."""
    rg = dmrs_grid(2, num_prb=273)
    covariance = GridCovariance.tdl(rg, "A30", 30e-9, max_doppler_hz=10.0)
    assert covariance.frequency.shape[1] <= 12
    estimator = LMMSEInterpolationEstimator(rg, covariance)
    y = np.zeros((1, 1, 2, T, 3276), np.complex64)
    h_hat, err_var = estimator(y, 0.1)
    assert h_hat.shape == (1, 1, 2, 1, 2, T, 3276)
    # 12 paths, and the second DMRS symbol, seen by 2 x 1638 pilots of power 2.
    assert np.mean(err_var) == pytest.approx(12 * 0.1 / (2 * 2 * 1638), rel=0.2)


def test_refuses_what_does_not_fit():
    rg = grid(time_orthogonal_pilots(T, F, [2, 11]))
    covariance = GridCovariance.tdl(rg, "A", 1e-7)
    with pytest.raises(ValueError, match="order must be '2d', 'f-t' or 't-f', got 'x'"):
        LMMSEInterpolationEstimator(rg, covariance, order="x")  # pyright: ignore
    with pytest.raises(TypeError, match="covariance must be a GridCovariance"):
        LMMSEInterpolationEstimator(rg, np.eye(F))  # pyright: ignore
    small = grid(time_orthogonal_pilots(T, 12, [2, 11]), fft_size=12)
    with pytest.raises(ValueError, match="14 and 12, got 14 and 24"):
        LMMSEInterpolationEstimator(small, covariance)
    two = dmrs_grid(2)
    with pytest.raises(ValueError, match="order must be '2d' where streams share"):
        LMMSEInterpolationEstimator(two, covariance, order="f-t")
    pattern: Any = two.pilot_pattern
    pilots = np.asarray(pattern.pilots).copy()
    pilots[0, 1, 24:] *= -1
    turned = grid(PilotPattern(np.asarray(pattern.mask), pilots), num_streams=2)
    with pytest.raises(ValueError, match="differ by the same factors in all OFDM"):
        LMMSEInterpolationEstimator(turned, covariance)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((2, 3)), r"cov_mat_freq must be a square matrix, got shape \(2, 3\)"),
        ([[1, np.nan], [0, 1]], "cov_mat_freq must be finite, got 1 NaN"),
        ([[1, 0.5], [0.2, 1]], "cov_mat_freq must be Hermitian"),
        ([[1, 2], [2, 1]], "cov_mat_freq must be positive semidefinite and not zero"),
        (np.zeros((2, 2)), "cov_mat_freq must be positive semidefinite and not zero"),
    ],
)
def test_refuses_matrices_that_are_no_covariance(matrix, message):
    with pytest.raises(ValueError, match=message):
        GridCovariance.from_matrices(np.eye(2), matrix)


def test_refuses_profiles_without_sense():
    rg = grid(time_orthogonal_pilots(T, F, [2, 11]))
    with pytest.raises(ValueError, match="model must be one of A, B, C, D, E"):
        GridCovariance.tdl(rg, "F", 1e-7)
    with pytest.raises(ValueError, match=r"must be 3e-08 for model A30 \(TS 38\.104"):
        GridCovariance.tdl(rg, "A30", 1e-7)
    for make in (
        lambda: GridCovariance.tdl(rg, "A", -1.0),
        lambda: GridCovariance.exponential(rg, np.nan),
    ):
        with pytest.raises(ValueError, match="delay_spread_s must be finite and at le"):
            make()
    with pytest.raises(ValueError, match="max_doppler_hz must be finite and at least"):
        GridCovariance.tdl(rg, "A", 1e-7, max_doppler_hz=-1.0)
    for delays_s, powers, message in [
        ([0, 1e-7], [1], r"must be \[num_paths\] alike, got shapes \(2,\) and \(1,\)"),
        ([np.inf], [1], "delays_s must be finite"),
        ([0], [np.nan], "powers must be finite"),
        ([0, 1], [1, -1], "powers must be at least 0 and not all 0"),
        ([0, 1], [0, 0], "powers must be at least 0 and not all 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            GridCovariance.from_taps(rg, delays_s, powers)
    with pytest.raises(ValueError, match=r"los_power must lie in 0\.\.1, the whole"):
        GridCovariance.from_taps(rg, [0], [1], los_power=2)


def test_the_doppler_of_drawn_channels_is_the_one_meant():
    """Sionna turns speed into the greatest Doppler shift as v f_c / c."""
    tdl = TDL("A", 1e-7, CARRIER_HZ, min_speed=30.0)
    assert float(tdl._max_doppler) / (2 * np.pi) == pytest.approx(doppler_hz(30.0))
