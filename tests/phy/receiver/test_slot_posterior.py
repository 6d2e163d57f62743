"""The posterior over a slot, against the textbook's matrices and the one-pass LMMSE."""

import numpy as np
import pytest
import tensorflow as tf

from commgen.phy import GridCovariance, LMMSEInterpolationEstimator
from commgen.phy.nr import PuschConfig, build_pusch_grid
from commgen.phy.receiver import SlotPosterior, SoftGrid


def pusch_grid(num_layers, num_prb=1):
    return build_pusch_grid(
        PuschConfig(
            num_prb=num_prb,
            subcarrier_spacing_hz=30e3,
            num_layers=num_layers,
            num_bits_per_symbol=2,
            coderate=449 / 1024,
            num_rx_ant=2,
        )
    )


def covariance_of(grid, max_doppler_hz=400.0):
    return GridCovariance.tdl(grid, "B100", 1e-7, max_doppler_hz=max_doppler_hz)


@pytest.mark.parametrize("num_layers", [1, 2])
def test_without_data_it_is_the_estimate_from_the_pilots(complex_normal, num_layers):
    grid = pusch_grid(num_layers)
    covariance, soft = covariance_of(grid), SoftGrid(grid)
    y = complex_normal(3, 2, 14, 12)
    n = soft.data_ind.shape[1]
    nothing = np.zeros((3, num_layers, n), np.complex64)
    x_mean, x_var = soft.place(nothing, np.ones(nothing.shape, np.float32))
    ones = np.ones((3, 2, num_layers, 14, 12))
    posterior = SlotPosterior(grid, covariance, tolerance=1e-9)
    h_hat, err_var = posterior(y, 0.3, x_mean, x_var, ones)
    pilots_only = LMMSEInterpolationEstimator(grid, covariance)
    wanted, promised = pilots_only(tf.constant(y[:, None]), tf.constant(0.3))
    np.testing.assert_allclose(h_hat, wanted.numpy()[:, 0, :, 0], atol=1e-4)
    promised = np.broadcast_to(promised.numpy()[:, 0, :, 0], err_var.shape)
    np.testing.assert_allclose(err_var, promised, atol=1e-4)


@pytest.mark.parametrize("num_layers", [1, 2])
def test_is_the_lmmse_estimate_of_the_textbook(rng, complex_normal, num_layers):
    """h_hat = R A^H (A R A^H + D)^-1 y over all resource elements, D not constant."""
    grid = pusch_grid(num_layers)
    covariance = covariance_of(grid)
    x_mean = complex_normal(1, num_layers, 14, 12)
    x_var = rng.uniform(0, 1, x_mean.shape).astype(np.float32)
    power = rng.uniform(0.1, 2, (1, 2, num_layers, 14, 12))
    y = complex_normal(1, 2, 14, 12)
    posterior = SlotPosterior(grid, covariance, tolerance=1e-12)
    h_hat, err_var = posterior(y, 0.2, x_mean, x_var, power)
    G = np.kron(covariance.time, covariance.frequency)
    R = np.kron(np.eye(num_layers), G @ G.conj().T)
    A = np.hstack([np.diag(x.ravel()) for x in x_mean[0]])
    for antenna in range(2):
        D = np.diag(0.2 + (x_var[0] * power[0, antenna]).sum(0).ravel())
        W = R @ A.conj().T @ np.linalg.inv(A @ R @ A.conj().T + D)
        wanted = (W @ y[0, antenna].ravel()).reshape(num_layers, 14, 12)
        np.testing.assert_allclose(h_hat[0, antenna], wanted, atol=1e-4)
        left = np.real(np.diag(R - W @ A @ R)).reshape(num_layers, 14, 12)
        np.testing.assert_allclose(err_var[0, antenna], left, atol=1e-4)


def test_what_is_left_out_of_the_covariance_is_in_the_error_variance(complex_normal):
    """Without noise, and with all symbols known, nothing else is left."""
    grid = pusch_grid(1)
    covariance = covariance_of(grid)
    coarse = SlotPosterior(grid, covariance, tolerance=0.05)
    assert coarse.rank < SlotPosterior(grid, covariance).rank
    x = complex_normal(1, 1, 14, 12)
    ones = np.ones((1, 1, 1, 14, 12))
    _, err_var = coarse(x[:, 0][:, None], 1e-9, x, np.zeros(x.shape), ones)
    total = np.outer(*((np.abs(G) ** 2).sum(1) for G in _roots(covariance)))
    assert 0.001 < err_var.sum() / total.sum() < 0.1


def _roots(covariance):
    return covariance.time, covariance.frequency


def test_many_slots_are_cut_into_parts(monkeypatch, complex_normal):
    grid = pusch_grid(1)
    posterior = SlotPosterior(grid, covariance_of(grid))
    x, y = complex_normal(5, 1, 14, 12), complex_normal(5, 2, 14, 12)
    arguments = (y, 0.1, x, np.zeros(x.shape), np.ones((5, 2, 1, 14, 12)))
    whole = posterior(*arguments)
    monkeypatch.setattr("commgen.phy.receiver.slot_posterior._CHUNK_BYTES", 1)
    for a, b in zip(whole, posterior(*arguments), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_refuses_a_covariance_of_another_grid():
    with pytest.raises(ValueError, match=r"covariance must be over .* 14 and 12, got"):
        SlotPosterior(pusch_grid(1), covariance_of(pusch_grid(1, num_prb=2)))
