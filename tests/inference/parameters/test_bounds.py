import numpy as np
import pytest

from commgen.inference.parameters import (
    angle_axis,
    deterministic_crb,
    noise_crb,
    stochastic_crb,
    to_value_bound,
    ziv_zakai,
)
from commgen.inference.parameters.bounds import pairwise_error

X = np.array([-0.3, 0.05])


def numerical_information(covariance, theta, num_snapshots, step=1e-6):
    """Fisher information of circular Gaussian snapshots, by differences."""
    inverse = np.linalg.inv(covariance(theta))
    slopes = []
    for i in range(len(theta)):
        move = step * np.eye(len(theta))[i]
        change = covariance(theta + move) - covariance(theta - move)
        slopes.append(inverse @ change / (2 * step))
    return num_snapshots * np.array(
        [[np.trace(a @ b).real for b in slopes] for a in slopes]
    )


def test_stochastic_bound_is_the_inverse_of_the_numerical_information(axis):
    P, no = np.array([[1.0, 0.3 + 0.2j], [0.3 - 0.2j, 0.5]]), 0.4

    def covariance(theta):
        A = axis.exponentials(theta[:2]).T
        p = np.array([[theta[2], theta[3] + 1j * theta[4]], [0, theta[5]]])
        p[1, 0] = np.conj(p[0, 1])
        return A @ p @ A.conj().T + theta[6] * np.eye(8)

    theta = np.array([*X, 1.0, 0.3, 0.2, 0.5, no])
    expected = np.linalg.inv(numerical_information(covariance, theta, 10))[:2, :2]
    np.testing.assert_allclose(stochastic_crb(axis, X, P, no, 10), expected, rtol=1e-5)


def test_deterministic_bound_is_the_inverse_of_the_numerical_information(axis, rng):
    gains = rng.normal(size=(2, 3, 2)).view(complex)[..., 0]
    no, step = 0.2, 1e-6

    def mean(theta):
        own = theta[2:].reshape(2, 3, 2)
        A = axis.exponentials(theta[:2]).T
        return (A @ (own[..., 0] + 1j * own[..., 1])).ravel()

    parts = np.stack([gains.real, gains.imag], -1).ravel()
    theta = np.concatenate([X, parts])
    J = np.stack(
        [
            (mean(theta + step * e) - mean(theta - step * e)) / (2 * step)
            for e in np.eye(len(theta))
        ]
    )
    information = 2 / no * np.real(J.conj() @ J.T)
    expected = np.linalg.inv(information)[:2, :2]
    np.testing.assert_allclose(
        deterministic_crb(axis, X, gains, no), expected, rtol=1e-5
    )


def test_one_path_has_the_closed_forms(axis):
    """6 / (M (M^2 - 1) T snr (2 pi d)^2), and times 1 + 1 / (M snr) if Rayleigh."""
    M, T, snr, turn = 8, 10, 5.0, 2 * np.pi * 0.5
    closed = 6 / (M * (M**2 - 1) * T * snr * turn**2)
    gains = np.full((1, T), np.sqrt(snr))
    assert deterministic_crb(axis, [0.2], gains, 1.0) == pytest.approx(closed)
    assert stochastic_crb(axis, [0.2], snr, 1.0, T) == pytest.approx(
        closed * (1 + 1 / (M * snr))
    )
    degrees = to_value_bound(axis, [0.5], [[1e-6]])
    assert np.sqrt(degrees) == pytest.approx(np.rad2deg(1e-3) / np.cos(np.pi / 6))


def test_noise_bound_is_reached_by_the_mean_power(rng):
    n = rng.normal(size=(20_000, 4, 8, 2)) * np.sqrt(0.3 / 2)
    measured = np.var(np.sum(n**2, axis=(1, 2, 3)) / 32)
    assert measured == pytest.approx(noise_crb(0.3, 4, 8), rel=0.05)


def test_pairwise_error_is_that_of_simulated_tests(axis, draw, rng):
    x_0, x_1, snr, T, n = 0.1, 0.22, 0.3, 4, 40_000
    gains, noise = (
        rng.normal(scale=np.sqrt(0.5), size=(n, T, k, 2)).view(complex)[..., 0]
        for k in (1, 8)
    )
    y = np.sqrt(snr) * gains * axis.exponentials(x_0) + noise
    power = [
        np.sum(np.abs(y @ axis.exponentials(x).conj()) ** 2, 1) for x in (x_0, x_1)
    ]
    measured = np.mean(power[1] > power[0])
    expected = pairwise_error(axis, x_0, x_1, snr=snr, num_snapshots=T)
    assert measured == pytest.approx(expected, abs=4 * np.sqrt(expected / n))
    assert pairwise_error(axis, 0.1, 0.1, snr=1.0, num_snapshots=2) == 0.5


def test_ziv_zakai_goes_from_the_prior_to_the_crb():
    axis = angle_axis(8, low_deg=-10, high_deg=10)
    weak = ziv_zakai(axis, snr=1e-7, num_snapshots=10)
    assert weak == pytest.approx(20**2 / 12, rel=0.01)
    strong = ziv_zakai(axis, snr=1e4, num_snapshots=200)
    crb = stochastic_crb(axis, [0.0], 1e4, 1.0, 200)
    bound = np.mean(
        [to_value_bound(axis, axis.to_x(v), crb) for v in np.linspace(-10, 10, 101)]
    )
    assert strong == pytest.approx(bound, rel=0.03)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a: deterministic_crb(a, X, np.ones((1, 3)), 1.0), "gains must be"),
        (lambda a: deterministic_crb(a, X[:1], np.ones((1, 3)), 0), "no must be"),
        (lambda a: stochastic_crb(a, [0.1, 0.1], 1.0, 1.0, 4), "x must differ"),
        (lambda a: stochastic_crb(a, np.arange(8), 1.0, 1.0, 4), "fewer than 8 paths"),
        (lambda a: stochastic_crb(a, X, np.eye(3), 1.0, 4), r"power must be \[2, 2\]"),
        (lambda a: stochastic_crb(a, X, 1.0, 1.0, 0), "num_snapshots must be at least"),
        (lambda a: ziv_zakai(a, snr=0, num_snapshots=1), "snr must be finite"),
        (lambda a: noise_crb(1.0, 0, 8), "num_snapshots must be at least 1"),
    ],
)
def test_errors(axis, call, message):
    with pytest.raises(ValueError, match=message):
        call(axis)
