"""Points and network of a slot without pilots, learned end to end."""

import numpy as np
import pytest
import tensorflow as tf

from commgen._random import complex_normal
from commgen.frame.constellation import Constellation
from commgen.generative.training import TrainingConfig
from commgen.phy.estimation.covariance import GridCovariance
from commgen.phy.neural.pilotless import PilotlessSystem
from commgen.phy.neural.pilotless_training import train_pilotless
from commgen.phy.receiver.slot_posterior import SlotPosterior
from commgen.phy.signal.demapper import demap
from commgen.phy.signal.equalizer import lmmse_equalize
from commgen.phy.signal.soft_symbols import soft_symbols

SHAPE = (4, 12)
START = Constellation.of(Constellation.qam(2).points + 0.3)


class Grid:
    """What :class:`SlotPosterior` asks of a grid."""

    num_ofdm_symbols = SHAPE[0]
    effective_subcarrier_ind = np.arange(SHAPE[1])


@pytest.fixture(scope="module")
def covariance():
    lags = np.arange(SHAPE[1])[:, None] - np.arange(SHAPE[1])
    return GridCovariance.from_matrices(
        np.full((4, 4), 0.999) + 0.001 * np.eye(4), 1 / (1 + 0.2j * lags)
    )


@pytest.fixture(scope="module")
def channels(covariance):
    G = np.kron(covariance.time, covariance.frequency)
    c = complex_normal(np.random.default_rng(0), (128, G.shape[1]))
    return (c @ G.T).reshape(-1, *SHAPE)


def test_llrs_are_those_of_the_receiver_of_a_link(covariance, channels):
    """Slot posterior, equaliser and demapper as the link has them."""
    rng, no, n = np.random.default_rng(1), 0.05, 6
    h, noise = channels[:n], complex_normal(rng, (n, *SHAPE))
    bits = rng.integers(2, size=(n, *SHAPE, 2)).astype(np.float32)
    told = 3 * rng.normal(size=bits.shape).astype(np.float32)
    told[0] = 0
    system = PilotlessSystem(START, covariance, width=0)
    system.build()
    pairs = [np.stack([v.real, v.imag], -1).astype(np.float32) for v in (h, noise)]
    level = np.full((n, 1, 1), no, np.float32)
    llr = system((*pairs, level, bits, told)).numpy()

    x = START.points[(bits @ [2, 1]).astype(int)]
    y = h * x + no**0.5 * noise
    mean, var = soft_symbols(told.reshape(n, 1, -1), START)
    mean, var = (v.reshape(n, 1, *SHAPE) for v in (mean, var))
    power = np.abs(h) ** 2
    power[0] = 1
    refine = SlotPosterior(Grid, covariance, tolerance=1e-4)
    h_hat, err_var = refine(y[:, None], no, mean, var, power[:, None, None])
    s = (no + err_var[:, 0]).astype(np.float32)
    x_hat, no_eff = lmmse_equalize(
        tf.constant(y[:, None], tf.complex64), tf.constant(h_hat), tf.constant(s)
    )
    wanted = demap(x_hat[:, 0, ..., None], no_eff[:, 0, ..., None], START)
    np.testing.assert_allclose(llr, wanted, rtol=0.02, atol=0.02)


def test_what_is_learned_tells_more(covariance, channels, tmp_path):
    """Of slots not trained on, more than the start tells; cut off, it goes on."""
    options = {"snr_range_db": (8.0, 12.0), "seed": 2, "width": 4}
    rate = {"batch_size": 16, "learning_rate": 0.02, "weight_decay": 0.0}
    before = PilotlessSystem(START, covariance, width=0)
    before.build()
    training = TrainingConfig(num_epochs=4, **rate)
    options |= {"training": training, "folder": tmp_path / "run"}
    system = train_pilotless(channels, START, covariance, **options)
    again = train_pilotless(channels, START, covariance, **options)
    losses = [_loss(s, channels) for s in (before, system, again)]
    assert losses[1] < losses[0] - 0.005
    assert losses[2] == pytest.approx(losses[1], rel=1e-5)
    found = system.constellation()
    assert np.abs(found.points - START.points).max() > 0.02
    assert abs(found.points.mean()) > 0.02


def _loss(system, h):
    rng = np.random.default_rng(9)
    bits = rng.integers(2, size=(len(h), *SHAPE, 2)).astype(np.float32)
    pairs = np.stack([h.real, h.imag], -1).astype(np.float32)
    noise = 0.5**0.5 * rng.normal(size=pairs.shape).astype(np.float32)
    no = np.full((len(h), 1, 1), 0.1, np.float32)
    llr = system((pairs, noise.astype(np.float32), no, bits, np.zeros_like(bits)))
    return float(system.compute_loss(y=bits, y_pred=llr))


def test_what_is_wrong_is_said(covariance, channels):
    options = {"snr_range_db": (0.0, 10.0), "seed": 1}
    with pytest.raises(ValueError, match="start must have a mean of power"):
        train_pilotless(channels, Constellation.qam(2), covariance, **options)
    with pytest.raises(ValueError, match=r"h must be .* n >= 64, got"):
        train_pilotless(channels[:8], START, covariance, **options)
