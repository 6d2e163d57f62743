import numpy as np
import pytest
from scipy import integrate, stats

from commgen.inference.parameters import SignalModel
from commgen.inference.parameters.model import one_path, two_paths


def gaussian_log_density(y, R):
    """Of snapshots y : [T, M], from the covariance itself."""
    _, log_det = np.linalg.slogdet(np.pi * R)
    solved = np.linalg.solve(R, y.T)
    return -len(y) * log_det - np.sum(np.real(y.T.conj() * solved))


def beam(y, a):
    return np.sum(np.abs(y @ a.conj()) ** 2) / len(a)


def test_known_model_is_the_density_of_the_covariance(axis, draw):
    (y,), _ = draw(1, 3.0)
    power, no = 1.4, 0.3
    model = SignalModel(power, no)
    own, dense = [], []
    for angle in (-30.0, 12.0, 50.0):
        a = axis.exponentials(axis.to_x(angle))
        R = power * np.outer(a, a.conj()) + no * np.eye(8)
        dense.append(gaussian_log_density(y, R))
        energy = np.sum(np.abs(y) ** 2)
        own.append(one_path(np.array(beam(y, a)), energy, (10, 8), model)[0])
    np.testing.assert_allclose(np.array(own) + 80 * -np.log(np.pi), dense, rtol=1e-10)


def test_noise_and_snr_are_integrated_as_quadrature_does(axis, draw):
    (y,), _ = draw(1, 3.0, num_snapshots=2)
    model = SignalModel(noise_shape=2.0, noise_scale=0.5, snr_step_db=1.0)
    prior = stats.invgamma(2.0, scale=0.5)
    energy = np.sum(np.abs(y) ** 2)
    low, high = model.log_rho_range
    own, exact = [], []
    for angle in (-30.0, 12.0):
        a = axis.exponentials(axis.to_x(angle))
        own.append(float(one_path(np.array(beam(y, a)), energy, (2, 8), model)[0]))

        def density(log_no, log_rho, a=a):
            no = np.exp(log_no)
            R = no * (np.eye(8) + np.exp(log_rho) * np.outer(a, a.conj()))
            value = gaussian_log_density(y, R) + prior.logpdf(no) + log_no
            return np.exp(value + 40)

        exact.append(np.log(integrate.dblquad(density, low, high, -6, 6)[0]))
    assert own[1] - own[0] == pytest.approx(exact[1] - exact[0], abs=2e-3)


def test_two_paths_are_the_density_of_the_covariance(axis, draw):
    (y,), _ = draw(1, 3.0, num_paths=2)
    power, no = 0.7, 0.2
    model = SignalModel(power, no)
    for pair in ([-20.0, 5.0], [10.0, 14.0]):
        A = axis.exponentials(axis.to_x(pair)).T
        R = power * A @ A.conj().T + no * np.eye(8)
        z = y @ A.conj()
        q = np.sum(np.abs(z) ** 2, axis=0)
        cross = np.sum(z[:, 0].conj() * z[:, 1])
        parts = (q[0], q[1], cross, A[:, 0].conj() @ A[:, 1])
        energy = np.sum(np.abs(y) ** 2)
        own, _ = two_paths(parts, energy, (10, 8), model, model.hypotheses(2))
        expected = gaussian_log_density(y, R) + 80 * np.log(np.pi)
        assert own == pytest.approx(expected, rel=1e-10)


def test_slope_is_the_derivative_by_beam_power():
    energy, step = 40.0, 1e-5
    for model in (
        SignalModel(1, 0.5),
        SignalModel(),
        SignalModel(1),
        SignalModel(no=1),
    ):
        at = np.array([5.0, 20.0])
        _, slope = one_path(at, energy, (4, 8), model)
        above, _ = one_path(at + step, energy, (4, 8), model)
        below, _ = one_path(at - step, energy, (4, 8), model)
        np.testing.assert_allclose(slope, (above - below) / (2 * step), rtol=1e-5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"power": 0}, "power must be finite and above 0"),
        ({"no": -1.0}, "no must be finite and above 0"),
        ({"noise_shape": -1}, "noise_shape must be finite and at least 0"),
        ({"noise_scale": np.inf}, "noise_scale must be finite and at least 0"),
        ({"snr_low_db": 50}, "snr_low_db must be below snr_high_db"),
        ({"snr_step_db": 0}, "snr_step_db must be finite and above 0"),
    ],
)
def test_errors(given, message):
    with pytest.raises(ValueError, match=message):
        SignalModel(**given)
