"""Slots without pilots: the mean of the points tells the channel, and a network."""

import numpy as np
import pytest
import tensorflow as tf

from commgen._random import complex_normal
from commgen.channels import TdlConfig, build_channel
from commgen.frame.constellation import Constellation
from commgen.phy import Link, LinkConfig, PerfectCSI, build_resource_grid
from commgen.phy.estimation.covariance import GridCovariance
from commgen.phy.estimation.ls import LSEstimator
from commgen.phy.estimation.slot.bank import tdl_bank
from commgen.phy.estimation.slot.superimposed import SuperimposedEstimator
from commgen.phy.neural.corrector import LLRCorrector
from commgen.phy.neural.network import ReceiverNetwork
from commgen.phy.receiver import EstimatorReceiver, SlotPosterior
from commgen.phy.signal.demapper import demap

MEAN = 0.05  # its power
NO = 0.1


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """16-QAM whose mean is not zero, and its file."""
    found = Constellation.of(
        Constellation.qam(4).points * (1 - MEAN) ** 0.5 + MEAN**0.5
    )
    path = tmp_path_factory.mktemp("points") / "points.npz"
    found.save(path)
    return found, path


@pytest.fixture(scope="module")
def slot(points):
    config = LinkConfig(
        num_rx_ant=1,
        fft_size=24,
        subcarrier_spacing_hz=30e3,
        cyclic_prefix_length=2,
        pilot_ofdm_symbol_indices=(),
        coderate=0.5,
        num_bits_per_symbol=4,
        constellation=points[1],
    )
    grid = build_resource_grid(config)
    prior = tdl_bank(
        np.arange(14) * float(grid.ofdm_symbol_duration),
        np.arange(24) * 30e3,
        models=("A",),
        delay_spreads_s=[1e-7],
        max_dopplers_hz=[100.0],
        tolerance=1e-4,
    )
    return config, grid, prior


def test_estimate_is_lmmse_of_the_mean(points, slot):
    """Beside the matrices written out; and what it promises is what it errs."""
    _, grid, prior = slot
    rng = np.random.default_rng(1)
    B = np.kron(prior.time, prior.frequency) @ prior.roots[0]
    R = B @ B.conj().T + prior.floor * np.eye(len(B))
    h = complex_normal(rng, (400, B.shape[1])) @ B.T
    x = points[0].points[rng.integers(16, size=h.shape)]
    y = h * x + NO**0.5 * complex_normal(rng, h.shape)
    mean = points[0].points.mean()
    noise = (NO + 1 - MEAN) * np.eye(len(R))
    W = np.conj(mean) * R @ np.linalg.inv(MEAN * R + noise)
    estimate = SuperimposedEstimator(grid, prior, points[0])
    shaped = tf.constant(y.reshape(-1, 1, 1, 14, 24).astype(np.complex64))
    h_hat, err_var = (v.numpy() for v in estimate(shaped, NO))
    assert h_hat.shape == (400, 1, 1, 1, 1, 14, 24)
    flat = h_hat.reshape(400, -1)
    np.testing.assert_allclose(flat, y @ W.T, atol=3e-3)
    error = np.mean(np.abs(flat - h) ** 2, axis=1)
    four = 4 * error.std() / 20
    assert error.mean() == pytest.approx(err_var.mean(), abs=four)


def test_iterations_take_the_data_away(points, slot):
    """Slots that no estimate from the mean alone decodes arrive in the end."""
    config, grid, prior = slot
    channel = TdlConfig(model=("A",), delay_spread_s=1e-7, max_doppler_hz=100.0)
    link = Link(config, build_channel(channel, seed=1), seed=1, jit_compile=False)
    assert link.layout.n == 4 * 14 * 24
    covariance = GridCovariance.tdl(grid, "A", 1e-7, max_doppler_hz=100.0)
    refine = SlotPosterior(grid, covariance, tolerance=1e-4)
    first = SuperimposedEstimator(grid, prior, points[0])
    network = ReceiverNetwork(4, 4)
    network.build((None, 14, 24, 12))
    correct = LLRCorrector(grid, network, points[0])
    receivers = {
        "once": EstimatorReceiver(first),
        "iterated": EstimatorReceiver(first, iterations=4, refine=refine),
        "corrected": EstimatorReceiver(
            first, iterations=4, refine=refine, correct=correct
        ),
        "perfect": PerfectCSI(grid),
    }
    pending = np.ones((len(receivers), 1), bool)
    found = link.run_batch(0, 32, np.array([18.0]), receivers, pending)
    wrong = [int(c.block_errors.sum()) for _, _, c in found]
    once, iterated, corrected, perfect = wrong
    assert once > iterated + 2
    assert perfect <= iterated <= perfect + 4
    # A network that has learned nothing leaves the LLRs as they are, within 20.
    assert abs(corrected - iterated) <= 1


def test_an_untrained_network_gives_the_exact_llrs(points, slot):
    _, grid, _ = slot
    rng = np.random.default_rng(2)
    network = ReceiverNetwork(4, 4)
    network.build((None, 14, 24, 12))
    correct = LLRCorrector(grid, network, points[0])
    y, h_hat, x_hat = (complex_normal(rng, (2, 14 * 24)) for _ in range(3))
    no_eff = np.full((2, 1, 1, 336), 0.5, np.float32)
    llr = correct(
        y.reshape(2, 1, 1, 14, 24),
        NO,
        h_hat.reshape(2, 1, 1, 1, 1, 14, 24),
        np.zeros([1] * 7),
        x_hat.reshape(2, 1, 1, -1),
        no_eff,
    )
    wanted = demap(x_hat, no_eff[:, 0, 0], points[0]).numpy()
    np.testing.assert_allclose(llr[:, 0, 0], np.clip(wanted, -20, 20), atol=1e-4)


def test_what_is_wrong_is_said(points, slot):
    config, grid, prior = slot
    with pytest.raises(ValueError, match="must have pilots, its pattern is empty"):
        LSEstimator(grid)
    with pytest.raises(ValueError, match="constellation must have a mean"):
        SuperimposedEstimator(grid, prior, Constellation.qam(2))
    piloted = build_resource_grid(
        config.model_copy(update={"pilot_ofdm_symbol_indices": (2,)})
    )
    with pytest.raises(ValueError, match="one stream and no pilots, got 1 and"):
        SuperimposedEstimator(piloted, prior, points[0])
    with pytest.raises(ValueError, match="must have no pilots"):
        LLRCorrector(piloted, ReceiverNetwork(4, 4), points[0])
    with pytest.raises(ValueError, match="network must be for the 4 bits of a symbol"):
        LLRCorrector(grid, ReceiverNetwork(2, 4), points[0])
    wide = build_resource_grid(config.model_copy(update={"fft_size": 30}))
    with pytest.raises(
        ValueError, match=r"prior must have the event_shape .* \(14, 30"
    ):
        SuperimposedEstimator(wide, prior, points[0])
