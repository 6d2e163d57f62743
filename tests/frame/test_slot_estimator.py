"""The mixture over a slot: the numbers of phy, and of the formula."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.frame.covariance import exponential_covariance, jakes_covariance
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.frame.lmmse import LMMSE
from commgen.frame.slot_estimator import SlotEstimator
from commgen.frame.slot_mixture import GridMixture, principal

SPREADS_S, DOPPLERS_HZ = (40e-9, 120e-9, 250e-9), (20.0, 300.0)


@pytest.fixture(scope="module")
def mixture():
    """Exponential profiles; two components have a path of unknown phase."""
    frame = RADIO_FRAME
    times = np.arange(14) * frame.symbol_duration_s
    R_f = [exponential_covariance(frame.subcarriers * 15e3, s) for s in SPREADS_S]
    R_t = [jakes_covariance(times, f) for f in DOPPLERS_HZ]
    time, frequency = principal(sum(R_t), 1e-6), principal(sum(R_f), 1e-6)
    inside = [
        np.kron(time.conj().T @ a @ time, frequency.conj().T @ b @ frequency)
        for a in R_t
        for b in R_f
    ]
    turn = np.exp(2j * np.pi * 200 * times)
    path = np.kron(time.conj().T @ turn, frequency.conj().T @ np.ones(72))
    specular = np.zeros((8, len(path)), complex)
    specular[6:] = np.sqrt(0.8) * path
    covariances = [*inside, 0.2 * inside[0], 0.2 * inside[5]]
    weights = np.arange(1.0, 9.0)
    return GridMixture.of(time, frequency, weights, covariances, specular, floor=1e-4)


def received(mixture, n, no, seed):
    h = mixture.sample(n, seed=seed)
    x = np.zeros(RADIO_FRAME.grid_shape, np.complex64)
    x[RADIO_FRAME.pilot_mask] = RADIO_FRAME.pilots.ravel()
    noise = complex_normal(np.random.default_rng(seed + 1), h.shape)
    scale = np.sqrt(np.asarray(no)).reshape(-1, 1, 1)
    return h, (h * x + scale * noise).astype(np.complex64)


def test_it_is_the_estimator_of_phy(mixture, simulated, as_simulated):
    _, grid = simulated(RADIO_FRAME)
    from commgen.phy import SlotPriorEstimator

    no = np.array([3.0, 0.5, 0.1, 0.01, 1e-3, 0.0], np.float32)
    _, y = received(mixture, 6, no, seed=3)
    wanted = SlotPriorEstimator(grid, mixture)(as_simulated(y, RADIO_FRAME), no)
    found = SlotEstimator(RADIO_FRAME, mixture, least=0.0)(y, no)
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs[:, 0, 0, 0, 0], atol=1e-4)


def test_one_gaussian_component_is_lmmse(mixture):
    alone = mixture.reweighted(np.eye(8)[3])
    B = np.kron(alone.time, alone.frequency)
    R = B @ alone.roots[0] @ alone.roots[0].conj().T @ B.conj().T
    R = R.reshape(14, 72, 14, 72)
    time, frequency = R[:, 0, :, 0], R[0, :, 0, :]
    _, y = received(alone, 20, 0.1, seed=5)
    h_hat, err_var = SlotEstimator(RADIO_FRAME, alone)(y, 0.1)
    expected = LMMSE(RADIO_FRAME, time / time[0, 0], frequency)(y, 0.1)
    np.testing.assert_allclose(h_hat, expected[0], atol=5e-3)
    np.testing.assert_allclose(err_var, np.tile(expected[1], (20, 1, 1)), atol=1e-3)


def test_promise_is_the_measured_error_and_few_components_cost_nothing(mixture):
    h, y = received(mixture, 1500, 0.2, seed=7)
    errors = []
    for least in (0.0, 1e-3):
        h_hat, err_var = SlotEstimator(RADIO_FRAME, mixture, least=least)(y, 0.2)
        error = (np.abs(h_hat - h) ** 2).mean((1, 2))
        margin = 4 * float(error.std()) / len(error) ** 0.5
        assert error.mean() == pytest.approx(err_var.mean(), abs=margin)
        errors.append(error.mean())
    assert errors[1] == pytest.approx(errors[0], rel=1e-3)


def test_responsibilities_find_the_component(mixture):
    """On average p(k | y) is 1 / 0 for the right one; they sum to one."""
    alone = mixture.reweighted(np.eye(8)[6])
    _, y = received(alone, 50, 1e-2, seed=2)
    p = SlotEstimator(RADIO_FRAME, mixture).responsibilities(y, 1e-2)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)
    assert p[:, 6].mean() > 0.9


def test_other_frames_are_refused(mixture):
    with pytest.raises(ValueError, match=r"mixture must have the event_shape .*13, 72"):
        SlotEstimator(Frame(num_ofdm_symbols=13), mixture)
    with pytest.raises(ValueError, match=r"least must be in 0\.\.1, got 1"):
        SlotEstimator(RADIO_FRAME, mixture, least=1)
