"""A prior over the slot: its posterior, and the estimator that stands on it."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.nr import PUSCHConfig, PUSCHPilotPattern
from sionna.phy.ofdm import ResourceGrid

from commgen.channels import TdlConfig, draw_channels
from commgen.channels.grid_config import GridConfig
from commgen.frame.slot_mixture import GridMixture
from commgen.generative import GaussianMixture
from commgen.phy import time_orthogonal_pilots
from commgen.phy.estimation import (
    GridCovariance,
    LMMSEInterpolationEstimator,
    LSEstimator,
)
from commgen.phy.estimation.slot.bank import tdl_bank
from commgen.phy.estimation.slot.config import SlotConfig
from commgen.phy.estimation.slot.estimator import SlotPriorEstimator
from commgen.phy.estimation.slot.grid import GridEstimator
from commgen.phy.estimation.slot.prior import build_slot_prior

T, F, SPACING_HZ = 14, 24, 30e3
PHASES = np.exp(2j * np.pi * np.arange(400) / 400)


def grid(num_streams=1, step=3):
    pilots = time_orthogonal_pilots(
        T, F, [2, 11], num_streams=num_streams, subcarrier_step=step
    )
    return ResourceGrid(
        T, F, SPACING_HZ, num_streams_per_tx=num_streams, pilot_pattern=pilots
    )


def dmrs_grid(num_layers):
    config = PUSCHConfig()
    config.carrier.n_size_grid = F // 12
    config.num_layers = config.num_antenna_ports = num_layers
    config.dmrs.additional_position = 1
    config.dmrs.num_cdm_groups_without_data = 2
    config.dmrs.dmrs_port_set = list(range(num_layers))
    pilots = PUSCHPilotPattern(config)
    return ResourceGrid(
        T, F, SPACING_HZ, num_streams_per_tx=num_layers, pilot_pattern=pilots
    )


def bank(models="AC", spreads=(50e-9, 500e-9), dopplers=(30.0, 600.0)):
    rg = grid()
    return tdl_bank(
        np.arange(T) * rg.ofdm_symbol_duration,
        np.arange(F) * SPACING_HZ,
        models=tuple(models),
        delay_spreads_s=spreads,
        max_dopplers_hz=dopplers,
    )


def received(rg, h, no, complex_normal):
    """Send pilots alone over h [n, ant, streams, T, F]."""
    pattern = rg.pilot_pattern
    mask = np.asarray(pattern.mask)[0].astype(bool)
    sent = np.zeros(mask.shape, np.complex64)
    for s, values in enumerate(np.asarray(pattern.pilots)[0]):
        sent[s][mask[s]] = values
    y = np.sum(h * sent, axis=2)[:, None]
    return y + np.float32(no**0.5) * complex_normal(*y.shape)


def dense(mixture, k):
    """Mean direction and covariance of component k on the slot."""
    B = np.kron(mixture.time, mixture.frequency)
    M = B @ mixture.roots[k]
    return B @ mixture.specular[k], M @ M.conj().T + mixture.floor * np.eye(len(B))


def small_mixture(rng, *, specular):
    """Three components on 3 x 4, all directions in the basis."""
    bases = [
        np.linalg.qr(rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)))[0]
        for n in (3, 4)
    ]
    M = rng.normal(size=(3, 12, 5)) + 1j * rng.normal(size=(3, 12, 5))
    M *= np.array([0.1, 0.3, 0.6])[:, None, None]
    a = rng.normal(size=(3, 12)) + 1j * rng.normal(size=(3, 12))
    a *= np.array([0.7, 0.0, 0.2])[:, None] * specular
    return GridMixture(bases[0], bases[1], np.array([0.5, 0.3, 0.2]), M, a, 1e-4)


def brute_posterior(mixture, seen, y, no):
    """Posterior of one slot by Kay's formulas, phases on a fine circle."""
    logs, means, covariances = [], [], []
    for k, weight in enumerate(mixture.weights):
        a, R = dense(mixture, k)
        R_y = R[np.ix_(seen, seen)] + no * np.eye(len(seen))
        # The floor lies beside what is estimated; it only adds to the noise.
        cross = R[:, seen] - mixture.floor * np.eye(len(R))[:, seen]
        W = np.linalg.solve(R_y, cross.conj().T).conj().T
        gaps = y - PHASES[:, None] * a[seen]
        distance = np.sum(gaps.conj() * np.linalg.solve(R_y, gaps.T).T, axis=1).real
        _, log_det = np.linalg.slogdet(R_y)
        logs.append(np.log(weight / len(PHASES)) - log_det - distance)
        means.append(PHASES[:, None] * a + gaps @ W.T)
        covariances.append(np.diag(R - W @ cross.conj().T).real)
    logs = np.array(logs)
    p = np.exp(logs - logs.max())
    p /= p.sum()
    means = np.array(means)
    mean = np.einsum("kp,kpd->d", p, means)
    second = np.einsum("kp,kpd->d", p, np.abs(means) ** 2)
    second += p.sum(axis=1) @ np.array(covariances)
    return mean, second - np.abs(mean) ** 2


@pytest.mark.parametrize("specular", [0, 1])
@pytest.mark.parametrize("no", [1e-2, 0.3, 5.0])
def test_posterior_is_bayes(rng, complex_normal, specular, no):
    """Against textbook formulas, each phase of the specular path apart."""
    mixture = small_mixture(rng, specular=specular)
    mask = rng.random((3, 4)) < 0.6
    seen = np.flatnonzero(mask)
    h = mixture.sample(6, seed=1)
    y = h[:, mask] + np.float32(no**0.5) * complex_normal(6, len(seen))
    h_hat, err_var = GridEstimator(mixture, mask).estimate(y, no)
    for i in range(6):
        mean, variance = brute_posterior(mixture, seen, y[i], no)
        np.testing.assert_allclose(h_hat[i].ravel(), mean, atol=2e-4)
        np.testing.assert_allclose(err_var[i].ravel(), variance, rtol=2e-3, atol=1e-4)


def test_a_gaussian_mixture_gives_its_own_posterior(rng, complex_normal):
    """The same numbers as ``GaussianMixture.posterior`` of a masked observation."""
    h = small_mixture(rng, specular=0).sample(400, seed=2)
    prior = GaussianMixture((3, 4), 3).fit(h, seed=0)
    mask = np.zeros((3, 4), bool)
    mask[[0, 2], 1:] = True
    A = np.eye(12)[mask.ravel()]
    y = h[:20, mask] + np.float32(0.3) * complex_normal(20, 6)
    expected = prior.posterior(y, A, 0.09)
    mixture = GridMixture.from_mixture(prior, tolerance=1e-9)
    h_hat, err_var = GridEstimator(mixture, mask).estimate(y, 0.09)
    np.testing.assert_allclose(h_hat, expected.mean, atol=2e-3)
    np.testing.assert_allclose(err_var, expected.err_var, rtol=5e-3, atol=1e-4)


def test_a_low_rank_mixture_gives_nearly_its_own_posterior(rng, complex_normal):
    """Its white remainder becomes the floor, which is in err_var but not filtered."""
    one = small_mixture(rng, specular=0).reweighted([0, 0, 1])
    h = one.sample(400, seed=2)
    h = h + np.float32(0.02) * complex_normal(*h.shape)
    prior = GaussianMixture((3, 4), 1, "low-rank", rank=5).fit(h, seed=0)
    mask = np.zeros((3, 4), bool)
    mask[1:] = True
    y = h[:20, mask] + np.float32(0.3) * complex_normal(20, 8)
    expected = prior.posterior(y, np.eye(12)[mask.ravel()], 0.09)
    h_hat, err_var = GridEstimator(GridMixture.from_mixture(prior), mask).estimate(
        y, 0.09
    )
    np.testing.assert_allclose(h_hat, expected.mean, atol=0.02)
    np.testing.assert_allclose(err_var, expected.err_var, rtol=0.05)


@pytest.mark.parametrize("num_layers", [1, 2])
def test_one_component_is_lmmse_interpolation(num_layers, complex_normal):
    """Also for layers on the same elements."""
    rg = dmrs_grid(num_layers)
    covariance = GridCovariance.tdl(rg, "C", 300e-9, max_doppler_hz=200.0)
    mixture = bank("C", [300e-9], [200.0])
    y = complex_normal(3, 2, 2, T, F)
    reference = LMMSEInterpolationEstimator(rg, covariance)
    estimator = SlotPriorEstimator(rg, mixture)
    for no in (0.01, 0.5, np.array([0.1, 0.2, 0.4], np.float32)):
        h_ref, var_ref = reference(y, no)
        h_hat, err_var = estimator(y, no)
        assert h_hat.shape == err_var.shape == h_ref.shape
        np.testing.assert_allclose(h_hat, h_ref, atol=5e-3)
        var_ref = np.broadcast_to(var_ref, err_var.shape)
        np.testing.assert_allclose(err_var, var_ref, rtol=0.02, atol=1e-5)


@pytest.mark.parametrize("models", ["AC", "AD"])
def test_promise_is_the_error(models, complex_normal):
    """Mean over the slot, within 4 standard errors, over three decades of noise."""
    rg, n = grid(2), 800
    mixture = bank(models)
    estimator = SlotPriorEstimator(rg, mixture, share=False)
    h = mixture.sample(4 * n, seed=3).reshape(n, 2, 2, T, F)
    for no in (0.01, 0.3, 10.0):
        h_hat, err_var = estimator(received(rg, h, no, complex_normal), no)
        gap = np.abs(np.asarray(h_hat)[:, 0, :, 0] - h) ** 2
        gap = (gap - np.asarray(err_var)[:, 0, :, 0]).mean(axis=(1, 2, 3, 4))
        assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(n)


def test_sharing_is_a_gain(complex_normal):
    """Four antennas and two streams of one component tell it better than one alone."""
    rg, n, no = grid(2, step=6), 300, 3.0
    mixture = bank("AC", (30e-9, 1000e-9), (10.0, 1000.0))
    rows = [mixture.reweighted(row, least=0.5) for row in np.eye(8)]
    h = [one.sample(n, seed=k) for k, one in enumerate(rows)]
    h = np.concatenate(h).reshape(n, 4, 2, T, F)
    y = received(rg, h, no, complex_normal)
    errors, promised = [], []
    for share in (True, False):
        h_hat, err_var = SlotPriorEstimator(rg, mixture, share=share)(y, no)
        gap = np.abs(np.asarray(h_hat)[:, 0, :, 0] - h) ** 2
        errors.append(gap.mean(axis=(1, 2, 3, 4)))
        promised.append(np.mean(err_var))
    gain = errors[1] - errors[0]
    assert gain.mean() > 4 * gain.std() / np.sqrt(n)
    assert np.mean(errors, axis=1) == pytest.approx(promised, rel=0.1)


def test_shared_probabilities_multiply(complex_normal):
    """Of two antennas: the product over antennas, divided by one prior."""
    rg = grid()
    mixture = bank().reweighted([0.05, 0.1, 0.1, 0.15, 0.1, 0.1, 0.2, 0.2])
    estimator = SlotPriorEstimator(rg, mixture)
    y = complex_normal(5, 1, 2, T, F)
    both = np.asarray(estimator.responsibilities(y, 4.0))
    parts = [estimator.responsibilities(y[:, :, a : a + 1], 4.0) for a in (0, 1)]
    product = np.asarray(parts[0]) * np.asarray(parts[1]) / mixture.weights
    product /= product.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(both, product, atol=1e-4)


def test_limits(complex_normal):
    """Without noise the pilots are met; with noise without end nothing is known."""
    rg, mixture = grid(), bank("AD")
    estimator = SlotPriorEstimator(rg, mixture)
    h = mixture.sample(4, seed=0)[:, None, None]
    y = received(rg, h, 0.0, complex_normal)
    h_pilots, _ = estimator.estimate_at_pilot_locations(*estimator.matched_pilots(y, 0))
    expected, _ = estimator.matched_pilots(y, 0)
    np.testing.assert_allclose(h_pilots, expected, atol=2e-2)
    h_hat, err_var = estimator(y, np.float32(1e9))
    assert np.abs(h_hat).max() < 1e-2
    np.testing.assert_allclose(err_var, np.ones_like(err_var), rtol=1e-2)


def test_comes_near_the_true_covariance_without_being_told(complex_normal):
    """TDLB100-400 of TS 38.104 on a PUSCH, of which the bank knows only the like.

    Between LS and the LMMSE filter of the true covariance it closes nearly all.
    """
    rg, n = dmrs_grid(1), 400
    config = TdlConfig(
        model=("B100",),
        carrier_hz=3.5e9,
        max_doppler_hz=400.0,
        num_rx_ant=2,
        grid=GridConfig(
            num_time_steps=T,
            time_step_s=float(rg.ofdm_symbol_duration),
            num_subcarriers=F,
            subcarrier_spacing_hz=SPACING_HZ,
        ),
    )
    h = draw_channels(config, n, seed=1).h[:, :, :1]
    truth = GridCovariance.tdl(rg, "B100", 100e-9, max_doppler_hz=400.0)
    prior = build_slot_prior(SlotConfig(num_delay_spreads=4), rg)
    no = 2.0
    y = received(rg, h, no, complex_normal)
    errors = []
    for estimator in (
        LSEstimator(rg),
        SlotPriorEstimator(rg, prior),
        LMMSEInterpolationEstimator(rg, truth),
    ):
        h_hat = np.asarray(estimator(y, no)[0])[:, 0, :, 0]
        errors.append(np.mean(np.abs(h_hat - h) ** 2))
    ls, ours, best = errors
    assert best < 1.02 * ours
    assert ours - best < 0.05 * (ls - best)


def test_graph_and_eager_agree(complex_normal):
    rg = grid()
    estimator = SlotPriorEstimator(rg, bank("AD"))
    y, no = tf.constant(complex_normal(2, 1, 2, T, F)), tf.constant(0.1)
    graph = tf.function(estimator, autograph=False)
    for ours, theirs in zip(graph(y, no), estimator(y, no), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_errors_of_the_estimator():
    rg = grid()
    with pytest.raises(TypeError, match="prior must be a GaussianMixture, got"):
        SlotPriorEstimator(rg, "prior")
    with pytest.raises(ValueError, match=r"prior must have the event_shape .*\(3, 4\)"):
        SlotPriorEstimator(rg, small_mixture(np.random.default_rng(0), specular=0))
    with pytest.raises(ValueError, match=r"event_shape \[num_ofdm_symbols"):
        SlotPriorEstimator(rg, GaussianMixture((4,), 1))
    apart = SlotPriorEstimator(rg, bank(), share=False)
    with pytest.raises(ValueError, match="share must be True"):
        apart.responsibilities(np.zeros((1, 1, 1, T, F), np.complex64), 1.0)
    with pytest.raises(ValueError, match="y must be"):
        apart(np.zeros((1, 1, 1, T, F + 1), np.complex64), 1.0)
